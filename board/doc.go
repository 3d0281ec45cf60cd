// Package board is the machine as the rest of the kernel sees it: physical memory and processors.
//
// This folder holds the portable part: what mm, ipc, kern and pager may call. The packages below it drive real hardware
// (x86: descriptors, ring switch, tables; pc: console, clock, interrupt controllers) or play it on the host (sim).
package board
