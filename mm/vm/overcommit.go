package vm

import "defpager/mach"

// NewOvercommitted makes an object of limit bytes of zeros to which no frame is promised: each page takes one at its first touch, and may be paged
// out. A touch that finds neither a frame nor room to page another page out fails with ResourceShortage; what was written is kept. The limit
// can be anything: it costs nothing. The caller holds the object's one reference. It fails with ResourceShortage.
func NewOvercommitted(env *Env, limit uint64) (*Object, error) {
	if err := env.init(); err != nil {
		return nil, err
	}
	if !env.mayName() {
		return nil, mach.ResourceShortage
	}
	o, err := NewAnonymous(env, limit)
	if err != nil {
		return nil, err
	}
	o.overcommit = true
	return o, nil
}

// mayName reports whether there may be one more object with a name: the last quarter of all is for what memory itself needs, zeros and copies.
func (env *Env) mayName() bool { return env.pool.count < env.MaxObjects/4*3 }

// Overcommitted reports whether the object is one of NewOvercommitted.
func (o *Object) Overcommitted() bool { return o.overcommit }

// stretch is SetLimit of an overcommitted object. Only a page that must be there to be made zeros in part can make it fail: with Wait and
// ResourceShortage, and then nothing has changed.
func (o *Object) stretch(limit uint64) error {
	n := mach.Pages(limit)
	shorter := limit < o.Limit()
	if shorter {
		if err := o.saveBehind(limit); err != nil {
			return err
		}
	}
	if n < o.limit {
		o.truncate(n)
	}
	if shorter {
		o.clearTail(limit)
	}
	o.limit = n
	o.setBytes(limit)
	if c := o.copy; c != nil {
		c.bypass() // which may have got the last page that it lacked
	}
	return nil
}

// bringTail gives page n, of which a part is to become zeros, a frame, and saves it for the copy. One that is lost stays lost.
func (o *Object) bringTail(n mach.PageNumber) error {
	s := o.at(n)
	if s == 0 {
		return nil
	}
	s, err := o.bring(n, s)
	if mach.Code(err) == mach.ResourceShortage {
		o.env.MakeRoom(1)
		s, err = o.bring(n, o.at(n))
	}
	if err != nil {
		if err != Wait && mach.Code(err) == mach.MemoryError {
			return nil
		}
		return err
	}
	if o.copy == nil {
		return nil
	}
	return o.env.orWait(o.push(n, s.frame()))
}

// truncate gives the pages from n on to the copy, if there is one that shows them, or up.
func (o *Object) truncate(n mach.PageNumber) {
	nodes := &o.env.nodes
	o.hide(n, o.limit)
	o.demote(n)
	for {
		at, s, ok := o.pages.next(nodes, n)
		if !ok {
			break
		}
		given := o.copy != nil && o.bequeath(at, s&^slotSuper)
		if o.pages.remove(nodes, at, false); !given {
			o.env.freeSlot(s)
		}
	}
	o.pages.lower(nodes, false)
	o.clip(n)
}

// clip has the copy look for nothing from page n on, where new pages may come: what was there it has, or it was zero.
func (o *Object) clip(n mach.PageNumber) {
	if c := o.copy; c != nil {
		c.shadowEnd = min(c.shadowEnd, max(n, c.shadowOffset)-c.shadowOffset)
		c.cover.extend(c.shadowOffset + c.shadowEnd)
	}
}
