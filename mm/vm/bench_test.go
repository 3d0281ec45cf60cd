package vm

import (
	"testing"

	"defpager/mach"
)

func TestHotPathsAllocateNothing(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	o := w.reserved(t, 4)
	args := MapArgs{Address: base, Size: 4 * page, Object: o, Cur: mach.ProtDefault, Max: mach.ProtAll}
	var b [100]byte
	cycle := func() {
		a := args
		if _, err := m.Map(&a); err != nil {
			t.Fatal(err)
		}
		if err := m.Fault(base+page, mach.ProtWrite); err != nil {
			t.Fatal(err)
		}
		if err := m.CopyOut(base+page-50, b[:]); err != nil {
			t.Fatal(err)
		}
		if err := m.CopyIn(b[:], base+2*page-50); err != nil {
			t.Fatal(err)
		}
		if err := m.Deallocate(base, 4*page); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	if n := testing.AllocsPerRun(100, cycle); n != 0 {
		t.Errorf("map, touch, copy and unmap allocate %v times", n)
	}
	objects := func() {
		r, err := w.env.Frames.Reserve(3)
		if err != nil {
			t.Fatal(err)
		}
		o, err := NewReserved(w.env, 3*page, r)
		if err != nil {
			t.Fatal(err)
		}
		o.Release()
	}
	objects()
	if n := testing.AllocsPerRun(100, objects); n != 0 {
		t.Errorf("making and freeing an object allocates %v times", n)
	}
}

func BenchmarkZeroFill(b *testing.B) {
	w := newWorld(64 << 20)
	m := w.newMap(b)
	const pages = 4096
	for i := 0; i < b.N; i += pages {
		if _, err := m.Allocate(base, pages*page, false); err != nil {
			b.Fatal(err)
		}
		for n := range mach.VirtAddr(pages) {
			if _, ok := m.Pmap().Translate(base+n*page, mach.ProtWrite); ok {
				continue
			}
			if err := m.Fault(base+n*page, mach.ProtWrite); err != nil {
				b.Fatal(err)
			}
		}
		if err := m.Deallocate(base, pages*page); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMapUnmap(b *testing.B) {
	w := newWorld(16 << 20)
	m := w.newMap(b)
	o := w.reserved(b, 4)
	for range b.N {
		a := MapArgs{Address: base, Size: 4 * page, Object: o, Cur: mach.ProtDefault, Max: mach.ProtAll}
		if _, err := m.Map(&a); err != nil {
			b.Fatal(err)
		}
		if err := m.Deallocate(base, 4*page); err != nil {
			b.Fatal(err)
		}
	}
}
