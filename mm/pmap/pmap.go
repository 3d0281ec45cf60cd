// Package pmap keeps page tables: the machine's own picture of a task's address space.
//
// A Pmap is a cache of what the task's vm.Map says: any leaf may be removed at any time, and a fault brings it back. So Remove and
// Protect cannot fail, and only Enter needs memory. Tables are ordinary frames; a leaf table stays until its whole 2 MiB are
// removed or the Pmap is destroyed, because a task that unmaps a page soon maps another one beside it. Slot 0 of the top table
// is the kernel's, the same in every Pmap; ring 3 has slots 1 to 255.
//
// Invariant: every table is reached by exactly one entry, and leaves and tables are counted. No method blocks; only Enter and a
// split allocate (frames, never Go's heap). Precondition of every method: the caller holds the kernel lock, and addresses lie
// between mach.MinUser and mach.MaxUser, which vm has checked.
package pmap

import (
	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
)

// Env is what all page tables of a machine share. Use it by pointer.
type Env struct {
	Mem         board.Memory
	Frames      *frame.Allocator
	TLB         board.TLB
	KernelPML4E uint64 // slot 0 of every top table
	NX          bool   // the processor has the no-execute bit
	Giant       bool   // it has pages of 1 GiB
}

// Pmap is the page tables of one address space.
type Pmap struct {
	env      *Env
	root     mach.PhysAddr
	resident uint64 // pages of 4 KiB that leaves map
	tables   uint64 // frames in use as tables, the root included

	// Leaf tables used lately, by the low bits of their span, for runs of neighbouring pages and for the kernel's own accesses.
	recent [recentTables]recent

	view board.View
}

// recent is a leaf table and the number of the 2 MiB that it maps; no table when table is nil.
type recent struct {
	span  uint64
	table *[512]uint64
	at    mach.PhysAddr
}

const recentTables = 8

// recentSlot is where the leaf table of a span is remembered. Heaps, stacks and mappings begin at round addresses far apart, so higher bits
// count too.
func recentSlot(span uint64) uint64 { return (span ^ span>>9 ^ span>>17) % recentTables }

// Levels of the tables, from the leaf upwards.
const (
	levelTable     = 0 // entries map 4 KiB
	levelDirectory = 1 // 2 MiB
	levelGiant     = 2 // 1 GiB
	levelTop       = 3 // 512 GiB
)

// shift is how many bits of an address lie below an index into a table of that level.
func shift(level uint) uint { return mach.PageShift + 9*level }

// index is va's index into a table of that level.
func index(va mach.VirtAddr, level uint) uint64 { return uint64(va) >> shift(level) & 511 }

// New makes empty page tables. The error is ResourceShortage when there is no frame.
func New(env *Env) (*Pmap, error) {
	root, err := env.Frames.Alloc()
	if err != nil {
		return nil, err
	}
	env.Mem.Table(root)[0] = env.KernelPML4E
	return &Pmap{env: env, root: root, tables: 1}, nil
}

// Root is the top table's address, for CR3.
func (p *Pmap) Root() mach.PhysAddr { return p.root }

// Resident is how many pages of 4 KiB are mapped.
func (p *Pmap) Resident() mach.PageNumber { return mach.PageNumber(p.resident) }

// Tables is how many frames the tables take.
func (p *Pmap) Tables() mach.PageNumber { return mach.PageNumber(p.tables) }

// descend returns the table of that level that covers va, making the tables above it and itself where missing. A superpage in
// the way is split. The error is ResourceShortage when there is no frame for a table.
func (p *Pmap) descend(va mach.VirtAddr, level uint) (*[512]uint64, error) {
	table := p.env.Mem.Table(p.root)
	for l := uint(levelTop); l > level; l-- {
		slot := &table[index(va, l)]
		e := PTE(*slot)
		switch {
		case !e.Valid():
			frame, err := p.env.Frames.Alloc()
			if err != nil {
				return nil, err
			}
			p.tables++
			e = PTE(frame) | present | writable | user
			*slot = uint64(e)
		case e.Large():
			if err := p.split(slot, l); err != nil {
				return nil, err
			}
			e = PTE(*slot)
		}
		table = p.env.Mem.Table(e.Address())
	}
	return table, nil
}

// split replaces a superpage's leaf in a table of that level by a table of 512 leaves that say the same, so that the processor need not be
// told.
func (p *Pmap) split(slot *uint64, level uint) error {
	frame, err := p.env.Frames.AllocDirty()
	if err != nil {
		return err
	}
	e := PTE(*slot)
	if level == levelDirectory {
		e &^= large
	}
	for i := range p.env.Mem.Table(frame) {
		p.env.Mem.Table(frame)[i] = uint64(e) + uint64(i)<<shift(level-1)
	}
	p.tables++
	*slot = uint64(PTE(frame) | present | writable | user)
	return nil
}

// recentTable is the leaf table of va if it was used lately, else nil.
func (p *Pmap) recentTable(va mach.VirtAddr) *[512]uint64 {
	span := uint64(va) >> mach.SuperShift
	if r := &p.recent[recentSlot(span)]; r.span == span {
		return r.table
	}
	return nil
}

// leafTable returns the table of the 4 KiB leaf of va.
func (p *Pmap) leafTable(va mach.VirtAddr) (*[512]uint64, error) {
	if table := p.recentTable(va); table != nil {
		return table, nil
	}
	directory, err := p.descend(va, levelDirectory)
	if err != nil {
		return nil, err
	}
	table, err := p.descend(va, levelTable)
	if err != nil {
		return nil, err
	}
	span := uint64(va) >> mach.SuperShift
	p.recent[recentSlot(span)] = recent{span, table, PTE(directory[index(va, levelDirectory)]).Address()}
	return table, nil
}

// Enter maps the page of size bytes (mach.PageSize, mach.SuperSize or, with Env.Giant, mach.GiantSize, to which va and pa are aligned) at va to the
// frames from pa on, in place of what was there. It counts as used, as whoever faulted is about to. A page with prot None is removed. The error is ResourceShortage when there is no frame for a table; nothing has changed then.
func (p *Pmap) Enter(va mach.VirtAddr, pa mach.PhysAddr, prot mach.Prot, size uint64) error {
	if prot&mach.ProtAll == 0 {
		p.Remove(va, va+mach.VirtAddr(size))
		return nil
	}
	switch size {
	case mach.SuperSize:
		return p.enterLarge(va, pa, prot, levelDirectory)
	case mach.GiantSize:
		return p.enterLarge(va, pa, prot, levelGiant)
	}
	table := p.recentTable(va)
	if table == nil {
		var err error
		if table, err = p.leafTable(va); err != nil {
			return err
		}
	}
	slot := &table[index(va, levelTable)]
	old := PTE(*slot)
	*slot = uint64(PTE(pa) | p.env.rights(prot) | accessed)
	if old.Valid() {
		p.view.Drop()
		p.env.TLB.InvalidatePage(p.root, va)
	} else {
		p.resident++
	}
	return nil
}

// Fill is Enter of a page of 4 KiB where nothing is mapped yet; a page that is mapped already stays as it is. prot is not None. The error is
// ResourceShortage when there is no frame for a table; nothing has changed then.
func (p *Pmap) Fill(va mach.VirtAddr, pa mach.PhysAddr, prot mach.Prot) error {
	table := p.recentTable(va)
	if table == nil {
		if slot, _ := p.find(va); slot != nil {
			return nil // a superpage, or a table that was not used lately
		}
		var err error
		if table, err = p.leafTable(va); err != nil {
			return err
		}
	}
	if slot := &table[index(va, levelTable)]; *slot == 0 {
		*slot = uint64(PTE(pa) | p.env.rights(prot))
		p.resident++
	}
	return nil
}

// FillRun is Fill for pages that follow each other from va on, whose frames are the addresses in frames with any bits below a page's; those that
// are 0, or have their highest bit set, are left out. The error is ResourceShortage when there is no frame for a table; the pages before those that it would
// map are mapped then.
func (p *Pmap) FillRun(va mach.VirtAddr, frames []uint64, prot mach.Prot) error {
	rights := uint64(p.env.rights(prot))
	for len(frames) > 0 {
		first := index(va, levelTable)
		n := min(512-int(first), len(frames))
		table := p.recentTable(va)
		if table == nil {
			slot, level := p.find(va)
			if slot == nil || level == levelTable {
				var err error
				if table, err = p.leafTable(va); err != nil {
					return err
				}
			}
		}
		if table != nil { // else a superpage
			p.resident += fillSlots(table[first:][:n], frames[:n], rights)
		}
		frames = frames[n:]
		va += mach.VirtAddr(n) * mach.PageSize
	}
	return nil
}

// fillSlots enters frames into those slots that are empty, of which there are as many, and counts them. Eight are done at a time: it is all that
// a page costs which somebody else has touched.
func fillSlots(slots, frames []uint64, rights uint64) (filled uint64) {
	filled = uint64(len(frames))
	for len(frames) >= 8 && len(slots) >= 8 {
		s, f := (*[8]uint64)(slots), (*[8]uint64)(frames)
		if !fillSlot(&s[0], f[0], rights) {
			filled--
		}
		if !fillSlot(&s[1], f[1], rights) {
			filled--
		}
		if !fillSlot(&s[2], f[2], rights) {
			filled--
		}
		if !fillSlot(&s[3], f[3], rights) {
			filled--
		}
		if !fillSlot(&s[4], f[4], rights) {
			filled--
		}
		if !fillSlot(&s[5], f[5], rights) {
			filled--
		}
		if !fillSlot(&s[6], f[6], rights) {
			filled--
		}
		if !fillSlot(&s[7], f[7], rights) {
			filled--
		}
		slots, frames = slots[8:], frames[8:]
	}
	for i, f := range frames {
		if !fillSlot(&slots[i], f, rights) {
			filled--
		}
	}
	return filled
}

// fillSlot enters one frame, and reports whether it did.
func fillSlot(slot *uint64, frame, rights uint64) bool {
	if *slot != 0 || int64(frame) <= 0 {
		return false
	}
	*slot = frame&^mach.PageMask | rights
	return true
}

// enterLarge maps a superpage by a leaf in a table of that level.
func (p *Pmap) enterLarge(va mach.VirtAddr, pa mach.PhysAddr, prot mach.Prot, level uint) error {
	table, err := p.descend(va, level)
	if err != nil {
		return err
	}
	slot, size := &table[index(va, level)], mach.VirtAddr(1)<<shift(level)
	if PTE(*slot).Valid() {
		p.Remove(va, va+size)
		if e := PTE(*slot); e.Valid() { // a page directory, empty now
			*slot = 0
			p.freeTables(e, level-1)
			p.env.TLB.InvalidateSpace(p.root)
		}
	}
	*slot = uint64(PTE(pa) | p.env.rights(prot) | large | accessed)
	p.resident += uint64(size) / mach.PageSize
	return nil
}

// Destroy frees all tables. The processor must not use them any more (board.CPU.Leave).
func (p *Pmap) Destroy() {
	p.Remove(mach.MinUser, mach.MaxUser)
	top := p.env.Mem.Table(p.root)
	for i := 1; p.tables > 1; i++ {
		if e := PTE(top[i]); e.Valid() {
			p.freeTables(e, levelTop-1)
		}
	}
	p.env.Frames.Free(p.root)
	p.root, p.tables = 0, 0
}

// freeTables frees the table of that level that e names, and all below it.
func (p *Pmap) freeTables(e PTE, level uint) {
	if level > levelTable {
		for _, below := range p.env.Mem.Table(e.Address()) {
			if b := PTE(below); b.Valid() {
				p.freeTables(b, level-1)
			}
		}
	}
	p.env.Frames.Free(e.Address())
	p.tables--
	p.recent = [recentTables]recent{}
}
