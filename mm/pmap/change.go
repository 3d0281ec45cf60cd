package pmap

import "defpager/mach"

// change is what a pass over a range does to each leaf, and the translations it must drop.
type change struct {
	p       *Pmap
	keep    PTE // bits that survive
	set     PTE // bits that are added; 0: the leaf goes
	stale   [staleMax]mach.VirtAddr
	nstale  int
	dropAll bool
}

// staleMax is how many pages are invalidated one by one; beyond it, dropping the whole space is cheaper.
const staleMax = 32

// Remove unmaps all pages from start to end, both page aligned. A leaf table that lies wholly inside is freed.
func (p *Pmap) Remove(start, end mach.VirtAddr) {
	if end-start == mach.PageSize {
		if table := p.recentTable(start); table != nil {
			p.removePage(table, start)
			return
		}
	}
	c := change{p: p}
	c.run(start, end)
}

// removePage is Remove for the one page at va, whose leaf table is at hand.
func (p *Pmap) removePage(table *[512]uint64, va mach.VirtAddr) {
	if slot := &table[index(va, levelTable)]; *slot != 0 {
		p.view.Drop()
		*slot = 0
		p.resident--
		p.env.TLB.InvalidatePage(p.root, va)
	}
}

// Protect changes the protection of the pages mapped from start to end, both page aligned; pages that are not mapped stay so. With
// ProtNone it removes them.
func (p *Pmap) Protect(start, end mach.VirtAddr, prot mach.Prot) {
	c := change{p: p}
	if prot&mach.ProtAll != 0 {
		c.keep = ^(writable | noExec)
		c.set = p.env.rights(prot)
	}
	c.run(start, end)
}

func (c *change) run(start, end mach.VirtAddr) {
	if start >= end || c.p.tables == 1 {
		return // nothing is mapped where there is only a top table
	}
	c.p.view.Drop()
	last := end - 1
	if table := c.p.recentTable(start); table != nil && start>>mach.SuperShift == last>>mach.SuperShift && uint64(last-start) != mach.SuperSize-1 {
		c.leaves(table, start, last)
	} else {
		c.pass(c.p.env.Mem.Table(c.p.root), levelTop, start, last)
	}
	switch {
	case c.dropAll:
		c.p.env.TLB.InvalidateSpace(c.p.root)
	default:
		for _, va := range c.stale[:c.nstale] {
			c.p.env.TLB.InvalidatePage(c.p.root, va)
		}
	}
}

// pass changes the leaves from start to last (inclusive, so that the end of the address space does not overflow) below table.
func (c *change) pass(table *[512]uint64, level uint, start, last mach.VirtAddr) {
	if level == levelTable {
		c.leaves(table, start, last)
		return
	}
	size := mach.VirtAddr(1) << shift(level)
	slots := table[index(start, level) : index(last, level)+1]
	for i, s := range slots {
		e := PTE(s)
		if !e.Valid() {
			continue
		}
		slot := &slots[i]
		from := start
		if i != 0 {
			from = start&^(size-1) + mach.VirtAddr(i)*size
		}
		to := min(from|(size-1), last)
		if e.Large() {
			c.super(slot, level, from, to)
			continue
		}
		c.pass(c.p.env.Mem.Table(e.Address()), level-1, from, to)
		if level == levelDirectory && c.set == 0 && uint64(to-from) == mach.SuperSize-1 {
			*slot = 0
			c.p.freeTables(e, levelTable)
			c.dropAll = true // the processor may hold the table's address too
		}
	}
}

// super changes a superpage, splitting it when only a part is in the range. Without a frame for the split the whole superpage is
// removed: a fault brings the rest back.
func (c *change) super(slot *uint64, level uint, from, to mach.VirtAddr) {
	size := uint64(1) << shift(level)
	if uint64(to-from) == size-1 {
		c.leaf(slot, from, size/mach.PageSize)
		return
	}
	if c.p.split(slot, level) != nil {
		c.drop(from.Trunc())
		*slot = 0
		c.p.resident -= size / mach.PageSize
		return
	}
	// The processor may hold the superpage as one translation: drop it by any address inside.
	c.drop(from)
	c.pass(c.p.env.Mem.Table(PTE(*slot).Address()), level-1, from, to)
}

func (c *change) leaves(table *[512]uint64, start, last mach.VirtAddr) {
	slots := table[index(start, levelTable) : index(last, levelTable)+1]
	for i, s := range slots {
		if s != 0 {
			c.leaf(&slots[i], start+mach.VirtAddr(i)*mach.PageSize, 1)
		}
	}
}

// leaf changes one leaf of so many pages.
func (c *change) leaf(slot *uint64, va mach.VirtAddr, pages uint64) {
	e := PTE(*slot)
	n := e&c.keep | c.set
	if n == e {
		return
	}
	*slot = uint64(n)
	if n == 0 {
		c.p.resident -= pages
	}
	c.drop(va)
}

// drop notes that the processor may hold an old translation of va.
func (c *change) drop(va mach.VirtAddr) {
	if c.nstale == staleMax {
		c.dropAll = true
		return
	}
	c.stale[c.nstale] = va
	c.nstale++
}
