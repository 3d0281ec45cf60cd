package frame

import "math/bits"

// push puts a free block at the head of its order's list.
func (a *Allocator) push(n uint32, order uint) {
	head := a.heads[order]
	a.table[n] = Desc{next: head, prev: none, state: free, order: uint8(order)}
	if head != none {
		a.table[head].prev = n
	}
	a.heads[order] = n
	a.filled |= 1 << order
}

// unlink takes a free block out of its list.
func (a *Allocator) unlink(n uint32) {
	d := &a.table[n]
	if d.prev != none {
		a.table[d.prev].next = d.next
	} else if a.heads[d.order] = d.next; d.next == none {
		a.filled &^= 1 << d.order
	}
	if d.next != none {
		a.table[d.next].prev = d.prev
	}
	d.state = inside
}

// pop takes a block of that order out of the lists, splitting a larger one if need be: the smallest that will do.
func (a *Allocator) pop(order uint) (uint32, bool) {
	fit := a.filled >> order << order
	if fit == 0 {
		return 0, false
	}
	o := uint(bits.TrailingZeros32(fit))
	n := a.heads[o]
	a.unlink(n)
	for o > order {
		o--
		a.push(n+1<<o, o)
	}
	return n, true
}

// insert frees a block, joining it with its buddy as long as that is free and whole.
func (a *Allocator) insert(n uint32, order uint) {
	a.table[n].state = inside
	for order < MaxOrder {
		b := n ^ 1<<order
		if uint64(b) >= uint64(len(a.table)) || a.table[b].state != free || uint(a.table[b].order) != order {
			break
		}
		a.unlink(b)
		n &= b
		order++
	}
	a.push(n, order)
}
