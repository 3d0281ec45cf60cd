package vm

import "defpager/mach"

// Supply gives the object the contents of the pages from offset on (memory_object_data_supply): all of data, whose frames
// move into the object where nobody else sees them. lock is what may not be done with the pages before the manager is
// asked; precious says that the manager kept nothing. Who waits for the pages goes on. data stays the caller's.
//
// It returns how many bytes of data were used. MemoryPresent: the page behind them has contents already, or is an External's that the manager is not to have. Wait: a page of data itself must
// come from a manager, or what a default memory manager gives back finds no frame now; go on from there. InvalidArgument: no whole pages, no protection, no managed object. ResourceShortage.
func (o *Object) Supply(offset uint64, data *Copy, from uint64, lock mach.Prot, precious bool) (uint64, error) {
	g := o.pager
	if g == nil || (offset|data.size)&mach.PageMask != 0 || offset+data.size < offset || !lock.Valid() {
		return from, mach.InvalidArgument
	}
	flags := slot(lock) << lockShift
	if precious {
		flags |= slotPrecious
	}
	nodes := &o.env.nodes
	for ; from < data.size; from += mach.PageSize {
		n := mach.PageNumber((offset + from) >> mach.PageShift)
		if o.pages.get(nodes, n) != 0 || g.external != nil && !g.external.takes(n) {
			return from, mach.MemoryPresent
		}
		most, err := o.pages.room(nodes, n) // first: the frame may be the only one with the contents
		if err != nil {
			return from, o.orLater(err)
		}
		p, err := data.takeFrame(from)
		if err != nil {
			nodes.forget(most)
			return from, o.orLater(err)
		}
		o.pages.putIn(nodes, n, slot(p)|flags, most)
		o.supplied(n)
	}
	if g.external != nil {
		g.schedule()
	}
	return from, nil
}

// orLater is Wait, for frames, instead of a ResourceShortage for a page that was out: who gives it back may have kept nothing, and nobody else has it.
// The wait has no limit of time, as to end it would lose the page. Each Tick tries again; it ends with the object, too. Threads that wait for the page can be aborted.
func (o *Object) orLater(err error) error {
	env := o.env
	if o.pager.external == nil || mach.Code(err) != mach.ResourceShortage {
		return err
	}
	env.UseSpare()
	env.wanted = wanted{queue: &env.paging, page: anyPage}
	return Wait
}

// SupplyPage is Supply of a copy of one page. It reports false, with nothing done, for all that Supply might say of it but success.
func (o *Object) SupplyPage(offset uint64, page *[mach.PageSize]byte, lock mach.Prot, precious bool) bool {
	g := o.pager
	if g == nil || offset&mach.PageMask != 0 || offset+mach.PageSize < offset || !lock.Valid() {
		return false
	}
	nodes, n := &o.env.nodes, mach.PageNumber(offset>>mach.PageShift)
	if o.pages.get(nodes, n) != 0 || g.external != nil && !g.external.takes(n) {
		return false
	}
	p, err := o.env.Frames.AllocDirty()
	if err != nil {
		return false
	}
	flags := slot(lock) << lockShift
	if precious {
		flags |= slotPrecious
	}
	if o.pages.put(nodes, n, slot(p)|flags, false) != nil {
		o.env.Frames.Free(p)
		return false
	}
	*o.env.Mem.Frame(p) = *page
	o.supplied(n)
	if g.external != nil {
		g.schedule()
	}
	return true
}

// supplied ends the wait for page n, which has a frame now.
func (o *Object) supplied(n mach.PageNumber) {
	g := o.pager
	o.ins++
	g.unmark(n)
	g.wake(o.env, n, n+1, nil)
	if g.locks != nil {
		g.gave(n, n+1, false)
	}
}

// unmark forgets what was known of page n before it got a frame, or that it was asked for.
func (g *pagerState) unmark(n mach.PageNumber) {
	if g.marks.remove(&g.object.env.nodes, n, false) == markRequested {
		g.answered()
	}
}

// Unavailable says that the manager has no contents for those of the pages in [offset, offset+size) that it was asked for
// (memory_object_data_unavailable): they are zeros, or what the object was copied from. InvalidArgument: no whole pages,
// or no managed object.
func (o *Object) Unavailable(offset, size uint64) error {
	return o.answer(offset, size, func(g *pagerState, n mach.PageNumber) {
		_ = g.marks.put(&o.env.nodes, n, markAbsent, false) // the slot is there: nothing to allocate
		g.answered()
	}, nil)
}

// Refuse says that those of the pages in [offset, offset+size) that the manager was asked for cannot be had
// (memory_object_data_error): who waits for them gets MemoryError; the next access asks again. InvalidArgument: no whole
// pages, or no managed object.
func (o *Object) Refuse(offset, size uint64) error {
	refused := (*pagerState).refused
	if _, end := pageRange(offset, size); end == maxManagedPages && o.pager != nil && o.pager.mayEnd() {
		refused = (*pagerState).unmark // nothing is lost: there is none
	}
	return o.answer(offset, size, refused, mach.MemoryError)
}

// answer calls f for each page of the range that was asked for, and ends the waits for them with err.
func (o *Object) answer(offset, size uint64, f func(*pagerState, mach.PageNumber), err error) error {
	g := o.pager
	if g == nil || (offset|size)&mach.PageMask != 0 {
		return mach.InvalidArgument
	}
	first, end := pageRange(offset, size)
	for n := first; ; n++ {
		at, mark, ok := g.marks.next(&o.env.nodes, n)
		if !ok || at >= end {
			break
		}
		if n = at; mark == markRequested {
			f(g, n)
			g.wake(o.env, n, n+1, err)
		}
	}
	g.gave(first, end, err != nil)
	return nil
}

// pageRange is the pages that [offset, offset+size) touches, up to the last there can be.
func pageRange(offset, size uint64) (first, end mach.PageNumber) {
	first = mach.PageNumber(offset >> mach.PageShift)
	last := offset + size
	switch {
	case size == 0:
		return first, first
	case last < offset:
		return first, maxManagedPages
	}
	return first, mach.PageNumber(last>>mach.PageShift) + mach.Pages(last&mach.PageMask)
}

// takeFrame is a frame with the page at off in c, for the caller to keep: c's own if nobody else can see it, else a copy. It fails with
// Wait, MemoryError and ResourceShortage.
func (c *Copy) takeFrame(off uint64) (mach.PhysAddr, error) {
	env := c.env
	if c.offset == 0 {
		e := c.first
		at := mach.VirtAddr(off)
		for at >= e.end {
			e = e.next
		}
		if o := e.object; o != nil && !o.delayed() && e.alone() {
			n := e.page(at)
			if s := o.pages.get(&env.nodes, n); s != 0 && s&slotSuper == 0 && !s.out() {
				o.pages.remove(&env.nodes, n, false)
				return s.frame(), nil
			}
		}
	}
	p, err := env.Frames.AllocDirty()
	if err != nil {
		return 0, err
	}
	if err = c.ReadAt(env.Mem.Frame(p)[:], off); err != nil {
		env.Frames.Free(p)
		return 0, err
	}
	return p, nil
}
