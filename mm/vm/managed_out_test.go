package vm

import (
	"testing"

	"defpager/mach"
)

// serve supplies what was requested, each page with a byte that tells which it is unless another came back, until nobody waits.
func (g *manager) serve(t fatal, o *Object, x *Waiter) {
	t.Helper()
	for x.Waiting() {
		n := uint64(x.page)
		v, ok := g.content[n*page]
		if !ok {
			v = byte(n % 251)
		}
		must(t, g.w.supply(t, o, n*page, mach.ProtNone, false, v))
		g.calls = g.calls[:0]
	}
	x.mustEnd(t, nil)
}

// access touches a page as a thread would, with a manager that answers at once.
func (g *manager) access(t fatal, o *Object, m *Map, va mach.VirtAddr, access mach.Prot) *byte {
	t.Helper()
	for range 5 {
		if p, err := g.w.touch(m, va, access); err == nil {
			return &g.w.env.Mem.Bytes(p, 1)[0]
		} else if err != Wait {
			t.Fatalf("page at %#x: %v", uint64(va), err)
		}
		x := new(Waiter)
		g.w.env.Await(x)
		g.w.env.Settle()
		g.serve(t, o, x)
	}
	t.Fatalf("page at %#x does not come", uint64(va))
	return nil
}

// A task can go through more of a manager's object than there is memory, reading and writing: pages that it does not use any more leave, and
// what it has written comes back.
func TestManagedPagesLeaveWhenFramesAreShort(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, m.Deallocate(base, 64*page))
	mapObject(t, m, MapArgs{Address: base, Size: 1 << 40, Object: o})
	n := w.env.Frames.Stats().Total * 3 / 2
	*g.access(t, o, m, base+17*page, mach.ProtWrite) = 0xee
	must(t, m.Wire(base+17*page, page, mach.ProtDefault))
	for i := range mach.VirtAddr(n) {
		access := mach.ProtRead
		if i%5 == 0 {
			access = mach.ProtWrite
		}
		b := g.access(t, o, m, base+i*page, access)
		if want := byte(i % 251); *b != want && i != 17 {
			t.Fatalf("page %d holds %d", i, *b)
		}
		if i%5 == 0 && i != 17 {
			*b = 0xdd
		}
		if i%200 == 0 {
			w.check(t)
		}
	}
	w.check(t)
	for i := range mach.VirtAddr(n) {
		want := byte(i % 251)
		switch {
		case i == 17:
			want = 0xee
		case i%5 == 0:
			want = 0xdd
		}
		if b := g.access(t, o, m, base+i*page, mach.ProtRead); *b != want {
			t.Fatalf("page %d holds %d later, not %d", i, *b, want)
		}
	}
	if out := w.env.Counters().PageOuts; out < uint64(n)/2 {
		t.Errorf("%d pages have left", out)
	}
	w.check(t)
	g.calls = g.calls[:0]
}

// Objects that are kept though nobody maps them do not keep their pages from others.
func TestCachedPagesLeaveWhenFramesAreShort(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(true, mach.CopyDelay))
	for i := range mach.VirtAddr(64) {
		g.access(t, o, m, base+i*page, mach.ProtRead)
	}
	must(t, m.Deallocate(base, 64*page))
	w.env.Settle()
	if w.env.cachedCount != 1 || o.Resident() != 64 {
		t.Fatalf("%d cached, %d pages", w.env.cachedCount, o.Resident())
	}
	hog := w.newMap(t)
	n := w.env.Frames.Stats().Free + 40
	w.allocate(t, hog, base, n)
	for i := range mach.VirtAddr(n) {
		if err := w.store(hog, base+i*page, 1); err != nil {
			if o.Resident() != 0 {
				t.Fatalf("%v after %d pages of %d, while %d are cached", err, i, n, o.Resident())
			}
			break
		}
		w.env.Settle()
	}
	w.check(t)
	hog.Destroy()
	mapObject(t, m, MapArgs{Address: base, Size: 64 * page, Object: o})
	if b := g.access(t, o, m, base+3*page, mach.ProtRead); *b != 3 {
		t.Error(*b)
	}
	must(t, o.Ready(false, mach.CopyDelay))
	g.calls = g.calls[:0]
}

// What cannot come back stays: pages of a manager that is dead, or does not read what it is returned.
func TestManagedPagesThatStay(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	g.hold = true
	const pages = 40
	for i := range mach.VirtAddr(pages) {
		*g.access(t, o, m, base+i*page, mach.ProtWrite) = byte(100 + i)
	}
	w.env.MakeRoom(w.env.Frames.Stats().Total)
	w.check(t)
	if len(g.held) != maxReturning || o.Resident() != pages-maxReturning {
		t.Errorf("%d pages returned, %d stay", len(g.held), o.Resident())
	}
	o.Sever()
	w.env.MakeRoom(w.env.Frames.Stats().Total)
	if o.Resident() != pages-maxReturning {
		t.Errorf("%d pages stay", o.Resident())
	}
	for _, c := range g.held {
		c.Discard()
	}
	g.calls = g.calls[:0]
}
