package frame

import (
	"math/bits"

	"defpager/mach"
)

// AllocWithin hands out n zeroed frames in a row, all at or above lo and below hi, the first at a multiple of align, a power of two of at
// least a page. The error is ResourceShortage when there is no such row, or its frames are promised; a row has at most 2^MaxOrder frames.
// It looks at every free block.
func (a *Allocator) AllocWithin(n mach.PageNumber, lo, hi, align mach.PhysAddr) (mach.PhysAddr, error) {
	order := uint(bits.Len64(uint64(n - 1)))
	if n == 0 || order > MaxOrder || a.free < a.reserved+uint64(n) || a.Fuse.Blows() {
		return 0, mach.ResourceShortage
	}
	at, from, ok := a.search(order, lo, hi, align)
	if !ok {
		a.join()
		if at, from, ok = a.search(order, lo, hi, align); !ok {
			return 0, mach.ResourceShortage
		}
	}
	o := uint(a.table[from].order)
	a.unlink(from)
	for o > order {
		o--
		if half := from + 1<<o; at >= half {
			a.push(from, o)
			from = half
		} else {
			a.push(half, o)
		}
	}
	a.table[at].state, a.table[at].order = taken, uint8(order)
	a.free -= 1 << order
	p := physical(at)
	a.FreeRange(p+mach.PhysAddr(n.Bytes()), mach.PageNumber(1)<<order-n)
	for i := range n {
		Zero(a.mem.Frame(p + mach.PhysAddr(i.Bytes())))
	}
	return p, nil
}

// search finds a free block, and in it the first place for 2^order frames that is as AllocWithin says.
func (a *Allocator) search(order uint, lo, hi, align mach.PhysAddr) (at, block uint32, ok bool) {
	size := uint64(mach.PageSize) << order
	step := max(uint64(align), size)
	for o := order; o <= MaxOrder; o++ {
		for b := a.heads[o]; b != none; b = a.table[b].next {
			start := max(uint64(physical(b)), uint64(lo))
			if start > ^uint64(0)-step {
				continue
			}
			start = (start + step - 1) &^ (step - 1)
			end := min(uint64(physical(b))+mach.PageSize<<o, uint64(hi))
			if start < end && size <= end-start {
				return uint32(start >> mach.PageShift), b, true
			}
		}
	}
	return 0, 0, false
}

// FreeRange takes back n frames from p on, which may be parts of blocks.
func (a *Allocator) FreeRange(p mach.PhysAddr, n mach.PageNumber) {
	for n != 0 {
		order := min(uint(bits.TrailingZeros64(uint64(p>>mach.PageShift)|1<<MaxOrder)), uint(bits.Len64(uint64(n)))-1)
		a.FreeOrder(p, order)
		p += mach.PhysAddr(uint64(mach.PageSize) << order)
		n -= 1 << order
	}
}
