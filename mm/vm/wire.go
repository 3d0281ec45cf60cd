package vm

import "defpager/mach"

// Memory that is wired stays: its pages are there, and no page-out takes them. A range is wired or not, with the accesses that are not
// to fault; wiring it twice is wiring it once, as in GNU Mach, so that one vm_wire with no access undoes any number of them.

// Wired is the number of bytes of the map that are wired.
func (m *Map) Wired() uint64 { return m.wired }

// Wired is the number of pages that are wired in all maps; a page that two maps wire counts twice.
func (env *Env) Wired() mach.PageNumber { return mach.PageNumber(env.wired >> mach.PageShift) }

// Wire makes the range's pages present and keeps them so, for an access; with ProtNone it lets them go again (vm_wire).
//
// It fails, and nothing is wired that was not, with NoSpace (a part is not mapped, or does not allow the access), ResourceShortage,
// MemoryError and Wait. Size 0 succeeds.
func (m *Map) Wire(addr mach.VirtAddr, size uint64, access mach.Prot) error {
	start, end := span(addr, size)
	if start >= end {
		if size == 0 {
			return nil
		}
		return mach.NoSpace // all of it lies outside the user's space
	}
	at := start
	for e := m.from(start); at < end; e = e.next {
		if e == nil || e.start > at || !e.prot.Allows(access) {
			return mach.NoSpace
		}
		at = e.end
	}
	if err := m.bring(start, end, access); err != nil {
		return err
	}
	return m.setWired(start, end, access)
}

// WireAll wires what is mapped now, with the accesses that each part allows, or with future what will be mapped from now on, or both; with
// neither it lets all of it go, and what will be mapped too (vm_wire_all). It fails like Wire.
func (m *Map) WireAll(current, future bool) error {
	if !current && !future {
		m.wireFuture = false
		return m.setWired(mach.MinUser, mach.MaxUser, mach.ProtNone)
	}
	if current {
		for e := m.head.next; e != nil; {
			next := e.end // a fault may join entries
			if e.prot != mach.ProtNone {
				if err := m.bring(e.start, e.end, e.prot); err != nil {
					return err
				}
			}
			e = m.from(next)
		}
		for e := m.head.next; e != nil; e = e.next {
			m.account(e, -e.size())
			e.wired = e.prot
			m.account(e, e.size())
		}
		m.tidy(&m.head, mach.MaxUser)
	}
	m.wireFuture = m.wireFuture || future
	return nil
}

// bring makes the pages of the range present, whose entries allow the access.
func (m *Map) bring(start, end mach.VirtAddr, access mach.Prot) error {
	if access == mach.ProtNone {
		return nil
	}
	if s, want := m.env.Frames.Stats(), mach.PageNumber((end-start)>>mach.PageShift); want > s.Free-s.Reserved+m.Resident()+m.held(start, end) {
		return mach.ResourceShortage
	}
	for at := start; at < end; at += mach.PageSize {
		if _, ok := m.pmap.Translate(at, access); ok {
			continue
		}
		if err := m.Fault(at, access); err != nil {
			return err
		}
	}
	return nil
}

// held is how many pages the objects that the range maps have or were promised: they take no frame that anybody else could have.
func (m *Map) held(start, end mach.VirtAddr) mach.PageNumber {
	n := mach.PageNumber(0)
	for e := m.from(start); e != nil && e.start < end; e = e.next {
		if e.object != nil && e.object.kind != anonymous {
			n += e.pages()
		} else if e.object != nil {
			n += e.object.pages.resident()
		}
	}
	return n
}

// setWired notes how the range is wired. What is not mapped is skipped.
func (m *Map) setWired(start, end mach.VirtAddr, access mach.Prot) error {
	return m.change(start, end, func(e *Entry) {
		m.account(e, -e.size())
		if access == mach.ProtNone {
			e.wired = access
		} else {
			e.wired |= access
		}
		m.account(e, e.size())
	})
}

// rewire has e, whose protection was changed, wired with what it allows now, if it is wired or all that can be accessed is to be. It reports
// whether there are pages to bring. A page that nobody may access stays where it is until somebody may.
func (m *Map) rewire(e *Entry) bool {
	if e.prot == mach.ProtNone || e.wired == mach.ProtNone && !m.wireFuture {
		return false
	}
	m.account(e, -e.size())
	e.wired = e.prot
	m.account(e, e.size())
	return true
}

// bringWired makes the pages of the range present that are wired, as far as that can be done at once; a fault brings the others.
func (m *Map) bringWired(start, end mach.VirtAddr) {
	for start < end {
		e := m.from(start) // each time anew, as a fault may join entries
		if e == nil || e.start >= end {
			return
		}
		from, to := max(start, e.start), min(end, e.end)
		if e.wired != mach.ProtNone && e.prot != mach.ProtNone && m.bring(from, to, e.prot) != nil {
			m.env.Forget()
		}
		start = to
	}
}

// pinned reports whether somebody who sees page n through o has wired it.
func (o *Object) pinned(n mach.PageNumber) bool { return o.env.wired != 0 && o.wiredAt(n) }

func (o *Object) wiredAt(n mach.PageNumber) bool {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if v.of.wired != mach.ProtNone {
			return true
		}
	}
	for v := o.above.at(n); v != nil; v = v.after(n) {
		if a, m := v.of, n-v.first; !a.has(m) && a.wiredAt(m) {
			return true
		}
	}
	return false
}

// wireNew wires what was just mapped, in a map whose future is to be wired. A page of a manager that is not there yet comes with the
// first fault.
func (m *Map) wireNew(start mach.VirtAddr, size uint64, prot mach.Prot) error {
	if !m.wireFuture || prot == mach.ProtNone {
		return nil
	}
	err := m.Wire(start, size, prot)
	if err == Wait {
		m.env.Forget()
		start, end := span(start, size)
		err = m.setWired(start, end, prot)
	}
	return err
}
