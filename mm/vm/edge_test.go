package vm

import (
	"testing"

	"defpager/mach"
)

// TestMasks asks for addresses by GNU Mach's masks: one bits at the bottom align, one bits at the top bound the address.
func TestMasks(t *testing.T) {
	w := newWorld(16 << 20)
	const bound = mach.MinUser + 1<<39 // a power of two: the bits from it up make a mask
	top := func(b mach.VirtAddr) mach.VirtAddr { return -b }
	for _, c := range []struct {
		name     string
		address  mach.VirtAddr
		size     uint64
		mask     mach.VirtAddr
		anywhere bool
		want     mach.Return
		at       mach.VirtAddr
	}{
		{"none", base + page, page, 0, true, mach.Success, base + page},
		{"page", base + page, page, mach.PageMask, true, mach.Success, base + page},
		{"64 KiB", base + page, page, 0xffff, true, mach.Success, base + 0x10000},
		{"1 GiB", base, page, mach.GiantSize - 1, true, mach.Success, mach.MinUser + mach.GiantSize},
		{"every bit", base, page, ^mach.VirtAddr(0), true, mach.NoSpace, 0},
		{"every bit, exact", base, page, ^mach.VirtAddr(0), false, mach.NoSpace, 0},
		{"a hole in the mask", base, page, 0x10_0fff, true, mach.NoSpace, 0},
		{"bounded", base, page, top(bound), true, mach.Success, base},
		{"bounded and aligned", base + page, page, top(bound) | 0xffff, true, mach.Success, base + 0x10000},
		{"from the bound on: from the start", bound, page, top(bound), true, mach.Success, mach.MinUser},
		{"the last page below the bound", bound - page, page, top(bound), true, mach.Success, bound - page},
		{"across the bound: from the start", bound - page, 2 * page, top(bound), true, mach.Success, mach.MinUser},
		{"a bound below the space", base, page, top(1 << 32), true, mach.NoSpace, 0},
		{"exact, below the bound", bound - page, page, top(bound), false, mach.Success, bound - page},
		{"exact, across the bound", bound - page, 2 * page, top(bound), false, mach.NoSpace, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := w.newMap(t)
			defer m.Destroy()
			at, err := m.Map(&MapArgs{
				Address: c.address, Size: c.size, Mask: c.mask, Anywhere: c.anywhere,
				Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
			})
			if got := mach.Code(err); got != c.want || err == nil && at != c.at {
				t.Errorf("vm_map answers %v, %#x; want %v, %#x", got, uint64(at), c.want, uint64(c.at))
			}
			w.check(t)
		})
	}
}

// TestFirstFit fills the gaps of a map in order, and wraps from the hint to the start.
func TestFirstFit(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		for i := range mach.VirtAddr(64) { // gaps of 1, 2, ... 64 pages behind pages that do not join
			at := mach.MinUser + 100*i*page
			if _, err := m.Allocate(at, (100-uint64(i))*page, false); err != nil {
				t.Fatal(err)
			}
			if err := m.Inherit(at, page, mach.InheritNone); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range []mach.VirtAddr{63, 1, 40, 7, 62, 2} {
			at, err := m.Allocate(0, uint64(n)*page, true)
			if want := mach.MinUser + (100*n+100-n)*page; err != nil || at != want {
				t.Errorf("%d pages are put at %#x, %v; the first gap is at %#x", n, uint64(at), err, uint64(want))
			}
			w.check(t)
		}
		a := MapArgs{
			Address: mach.MaxUser - page, Size: 2 * page, Anywhere: true,
			Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
		}
		if at, err := m.Map(&a); err != nil || at != mach.MinUser+397*page {
			t.Errorf("with a hint at the end: %#x, %v", uint64(at), err)
		}
		w.check(t)
		m.Destroy()
	})
}

// TestGrowInPlace: memory allocated behind memory is one region with one object, as of a heap that grows.
func TestGrowInPlace(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		for i := range mach.VirtAddr(10) {
			at := base + 3*i*page
			if _, err := m.Allocate(at, 3*page, false); err != nil {
				t.Fatal(err)
			}
			w.check(t)
			w.mustStore(t, m, at+2*page, byte(i))
			w.check(t)
		}
		r, err := m.Region(base)
		if err != nil || r.Size != 30*page || r.Object.Limit() != 30*page {
			t.Errorf("ten allocations in a row are %+v, %v", r, err)
		}
		for i := range mach.VirtAddr(10) {
			w.expect(t, m, base+3*i*page, 0)
			w.expect(t, m, base+(3*i+2)*page, byte(i))
		}
		w.check(t)
		m.Destroy()
	})
}

// TestHolders: an object lives with its holders and mappings, and tells the monitor what it is.
func TestHolders(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o, err := NewAnonymous(w.env, 5*page+1)
		if err != nil {
			t.Fatal(err)
		}
		o.Reference()
		m := w.newMap(t)
		mapObject(t, m, MapArgs{Address: base, Size: 6 * page, Object: o})
		w.mustStore(t, m, base+5*page, 1)
		if o.Refs() != 3 || o.Mapped() != 1 || o.Limit() != 5*page+1 || o.Kind() != "anonymous" || o.Resident() != 1 {
			t.Errorf("%s object %d: %d references, %d mappings, %d bytes, %d pages", o.Kind(), o.ID(), o.Refs(), o.Mapped(), o.Limit(), o.Resident())
		}
		if err := o.SetLimit(page); mach.Code(err) != mach.InvalidArgument {
			t.Errorf("a limit for an anonymous object: %v", err)
		}
		o.Release()
		w.check(t)
		m.Destroy()
		w.check(t)
		if o.Resident() != 1 {
			t.Error("the page went with the mapping, though the object has a holder")
		}
		o.Release()
		if w.env.Ledger().Total() != w.env.NodeFrames() {
			t.Errorf("%d frames are owned, %d of them by nodes, and nothing lives", w.env.Ledger().Total(), w.env.NodeFrames())
		}
	})
}

// TestKernelCopy sends bytes that the kernel wrote.
func TestKernelCopy(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		for _, size := range []int{0, 1, page - 1, page, page + 1, 3*page + 7} {
			b := make([]byte, size)
			for i := range b {
				b[i] = byte(i*7 + size)
			}
			c, err := NewCopy(w.env, b)
			if err != nil || c.Size() != uint64(size) {
				t.Fatalf("a copy of %d bytes: %v", size, err)
			}
			if err := c.ReadAt(make([]byte, 1), uint64(size)); mach.Code(err) != mach.InvalidArgument {
				t.Errorf("a byte behind a copy of %d bytes: %v", size, err)
			}
			at, err := m.CopyMapOut(c)
			if err != nil || (at == 0) != (size == 0) {
				t.Fatalf("%d bytes are at %#x, %v", size, uint64(at), err)
			}
			w.check(t)
			got := make([]byte, (size+page-1)&^(page-1))
			if err := m.CopyIn(got, at); err != nil || string(got[:size]) != string(b) {
				t.Errorf("%d bytes arrive as others, or %v", size, err)
			}
			for _, x := range got[size:] {
				if x != 0 {
					t.Fatalf("something follows %d bytes on their page", size)
				}
			}
		}
		m.Destroy()
	})
	frames := w.hoard(t)
	if _, err := NewCopy(w.env, make([]byte, 5)); mach.Code(err) != mach.ResourceShortage {
		t.Errorf("a copy without memory: %v", err)
	}
	w.check(t)
	if len(frames) == 0 {
		t.Error("there was memory for nothing")
	}
}

// TestFaultWithoutNodes gives the frame back when there is none for the tree that would hold it.
func TestFaultWithoutNodes(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	if _, err := m.Allocate(base, 64*page, false); err != nil {
		t.Fatal(err)
	}
	w.expect(t, m, base, 0) // the page table is there, and page 0 needs no node
	frames := w.hoard(t)
	for range 2 {
		w.env.Frames.Free(frames[0])
		if err := w.store(m, base+9*page, 1); err == nil {
			t.Fatal("a page and a node came out of one frame")
		} else if mach.Code(err) != mach.ResourceShortage {
			t.Fatalf("a fault without memory for a node: %v", err)
		}
		w.check(t)
		f, err := w.env.Frames.Alloc()
		if err != nil {
			t.Fatalf("the frame of a fault that failed is lost: %v", err)
		}
		frames[0] = f
	}
	for _, f := range frames[:2] {
		w.env.Frames.Free(f)
	}
	w.mustStore(t, m, base+9*page, 1)
	w.expect(t, m, base, 0)
	w.check(t)
}
