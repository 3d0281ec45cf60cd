package sim

import (
	"encoding/binary"
	"iter"

	"defpager/board"
	"defpager/mach"
)

// CPU is a processor whose programs are Go functions. It implements board.CPU over an MMU.
//
// A program is a coroutine: it runs from its entry to its next trap, on the caller's stack as far as time is concerned, so that
// everything is deterministic. Which program a thread runs is told by RIP: an entry of Programs starts that function anew, and where
// the thread left ring 3 is where it goes on. Programs lie so far apart that the traps of one, which move RIP by a byte each, do not
// reach the next one.
type CPU struct {
	MMU
	Programs map[uint64]Program // by address of entry
	Entered  func()             // called at the begin of every entry, if not nil

	threads map[*board.Regs]*Ring3
	fpu     [512]byte // as FXSAVE's area
	root    mach.PhysAddr
}

// Program is what runs in ring 3. When it returns, the thread gets an invalid instruction again and again.
type Program func(r *Ring3)

// Ring3 is the processor as a program sees it.
type Ring3 struct {
	*board.Regs

	cpu   *CPU
	root  mach.PhysAddr
	rip   uint64 // where it left ring 3
	gone  bool   // it jumped away
	yield func(board.Event) bool
	next  func() (board.Event, bool)
	stop  func()
}

// killed unwinds a program that CPU.Close ends.
type killed struct{}

// Entry implements board.CPU.
func (c *CPU) Entry() func(r *board.Regs) { return c.enter }

func (c *CPU) enter(r *board.Regs) {
	if c.Entered != nil {
		c.Entered()
	}
	copy(c.fpu[:], r.FPU)
	c.root = r.Root
	t := c.threads[r]
	if t == nil || t.gone || t.rip != r.RIP {
		if t = c.start(r); t == nil {
			c.fetch(r)
			return
		}
	}
	t.root = r.Root
	event, ok := t.next()
	if !ok {
		event = t.exception(board.VectorInvalidOpcode, 0, 0)
	}
	t.rip = r.RIP
	copy(r.FPU, c.fpu[:])
	r.Event = event
}

// start begins the program at r.RIP; nil if there is none.
func (c *CPU) start(r *board.Regs) *Ring3 {
	if old := c.threads[r]; old != nil {
		old.stop()
		delete(c.threads, r)
	}
	program := c.Programs[r.RIP]
	if program == nil {
		return nil
	}
	t := &Ring3{Regs: r, cpu: c}
	t.next, t.stop = iter.Pull(func(yield func(board.Event) bool) {
		defer func() {
			if x := recover(); x != nil && x != (killed{}) {
				panic(x)
			}
		}()
		t.yield = yield
		program(t)
	})
	if c.threads == nil {
		c.threads = map[*board.Regs]*Ring3{}
	}
	c.threads[r] = t
	return t
}

// fetch is what becomes of a thread whose RIP is at no program: the page may not be executed, or what lies there is no instruction.
func (c *CPU) fetch(r *board.Regs) {
	t := &Ring3{Regs: r}
	r.Event = board.EventException
	if r.RIP>>47 != 0 {
		t.exception(board.VectorProtection, 0, 0)
	} else if _, code := c.access(r.Root, mach.VirtAddr(r.RIP), mach.ProtExecute); code != 0 {
		t.exception(board.VectorPageFault, code, r.RIP)
	} else {
		t.exception(board.VectorInvalidOpcode, 0, 0)
	}
}

// Close ends the programs of all threads, whether they live or not.
func (c *CPU) Close() {
	for r, t := range c.threads {
		t.stop()
		delete(c.threads, r)
	}
}

// NewFPU implements board.CPU.
func (c *CPU) NewFPU() board.FPU { return make([]byte, len(c.fpu)) }

// Leave implements board.CPU: nothing of root is kept.
func (c *CPU) Leave(root mach.PhysAddr) {
	c.InvalidateSpace(root)
	if c.root == root {
		c.root = 0
	}
}

// Root is the top table in use, which must not be freed; 0 for the kernel's own.
func (c *CPU) Root() mach.PhysAddr { return c.root }

func (r *Ring3) exception(vector, code, addr uint64) board.Event {
	r.Vector, r.Code, r.Addr = vector, code, addr
	return board.EventException
}

// trap leaves ring 3; it returns at the thread's next turn.
func (r *Ring3) trap(event board.Event) {
	if !r.yield(event) {
		panic(killed{})
	}
}

// Loop lets time pass until a tick of the clock.
func (r *Ring3) Loop() { r.Interrupt(board.VectorTick) }

// Interrupt lets time pass until an interrupt.
func (r *Ring3) Interrupt(vector uint64) {
	r.RIP++
	r.Vector = vector
	r.trap(board.EventInterrupt)
}

// Raise makes an exception other than a page fault, once.
func (r *Ring3) Raise(vector, code uint64) {
	r.trap(r.exception(vector, code, 0))
	r.RIP++
}

// Jump goes to another program, or to where there is none. It does not return.
func (r *Ring3) Jump(rip uint64) {
	r.RIP, r.gone = rip, true
	r.Vector = board.VectorTick
	r.trap(board.EventInterrupt)
}

// FPU is the thread's floating-point state.
func (r *Ring3) FPU() []byte { return r.cpu.fpu[:] }

// Syscall makes a system call. Arguments from the seventh on go over the stack.
func (r *Ring3) Syscall(n mach.Trap, args ...uint64) uint64 {
	for i, p := range [...]*uint64{&r.RDI, &r.RSI, &r.RDX, &r.R10, &r.R8, &r.R9} {
		*p = 0
		if i < len(args) {
			*p = args[i]
		}
	}
	sp := r.RSP
	if len(args) > 6 {
		more := args[6:]
		r.RSP -= uint64(8 * (len(more) + 1)) // below them the return address
		for i, v := range more {
			r.Store64(mach.VirtAddr(r.RSP)+mach.VirtAddr(8*(i+1)), v)
		}
	}
	r.RAX = uint64(uint32(n))
	r.RIP++
	r.RCX, r.R11 = 0, 0 // lost
	r.trap(board.EventSyscall)
	r.RSP = sp
	return r.RAX
}

// reach finds the byte at va; as long as the MMU refuses the access, the thread has page faults. An address that is not canonical is
// another exception.
func (r *Ring3) reach(va mach.VirtAddr, access mach.Prot) mach.PhysAddr {
	for {
		if int64(va)<<16>>16 != int64(va) {
			r.trap(r.exception(board.VectorProtection, 0, 0))
			continue
		}
		p, code := r.cpu.access(r.root, va, access)
		if code == 0 {
			return p
		}
		r.trap(r.exception(board.VectorPageFault, code, uint64(va)))
	}
}

// Load reads a byte.
func (r *Ring3) Load(va mach.VirtAddr) byte {
	return r.cpu.Mem.Bytes(r.reach(va, mach.ProtRead), 1)[0]
}

// Store writes a byte.
func (r *Ring3) Store(va mach.VirtAddr, b byte) {
	r.cpu.Mem.Bytes(r.reach(va, mach.ProtWrite), 1)[0] = b
}

// Read fills b from va on.
func (r *Ring3) Read(va mach.VirtAddr, b []byte) {
	for len(b) != 0 {
		n := min(uint64(len(b)), mach.PageSize-va.Offset())
		copy(b[:n], r.cpu.Mem.Bytes(r.reach(va, mach.ProtRead), n))
		b, va = b[n:], va+mach.VirtAddr(n)
	}
}

// Write stores b at va.
func (r *Ring3) Write(va mach.VirtAddr, b []byte) {
	for len(b) != 0 {
		n := min(uint64(len(b)), mach.PageSize-va.Offset())
		copy(r.cpu.Mem.Bytes(r.reach(va, mach.ProtWrite), n), b[:n])
		b, va = b[n:], va+mach.VirtAddr(n)
	}
}

// Load64 reads a word.
func (r *Ring3) Load64(va mach.VirtAddr) uint64 {
	var b [8]byte
	r.Read(va, b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// Store64 writes a word.
func (r *Ring3) Store64(va mach.VirtAddr, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	r.Write(va, b[:])
}

// Fault makes a page fault with any address and error code.
func (r *Ring3) Fault(va mach.VirtAddr, code uint64) {
	r.trap(r.exception(board.VectorPageFault, code, uint64(va)))
}
