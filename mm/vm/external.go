package vm

import (
	"fmt"

	"defpager/mach"
)

// External keeps paged-out pages with a default memory manager outside the kernel, by the conversation that it has about any object: the pages
// are those of a managed object that nobody maps. Page-out makes a page of it dirty and has it returned, the first time by DataInitialize; a fault asks
// for it as for any other.
// A page of it stands for one page that is out, wherever the tree is in that says so, and its number is used again afterwards.
//
// What the manager keeps is lost with it, page by page: who touches one gets MemoryError. The kernel bounds what it does not receive, and then pages out
// no more.
type External struct {
	object *Object
	number Token
	used   int             // pages that are out
	fresh  mach.PageNumber // no page from here on was ever used
	free   pageTree        // pages to be used again: freeNew or freeHad
	ghosts pageTree        // pages that nobody wants any more, of which the manager has still to answer a request
	over   bool            // it takes no more pages, and ends with the last
	ticks  int             // while frames were short, see age
}

// Slots of External.free. freeHad: the manager got contents of the page once, so that the next come by DataReturn: what DataInitialize brings does not
// replace what is there.
const (
	freeNew slot = 1 << 1
	freeHad slot = 2 << 1
)

// slotIdle marks a page of an External that came from the manager and that nobody has fetched for a while.
const slotIdle slot = 1 << 10

const (
	// maxExternals bounds the managers that keep pages at the same time.
	maxExternals = 32
	// maxWaiting bounds the pages that wait for the manager to receive some.
	maxWaiting = 64

	// A token of a manager's page has this bit, the manager's number and the page's.
	tokenExternal Token = 1 << 58
	externalShift       = 52
)

// External reports whether a manager outside the kernel keeps the page.
func (t Token) External() bool { return t&tokenExternal != 0 }

func (t Token) page() mach.PageNumber {
	return mach.PageNumber(t & (1<<externalShift - 1))
}

// of is the External that keeps the page of a token.
func (env *Env) of(t Token) *External {
	return env.externals[t&^tokenExternal>>externalShift]
}

// NewExternal begins to keep pages with a manager, which is served at once: nothing waits for Ready. ResourceShortage.
func NewExternal(env *Env, manager Manager) (*External, error) {
	for i := range env.externals {
		if env.externals[i] != nil {
			continue
		}
		o, err := NewManaged(env, manager)
		if err != nil {
			return nil, err
		}
		x := &External{object: o, number: Token(i)}
		o.pager.ready, o.pager.temporary, o.pager.external = true, true, x
		env.externals[i] = x
		return x, nil
	}
	return nil, mach.ResourceShortage
}

// Object is the object whose pages the manager keeps.
func (x *External) Object() *Object { return x.object }

// Kept is the number of pages that are out with the manager, or on their way.
func (x *External) Kept() int { return x.used }

// End says that no more pages go to the manager. The External ends with the last that it keeps, or at once.
func (x *External) End() {
	x.over = true
	x.endIfEmpty()
}

// SetManager says who makes the External for pages that go out from now on; nil: the Backing has them. It is called when the first page is to go
// out. Pages that are out stay where they are.
func (env *Env) SetManager(begin func() *External) {
	if x := env.external; x != nil {
		env.external = nil
		x.End()
	}
	env.newExternal = begin
	env.resting, env.rests = 0, 0 // pages that nobody took may go now
	if begin != nil {
		env.restock()
	}
	if env.nodes.frames != nil {
		env.topUp()
	}
}

// Begins reports whether pages are to go to a manager who has got none yet.
func (env *Env) Begins() bool { return env.newExternal != nil && env.external == nil }

// Externals yields those that keep pages, or are to.
func (env *Env) Externals(yield func(*External) bool) {
	for _, x := range env.externals {
		if x != nil && !yield(x) {
			return
		}
	}
}

// Pages reports whether anything is ever paged out.
func (env *Env) Pages() bool { return env.Backing != nil || env.newExternal != nil }

// Delegates reports whether pages go to a manager outside the kernel.
func (env *Env) Delegates() bool { return env.newExternal != nil }

// far is the manager outside the kernel that pages go to now; nil: there is none, it has died, or they are to stay apart from it.
func (env *Env) far() *External {
	if x := env.external; x != nil && !x.object.Severed() && !env.apart {
		return x
	}
	return nil
}

// store gives a page to whoever keeps pages: the manager, and while it has died or cannot begin, the Backing. See Backing.Store.
func (env *Env) store(f mach.PhysAddr) (Token, bool) {
	if env.external == nil && env.newExternal != nil && !env.apart {
		env.external = env.newExternal()
	}
	if x := env.far(); x != nil {
		return x.store(f)
	}
	if env.Backing == nil {
		return 0, false
	}
	return env.Backing.Store(f)
}

// patient is for how many ticks frames are expected from a manager that has received the last page: it lets them go when it has done with them.
const patient = 100

// Expecting reports whether somebody waits for frames of a manager, or with pages of one, or a lock request for frames. Call Tick then even if there is nothing else to do.
func (env *Env) Expecting() bool {
	if env.late != nil {
		return true
	}
	if env.paging.first != nil {
		for range env.Externals {
			return true
		}
	}
	return false
}

// spareFrames is how many frames are set aside for managers.
const spareFrames = 64

// topUp sets frames aside for managers: as many as are missing, if they are there; none when nobody keeps pages any more.
func (env *Env) topUp() {
	if env.newExternal == nil {
		for range env.Externals {
			return
		}
		env.spare.Release()
		return
	}
	if n := spareFrames - env.spare.Pages(); n != 0 {
		if env.spare.Pages() == 0 {
			env.spare = env.Frames.Claim(0)
		}
		s := env.Frames.Stats()
		env.spare.Extend(min(n, s.Free-s.Reserved)) // the rest later
	}
}

// insist puts s into a tree that managers' pages need, with a frame that was set aside if there is no other for a node. It reports whether it could.
func (env *Env) insist(t *pageTree, n mach.PageNumber, s slot) bool {
	if t.put(&env.nodes, n, s, false) == nil {
		return true
	}
	ok := false
	for !ok && env.UseSpare() {
		ok = t.put(&env.nodes, n, s, false) == nil
	}
	env.topUp()
	return ok
}

// UseSpare frees a few of the frames that are set aside for managers, for what one needs at once. It reports whether there were any. Those that are not
// needed are set aside again by topUp, or at the next tick.
func (env *Env) UseSpare() bool {
	const enough = 4 // a page, and three page tables
	if env.spare.Pages() == 0 {
		return false
	}
	env.spare.Shrink(min(enough, env.spare.Pages()))
	return true
}

// Room and busy are Backing.Room and Busy of whoever keeps pages.
func (env *Env) Room() bool {
	if env.external == nil && env.newExternal != nil && !env.apart {
		return true // of one that has not begun, whatever the one before did not take
	}
	if x := env.far(); x != nil {
		return x.object.pages.count < maxWaiting
	}
	return env.Backing != nil && env.Backing.Room()
}

func (env *Env) busy() bool {
	if x := env.far(); x != nil {
		return x.object.pages.count != 0 || x.object.pager.returning != 0 || env.patience > 0
	}
	return env.Backing != nil && env.Backing.Busy()
}

// store is Backing.Store: f is freed when the manager has received the page and done with it.
func (x *External) store(f mach.PhysAddr) (Token, bool) {
	o := x.object
	nodes := &o.env.nodes
	if o.pages.count >= maxWaiting {
		o.pager.schedule()
		return 0, false
	}
	n, flags := x.fresh, slotDirty|slotInitial
	if at, s, ok := x.free.next(nodes, 0); ok {
		if n = at; s == freeHad {
			flags = slotDirty
		}
	}
	if n >= 1<<externalShift || !o.env.insist(&o.pages, n, slot(f)|flags) {
		return 0, false
	}
	if n == x.fresh {
		x.fresh++
	} else {
		x.free.remove(nodes, n, false)
	}
	x.used++
	o.env.patience = patient
	o.pager.schedule()
	return tokenExternal | x.number<<externalShift | Token(n), true
}

// fetch is Backing.Fetch. Wait is for the object, as when a fault asks a manager.
func (x *External) fetch(n mach.PageNumber) (mach.PhysAddr, error) {
	o := x.object
	if s := o.pages.get(&o.env.nodes, n); s != 0 {
		f := o.detach(n, s)
		x.release(n, s&slotInitial == 0)
		return f, nil
	}
	if o.pager.marks.get(&o.env.nodes, n) == markAbsent {
		return 0, mach.MemoryError // it was there once
	}
	_, err := o.page(n, mach.ProtRead)
	return 0, err
}

// drop is Backing.Drop.
func (x *External) drop(n mach.PageNumber) {
	o := x.object
	nodes := &o.env.nodes
	s := o.pages.get(nodes, n)
	if s != 0 {
		o.env.Frames.Free(o.detach(n, s))
	}
	if o.pager.marks.get(nodes, n) != markRequested {
		x.release(n, s&slotInitial == 0)
		return
	}
	// What comes must not be taken for another page's. If there is no memory to note that, the page is not used again.
	o.pager.wake(o.env, n, n+1, nil)
	o.env.insist(&x.ghosts, n, 1<<1)
	x.used--
	x.endIfEmpty()
}

// takes reports whether page n may come from the manager. What the kernel has not asked for may be a page that it has itself or never had, or older than what is on
// its way to the manager.
func (x *External) takes(n mach.PageNumber) bool {
	g, nodes := x.object.pager, &x.object.env.nodes
	return g.marks.get(nodes, n) == markRequested || n < x.fresh && x.free.get(nodes, n) == 0 && g.returning == 0
}

// age has pages leave again that came from the manager a while ago and that nobody has fetched: who waited for them was aborted, or nobody did. It is called for each tick
// while frames are short.
func (x *External) age() {
	o := x.object
	x.ticks = (x.ticks + 1) % patient
	if o.pages.count == 0 || !o.mayLeave() {
		return
	}
	for n := mach.PageNumber(0); ; n++ {
		at, s, ok := o.pages.next(&o.env.nodes, n)
		if !ok {
			return
		}
		switch n = at; {
		case s&slotDirty != 0: // it is on its way to the manager
		case x.ticks == 0:
			o.mark(n, s|slotIdle)
		case s&slotIdle != 0 && x.ticks > patient/2:
			o.evictManaged(n, s)
		}
	}
}

// release has page n used again.
func (x *External) release(n mach.PageNumber, had bool) {
	nodes := &x.object.env.nodes
	x.object.pager.marks.remove(nodes, n, false)
	s := freeNew
	if had {
		s = freeHad
	}
	x.object.env.insist(&x.free, n, s) // without memory it is not
	x.used--
	x.endIfEmpty()
}

func (x *External) endIfEmpty() {
	o := x.object
	if !x.over || x.used != 0 {
		return
	}
	env := o.env
	x.over = false
	o.pager.evict = true // whatever the manager wants, it is kept for nobody
	x.free.forget(&env.nodes)
	x.ghosts.forget(&env.nodes)
	env.externals[x.number] = nil
	o.pager.external = nil
	o.Release()
	env.topUp()
	if env.paging.first != nil {
		env.FramesReady() // a supply that waits for frames sees that nobody wants it: no Tick wakes it when this was the last
	}
}

// settle returns what is to go to the manager, as much as it may leave unread, and ends what nobody wanted any more.
func (x *External) settle() {
	o := x.object
	nodes := &o.env.nodes
	for n := mach.PageNumber(0); x.ghosts.count != 0; n++ {
		at, _, ok := x.ghosts.next(nodes, n)
		if !ok {
			break
		}
		if n = at; o.pager.marks.get(nodes, n) == markRequested {
			continue
		}
		x.ghosts.remove(nodes, n, false)
		if s := o.pages.get(nodes, n); s != 0 {
			o.env.Frames.Free(o.detach(n, s))
		}
		x.used++
		x.release(n, true)
	}
	r := LockRequest{Return: mach.ReturnDirty, Flush: true, Lock: mach.ProtNoChange, end: maxManagedPages}
	for n := mach.PageNumber(0); o.pager.returning < maxReturning && !o.pager.severed && o.env.mayReturn(o.pager.manager); {
		at, s, ok := o.pages.next(nodes, n)
		if !ok {
			return
		}
		if n = at + 1; s&slotDirty != 0 {
			n = o.giveBack(at, s, &r)
		}
	}
}

// goOn has Settle go on with what settle left when nothing was in stock.
func (x *External) goOn() {
	if g := x.object.pager; x.object.pages.count != 0 && g.returning < maxReturning && !g.severed {
		g.schedule()
	}
}

// forget empties a tree that holds no frames.
func (t *pageTree) forget(p *nodePool) {
	for {
		n, _, ok := t.next(p, 0)
		if !ok {
			return
		}
		t.remove(p, n, false)
	}
}

// check verifies the trees, and that no page has two uses.
func (x *External) check() error {
	nodes := &x.object.env.nodes
	if err := x.free.check(nodes); err != nil {
		return err
	}
	if err := x.ghosts.check(nodes); err != nil {
		return err
	}
	for n := mach.PageNumber(0); ; n++ {
		at, _, ok := x.free.next(nodes, n)
		if !ok {
			break
		}
		if n = at; n >= x.fresh || x.ghosts.get(nodes, n) != 0 {
			return fmt.Errorf("external page %d is free, and nobody has given it up", n)
		}
		if x.object.pages.get(nodes, n) != 0 || x.object.pager.marks.get(nodes, n) != 0 {
			return fmt.Errorf("external page %d is free and has a frame, or was asked for", n)
		}
	}
	if x.used < 0 || mach.PageNumber(x.used)+mach.PageNumber(x.free.count) > x.fresh {
		return fmt.Errorf("%d external pages are out and %d free, of %d", x.used, x.free.count, x.fresh)
	}
	return nil
}
