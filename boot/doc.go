// Command boot is the image: it starts the machine and puts the kernel together.
//
// From power to main, in the order of the files:
//
//	entry/start.S    a loader jumps here in 32-bit mode. Early page tables for 4 GiB, 64-bit mode, handlers that
//	                 report a fault, and one record whoever the loader was.
//	image            keeps the record, tells the sections, and answers the runtime where its heap may be.
//	info             reads the memory map, the modules and the command line out of the loader's structures.
//	_overlay         what lies below Go's Linux port: memory, threads and rest on one processor, without Linux.
//	../board/pc      console, clock, timer interrupt, random numbers, ways to end: the hooks that the runtime calls.
//	main.go          composes the kernel.
//
// How it is built: overlay writes what go build's -overlay takes; Go links at 2 MiB; relink makes that a relocatable
// object; ld puts entry stub and Go together as linker.ld says (build.mk).
package main
