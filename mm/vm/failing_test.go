package vm

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

// attempt is an operation that runs out of what it needs. do fails with ResourceShortage or has done all. before checks what memory holds
// when do has failed, after when it has not. end gives up what the test itself holds; the maps go by themselves.
type attempt struct {
	do                 func() error
	before, after, end func()
}

// failInTurn has each allocation of an operation fail once: the first, the second, until it needs no more. Each time the code must be right,
// nothing may be lost, and the operation, tried again, succeeds.
func failInTurn(t *testing.T, name string, prepare func(t *testing.T, w *world) attempt) {
	t.Run(name, func(t *testing.T) {
		for n := 1; ; n++ {
			w := newWorld(16 << 20)
			w.env.Frames.Fuse = new(board.Fuse)
			if w.failsOnce(t, n, prepare) {
				if n == 1 {
					t.Fatal("nothing failed: the operation allocates nothing")
				}
				return
			}
			if n == 10000 {
				t.Fatal("there is no end of allocations")
			}
		}
	})
}

// failsOnce has the n-th allocation fail, and reports whether there were fewer.
func (w *world) failsOnce(t *testing.T, n int, prepare func(t *testing.T, w *world) attempt) (enough bool) {
	t.Helper()
	must(t, w.env.init())
	before, objects, entries := w.env.Frames.Stats(), w.env.pool.count, w.env.entryCount
	a := prepare(t, w)
	fuse := w.env.Frames.Fuse
	fuse.Light(n)
	err := a.do()
	blown := fuse.Blown()
	fuse.Light(0)
	w.allOwned(t)
	if err != nil {
		if !blown || mach.Code(err) != mach.ResourceShortage {
			t.Fatalf("allocation %d fails (%v): %v, want KERN_RESOURCE_SHORTAGE", n, blown, err)
		}
		if a.before != nil {
			a.before()
			w.allOwned(t)
		}
		if err = a.do(); err != nil {
			t.Fatalf("after allocation %d failed, with memory enough: %v", n, err)
		}
		w.allOwned(t)
	}
	if a.after != nil {
		a.after()
		w.allOwned(t)
	}
	if a.end != nil {
		a.end()
	}
	for w.env.maps != nil {
		w.env.maps.Destroy()
	}
	w.env.Settle()
	w.allOwned(t)
	after := w.env.Frames.Stats()
	if after.Free != before.Free || after.Reserved != before.Reserved || w.env.pool.count != objects || w.env.entryCount != entries {
		t.Fatalf("allocation %d: frames before %+v, after %+v; %d objects and %d entries are left", n, before, after, w.env.pool.count, w.env.entryCount)
	}
	return !blown
}

// allOwned verifies all invariants, and that the memory of the package is all that is taken.
func (w *world) allOwned(t fatal) {
	t.Helper()
	w.check(t)
	if taken, owned := w.env.Frames.Stats().Taken, w.env.Ledger().Total(); taken != owned {
		t.Fatalf("%d frames are taken, %d have an owner", taken, owned)
	}
}

// twelve is a map with twelve pages at base that hold 1 to 12.
func (w *world) twelve(t fatal) *Map {
	t.Helper()
	m := w.newMap(t)
	_, err := m.Allocate(base, 12*page, false)
	must(t, err)
	for i := range mach.VirtAddr(12) {
		w.mustStore(t, m, base+i*page, byte(i+1))
	}
	return m
}

// holds is a check that pages from va on hold n, n+1 and so on.
func (w *world) holds(t fatal, m *Map, va mach.VirtAddr, n byte, pages int) func() {
	return func() {
		t.Helper()
		for i := range pages {
			w.expect(t, m, va+mach.VirtAddr(i*page), n+byte(i))
		}
	}
}

func TestFailingMaps(t *testing.T) {
	failInTurn(t, "a new map", func(t *testing.T, w *world) attempt {
		return attempt{do: func() error { _, err := NewMap(w.env); return err }}
	})
	failInTurn(t, "vm_allocate", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		return attempt{do: func() error { _, err := m.Allocate(base, 3*page, false); return err }}
	})
	failInTurn(t, "vm_allocate beside memory", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		return attempt{do: func() error { _, err := m.Allocate(base+12*page, 3*page, false); return err }, after: w.holds(t, m, base, 1, 12)}
	})
	failInTurn(t, "vm_allocate that is wired", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		must(t, m.WireAll(false, true))
		size := m.Size()
		return attempt{
			do: func() error { _, err := m.Allocate(base+1<<30, 3*page, false); return err },
			before: func() {
				if m.Size() != size {
					t.Fatal("the memory that could not be wired is mapped")
				}
			},
		}
	})
	for name, f := range map[string]func(m *Map) error{
		"vm_deallocate": func(m *Map) error { return m.Deallocate(base+4*page, 2*page) },
		"vm_protect":    func(m *Map) error { return m.Protect(base+4*page, 2*page, false, mach.ProtRead) },
		"vm_inherit":    func(m *Map) error { return m.Inherit(base+4*page, 2*page, mach.InheritNone) },
		"vm_wire":       func(m *Map) error { return m.Wire(base+4*page, 2*page, mach.ProtDefault) },
	} {
		failInTurn(t, name, func(t *testing.T, w *world) attempt {
			m := w.twelve(t)
			return attempt{
				do:     func() error { return f(m) },
				before: w.holds(t, m, base, 1, 12),
				after:  func() { w.holds(t, m, base, 1, 4)(); w.holds(t, m, base+6*page, 7, 6)() },
			}
		})
	}
	failInTurn(t, "vm_wire_all of copy-on-write memory", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		child, err := m.Fork()
		must(t, err)
		_, err = m.Allocate(base+1<<30, 3*page, false)
		must(t, err)
		return attempt{do: func() error { return m.WireAll(true, true) }, before: w.holds(t, child, base, 1, 12), after: w.holds(t, m, base, 1, 12)}
	})
	failInTurn(t, "vm_allocate_contiguous", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		return attempt{do: func() error { _, _, err := m.AllocateContiguous(700*page, 0, 16<<20, page); return err }}
	})
	failInTurn(t, "sharing what is copy-on-write", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		child, err := m.Fork()
		must(t, err)
		var o *Object
		return attempt{
			do:    func() (err error) { o, _, err = m.Share(base, 12*page, mach.ProtAll); return err },
			after: func() { w.holds(t, m, base, 1, 12)(); w.holds(t, child, base, 1, 12)() },
			end:   func() { o.Release() },
		}
	})
	failInTurn(t, "fork", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		must(t, m.Inherit(base+2*page, 2*page, mach.InheritShare))
		must(t, m.Inherit(base+6*page, 2*page, mach.InheritNone))
		o := w.reserved(t, 4)
		mapObject(t, m, MapArgs{Address: base + 1<<30, Size: 4 * page, Object: o, Cur: mach.ProtDefault, Max: mach.ProtAll})
		o.Release()
		w.mustStore(t, m, base+1<<30, 1)
		_, err := m.Allocate(base+1<<32, page, false)
		must(t, err)
		must(t, m.Inherit(base+1<<32, page, mach.InheritShare))
		var child *Map
		return attempt{
			do:     func() (err error) { child, err = m.Fork(); return err },
			before: w.holds(t, m, base, 1, 12),
			after: func() {
				w.holds(t, child, base, 1, 6)()
				w.expect(t, child, base+1<<30, 1)
				w.mustStore(t, m, base+2*page, 77)
				w.expect(t, child, base+2*page, 77)
				w.mustStore(t, m, base, 78)
				w.expect(t, child, base, 1)
			},
		}
	})
}

func TestFailingFaults(t *testing.T) {
	touch := func(m *Map, w *world, va mach.VirtAddr, access mach.Prot) func() error {
		return func() error { _, err := w.touch(m, va, access); return err }
	}
	failInTurn(t, "zeros, read", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		_, err := m.Allocate(base, 600*page, false)
		must(t, err)
		return attempt{do: touch(m, w, base+100*page, mach.ProtRead)}
	})
	failInTurn(t, "zeros, written", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		_, err := m.Allocate(base, 1<<30, false)
		must(t, err)
		return attempt{do: touch(m, w, base+1<<29, mach.ProtWrite)}
	})
	failInTurn(t, "memory touched in order", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		at, err := m.Allocate(0, 2*mach.SuperSize, true)
		must(t, err)
		next := at
		return attempt{
			do: func() error {
				for ; next < at+2*mach.SuperSize; next += page {
					if err := w.store(m, next, byte(next>>12)); err != nil {
						return err
					}
				}
				return nil
			},
			after: func() {
				for va := at; va < next; va += page {
					w.expect(t, m, va, byte(va>>12))
				}
			},
		}
	})
	failInTurn(t, "copy-on-write", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		child, err := m.Fork()
		must(t, err)
		return attempt{
			do:     func() error { return w.store(child, base+3*page, 99) },
			before: w.holds(t, child, base, 1, 12),
			after:  func() { w.holds(t, m, base, 1, 12)(); w.expect(t, child, base+3*page, 99) },
		}
	})
	failInTurn(t, "an old page saved for a copy", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		must(t, m.Inherit(base, 12*page, mach.InheritShare))
		sharer, err := m.Fork()
		must(t, err)
		c, err := m.CopyMapIn(base, 12*page, false)
		must(t, err)
		return attempt{
			do:     func() error { return w.store(m, base+3*page, 99) },
			before: w.holds(t, sharer, base, 1, 12),
			after: func() {
				w.expect(t, sharer, base+3*page, 99)
				va, err := m.CopyMapOut(c)
				must(t, err)
				w.holds(t, m, va, 1, 12)()
			},
		}
	})
	failInTurn(t, "a superpage", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 2*superPages)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		o.Release()
		return attempt{do: func() error { return w.store(m, base+7*page, 7) }, after: func() { w.expect(t, m, base+7*page, 7) }}
	})
	failInTurn(t, "a superpage that is split", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 2*superPages)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		o.Release()
		w.mustStore(t, m, base+7*page, 7)
		return attempt{
			do: func() error {
				if err := m.Protect(base+8*page, page, false, mach.ProtRead); err != nil {
					return err
				}
				return w.store(m, base+9*page, 9)
			},
			after: func() { w.expect(t, m, base+7*page, 7); w.expect(t, m, base+9*page, 9) },
		}
	})
	failInTurn(t, "bytes written by the kernel", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		_, err := m.Allocate(base, 12*page, false)
		must(t, err)
		b := make([]byte, 5*page)
		b[2*page] = 5
		return attempt{do: func() error { return m.CopyOut(base+page, b) }, after: func() { w.expect(t, m, base+3*page, 5) }}
	})
}
