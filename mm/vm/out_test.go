package vm

import "testing"

// out counts the pages of m that are paged out.
func out(m *Map) (n int) {
	for range m.Out {
		n++
	}
	return n
}

func TestPagingIsCountedInWhoseMemoryItIs(t *testing.T) {
	w, m, _ := paged(t, 8)
	other := w.newMap(t)
	if _, err := other.Allocate(base, page, false); err != nil {
		t.Fatal(err)
	}
	w.env.sweep(8, 100)
	if c := m.Counters(); c.PageOuts != 8 || c.PageIns != 0 || out(m) != 8 {
		t.Fatalf("counted %+v, and %d pages are out", c, out(m))
	}
	for i := range 3 {
		w.expect(t, m, at(i), byte(i+1))
	}
	if c := m.Counters(); c.PageIns != 3 || out(m) != 5 {
		t.Errorf("counted %+v, and %d pages are out", c, out(m))
	}
	if c := other.Counters(); c.PageOuts != 0 || c.PageIns != 0 || out(other) != 0 {
		t.Errorf("the other counts %+v, and %d pages are out", c, out(other))
	}
	if o, ins, outs := m.head.next.object.Paged(); o != 5 || ins != 3 || outs != 8 {
		t.Errorf("the object counts %d out, %d page-ins, %d page-outs", o, ins, outs)
	}
	w.check(t)
}

// A page below, which both see, goes out of both maps; what a child has of its own hides it there.
func TestPagingBelowCopies(t *testing.T) {
	const n = 40
	w, m, _ := paged(t, n)
	child, err := m.Fork()
	if err != nil {
		t.Fatal(err)
	}
	w.mustStore(t, child, at(0), 100)
	w.env.sweep(100, 400)
	w.check(t)
	if a, b := m.Counters().PageOuts, child.Counters().PageOuts; a != n || b != n || out(m) != n || out(child) != n {
		t.Fatalf("page-outs of the two: %d and %d; out now: %d and %d", a, b, out(m), out(child))
	}
	for i := range n {
		want := byte(i + 1)
		if i == 0 {
			want = 100
		}
		w.expect(t, child, at(i), want)
	}
	if a, b := m.Counters().PageIns, child.Counters().PageIns; a != 0 || b != n || out(m) != 1 || out(child) != 0 {
		t.Errorf("page-ins of the two: %d and %d; out now: %d and %d", a, b, out(m), out(child))
	}
	if err := child.Deallocate(at(0), 3*page); err != nil {
		t.Fatal(err)
	}
	w.env.sweep(100, 400)
	if got := out(child); got != n-3 {
		t.Errorf("%d pages are out of those that are mapped, want %d", got, n-3)
	}
	w.check(t)
}
