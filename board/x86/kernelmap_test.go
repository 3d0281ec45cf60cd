package x86

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

// walk returns the entry that maps p, and the size of its page; 0 if there is none.
func walk(mem *board.Memory, root, p mach.PhysAddr) (entry, size uint64) {
	table := root
	for level := uint(39); ; level -= 9 {
		e := mem.Table(table)[p>>level&511]
		if e&ptePresent == 0 {
			return 0, 0
		}
		if level == mach.PageShift || level < 39 && e&pteLarge != 0 {
			return e, 1 << level
		}
		table = mach.PhysAddr(e &^ (mach.PageMask | pteNX))
	}
}

func TestKernelMap(t *testing.T) {
	mem := board.Simulated(4 << 20)
	layout := Layout{
		{board.Range{Start: 0x1000, Size: 2<<30 - 0x1000}, Write},
		{board.Range{Start: 0x200000, Size: 0x301000}, Execute},
		{board.Range{Start: 0x501000, Size: 0x1000}, ReadOnly},
		{board.Range{Start: 0x700000, Size: 0x1000}, Unmapped},
		{board.Range{Start: 0xfee00000, Size: 0x1000}, Write | Uncached},
		{board.Range{Start: 4 << 30, Size: 2 << 30}, Write},
	}
	tables := board.Range{Start: 0x100000, Size: layout.TablePages() * mach.PageSize}
	for _, giant := range []bool{false, true} {
		root, err := buildKernelMap(&mem, tables, layout, Features{NX: true, Giant: giant})
		if err != nil {
			t.Fatal(err)
		}
		big := uint64(mach.SuperSize)
		if giant {
			big = mach.GiantSize
		}
		for _, c := range []struct {
			p           mach.PhysAddr
			size        uint64
			write, exec bool
		}{
			{0, 0, false, false},
			{0x1000, mach.PageSize, true, false},
			{0x200000, mach.SuperSize, false, true},
			{0x3ff000, mach.SuperSize, false, true},
			{0x400000, mach.PageSize, false, true},
			{0x500000, mach.PageSize, false, true},
			{0x501000, mach.PageSize, false, false},
			{0x502000, mach.PageSize, true, false},
			{0x700000, 0, false, false},
			{0x800000, mach.SuperSize, true, false},
			{1 << 30, big, true, false},
			{2 << 30, 0, false, false},
			{0xfee00000, mach.PageSize, true, false},
			{5 << 30, big, true, false},
			{6 << 30, 0, false, false},
		} {
			e, size := walk(&mem, root, c.p)
			if size != c.size || size != 0 && (e&pteWrite != 0 != c.write || e&pteNX == 0 != c.exec || e&pteGlobal == 0) {
				t.Errorf("giant %v: %#x has entry %#x of %#x bytes, want size %#x write %v execute %v", giant, uint64(c.p), e, size, c.size, c.write, c.exec)
			}
			if size != 0 && mach.PhysAddr(e&^(pteNX|mach.PageMask)) != c.p&^mach.PhysAddr(size-1) {
				t.Errorf("%#x is mapped to %#x", uint64(c.p), e)
			}
		}
	}
	if e, _ := walk(&mem, tables.Start, 0xfee00000); e&pteUncached != pteUncached {
		t.Errorf("device entry %#x is cached", e)
	}
}

func TestKernelMapRefuses(t *testing.T) {
	mem := board.Simulated(1 << 20)
	tables := board.Range{Start: 0x1000, Size: 8 * mach.PageSize}
	for _, l := range []Layout{
		{{board.Range{Start: 0x1000, Size: 0x1000}, Write | Execute}},
		{{board.Range{Start: 0x1001, Size: 0x1000}, Write}},
		{{board.Range{Start: 0x1000, Size: 0x10}, Write}},
		{{board.Range{Start: kernelEnd, Size: 0x1000}, Write}},
		{{board.Range{Start: 0, Size: 64 << 30}, Write}}, // too large for the tables
	} {
		if _, err := buildKernelMap(&mem, tables, l, Features{NX: true}); err == nil {
			t.Errorf("%+v was accepted", l)
		}
	}
}
