package main

import (
	"encoding/binary"

	"defpager/ipc/mig/wire"
)

// books is what must be the same after each round.
type books struct {
	frames uint64 // free, in pages
	blocks uint64 // free blocks of paging storage, in bytes
	here   uint64 // names of this task
	there  uint64 // and of the managers'
}

// spare is how many frames the kernel's tables and the programs' heaps may take for good after the books are opened. What is lost adds up from round to round.
const spare = 20

// balanced reports whether nothing is missing.
func (b books) balanced(open books) bool {
	return b.frames+spare >= open.frames && b.blocks == open.blocks && b.here == open.here && b.there == open.there
}

func (c *client) books() books {
	s, code := c.client.VMStatistics(c.client.Task())
	must("vm_statistics", code)
	b := books{frames: uint64(s.Free), here: names(c.client), there: c.there}
	_, frees, _, code := wire.DefaultPagerStorageInfo(c.client, c.pager)
	must("default_pager_storage_info", code)
	for i := range frees.Count {
		b.blocks += binary.LittleEndian.Uint64(frees.Data[8*i:])
	}
	return b
}

// settled is the books as they are when nothing is on its way any more: as soon as they are what is wanted, or after some time in which they stay the same.
func (c *client) settled(want books) (b books) {
	const same = 50 // ticks of the clock
	for n := 0; n < same; n++ {
		now := c.books()
		if want != (books{}) && now.balanced(want) {
			return now
		}
		if now != b {
			b, n = now, 0
		}
		c.client.Sleep(1)
	}
	return b
}
