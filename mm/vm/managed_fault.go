package vm

import "defpager/mach"

// faultManaged resolves a fault on page n of e's own object, which is managed. A page is mapped for writing only after its first write,
// so that the kernel knows what to return.
func (m *Map) faultManaged(e *Entry, va mach.VirtAddr, n mach.PageNumber, access mach.Prot) error {
	o := e.object
	s, err := o.page(n, access|mach.ProtRead)
	if err != nil {
		return err
	}
	m.env.counters.Hits++
	prot := e.showing(s)
	if access&mach.ProtWrite != 0 {
		if o.copy != nil {
			if err := o.push(n, s.frame()); err != nil {
				return err
			}
		}
		if s&slotDirty == 0 {
			o.mark(n, s|slotDirty)
		}
		prot = e.access() &^ s.lock()
	}
	if err := m.pmap.Enter(va.Trunc(), s.frame(), prot, mach.PageSize); err != nil {
		return err
	}
	from, to := e.window(va)
	n = e.page(from)
	for at := from; at < to; at += mach.PageSize {
		if s := o.resident(n); s != 0 && m.pmap.Fill(at, s.frame(), e.showing(s)) != nil {
			break
		}
		n++
	}
	return nil
}

// showing is the protection with which e shows a page s of its managed object before anything is written.
func (e *Entry) showing(s slot) mach.Prot {
	prot := e.access() &^ s.lock()
	if s&slotDirty == 0 || e.needsCopy || e.object.copy != nil {
		prot &^= mach.ProtWrite
	}
	return prot
}
