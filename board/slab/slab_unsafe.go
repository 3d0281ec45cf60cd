// Package slab keeps the kernel's many small structures in page frames instead of on Go's heap: ports, names, map entries. So a task with a
// million of them costs frames, which go back when they are gone, and the garbage collector has nothing to look at.
//
// What lies here is invisible to the collector. Therefore everything on the heap that a structure points to must be reachable from the heap
// as well, for as long as the structure points to it: a pool's user says why that is so where it declares the structure.
package slab

import (
	"math/bits"
	"unsafe"

	"defpager/board"
	"defpager/mach"
)

// Source is where pools get their frames. Pools without one use Go's heap: for tests on the host.
type Source struct {
	Mem    board.Memory
	Frames Frames
}

// Frames hands out single frames with any contents, and takes them back. *frame.Allocator does.
type Frames interface {
	AllocDirty() (mach.PhysAddr, error)
	Free(p mach.PhysAddr)
}

// Pool hands out structures of one type. The zero Pool uses Go's heap. Pools are not to be copied. Not for concurrent use.
type Pool[T any] struct {
	source        *Source
	partial, full *header // blocks that have a free structure, and those that have none
	frames        mach.PageNumber
	hold          bool // see Hold
	held          *T   // the structure that is kept for the next: zeros

	heap []*T // without a source: all structures, and those that are free
	idle []*T
}

// header stands at the start of each frame. The structures follow it.
type header struct {
	next, prev *header
	count      uint32        // of free structures
	free       [words]uint64 // one bit for each
}

// words is the size of a header's bitmap: a frame holds at most 64 structures for each.
const words = 4

// New makes a pool that takes frames from s, or with nil uses Go's heap.
func New[T any](s *Source) Pool[T] { return Pool[T]{source: s} }

// layout is how many structures a frame has room for, and how large each is, in bytes.
func layout[T any]() (n, size uintptr) {
	const align = 8
	size = (sizeOf[T]() + align - 1) &^ (align - 1)
	return min((mach.PageSize-unsafe.Sizeof(header{}))/size, 64*words), size
}

func sizeOf[T any]() uintptr {
	var t T
	return unsafe.Sizeof(t)
}

// Frames is how many frames the pool holds.
func (p *Pool[T]) Frames() mach.PageNumber { return p.frames }

// Hold makes the pool keep one structure from now on, if there is a frame for it: so that whoever makes one and gives it back in turn does not look for
// room each time, nor take a frame and give it back.
func (p *Pool[T]) Hold() {
	if p.hold = p.source != nil; p.hold && p.held == nil {
		p.held = p.Get()
	}
}

// Trim gives the structure that Hold keeps back to its frame, and that frame to the allocator if nothing else is in it. The next one that is given back is kept
// again. So a pool that was trimmed holds as many frames as there are with a structure that is out.
func (p *Pool[T]) Trim() {
	if t := p.held; t != nil {
		p.held = nil
		p.release(t)
	}
}

// Get returns a zero structure, nil if no frame is free for it.
func (p *Pool[T]) Get() *T {
	if p.source == nil {
		return p.fromHeap()
	}
	if t := p.held; t != nil {
		p.held = nil
		return t
	}
	n, size := layout[T]()
	b := p.partial
	if b == nil {
		if b = p.newBlock(n); b == nil {
			return nil
		}
		link(&p.partial, b)
	}
	w := 0
	for b.free[w] == 0 {
		w++
	}
	i := uintptr(w*64 + bits.TrailingZeros64(b.free[w]))
	b.free[w] &= b.free[w] - 1
	if b.count--; b.count == 0 {
		unlink(&p.partial, b)
		link(&p.full, b)
	}
	return wipe((*T)(unsafe.Add(unsafe.Pointer(b), unsafe.Sizeof(header{})+i*size)))
}

// wipe makes zeros of a structure, byte by byte: what it held may look like pointers, which the collector must never be shown.
func wipe[T any](t *T) *T {
	clear(unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t)))
	return t
}

// newBlock makes a frame a block of free structures, for the caller to link.
func (p *Pool[T]) newBlock(n uintptr) *header {
	f, err := p.source.Frames.AllocDirty()
	if err != nil {
		return nil
	}
	// The frame is the pool's alone until Put gives it back, and frames are aligned to their size: from the address of a structure the
	// header's follows.
	b := (*header)(unsafe.Pointer(p.source.Mem.Frame(f)))
	clear(unsafe.Slice((*byte)(unsafe.Pointer(b)), unsafe.Sizeof(*b)))
	b.count = uint32(n)
	for i := range n {
		b.free[i/64] |= 1 << (i % 64)
	}
	p.frames++
	return b
}

// Put takes a structure back that Get returned and nothing refers to any more.
func (p *Pool[T]) Put(t *T) {
	if p.source == nil {
		*t = *new(T)
		p.idle = append(p.idle, t)
		return
	}
	if p.hold && p.held == nil {
		p.held = wipe(t)
		return
	}
	p.release(t)
}

// release makes a structure of a frame a free one.
func (p *Pool[T]) release(t *T) {
	n, size := layout[T]()
	b := (*header)(unsafe.Pointer(uintptr(unsafe.Pointer(t)) &^ mach.PageMask))
	i := (uintptr(unsafe.Pointer(t)) - uintptr(unsafe.Pointer(b)) - unsafe.Sizeof(*b)) / size
	if b.count == 0 {
		unlink(&p.full, b)
		link(&p.partial, b)
	}
	b.free[i/64] |= 1 << (i % 64)
	if b.count++; b.count == uint32(n) {
		unlink(&p.partial, b)
		p.frames--
		p.source.Frames.Free(p.source.Mem.Address(unsafe.Pointer(b)))
	}
}

// InUse is how many frames the pool has in which somebody has a structure. It looks at each: in a pool that was trimmed these are all, unless a frame was lost, or
// one that is empty was kept.
func (p *Pool[T]) InUse() (frames mach.PageNumber) {
	n, _ := layout[T]()
	held := (*header)(unsafe.Pointer(uintptr(unsafe.Pointer(p.held)) &^ mach.PageMask))
	for _, list := range [...]*header{p.full, p.partial} {
		for b := list; b != nil; b = b.next {
			out := uint32(n) - b.count
			if b == held {
				out--
			}
			if out != 0 {
				frames++
			}
		}
	}
	return frames
}

// All yields every structure that is out. The loop's body must not call Get or Put.
func (p *Pool[T]) All(yield func(*T) bool) {
	if p.source == nil {
		p.allOfHeap(yield)
		return
	}
	n, size := layout[T]()
	for _, list := range [...]*header{p.full, p.partial} {
		for b := list; b != nil; b = b.next {
			for i := range n {
				t := (*T)(unsafe.Add(unsafe.Pointer(b), unsafe.Sizeof(*b)+i*size))
				if b.free[i/64]>>(i%64)&1 == 0 && t != p.held && !yield(t) {
					return
				}
			}
		}
	}
}

func link(list **header, b *header) {
	b.next, b.prev = *list, nil
	if b.next != nil {
		b.next.prev = b
	}
	*list = b
}

func unlink(list **header, b *header) {
	if b.next != nil {
		b.next.prev = b.prev
	}
	if b.prev != nil {
		b.prev.next = b.next
	} else {
		*list = b.next
	}
}
