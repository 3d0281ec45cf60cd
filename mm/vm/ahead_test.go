package vm

import (
	"fmt"
	"testing"

	"defpager/mach"
)

// inherited is a task with n pages that hold 1, 2 and so on, and its child, which has a copy of them.
func (w *world) inherited(t fatal, n int) (parent, child *Map) {
	t.Helper()
	parent = w.filled(t, n, 1)
	child, err := parent.Fork()
	must(t, err)
	return parent, child
}

// TestWritesInOrderCopyAhead writes copied pages in order: the rest of the window is copied too, and is the writer's own then.
func TestWritesInOrderCopyAhead(t *testing.T) {
	const n = 40
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *world, parent, child *Map) // between the copy and the writes
		copies uint64                                           // that the two writes make
	}{
		{"a copy", func(*testing.T, *world, *Map, *Map) {}, window},
		{"a page that the child has", func(t *testing.T, w *world, _, child *Map) { w.mustStore(t, child, at(7), 8) }, 7},
		{"pages that were read before", func(t *testing.T, w *world, _, child *Map) { w.holds(t, child, base, 1, n)() }, window},
		{"a copy of a copy", func(t *testing.T, w *world, _, child *Map) {
			w.mustStore(t, child, at(30), 31)
			_, err := child.Fork()
			must(t, err)
		}, window},
		{"pages that are shared now", func(t *testing.T, w *world, _, child *Map) {
			must(t, child.Inherit(base, n*page, mach.InheritShare))
			_, err := child.Fork()
			must(t, err)
		}, 2},
		{"pages that are copied further", func(t *testing.T, w *world, _, child *Map) {
			must(t, child.Inherit(base, n*page, mach.InheritShare))
			_, err := child.Fork()
			must(t, err)
			c, err := child.CopyMapIn(base, n*page, false)
			must(t, err)
			_, err = child.CopyMapOut(c)
			must(t, err)
		}, 4},
		{"pages that are out", func(t *testing.T, w *world, parent, _ *Map) {
			w.env.Backing = newStore(w.env)
			w.env.sweep(n, 3*n)
			w.expect(t, parent, at(0), 1)
			w.expect(t, parent, at(1), 2)
			w.expect(t, parent, at(2), 3)
		}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(16 << 20)
			parent, child := w.inherited(t, n)
			c.change(t, w, parent, child)
			w.check(t)
			before := w.env.Counters()
			for i := range 2 {
				w.mustStore(t, child, at(i), 100)
				w.check(t)
			}
			if after := w.env.Counters(); after.CopyFaults-before.CopyFaults != c.copies || after.ZeroFills != before.ZeroFills {
				t.Errorf("%d copies, want %d; %d zero fills", after.CopyFaults-before.CopyFaults, c.copies, after.ZeroFills-before.ZeroFills)
			}
			for i := 2; i < n; i++ {
				w.mustStore(t, parent, at(i), 200)
				w.expect(t, child, at(i), byte(i+1))
				w.check(t)
			}
			w.holds(t, parent, base, 1, 2)()
			for i := range n {
				w.mustStore(t, child, at(i), byte(50+i))
				w.check(t)
			}
			w.holds(t, child, base, 50, n)()
			w.expect(t, parent, at(n-1), 200)
		})
	}
}

// TestWritesInOrderFillHoles writes to a copy of memory of which its owner never touched all: what is nowhere is zeros.
func TestWritesInOrderFillHoles(t *testing.T) {
	w := newWorld(16 << 20)
	parent := w.newMap(t)
	_, err := parent.Allocate(base, 40*page, false)
	must(t, err)
	for _, i := range []int{1, 5, 6, 33} {
		w.mustStore(t, parent, at(i), byte(i))
	}
	child, err := parent.Fork()
	must(t, err)
	for i := range 40 {
		if i%3 == 0 {
			w.mustStore(t, child, at(i)+1, 9)
			w.check(t)
		}
		w.mustStore(t, child, at(i)+2, 9)
		w.check(t)
	}
	for i := range 40 {
		want := byte(0)
		switch i {
		case 1, 5, 6, 33:
			want = byte(i)
		}
		w.expect(t, child, at(i), want)
		w.expect(t, parent, at(i)+2, 0)
	}
	w.check(t)
}

func TestFailingRuns(t *testing.T) {
	failInTurn(t, "copies in order", func(t *testing.T, w *world) attempt {
		_, child := w.inherited(t, 40)
		next := 0
		return attempt{
			do: func() error {
				for ; next < 40; next++ {
					if err := w.store(child, at(next), byte(50+next)); err != nil {
						return err
					}
				}
				return nil
			},
			before: func() { w.holds(t, child, base, 50, next)(); w.holds(t, child, at(next), byte(1+next), 40-next)() },
			after:  w.holds(t, child, base, 50, 40),
		}
	})
	failInTurn(t, "copies in order of a superpage", func(t *testing.T, w *world) attempt {
		parent := w.newMap(t)
		_, err := parent.Allocate(base, 2*mach.SuperSize, false)
		must(t, err)
		for i := range superPages + 1 {
			w.mustStore(t, parent, at(i), byte(i))
		}
		child, err := parent.Fork()
		must(t, err)
		w.expect(t, child, at(superPages), 0)
		if leaf, ok := child.Pmap().Lookup(at(superPages)); !ok || leaf.Size != mach.SuperSize {
			t.Fatalf("the child reads through %+v", leaf)
		}
		next := superPages
		return attempt{
			do: func() error {
				for ; next < superPages+20; next++ {
					if err := w.store(child, at(next), 7); err != nil {
						return err
					}
				}
				return nil
			},
			before: w.holds(t, parent, base, 0, superPages),
			after: func() {
				w.holds(t, parent, base, 0, superPages)()
				w.expect(t, parent, at(superPages+1), 0)
				w.expect(t, child, at(superPages+19), 7)
				w.expect(t, child, at(superPages+20), 0)
			},
		}
	})
}

// TestManagerIsAskedAhead reads a manager's pages in order: it is asked for the next ones too, as far as they are mapped, and never for more than
// half of what it may be asked at a time.
func TestManagerIsAskedAhead(t *testing.T) {
	requests := func(from, to int) (list []string) {
		for n := from; n < to; n++ {
			list = append(list, fmt.Sprintf("request %#x+0x1000 r--", n*page))
		}
		return list
	}
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	for n := range 3 {
		x := w.waits(t, m, at(n), mach.ProtRead)
		g.expect(t, requests(n, n+1)...) // nobody knows yet what comes next
		must(t, w.supply(t, o, uint64(n)*page, 0, false, byte(n+1)))
		x.mustEnd(t, nil)
		w.expect(t, m, at(n), byte(n+1))
	}
	x := w.waits(t, m, at(3), mach.ProtRead)
	g.expect(t, requests(3, 11)...)
	must(t, w.supply(t, o, 3*page, 0, false, 4, 5, 6, 7, 8))
	x.mustEnd(t, nil)
	faults := m.Counters().Faults
	w.holds(t, m, base, 1, 8)()
	if n := m.Counters().Faults - faults; n != 1 {
		t.Errorf("%d faults for pages that lie there in a row", n)
	}
	must(t, o.Unavailable(8*page, 3*page))
	for n := 8; n < 11; n++ {
		w.expect(t, m, at(n), 0)
	}
	g.expect(t)

	// What the manager does not answer counts. Somebody who needs a page comes before.
	x = w.waits(t, m, at(11), mach.ProtRead)
	g.expect(t, requests(11, 19)...)
	y := w.waits(t, m, at(40), mach.ProtRead)
	z := w.waits(t, m, at(19), mach.ProtRead)
	g.expect(t, append(requests(40, 41), requests(19, 20)...)...)
	must(t, o.Refuse(11*page, 53*page))
	x.mustEnd(t, mach.MemoryError)
	y.mustEnd(t, mach.MemoryError)
	z.mustEnd(t, mach.MemoryError)

	// The last page that is mapped is the last that is asked for.
	must(t, w.supply(t, o, 58*page, 0, false, 59, 60, 61))
	w.expect(t, m, at(60), 61)
	x = w.waits(t, m, at(61), mach.ProtRead)
	g.expect(t, requests(61, 64)...)
	must(t, o.Refuse(61*page, 3*page))
	x.mustEnd(t, mach.MemoryError)
}
