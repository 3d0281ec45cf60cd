package vm

import "defpager/mach"

// A managed object's contents belong to a memory manager outside the kernel (a pager); the kernel caches them. A page is in
// one of these states, of which the first four have a frame:
//
//	clean      as it was supplied: mapped for reading only, so that the first write is seen
//	dirty      written since: to be returned
//	precious   clean, but the manager kept nothing: to be returned if it asks for all
//	locked     any of these, with accesses that the manager must allow first
//	requested  the manager was asked for it; who needs it waits
//	absent     the manager has none: zeros, or what the object was copied from
//	(nothing)  the kernel does not know it, or does no more
//
// Pages with a frame are in Object.pages, their flags in the slots' low bits; the others are marks. Whatever the manager
// says is good for its own object only, and a manager that is silent, wrong or dead costs the kernel no more than a bounded
// number of requests: nobody but who maps the object waits for it.
//
// Faults ask the manager at once. What takes longer waits for Env.Settle: lock requests that have returned as much as the
// manager may leave unread, and the end of objects that nobody maps.

// Manager is the memory manager of a managed object, as its object calls it. The calls are requests: none waits for an
// answer, and none may call back into package vm. Offsets and lengths are bytes, multiples of a page.
type Manager interface {
	// DataRequest asks for a page that a fault needs; the answer is Supply, Unavailable or Refuse. ResourceShortage: it could
	// not be asked, and the fault fails.
	DataRequest(o *Object, offset, length uint64, access mach.Prot) error
	// DataUnlock asks to allow an access that the page's lock forbids; the answer is LockRequest or Supply.
	DataUnlock(o *Object, offset, length uint64, access mach.Prot) error
	// DataReturn gives pages back. dirty: they were written. kept: the kernel still has them.
	DataReturn(o *Object, offset uint64, data *Copy, dirty, kept bool)
	// DataInitialize gives pages of an External that its manager never had before (memory_object_data_initialize). The kernel keeps none.
	DataInitialize(o *Object, offset uint64, data *Copy)
	// MayReturn reports whether DataReturn and DataInitialize take nothing from Go's heap. Page-out asks, and leaves the page where it is if not.
	MayReturn() bool
	// Copy asks for a copy of a range of pages and returns the new object, whose one reference is the caller's (memory_object_copy).
	// ResourceShortage.
	Copy(o *Object, offset, length uint64) (*Object, error)
	// LockCompleted tells that a lock request is done, or never will be as the object was severed. It is called for those that have
	// a Reply.
	LockCompleted(o *Object, offset, size uint64, reply any)
	// Terminate is the last call: the object is about to go.
	Terminate(o *Object)
}

// Flags of a managed object's slots. The locks are mach.Prot bits, shifted.
const (
	slotLock     slot = 7 << 1 // accesses that are forbidden
	slotAsked    slot = 7 << 4 // accesses that the manager was asked to allow
	slotDirty    slot = 1 << 7
	slotPrecious slot = 1 << 8
	slotInitial  slot = 1 << 9 // of an External: the manager never had that page

	lockShift, askedShift = 1, 4
)

// lock is the accesses that need the manager's leave.
func (s slot) lock() mach.Prot { return mach.Prot(s & slotLock >> lockShift) }

// Marks of pages without a frame.
const (
	markRequested slot = 1
	markAbsent    slot = 2
)

const (
	// maxAsked bounds the requests of one object that its manager has not answered: who needs more waits for the answers.
	maxAsked = 16
	// maxReturning bounds the returned pieces of one object that its manager has not received.
	maxReturning = 4
	// maxLocks bounds the lock requests that wait for the manager to receive what they return, or to answer. Half of them are for the manager itself.
	maxLocks = 16
	// maxCached bounds the objects that stay when nobody maps them.
	maxCached = 64
)

// pagerState is what an object of that kind has besides. It is never used for another object, so whoever holds it may look
// whether the object still lives.
type pagerState struct {
	object  *Object // nil when it is gone
	manager Manager

	ready     bool // the manager has said that it serves the object
	severed   bool // the manager will not answer any more: only pages with a frame are left
	persist   bool // may_cache
	temporary bool // contents end with the object
	evict     bool // it was cached long enough
	strategy  mach.CopyStrategy

	marks     pageTree
	asked     int // pages that are requested or of which more access was asked for
	returning int

	locks, lastLock *LockRequest // those that wait, oldest first
	lockCount       int

	waitQueue

	scheduled bool
	work      *pagerState // next of Env.work
	late      bool        // in the list Env.late
	nextLate  *pagerState

	external *External // not nil: what it is for

	cached       bool // in Env's list of objects that stay unmapped, which holds it
	newer, older *pagerState
}

// NewManaged makes an object whose contents manager supplies. Faults wait until Ready. The caller holds its one reference.
// It fails with ResourceShortage.
func NewManaged(env *Env, manager Manager) (*Object, error) {
	if err := env.init(); err != nil {
		return nil, err
	}
	if env.managedCount >= env.MaxManaged {
		return nil, mach.ResourceShortage
	}
	o, err := env.newObject(managed, maxManagedPages)
	if err != nil {
		return nil, err
	}
	env.managedCount++
	env.restock()
	o.pager = &pagerState{object: o, manager: manager, waitQueue: waitQueue{of: o}}
	o.shared, o.holders = true, 1
	return o, nil
}

// maxManagedPages is the limit of managed objects: every page whose offset a message can tell. Only the manager knows how
// many there are.
const maxManagedPages = mach.PageNumber(1) << (64 - mach.PageShift)

// Attributes are what a manager says of an object as a whole.
type Attributes struct {
	Ready    bool
	MayCache bool
	Strategy mach.CopyStrategy
}

// Attributes of a managed object (memory_object_get_attributes).
func (o *Object) Attributes() Attributes {
	g := o.pager
	return Attributes{g.ready, g.persist, g.strategy}
}

// Ready says that the manager serves the object (memory_object_ready), or again with which attributes
// (memory_object_change_attributes): faults that waited go on. Strategy CopyTemporary leaves the strategy as it is.
// InvalidArgument: no strategy, or no managed object.
func (o *Object) Ready(mayCache bool, s mach.CopyStrategy) error {
	g := o.pager
	if g == nil || !s.Valid() {
		return mach.InvalidArgument
	}
	g.persist = mayCache
	if s == mach.CopyTemporary {
		g.temporary = true
	} else {
		g.strategy = s
	}
	if g.cached && !mayCache {
		g.uncache()
	}
	if !g.ready {
		g.ready = true
		g.wake(o.env, 0, maxManagedPages, nil)
	}
	return nil
}

// Sever parts the object from its manager, which has died or wants no more of it (memory_object_destroy). Who waits for
// the manager gets MemoryError, as does every later access to a page that has no frame or is locked. The manager is called for the
// replies of lock requests that wait, and in the end by Terminate.
func (o *Object) Sever() {
	g := o.pager
	if g == nil || g.severed {
		return
	}
	g.severed, g.ready, g.persist = true, true, false
	g.clearMarks()
	for n, s, ok := o.pages.next(&o.env.nodes, 0); ok; n, s, ok = o.pages.next(&o.env.nodes, n+1) {
		if s&slotAsked != 0 {
			o.mark(n, s&^slotAsked)
		}
	}
	g.asked = 0
	g.dropLocks()
	g.wake(o.env, 0, anyPage, mach.MemoryError)
	if g.cached {
		g.uncache()
	}
}

// Severed reports whether the object has lost its manager.
func (o *Object) Severed() bool { return o.pager != nil && o.pager.severed }

// Manager is the object's manager, or that of the object whose pages o shows in the end: nil if there is none.
func (o *Object) Manager() Manager {
	for o.pager == nil && o.shadow != nil {
		o = o.shadow
	}
	if o.pager == nil {
		return nil
	}
	return o.pager.manager
}

// page finds page n of a managed object for an access, or asks for it. It fails with Wait, MemoryError, and
// ResourceShortage.
func (o *Object) page(n mach.PageNumber, access mach.Prot) (slot, error) {
	g, nodes := o.pager, &o.env.nodes
	if s := o.pages.get(nodes, n); s != 0 {
		if s.lock()&access == 0 {
			return s, nil
		}
		return 0, o.unlock(n, s, access)
	}
	if g.severed {
		return 0, mach.MemoryError
	}
	switch g.marks.get(nodes, n) {
	case markRequested:
		return 0, o.waitFor(n)
	case markAbsent:
		return o.fillAbsent(n)
	}
	if !g.ready || g.asked >= maxAsked {
		return 0, o.waitFor(anyPage)
	}
	if err := o.request(n, access); err != nil {
		return 0, err
	}
	return 0, o.waitFor(n)
}

// request asks the manager for page n.
func (o *Object) request(n mach.PageNumber, access mach.Prot) error {
	g, nodes := o.pager, &o.env.nodes
	if err := g.marks.put(nodes, n, markRequested, false); err != nil {
		return err
	}
	if err := g.manager.DataRequest(o, n.Bytes(), mach.PageSize, access); err != nil {
		g.marks.remove(nodes, n, false)
		return err
	}
	g.asked++
	return nil
}

// requestAhead asks the manager for those of the pages [n, end) that it was not asked for yet: they will be wanted next. Each has a request of
// its own, as managers know it, and half of the requests that there may be are left for pages that somebody waits for.
func (o *Object) requestAhead(n, end mach.PageNumber, access mach.Prot) {
	g, nodes := o.pager, &o.env.nodes
	for ; n < end && g.asked < maxAsked/2 && g.ready && o.env.plenty(); n++ {
		if o.pages.get(nodes, n) == 0 && g.marks.get(nodes, n) == 0 && o.request(n, access) != nil {
			return
		}
	}
}

// unlock asks the manager for an access to page n that its lock forbids.
func (o *Object) unlock(n mach.PageNumber, s slot, access mach.Prot) error {
	g := o.pager
	if g.severed {
		return mach.MemoryError
	}
	want := slot(access&s.lock()) << askedShift
	if want&^s == 0 {
		return o.waitFor(n)
	}
	if s&slotAsked == 0 && g.asked >= maxAsked {
		return o.waitFor(anyPage)
	}
	if err := g.manager.DataUnlock(o, n.Bytes(), mach.PageSize, access); err != nil {
		return err
	}
	if s&slotAsked == 0 {
		g.asked++
	}
	o.mark(n, s|want)
	return o.waitFor(n)
}

// mark changes the flags of a page that has a frame.
func (o *Object) mark(n mach.PageNumber, s slot) {
	_ = o.pages.put(&o.env.nodes, n, s, false) // the slot is there: nothing to allocate
}

// fillAbsent gives page n, which the manager has not, its contents: zeros, or what the object was copied from. They are clean, as
// asking again would bring the same.
func (o *Object) fillAbsent(n mach.PageNumber) (slot, error) {
	p, err := o.inherited(n)
	if err != nil {
		return 0, err
	}
	if err := o.fill(n, p); err != nil {
		return 0, err
	}
	o.pager.marks.remove(&o.env.nodes, n, false)
	if p == 0 {
		o.env.counters.ZeroFills++
	}
	return o.pages.get(&o.env.nodes, n), nil
}

// answered counts a request as answered.
func (g *pagerState) answered() { g.asked-- }

// forgetAbsent has the kernel ask again for the pages [n, end) that the manager said it has not.
func (g *pagerState) forgetAbsent(n, end mach.PageNumber) {
	nodes := &g.object.env.nodes
	for {
		at, mark, ok := g.marks.next(nodes, n)
		if !ok || at >= end {
			return
		}
		if n = at + 1; mark == markAbsent {
			g.marks.remove(nodes, at, false)
		}
	}
}

func (g *pagerState) clearMarks() {
	nodes := &g.object.env.nodes
	for {
		n, _, ok := g.marks.next(nodes, 0)
		if !ok {
			return
		}
		g.marks.remove(nodes, n, false)
	}
}
