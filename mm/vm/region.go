package vm

import "defpager/mach"

// Region is one entry of a map, as vm_region and the monitor show it.
type Region struct {
	Address       mach.VirtAddr
	Size          uint64 // bytes
	Prot, MaxProt mach.Prot
	Inherit       mach.Inherit
	Shared        bool    // writes are seen through other mappings
	NeedsCopy     bool    // the first write gets a shadow object
	Object        *Object // nil: zeros that nobody has touched
	Offset        uint64  // in the object, in bytes
}

// Region is vm_region: the region that contains addr or, if there is none, the next one. It fails with NoSpace behind the
// last.
func (m *Map) Region(addr mach.VirtAddr) (Region, error) {
	e := m.from(addr)
	if e == nil {
		return Region{}, mach.NoSpace
	}
	return e.region(), nil
}

// Entries yields the map's regions in order. The loop's body must not change the map.
func (m *Map) Entries(yield func(Region) bool) {
	for e := m.head.next; e != nil; e = e.next {
		if !yield(e.region()) {
			return
		}
	}
}

func (e *Entry) region() Region {
	return Region{
		Address: e.start, Size: e.size(), Prot: e.prot, MaxProt: e.max, Inherit: e.inherit,
		Shared:    e.object != nil && e.object.shared && !e.needsCopy && e.object.mapped > 1,
		NeedsCopy: e.needsCopy, Object: e.object, Offset: e.offset.Bytes(),
	}
}
