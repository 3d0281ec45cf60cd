package vm

import (
	"testing"

	"defpager/mach"
)

// Who keeps a reserved object's contents without mapping it sees frames taken out of its reservation, and zeros behind a limit that comes to lie
// within a page.
func TestWritePage(t *testing.T) {
	w := newWorld(1 << 20)
	r, err := w.env.Frames.Reserve(4)
	must(t, err)
	o, err := NewReserved(w.env, 3*page+100, r)
	must(t, err)
	full := make([]byte, page)
	for i := range full {
		full[i] = 7
	}
	if f, err := o.Page(1); f != 0 || err != nil {
		t.Fatal("a page that nobody wrote")
	}
	for _, n := range []mach.PageNumber{1, 3, 1} {
		must(t, o.WritePage(n, full))
		w.check(t)
	}
	if o.Resident() != 2 || o.promised != 2 {
		t.Fatalf("%d pages, %d promised", o.Resident(), o.promised)
	}
	holds := func(at int, want byte) {
		t.Helper()
		if f, err := o.Page(3); err != nil || w.env.Mem.Frame(f)[at] != want {
			t.Fatalf("byte %d of the last page is not %d", at, want)
		}
	}
	holds(99, 7)
	holds(100, 7) // somebody wrote there
	must(t, o.SetLimit(3*page+99))
	holds(98, 7)
	holds(99, 0)
	if err := o.WritePage(4, full); err != mach.InvalidArgument {
		t.Fatal(err)
	}
	must(t, o.SetLimit(1*page))
	if f, _ := o.Page(1); f != 0 || o.WritePage(1, full) != mach.InvalidArgument {
		t.Fatal("a page behind the limit")
	}
	o.Release()
	w.check(t)
}

// The pages of an overcommitted object go out and come back, and are written over wherever they are. What finds no room is refused, and nothing has changed.
func TestWriteOvercommittedPage(t *testing.T) {
	w := newWorld(1 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	w.returned(t, func() {
		const pages = 400 // more than there are frames
		o := w.overcommitted(t, pages)
		contents := func(b byte) []byte {
			data := make([]byte, page)
			data[0], data[page-1] = b, b
			return data
		}
		for n := range mach.PageNumber(pages) {
			must(t, o.WritePage(n, contents(byte(n))))
		}
		w.check(t)
		if out, _, _ := o.Paged(); out < 100 {
			t.Fatalf("%d pages are out", out)
		}
		must(t, o.WritePage(0, contents(200))) // which is out
		if n := len(s.pages); mach.PageNumber(n)+o.Resident() != pages {
			t.Fatalf("%d pages are kept and %d resident", n, o.Resident())
		}
		for n := range mach.PageNumber(pages) {
			f, err := o.Page(n)
			if want := byte(n); err != nil || f == 0 || n != 0 && w.env.Mem.Frame(f)[page-1] != want {
				t.Fatalf("page %d: %v", n, err)
			}
		}
		if f, _ := o.Page(0); w.env.Mem.Frame(f)[0] != 200 {
			t.Fatal("what was written over a page that was out")
		}
		w.check(t)
		s.room = 0
		n := mach.PageNumber(0)
		for ; n < pages && o.resident(n) != 0; n++ {
		}
		was := s.pages[o.at(n).token()]
		hoard, err := w.env.Frames.Reserve(w.env.Frames.Stats().Free - w.env.Frames.Stats().Reserved)
		must(t, err)
		if err := o.WritePage(n, contents(1)); mach.Code(err) != mach.ResourceShortage || s.pages[o.at(n).token()] != was {
			t.Fatal(err)
		}
		hoard.Release()
		s.room, s.slow = -1, true
		if _, err := o.Page(n); err != Wait {
			t.Fatal(err)
		}
		w.env.Forget()
		w.check(t)
		o.Release()
		if len(s.pages) != 0 {
			t.Errorf("%d pages are left", len(s.pages))
		}
	})
}
