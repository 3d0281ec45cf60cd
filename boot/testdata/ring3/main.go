// Command ring3 is an image that tests the processor: the way to ring 3 and back, what is kept and what is caught. It ends with
// "ring3: passed" and exit status 0, or with a panic. With the command line "fault" it makes the kernel itself fault, in one of several
// ways.
package main

import (
	"bytes"
	"fmt"
	"time"
	"unsafe"

	"defpager/board"
	"defpager/boot/image"
	"defpager/boot/setup"
	"defpager/mach"
	"defpager/mm/pmap"
)

const (
	code  = mach.MinUser + 0x10000
	stack = mach.MinUser + 0x20000
)

type test struct {
	*setup.Machine
	space *pmap.Pmap
	page  mach.PhysAddr
	regs  board.Regs
	to    func(*board.Regs)
	fpu   board.FPU
}

func main() {
	m, err := setup.Run()
	if err != nil {
		panic(err)
	}
	fmt.Printf("processor: %v\n", m.CPU.Features())
	switch m.Boot.CommandLine {
	case "write-text":
		f := main
		p := **(**uintptr)(unsafe.Pointer(&f))
		*(*byte)(unsafe.Add(unsafe.Pointer(nil), p)) = 0xcc
	case "write-constant":
		s := "a constant"
		*unsafe.StringData(s) = 'A'
	case "stack":
		fmt.Println(deep(1 << 30))
	case "nil":
		fmt.Println(*(*byte)(unsafe.Add(unsafe.Pointer(nil), 0x10)))
	case "gs":
		loseGS()
	case "execute":
		b := bytes.Repeat([]byte{0xc3}, 16)
		p := uintptr(unsafe.Pointer(&b[0]))
		q := &p
		(*(*func())(unsafe.Pointer(&q)))()
	}
	env := &pmap.Env{Mem: m.Memory, Frames: m.Frames, TLB: m.CPU, KernelPML4E: m.CPU.KernelEntry(), NX: m.CPU.NX()}
	t := &test{Machine: m, to: m.CPU.Entry()}
	if t.space, err = pmap.New(env); err != nil {
		panic(err)
	}
	t.page, _ = m.Frames.Alloc()
	data, _ := m.Frames.Alloc()
	must(t.space.Enter(code, t.page, mach.ProtRead|mach.ProtExecute, mach.PageSize))
	must(t.space.Enter(stack, data, mach.ProtRead|mach.ProtWrite, mach.PageSize))
	t.fpu = m.CPU.NewFPU()
	t.run()
	fmt.Println("ring3: passed")
	m.Exit(0)
}

// loseGS makes the kernel's GS base wrong and faults.
func loseGS()

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// enter runs instructions until they trap.
func (t *test) enter(text ...byte) board.Event {
	copy(t.Memory.Frame(t.page)[:], text)
	t.regs = board.Regs{RIP: uint64(code), RSP: uint64(stack) + mach.PageSize, RAX: 1, RBX: 2, R15: 15, RCX: 3, R11: 11, Event: board.EventInterrupt}
	return t.again()
}

// again goes on where the last trap was.
func (t *test) again() board.Event {
	t.regs.Root, t.regs.FPU = t.space.Root(), t.fpu
	t.to(&t.regs)
	return t.regs.Event
}

func (t *test) expect(name string, want board.Event, vector uint64, text ...byte) {
	got := t.enter(text...)
	for got == board.EventInterrupt && want != board.EventInterrupt { // a tick
		got = t.again()
	}
	if got != want || want != board.EventSyscall && t.regs.Vector != vector {
		panic(fmt.Sprintf("%s: event %d vector %d code %#x address %#x at %#x, want event %d vector %d", name, got, t.regs.Vector, t.regs.Code, t.regs.Addr, t.regs.RIP, want, vector))
	}
	fmt.Println(name, "ok")
}

// bases sees that each thread has its own FS and GS base, whatever another did with the selector.
func (t *test) bases() {
	look := []byte{0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x64, 0x48, 0x8b, 0x1c, 0x25, 0, 0, 0, 0, 0x0f, 0x05} // mov rax, gs:[0]; mov rbx, fs:[0]; syscall
	load := []byte{0x66, 0xb8, 0x1b, 0, 0x8e, 0xe8, 0x8e, 0xe0, 0x0f, 0x05}                                        // mov ax, 0x1b; mov gs, ax; mov fs, ax; syscall
	data, ok := t.space.Translate(stack, mach.ProtRead|mach.ProtWrite)
	if !ok {
		panic("no stack")
	}
	words := t.Memory.Table(data)
	words[1], words[2] = 111, 222
	for _, text := range [][]byte{look, load, look} {
		copy(t.Memory.Frame(t.page)[:], text)
		t.regs = board.Regs{RIP: uint64(code), GSBase: uint64(stack) + 8, FSBase: uint64(stack) + 16, Event: board.EventInterrupt}
		if e := t.again(); e != board.EventSyscall {
			panic(fmt.Sprintf("bases: event %d %+v", e, t.regs))
		}
	}
	if t.regs.RAX != 111 || t.regs.RBX != 222 {
		panic(fmt.Sprintf("bases: %+v", t.regs))
	}
	t.expect("no base", board.EventException, board.VectorPageFault, look...)
	if t.regs.Addr != 0 {
		panic(fmt.Sprintf("a thread has another's base: %+v", t.regs))
	}
	fmt.Println("bases ok")
}

// flags sees that flags that ring 3 may set do no harm in the kernel, on either way back: nested task, alignment check, direction.
func (t *test) flags() {
	for _, bits := range []uint32{0x4000, 0x40000, 0x400, 0x44400} {
		// pushf; or dword [rsp], bits; popf; syscall; int3
		t.expect(fmt.Sprintf("flags %#x", bits), board.EventSyscall, 0, 0x9c, 0x81, 0x0c, 0x24, byte(bits), byte(bits>>8), byte(bits>>16), 0, 0x9d, 0x0f, 0x05, 0xcc)
		if e := t.again(); e != board.EventException || t.regs.Vector != board.VectorBreakpoint {
			panic(fmt.Sprintf("flags %#x: event %d %+v", bits, e, t.regs))
		}
		if e := t.again(); e != board.EventException && e != board.EventInterrupt {
			panic(fmt.Sprintf("flags %#x: event %d", bits, e))
		}
	}
}

func (t *test) run() {
	t.expect("syscall", board.EventSyscall, 0, 0x0f, 0x05)
	if t.regs.RAX != 1 || t.regs.RBX != 2 || t.regs.R15 != 15 || t.regs.RIP != uint64(code)+2 || t.regs.RSP != uint64(stack)+mach.PageSize {
		panic(fmt.Sprintf("syscall: %+v", t.regs))
	}
	// back by SYSRETQ, to another one
	copy(t.Memory.Frame(t.page)[2:], []byte{0x48, 0xff, 0xc0, 0x0f, 0x05}) // inc rax; syscall
	if e := t.again(); e != board.EventSyscall || t.regs.RAX != 2 || t.regs.RIP != uint64(code)+7 {
		panic(fmt.Sprintf("sysret: event %d %+v", e, t.regs))
	}
	t.expect("int3", board.EventException, board.VectorBreakpoint, 0xcc)
	if t.regs.RAX != 1 || t.regs.RCX != 3 || t.regs.R11 != 11 {
		panic(fmt.Sprintf("int3: %+v", t.regs))
	}
	t.expect("cli", board.EventException, board.VectorProtection, 0xfa)
	t.expect("hlt", board.EventException, board.VectorProtection, 0xf4)
	t.expect("in", board.EventException, board.VectorProtection, 0xe4, 0x60)
	t.expect("wrmsr", board.EventException, board.VectorProtection, 0x0f, 0x30)
	t.expect("int 0x40", board.EventException, board.VectorProtection, 0xcd, 0x40)
	t.expect("ud2", board.EventException, board.VectorInvalidOpcode, 0x0f, 0x0b)
	t.expect("divide", board.EventException, board.VectorDivide, 0x31, 0xc0, 0xf7, 0xf0)
	t.expect("read the kernel", board.EventException, board.VectorPageFault, 0x8a, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00)
	t.expect("write text", board.EventException, board.VectorPageFault, 0xc6, 0x05, 0, 0, 0, 0, 0)
	t.expect("non-canonical", board.EventException, board.VectorProtection, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x8a, 0x00)
	t.regs = board.Regs{RIP: 1 << 47, Event: board.EventInterrupt}
	if e := t.again(); e != board.EventException || t.regs.Vector != board.VectorProtection {
		panic("a non-canonical RIP was entered")
	}
	// SYSCALL in the last bytes of the lower half leaves a RIP behind it.
	must(t.space.Enter(mach.MaxUser-mach.PageSize, t.page, mach.ProtRead|mach.ProtExecute, mach.PageSize))
	copy(t.Memory.Frame(t.page)[mach.PageSize-2:], []byte{0x0f, 0x05})
	t.regs = board.Regs{RIP: uint64(mach.MaxUser - 2), Event: board.EventInterrupt}
	if e := t.again(); e != board.EventSyscall || t.regs.RIP != uint64(mach.MaxUser) {
		panic("no system call at the end of the lower half")
	}
	if e := t.again(); e != board.EventException || t.regs.Vector != board.VectorProtection {
		panic("a RIP behind the lower half was entered")
	}
	t.bases()
	if t.CPU.NX() {
		copy(t.Memory.Frame(t.page)[:], []byte{0xff, 0xe4}) // jmp rsp
		t.regs = board.Regs{RIP: uint64(code), RSP: uint64(stack), Event: board.EventInterrupt}
		if e := t.again(); e != board.EventException || t.regs.Vector != board.VectorPageFault || t.regs.Code&board.FaultFetch == 0 {
			panic(fmt.Sprintf("data executed: event %d %+v", e, t.regs))
		}
		fmt.Println("execute data ok")
	}
	t.flags()
	// Trap flag set by ring 3, then SYSCALL: the step must not stay in the kernel.
	t.expect("single step", board.EventException, board.VectorDebug, 0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0x90, 0x90)
	t.expect("single step into the kernel", board.EventSyscall, 0, 0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0x0f, 0x05)
	// pushf; or [rsp], IOPL 3; popf; cli
	t.expect("popf", board.EventException, board.VectorProtection, 0x9c, 0x81, 0x0c, 0x24, 0, 0x30, 0, 0, 0x9d, 0xfa)
	t.Tick(4 * time.Millisecond)
	t.expect("endless loop", board.EventInterrupt, board.VectorTick, 0xeb, 0xfe)
	// The floating-point state of two threads.
	a, b := t.CPU.NewFPU(), t.CPU.NewFPU()
	t.fpu = a
	t.expect("set xmm0", board.EventSyscall, 0, 0x66, 0x48, 0x0f, 0x6e, 0xc3, 0x0f, 0x05) // movq xmm0, rbx
	t.fpu = b
	t.expect("look at xmm0", board.EventSyscall, 0, 0x66, 0x48, 0x0f, 0x7e, 0xc0, 0x0f, 0x05) // movq rax, xmm0
	if t.regs.RAX != 0 {
		panic("a thread sees another's xmm0")
	}
	t.fpu = a
	t.expect("look again", board.EventSyscall, 0, 0x66, 0x48, 0x0f, 0x7e, 0xc0, 0x0f, 0x05)
	if t.regs.RAX != 2 {
		panic("xmm0 was lost")
	}
	from := t.Counter()
	const n = 100000
	copy(t.Memory.Frame(t.page)[:], []byte{0x0f, 0x05, 0xeb, 0xfc})
	t.regs.RIP = uint64(code)
	for range n {
		for t.again() != board.EventSyscall {
			t.Poll()
		}
	}
	fmt.Println(n, "traps:", (t.Counter()-from)/n, "counts each")
	// Go lives on: goroutines, timers, collector.
	go t.Serve(image.WaitInterrupt)
	time.Sleep(10 * time.Millisecond)
	fmt.Println("unserved", t.CPU.Unserved() > 0)
}
