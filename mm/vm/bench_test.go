package vm

import (
	"testing"

	"defpager/mach"
)

// hot is a machine in steady state, with what the hot paths need: the pools have grown to their size.
type hot struct {
	*world
	m   *Map
	o   *Object // 64 pages, mapped shared at base
	buf []byte
}

func newHot(t testing.TB) *hot {
	h := &hot{world: newWorld(32 << 20), buf: make([]byte, 3*page)}
	h.m, h.o = h.newMap(t), h.reserved(t, 64)
	mapShared(t, h.m, base, h.o)
	for i := range mach.VirtAddr(64) {
		h.mustStore(t, h.m, base+i*page, byte(i))
	}
	return h
}

func (h *hot) must(err error) {
	if err != nil {
		panic(err)
	}
}

// The hot paths, each of which leaves the machine as it was.
var hotPaths = []struct {
	name string
	run  func(h *hot)
}{
	{"fault on a resident page", func(h *hot) {
		h.m.Pmap().Remove(base+5*page, base+6*page)
		h.must(h.m.Fault(base+5*page, mach.ProtRead))
	}},
	{"map, touch 4 pages, unmap", func(h *hot) {
		const at = base + 512*page
		_, err := h.m.Allocate(at, 4*page, false)
		h.must(err)
		for i := range mach.VirtAddr(4) {
			h.must(h.m.Fault(at+i*page, mach.ProtWrite))
		}
		h.must(h.m.Deallocate(at, 4*page))
	}},
	{"map, touch 100 pages, unmap", func(h *hot) {
		const at = base + 512*page
		_, err := h.m.Allocate(at, 100*page, false)
		h.must(err)
		for i := mach.VirtAddr(0); i < 100; i++ {
			h.must(h.m.CopyOut(at+i*page, h.buf[:8]))
		}
		h.must(h.m.Deallocate(at, 100*page))
	}},
	{"map an object, read it, unmap", func(h *hot) {
		const at = base + 1024*page
		_, err := h.m.Map(&MapArgs{Address: at, Size: 64 * page, Object: h.o, Cur: mach.ProtRead, Max: mach.ProtRead})
		h.must(err)
		h.must(h.m.CopyIn(h.buf, at+7))
		h.must(h.m.Deallocate(at, 64*page))
	}},
	{"copy in", func(h *hot) { h.must(h.m.CopyIn(h.buf, base+5)) }},
	{"copy out", func(h *hot) { h.must(h.m.CopyOut(base+5, h.buf)) }},
	{"protect and store", func(h *hot) {
		h.must(h.m.Protect(base+8*page, page, false, mach.ProtRead))
		h.must(h.m.Protect(base+8*page, page, false, mach.ProtDefault))
		h.must(h.m.Fault(base+8*page, mach.ProtWrite))
	}},
	{"send 2 pages by value", func(h *hot) {
		c, err := h.m.CopyMapIn(base, 2*page, false)
		h.must(err)
		at, err := h.m.CopyMapOut(c)
		h.must(err)
		h.must(h.m.Deallocate(at, 2*page))
	}},
	{"send 32 pages copy-on-write", func(h *hot) {
		c, err := h.m.CopyMapIn(base, 32*page, false)
		h.must(err)
		at, err := h.m.CopyMapOut(c)
		h.must(err)
		h.must(h.m.Fault(at, mach.ProtRead))
		h.must(h.m.Fault(base, mach.ProtWrite))
		h.must(h.m.Deallocate(at, 32*page))
	}},
	{"make and free an object", func(h *hot) {
		r, err := h.env.Frames.Reserve(3)
		h.must(err)
		o, err := NewReserved(h.env, 3*page, r)
		h.must(err)
		o.Release()
	}},
	{"grow and shrink an object", func(h *hot) {
		h.must(h.o.SetLimit(70 * page))
		h.must(h.o.SetLimit(64 * page))
	}},
}

// TestHotPathsAllocateNothing keeps the kernel's own collector out of faults and messages.
func TestHotPathsAllocateNothing(t *testing.T) {
	for _, p := range hotPaths {
		t.Run(p.name, func(t *testing.T) {
			h := newHot(t)
			p.run(h)
			before := h.env.Frames.Stats()
			if n := testing.AllocsPerRun(50, func() { p.run(h) }); n != 0 {
				t.Errorf("%v allocations on the Go heap, want none", n)
			}
			if after := h.env.Frames.Stats(); after.Free != before.Free || after.Reserved != before.Reserved {
				t.Errorf("frames before %+v, after %+v", before, after)
			}
			h.check(t)
		})
	}
}

func BenchmarkHotPaths(b *testing.B) {
	for _, p := range hotPaths {
		b.Run(p.name, func(b *testing.B) {
			h := newHot(b)
			b.ReportAllocs()
			for b.Loop() {
				p.run(h)
			}
			h.check(b)
		})
	}
}

// BenchmarkFork is the fork of a task of 16 regions, a store on each side, and the child's end.
func BenchmarkFork(b *testing.B) {
	h := newHot(b)
	for i := range mach.VirtAddr(16) {
		at := base + (1024+i*64)*page
		if _, err := h.m.Allocate(at, 32*page, false); err != nil {
			b.Fatal(err)
		}
		h.mustStore(b, h.m, at, 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		child, err := h.m.Fork()
		h.must(err)
		h.must(h.m.Fault(base+1024*page, mach.ProtWrite))
		h.must(child.Fault(base+1024*page, mach.ProtWrite))
		child.Destroy()
	}
	h.check(b)
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
