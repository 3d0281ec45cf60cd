package vm

import "defpager/mach"

// Deallocate is vm_deallocate: it unmaps every page that the range touches. What is not mapped, or outside the user's
// space, is skipped. It fails with ResourceShortage only, when a hole in the middle of an entry needs an entry and there
// is none.
func (m *Map) Deallocate(addr mach.VirtAddr, size uint64) error {
	start, end := span(addr, size)
	first, err := m.clip(start, end)
	if err != nil || first == nil {
		return err
	}
	// One pass over the page tables for the whole range costs by what is mapped in it; no entry repeats it.
	m.pmap.Remove(start, end)
	for e := first; e != nil && e.start < end; {
		next := e.next
		m.remove(e)
		e.dispose(m.env)
		e = next
	}
	if end-start > pruneMin {
		m.prune(start, end)
	}
	return nil
}

// pruneMin is the size, in bytes, above which an unmapped range gives its page tables back too. Below, a table costs more to make anew
// than the pages around it save.
const pruneMin = 16 * mach.PageSize

// prune frees the page tables that served [start, end) and serve nothing else now.
func (m *Map) prune(start, end mach.VirtAddr) {
	lo, hi := m.floor(start).end, mach.MaxUser
	if e := m.from(start); e != nil {
		hi = e.start
	}
	m.pmap.Prune(lo, hi, start)
	m.pmap.Prune(lo, hi, end-1)
}

// Protect is vm_protect: it sets the current protection of the range, or with setMax lowers the maximum, and the current
// protection with it. What is not mapped is skipped; what is wired is wired with what it allows from now on. ProtNotify means nothing here.
// It fails, and changes nothing, with InvalidArgument (unknown bits), ProtectionFailure (more than the maximum of any entry in the range)
// and ResourceShortage.
func (m *Map) Protect(addr mach.VirtAddr, size uint64, setMax bool, prot mach.Prot) error {
	if prot&^(mach.ProtAll|mach.ProtNotify) != 0 {
		return mach.InvalidArgument
	}
	prot &^= mach.ProtNotify
	start, end := span(addr, size)
	for e := m.from(start); e != nil && e.start < end; e = e.next {
		if !e.max.Allows(prot) {
			return mach.ProtectionFailure
		}
	}
	wired := false
	err := m.change(start, end, func(e *Entry) {
		old := e.prot
		e.prot = prot
		if setMax {
			m.account(e, -e.size())
			e.max = prot
			m.account(e, e.size())
			e.prot = old & prot
		}
		e.reprotect(old)
		wired = m.rewire(e) || wired
	})
	if wired {
		m.bringWired(start, end)
	}
	return err
}

// reprotect brings the page tables to e's new protection. It never grants writing: only a fault knows which pages are
// not shared.
func (e *Entry) reprotect(old mach.Prot) {
	switch {
	case e.prot == old:
	case e.prot == mach.ProtNone || e.object != nil && e.object.kind == managed: // only a fault knows what the manager locked
		e.m.pmap.Remove(e.start, e.end)
	default:
		e.m.pmap.Protect(e.start, e.end, e.access()&^mach.ProtWrite)
	}
}

// Inherit is vm_inherit: it says what a child gets of the range. What is not mapped is skipped. It fails with
// InvalidArgument for an unknown value, and ResourceShortage.
func (m *Map) Inherit(addr mach.VirtAddr, size uint64, inh mach.Inherit) error {
	if !inh.Valid() {
		return mach.InvalidArgument
	}
	start, end := span(addr, size)
	return m.change(start, end, func(e *Entry) { e.inherit = inh })
}

// change applies f to every entry in the range, cut at its ends, and joins what is alike afterwards. On ResourceShortage
// f was not called.
func (m *Map) change(start, end mach.VirtAddr, f func(*Entry)) error {
	first, err := m.clip(start, end)
	if err != nil || first == nil {
		return err
	}
	for e := first; e != nil && e.start < end; e = e.next {
		f(e)
	}
	m.tidy(first, end)
	return nil
}

// tidy joins neighbours that are alike from e's predecessor to the entry behind end. e may be the head.
func (m *Map) tidy(e *Entry, end mach.VirtAddr) {
	if e.prev != nil {
		e = e.prev
	}
	if e == &m.head {
		e = e.next
	}
	for e != nil && e.start < end && e.next != nil {
		if e.like(e.next) {
			m.join(e, e.next)
		} else {
			e = e.next
		}
	}
}

// from is the first entry that contains or follows va.
func (m *Map) from(va mach.VirtAddr) *Entry {
	if e := m.floor(va); e == &m.head || va >= e.end {
		return e.next
	} else {
		return e
	}
}

// clip cuts the entries at both ends of the range, so that each lies inside or outside, and returns the first inside; nil
// if there is none. It fails with ResourceShortage, and then the map says the same as before.
func (m *Map) clip(start, end mach.VirtAddr) (*Entry, error) {
	if start >= end {
		return nil, nil
	}
	first := m.from(start)
	if first == nil || first.start >= end {
		return nil, nil
	}
	cut := first.start < start
	if cut {
		var err error
		if first, err = m.split(first, start); err != nil {
			return nil, err
		}
	}
	last := first
	if end > last.end {
		last = m.floor(end - 1)
	}
	if end < last.end {
		if _, err := m.split(last, end); err != nil {
			if cut {
				m.merge(first)
			}
			return nil, err
		}
	}
	return first, nil
}

// split cuts e at va, strictly inside it, and returns the second part.
func (m *Map) split(e *Entry, va mach.VirtAddr) (*Entry, error) {
	f, err := m.newEntry()
	if err != nil {
		return nil, err
	}
	f.start, f.end = va, e.end
	f.prot, f.max, f.inherit, f.needsCopy, f.wired, f.ahead = e.prot, e.max, e.inherit, e.needsCopy, e.wired, e.ahead
	if e.object != nil {
		f.mapObject(e.object, e.page(va))
	}
	m.resize(e, e.start, va)
	m.insert(e, f)
	return f, nil
}
