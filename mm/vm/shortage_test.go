package vm

import (
	"testing"

	"defpager/mach"
)

// hoard takes all frames that are not promised.
func (w *world) hoard(t *testing.T) (frames []mach.PhysAddr) {
	t.Helper()
	for s := w.env.Frames.Stats(); s.Free > s.Reserved; s = w.env.Frames.Stats() {
		f, err := w.env.Frames.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
	return frames
}

// TestCollapseWithoutMemory joins an object with its shadow when no radix node is to be had: it is left for later, and
// nobody sees a difference.
func TestCollapseWithoutMemory(t *testing.T) {
	run := func(first, step, n mach.VirtAddr) (pages []mach.VirtAddr) {
		for i := range n {
			pages = append(pages, first+i*step)
		}
		return pages
	}
	for _, c := range []struct {
		name         string
		below, above []mach.VirtAddr // pages, all different; the first has room for its node, the others have not
	}{
		{"few above many", run(0, 10, 40), []mach.VirtAddr{5, 700, 900}},
		{"many above few", []mach.VirtAddr{5, 700, 900}, run(0, 10, 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(16 << 20)
			w.returned(t, func() {
				m := w.newMap(t)
				if _, err := m.Allocate(base, 1024*page, false); err != nil {
					t.Fatal(err)
				}
				for i, n := range c.below {
					w.mustStore(t, m, base+n*page, byte(i+1))
				}
				copy, err := m.CopyMapIn(base, 1024*page, false)
				if err != nil {
					t.Fatal(err)
				}
				for i, n := range c.above {
					w.mustStore(t, m, base+n*page+1, byte(i+101))
				}
				see := func() {
					t.Helper()
					w.check(t)
					for i, n := range c.below {
						w.expect(t, m, base+n*page, byte(i+1))
					}
					for i, n := range c.above {
						w.expect(t, m, base+n*page+1, byte(i+101))
					}
					w.check(t)
				}
				var others []*Object // each is promised one node, so that none is left
				for w.env.nodes.free > w.env.nodes.promised {
					others = append(others, w.reserved(t, 2))
				}
				frames := w.hoard(t)
				copy.Discard()
				see()
				w.mustStore(t, m, base+c.above[0]*page+1, 101) // what was writable is so still
				see()
				for _, f := range frames {
					w.env.Frames.Free(f)
				}
				for _, o := range others {
					o.Release()
				}
				see()
				for i := range mach.VirtAddr(1024) {
					if _, err := w.touch(m, base+i*page, mach.ProtWrite); err != nil {
						t.Fatal(err)
					}
				}
				see()
				if o, _ := m.Region(base); o.Object.Shadow() != nil {
					t.Error("the object still has its shadow, with memory enough")
				}
				m.Destroy()
			})
		})
	}
}

// TestLostCopy: the writer of a reserved object goes on when there is no memory to save the old contents for a copy. The
// copy says so instead of showing what is new.
func TestLostCopy(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 8)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		copied := base + 16*page
		w.mustStore(t, m, base, 1)
		w.mustStore(t, m, base+page, 2)
		mapObject(t, m, MapArgs{Address: copied, Size: 8 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.mustStore(t, m, base+page, 3) // saved in time
		frames := w.hoard(t)
		w.mustStore(t, m, base, 4)
		w.check(t)
		w.expect(t, m, copied+page, 2)
		for _, f := range frames {
			w.env.Frames.Free(f)
		}
		for _, access := range []mach.Prot{mach.ProtRead, mach.ProtWrite} {
			if _, err := w.touch(m, copied, access); mach.Code(err) != mach.MemoryError {
				t.Errorf("%v of what was lost: %v, want KERN_MEMORY_ERROR", access, err)
			}
		}
		// A new copy is not worse for it.
		at := base + 32*page
		mapObject(t, m, MapArgs{Address: at, Size: 8 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.mustStore(t, m, base, 5)
		w.expect(t, m, at, 4)
		w.check(t)
		o.Release()
		m.Destroy()
	})
}

// TestSuperpageWithoutTable: a superpage was filled, and there was no table to map it by. The fault took another frame for
// a page that was there already.
func TestSuperpageWithoutTable(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 2*mach.SuperSize/page)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		frames := w.hoard(t)
		if _, err := w.touch(m, base+page, mach.ProtWrite); mach.Code(err) != mach.ResourceShortage {
			t.Errorf("a fault without page tables: %v, want KERN_RESOURCE_SHORTAGE", err)
		}
		w.check(t)
		for _, f := range frames {
			w.env.Frames.Free(f)
		}
		w.mustStore(t, m, base+page, 1)
		w.check(t)
		o.Release()
		m.Destroy()
	})
}

// TestWriteOnly: the processor cannot but read what may be written, also while it is copy-on-write.
func TestWriteOnly(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		if _, err := m.Allocate(base, page, false); err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, m, base, 1)
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Protect(base, page, false, mach.ProtWrite); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, base, 1)
		w.mustStore(t, m, base, 2)
		w.expect(t, m, base, 2)
		w.expect(t, child, base, 1)
		w.check(t)
		child.Destroy()
		m.Destroy()
	})
}

// TestEntryShares has maps take all the entries that they can get: the first leaves half of them, the next half of that.
func TestEntryShares(t *testing.T) {
	w := newWorld(32 << 20)
	w.env.MaxEntries = 8192
	for _, want := range []int{4096, 2048, 1024} {
		m, err := NewMap(w.env)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for at := mach.MinUser; err == nil; at += 2 * mach.PageSize {
			if _, err = m.Allocate(at, mach.PageSize, false); err == nil {
				n++
			}
		}
		if mach.Code(err) != mach.ResourceShortage || n < want-8 || n > want+8 {
			t.Errorf("%d entries, want about %d; %v", n, want, err)
		}
	}
}

// TestShrinkWithoutMemoryForTheCopy takes pages away from an object while there is no radix node for its copy to have them in: nobody goes on seeing the frames
// that others get then, not even those of pages behind the first that found no node.
func TestShrinkWithoutMemoryForTheCopy(t *testing.T) {
	const pages, apart = 20, nodeSlots * page // each page in a node of its own
	for name, make := range map[string]func(w *world) *Object{
		"reserved":      func(w *world) *Object { return w.reserved(t, pages*nodeSlots) },
		"overcommitted": func(w *world) *Object { return w.overcommitted(t, pages*nodeSlots) },
	} {
		w := newWorld(16 << 20)
		m, o := w.newMap(t), make(w)
		const second = base + pages*apart
		for _, copy := range []bool{false, true} {
			at := mach.VirtAddr(base)
			if copy {
				at = second
			}
			if _, err := m.Map(&MapArgs{Address: at, Size: pages * apart, Object: o, Copy: copy, Cur: mach.ProtDefault, Max: mach.ProtAll}); err != nil {
				t.Fatal(err)
			}
			for i := mach.VirtAddr(0); i < pages; i++ {
				if !copy {
					w.mustStore(t, m, at+i*apart, byte(i+1))
				}
				w.expect(t, m, at+i*apart, byte(i+1))
			}
		}
		hoarded := w.hoard(t)
		if err := o.SetLimit(0); err != nil {
			t.Fatal(name, err)
		}
		w.check(t)
		kept, lost := 0, 0
		for i := mach.VirtAddr(0); i < pages; i++ {
			switch got, err := w.load(m, second+i*apart); {
			case err == nil && got == byte(i+1):
				kept++
			case mach.Code(err) == mach.MemoryError:
				lost++
			default:
				t.Errorf("%s: page %d of the copy: %d, %v", name, i, got, err)
			}
		}
		if kept+lost != pages || name == "reserved" && lost < 2 { // the other gives a node back for each that is needed
			t.Errorf("%s: the copy has %d pages and lost %d, of %d", name, kept, lost, pages)
		}
		for _, f := range hoarded {
			w.env.Frames.Free(f)
		}
		m.Destroy()
		o.Release()
		w.check(t)
	}
}
