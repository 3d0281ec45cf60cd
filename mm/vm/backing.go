package vm

import "defpager/mach"

// Token names the contents of a page that has no frame. It is less than 2^59.
type Token uint64

// Backing keeps the contents of pages that were paged out: memory that nobody manages but the kernel itself. Its calls do not block, and may
// not call back into package vm, apart from the methods that are named here.
type Backing interface {
	// Store takes the frame f over, with the page in it, and names the contents. It frees f at once if it can, or after the contents have
	// been written somewhere. false: there is no room; f stays the caller's. It may tell that frames or pages are ready.
	Store(f mach.PhysAddr) (Token, bool)
	// Fetch hands out a frame with the contents that t names, and forgets t. It fails with Wait (Env.PageReady is called when trying again
	// helps), MemoryError (the contents are lost; t stays) and ResourceShortage (there is no frame).
	Fetch(t Token) (mach.PhysAddr, error)
	// Room reports whether there is room for any page. Without, Store may still take pages that need little.
	Room() bool
	// Drop forgets t.
	Drop(t Token)
	// Where is where the contents are.
	Where(t Token) Tier
	// Busy reports whether frames are on their way: Env.FramesReady is called when some are free.
	Busy() bool
	// Shrink frees a frame of what the Backing has in memory for no other reason than to be quicker. It reports whether there was one.
	Shrink() bool
}

// PageReady tells that fetching t may succeed now, or fails for good. It wakes who waits for it.
func (env *Env) PageReady(t Token) {
	env.paging.wake(env, mach.PageNumber(t), mach.PageNumber(t)+1, nil)
}

// FramesReady tells that frames were freed. It wakes who waits for some.
func (env *Env) FramesReady() {
	env.resting = 0
	env.paging.wake(env, 0, 0, nil)
}

// Tick lets the page-out try again, after some time, that found nothing to take. Call it for every tick of the clock.
func (env *Env) Tick() {
	if env.resting > 0 {
		env.resting--
	}
	if env.patience > 0 {
		env.patience--
	}
	if env.pressed > 0 {
		env.pressed--
	}
	env.tryNow()
	if !env.short() {
		env.hand.passed = 0 // the next shortage looks at every page anew
	}
	if env.newExternal != nil || env.managedCount != 0 {
		env.restock()
		low := env.low()
		for x := range env.Externals {
			x.goOn()
			if low {
				x.age()
			}
		}
	}
	if env.newExternal != nil {
		env.topUp()
	}
	if env.paging.first == nil {
		return
	}
	for range env.Externals {
		env.FramesReady()
		return
	}
}

// bring gives page n of o, whose slot is s, a frame if it has none. It fails as Backing.Fetch.
func (o *Object) bring(n mach.PageNumber, s slot) (slot, error) {
	if !s.out() {
		return s, nil
	}
	env := o.env
	t := s.token()
	if t == tokenLost {
		return 0, mach.MemoryError
	}
	var f mach.PhysAddr
	var err error
	if t.External() {
		f, err = env.of(t).fetch(t.page())
	} else {
		f, err = env.Backing.Fetch(t)
	}
	if err != nil {
		if err == Wait {
			if !t.External() {
				env.wanted.queue, env.wanted.page = &env.paging, mach.PageNumber(t)
			}
			env.wanted.object = o
		}
		return 0, err
	}
	if env.Trace != nil {
		o.trace("page %d comes back, which was out as %#x", n, uint64(s.token()))
	}
	o.mark(n, slot(f))
	o.ins++
	env.counters.PageIns++
	return slot(f), nil
}

// drop forgets the contents that t names, and wakes whoever waited for them.
func (env *Env) drop(t Token) {
	if t == tokenLost {
		return
	}
	if t.External() {
		env.of(t).drop(t.page())
		return
	}
	env.Backing.Drop(t)
	if env.paging.first != nil {
		env.PageReady(t)
	}
}
