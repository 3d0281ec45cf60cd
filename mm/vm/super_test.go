package vm

import (
	"testing"

	"defpager/mach"
)

// TestSuperpagesFit maps objects of several superpages where one of them would show too much, or the wrong frames.
func TestSuperpagesFit(t *testing.T) {
	const super = mach.SuperSize / page
	for _, c := range []struct {
		name      string
		pages     mach.PageNumber // of the object
		first     mach.PageNumber // touched alone before, by a mapping of one page
		at        mach.VirtAddr   // page at which it is mapped
		offset, n uint64          // in pages
		touch     uint64          // page of the mapping
		large     bool            // a superpage is mapped
		resident  mach.PageNumber // pages of the object
		beyond    bool            // the page behind the touched one is beyond the object
		alone     bool            // the page behind is not of the mapping
	}{
		{name: "in step", pages: 2 * super, n: 2 * super, touch: 600, large: true, resident: super},
		{name: "in step by an offset", pages: 2 * super, at: 5, offset: 5, n: 2*super - 5, touch: 600, large: true, resident: super},
		{name: "out of step", pages: 2 * super, offset: 1, n: 2*super - 1, touch: 100, resident: 1},
		{name: "part of a superpage", pages: 2 * super, n: 300, touch: 299, resident: 1, alone: true},
		{name: "tail of an object", pages: super + 6, n: 2 * super, touch: super + 5, resident: 1, beyond: true},
		{name: "a page is there already", pages: 2 * super, first: 7, n: 2 * super, touch: 100, resident: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(32 << 20)
			w.returned(t, func() {
				o := w.reserved(t, c.pages)
				m := w.newMap(t)
				if c.first != 0 {
					mapObject(t, m, MapArgs{Address: base + 64*mach.SuperSize, Size: page, Object: o, Offset: c.first.Bytes()})
					w.mustStore(t, m, base+64*mach.SuperSize, 77)
				}
				start := base + c.at*page
				mapObject(t, m, MapArgs{Address: start, Size: c.n * page, Object: o, Offset: c.offset * page})
				va := start + mach.VirtAddr(c.touch)*page
				w.mustStore(t, m, va, 5)
				w.check(t)
				if leaf, ok := m.Pmap().Lookup(va); !ok || (leaf.Size == mach.SuperSize) != c.large || o.Resident() != c.resident {
					t.Errorf("%d pages are resident, mapped by %+v", o.Resident(), leaf)
				}
				_, err := w.load(m, va+page)
				switch {
				case c.beyond && mach.Code(err) != mach.MemoryError, c.alone && mach.Code(err) != mach.InvalidAddress, !c.beyond && !c.alone && err != nil:
					t.Errorf("the next page: %v", err)
				}
				if c.first != 0 {
					w.expect(t, m, start+mach.VirtAddr(c.first)*page, 77)
				}

				// Now a whole superpage is resident: other mappings of it show the same.
				whole := base + 16*mach.SuperSize
				mapObject(t, m, MapArgs{Address: whole, Size: o.Limit(), Object: o})
				w.mustStore(t, m, whole+3*page, 3)
				part := base + 32*mach.SuperSize
				mapObject(t, m, MapArgs{Address: part, Size: 100 * page, Object: o})
				w.expect(t, m, part+3*page, 3)
				shifted := base + 48*mach.SuperSize
				mapObject(t, m, MapArgs{Address: shifted, Size: 2 * mach.SuperSize, Object: o, Offset: page})
				w.expect(t, m, shifted+2*page, 3)
				w.check(t)
				if _, err := w.load(m, part+100*page); mach.Code(err) != mach.InvalidAddress {
					t.Errorf("behind a mapping of a part: %v", err)
				}
				w.expect(t, m, whole+mach.VirtAddr(c.touch+c.offset)*page, 5)
				o.Release()
				m.Destroy()
			})
		})
	}
}
