package x86

import "defpager/mach"

// percpu is the state of one processor that its assembly reaches through GS. Every field is 8 bytes up to frame: the
// offsets are in percpu.h.
//
// Invariant: it never moves (Go's heap objects do not), and the CPU that owns it keeps it alive for ever. Pointers in it are kept as
// integers, so that the assembly's stores need no write barrier; enter's caller keeps what they point to alive.
type percpu struct {
	self     uintptr       // address of this struct
	regs     uintptr       // *board.Regs of the thread that runs
	sp       uintptr       // the kernel's stack pointer inside enter
	fs       uint64        // the kernel's FS base
	gs       uint64        // the GS base that the thread was given
	root     mach.PhysAddr // what CR3 holds
	xmask    uint64        // components for XSAVE, all in the lower half; 0: FXSAVE
	scratch  uint64
	unserved uint64    // interrupts that came while the processor rested
	_        uint64    // frame lies on 16 bytes
	frame    [5]uint64 // for IRETQ: RIP, CS, RFLAGS, RSP, SS
	_        uint64

	fault faultRecord // of the kernel, see fault.go

	gdt [7]uint64
	tss tss
	idt [256]gate
}
