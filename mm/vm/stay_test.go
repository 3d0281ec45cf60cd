package vm

import (
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// What goes to a default memory manager is what the sender had, all of it is there, and it stays while everything else goes out, whatever the sender does
// meanwhile.
func TestCopyMapInStaying(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const pages = 24
		w := newWorld(1 << 20)
		w.env.Backing = newStore(w.env)
		m, manager := w.newMap(t), w.newMap(t)
		manager.KeepResident()
		for i := range pages / 4 {
			if _, err := m.Allocate(at(4*i), 4*page, false); err != nil {
				t.Fatal(err)
			}
			if i%2 == 1 { // so that neighbours are no single entry
				if err := m.Inherit(at(4*i), 4*page, mach.InheritNone); err != nil {
					t.Fatal(err)
				}
			}
		}
		var want [pages * page]byte
		access := func(do func() error) {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}
		for i, b := range rapid.SliceOfN(rapid.Byte(), pages, pages).Draw(t, "bytes") {
			if b%3 != 0 {
				access(func() error { return w.store(m, at(i)+17, b) })
				want[i*page+17] = b
			}
		}
		out := func() {
			for range 4 {
				w.env.sweep(3*pages, 1000)
			}
		}
		if rapid.Bool().Draw(t, "out before") {
			out()
		}
		first := rapid.Uint64Range(0, pages*page-1).Draw(t, "first")
		size := rapid.Uint64Range(1, pages*page-first).Draw(t, "size")
		size = min(size, pages/2*page) // more than a sixteenth of the memory is too much
		var c *Copy
		access(func() (err error) { c, err = m.CopyMapInStaying(base+mach.VirtAddr(first), size, false); return err })
		if w.env.Staying() != mach.Pages(first%page+size) {
			t.Fatalf("%d pages stay, of %d bytes", w.env.Staying(), size)
		}
		for i := range pages {
			access(func() error { return w.store(m, at(i)+17, 0xee) })
		}
		out()
		w.check(t)
		b := make([]byte, size)
		if err := c.ReadAt(b, 0); err != nil || string(b) != string(want[first:first+size]) {
			t.Fatalf("what is on its way is not what was sent, or not there: %v", err)
		}
		to, err := manager.CopyMapOut(c)
		if err != nil || w.env.Staying() != 0 {
			t.Fatal(err, w.env.Staying())
		}
		out()
		if err := manager.CopyIn(b, to); err != nil || string(b) != string(want[first:first+size]) {
			t.Fatalf("what was received is not what was sent, or not there: %v", err)
		}
		w.check(t)
		m.Destroy()
		manager.Destroy()
		w.check(t)
	})
}

// Who sends more than may stay is told, and nothing stays after a failure or of what was given up.
func TestStayingIsBounded(t *testing.T) {
	w := newWorld(4 << 20)
	m := w.newMap(t)
	most := w.env.Frames.Stats().Total / 16
	if _, err := m.Allocate(base, 10*most.Bytes(), false); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		w.mustStore(t, m, at(i), 1)
	}
	half := (most / 2).Bytes()
	a, err := m.CopyMapInStaying(base, half, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint64{half + 2*page, most.Bytes(), 10 * most.Bytes()} {
		if _, err := m.CopyMapInStaying(base, size, true); mach.Code(err) != mach.ResourceShortage {
			t.Fatal(err)
		}
	}
	if _, err := m.CopyMapInStaying(base+mach.VirtAddr(9*most.Bytes()), 2*most.Bytes(), false); err != mach.InvalidAddress {
		t.Fatal(err)
	}
	b, err := m.CopyMapInStaying(base, half, true)
	if err != nil || b.Size() != half {
		t.Fatal(err)
	}
	if _, err := w.load(m, base); err != mach.InvalidAddress {
		t.Fatal("it is mapped still")
	}
	if w.env.Staying() != 2*(most/2) {
		t.Fatalf("%d pages stay", w.env.Staying())
	}
	b.Discard()
	a.Discard()
	if w.env.Staying() != 0 {
		t.Fatalf("%d pages stay", w.env.Staying())
	}
	w.check(t)
}

// A default memory manager that touches memory when there is no frame, nor one that was set aside, gets that of a page which its own manager has. It does not
// wait for frames: it may be who is to bring them.
func TestManagerFaultsWithoutFrames(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, m.Deallocate(base, 64*page))
	mapObject(t, m, MapArgs{Address: base, Size: 32 * page, Object: o})
	for i := range mach.VirtAddr(32) {
		g.access(t, o, m, base+i*page, mach.ProtRead)
	}
	mine := w.newMap(t)
	mine.KeepResident()
	if _, err := mine.Allocate(base, 64*page, false); err != nil {
		t.Fatal(err)
	}
	w.mustStore(t, mine, base, 1)
	far := newFarPager(w)
	w.env.SetManager(far.begin)
	var hogged []mach.PhysAddr
	for more := true; more; more = w.env.UseSpare() {
		for f, err := w.env.Frames.AllocDirty(); err == nil; f, err = w.env.Frames.AllocDirty() {
			hogged = append(hogged, f)
		}
	}
	for i := range mach.VirtAddr(20) {
		w.mustStore(t, mine, base+(63-i)*page, 1)
	}
	if o.Resident() > 14 {
		t.Fatalf("%d pages are there still", o.Resident())
	}
	for i := mach.VirtAddr(20); i < 63; i++ {
		if err := w.store(mine, base+(63-i)*page, 1); err != nil {
			if err != mach.ResourceShortage {
				t.Fatal(err)
			}
			w.check(t)
			w.env.SetManager(nil)
			mine.Destroy()
			for _, f := range hogged {
				w.env.Frames.Free(f)
			}
			return
		}
	}
	t.Fatal("there are more frames than there can be")
}

// The pages of what a manager asked for stay, however much there is, and those of any other copy of the kernel's as long as there is not too much.
func TestStayAsked(t *testing.T) {
	w := newWorld(4 << 20)
	w.env.Backing = newStore(w.env)
	m := w.newMap(t)
	n := w.env.Frames.Stats().Total / 4
	if _, err := m.Allocate(base, n.Bytes(), false); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		w.mustStore(t, m, at(int(i)), byte(i))
	}
	read := func(pages mach.PageNumber) *Copy {
		c, err := m.Read(base, pages.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// out reports how many pages of the map's go out.
	out := func() mach.PageNumber {
		before := w.env.counters.PageOuts
		for range 10 {
			w.env.sweep(int(n), 10_000)
		}
		return mach.PageNumber(w.env.counters.PageOuts - before)
	}
	asked, few, many := read(n), read(20), read(n)
	if !asked.Stay(true) || w.env.Staying() != 0 || !few.Stay(false) || w.env.Staying() != 20 || many.Stay(false) {
		t.Fatalf("%d pages stay", w.env.Staying())
	}
	if got := out(); got != 0 {
		t.Fatalf("%d pages went out", got)
	}
	asked.Discard()
	if got := out(); got != n-20 {
		t.Fatalf("%d pages went out, of %d", got, n)
	}
	few.Discard()
	if got := out(); got != 20 || w.env.Staying() != 0 {
		t.Fatalf("%d pages went out", got)
	}
	many.Discard()
	w.check(t)
}

// A page of a manager's own that went out before it was the manager comes back though no frame is free, and it has received nothing of what it could be given:
// others' pages go to the storage meanwhile.
func TestManagersOwnPageComesBack(t *testing.T) {
	w := newWorld(2 << 20)
	local := newStore(w.env)
	w.env.Backing = local
	const own, others = 8, 200
	manager := w.filled(t, own, 1)
	for range 4 {
		w.env.sweep(own, 1000)
	}
	if len(local.pages) != own {
		t.Fatalf("%d of the manager's pages are out", len(local.pages))
	}
	_ = w.filled(t, others, 0)
	g := newFarPager(w)
	w.env.SetManager(g.begin)
	manager.KeepResident()
	for range 2 * maxWaiting {
		w.env.sweep(outBatch, outLook)
		w.env.Settle()
	}
	if g.x == nil || w.env.Room() {
		t.Fatal("the manager takes more")
	}
	w.hoard(t)
	for w.env.UseSpare() {
		w.hoard(t)
	}
	for i := range own {
		if err := manager.Resolve(at(i), mach.ProtRead); err != nil {
			t.Fatalf("page %d: %v", i, err)
		}
		w.expect(t, manager, at(i), byte(1+i))
	}
	w.check(t)
}
