package vm

import (
	"defpager/board"
	"defpager/mach"
)

// shadowOf makes an object of n pages that shows o's pages from off on until they are written. Pages beyond o's limit
// fail in the shadow as they would in o.
//
// Precondition: nothing writes to those pages of o any more, and o's limit does not change while it has shadows; a shared
// object has delayed copies instead.
func (o *Object) shadowOf(off, n mach.PageNumber) (*Object, error) {
	if off >= o.limit {
		n = 0
	} else {
		n = min(n, o.limit-off)
	}
	s, err := o.env.newObject(anonymous, n)
	if err != nil {
		return nil, err
	}
	s.shadowEnd = n
	s.link(o, off)
	if o.env.Trace != nil {
		s.trace("made, to shadow object %d from page %d on", o.id, off)
	}
	return s, nil
}

// delayedCopy makes, or finds, the object that keeps o's contents as they are now. It is not written itself: map it
// needsCopy.
func (o *Object) delayedCopy() (*Object, error) {
	if c := o.copy; c != nil && c.frozen() && c.limit == o.limit {
		return c, nil
	}
	if !o.complete() {
		return nil, mach.ResourceShortage
	}
	c, err := o.env.newObject(anonymous, o.limit)
	if err != nil {
		return nil, err
	}
	c.shadowEnd = o.limit
	if old := o.copy; old != nil {
		// The older copy sees through the newer one: what is pushed into the newer is also what the older shows, as long
		// as the older has no page of its own.
		off := old.shadowOffset
		old.unlink()
		old.link(c, off)
	}
	c.link(o, 0)
	o.copy = c
	if o.env.Trace != nil {
		c.trace("made, to keep what object %d holds now", o.id)
	}
	for v := o.mappings.over(0, anyPage); v != nil; v = v.next(0, anyPage) {
		v.of.writeProtect()
	}
	return c, nil
}

// frozen reports whether a copy object still is exactly what its original was: nothing pushed, filled or written.
func (o *Object) frozen() bool {
	return o.pages.count == 0 && o.shadowOffset == 0 && o.shadowEnd == o.limit && !o.lost && !o.shared && !o.thawed
}

// delayed reports whether o keeps the former contents of an object that is still written to. Its pages must stay as long as it lives,
// even those that nobody can see any more: without its own it would show the original's, which are mapped writable now.
func (o *Object) delayed() bool { return o.shadow != nil && o.shadow.copy == o }

// link makes below o's shadow: o shows its pages [off, off+shadowEnd).
func (o *Object) link(below *Object, off mach.PageNumber) {
	o.shadow, o.shadowOffset = below, off
	below.above.add(&o.cover, off, off+o.shadowEnd, o.env)
	below.aboveCount++
}

// unlink takes o out of its shadow's index, and nothing more.
func (o *Object) unlink() {
	o.shadow.above.remove(&o.cover)
	o.shadow.aboveCount--
	o.shadow = nil
}

// unshadow parts o from its shadow. The caller then calls dropped on the shadow.
func (o *Object) unshadow() {
	if o.shadow.copy == o {
		o.shadow.copy = nil
	}
	o.unlink()
	o.shadowOffset, o.shadowEnd = 0, 0
}

// below is the page of o's shadow that page n of o shows, if n is not resident in o.
func (o *Object) below(n mach.PageNumber) (mach.PageNumber, bool) {
	return n + o.shadowOffset, o.shadow != nil && n < o.shadowEnd
}

// aboveAt is the page of o that shows page n of its shadow.
func (o *Object) aboveAt(n mach.PageNumber) (mach.PageNumber, bool) {
	return n - o.shadowOffset, n >= o.shadowOffset && n-o.shadowOffset < o.shadowEnd
}

// find looks for page n in o and below. The owner is where it was found, nil if nowhere: then it is zero. It fails with
// MemoryError where the contents are lost, and with Wait and others where they are a manager's.
func (o *Object) find(n mach.PageNumber) (slot, *Object, error) {
	for {
		if s := o.at(n); s != 0 {
			s, err := o.bring(n, s)
			return s, o, err
		}
		if o.lost {
			return 0, nil, mach.MemoryError
		}
		if o.kind == managed {
			s, err := o.page(n, mach.ProtRead)
			return s, o, err
		}
		m, ok := o.below(n)
		if !ok {
			return 0, nil, nil
		}
		o, n = o.shadow, m
	}
}

// peek is find where the answer is at hand: page n of o, which o itself does not have, is s, or zeros if s is 0. false: it must be asked for.
func (o *Object) peek(n mach.PageNumber) (s slot, ok bool) {
	for !o.lost {
		m, ok := o.below(n)
		if !ok {
			return 0, o.kind != managed
		}
		o, n = o.shadow, m
		if s := o.at(n); s != 0 {
			return s, !s.out()
		}
		if o.kind == managed {
			break
		}
	}
	return 0, false
}

// push saves page n of o, whose frame is p (0: all zeros), in o's copy object, because n is about to be written. After it,
// nothing that shows the copy maps o's frame.
//
// It fails with ResourceShortage unless o is reserved: that object's writers were promised that they need no more memory. They may have to Wait for
// frames that page-out can free; when there are none it is the copy that loses its contents.
func (o *Object) push(n mach.PageNumber, p mach.PhysAddr) error {
	c := o.copy
	q, ok := c.aboveAt(n)
	if !ok || c.has(q) {
		return nil
	}
	if !c.lost {
		if err := c.fill(q, p); err != nil {
			if o.kind != reserved {
				return err
			}
			if o.env.framesCome() {
				return Wait
			}
			c.lost = true
		}
		o.env.counters.CopyFaults++
		if o.env.Trace != nil {
			o.trace("page %d goes to its copy, object %d, before it is written", n, c.id)
		}
	}
	c.supersede(q, nil)
	c.bypass()
	return nil
}

// fill gives o a page n of its own with the contents of frame p; 0: zeros.
func (o *Object) fill(n mach.PageNumber, p mach.PhysAddr) error {
	env := o.env
	if p == 0 {
		f, err := env.Frames.Alloc()
		if err != nil {
			return err
		}
		return o.insert(n, f)
	}
	f, err := env.Frames.AllocDirty()
	if err != nil {
		return err
	}
	board.CopyPage(env.Mem.Frame(f), env.Mem.Frame(p))
	return o.insert(n, f)
}

// supersede takes page n out of the page tables of everyone who sees it through o, but not of the entry except: what they
// see there has just got another frame, or will change.
func (o *Object) supersede(n mach.PageNumber, except *Entry) {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if e := v.of; e != except && e.m != nil {
			va := e.at(n)
			e.m.pmap.Remove(va, va+mach.PageSize)
		}
	}
	for v := o.above.at(n); v != nil; v = v.after(n) {
		if a, m := v.of, n-v.first; !a.has(m) {
			a.supersede(m, except)
		}
	}
}

// alone reports whether e is the only one that sees the pages of its object, so that it may write to them, and they may go
// with it.
func (e *Entry) alone() bool {
	o := e.object
	if o.kind != anonymous || o.shared || o.holders > 0 {
		return false
	}
	if o.mapped > 1 {
		v := o.mappings.over(e.place.first, e.place.end)
		if v == &e.place {
			v = v.next(e.place.first, e.place.end)
		}
		if v != nil {
			return false
		}
	}
	return o.above.over(e.place.first, e.place.end) == nil
}

// ownCopy ends e's needsCopy before a write: e gets a shadow of its own, or the object itself when nobody else sees it.
// It fails with ResourceShortage.
func (e *Entry) ownCopy() error {
	if e.alone() {
		o := e.object
		o.thawed = true
		if o.env.Trace != nil {
			o.trace("nobody else sees these pages: no shadow is needed")
		}
	} else {
		o := e.object
		s, err := o.shadowOf(e.place.first, e.pages())
		if err != nil {
			return err
		}
		e.unmapObject()
		e.mapObject(s, 0)
		o.dropped()
		if e.m != nil {
			e.m.own(s)
		}
	}
	e.needsCopy = false
	return nil
}

// bypass parts o from its shadow when it has all pages of its own, as nothing is looked for below any more: then only the others that see
// the shadow keep it, and its last one has its pages for itself.
func (o *Object) bypass() {
	if below := o.shadow; below != nil && mach.PageNumber(o.pages.count) == o.limit {
		if o.env.Trace != nil {
			o.trace("has all its pages, and needs object %d below no more", below.id)
		}
		o.unshadow()
		o.behind = false
		below.dropped()
	}
}

// collapse merges o with its shadow when o alone sees it: o takes over the pages that it does not have itself, and the
// shadow's own shadow. Want of memory leaves the rest where it is, which is only less tidy; the next fault that gets
// there tries again.
func (o *Object) collapse() {
	for {
		b := o.shadow
		if b == nil || b.kind != anonymous || b.lost || b.holders+b.mapped > 0 || b.aboveCount != 1 {
			return
		}
		if o.behind = !o.absorb(b); o.behind {
			return
		}
		if o.env.Trace != nil {
			o.trace("takes over object %d below, which nobody else sees: %d pages now", b.id, o.pages.count)
		}
		off, end := o.shadowOffset+b.shadowOffset, mach.PageNumber(0)
		if b.shadowEnd > o.shadowOffset {
			end = min(o.shadowEnd, b.shadowEnd-o.shadowOffset)
		}
		o.unlink()
		o.shadowOffset, o.shadowEnd = 0, 0
		if next := b.shadow; next != nil {
			isCopy := next.copy == b
			b.unlink()
			o.shadowEnd = end
			o.link(next, off)
			if isCopy {
				next.copy = o
			}
		}
		o.env.freeObject(b)
		o.bypass()
	}
}

// absorb moves the pages of b that o shows into o and frees the others. b has no pages when it returns true. At any time
// in between, and when it stops half-way, o shows the same contents as before.
func (o *Object) absorb(b *Object) bool {
	env := o.env
	nodes := &env.nodes
	if o.lost {
		o.forsake(b)
		return true
	}
	if o.kind == anonymous && o.shadowOffset == 0 && o.shadowEnd == o.limit && o.pages.count < b.pages.count {
		// The few pages of o go down into b, and the trees change places: a task that forks again and again pays
		// for the pages it wrote, not for those it has.
		b.discard(o.shadowEnd, b.limit)
		for {
			n, s, ok := o.pages.next(nodes, 0)
			if !ok {
				break
			}
			o.demoteAt(n)
			b.demoteAt(n)
			old := b.at(n)
			if b.pages.put(nodes, n, s&^slotSuper, false) != nil {
				return false
			}
			if old != 0 {
				env.freeSlot(old)
			}
			o.pages.remove(nodes, n, false)
		}
		o.pages.exchange(&b.pages)
		return true
	}
	b.discard(0, o.shadowOffset)
	for {
		n, s, ok := b.pages.next(nodes, o.shadowOffset)
		if !ok {
			return true
		}
		b.demoteAt(n)
		s &^= slotSuper
		m, seen := o.aboveAt(n)
		if !seen || o.has(m) {
			b.pages.remove(nodes, n, false)
			env.freeSlot(s)
			continue
		}
		if o.pages.put(nodes, m, s, false) != nil {
			return false
		}
		b.pages.remove(nodes, n, false)
	}
}

// forsake frees the pages of b, the shadow of o, which is lost: what o does not have itself is not what b has, though page
// tables may show it from before the loss.
func (o *Object) forsake(b *Object) {
	for n := range b.Pages {
		if m, seen := o.aboveAt(n); seen && !o.has(m) {
			o.supersede(m, nil)
		}
	}
	b.discard(0, b.limit)
}

// discard frees the pages [from, to) of an anonymous object. No page table shows them.
func (o *Object) discard(from, to mach.PageNumber) {
	if from&(superPages-1) != 0 {
		o.demoteAt(from)
	}
	if to&(superPages-1) != 0 {
		o.demoteAt(to)
	}
	for from < to {
		n, s, ok := o.pages.next(&o.env.nodes, from)
		if !ok || n >= to {
			return
		}
		o.pages.remove(&o.env.nodes, n, false)
		o.env.freeSlot(s)
		from = n + 1
	}
}
