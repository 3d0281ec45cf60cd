package board

import "defpager/mach"

// Regs is the processor state of a ring-3 thread between two entries, what its last trap said, and where it runs.
//
// The ring-switch assembly knows the offsets: keep the order, every field is 8 bytes.
type Regs struct {
	RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP uint64        // 0x00
	R8, R9, R10, R11, R12, R13, R14, R15   uint64        // 0x40
	RIP, RFlags                            uint64        // 0x80
	FSBase, GSBase                         uint64        // 0x90
	Vector                                 uint64        // 0xa0: exception or interrupt vector of the last trap
	Code                                   uint64        // 0xa8: the exception's error code, 0 where it has none
	Addr                                   uint64        // 0xb0: CR2 at a page fault
	Event                                  Event         // 0xb8: why it left ring 3 last; after EventSyscall RCX and R11 are lost, see Whole
	Root                                   mach.PhysAddr // 0xc0: top page table of its address space
	FPU                                    FPU           // 0xc8: its floating-point state
}

// Whole makes all registers valid and each of them to be loaded when the thread is entered again, whatever trap it left ring 3 by: whoever
// changes RCX, R11 or the flags must call it first. SYSCALL leaves RIP in RCX and the flags in R11, and SYSRETQ wants them there.
func (r *Regs) Whole() {
	if r.Event == EventSyscall {
		r.RCX, r.R11 = r.RIP, r.RFlags
		r.Event = EventInterrupt
	}
}

// RFLAGS bits that a thread may set itself; all others are fixed when the thread is entered (Intel SDM volume 1, 3.4.3).
const (
	RFlagsUser  = 0x0024_0dd5 // ID, AC, OF, DF, TF, SF, ZF, AF, PF, CF
	RFlagsFixed = 0x0000_0202 // IF and the bit that is always one
)

// Event says why a thread left ring 3.
type Event uint64

// Events.
const (
	EventSyscall   Event = iota // SYSCALL: the number is in RAX; RIP is behind the instruction
	EventException              // an exception: Vector, Code and, for page faults, Addr are valid
	EventInterrupt              // an interrupt, already acknowledged: Vector is valid
)

// Exception vectors (Intel SDM volume 3, table 6-1).
const (
	VectorDivide        = 0
	VectorDebug         = 1
	VectorBreakpoint    = 3
	VectorOverflow      = 4
	VectorBound         = 5
	VectorInvalidOpcode = 6
	VectorNoDevice      = 7
	VectorDoubleFault   = 8
	VectorStack         = 12
	VectorProtection    = 13
	VectorPageFault     = 14
	VectorFPU           = 16
	VectorAlignment     = 17
	VectorMachineCheck  = 18
	VectorSIMD          = 19
)

// Page-fault error code bits (Intel SDM volume 3, section 4.7).
const (
	FaultPresent = 1 << 0 // the page was present: a protection violation
	FaultWrite   = 1 << 1
	FaultUser    = 1 << 2
	FaultFetch   = 1 << 4
)

// Interrupt vectors.
const (
	VectorTick  = 0x40 // the periodic tick
	VectorInput = 0x41 // the console's input
	VectorDisk  = 0x42 // a disk has done something
)

// FPU is the area that holds a thread's x87, SSE and AVX state, 64-byte aligned: CPU.NewFPU makes one.
type FPU []byte

// CPU is one processor as the kernel core sees it. Its methods run on that processor, with interrupts off, and are not
// safe for use by two goroutines at once.
type CPU interface {
	// Entry returns the function that runs a thread in ring 3, in the address space r.Root, until it traps; r.Event says why. r.FPU is loaded
	// before and saved after. Bases are canonical: below 2^47. It does not allocate, and no address in RIP makes it fail. It is a function and
	// no method because there is no shorter call.
	Entry() func(r *Regs)

	// NewFPU makes an area with the state that a new thread starts with.
	NewFPU() FPU

	// Leave makes the processor forget root, which is about to be freed: it goes to the kernel's own tables if root is
	// loaded.
	Leave(root mach.PhysAddr)

	TLB
}

// TLB invalidates translations. Methods return when no processor uses the old translation any more.
type TLB interface {
	// InvalidatePage drops the translation of the page at va in the space whose top table is root.
	InvalidatePage(root mach.PhysAddr, va mach.VirtAddr)
	// InvalidateSpace drops all of root's translations below the kernel's own, global ones.
	InvalidateSpace(root mach.PhysAddr)
}

// Range is a piece of physical memory: Size bytes from Start on.
type Range struct {
	Start mach.PhysAddr
	Size  uint64
}

// End is the first address behind the range.
func (r Range) End() mach.PhysAddr { return r.Start + mach.PhysAddr(r.Size) }

// Module is a file that the loader placed in memory: Data is page aligned, its last page is zero behind Size bytes.
type Module struct {
	Command string // name and arguments, as the loader was given them
	Data    Range
}
