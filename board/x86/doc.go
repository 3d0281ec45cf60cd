// Package x86 is the processor: descriptor tables, the switch to ring 3 and back, faults of the kernel, its page tables.
//
// enter runs a thread in ring 3 as if it were a function call: it leaves by SYSRETQ or IRETQ and returns when the thread traps, on the
// stack of the goroutine that called it. Nothing is ever pushed on that stack by hardware: SYSCALL pushes nothing, and every
// gate of the interrupt table switches to a stack of its own (IST). The kernel runs with interrupts off; they arrive in ring 3, where
// they end enter, and while the processor rests, where the stub only acknowledges them.
//
// Between traps GS holds the address of the processor's own state (percpu), and the thread's GS base waits in the processor's
// second register for it; FS holds Go's thread-local storage. Both are exchanged on the way.
//
// To read it: enter_amd64.s has the way to ring 3 (enter.h) and the ways back (syscall.h, and trap for all others), with the processor's state of percpu.go;
// descriptor.go has the tables that they need, kernelmap.go the kernel's own page tables; cpu.go puts all together.
//
// Source: Intel SDM volume 3, chapters 3 to 6; AMD64 manual volume 2, chapters 6 and 8.
package x86
