package vm

import "defpager/mach"

// Share is the object, with a reference for the caller, and the byte of it, that hold the pages of a range of the map: what others map of
// it they share with the map from now on. Memory that is copy-on-write gets an object of its own first.
//
// InvalidArgument: nothing is mapped there, or not all of it as one piece. ProtectionFailure: the accesses in max are more than the piece
// may ever have. ResourceShortage and Wait.
func (m *Map) Share(addr mach.VirtAddr, size uint64, max mach.Prot) (*Object, uint64, error) {
	start, end := span(addr, size)
	e := m.find(start)
	if e == nil || end > e.end || start >= end {
		return nil, 0, mach.InvalidArgument
	}
	if !e.max.Allows(max) {
		return nil, 0, mach.ProtectionFailure
	}
	if e.object == nil || e.needsCopy {
		if err := e.prepare(m.env); err != nil {
			return nil, 0, err
		}
	}
	e.object.share()
	e.object.Reference()
	return e.object, e.page(start).Bytes(), nil
}
