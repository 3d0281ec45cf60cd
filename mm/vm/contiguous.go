package vm

import "defpager/mach"

// AllocateContiguous maps size bytes, rounded up to a page, whose frames follow each other in physical memory, all between the physical
// addresses lo and hi (exclusive) and beginning at a multiple of align, a power of two (vm_allocate_contiguous). The memory is zero, wired,
// and as from vm_allocate otherwise; 1 GiB is one page where the processor has such. It returns where it is for the program and for the machine.
//
// InvalidArgument: align is not a power of two. NoSpace: no address, or beyond the map's size limit. ResourceShortage: no such frames, or
// more than 1 GiB.
func (m *Map) AllocateContiguous(size uint64, lo, hi, align mach.PhysAddr) (mach.VirtAddr, mach.PhysAddr, error) {
	if align&(align-1) != 0 {
		return 0, 0, mach.InvalidArgument
	}
	n := mach.Pages(size)
	if n == 0 {
		return 0, 0, mach.InvalidArgument
	}
	p, err := m.env.Frames.AllocWithin(n, lo, hi, max(align, mach.PageSize))
	if err != nil {
		return 0, 0, err
	}
	o, err := m.env.newObject(anonymous, n)
	if err != nil {
		m.env.Frames.FreeRange(p, n)
		return 0, 0, err
	}
	for i := range n {
		s := slot(p) + slot(i.Bytes())
		if uint64(p)&(mach.SuperSize-1) == 0 && i < n&^(superPages-1) {
			s |= slotSuper
		}
		if err = o.pages.put(&m.env.nodes, i, s, false); err != nil {
			o.demoteAt(i &^ (superPages - 1)) // what is there of it
			m.env.Frames.FreeRange(p+mach.PhysAddr(i.Bytes()), n-i)
			break
		}
	}
	va, giant := mach.VirtAddr(0), n.Bytes() == mach.GiantSize // more there never is; frames in a row begin at a multiple of their size
	if err == nil {
		o.share() // so that no page of it is ever moved by a collapse
		a := MapArgs{
			Address: mach.MinUser, Size: n.Bytes(), Anywhere: true, Object: o,
			Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
		}
		if giant {
			a.Mask = mach.GiantSize - 1
		}
		va, err = m.Map(&a)
	}
	if err == nil && giant && m.env.Pmap.Giant {
		_ = m.pmap.Enter(va, p, mach.ProtDefault, mach.GiantSize) // without a frame for a table pages of 2 MiB do as well
	}
	o.holders++
	o.Release() // the mapping holds it now; without one it goes with its frames
	if err != nil {
		return 0, 0, err
	}
	if err = m.Wire(va, n.Bytes(), mach.ProtDefault); err != nil {
		_ = m.Deallocate(va, n.Bytes())
		return 0, 0, err
	}
	return va, p, nil
}

// Physical is where the page at va is; false if it is not present. A page that only a fault would show counts as present when the
// object has it (vm_pages_phys).
func (m *Map) Physical(va mach.VirtAddr) (mach.PhysAddr, bool) {
	e := m.find(va)
	if e == nil || e.object == nil {
		return 0, false
	}
	n := e.page(va)
	if s := e.object.resident(n); s != 0 {
		return s.frame(), true
	}
	p, ok := m.pmap.Translate(va, mach.ProtRead) // of a shadow below
	return p.Trunc(), ok
}
