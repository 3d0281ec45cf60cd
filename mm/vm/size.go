package vm

import "defpager/mach"

// account notes that e, which is in the map, has bytes more, or less when bytes is negative as a 64-bit number. Whoever changes what is
// counted here of an entry in the map takes it off before and adds it after.
func (m *Map) account(e *Entry, bytes uint64) {
	m.size += bytes
	if e.max == mach.ProtNone {
		m.none += bytes
	}
	if e.wired != mach.ProtNone {
		m.wired += bytes
		m.env.wired += bytes
	}
}

// sizeLimit bounds a map's size; see SetSizeLimit.
type sizeLimit struct{ current, max uint64 }

// Unlimited is the size limit of a map that was given none.
const Unlimited = ^uint64(0)

// SizeLimit is the number of bytes that may be mapped, and how far the former may be raised without privilege.
func (m *Map) SizeLimit() (current, max uint64) { return m.limit.current, m.limit.max }

// SetSizeLimit bounds the bytes that may be mapped (vm_set_size_limit); what is mapped already stays. Memory whose maximum protection is
// VM_PROT_NONE, which only keeps addresses, does not count.
func (m *Map) SetSizeLimit(current, max uint64) { m.limit = sizeLimit{current, max} }

// fits reports whether so many bytes more, with such a maximum protection, keep within the limit.
func (m *Map) fits(size uint64, max mach.Prot) bool {
	used := m.size - m.none
	return max == mach.ProtNone || used <= m.limit.current && size <= m.limit.current-used
}
