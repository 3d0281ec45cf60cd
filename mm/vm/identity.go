package vm

import "defpager/mach"

// Identity names the memory at va so that every task which shares it with others gets the same: the object's number, which is never used
// again, and the byte in it. It is false for memory that only this map sees, or that is copy-on-write, and where nothing is mapped.
func (m *Map) Identity(va mach.VirtAddr) (object, offset uint64, ok bool) {
	e := m.find(va)
	if e == nil || e.object == nil || e.needsCopy || !e.object.shared {
		return 0, 0, false
	}
	return e.object.id, e.page(va).Bytes() + va.Offset(), true
}
