package vm

import "defpager/mach"

// Page is the frame of page n, for who keeps the contents of a reserved or an overcommitted object without mapping it. 0: the page was never written, or
// lies behind the limit. It fails as Backing.Fetch when the page is out.
func (o *Object) Page(n mach.PageNumber) (mach.PhysAddr, error) {
	s, err := o.bring(n, o.at(n))
	if mach.Code(err) == mach.ResourceShortage {
		o.env.MakeRoom(1)
		s, err = o.bring(n, o.at(n))
	}
	return s.frame(), err
}

// WritePage makes data, a page, the contents of page n of such an object, whatever was there. InvalidArgument: it lies behind the limit, or the object is of
// another kind. ResourceShortage: nothing was promised to the object, and there is neither a frame nor room for another page; nothing has changed.
func (o *Object) WritePage(n mach.PageNumber, data []byte) error {
	if o.kind != reserved && !o.overcommit || n >= o.limit {
		return mach.InvalidArgument
	}
	f := o.resident(n).frame()
	if f == 0 {
		var err error
		if f, err = o.takeFor(n); err != nil {
			return err
		}
	}
	copy(o.env.Mem.Frame(f)[:], data)
	return nil
}

// takeFor gives page n a frame in place of what it has, which is out, or nothing.
func (o *Object) takeFor(n mach.PageNumber) (mach.PhysAddr, error) {
	f, err := o.take()
	if err != nil {
		o.env.MakeRoom(1)
		f, err = o.take()
	}
	if err != nil {
		return 0, err
	}
	if s := o.at(n); s != 0 {
		o.mark(n, slot(f))
		o.env.freeSlot(s)
		return f, nil
	}
	return f, o.insert(n, f)
}
