package main

import (
	"encoding/binary"
	"fmt"

	"defpager/mach"
	"defpager/user/libmach"
)

// times is how many times as large as the machine's memory for programs the memory is that pressure works on.
const times = 3

// touches is how many pages are looked at, at random.
const touches = 4096

// crowd is memory that does not fit, and where in it the next look goes.
type crowd struct {
	memory []byte
	pages  uint64
	random uint64
}

// crowded makes it and fills it: each page with lines of text that tell its number, which compress to less than half.
func (b *bench) crowded() (*crowd, error) {
	v, ret := b.client.VMStatistics(b.task)
	if ret != mach.Success {
		return nil, ret
	}
	n := times * uint64(v.Free)
	at, ret := libmach.VMAllocate(b.task, 0, n*mach.PageSize, true)
	if ret != mach.Success {
		return nil, ret
	}
	c := &crowd{memory: libmach.Memory(at, n*mach.PageSize), pages: n, random: 1}
	line := []byte("........ is the number of this page, one of too many pages. ")
	for i := range n {
		binary.LittleEndian.PutUint64(line, i)
		p := c.memory[i*mach.PageSize:][:mach.PageSize]
		for done := copy(p, line); done < len(p); done *= 2 {
			copy(p[done:], p[:done])
		}
	}
	return c, nil
}

// look reads n pages at random, and checks them. It answers the ticks that it took.
func (c *crowd) look(n uint64) (uint64, error) {
	start := libmach.Ticks()
	for range n {
		c.random = c.random*6364136223846793005 + 1442695040888963407 // Knuth, MMIX
		page := c.random >> 33 % c.pages
		if got := binary.LittleEndian.Uint64(c.memory[page*mach.PageSize:]); got != page {
			return 0, fmt.Errorf("page %d holds the contents of page %d", page, got)
		}
	}
	return libmach.Ticks() - start, nil
}

// pressureOperation is the looks, for a profile.
func (b *bench) pressureOperation() (operation, error) {
	c, err := b.crowded()
	return operation{"page-in-compressed", touches, func(_ *bench, n uint64) (uint64, error) { return c.look(n) }}, err
}

// pressure measures what a page-in costs, with the page-out that makes room for it. Looks that find a page in memory count as nothing but the ticks
// that they take.
func (b *bench) pressure() error {
	c, err := b.crowded()
	if err != nil {
		return err
	}
	if _, err := c.look(touches); err != nil { // the order of filling is forgotten
		return err
	}
	before, ret := b.client.VMStatistics(b.task)
	if ret != mach.Success {
		return ret
	}
	ticks, err := c.look(touches)
	if err != nil {
		return err
	}
	after, ret := b.client.VMStatistics(b.task)
	if ret != mach.Success {
		return ret
	}
	pageIns := uint64(after.Pageins - before.Pageins)
	if pageIns < touches/times {
		return fmt.Errorf("%d page-ins in %d looks at %d times the memory: nothing was paged out", pageIns, touches, times)
	}
	fmt.Printf("bench page-in-compressed %d\n", ticks/pageIns)
	return nil
}
