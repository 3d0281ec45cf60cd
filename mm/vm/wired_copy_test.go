package vm

import (
	"testing"

	"defpager/mach"
)

// places are the frames of n pages from at on.
func places(t fatal, m *Map, at mach.VirtAddr, n int) []mach.PhysAddr {
	t.Helper()
	var p []mach.PhysAddr
	for i := range n {
		a, ok := m.Physical(at + mach.VirtAddr(i)*page)
		if !ok {
			t.Fatalf("page %d is not present", i)
		}
		p = append(p, a)
	}
	return p
}

// Wired pages keep their frames and do not fault, whatever is copied from them and over them: a device may be reading them.
func TestWiredPagesStayWhereTheyAre(t *testing.T) {
	const pages = 12
	for name, act := range map[string]func(t *testing.T, w *world, m *Map) func(){
		"fork": func(t *testing.T, w *world, m *Map) func() {
			child, err := m.Fork()
			must(t, err)
			w.expect(t, child, base, 1)
			if child.Wired() != 0 {
				t.Error("the child's memory is wired")
			}
			return child.Destroy
		},
		"vm_read": func(t *testing.T, w *world, m *Map) func() {
			c, err := m.Read(base, pages*page)
			must(t, err)
			return c.Discard
		},
		"vm_copy over it": func(t *testing.T, w *world, m *Map) func() {
			w.allocate(t, m, base+64*page, pages)
			must(t, m.Copy(base+64*page, pages*page, base))
			w.expect(t, m, base, 0)
			return func() {}
		},
		"vm_protect and back": func(t *testing.T, w *world, m *Map) func() {
			must(t, m.Protect(base, pages*page, false, mach.ProtRead))
			must(t, m.Protect(base, pages*page, false, mach.ProtDefault))
			return func() {}
		},
		"vm_protect to nothing and back": func(t *testing.T, w *world, m *Map) func() {
			must(t, m.Protect(base+page, 2*page, false, mach.ProtNone))
			must(t, m.Protect(base, pages*page, false, mach.ProtDefault))
			return func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(16 << 20)
			w.returned(t, func() {
				m := w.newMap(t)
				w.allocate(t, m, base, pages)
				must(t, m.Wire(base, pages*page, mach.ProtDefault))
				w.mustStore(t, m, base, 1)
				before := places(t, m, base, pages)
				end := act(t, w, m)
				w.check(t)
				faults := m.Counters().Faults
				for i := range mach.VirtAddr(pages) {
					w.mustStore(t, m, base+i*page, 2)
				}
				for i, p := range places(t, m, base, pages) {
					if p != before[i] {
						t.Errorf("page %d has moved from %#x to %#x", i, before[i], p)
					}
				}
				if m.Counters().Faults != faults {
					t.Errorf("%d faults", m.Counters().Faults-faults)
				}
				if m.Wired() != pages*page {
					t.Errorf("%#x bytes are wired", m.Wired())
				}
				w.check(t)
				end()
				m.Destroy()
			})
		})
	}
}

// What was copied from wired memory stays as it was, and the lack of memory for the copy is the copier's.
func TestCopyOfWiredMemory(t *testing.T) {
	const pages = 20
	w := newWorld(1 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		w.allocate(t, m, base, pages)
		var want [pages]byte
		for i := range pages / 2 {
			want[i] = byte(i + 1)
			w.mustStore(t, m, base+mach.VirtAddr(i)*page, want[i])
		}
		must(t, m.Wire(base, pages*page, mach.ProtDefault))
		child, err := m.Fork()
		must(t, err)
		for i := range mach.VirtAddr(pages) {
			w.mustStore(t, m, base+i*page, 99)
			w.expect(t, child, base+i*page, want[i])
		}
		child.Destroy()
		w.check(t)
		hog := w.newMap(t)
		n := w.env.Frames.Stats().Free - pages/2
		w.allocate(t, hog, base, n)
		for i := range mach.VirtAddr(n) {
			if w.store(hog, base+i*page, 1) != nil {
				break
			}
		}
		if _, err := m.Fork(); mach.Code(err) != mach.ResourceShortage {
			t.Errorf("a copy of %d pages where there is no room: %v", pages, err)
		}
		w.check(t)
		w.expect(t, m, base, 99)
		hog.Destroy()
		m.Destroy()
	})
}

// What is outside the user's space is not mapped; nothing is wired by the bits that mean nothing.
func TestWireBounds(t *testing.T) {
	w := newWorld(4 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		w.allocate(t, m, mach.MaxUser-page, 1)
		for _, at := range []mach.VirtAddr{mach.MaxUser, ^mach.VirtAddr(mach.PageMask), mach.MaxUser + 1<<40} {
			if err := m.Wire(at, page, mach.ProtRead); err != mach.NoSpace {
				t.Errorf("vm_wire at %#x: %v", at, err)
			}
		}
		must(t, m.Wire(mach.MaxUser-page, page, mach.ProtRead))
		must(t, m.Protect(mach.MaxUser-page, page, false, mach.ProtRead|mach.ProtNotify))
		if r, err := m.Region(mach.MaxUser - page); err != nil || r.Prot != mach.ProtRead {
			t.Errorf("%+v, %v", r, err)
		}
		w.check(t)
		m.Destroy()
	})
}

// To wire what is there does not end the wiring of what will be, which also reaches what becomes accessible.
func TestWireAllLater(t *testing.T) {
	w := newWorld(4 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		must(t, m.WireAll(false, true))
		must(t, m.WireAll(true, false))
		_, err := m.Map(&MapArgs{Address: base, Size: 2 * page, Max: mach.ProtAll, Inherit: mach.InheritCopy})
		must(t, err)
		if m.Wired() != 0 || m.Resident() != 0 {
			t.Errorf("%#x bytes wired of what nobody can access", m.Wired())
		}
		must(t, m.Protect(base, page, false, mach.ProtDefault))
		w.check(t)
		if m.Wired() != page || m.Resident() != 1 {
			t.Errorf("%#x bytes wired, %d pages present", m.Wired(), m.Resident())
		}
		must(t, m.WireAll(false, false))
		must(t, m.Protect(base+page, page, false, mach.ProtDefault))
		if m.Wired() != 0 {
			t.Errorf("%#x bytes wired", m.Wired())
		}
		m.Destroy()
	})
}

// A manager gets what it asks of wired pages, but cannot lock them or take them away.
func TestLockRequestOfWiredPages(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, true, 1, 2, 3, 4))
	for i := range mach.VirtAddr(4) {
		w.mustStore(t, m, base+i*page, byte(10+i))
	}
	must(t, m.Wire(base+page, 2*page, mach.ProtDefault))
	request := func(r mach.MemoryReturn, flush bool, lock mach.Prot) {
		t.Helper()
		must(t, o.LockRequest(&LockRequest{Size: 4 * page, Return: r, Flush: flush, Lock: lock, Reply: r}))
	}
	before := places(t, m, base+page, 2)
	request(mach.ReturnAll, true, mach.ProtNoChange)
	g.expect(t, "return 0x0+0x1000 dirty=true kept=false", "return 0x1000+0x2000 dirty=true kept=true", "return 0x3000+0x1000 dirty=true kept=false",
		"locked 0x0+0x4000 2")
	request(mach.ReturnNone, true, mach.ProtNoChange)
	request(mach.ReturnNone, false, mach.ProtAll)
	g.expect(t, "locked 0x0+0x4000 0", "locked 0x0+0x4000 0")
	w.mustStore(t, m, base+page, 21)
	for i, p := range places(t, m, base+page, 2) {
		if p != before[i] {
			t.Errorf("page %d has moved", i)
		}
	}
	w.waits(t, m, base, mach.ProtRead).Cancel()
	g.expect(t, "request 0x0+0x1000 r--")
	must(t, m.Wire(base, 4*page, mach.ProtNone))
	request(mach.ReturnDirty, true, mach.ProtNoChange)
	g.expect(t, "return 0x1000+0x1000 dirty=true kept=false", "locked 0x0+0x4000 1")
	w.waits(t, m, base+2*page, mach.ProtRead).Cancel()
	g.expect(t, "request 0x2000+0x1000 r--")
}

// Without memory for a copy of it a wired page that is to be returned stays, and dirty.
func TestReturnOfWiredPagesWithoutMemory(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, 1))
	w.mustStore(t, m, base, 10)
	must(t, m.Wire(base, page, mach.ProtDefault))
	r, err := w.env.Frames.Reserve(w.env.Frames.Stats().Free)
	must(t, err)
	must(t, o.LockRequest(&LockRequest{Size: page, Return: mach.ReturnDirty, Flush: true, Lock: mach.ProtNoChange}))
	g.expect(t)
	w.mustStore(t, m, base, 11)
	r.Release()
	must(t, o.LockRequest(&LockRequest{Size: page, Return: mach.ReturnDirty, Lock: mach.ProtNoChange}))
	g.expect(t, "return 0x0+0x1000 dirty=true kept=true")
	if g.content[0] != 11 {
		t.Error(g.content)
	}
}

// When both sides of a copy have written all pages, nobody keeps what they were copied from; so two generations cost twice the memory, not
// three times, and a chain of them does not grow.
func TestBypass(t *testing.T) {
	const pages = 40
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		w.allocate(t, m, base, pages)
		write := func(m *Map, b byte) {
			for i := range mach.VirtAddr(pages) {
				w.mustStore(t, m, base+i*page, b)
			}
		}
		write(m, 1)
		var children []*Map
		for k := range byte(10) {
			child, err := m.Fork()
			must(t, err)
			children = append(children, child)
			write(m, 2*k)
			write(child, 2*k+1)
			w.check(t)
		}
		if n := w.env.Ledger().Anonymous; n != 11*pages {
			t.Errorf("%d pages for 11 tasks of %d pages each", n, pages)
		}
		for o := range w.env.Objects {
			if o.shadow != nil {
				t.Errorf("object %d still shadows object %d", o.id, o.shadow.id)
			}
		}
		for k, child := range children {
			w.expect(t, child, base, byte(2*k+1))
			child.Destroy()
		}
		w.expect(t, m, base+7*page, 18)
		m.Destroy()
	})
}
