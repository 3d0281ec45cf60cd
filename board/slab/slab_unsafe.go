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

	heap []*T // without a source: all structures, and those that are free
	idle []*T
}

// header stands at the start of each frame. The structures follow it.
type header struct {
	next, prev *header
	free       uint64 // one bit for each structure
}

// New makes a pool that takes frames from s, or with nil uses Go's heap.
func New[T any](s *Source) Pool[T] { return Pool[T]{source: s} }

// layout is how many structures a frame has room for, at most 64, and how large each is, in bytes.
func layout[T any]() (n, size uintptr) {
	var t T
	const align = 8
	size = (unsafe.Sizeof(t) + align - 1) &^ (align - 1)
	return min((mach.PageSize-unsafe.Sizeof(header{}))/size, 64), size
}

// Frames is how many frames the pool holds.
func (p *Pool[T]) Frames() mach.PageNumber { return p.frames }

// Get returns a zero structure, nil if no frame is free for it.
func (p *Pool[T]) Get() *T {
	if p.source == nil {
		return p.fromHeap()
	}
	n, size := layout[T]()
	b := p.partial
	if b == nil {
		if b = p.newBlock(n); b == nil {
			return nil
		}
	}
	i := uintptr(bits.TrailingZeros64(b.free))
	b.free &= b.free - 1
	if b.free == 0 {
		unlink(&p.partial, b)
		link(&p.full, b)
	}
	// The bytes are cleared as bytes: what they held may look like pointers, which the collector must never be shown.
	at := unsafe.Add(unsafe.Pointer(b), unsafe.Sizeof(header{})+i*size)
	clear(unsafe.Slice((*byte)(at), size))
	return (*T)(at)
}

// newBlock makes a frame a block of free structures.
func (p *Pool[T]) newBlock(n uintptr) *header {
	f, err := p.source.Frames.AllocDirty()
	if err != nil {
		return nil
	}
	// The frame is the pool's alone until Put gives it back, and frames are aligned to their size: from the address of a structure the
	// header's follows.
	b := (*header)(unsafe.Pointer(p.source.Mem.Frame(f)))
	clear(unsafe.Slice((*byte)(unsafe.Pointer(b)), unsafe.Sizeof(*b)))
	b.free = ^uint64(0) >> (64 - n)
	link(&p.partial, b)
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
	n, size := layout[T]()
	b := (*header)(unsafe.Pointer(uintptr(unsafe.Pointer(t)) &^ mach.PageMask))
	i := (uintptr(unsafe.Pointer(t)) - uintptr(unsafe.Pointer(b)) - unsafe.Sizeof(*b)) / size
	if b.free == 0 {
		unlink(&p.full, b)
		link(&p.partial, b)
	}
	b.free |= 1 << i
	if b.free == ^uint64(0)>>(64-n) {
		unlink(&p.partial, b)
		p.frames--
		p.source.Frames.Free(p.source.Mem.Address(unsafe.Pointer(b)))
	}
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
				if b.free>>i&1 == 0 && !yield((*T)(unsafe.Add(unsafe.Pointer(b), unsafe.Sizeof(*b)+i*size))) {
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
