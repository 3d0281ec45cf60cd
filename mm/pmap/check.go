package pmap

import (
	"fmt"

	"defpager/mach"
)

// Check verifies the invariants: tables form a tree, counts agree, slot 0 is the kernel's and nothing lies above slot 255.
func (p *Pmap) Check() error {
	top := p.env.Mem.Table(p.root)
	if top[0] != p.env.KernelPML4E {
		return fmt.Errorf("slot 0 of the top table is %#x, not the kernel's %#x", top[0], p.env.KernelPML4E)
	}
	for i := 256; i < 512; i++ {
		if top[i] != 0 {
			return fmt.Errorf("slot %d of the top table is %#x, not empty", i, top[i])
		}
	}
	c := checker{p: p, seen: map[mach.PhysAddr]bool{p.root: true}}
	for i := 1; i < 256; i++ {
		if e := PTE(top[i]); e.Valid() {
			if err := c.table(e, levelTop-1); err != nil {
				return err
			}
		}
	}
	if c.resident != p.resident || uint64(len(c.seen)) != p.tables {
		return fmt.Errorf("counted %d pages and %d tables, have %d and %d", c.resident, len(c.seen), p.resident, p.tables)
	}
	for _, r := range p.recent {
		if r.table == nil {
			continue
		}
		if slot, level := p.find(mach.VirtAddr(r.span) << mach.SuperShift); !c.seen[r.at] || slot != nil && level != levelTable {
			return fmt.Errorf("the leaf table %#x, used lately, is gone", uint64(r.at))
		}
	}
	return nil
}

type checker struct {
	p        *Pmap
	seen     map[mach.PhysAddr]bool
	resident uint64
}

func (c *checker) table(at PTE, level uint) error {
	if !at.User() || !at.Writable() || !at.Executable() {
		return fmt.Errorf("the entry %#x of a table holds back rights that only leaves may", uint64(at))
	}
	if c.seen[at.Address()] {
		return fmt.Errorf("the table at %#x is reached twice", at.Address())
	}
	c.seen[at.Address()] = true
	for _, slot := range c.p.env.Mem.Table(at.Address()) {
		e := PTE(slot)
		switch {
		case slot == 0:
		case !e.Valid() || !e.User():
			return fmt.Errorf("entry %#x is neither empty nor for ring 3", slot)
		case level == levelTable:
			c.resident++
		case e.Large():
			if uint64(e.Address())&(1<<shift(level)-1) != 0 {
				return fmt.Errorf("superpage at %#x is not aligned", e.Address())
			}
			c.resident += 1 << shift(level) / mach.PageSize
		default:
			if err := c.table(e, level-1); err != nil {
				return err
			}
		}
	}
	return nil
}
