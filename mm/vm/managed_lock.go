package vm

import (
	"defpager/board"
	"defpager/mach"
)

// maxPiece is how many pages one DataReturn carries at most.
const maxPiece = 64

// LockRequest is memory_object_lock_request: for the pages of a range that have frames it raises or lowers the lock, then
// returns those that Return names, and with Flush takes them all away, and forgets which others the manager said it has not. A page that somebody has wired
// is returned and unlocked, but neither locked nor taken away (as in OSF's kernel; GNU Mach's would wait until it is not wired any more).
type LockRequest struct {
	Offset, Size uint64 // bytes
	Return       mach.MemoryReturn
	Flush        bool
	CopySync     bool      // before all else, the copy gets the pages of the range: see copySync
	Lock         mach.Prot // or ProtNoChange
	Reply        any       // not nil: LockCompleted is called with it in the end

	at   mach.PageNumber // done up to here
	end  mach.PageNumber
	next *LockRequest
	copySync
}

// LockRequest does a lock request, or as much of it as the manager has room to receive, and has answered; Settle does the rest later.
// InvalidArgument: no such return, no protection, or no managed object. ResourceShortage: too many requests wait already.
// r.Reply stays the caller's then.
func (o *Object) LockRequest(r *LockRequest) error {
	g := o.pager
	if g == nil || g.severed || !r.Return.Valid() || !r.Lock.Valid() && r.Lock != mach.ProtNoChange {
		return mach.InvalidArgument
	}
	r.at, r.end = pageRange(r.Offset, r.Size)
	r.copySync = copySync{synced: r.at, ends: maxManagedPages}
	if g.locks == nil && !r.CopySync && o.runLock(r) {
		if r.Reply != nil {
			g.manager.LockCompleted(o, r.Offset, r.Size, r.Reply)
		}
		return nil
	}
	if g.locks != nil {
		o.grant(r)
	}
	if g.lockCount >= maxLocks || o.env.Frames.Fuse.Blows() {
		return mach.ResourceShortage
	}
	q := new(LockRequest)
	*q = *r
	if g.lastLock == nil {
		g.locks = q
	} else {
		g.lastLock.next = q
	}
	g.lastLock = q
	g.lockCount++
	if q.CopySync && g.locks == q {
		g.runLocks()
	}
	return nil
}

// grant allows what somebody asked the manager to allow, as far as r, which has to wait, does: what r waits for may wait for that itself.
func (o *Object) grant(r *LockRequest) {
	if !r.Lock.Valid() {
		return
	}
	for at := r.at; ; at++ {
		n, s, ok := o.pages.next(&o.env.nodes, at)
		if !ok || n >= r.end {
			break
		}
		if at = n; s&slotAsked != 0 && s.lock()&^r.Lock != 0 {
			o.relock(n, s, s.lock()&r.Lock)
		}
	}
	o.pager.schedule()
}

// runLocks goes on with the lock requests that wait, and reports whether all are done. Who waits for that is woken.
func (g *pagerState) runLocks() bool {
	if g.locks == nil {
		return true
	}
	for r := g.locks; r != nil; r = g.locks {
		if !g.object.runLock(r) {
			return false
		}
		g.dropLock()
		if r.Reply != nil {
			g.manager.LockCompleted(g.object, r.Offset, r.Size, r.Reply)
		}
	}
	g.wake(g.object.env, 0, 0, nil)
	return true
}

// dropLock takes the oldest lock request out of the queue.
func (g *pagerState) dropLock() {
	r := g.locks
	g.locks = r.next
	if g.locks == nil {
		g.lastLock = nil
	}
	g.lockCount--
}

// Replies calls f with the reply of each lock request that waits.
func (o *Object) Replies(f func(reply any)) {
	for r := o.pager.locks; r != nil; r = r.next {
		if r.Reply != nil {
			f(r.Reply)
		}
	}
}

// runLock goes on with one lock request and reports whether it is done: not, when the manager has too much to receive, or is asked for pages.
func (o *Object) runLock(r *LockRequest) bool {
	if r.CopySync {
		if !o.syncCopy(r) {
			return false
		}
		r.CopySync = false
	}
	if r.Flush {
		o.pager.forgetAbsent(r.at, r.end)
	}
	for {
		n, s, ok := o.pages.next(&o.env.nodes, r.at)
		switch {
		case !ok || n >= r.end:
			return true
		case r.returns(s):
			if o.pager.returning >= maxReturning {
				r.at = n
				return false
			}
			r.at = o.giveBack(n, s, r)
		default:
			if o.pinned(n) {
				o.relock(n, s, r.pinnedLock(s))
			} else if r.Flush {
				o.env.Frames.Free(o.detach(n, s))
			} else if r.Lock != mach.ProtNoChange {
				o.relock(n, s, r.Lock)
			}
			r.at = n + 1
		}
	}
}

// returns reports whether a page goes to the manager.
func (r *LockRequest) returns(s slot) bool {
	return s&slotDirty != 0 && r.Return != mach.ReturnNone || s&slotPrecious != 0 && r.Return == mach.ReturnAll
}

// pinnedLock is the lock of a wired page s after the request: what it has now, or less. Who waits for the manager's leave learns that
// there is an answer, even where the page would have been taken away.
func (r *LockRequest) pinnedLock(s slot) mach.Prot {
	if r.Lock == mach.ProtNoChange {
		return s.lock()
	}
	return s.lock() & r.Lock
}

// giveBack returns page n, which is s, and those behind it that go with it in one piece, and says where it stopped. Short
// of memory it returns less at once, and keeps nothing: it does not fail.
func (o *Object) giveBack(n mach.PageNumber, s slot, r *LockRequest) mach.PageNumber {
	env, first, kind, keep := o.env, n, s&(slotDirty|slotInitial), !r.Flush
	pinned := o.pinned(n)
	keep = keep || pinned
	c, to := env.newReturn(o.pager)
	for {
		p := s.frame()
		if keep {
			var err error
			if p, err = env.copyOf(s.frame()); err != nil && (pinned || n != first) {
				break
			} else if err != nil {
				keep, p = false, s.frame()
			}
		}
		if to.pages.put(&env.nodes, n-first, slot(p), false) != nil { // never the first page: it needs no node
			if keep {
				env.Frames.Free(p)
			}
			break
		}
		if keep {
			lock := r.Lock
			if pinned {
				lock = r.pinnedLock(s)
			}
			o.clean(n, s, lock)
		} else {
			o.detach(n, s)
		}
		n++
		s = o.pages.get(&env.nodes, n)
		if n-first == maxPiece || n >= r.end || s == 0 || s&(slotDirty|slotInitial) != kind || !r.returns(s) || o.pinned(n) != pinned {
			break
		}
	}
	if n == first {
		c.Discard()
		return n + 1 // no memory for a copy of a wired page: it stays, and dirty
	}
	to.limit = n - first
	c.size = to.limit.Bytes()
	c.first.end = mach.VirtAddr(c.size)
	c.first.place.extend(to.limit)
	if kind&slotInitial != 0 {
		o.pager.manager.DataInitialize(o, first.Bytes(), c)
	} else {
		o.pager.manager.DataReturn(o, first.Bytes(), c, kind&slotDirty != 0, keep)
	}
	return n
}

// newReturn makes a copy with one entry and its object, for the pages that g's object returns. Limits do not count: how many there can
// be is limited itself, and what a task has written must not be lost.
func (env *Env) newReturn(g *pagerState) (*Copy, *Object) {
	c := env.takeReturn()
	o := env.takeObject(anonymous, maxPiece)
	o.onItsWay = g.external != nil
	e := env.takeEntry()
	e.prot, e.max, e.inherit = mach.ProtDefault, mach.ProtAll, mach.InheritCopy
	e.mapObject(o, 0)
	c.first, c.last = e, e
	c.source = g
	g.returning++
	return c, o
}

// returned is called when the manager has received what DataReturn gave it, or never will.
func (g *pagerState) returned() {
	g.returning--
	if g.external != nil {
		env := g.object.env
		env.patience = patient
		env.topUp()
		env.FramesReady()
	}
	if g.object != nil && (g.locks != nil || g.external != nil || g.object.Refs() == 0) {
		g.schedule()
	}
}

// copyOf is a new frame with the contents of p.
func (env *Env) copyOf(p mach.PhysAddr) (mach.PhysAddr, error) {
	f, err := env.Frames.AllocDirty()
	if err == nil {
		board.CopyPage(env.Mem.Frame(f), env.Mem.Frame(p))
	}
	return f, err
}

// clean says that the manager has page n, which is s, as it is now, and gives it a lock as relock does.
func (o *Object) clean(n mach.PageNumber, s slot, lock mach.Prot) {
	if s&slotDirty != 0 {
		o.protectPage(n, mach.ProtAll&^s.lock())
	}
	s &^= slotDirty | slotPrecious
	if lock == mach.ProtNoChange {
		o.mark(n, s)
	} else {
		o.relock(n, s, lock)
	}
}

// detach takes page n, which is s, out of the object and out of all page tables. The frame is the caller's.
func (o *Object) detach(n mach.PageNumber, s slot) mach.PhysAddr {
	o.supersede(n, nil)
	o.pages.remove(&o.env.nodes, n, false)
	if s&slotAsked != 0 {
		o.pager.answered()
	}
	o.pager.wake(o.env, n, n+1, nil)
	return s.frame()
}

// relock gives page n, which is s, another lock, and wakes who waits for that.
func (o *Object) relock(n mach.PageNumber, s slot, lock mach.Prot) {
	if raised := lock &^ s.lock(); raised&mach.ProtRead != 0 {
		o.supersede(n, nil)
	} else if raised != 0 {
		o.protectPage(n, mach.ProtAll&^lock)
	}
	if s&slotAsked != 0 {
		o.pager.answered()
	}
	o.mark(n, s&^(slotLock|slotAsked)|slot(lock)<<lockShift)
	o.pager.wake(o.env, n, n+1, nil)
}

// protectPage leaves page n mapped with the accesses in allow at most, and not for writing: the next write faults.
func (o *Object) protectPage(n mach.PageNumber, allow mach.Prot) {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if e := v.of; e.m != nil && e.prot != mach.ProtNone {
			va := e.at(n)
			e.m.pmap.Protect(va, va+mach.PageSize, e.access()&allow&^mach.ProtWrite)
		}
	}
}
