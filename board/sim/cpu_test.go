package sim

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

var _ board.CPU = (*CPU)(nil)

// Two threads take turns; a fault is made again until the page is there; a new RIP starts another program.
func TestCPU(t *testing.T) {
	const root, page = 0x1000, 0x8000
	va := mach.MinUser + 0x5000
	c := &CPU{MMU: MMU{Mem: board.Simulated(64 << 10)}}
	defer c.Close()
	var said []string
	c.Programs = map[uint64]Program{
		0x10000: func(r *Ring3) {
			said = append(said, "first")
			r.FPU()[3] = 7
			if got := r.Syscall(mach.TrapMap, 1, 2, 3, 4, 5, 6); got != 99 {
				t.Errorf("the call returned %d", got)
			}
			r.Store64(va-4+4, 0x0807060504030201)
			if r.Load(va+2) != 3 || r.Load64(va) != 0x0807060504030201 || r.FPU()[3] != 7 {
				t.Error("what was stored is not there")
			}
		},
		0x20000: func(r *Ring3) {
			said = append(said, "second")
			if r.FPU()[3] != 0 {
				t.Error("floating-point state of another thread")
			}
			for {
				r.Loop()
			}
		},
	}
	a, b := &board.Regs{RIP: 0x10000}, &board.Regs{RIP: 0x20000}
	fa, fb := c.NewFPU(), c.NewFPU()
	enter := func(r *board.Regs, f board.FPU, want board.Event) {
		t.Helper()
		r.FPU, r.Root = f, root
		if c.Entry()(r); r.Event != want {
			t.Fatalf("event %d, want %d; registers %+v", r.Event, want, *r)
		}
	}
	enter(a, fa, board.EventSyscall)
	if mach.Trap(int32(a.RAX)) != mach.TrapMap || a.RDI != 1 || a.R9 != 6 || a.RIP != 0x10001 {
		t.Fatalf("system call with %+v", *a)
	}
	enter(b, fb, board.EventInterrupt)
	enter(b, fb, board.EventInterrupt)
	a.RAX = 99
	for range 3 {
		enter(a, fa, board.EventException)
		if a.Vector != board.VectorPageFault || a.Addr != uint64(va) || a.Code != board.FaultUser|board.FaultWrite {
			t.Fatalf("fault with %+v", *a)
		}
	}
	at := mach.PhysAddr(root)
	for shift := 39; shift > 12; shift -= 9 {
		c.Mem.Table(at)[uint64(va)>>shift&511] = uint64(at+0x1000) | bitPresent | bitWrite | bitUser
		at += 0x1000
	}
	c.Mem.Table(at)[uint64(va)>>12&511] = page | bitPresent | bitWrite | bitUser | bitNX
	enter(a, fa, board.EventException)
	if a.Vector != board.VectorInvalidOpcode || c.Mem.Bytes(page, 8)[7] != 8 {
		t.Fatalf("end with %+v", *a)
	}
	a.RIP = 0x20000
	clear(fa)
	enter(a, fa, board.EventInterrupt)
	a.RIP = uint64(va)
	enter(a, fa, board.EventException)
	if a.Vector != board.VectorPageFault || a.Code != board.FaultUser|board.FaultFetch|board.FaultPresent || a.Addr != uint64(va) {
		t.Fatalf("fetch with %+v", *a)
	}
	if len(said) != 3 || said[0] != "first" || said[2] != "second" {
		t.Fatal(said)
	}
}
