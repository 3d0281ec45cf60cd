package vm

import (
	"testing"

	"defpager/mach"
)

func (w *world) allocate(t fatal, m *Map, at mach.VirtAddr, pages mach.PageNumber) {
	t.Helper()
	if _, err := m.Allocate(at, pages.Bytes(), false); err != nil {
		t.Fatal(err)
	}
}

// Wired pages are present before anybody touches them, count once however often they are wired, and are let go by one call.
func TestWire(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		w.allocate(t, m, base, 8)
		want := func(pages mach.PageNumber) {
			t.Helper()
			w.check(t)
			if m.Wired() != pages.Bytes() || w.env.Wired() != pages {
				t.Fatalf("%#x bytes, %d pages are wired, want %d pages", m.Wired(), w.env.Wired(), pages)
			}
		}
		for range 2 {
			if err := m.Wire(base+page+1, 2*page, mach.ProtDefault); err != nil {
				t.Fatal(err)
			}
			want(3)
		}
		if m.Resident() < 3 {
			t.Fatalf("%d pages are present, want 3 at least", m.Resident())
		}
		faults := m.Counters().Faults
		for i := range mach.VirtAddr(3) {
			w.mustStore(t, m, base+(1+i)*page, 'x')
		}
		if m.Counters().Faults != faults {
			t.Fatal("a wired page faulted")
		}
		for _, c := range []struct {
			at     mach.VirtAddr
			pages  mach.PageNumber
			access mach.Prot
			want   error
		}{
			{base + 6*page, 3, mach.ProtRead, mach.NoSpace},
			{base - page, 2, mach.ProtRead, mach.NoSpace},
			{base, 1, mach.ProtExecute | mach.ProtRead, mach.NoSpace},
			{base, 0, mach.ProtRead, nil},
		} {
			if err := m.Wire(c.at, c.pages.Bytes(), c.access); err != c.want {
				t.Errorf("wire %d pages at %#x: %v, want %v", c.pages, c.at, err, c.want)
			}
		}
		want(3)
		if err := m.Wire(base+2*page, page, mach.ProtNone); err != nil {
			t.Fatal(err)
		}
		want(2)
		if err := m.Deallocate(base+3*page, page); err != nil {
			t.Fatal(err)
		}
		want(1)
		m.Destroy()
		if w.env.Wired() != 0 {
			t.Fatalf("%d pages of no map are wired", w.env.Wired())
		}
	})
}

// A map may be wired as a whole, and what comes later.
func TestWireAll(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		w.allocate(t, m, base, 4)
		w.allocate(t, m, base+8*page, 4)
		if err := m.Protect(base+8*page, page, false, mach.ProtNone); err != nil {
			t.Fatal(err)
		}
		if err := m.WireAll(true, true); err != nil {
			t.Fatal(err)
		}
		w.allocate(t, m, base+16*page, 5)
		w.check(t)
		if m.Wired() != 12*page || m.Resident() != 12 {
			t.Fatalf("%#x bytes wired, %d pages present", m.Wired(), m.Resident())
		}
		if _, err := m.Allocate(base+64*page, 1<<30, false); err != mach.ResourceShortage {
			t.Fatalf("1 GiB of 16 MiB wired: %v", err)
		}
		if m.Size() != 13*page {
			t.Fatalf("%#x bytes mapped after a failure", m.Size())
		}
		if err := m.WireAll(false, false); err != nil {
			t.Fatal(err)
		}
		w.allocate(t, m, base+32*page, 1)
		w.check(t)
		if m.Wired() != 0 {
			t.Fatalf("%#x bytes wired", m.Wired())
		}
		m.Destroy()
	})
}

// A map that has a limit of its size takes no more, except what only keeps addresses; a child has its parent's limit.
func TestSizeLimit(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		m.SetSizeLimit(10*page, 20*page)
		w.allocate(t, m, base, 6)
		try := func(what string, pages mach.PageNumber, max mach.Prot, want error) {
			t.Helper()
			a := MapArgs{Address: base + 100*page, Size: pages.Bytes(), Max: max, Inherit: mach.InheritCopy}
			_, err := m.Map(&a)
			w.check(t)
			if err != want {
				t.Fatalf("%s: %v, want %v", what, err, want)
			}
			if err == nil {
				if err := m.Deallocate(a.Address, a.Size); err != nil {
					t.Fatal(err)
				}
			}
		}
		try("to the limit", 4, mach.ProtAll, nil)
		try("over the limit", 5, mach.ProtAll, mach.NoSpace)
		try("addresses alone", 50, mach.ProtNone, nil)
		if err := m.Protect(base, 2*page, true, mach.ProtNone); err != nil {
			t.Fatal(err)
		}
		try("over the limit less what became inaccessible", 7, mach.ProtRead, mach.NoSpace)
		try("to it", 6, mach.ProtRead, nil)
		c, err := m.CopyMapIn(base+2*page, 4*page, false)
		if err != nil {
			t.Fatal(err)
		}
		m.SetSizeLimit(7*page, 20*page)
		if _, err := m.CopyMapOut(c); err != mach.NoSpace {
			t.Fatalf("a message's memory over the limit: %v", err)
		}
		c.Discard()
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		if current, max := child.SizeLimit(); current != 7*page || max != 20*page {
			t.Fatalf("a child's limits are %#x and %#x", current, max)
		}
		w.check(t)
		child.Destroy()
		m.Destroy()
	})
}

// Contiguous memory lies where it was asked for, zero, in a row, and goes back whole.
func TestAllocateContiguous(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		for _, c := range []struct {
			size          uint64
			lo, hi, align mach.PhysAddr
			want          error
		}{
			{page, 0, 16 << 20, 0, nil},
			{5*page + 1, 1 << 20, 2 << 20, 0, nil},
			{64 << 10, 3<<20 + page, 8 << 20, 1 << 20, nil},
			{3 << 20, 0, 16 << 20, 0, nil},
			{page, 0, 16 << 20, 3 * page, mach.InvalidArgument},
			{0, 0, 16 << 20, 0, mach.InvalidArgument},
			{2 << 20, 1 << 20, 2<<20 + page, 0, mach.ResourceShortage},
			{32 << 20, 0, 1 << 32, 0, mach.ResourceShortage},
			{2 << 30, 0, 1 << 32, 0, mach.ResourceShortage},
			{page, 0, 0, 0, mach.ResourceShortage},
			{page, 0, ^mach.PhysAddr(0), 1 << 63, mach.ResourceShortage},
		} {
			va, p, err := m.AllocateContiguous(c.size, c.lo, c.hi, c.align)
			w.check(t)
			if err != c.want {
				t.Errorf("%+v: %v", c, err)
			}
			if err != nil {
				continue
			}
			if n := mach.PhysAddr(mach.Pages(c.size).Bytes()); p < c.lo || p+n > c.hi || c.align != 0 && p%c.align != 0 {
				t.Errorf("%+v: at %#x", c, p)
			}
			for i := range mach.Pages(c.size) {
				at := va + mach.VirtAddr(i.Bytes())
				got, ok := m.Physical(at)
				if !ok || got != p+mach.PhysAddr(i.Bytes()) {
					t.Fatalf("page %d lies at %#x", i, got)
				}
				w.expect(t, m, at, 0)
				w.mustStore(t, m, at, 'x')
			}
			if m.Wired() != mach.Pages(c.size).Bytes() {
				t.Errorf("%#x bytes are wired", m.Wired())
			}
			if err := m.Deallocate(va, c.size); err != nil {
				t.Fatal(err)
			}
			w.check(t)
		}
		m.Destroy()
	})
}
