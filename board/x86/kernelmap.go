package x86

import (
	"fmt"

	"defpager/board"
	"defpager/mach"
)

// Rights are what the kernel may do with a piece of its memory, apart from reading it.
type Rights uint8

// Rights of the kernel's own pages. No piece has Write and Execute.
const (
	ReadOnly Rights = 0
	Write    Rights = 1 << iota
	Execute
	Uncached // a device's registers
	Unmapped // a guard: every access faults
)

// Region is a piece of memory, page aligned, that has the same rights everywhere.
type Region struct {
	board.Range
	Rights Rights
}

// Layout is what the kernel's map contains: later regions cover earlier ones, and what none mentions is not mapped.
type Layout []Region

// TablePages is the number of frames that the page tables of l take at most.
func (l Layout) TablePages() uint64 {
	n := uint64(2)
	for _, r := range l {
		n += r.Size>>mach.GiantShift + 2 // page directories
		n += 4                           // tables at both ends
	}
	return n
}

// at tells the rights at p, false if p is not mapped, and where the next change may be.
func (l Layout) at(p mach.PhysAddr) (rights Rights, mapped bool, until mach.PhysAddr) {
	until = kernelEnd
	for _, r := range l {
		switch {
		case p < r.Start:
			until = min(until, r.Start)
		case p < r.End():
			rights, mapped = r.Rights, r.Rights&Unmapped == 0
			until = min(until, r.End())
		}
	}
	return rights, mapped, until
}

// kernelEnd is the end of what the kernel's slot of the top table can map.
const kernelEnd = mach.PhysAddr(mach.MinUser)

// Bits of page-table entries (Intel SDM volume 3, 4.5).
const (
	ptePresent  = 1 << 0
	pteWrite    = 1 << 1
	pteUncached = 1<<3 | 1<<4 // PWT, PCD
	pteLarge    = 1 << 7
	pteGlobal   = 1 << 8
	pteNX       = 1 << 63
)

func (r Rights) entry(nx bool) uint64 {
	e := uint64(ptePresent | pteGlobal)
	if r&Write != 0 {
		e |= pteWrite
	}
	if r&Uncached != 0 {
		e |= pteUncached
	}
	if r&Execute == 0 && nx {
		e |= pteNX
	}
	return e
}

// kernelMap builds page tables in a piece of memory that nobody else uses.
type kernelMap struct {
	mem    *board.Memory
	tables board.Range
	used   uint64
}

// buildKernelMap makes the page tables for l in the frames of tables, with the largest pages that fit, and returns the top table.
func buildKernelMap(mem *board.Memory, tables board.Range, l Layout, f Features) (mach.PhysAddr, error) {
	m := kernelMap{mem: mem, tables: tables}
	root, err := m.table()
	if err != nil {
		return 0, err
	}
	for _, r := range l {
		if r.Start&mach.PageMask != 0 || r.Size&mach.PageMask != 0 || r.End() < r.Start || r.End() > kernelEnd {
			return 0, fmt.Errorf("x86: region %#x of %#x bytes: want whole pages below %#x", uint64(r.Start), r.Size, uint64(kernelEnd))
		}
		if r.Rights&(Write|Execute) == Write|Execute {
			return 0, fmt.Errorf("x86: region %#x would be writable and executable", uint64(r.Start))
		}
	}
	for p := mach.PhysAddr(0); p < kernelEnd; {
		rights, mapped, until := l.at(p)
		if !mapped {
			p = until
			continue
		}
		shift := uint(mach.PageShift)
		switch room := uint64(until - p); {
		case f.Giant && p&(mach.GiantSize-1) == 0 && room >= mach.GiantSize:
			shift = mach.GiantShift
		case p&(mach.SuperSize-1) == 0 && room >= mach.SuperSize:
			shift = mach.SuperShift
		}
		if err := m.enter(root, p, shift, rights.entry(f.NX)); err != nil {
			return 0, err
		}
		p += 1 << shift
	}
	return root, nil
}

func (m *kernelMap) table() (mach.PhysAddr, error) {
	if m.used+mach.PageSize > m.tables.Size {
		return 0, fmt.Errorf("x86: the kernel's page tables need more than %d bytes", m.tables.Size)
	}
	p := m.tables.Start + mach.PhysAddr(m.used)
	m.used += mach.PageSize
	clear(m.mem.Table(p)[:])
	return p, nil
}

// enter writes the entry of a page of 1<<shift bytes at p, and the tables above it.
func (m *kernelMap) enter(table, p mach.PhysAddr, shift uint, entry uint64) error {
	for level := uint(39); level > shift; level -= 9 {
		slot := &m.mem.Table(table)[p>>level&511]
		if *slot == 0 {
			t, err := m.table()
			if err != nil {
				return err
			}
			*slot = uint64(t) | ptePresent | pteWrite
		}
		table = mach.PhysAddr(*slot &^ (mach.PageMask | pteNX))
	}
	if shift != mach.PageShift {
		entry |= pteLarge
	}
	m.mem.Table(table)[p>>shift&511] = uint64(p) | entry
	return nil
}
