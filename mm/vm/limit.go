package vm

import (
	"math"

	"defpager/mach"
)

// SetLimit changes a reserved object's size to limit bytes. Growing asks for the frames of the new pages, which read as
// zero, and fails with ResourceShortage when they cannot be promised; nothing has changed then. Shrinking takes the pages
// beyond the new limit out of every map that shows them and gives their frames up, and what the last page holds behind it becomes zero;
// copies made before keep the contents. It fails with Wait while frames for these are on their way, and nothing has changed then.
// An overcommitted object asks for nothing to grow. To shrink it may have to bring a page back of which a part becomes zeros: it fails with Wait then, and with
// ResourceShortage, and nothing has changed.
// Other kinds of object have a fixed size: InvalidArgument.
func (o *Object) SetLimit(limit uint64) error {
	if o.overcommit {
		return o.stretch(limit)
	}
	if o.kind != reserved {
		return mach.InvalidArgument
	}
	n := mach.Pages(limit)
	shorter := limit < o.Limit()
	if shorter {
		if err := o.saveBehind(limit); err != nil {
			return err
		}
	}
	if n > o.limit {
		if err := o.expand(n); err != nil {
			return err
		}
	} else if n < o.limit {
		o.shrink(n)
	}
	if shorter {
		o.clearTail(limit)
	}
	o.recharge(o.limit, n)
	o.limit = n
	o.setBytes(limit)
	return nil
}

// saveBehind is for before the object shrinks to limit bytes: the page that the limit lies in gets a frame, and the copy has its contents, and as a rule room
// for those that follow. It fails as bringTail.
func (o *Object) saveBehind(limit uint64) error {
	const spare = 16 // frames: for the last page, and for nodes of pages that lie apart
	if o.copy != nil {
		o.env.MakeRoom(spare + mach.PageNumber(nodesFor(mach.PageNumber(o.pages.count))/nodesPerFrame))
	}
	if limit&mach.PageMask == 0 {
		return nil
	}
	return o.bringTail(mach.PageNumber(limit >> mach.PageShift))
}

// clearTail makes zeros of what the page that the limit lies in holds behind it, which saveBehind saved: an object that grows again begins with zeros there.
func (o *Object) clearTail(limit uint64) {
	n := mach.PageNumber(limit >> mach.PageShift)
	s := o.pages.get(&o.env.nodes, n)
	if s == 0 || s.out() || limit&mach.PageMask == 0 {
		return
	}
	clear(o.env.Mem.Frame(s.frame())[limit&mach.PageMask:])
}

func (o *Object) expand(n mach.PageNumber) error {
	nodes := &o.env.nodes
	more := n - o.limit
	if o.limit+more > math.MaxUint32 || !o.pages.payer.Fits(more) {
		return mach.ResourceShortage
	}
	r := o.reservation()
	if err := r.Grow(more); err != nil {
		return err
	}
	if err := nodes.promise(nodesFor(n) - nodesFor(o.limit)); err != nil {
		r.Shrink(more)
		return err
	}
	o.promised = uint32(r.Pages())
	return nil
}

func (o *Object) shrink(n mach.PageNumber) {
	nodes := &o.env.nodes
	left := mach.PageNumber(0)
	for at := n; o.copy != nil; at++ {
		var s slot
		var ok bool
		if at, s, ok = o.pages.next(nodes, at); !ok {
			break
		}
		if o.bequeath(at, slot(s.frame())) {
			o.pages.remove(nodes, at, true)
			left++
		}
	}
	o.hide(n, o.limit)
	o.clip(n)
	o.demote(n)
	for {
		at, s, ok := o.pages.next(nodes, n)
		if !ok {
			break
		}
		o.pages.remove(nodes, at, true)
		o.give(s.frame())
	}
	o.pages.lower(nodes, true)
	nodes.forget(nodesFor(o.limit) - nodesFor(n))
	r := o.reservation()
	r.Shrink(o.limit - n - left)
	o.promised = uint32(r.Pages())
}

// bequeath gives page n, which is s and which o is about to lose, to o's copy, if that would have looked for the page here. It reports whether it did.
// For want of a radix node the copy loses its contents, this page and all that come after it: nobody sees them in their frames any more, which others get.
func (o *Object) bequeath(n mach.PageNumber, s slot) bool {
	c := o.copy
	q, ok := c.aboveAt(n)
	if !ok || c.has(q) {
		return false
	}
	if !c.lost && c.pages.put(&o.env.nodes, q, s, false) != nil {
		c.lost = true
	}
	lost := c.lost
	c.supersede(q, nil)
	c.bypass()
	return !lost
}

// hide takes the pages [from, to) out of the page tables of everyone who maps the object.
func (o *Object) hide(from, to mach.PageNumber) {
	for v := o.mappings.over(from, to); v != nil; v = v.next(from, to) {
		first, last := max(from, v.first), min(to, v.end)
		if e := v.of; e.m != nil {
			va := e.start + mach.VirtAddr((first - v.first).Bytes())
			e.m.pmap.Remove(va, va+mach.VirtAddr((last-first).Bytes()))
		}
	}
}

// demoteAt says that the superpage which page n is part of, if it is part of one, is about to lose some of its pages.
func (o *Object) demoteAt(n mach.PageNumber) {
	nodes := &o.env.nodes
	if o.pages.get(nodes, n)&slotSuper == 0 {
		return
	}
	first := n &^ (superPages - 1)
	for at := first; at < first+superPages; at++ {
		_ = o.pages.put(nodes, at, o.pages.get(nodes, at)&^slotSuper, false) // the slot is there: nothing to allocate
	}
}

// demote says that the superpage around page n is about to lose pages.
func (o *Object) demote(n mach.PageNumber) {
	nodes := &o.env.nodes
	for at := n &^ (superPages - 1); at < n; at++ {
		if s := o.pages.get(nodes, at); s&slotSuper != 0 {
			_ = o.pages.put(nodes, at, s&^slotSuper, true) // the slot is there: nothing to allocate
		}
	}
}
