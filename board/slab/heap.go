package slab

import "slices"

// chunk is how many structures are made at a time on Go's heap.
const chunk = 32

func (p *Pool[T]) fromHeap() *T {
	if len(p.idle) == 0 {
		more := make([]T, chunk)
		for i := range more {
			p.heap = append(p.heap, &more[i])
			p.idle = append(p.idle, &more[i])
		}
	}
	t := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return t
}

func (p *Pool[T]) allOfHeap(yield func(*T) bool) {
	for _, t := range p.heap {
		if !slices.Contains(p.idle, t) && !yield(t) {
			return
		}
	}
}
