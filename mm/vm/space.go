package vm

import "defpager/mach"

// fit says where a range of free addresses may lie: size bytes whose first address has the bits of phase under mask.
type fit struct {
	size  uint64
	mask  mach.VirtAddr // one bits up to some position, then zeros; includes the page mask
	phase mach.VirtAddr
	limit mach.VirtAddr // exclusive end
}

// align is the first address at or above a that has the right phase, and whether there is one.
func (f *fit) align(a mach.VirtAddr) (mach.VirtAddr, bool) {
	r := a + (f.phase-a)&f.mask
	return r, r >= a
}

// parseMask turns vm_map's mask into a fit. One bits from the bottom ask for alignment; one bits from the top bound the
// address from above (GNU Mach). Anything else is not a mask.
func parseMask(mask mach.VirtAddr, size uint64) (fit, bool) {
	mask |= mach.PageMask
	low := mask &^ (mask + 1)
	f := fit{size: size, mask: low, limit: mach.MaxUser}
	if high := mask &^ low; high != 0 {
		bound := high & -high
		if -high != bound {
			return f, false
		}
		f.limit = min(f.limit, bound)
	}
	return f, true
}

// vacant is the first place at or above hint where f fits, and the entry before it. If there is none it goes on from the
// map's start.
func (m *Map) vacant(f *fit, hint mach.VirtAddr) (mach.VirtAddr, *Entry, bool) {
	hint = max(hint, mach.MinUser)
	if hint < f.limit {
		if va, e, ok := m.vacantFrom(f, hint); ok {
			return va, e, true
		}
	}
	if hint == mach.MinUser {
		return 0, nil, false
	}
	return m.vacantFrom(f, mach.MinUser)
}

func (m *Map) vacantFrom(f *fit, from mach.VirtAddr) (mach.VirtAddr, *Entry, bool) {
	for e := m.floor(from); e != nil; e = e.nextGap(f.size) {
		va, ok := f.align(max(from, e.end))
		if !ok || va >= f.limit || f.size > uint64(f.limit-va) {
			return 0, nil, false
		}
		if end := e.end + mach.VirtAddr(e.gap); va <= end && f.size <= uint64(end-va) {
			return va, e, true
		}
	}
	return 0, nil, false
}

// free finds the entry before the range [start, start+size), if the whole range lies in the user's space and nothing is
// mapped there. It fails with InvalidAddress and NoSpace.
func (m *Map) free(start mach.VirtAddr, size uint64) (*Entry, error) {
	if start < mach.MinUser || start >= mach.MaxUser || size > uint64(mach.MaxUser-start) {
		return nil, mach.InvalidAddress
	}
	e := m.floor(start)
	if start < e.end || size > uint64(e.end+mach.VirtAddr(e.gap)-start) {
		return nil, mach.NoSpace
	}
	return e, nil
}

// span is the page range that the bytes [addr, addr+size) touch, cut to the user's space.
func span(addr mach.VirtAddr, size uint64) (start, end mach.VirtAddr) {
	end = addr + mach.VirtAddr(size)
	if end < addr || end > mach.MaxUser {
		end = mach.MaxUser
	}
	start, end = max(addr.Trunc(), mach.MinUser), end.Round()
	if size == 0 || start >= end {
		return start, start
	}
	return start, end
}
