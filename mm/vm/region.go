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
	Wired         bool    // some accesses are not to fault
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

// Out yields what names the contents of the pages that are paged out and that the map shows, entry by entry. The loop's body must not change the
// map or its objects. It takes time in proportion to the pages of the objects that are mapped.
func (m *Map) Out(yield func(Token) bool) {
	for e := m.head.next; e != nil; e = e.next {
		if !e.out(yield) {
			return
		}
	}
}

func (e *Entry) out(yield func(Token) bool) bool {
	from, to := e.place.first, e.place.end
	for o := e.object; o != nil && from < to; o = o.shadow {
		for n, t := range o.Out {
			if n >= from && n < to && e.shows(o, e.place.first+(n-from)) && !yield(t) {
				return false
			}
		}
		to = min(to, o.shadowEnd)
		from, to = from+o.shadowOffset, to+o.shadowOffset
	}
	return true
}

// shows reports whether nothing between e and the object below, which is e's or a shadow of it, hides what that has for page n of e's object.
func (e *Entry) shows(below *Object, n mach.PageNumber) bool {
	for o := e.object; o != below; o = o.shadow {
		if o.has(n) {
			return false
		}
		n += o.shadowOffset
	}
	return true
}

func (e *Entry) region() Region {
	return Region{
		Address: e.start, Size: e.size(), Prot: e.prot, MaxProt: e.max, Inherit: e.inherit,
		Shared:    e.object != nil && e.object.shared && !e.needsCopy && e.object.mapped > 1,
		NeedsCopy: e.needsCopy, Wired: e.wired != mach.ProtNone, Object: e.object, Offset: e.place.first.Bytes(),
	}
}
