package main

import (
	"fmt"
	"math/rand/v2"

	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// copies: what was copied from an object keeps what that had, whatever size the object gets, and wherever its pages are then.
func (t *tester) copies() {
	for _, flags := range []int32{mach.Reserve, mach.Overcommit} {
		for _, seed := range []uint64{0, 1, 2, 87, 129} { // the last two write behind the limit, in its page
			c := copier{t: t, random: rand.New(rand.NewPCG(seed, 1))}
			t.Is(fmt.Sprintf("copies of an object with flags %d of changing size, sequence %d: bytes that are wrong", flags, seed), c.try(flags), 0)
		}
	}
}

// copier changes an object and copies of it at random.
type copier struct {
	t      *tester
	random *rand.Rand
	object mach.Name
	limit  uint64  // bytes
	of     []shown // the object, and its copies
	wrong  uint64
}

// shown is some memory, and what the bytes of it are that are looked at; unknown: behind the object's end when it was copied.
type shown struct {
	at   mach.VirtAddr
	want [copied][2]int
}

const (
	copied  = 20 // pages
	most    = 5  // copies
	unknown = -1
	none    = -2 // memory error
)

// where the bytes are that are looked at.
func where(i int) uint64 { return [...]uint64{3, page - 100}[i] }

func (c *copier) try(flags int32) uint64 {
	t := c.t
	var ret mach.Return
	c.object, ret = wire.DefpagerObjectCreate(t.Client, t.pager, copied*page, flags)
	t.Must("defpager_object_create", ret)
	c.limit = copied * page
	c.of = []shown{{at: t.MustMap(c.object, copied*page)}}
	for range 120 {
		switch c.random.IntN(8) {
		case 0, 1, 2:
			c.write()
		case 3:
			c.flush()
		case 4:
			c.copy()
		case 5:
			c.setSize(c.random.Uint64N(c.limit + 1))
			c.look()
		case 6:
			c.setSize(c.limit + c.random.Uint64N(copied*page-c.limit+1))
		case 7:
			c.forget()
		}
	}
	c.look()
	for _, s := range c.of {
		t.Unmap(s.at, copied*page)
	}
	t.Drop(c.object)
	return c.wrong
}

// write writes a byte where there is one.
func (c *copier) write() {
	s := &c.of[c.random.IntN(len(c.of))]
	n, i := c.random.IntN(copied), c.random.IntN(2)
	if s.want[n][i] < 0 {
		return
	}
	s.want[n][i] = 1 + c.random.IntN(255)
	c.t.Must("vm_write", c.t.Write(c.t.Task, s.at+mach.VirtAddr(n)*page+mach.VirtAddr(where(i)), byte(s.want[n][i])))
}

// flush has some pages go to the pager, if that is not where they are.
func (c *copier) flush() {
	const invalidate, synchronous = 4, 2
	from := c.random.Uint64N(copied)
	size := (1 + c.random.Uint64N(copied-from)) * page
	c.t.Must("vm_msync", wire.VmMsync(c.t.Client, c.t.Task, c.of[0].at+mach.VirtAddr(from*page), size, invalidate|synchronous))
}

// copy copies the object, or a copy.
func (c *copier) copy() {
	if len(c.of) > most {
		return
	}
	s := c.of[c.random.IntN(len(c.of))]
	var ret mach.Return
	s.at, _, ret = c.t.Client.VMRead(c.t.Task, s.at, copied*page)
	c.t.Must("vm_read", ret)
	for n := range s.want {
		for i := range s.want[n] {
			if s.want[n][i] == none {
				s.want[n][i] = unknown
			}
		}
	}
	c.of = append(c.of, s)
}

// forget ends a copy.
func (c *copier) forget() {
	if len(c.of) == 1 {
		return
	}
	i := 1 + c.random.IntN(len(c.of)-1)
	c.t.Unmap(c.of[i].at, copied*page)
	c.of = append(c.of[:i], c.of[i+1:]...)
}

func (c *copier) setSize(limit uint64) {
	c.t.Must("default_pager_object_set_size", wire.DefaultPagerObjectSetSize(c.t.Client, c.object, limit))
	pages := mach.Pages(limit)
	for n := range mach.PageNumber(copied) {
		for i := range 2 {
			switch at := n.Bytes() + where(i); {
			case n >= pages:
				c.of[0].want[n][i] = none
			case n >= mach.Pages(c.limit), limit < c.limit && at >= limit:
				c.of[0].want[n][i] = 0
			}
		}
	}
	c.limit = limit
}

// look compares all.
func (c *copier) look() {
	for _, s := range c.of {
		for n := range s.want {
			for i, want := range s.want[n] {
				b, ret := c.t.Peek(c.t.Task, s.at+mach.VirtAddr(n)*page+mach.VirtAddr(where(i)))
				switch {
				case want == unknown:
				case want == none && ret != mach.MemoryError, want >= 0 && (ret != mach.Success || int(b) != want):
					c.wrong++
				}
			}
		}
	}
}
