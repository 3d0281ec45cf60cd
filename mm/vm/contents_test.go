package vm

import (
	"testing"

	"defpager/mach"
)

// Who keeps a reserved object's contents without mapping it sees frames taken out of its reservation, and zeros behind a limit within a page.
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
	if _, ok := o.Page(1); ok {
		t.Fatal("a page that nobody wrote")
	}
	for _, n := range []mach.PageNumber{1, 3, 1} {
		must(t, o.WritePage(n, full))
		w.check(t)
	}
	if o.Resident() != 2 || o.promised != 2 {
		t.Fatalf("%d pages, %d promised", o.Resident(), o.promised)
	}
	if f, ok := o.Page(3); !ok || w.env.Mem.Frame(f)[99] != 7 || w.env.Mem.Frame(f)[100] != 0 {
		t.Fatal("what lies behind the limit is no zero")
	}
	if err := o.WritePage(4, full); err != mach.InvalidArgument {
		t.Fatal(err)
	}
	must(t, o.SetLimit(1*page))
	if _, ok := o.Page(1); ok || o.WritePage(1, full) != mach.InvalidArgument {
		t.Fatal("a page behind the limit")
	}
	o.Release()
	w.check(t)
}
