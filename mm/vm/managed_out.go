package vm

import "defpager/mach"

// Managed objects are a cache: when frames are short, pages that nobody used lately leave it. The manager has a clean page and brings it again;
// one that was written, or of which the manager kept nothing, is returned first. What a manager leaves unread is bounded (maxReturning), so one
// that is silent keeps what its clients wrote in memory, and no more of it than they could hold anyway.

// mayLeave reports whether pages of the managed object can leave the kernel: not when nobody would bring them again. A page that the object
// inherited from one that it was copied from stays as well: that one's may have changed since.
func (o *Object) mayLeave() bool {
	return o.pager.ready && !o.pager.severed && o.shadow == nil
}

// evictManaged takes page n, which is s, out of the kernel. It reports whether that was possible.
func (o *Object) evictManaged(n mach.PageNumber, s slot) bool {
	if env := o.env; env.Trace != nil {
		o.trace("page %d was not used lately and leaves, flags %#x", n, uint64(s&mach.PageMask))
	}
	if s&(slotDirty|slotPrecious) == 0 {
		o.env.Frames.Free(o.detach(n, s))
	} else {
		if o.pager.returning >= maxReturning || o.pager.keeps(n) || !o.env.mayReturn(o.pager.manager) {
			return false
		}
		o.giveBack(n, s, &LockRequest{Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange, end: n + 1})
	}
	o.outs++
	o.env.counters.PageOuts++
	return true
}
