package vm

import (
	"testing"

	"defpager/mach"
)

func TestForkByInheritance(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		for i, inherit := range []mach.Inherit{mach.InheritShare, mach.InheritCopy, mach.InheritNone} {
			at := base + mach.VirtAddr(i)*16*page
			if _, err := m.Allocate(at, 4*page, false); err != nil {
				t.Fatal(err)
			}
			if err := m.Inherit(at, 4*page, inherit); err != nil {
				t.Fatal(err)
			}
			w.mustStore(t, m, at, 1)
		}
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		w.check(t)
		shared, copied, none := base, base+16*page, base+32*page
		w.expect(t, child, shared, 1)
		w.expect(t, child, copied, 1)
		if _, err := w.load(child, none); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("what is not inherited: %v", err)
		}
		w.mustStore(t, child, shared+page, 2)
		w.expect(t, m, shared+page, 2)
		w.mustStore(t, m, shared, 3)
		w.expect(t, child, shared, 3)
		w.mustStore(t, child, copied, 4)
		w.expect(t, m, copied, 1)
		w.mustStore(t, m, copied+page, 5)
		w.expect(t, child, copied+page, 0)
		w.check(t)
		m.Destroy()
		w.check(t)
		w.expect(t, child, shared, 3)
		w.expect(t, child, copied, 4)
		child.Destroy()
	})
}

// TestForkChains forks again and again: chains of shadows must not grow with the history.
func TestForkChains(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, 8*page, false); err != nil {
			t.Fatal(err)
		}
		for i := range mach.VirtAddr(8) {
			w.mustStore(t, m, base+i*page, 0x80+byte(i))
		}
		for round := range 20 {
			child, err := m.Fork()
			if err != nil {
				t.Fatal(err)
			}
			w.mustStore(t, child, base+mach.VirtAddr(round%8)*page, byte(round))
			w.check(t)
			m.Destroy()
			w.check(t)
			m = child
		}
		n, depth := 0, 0
		w.env.Objects(func(o *Object) bool {
			n++
			d := 0
			for ; o != nil; o = o.Shadow() {
				d++
			}
			depth = max(depth, d)
			return true
		})
		if n > 2 || depth > 2 {
			t.Errorf("after twenty generations %d objects live, %d deep", n, depth)
		}
		for i := range mach.VirtAddr(8) {
			want := byte(16 + i)
			if i >= 4 {
				want = byte(8 + i)
			}
			w.expect(t, m, base+i*page, want)
		}
		m.Destroy()
	})
}

func TestCopyMaps(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		a, b := w.newMap(t), w.newMap(t)
		if _, err := a.Allocate(base, 8*page, false); err != nil {
			t.Fatal(err)
		}
		text := []byte("over the edge of a page")
		from := base + 2*page - 7
		if err := a.CopyOut(from, text); err != nil {
			t.Fatal(err)
		}
		c, err := a.CopyMapIn(from, uint64(len(text)), false)
		if err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.mustStore(t, a, from, 'X') // after the copy
		at, err := b.CopyMapOut(c)
		if err != nil {
			t.Fatal(err)
		}
		w.check(t)
		got := make([]byte, len(text))
		if err := b.CopyIn(got, at); err != nil || string(got) != string(text) {
			t.Errorf("the copy holds %q, %v", got, err)
		}
		w.mustStore(t, b, at, 'Y')
		w.expect(t, a, from, 'X')

		// Whole pages that leave the sender, and a copy that nobody takes.
		if c, err = a.CopyMapIn(base, 4*page, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.load(a, base); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("what was moved out: %v", err)
		}
		c.Discard()
		w.check(t)

		if _, err := a.CopyMapIn(base, 8*page, false); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("a copy of a hole: %v", err)
		}
		if _, err := a.CopyMapIn(base+4*page, ^uint64(0), false); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("a copy of everything: %v", err)
		}
		if err := a.Protect(base+4*page, page, false, mach.ProtNone); err != nil {
			t.Fatal(err)
		}
		if _, err := a.CopyMapIn(base+4*page, page, false); mach.Code(err) != mach.ProtectionFailure {
			t.Errorf("a copy of what may not be read: %v", err)
		}
		w.check(t)
		a.Destroy()
		b.Destroy()
	})
}

func TestCopyOfSharedObject(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 8)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base, 1)
		copied := base + 16*page
		mapObject(t, m, MapArgs{Address: copied, Size: 8 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.check(t)
		w.mustStore(t, m, base, 2)      // pushes the old page
		w.mustStore(t, m, base+page, 3) // a page that was not there
		w.expect(t, m, copied, 1)
		w.expect(t, m, copied+page, 0)
		w.mustStore(t, m, copied+2*page, 4)
		w.expect(t, m, base+2*page, 0)
		w.check(t)
		o.Release()
		m.Destroy()
	})
}

func TestOverwrite(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 4)
		m, other := w.newMap(t), w.newMap(t)
		mapShared(t, m, base, o)
		mapShared(t, other, base, o)
		if _, err := m.Allocate(base+16*page, 4*page, false); err != nil {
			t.Fatal(err)
		}
		for i := range mach.VirtAddr(4) {
			w.mustStore(t, m, base+(16+i)*page, 0x20+byte(i))
		}
		if err := m.Copy(base+16*page, 4*page, base); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.expect(t, other, base+3*page, 0x23) // those who share see it
		w.mustStore(t, m, base+19*page, 9)
		w.expect(t, other, base+3*page, 0x23)
		if err := m.Copy(base+16*page, 4*page, base+2*page); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("vm_copy over the end of a region: %v", err)
		}
		w.expect(t, other, base+2*page, 0x22) // nothing was written
		c, err := m.Read(base+17*page, 2*page)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Write(base, c); err != nil {
			t.Fatal(err)
		}
		w.expect(t, other, base, 0x21)
		w.check(t)
		o.Release()
		m.Destroy()
		other.Destroy()
	})
}

// TestDelayedCopyKeepsItsPages lets go of the only mapping of a page in a copy object that others still map: the page must stay, as the
// original's is writable by now.
func TestDelayedCopyKeepsItsPages(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, 20*page, false); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, base, 0)
		if err := m.Inherit(base, 8*page, mach.InheritShare); err != nil {
			t.Fatal(err)
		}
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		m.Destroy()
		if err := child.Inherit(base+5*page, page, mach.InheritCopy); err != nil {
			t.Fatal(err)
		}
		grandchild, err := child.Fork()
		if err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, child, base+5*page, 1)
		w.check(t)
		grandchild.Destroy()
		w.check(t)
		child.Destroy()
	})
}

// TestUnmapPart: pages that nobody can see any more are free at once, though their object lives.
func TestUnmapPart(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, 32*page, false); err != nil {
			t.Fatal(err)
		}
		for i := range mach.VirtAddr(32) {
			w.mustStore(t, m, base+i*page, byte(i))
		}
		r, err := m.Region(base)
		if err != nil || r.Object.Resident() != 32 {
			t.Fatalf("%+v, %v", r, err)
		}
		for i, cut := range []struct{ first, n, left mach.VirtAddr }{{8, 4, 28}, {0, 3, 25}, {30, 2, 23}, {6, 8, 19}} {
			if err := m.Deallocate(base+cut.first*page, uint64(cut.n)*page); err != nil {
				t.Fatal(err)
			}
			if got := r.Object.Resident(); got != mach.PageNumber(cut.left) {
				t.Errorf("after cut %d, %d pages are resident, want %d", i+1, got, cut.left)
			}
			w.check(t)
		}
		w.expect(t, m, base+5*page, 5)
		w.expect(t, m, base+14*page, 14)
		m.Destroy()
	})
}

// TestUnmapFreesTables: a large range takes its page tables along.
func TestUnmapFreesTables(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	before := m.Pmap().Tables()
	for _, n := range []mach.VirtAddr{17, 512, 700, 3000} {
		at := base + 300*page
		if _, err := m.Allocate(at, uint64(n)*page, false); err != nil {
			t.Fatal(err)
		}
		for i := mach.VirtAddr(0); i < n; i += 16 {
			w.mustStore(t, m, at+i*page, 1)
		}
		if got, want := m.Resident(), mach.PageNumber((n+15)/16); got < want {
			t.Errorf("%d pages are mapped, want %d at least", got, want)
		}
		if err := m.Deallocate(at, uint64(n)*page); err != nil {
			t.Fatal(err)
		}
		if got := m.Pmap().Tables(); got != before || m.Resident() != 0 {
			t.Errorf("%d pages leave %d tables, %d before", n, got, before)
		}
		w.check(t)
	}
}

// TestTenThousandGenerations forks ten thousand times; in each generation parent and child write, and then one of them dies, which one changes. However
// long it goes on, few objects live and chains are short.
func TestTenThousandGenerations(t *testing.T) {
	const generations, pages = 10_000, 8
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, pages*page, false); err != nil {
			t.Fatal(err)
		}
		var model [pages]byte
		for i := range generations {
			child, err := m.Fork()
			if err != nil {
				t.Fatal(err)
			}
			parents, childs := (i*7)%pages, (i*5+3)%pages
			w.mustStore(t, m, at(parents), byte(i))
			w.mustStore(t, child, at(childs), byte(i>>8))
			if i%3 == 0 {
				child.Destroy()
				model[parents] = byte(i)
			} else {
				m.Destroy()
				m = child
				model[childs] = byte(i >> 8)
			}
			objects, depth := 0, 0
			for o := range w.env.Objects {
				objects++
				d := 0
				for below := o; below != nil; below = below.Shadow() {
					d++
				}
				depth = max(depth, d)
			}
			if objects > 2 || depth > 2 {
				t.Fatalf("generation %d: %d objects live, %d deep", i, objects, depth)
			}
			if i%500 == 0 {
				w.check(t)
				for n, b := range model {
					w.expect(t, m, at(n), b)
				}
			}
		}
		m.Destroy()
	})
}
