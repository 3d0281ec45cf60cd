package frame

import "defpager/mach"

// Desc is the allocator's note on one frame. The table of them holds no pointers, so the garbage collector never looks.
type Desc struct {
	next, prev uint32 // neighbours in a free list, as frame numbers; none at its ends
	state      state
	order      uint8 // of the block that starts here, when free or taken
}

// DescSize is the size of a Desc in bytes.
const DescSize = 12

// state says what a frame is.
type state uint8

const (
	foreign state = iota // never ours: a hole, a device, the kernel itself
	inside               // not the first frame of its block
	free                 // first frame of a free block, in list order
	zeroed               // a free frame on the zeroed stack
	loose                // a free frame that came back by itself lately
	taken                // first frame of a block that somebody owns
)

// none ends a list.
const none = ^uint32(0)

// MaxOrder is the order of the largest block, 1 GiB.
const MaxOrder = 18

func physical(n uint32) mach.PhysAddr { return mach.PhysAddr(n) << mach.PageShift }
