// Package frame hands out physical page frames.
//
// Frames live in buddy blocks of 4 KiB to 1 GiB; beside the blocks stand single frames that came back lately, and a stack of those that are zeroed already,
// which the background zeroer keeps filled. A Reservation is a promise: as long as it holds pages, Take cannot fail. Every frame is zeroed before it is
// handed out, so nobody sees what its last owner wrote; but for AllocDirty, whose caller overwrites all of it.
//
// Invariants: free + taken == total, and reserved <= free. Take, Put, Alloc and Free are O(MaxOrder), allocate nothing on Go's
// heap and never block. Precondition of every method: the caller holds the kernel lock.
package frame

import (
	"math/bits"

	"defpager/board"
	"defpager/mach"
)

// Allocator owns the usable frames of the machine.
type Allocator struct {
	// Fuse has tests make what may fail fail; nil: nothing fails without need.
	Fuse *board.Fuse

	mem   board.Memory
	table []Desc

	heads   [MaxOrder + 1]uint32 // free lists by order
	filled  uint32               // bit o: heads[o] is not empty
	stack   uint32               // top of the zeroed stack
	stacked uint64               // frames on it
	loose   uint32               // the last single frame that came back and was not joined with its neighbours yet
	loosed  uint64               // how many they are

	stale   []uint64 // a bit for each frame: it came back since it was zeroed last
	unclean bool     // a frame came back since Scrub found nothing to do

	total    uint64 // frames that are ours
	free     uint64 // frames in lists and on the stack
	reserved uint64 // of those, promised
	missing  uint64 // see Missing
}

// Stats counts frames. Total == Free + Taken; Reserved and Zeroed are parts of Free.
type Stats struct {
	Total    mach.PageNumber // frames the allocator was given
	Free     mach.PageNumber // not handed out
	Taken    mach.PageNumber // handed out
	Reserved mach.PageNumber // promised, and not handed out yet
	Zeroed   mach.PageNumber // zeroed ahead of need
}

// New makes an allocator of the frames in usable, whose ranges are page aligned and do not overlap. table has one Desc for each
// frame below mem.Limit() and its memory is the allocator's from now on; it may lie outside Go's heap.
func New(mem board.Memory, table []Desc, usable []board.Range) *Allocator {
	a := &Allocator{mem: mem, table: table, stack: none, loose: none, stale: make([]uint64, (len(table)+63)/64)}
	for o := range a.heads {
		a.heads[o] = none
	}
	clear(table)
	for _, r := range usable {
		n, last := uint64(r.Start)>>mach.PageShift, uint64(r.End())>>mach.PageShift
		for n < last {
			o := min(uint(bits.TrailingZeros64(n|1<<MaxOrder)), uint(bits.Len64(last-n))-1)
			for i := n; i < n+1<<o; i++ {
				if table[i].state != foreign {
					panic("frame: usable ranges overlap")
				}
				table[i].state = inside
			}
			a.total += 1 << o
			a.free += 1 << o
			a.push(uint32(n), o)
			n += 1 << o
		}
	}
	return a
}

// Stats counts the frames as they are now.
func (a *Allocator) Stats() Stats {
	return Stats{
		Total: mach.PageNumber(a.total), Free: mach.PageNumber(a.free), Taken: mach.PageNumber(a.total - a.free),
		Reserved: mach.PageNumber(a.reserved), Zeroed: mach.PageNumber(a.stacked),
	}
}

// Alloc hands out one zeroed frame outside any reservation. The error is ResourceShortage when all free frames are promised.
func (a *Allocator) Alloc() (mach.PhysAddr, error) {
	if a.free <= a.reserved || a.Fuse.Blows() {
		return 0, a.refuse(1)
	}
	return a.takeZeroed(), nil
}

// AllocDirty is Alloc without zeroing: the caller overwrites all of the frame before anybody else sees it.
func (a *Allocator) AllocDirty() (mach.PhysAddr, error) {
	if a.free <= a.reserved || a.Fuse.Blows() {
		return 0, a.refuse(1)
	}
	return a.takeDirty(), nil
}

// refuse notes that so many frames were too few.
func (a *Allocator) refuse(frames uint64) error {
	a.missing = max(a.missing, frames)
	return mach.ResourceShortage
}

// Missing is how many more frames whoever was refused some since the last Met would have needed, at least; the most that anybody did.
// Blocks do not count, and neither do more frames than there are.
func (a *Allocator) Missing() mach.PageNumber { return mach.PageNumber(a.missing) }

// Short reports whether fewer than n frames are free and promised to nobody, or some are missing.
func (a *Allocator) Short(n mach.PageNumber) bool {
	return a.missing != 0 || a.free-a.reserved < uint64(n)
}

// Met says that something was done about what is missing.
func (a *Allocator) Met() { a.missing = 0 }

// AllocOrder hands out 2^order zeroed frames in one block, aligned to its size. The error is ResourceShortage when no such
// block is free or its frames are promised.
func (a *Allocator) AllocOrder(order uint) (mach.PhysAddr, error) {
	if order > MaxOrder || a.free < a.reserved+1<<order || a.Fuse.Blows() {
		return 0, mach.ResourceShortage
	}
	p, ok := a.takeBlock(order)
	if !ok {
		return 0, mach.ResourceShortage
	}
	return p, nil
}

// Free takes back a frame that Alloc, AllocDirty or a reservation handed out.
func (a *Allocator) Free(p mach.PhysAddr) { a.FreeOrder(p, 0) }

// FreeOrder takes back a block that AllocOrder handed out, or an aligned part of one. Giving back what is not taken is a kernel bug, and panics.
func (a *Allocator) FreeOrder(p mach.PhysAddr, order uint) {
	n := uint32(p >> mach.PageShift)
	if p&mach.PageMask != 0 || uint64(n)+1<<order > uint64(len(a.table)) || n&(1<<order-1) != 0 {
		panic("frame: freeing what is not a block: " + hex(p))
	}
	d := &a.table[n]
	if d.state != taken || uint(d.order) != order {
		a.carve(n, order)
	}
	a.free += 1 << order
	a.unclean = true
	if order != 0 {
		a.soil(n, order)
	} else if a.stale[n/64] |= 1 << (n % 64); a.loosed < looseMax {
		a.table[n] = Desc{next: a.loose, prev: none, state: loose}
		a.loose = n
		a.loosed++
		return
	}
	a.insert(n, order)
}

// looseMax is how many single frames wait for their next owner before frames are joined into blocks again: splitting and joining costs more
// than the rest of what is done with a frame, apart from zeroing it.
const looseMax = 1024

// single takes one frame that is not zeroed out of the lists.
func (a *Allocator) single() (uint32, bool) {
	n := a.loose
	if n == none {
		return a.pop(0)
	}
	a.loose = a.table[n].next
	a.loosed--
	return n, true
}

// carve makes the block of that order at n a taken block of its own, when it is part of a larger taken block: a superpage that
// was split is given back in pieces.
func (a *Allocator) carve(n uint32, order uint) {
	for o := order; o <= MaxOrder; o++ {
		first := n &^ (1<<o - 1)
		d := &a.table[first]
		if d.state != taken || uint(d.order) < o {
			continue
		}
		for size := uint(d.order); size > order; {
			size--
			low, high := first, first+1<<size
			a.table[low] = Desc{state: taken, order: uint8(size)}
			a.table[high] = Desc{state: taken, order: uint8(size)}
			if n >= high {
				first = high
			}
		}
		return
	}
	panic("frame: freeing a frame that is not taken: " + hex(physical(n)))
}

// takeZeroed hands out one zeroed frame; the caller has checked that there is one.
func (a *Allocator) takeZeroed() mach.PhysAddr {
	n := a.stack
	if n == none {
		p := a.takeDirty()
		Zero(a.mem.Frame(p))
		return p
	}
	d := &a.table[n]
	a.stack = d.next
	a.stacked--
	a.free--
	d.state, d.order = taken, 0
	return physical(n)
}

// takeDirty hands out one frame with whatever it holds; the caller has checked that there is one.
func (a *Allocator) takeDirty() mach.PhysAddr {
	n := a.loose
	if n == none {
		return a.takeSettled()
	}
	d := &a.table[n]
	a.loose = d.next
	a.loosed--
	d.state, d.order = taken, 0
	a.free--
	return physical(n)
}

// takeSettled is takeDirty when no loose frame is left.
func (a *Allocator) takeSettled() mach.PhysAddr {
	n, ok := a.pop(0)
	if !ok {
		n = a.stack
		a.stack = a.table[n].next
		a.stacked--
	}
	a.table[n].state, a.table[n].order = taken, 0
	a.free--
	return physical(n)
}

// takeBlock hands out a zeroed block; the caller has checked the count.
func (a *Allocator) takeBlock(order uint) (mach.PhysAddr, bool) {
	n, ok := a.pop(order)
	if !ok {
		a.join() // single frames may be what keeps a block from being whole
		if n, ok = a.pop(order); !ok {
			return 0, false
		}
	}
	a.table[n].state, a.table[n].order = taken, uint8(order)
	a.free -= 1 << order
	p := physical(n)
	for i := range uint64(1) << order {
		Zero(a.mem.Frame(p + mach.PhysAddr(i<<mach.PageShift)))
	}
	return p, true
}

// join moves the zeroed and the loose frames back into the buddy lists.
func (a *Allocator) join() {
	for a.stack != none {
		n := a.stack
		a.stack = a.table[n].next
		a.stacked--
		a.insert(n, 0)
	}
	for a.loose != none {
		n, _ := a.single()
		a.insert(n, 0)
	}
}

// ZeroSome zeroes up to max frames ahead of need and returns how many it did; 0 says that enough are ready.
func (a *Allocator) ZeroSome(max int) int {
	done := 0
	for ; done < max && a.stacked < a.zeroTarget(); done++ {
		n, ok := a.single()
		if !ok {
			break
		}
		Zero(a.mem.Frame(physical(n)))
		a.stale[n/64] &^= 1 << (n % 64)
		a.table[n] = Desc{next: a.stack, prev: none, state: zeroed}
		a.stack = n
		a.stacked++
	}
	return done
}

// zeroTarget is how many frames ZeroSome keeps zeroed: a quarter of what is free, at most 64 MiB.
func (a *Allocator) zeroTarget() uint64 { return min(a.free/4, 64<<20>>mach.PageShift) }

// Zero clears a frame. Every zeroing of the kernel goes through it.
func Zero(f *[mach.PageSize]byte) { board.ClearPage(f) }

func hex(p mach.PhysAddr) string {
	const digits = "0123456789abcdef"
	var b [18]byte
	copy(b[:], "0x")
	for i := range 16 {
		b[17-i] = digits[p>>(4*i)&15]
	}
	return string(b[:])
}
