package vm

import (
	"testing"

	"pgregory.net/rapid"

	"defpager/mach"
	"defpager/mm/pmap"
)

// leaves counts the 2 MiB leaves of a map.
func superLeaves(m *Map) (n int) {
	m.Pmap().Leaves(func(_ mach.VirtAddr, l pmap.Leaf) bool {
		if l.Size == mach.SuperSize {
			n++
		}
		return true
	})
	return n
}

// Memory that is touched in order gets superpages once the pattern is seen; a touch here and there gets what it asks for.
func TestAnonymousSuperpages(t *testing.T) {
	w := newWorld(64 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		at, err := m.Allocate(0, 8*mach.SuperSize, true)
		if err != nil || at&(mach.SuperSize-1) != 0 {
			t.Fatalf("8 superpages of memory at %#x: %v", at, err)
		}
		w.mustStore(t, m, at+5*mach.SuperSize, 1)
		if m.Resident() > 2 {
			t.Fatalf("%d pages for one touch", m.Resident())
		}
		for va := at; va < at+4*mach.SuperSize; va += page {
			w.mustStore(t, m, va, byte(va>>12))
		}
		w.check(t)
		if n := superLeaves(m); n != 3 {
			t.Fatalf("%d superpages, want 3: the first showed the pattern", n)
		}
		for va := at; va < at+4*mach.SuperSize; va += page {
			w.expect(t, m, va, byte(va>>12))
		}
		// What protection split, the next write makes whole again; and so after copies.
		if err := m.Protect(at+mach.SuperSize+7*page, 3*page, false, mach.ProtRead); err != nil {
			t.Fatal(err)
		}
		if n := superLeaves(m); n != 2 {
			t.Fatalf("%d superpages, want 2 with one of them split", n)
		}
		if err := m.Protect(at+mach.SuperSize+7*page, 3*page, false, mach.ProtDefault); err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, m, at+mach.SuperSize+8*page, 1)
		if n := superLeaves(m); n != 3 {
			t.Fatalf("%d superpages after a protection was taken back", n)
		}
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		child.Destroy()
		w.mustStore(t, m, at+2*mach.SuperSize, 1)
		w.check(t)
		if n := superLeaves(m); n != 3 {
			t.Fatalf("%d superpages after a copy was given up", n)
		}
		m.Destroy()
	})
}

// Contiguous memory is mapped by superpages where it is large enough.
func TestContiguousSuperpages(t *testing.T) {
	w := newWorld(64 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, _, err := m.AllocateContiguous(3*mach.SuperSize+5*page, 0, 64<<20, mach.SuperSize); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		if n := superLeaves(m); n != 3 {
			t.Fatalf("%d superpages, want 3", n)
		}
		m.Destroy()
	})
}

// Whatever happens to memory in superpages, by the page: it reads as it should, and all frames come back.
func TestAnonymousSuperpagesAgainstModel(t *testing.T) {
	const pages = 4 * superPages
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(64 << 20)
		type task struct {
			m    *Map
			want map[int]byte // of the pages that are mapped
		}
		m := w.newMap(t)
		if _, err := m.Allocate(base, pages*page, false); err != nil {
			t.Fatal(err)
		}
		first := &task{m, map[int]byte{}}
		for i := range pages {
			w.mustStore(t, m, base+mach.VirtAddr(i)*page, byte(i))
			first.want[i] = byte(i)
		}
		if superLeaves(m) != 3 {
			t.Fatal("no superpages")
		}
		tasks := []*task{first}
		span := func(t *rapid.T) (from, n int) {
			from = rapid.IntRange(0, pages-1).Draw(t, "from")
			if rapid.Bool().Draw(t, "whole") {
				from &^= superPages - 1
				return from, superPages * rapid.IntRange(1, (pages-from)/superPages).Draw(t, "supers")
			}
			return from, rapid.IntRange(1, min(40, pages-from)).Draw(t, "pages")
		}
		pick := func(t *rapid.T) *task { return rapid.SampledFrom(tasks).Draw(t, "task") }
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				u := pick(t)
				from, n := span(t)
				for i := from; i < from+min(n, 40); i++ {
					if _, ok := u.want[i]; ok {
						u.want[i]++
						w.mustStore(t, u.m, base+mach.VirtAddr(i)*page, u.want[i])
					}
				}
			},
			"deallocate": func(t *rapid.T) {
				u := pick(t)
				from, n := span(t)
				if err := u.m.Deallocate(base+mach.VirtAddr(from)*page, uint64(n)*page); err != nil {
					t.Fatal(err)
				}
				for i := from; i < from+n; i++ {
					delete(u.want, i)
				}
			},
			"protect and back": func(t *rapid.T) {
				u := pick(t)
				from, n := span(t)
				for _, prot := range []mach.Prot{mach.ProtRead, mach.ProtDefault} {
					if err := u.m.Protect(base+mach.VirtAddr(from)*page, uint64(n)*page, false, prot); err != nil {
						t.Fatal(err)
					}
				}
			},
			"fork": func(t *rapid.T) {
				if len(tasks) > 3 {
					return
				}
				u := pick(t)
				child, err := u.m.Fork()
				if err != nil {
					t.Fatal(err)
				}
				c := &task{child, map[int]byte{}}
				for i, b := range u.want {
					c.want[i] = b
				}
				tasks = append(tasks, c)
			},
			"exit": func(t *rapid.T) {
				if len(tasks) == 1 {
					return
				}
				i := rapid.IntRange(0, len(tasks)-1).Draw(t, "who")
				tasks[i].m.Destroy()
				tasks = append(tasks[:i:i], tasks[i+1:]...)
			},
			"": func(t *rapid.T) {
				w.check(t)
				u := pick(t)
				from, n := span(t)
				for i := from; i < from+n; i += 1 + n/16 {
					if b, ok := u.want[i]; ok {
						w.expect(t, u.m, base+mach.VirtAddr(i)*page, b)
					} else if _, err := w.load(u.m, base+mach.VirtAddr(i)*page); err == nil {
						t.Fatalf("page %d is still there", i)
					}
				}
			},
		})
		for _, u := range tasks {
			u.m.Destroy()
		}
		if owned := w.env.Ledger().Total(); owned != w.env.NodeFrames() {
			t.Fatalf("%d frames are left, %d of them for tables", owned, w.env.NodeFrames())
		}
	})
}
