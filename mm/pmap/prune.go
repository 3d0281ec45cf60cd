package pmap

import "defpager/mach"

// Prune frees the tables at va that serve nothing but addresses in [lo, hi), where nothing is mapped: the largest subtree, if any.
// va lies in the range. Remove alone keeps a leaf table of which a part is unmapped, because pages often come back beside those that
// went.
func (p *Pmap) Prune(lo, hi, va mach.VirtAddr) {
	table := p.env.Mem.Table(p.root)
	for level := uint(levelTop); level > levelTable; level-- {
		slot := &table[index(va, level)]
		e := PTE(*slot)
		if !e.Valid() || e.Large() {
			return
		}
		size := mach.VirtAddr(1) << shift(level)
		if from := va &^ (size - 1); from >= lo && hi-from >= size {
			*slot = 0
			p.freeTables(e, level-1)
			// The processor may hold the table's address: this drops it, whatever the page (Intel SDM volume 3, 4.10.4.1).
			p.env.TLB.InvalidatePage(p.root, va)
			return
		}
		table = p.env.Mem.Table(e.Address())
	}
}
