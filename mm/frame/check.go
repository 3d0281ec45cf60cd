package frame

import "fmt"

// Check verifies the allocator's invariants; it is O(frames) and for tests and the invariants build.
func (a *Allocator) Check() error {
	var idle, total uint64
	covered := uint64(0) // frames up to here belong to the block seen last
	for n := range a.table {
		d := &a.table[n]
		switch d.state {
		case foreign:
			if uint64(n) < covered {
				return fmt.Errorf("frame %#x is foreign inside a block", n)
			}
			continue
		case inside:
			if uint64(n) >= covered {
				return fmt.Errorf("frame %#x belongs to no block", n)
			}
		case free, zeroed, loose, taken:
			if uint64(n) < covered {
				return fmt.Errorf("frame %#x starts a block inside another", n)
			}
			if n&(1<<d.order-1) != 0 {
				return fmt.Errorf("the block of order %d at frame %#x is not aligned", d.order, n)
			}
			covered = uint64(n) + 1<<d.order
			if d.state != taken {
				idle += 1 << d.order
			}
			if d.state == free && d.order < MaxOrder {
				if b := n ^ 1<<d.order; b < len(a.table) && a.table[b].state == free && a.table[b].order == d.order {
					return fmt.Errorf("the free blocks of order %d at frames %#x and %#x were not joined", d.order, n, b)
				}
			}
		}
		total++
	}
	if total != a.total || idle != a.free || a.reserved > a.free {
		return fmt.Errorf("counted %d frames and %d free, have %d and %d, %d reserved", total, idle, a.total, a.free, a.reserved)
	}
	var listed uint64
	for o, head := range a.heads {
		if (head != none) != (a.filled>>o&1 != 0) {
			return fmt.Errorf("the bit of order %d is wrong", o)
		}
		prev := none
		for n := head; n != none; prev, n = n, a.table[n].next {
			d := &a.table[n]
			if d.state != free || int(d.order) != o || d.prev != prev {
				return fmt.Errorf("frame %#x does not belong into the list of order %d", n, o)
			}
			if listed += 1 << o; listed > a.free {
				return fmt.Errorf("the list of order %d runs in a circle", o)
			}
		}
	}
	if n := a.Stale(); n != 0 && !a.unclean {
		return fmt.Errorf("%d free frames hold what their last owners wrote, and nobody would look", n)
	}
	var stacked uint64
	for n := a.stack; n != none; n = a.table[n].next {
		if a.table[n].state != zeroed {
			return fmt.Errorf("frame %#x is on the zeroed stack and not zeroed", n)
		}
		for _, b := range a.mem.Frame(physical(n)) {
			if b != 0 {
				return fmt.Errorf("frame %#x is on the zeroed stack and holds %#x", n, b)
			}
		}
		if stacked++; stacked > a.stacked {
			break
		}
	}
	var loosed uint64
	for n := a.loose; n != none && loosed <= a.loosed; n = a.table[n].next {
		if a.table[n].state != loose {
			return fmt.Errorf("frame %#x is on the list of loose frames and not loose", n)
		}
		loosed++
	}
	if stacked != a.stacked || loosed != a.loosed || listed+stacked+loosed != a.free {
		return fmt.Errorf("listed %d, stacked %d, loose %d frames; have %d stacked, %d loose, %d free", listed, stacked, loosed, a.stacked, a.loosed, a.free)
	}
	return nil
}
