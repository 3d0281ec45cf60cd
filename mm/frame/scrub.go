package frame

import (
	"math/bits"

	"defpager/mach"
)

// soil notes that a block came back with what its owner wrote.
func (a *Allocator) soil(n uint32, order uint) {
	if order < 6 {
		a.stale[n/64] |= (1<<(1<<order) - 1) << (n % 64)
		return
	}
	for i := range uint32(1) << (order - 6) {
		a.stale[n/64+i] = ^uint64(0)
	}
}

// Scrub zeroes up to max free frames that hold what their last owner wrote, and returns how many it did. They stay where they are: blocks stay
// whole. 0: there are none.
func (a *Allocator) Scrub(max int) int {
	if !a.unclean {
		return 0
	}
	done := 0
	for n := a.loose; n != none && done < max; n = a.table[n].next {
		done += a.scrub(n, 1, max-done)
	}
	for o, head := range a.heads {
		for n := head; n != none && done < max; n = a.table[n].next {
			done += a.scrub(n, 1<<o, max-done)
		}
	}
	a.unclean = done != 0
	return done
}

// scrub zeroes up to max stale frames of a free block of so many.
func (a *Allocator) scrub(n, frames uint32, max int) int {
	done := 0
	for w := n / 64; w <= (n+frames-1)/64; w++ {
		left := a.stale[w] & within(n, frames)
		for ; left != 0; left &= left - 1 {
			if done == max {
				return done
			}
			bit := uint32(bits.TrailingZeros64(left))
			Zero(a.mem.Frame(physical(w*64 + bit)))
			a.stale[w] &^= 1 << bit
			done++
		}
	}
	return done
}

// within is the bits of a block's words that are the block's. A block is aligned: it is a part of a word, or whole words.
func within(n, frames uint32) uint64 {
	if frames >= 64 {
		return ^uint64(0)
	}
	return (1<<frames - 1) << (n % 64)
}

// Stale counts the free frames that hold what their last owner wrote. It takes time in proportion to the memory.
func (a *Allocator) Stale() (count mach.PageNumber) {
	add := func(n, frames uint32) {
		for w := n / 64; w <= (n+frames-1)/64; w++ {
			count += mach.PageNumber(bits.OnesCount64(a.stale[w] & within(n, frames)))
		}
	}
	for n := a.loose; n != none; n = a.table[n].next {
		add(n, 1)
	}
	for o, head := range a.heads {
		for n := head; n != none; n = a.table[n].next {
			add(n, 1<<o)
		}
	}
	return count
}
