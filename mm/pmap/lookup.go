package pmap

import "defpager/mach"

// Leaf is what maps one page.
type Leaf struct {
	Address         mach.PhysAddr // of the page's first byte
	Prot            mach.Prot
	Size            uint64 // bytes: mach.PageSize, mach.SuperSize or mach.GiantSize
	Accessed, Dirty bool
}

// find returns the leaf entry of va and its level, or nil.
func (p *Pmap) find(va mach.VirtAddr) (*uint64, uint) {
	table := p.env.Mem.Table(p.root)
	for level := uint(levelTop); ; level-- {
		slot := &table[index(va, level)]
		e := PTE(*slot)
		switch {
		case !e.Valid():
			return nil, level
		case level == levelTable || e.Large():
			return slot, level
		}
		table = p.env.Mem.Table(e.Address())
	}
}

// Lookup describes the page that maps va, if one does.
func (p *Pmap) Lookup(va mach.VirtAddr) (Leaf, bool) {
	slot, level := p.find(va)
	if slot == nil {
		return Leaf{}, false
	}
	e := PTE(*slot)
	return Leaf{Address: e.Address(), Prot: e.Prot(), Size: 1 << shift(level), Accessed: e.Accessed(), Dirty: e.Dirty()}, true
}

// Used reports whether the processor has used the leaf of va since it was asked last.
func (p *Pmap) Used(va mach.VirtAddr) bool {
	slot, _ := p.find(va)
	if slot == nil || !PTE(*slot).Accessed() {
		return false
	}
	*slot &^= uint64(accessed)
	p.env.TLB.InvalidatePage(p.root, va)
	return true
}

// Translate finds the byte of memory behind va for the kernel's own accesses on a task's behalf, as the processor would for ring
// 3: false where ring 3 would fault. It sets the accessed and dirty bits as the processor does.
func (p *Pmap) Translate(va mach.VirtAddr, access mach.Prot) (mach.PhysAddr, bool) {
	var slot *uint64
	level := uint(levelTable)
	if table := p.recentTable(va); table != nil {
		slot = &table[index(va, levelTable)]
	} else if slot, level = p.look(va); slot == nil {
		return 0, false
	}
	e := PTE(*slot)
	if !e.allows(access) {
		return 0, false
	}
	used := e | accessed
	if access&mach.ProtWrite != 0 {
		used |= dirty
	}
	if used != e {
		*slot = uint64(used)
	}
	inside := mach.VirtAddr(1)<<shift(level) - 1
	return e.Address() + mach.PhysAddr(va&inside), true
}

// Frame is Translate for the whole frame of a page of 4 KiB whose leaf table was used lately, for short accesses; nil wherever Translate must
// look closer. write asks for a page that may be written.
func (p *Pmap) Frame(va mach.VirtAddr, write bool) *[mach.PageSize]byte {
	table := p.recentTable(va)
	if table == nil {
		return nil
	}
	slot := &table[index(va, levelTable)]
	need, used := present|user, accessed
	if write {
		need |= writable
		used |= dirty
	}
	e := PTE(*slot)
	if e&need != need {
		return nil
	}
	if e&used != used {
		*slot = uint64(e | used)
	}
	return p.env.Mem.Frame(e.Address())
}

// look is find for an address from outside, and remembers the leaf table.
func (p *Pmap) look(va mach.VirtAddr) (*uint64, uint) {
	if va < mach.MinUser || va >= mach.MaxUser {
		return nil, 0
	}
	slot, level := p.find(va)
	if slot != nil && level == levelTable {
		if _, err := p.leafTable(va); err != nil {
			return nil, 0 // it is there: this does not happen
		}
	}
	return slot, level
}

// Level is one step of the walk to a page, for people.
type Level struct {
	Name  string        // of the table: PML4, PDPT, PD, PT
	Table mach.PhysAddr // where it lies
	Index uint64        // which of its 512 entries
	Entry PTE
	Leaf  bool // the entry maps a page
}

// Levels are the steps from the top table to va's page, as far as they lead. It allocates.
func (p *Pmap) Levels(va mach.VirtAddr) []Level {
	var steps []Level
	at := p.root
	for level := uint(levelTop); ; level-- {
		i := index(va, level)
		e := PTE(p.env.Mem.Table(at)[i])
		leaf := e.Valid() && (level == levelTable || e.Large())
		steps = append(steps, Level{[...]string{"PT", "PD", "PDPT", "PML4"}[level], at, i, e, leaf})
		if !e.Valid() || leaf {
			return steps
		}
		at = e.Address()
	}
}

// Leaves calls yield with each mapped page in ascending order until it returns false.
func (p *Pmap) Leaves(yield func(mach.VirtAddr, Leaf) bool) {
	p.leaves(p.root, levelTop, 0, yield)
}

func (p *Pmap) leaves(at mach.PhysAddr, level uint, base mach.VirtAddr, yield func(mach.VirtAddr, Leaf) bool) bool {
	for i, slot := range p.env.Mem.Table(at) {
		e := PTE(slot)
		if !e.Valid() || level == levelTop && (i == 0 || i > 255) {
			continue
		}
		va := base + mach.VirtAddr(i)<<shift(level)
		if level == levelTable || e.Large() {
			if !yield(va, Leaf{e.Address(), e.Prot(), 1 << shift(level), e.Accessed(), e.Dirty()}) {
				return false
			}
		} else if !p.leaves(e.Address(), level-1, va, yield) {
			return false
		}
	}
	return true
}
