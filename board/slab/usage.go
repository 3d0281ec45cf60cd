package slab

import "defpager/mach"

// Usage is what a pool has. A pool on Go's heap has frames of its own no more than an empty one: all is zero but the sizes.
type Usage struct {
	Size     uint64 // bytes of one structure
	Room     uint64 // bytes that each takes of a frame
	PerFrame uint64 // structures that a frame has room for
	Out      uint64 // structures that somebody has
	Frames   mach.PageNumber
}

// Usage counts what the pool has. It takes time in proportion to the frames in which some room is free.
func (p *Pool[T]) Usage() Usage {
	n, room := layout[T]()
	u := Usage{Size: uint64(sizeOf[T]()), Room: uint64(room), PerFrame: uint64(n), Frames: p.frames}
	u.Out = u.PerFrame * uint64(p.frames)
	for b := p.partial; b != nil; b = b.next {
		u.Out -= uint64(b.count)
	}
	if p.held != nil {
		u.Out--
	}
	return u
}
