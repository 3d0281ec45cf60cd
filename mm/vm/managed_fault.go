package vm

import "defpager/mach"

// faultManaged resolves a fault on page n of e's own object, which is managed. A page is mapped for writing only after its first write,
// so that the kernel knows what to return.
func (m *Map) faultManaged(e *Entry, va mach.VirtAddr, n mach.PageNumber, access mach.Prot) error {
	o := e.object
	s, err := o.page(n, access|mach.ProtRead)
	if err != nil {
		if err == Wait && n == e.ahead && o.follows(n) {
			o.requestAhead(n+1, min(n+window, e.place.end), access|mach.ProtRead)
		}
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
	m.aroundManaged(e, va, n)
	return nil
}

// follows reports whether the pages before n are there, so that who needs n probably goes on behind it. A manager may have to work for each page:
// two in a row are no reason to ask for more.
func (o *Object) follows(n mach.PageNumber) bool {
	const row = 3
	for i := mach.PageNumber(1); i <= row; i++ {
		if n < i || o.pages.get(&o.env.nodes, n-i) == 0 {
			return false
		}
	}
	return true
}

// aroundManaged maps the neighbours of page n, which is at va, that have frames and are not mapped yet: those of its window, and when the faults
// come in a run, those behind it.
func (m *Map) aroundManaged(e *Entry, va mach.VirtAddr, n mach.PageNumber) {
	o := e.object
	from, to := e.window(va)
	if n == e.ahead {
		from, to = va.Trunc(), min(va.Trunc()+window*mach.PageSize, e.end)
	}
	e.ahead = n + 1
	if o.pages.height == 0 {
		return
	}
	for at, p := from, e.page(from); at < to; {
		k := min(nodeSlots-p&(nodeSlots-1), mach.PageNumber(to-at)>>mach.PageShift)
		slots := o.pages.run(&m.env.nodes, p)
		if slots == nil {
			p += k
			at += mach.VirtAddr(k.Bytes())
			continue
		}
		for _, s := range slots[:k] {
			if s := slot(s); s != 0 && s.lock()&mach.ProtRead == 0 {
				if m.pmap.Fill(at, s.frame(), e.showing(s)) != nil {
					return
				}
				if p == e.ahead {
					e.ahead++
				}
			}
			p++
			at += mach.PageSize
		}
	}
}

// showing is the protection with which e shows a page s of its managed object before anything is written.
func (e *Entry) showing(s slot) mach.Prot {
	prot := e.access() &^ s.lock()
	if s&slotDirty == 0 || e.needsCopy || e.object.copy != nil {
		prot &^= mach.ProtWrite
	}
	return prot
}
