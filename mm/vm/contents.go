package vm

import "defpager/mach"

// Page is the frame of page n, for who keeps a reserved object's contents without mapping it. false: the page was never written, or lies behind the
// limit.
func (o *Object) Page(n mach.PageNumber) (mach.PhysAddr, bool) {
	s := o.resident(n)
	return s.frame(), s != 0
}

// WritePage makes data, a page, the contents of page n of a reserved object. InvalidArgument: it lies behind the limit, or the object is of another kind.
func (o *Object) WritePage(n mach.PageNumber, data []byte) error {
	if o.kind != reserved || n >= o.limit {
		return mach.InvalidArgument
	}
	s := o.resident(n)
	if s == 0 {
		f, err := o.take()
		if err == nil {
			err = o.insert(n, f)
		}
		if err != nil {
			return err
		}
		s = slot(f)
	}
	page := o.env.Mem.Frame(s.frame())
	copy(page[:], data)
	if tail := o.Limit() & mach.PageMask; tail != 0 && n == o.limit-1 {
		clear(page[tail:]) // as when the limit came there
	}
	return nil
}
