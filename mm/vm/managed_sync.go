package vm

import "defpager/mach"

// copySync is how far a lock request with CopySync has come: it gives the object's copy those pages of the range that the copy would look for in the object, before
// the manager makes something else of them. They come from the manager as for a fault. (OSF's and XNU's MEMORY_OBJECT_COPY_SYNC; GNU Mach has nothing like it.)
//
// Where the request reaches to the end of all pages and the object shows nothing else below, what the manager has not is zeros in the copy for good. It may say so of
// any range then, and is asked for no page of it any more. And it may refuse all that follows: there the copy ends too.
type copySync struct {
	copy    uint64          // the identity of the copy that has pages now: a newer one begins anew
	copies  int             // that were made meanwhile
	synced  mach.PageNumber // done up to here
	skip    mach.PageNumber // up to here the manager has no page that has no frame
	ends    mach.PageNumber // from here on it refuses all pages
	starved int             // attempts for which there was no frame
}

// maxCopies bounds how often a copy that is made meanwhile gets all that the one before got: the next is not made before the lock request is done.
const maxCopies = 16

// tokenLost is for a page that a manager could not give: who touches it gets MemoryError.
const tokenLost Token = 1 << 57

// syncCopy goes on with what CopySync demands and reports whether it is done: not, while the manager has not answered, or while there are no frames.
func (o *Object) syncCopy(r *LockRequest) bool {
	for {
		c := o.copy
		if c == nil || c.lost {
			return true
		}
		if c.id != r.copy {
			if r.copy = c.id; r.copies < maxCopies { // beyond, it is one that took over another's pages
				r.copies++
				r.synced, r.skip, r.ends = r.at, 0, maxManagedPages
			}
		}
		n := max(r.synced, c.shadowOffset)
		if n >= min(r.end, c.shadowOffset+c.shadowEnd) {
			if !o.endsAt(r) {
				return true
			}
			if n = o.uncopied(r.at); n == anyPage {
				o.cutCopy(r)
				return true
			}
			r.synced = n // it got its frame after its turn
		}
		if r.synced = o.beyond(r, n); r.synced != n {
			continue
		}
		switch s, err := o.page(n, mach.ProtRead); {
		case err == Wait:
			o.env.Forget()
			if o.pager.marks.get(&o.env.nodes, n) == markAbsent {
				o.pager.tryLater() // it is another object's, which the one under this shows: that one says nothing here
			} else {
				o.requestAhead(n+1, min(n+window, r.end), mach.ProtRead)
			}
			return false
		case err == nil && o.push(n, s.frame()) == nil:
			r.synced, r.starved = n+1, 0
		case err != nil && mach.Code(err) != mach.ResourceShortage:
			o.env.Forget()
			o.lose(n)
			r.synced = n + 1
		case r.starved >= 2*patient: // two for each tick
			c.lost = true
		case r.starved&1 == 0: // what page-out frees it may take from this very object
			r.starved++
			o.env.MakeRoom(1)
		default:
			r.starved++
			o.pager.tryLater()
			return false
		}
	}
}

// cutCopy has the copy look here for nothing from the begin of r on, where it has all that there was. It ends where the manager refuses all, if it would have looked there.
func (o *Object) cutCopy(r *LockRequest) {
	c := o.copy
	n, ok := c.aboveAt(r.ends)
	if o.clip(r.at); ok && c.mayEnd(n) {
		c.end(n)
		c.bypass()
	}
}

// beyond is n, or if the copy need not look for that page in o, one behind it that it may have to look for.
func (o *Object) beyond(r *LockRequest, n mach.PageNumber) mach.PageNumber {
	nodes := &o.env.nodes
	if q, _ := o.copy.aboveAt(n); o.copy.has(q) {
		return n + 1
	}
	switch {
	case o.pages.get(nodes, n) != 0 || !o.endsAt(r):
		return n
	case o.pager.marks.get(nodes, n) == markAbsent:
		return n + 1
	case n >= r.skip:
		return n
	}
	if at, _, ok := o.pages.next(nodes, n); ok {
		return min(at, r.skip)
	}
	return r.skip
}

// uncopied is the first page from n on that has a frame and that the copy would look for here; anyPage: there is none.
func (o *Object) uncopied(n mach.PageNumber) mach.PageNumber {
	for {
		at, _, ok := o.pages.next(&o.env.nodes, n)
		if !ok {
			return anyPage
		}
		if q, ok := o.copy.aboveAt(at); ok && !o.copy.has(q) {
			return at
		}
		n = at + 1
	}
}

// mayEnd reports whether nothing is in a frame or out from page n on, in the object or in those that show it.
func (o *Object) mayEnd(n mach.PageNumber) bool {
	if _, more := o.NextContents(n); more {
		return false
	}
	for v := o.above.over(n, anyPage); v != nil; v = v.next(n, anyPage) {
		if a := v.of; !a.mayEnd(a.first(n)) {
			return false
		}
	}
	return true
}

// end makes a touch of page n, and of all that follow, a MemoryError, in the object and in those that show it.
func (o *Object) end(n mach.PageNumber) {
	o.limit = min(o.limit, n)
	o.shadowEnd = min(o.shadowEnd, n)
	o.cover.extend(o.shadowOffset + o.shadowEnd)
	for v := o.above.over(n, anyPage); v != nil; {
		a := v.of
		v = v.next(n, anyPage)
		a.end(a.first(n))
	}
}

// first is the first page that shows page n of the shadow, or one behind it.
func (o *Object) first(n mach.PageNumber) mach.PageNumber {
	return max(n, o.shadowOffset) - o.shadowOffset
}

// endsAt reports whether what the manager has not behind the begin of r, which has CopySync, is zeros in the copy for good.
func (o *Object) endsAt(r *LockRequest) bool { return r.end == maxManagedPages && o.shadow == nil }

// syncing is the lock request that waits for pages that the copy is to get; nil: none does.
func (g *pagerState) syncing() *LockRequest {
	if r := g.locks; r != nil && r.CopySync {
		return r
	}
	return nil
}

// crowded reports whether so many copies were made while the lock request waits that no other is to be.
func (g *pagerState) crowded() bool {
	r := g.syncing()
	return r != nil && r.copies >= maxCopies
}

// mayEnd reports whether a refusal of all that follows is one of the end, for the lock request that waits for pages.
func (g *pagerState) mayEnd() bool {
	r := g.syncing()
	return r == nil || g.object.endsAt(r)
}

// keeps reports whether page n, of which the manager has not what it holds, has to stay until a copy has got it. The manager may be about to say of a range that it has nothing
// there, before it receives the page.
func (g *pagerState) keeps(n mach.PageNumber) bool {
	for r := g.locks; r != nil; r = r.next {
		if r.CopySync && n >= r.at && n < r.end {
			return true
		}
	}
	return false
}

// gave has a lock request with CopySync go on when the manager has answered for the pages [first, end), which it refuses or not.
func (g *pagerState) gave(first, end mach.PageNumber, refuses bool) {
	r := g.syncing()
	if r == nil {
		return
	}
	if r.synced >= first && r.synced < end {
		r.skip = max(r.skip, end)
	}
	if refuses && end == maxManagedPages {
		r.ends = min(r.ends, first)
	}
	g.schedule()
}

// refused is for a page that was asked for and that the manager cannot give.
func (g *pagerState) refused(n mach.PageNumber) {
	g.unmark(n)
	if r := g.syncing(); r != nil && n >= r.at && n < r.end {
		g.object.lose(n)
	}
}

// lose says that page n is lost for the copy, if that would look for it here.
func (o *Object) lose(n mach.PageNumber) {
	c := o.copy
	if c == nil {
		return
	}
	q, ok := c.aboveAt(n)
	if !ok || c.has(q) {
		return
	}
	if c.pages.put(&o.env.nodes, q, outSlot(tokenLost), false) != nil {
		c.lost = true
	}
	c.supersede(q, nil)
	c.bypass()
}

// tryLater has Settle look at the object after the next Tick.
func (g *pagerState) tryLater() {
	if env := g.object.env; !g.late {
		g.late, g.nextLate, env.late = true, env.late, g
	}
}

// tryNow is for a Tick: Settle looks at the objects of tryLater.
func (env *Env) tryNow() {
	for env.late != nil {
		g := env.late
		env.late, g.nextLate, g.late = g.nextLate, nil, false
		if g.object != nil {
			g.schedule()
		}
	}
}
