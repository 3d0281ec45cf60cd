package vm

import "defpager/mach"

// window is how many pages, aligned, one fault may map or fill around the page it is about.
const window = 16

// runWindow is how many pages one fault may map when faults come in a run and the pages are there.
const runWindow = 512

const superPages = mach.SuperSize / mach.PageSize

// Fault resolves a page fault at va; on nil the instruction is to be tried again. Memory that is mapped at all can be
// read: the processor knows no other way.
//
// It fails with InvalidAddress (nothing mapped there), ProtectionFailure (the entry does not allow the access),
// MemoryError (beyond the object's limit, or the page is lost), ResourceShortage (no frame, for the page or a table) and Wait.
func (m *Map) Fault(va mach.VirtAddr, access mach.Prot) error {
	env := m.env
	env.counters.Faults++
	m.counters.Faults++
	e := m.hint
	if va < e.start || va >= e.end {
		if e = m.find(va); e == nil {
			return mach.InvalidAddress
		}
		m.hint = e
	}
	if e.prot == mach.ProtNone || !e.access().Allows(access) {
		return mach.ProtectionFailure
	}
	write := access&mach.ProtWrite != 0
	if e.object == nil || write && e.needsCopy {
		if err := e.prepare(env); err != nil {
			return err
		}
		m.merge(e)
		e = m.find(va)
		m.hint = e
	}
	o, n := e.object, e.page(va)
	o.faults++
	env.counters.Lookups++
	if o.kind == managed {
		return m.faultManaged(e, va, n, access)
	}
	s := o.pages.get(&env.nodes, n)
	if o.kind == physical {
		s = o.residentElsewhere(n)
	}
	if s != 0 {
		if s.out() {
			var err error
			if s, err = o.bring(n, s); err != nil {
				return err
			}
			m.counters.PageIns++
		} else {
			env.counters.Hits++
		}
		return m.enter(e, va, n, s, write)
	}
	if n >= o.limit {
		return mach.MemoryError
	}
	if o.shadow != nil || o.lost {
		return m.lookBelow(e, va, n, write)
	}
	if env.strict && o.starves() {
		return mach.ResourceShortage
	}
	return m.zeroFill(e, va, n, write)
}

// prepare gives e an object that may be written through it.
func (e *Entry) prepare(env *Env) error {
	if e.object != nil {
		return e.ownCopy()
	}
	_, err := e.backing(env)
	e.needsCopy = false
	return err
}

// enter maps page n, which is resident in e's own object.
func (m *Map) enter(e *Entry, va mach.VirtAddr, n mach.PageNumber, s slot, write bool) error {
	o := e.object
	if m.env.Trace != nil {
		o.trace("page %d is here, and mapped", n)
	}
	prot := e.access()
	if e.needsCopy {
		prot &^= mach.ProtWrite
	}
	others := prot
	if o.copy != nil {
		// Writing first saves the page for the copy; so pages that were not pushed are mapped for reading only.
		others &^= mach.ProtWrite
		if !write {
			prot = others
		} else if err := o.push(n, s.frame()); err != nil {
			return err
		}
	}
	if prot == others && m.enterSuper(e, va, s, prot) {
		return nil
	}
	if err := m.pmap.Enter(va.Trunc(), s.frame(), prot, mach.PageSize); err != nil {
		return err
	}
	m.around(e, va, others)
	return nil
}

// around maps the resident neighbours of the page at va that are not mapped yet: those of its window, and when the faults come in a run,
// more of those behind it.
func (m *Map) around(e *Entry, va mach.VirtAddr, prot mach.Prot) {
	from, to := e.window(va)
	if n := e.page(va); n == e.ahead {
		from, to = va.Trunc(), min(va.Trunc()+runWindow*mach.PageSize, e.end)
	}
	o, n := e.object, e.page(from)
	if o.kind >= physical || o.pages.height == 0 {
		for at := from; at < to; at += mach.PageSize {
			if s := o.resident(n); s != 0 && m.pmap.Fill(at, s.frame(), prot) != nil {
				return
			}
			n++
		}
		e.ahead = n
		return
	}
	for at := from; at < to; {
		k := min(nodeSlots-n&(nodeSlots-1), mach.PageNumber(to-at)>>mach.PageShift)
		if slots := o.pages.run(&m.env.nodes, n); slots != nil && m.pmap.FillRun(at, slots[:k], prot) != nil {
			return
		}
		n += k
		at += mach.VirtAddr(k.Bytes())
	}
	e.ahead = n
}

// window is the part of e around va that one fault may work on.
func (e *Entry) window(va mach.VirtAddr) (from, to mach.VirtAddr) {
	from = va &^ (window*mach.PageSize - 1)
	return max(from, e.start), min(from+window*mach.PageSize, e.end)
}

// enterSuper maps the 2 MiB around va at once, if s is part of a frame block of that size and e maps all of it where the
// address runs parallel.
func (m *Map) enterSuper(e *Entry, va mach.VirtAddr, s slot, prot mach.Prot) bool {
	const inside = mach.SuperSize - 1
	if s&slotSuper == 0 || (uint64(va)^uint64(s))&inside&^mach.PageMask != 0 {
		return false
	}
	start := va &^ inside
	if start < e.start || e.end-start < mach.SuperSize {
		return false
	}
	return m.pmap.Enter(start, s.frame()&^inside, prot, mach.SuperSize) == nil
}

// zeroFill gives e's object a page n of zeros and maps it. The page is nowhere else.
func (m *Map) zeroFill(e *Entry, va mach.VirtAddr, n mach.PageNumber, write bool) error {
	o := e.object
	if (o.kind == reserved || n == e.ahead && va&(mach.SuperSize-1) == 0 && o.kind == anonymous && m.env.plenty()) && m.fillSuper(e, va, n) {
		e.ahead = n&^(superPages-1) + superPages
		return m.enter(e, va, n, o.resident(n), write)
	}
	p, err := o.take()
	if err != nil {
		return err
	}
	if err = o.insert(n, p); err != nil {
		return err
	}
	if o.shadow != nil {
		o.bypass()
	}
	m.counts(0)
	if m.env.Trace != nil {
		o.trace("page %d gets a frame of zeros", n)
	}
	prot := e.access()
	if e.needsCopy {
		prot &^= mach.ProtWrite
	}
	if o.copy != nil {
		if !write {
			prot &^= mach.ProtWrite
		} else if err = o.push(n, 0); err != nil {
			return err
		}
	}
	if err = m.pmap.Enter(va.Trunc(), p, prot, mach.PageSize); err != nil {
		return err
	}
	m.goOn(e, va, n, write, prot)
	return nil
}

// goOn is called after a fault gave e's object a page n, which is at va now: when the faults come in a run, it prepares the pages that will be
// wanted next, up to the end of the window. It takes no memory that somebody else may need more.
func (m *Map) goOn(e *Entry, va mach.VirtAddr, n mach.PageNumber, write bool, prot mach.Prot) {
	run := n == e.ahead
	n++
	e.ahead = n
	o := e.object
	if !run || o.copy != nil || o.kind == anonymous && !m.env.plenty() {
		return
	}
	_, to := e.window(va)
	at := va.Trunc() + mach.PageSize
	end := min(n+mach.PageNumber(to-at)>>mach.PageShift, o.limit)
	switch {
	case o.shadow == nil || n >= o.shadowEnd:
		m.fillAhead(e, at, n, end, prot)
	case write:
		m.copyAhead(e, at, n, end, prot)
	}
	if o.shadow != nil {
		o.bypass()
	}
}

// fillAhead maps the pages [n, end) of e's object from at on. Those that are not there become zeros.
func (m *Map) fillAhead(e *Entry, at mach.VirtAddr, n, end mach.PageNumber, prot mach.Prot) {
	for n < end {
		slots, filled := e.object.zeros(n, end)
		m.env.counters.ZeroFills += filled
		m.counters.ZeroFills += filled
		if len(slots) == 0 || m.pmap.FillRun(at, slots, prot) != nil {
			break
		}
		n += mach.PageNumber(len(slots))
		at += mach.VirtAddr(len(slots)) * mach.PageSize
	}
	e.ahead = n
}

// zeros gives frames of zeros to those of the pages [n, end) that the object has not, as far as they lie in the leaf of page n, and views
// their slots: fewer when there is no more memory. It also says how many it filled. n is not 0, which may have no leaf.
func (o *Object) zeros(n, end mach.PageNumber) (slots []uint64, filled uint64) {
	if o.at(n) == 0 {
		p, err := o.take()
		if err != nil || o.insert(n, p) != nil {
			return nil, 0
		}
		filled = 1
	}
	slots = o.pages.run(&o.env.nodes, n)
	slots = slots[:min(mach.PageNumber(len(slots)), end-n)]
	more := uint64(0)
	for i, s := range slots {
		if s != 0 {
			continue
		}
		p, err := o.take()
		if err != nil {
			slots = slots[:i]
			break
		}
		slots[i] = uint64(p)
		more++
	}
	o.pages.filled(more)
	return slots, filled + more
}

// fillSuper fills the whole 2 MiB around va from one block of frames, if e and its object have room for it and nothing is
// there yet.
func (m *Map) fillSuper(e *Entry, va mach.VirtAddr, n mach.PageNumber) bool {
	const inside = mach.SuperSize - 1
	o := e.object
	first := n &^ (superPages - 1)
	start := va &^ inside
	if o.copy != nil || o.limit-first < superPages || start < e.start || e.end-start < mach.SuperSize || e.page(start) != first {
		return false
	}
	nodes := &m.env.nodes
	if at, _, ok := o.pages.next(nodes, first); ok && at < first+superPages {
		return false
	}
	p, ok := o.takeSuper()
	if !ok {
		return false
	}
	for i := mach.PageNumber(0); i < superPages; i += nodeSlots {
		s := slot(p) + slot(i.Bytes()) | slotSuper
		// A leaf's last page makes the leaf: page 0 by itself needs none.
		if o.pages.put(nodes, first+i+nodeSlots-1, s, o.kind == reserved) != nil {
			o.unfill(first, first+i, p)
			return false
		}
		slots := o.pages.run(nodes, first+i)
		for j := range slots {
			slots[j] = uint64(s)
			s += mach.PageSize
		}
		o.pages.filled(nodeSlots - 1)
	}
	m.env.counters.ZeroFills += superPages
	m.counters.ZeroFills += superPages
	return true
}

// takeSuper gets 2 MiB of zeroed frames for the object.
func (o *Object) takeSuper() (mach.PhysAddr, bool) {
	const order = mach.SuperShift - mach.PageShift
	if o.kind == reserved {
		r := o.reservation()
		p, ok := r.TakeOrder(order)
		o.promised = uint32(r.Pages())
		return p, ok
	}
	p, err := o.env.Frames.AllocOrder(order)
	return p, err == nil
}

// unfill takes back what fillSuper put into an anonymous object before there was no frame for a node: the pages [first, end) and the block
// at p.
func (o *Object) unfill(first, end mach.PageNumber, p mach.PhysAddr) {
	for n := first; n < end; n++ {
		o.pages.remove(&o.env.nodes, n, false)
	}
	o.env.Frames.FreeOrder(p, mach.SuperShift-mach.PageShift)
}

// lookBelow resolves a fault on page n that e's object does not have itself but may show from below.
func (m *Map) lookBelow(e *Entry, va mach.VirtAddr, n mach.PageNumber, write bool) error {
	o := e.object
	before := m.env.counters.PageIns
	if o.shadow != nil && o.shadow.Refs() == 1 {
		o.collapse() // memory was short when the shadow lost its last other user
		if s := o.at(n); s != 0 {
			s, err := o.bring(n, s)
			if err != nil {
				return err
			}
			m.counters.PageIns += m.env.counters.PageIns - before
			return m.enter(e, va, n, s, write)
		}
	}
	s, owner, err := o.find(n)
	m.counters.PageIns += m.env.counters.PageIns - before
	switch {
	case err != nil:
		return err
	case (owner == nil || write) && m.env.strict && o.starves():
		return mach.ResourceShortage
	case owner == nil:
		return m.zeroFill(e, va, n, write)
	case write:
		return m.copyUp(e, va, n, s)
	}
	if m.env.Trace != nil {
		o.trace("page %d is seen in object %d below, and mapped for reading", n, owner.id)
	}
	if err := m.pmap.Enter(va.Trunc(), s.frame(), e.access()&^mach.ProtWrite, mach.PageSize); err != nil {
		return err
	}
	if owner == o.shadow {
		m.aroundBelow(e, va)
	}
	return nil
}

// aroundBelow maps, for reading, the neighbours of va that e's object shows from its own shadow.
func (m *Map) aroundBelow(e *Entry, va mach.VirtAddr) {
	o := e.object
	from, to := e.window(va)
	n := e.page(from)
	for at := from; at < to; at += mach.PageSize {
		if q, ok := o.below(n); ok && !o.has(n) {
			if s := o.shadow.resident(q); s != 0 && m.pmap.Fill(at, s.frame(), e.access()&^mach.ProtWrite) != nil {
				return
			}
		}
		n++
	}
}

// copyUp gives e's object its own copy of page n, which it shows from below as s, and maps it writable.
func (m *Map) copyUp(e *Entry, va mach.VirtAddr, n mach.PageNumber, s slot) error {
	o := e.object
	if o.copy != nil {
		if err := o.push(n, s.frame()); err != nil {
			return err
		}
	}
	if err := o.fill(n, s.frame()); err != nil {
		return err
	}
	if m.env.Trace != nil {
		o.trace("page %d is a copy now of what was seen below", n)
	}
	m.counts(s)
	o.supersede(n, e)
	err := m.show(va.Trunc(), o.resident(n), e.access())
	o.bypass()
	if err != nil {
		return err
	}
	m.goOn(e, va, n, true, e.access())
	return nil
}

// copyAhead gives e's object pages of its own from n up to end, with what it shows there from below, and maps them, writable, from at on. It goes
// as far as nobody has to be asked for a page, and only where nobody sees these pages but e.
func (m *Map) copyAhead(e *Entry, at mach.VirtAddr, n, end mach.PageNumber, prot mach.Prot) {
	o := e.object
	if o.mapped > 1 || o.aboveCount != 0 {
		return
	}
	for ; n < end && !o.has(n); n++ {
		s, ok := o.peek(n)
		if !ok || o.fill(n, s.frame()) != nil {
			break
		}
		m.counts(s)
		if m.show(at, o.resident(n), prot) != nil {
			break
		}
		at += mach.PageSize
	}
	e.ahead = n
}

// counts notes a page that was filled with what s holds, or with zeros if s is 0.
func (m *Map) counts(s slot) {
	if s == 0 {
		m.env.counters.ZeroFills++
		m.counters.ZeroFills++
		return
	}
	m.env.counters.CopyFaults++
	m.counters.CopyFaults++
}

// show maps s at va in place of the frame below that may be mapped there, which it takes away when there is no memory for a table.
func (m *Map) show(va mach.VirtAddr, s slot, prot mach.Prot) error {
	err := m.pmap.Enter(va, s.frame(), prot, mach.PageSize)
	if err != nil {
		m.pmap.Remove(va, va+mach.PageSize)
	}
	return err
}
