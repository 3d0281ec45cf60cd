package vm

import "defpager/mach"

// Page-out takes frames away from pages that were not used lately, and gives their contents to the Backing. A hand goes round all objects
// and their pages, as frames have no note of whose they are: a page that was used since the hand came by last has a second chance, which
// costs it the accessed bits of its page-table entries; any other goes. Only anonymous memory does; pages of managed objects go to their
// own pagers (managed_out.go), and reserved objects were promised their frames. What is wired stays.

// hand is where the page-out goes on.
type hand struct {
	object *Object // nil: at the first
	page   mach.PageNumber
	passed int // pages with a frame and objects, since a page went out or somebody began to look for one
}

const (
	// outBatch is how many pages are paged out at once, when an operation has left too few frames.
	outBatch = 16
	// outMissing is how many are for an operation that was refused frames, at most: they are paged out though there may be enough for others.
	outMissing = 256
	// outLook is how many pages the hand passes at most between two operations.
	outLook = 4096
	// outTries is how often a program's access that finds no frame has pages paged out for it.
	outTries = 8
	// restMax bounds the rest after a page-out that found nothing, in ticks by powers of two.
	restMax = 8
)

// slotStiff marks a page that the backing did not take. It is not offered again before it was used, or the backing has room.
const slotStiff slot = 1 << 1

// reclaims reports whether there may be pages that can go.
func (env *Env) reclaims() bool { return env.Pages() || env.managedCount != 0 }

// short reports whether pages are to be paged out: few frames are left, or fewer than an operation needed at once, which was refused. That fails, but
// will not fail for ever, if it is tried again.
func (env *Env) short() bool {
	return env.Frames.Short(env.lowWater/2) && env.resting == 0 && env.reclaims()
}

// low reports whether fewer frames are left than there should be.
func (env *Env) low() bool {
	s := env.Frames.Stats()
	return s.Free-s.Reserved < env.lowWater/2
}

// pageOut pages a batch out, or as much as somebody was refused, or moves the hand on. If there is nothing that can go, it is not tried again before
// FramesReady, or some Ticks later: twice as many each time.
func (env *Env) pageOut() {
	want := max(outBatch, min(int(env.Frames.Missing()), outMissing))
	s := env.sweep(want, outLook)
	if s.out == 0 && !s.more && env.shrink() {
		s.out = 1
	}
	if s.out != 0 || !s.more {
		env.Frames.Met() // also what page-out itself was refused
	}
	switch {
	case s.out == 0 && !s.more || env.hopeless(&s):
		env.rests++
		env.resting = 1 << min(env.rests, restMax)
	case s.out != 0:
		env.rests = 0
	}
	if env.paging.first != nil && (s.out != 0 || env.resting != 0) {
		env.paging.wake(env, 0, 0, nil) // who waits for frames, and sees whether there are some
	}
}

// orWait is Wait instead of a ResourceShortage that page-out can do something about.
func (env *Env) orWait(err error) error {
	if mach.Code(err) == mach.ResourceShortage && env.framesCome() {
		return Wait
	}
	return err
}

// framesCome reports whether an operation that was refused frames is to Wait for some: page-out looks for them next, or they are on their way. The
// Wait is noted then.
func (env *Env) framesCome() bool {
	if env.Frames.Missing() == 0 || !env.reclaims() || env.newExternal != nil || env.resting != 0 && !env.busy() {
		return false
	}
	env.wanted = wanted{queue: &env.paging, page: anyPage}
	return true
}

// MakeRoom pages out until n frames are free and promised to nobody, or until there is nothing left to page out.
func (env *Env) MakeRoom(n mach.PageNumber) {
	if !env.reclaims() || env.nodes.frames == nil {
		return
	}
	for {
		s := env.Frames.Stats()
		if s.Free-s.Reserved >= n || n > s.Total || !env.force() {
			return
		}
	}
}

// Resolve is Fault for a program's own access: for want of frames it pages out and tries again. It fails as Fault; Wait is also for frames on
// their way, but not in the map of a default memory manager, who may be the one to bring them. It must not be called by an operation on memory that is half done, whose pages could go.
func (m *Map) Resolve(va mach.VirtAddr, access mach.Prot) error {
	err := m.Fault(va, access)
	if err != nil && err != Wait && m.env.reclaims() {
		return m.resolveShort(va, access, err)
	}
	return err
}

func (m *Map) resolveShort(va mach.VirtAddr, access mach.Prot, err error) error {
	env := m.env
	if m.resident {
		if err = m.faultSpared(va, access, err); err == nil {
			return nil
		}
		// The manager has not yet received what page-out could give it, and will not before it has this page. A page of its own that must come back went out
		// to the Backing before it was a manager: so there is one.
		env.apart = env.Backing != nil
		defer func() { env.apart = false }()
	} else if m.Refuses(va) {
		return err
	}
	for range outTries {
		if mach.Code(err) != mach.ResourceShortage || !env.low() {
			return err
		}
		if !env.force() {
			break
		}
		if err = m.Fault(va, access); err == nil {
			return nil
		}
	}
	if mach.Code(err) == mach.ResourceShortage && env.busy() && !m.resident {
		env.wanted = wanted{queue: &env.paging, page: anyPage}
		if e := m.find(va); e != nil {
			env.wanted.object = e.object
		}
		return Wait
	}
	return err
}

// force pages a batch out, however far the hand has to go. It reports whether that helps.
func (env *Env) force() bool {
	var all swept
	env.hand.passed = 0 // what it passed earlier may have been used since, or not
	for {
		s := env.sweep(outBatch, outLook)
		all.seen += s.seen
		all.stiff += s.stiff
		if s.out != 0 || !s.more {
			return s.out != 0 && !env.hopeless(&all) || env.shrink()
		}
	}
}

// shrink is Backing.Shrink.
func (env *Env) shrink() bool { return env.Backing != nil && env.Backing.Shrink() }

// swept is what a sweep found.
type swept struct {
	out   int  // pages that were paged out
	seen  int  // pages that were passed and have a frame
	stiff int  // of those, pages that the backing does not take, or that are wired or held
	more  bool // to go on may bring more
}

// hopeless reports whether nearly all pages that were seen stay where they are, and the backing takes few: to page out the rest again and again, which
// somebody is using, would keep the machine busy and bring nobody further.
func (env *Env) hopeless(s *swept) bool {
	return s.seen > 16*outBatch && s.stiff*16 > s.seen*15 && !env.Room()
}

// sweep moves the hand past look pages at most, and pages out up to want of them.
func (env *Env) sweep(want, look int) (r swept) {
	env.pressed = pressedFor
	h := &env.hand
	enough := 2 * (int(env.Frames.Stats().Total) + env.pool.count)
	for ; r.out < want && look > 0; look-- {
		if h.passed > enough {
			h.passed = 0
			return r // every page was looked at twice
		}
		if h.object == nil {
			if env.pool.listed == nil {
				return r
			}
			h.object, h.page = env.pool.listed, 0
		}
		o := h.object
		n, s, ok := o.candidate(h.page)
		if !ok {
			h.object, h.page = o.next, 0
			h.passed++
			continue
		}
		h.page = n + 1
		if s.out() {
			continue
		}
		h.passed++
		r.seen++
		used, wired := o.usage(n)
		if wired {
			if end := o.wiredEnd(n); end > h.page { // all of them have their frames
				more := int(end - h.page)
				h.page, h.passed = end, h.passed+more
				r.seen, r.stiff = r.seen+more, r.stiff+more+1
				continue
			}
		}
		if used {
			env.counters.Reactivations++
			if o.kind == anonymous && s&slotStiff != 0 {
				o.mark(n, s&^slotStiff)
			}
		}
		stiff := o.kind == anonymous && !used && s&slotStiff != 0 && !env.Room() && !env.busy()
		held := env.held.any && env.held.has(s.frame())
		if stiff || wired || held {
			r.stiff++
		}
		if used || wired || stiff {
			if s&slotSuper != 0 {
				h.page = n&^(superPages-1) + superPages // one accessed bit for all
			}
			continue
		}
		if held {
			continue
		}
		if o.kind == managed {
			if o.evictManaged(n, s) {
				r.out++
				h.passed = 0
			}
			continue
		}
		if !o.evict(n, s) {
			if env.busy() {
				return r // until FramesReady
			}
			o.mark(n, o.at(n)|slotStiff)
			continue // there may be room for another
		}
		r.out++
		h.passed = 0
	}
	r.more = true
	return r
}

// candidate is the first page at or behind n that may be paged out.
func (o *Object) candidate(n mach.PageNumber) (mach.PageNumber, slot, bool) {
	switch {
	case o.pages.resident() == 0:
	case o.kind == anonymous && !o.onItsWay && o.env.Pages() && !o.pages.payer.capped(), o.kind == managed && o.pager.external == nil && o.mayLeave():
		return o.pages.next(&o.env.nodes, n)
	}
	return 0, 0, false
}

// usage reports whether page n, which o has, was used since it was asked last, and whether it is wired, by anyone who sees it.
func (o *Object) usage(n mach.PageNumber) (used, wired bool) {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if e := v.of; e.m != nil {
			used = e.m.pmap.Used(e.at(n)) || used
			wired = e.wired != mach.ProtNone || e.m.resident || wired
		} else if e.stays {
			wired = true
		}
	}
	for v := o.above.at(n); v != nil; v = v.after(n) {
		if a, m := v.of, n-v.first; !a.has(m) {
			u, w := a.usage(m)
			used, wired = used || u, wired || w
		}
	}
	return used, wired
}

// wiredEnd is the first page behind n that the mapping which wires page n does not show; 0: none wires it.
func (o *Object) wiredEnd(n mach.PageNumber) mach.PageNumber {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if e := v.of; e.m != nil && e.wired != mach.ProtNone {
			return v.end
		}
	}
	return 0
}

// evict gives the frame s of page n to the backing. It reports whether there was room.
func (o *Object) evict(n mach.PageNumber, s slot) bool {
	env := o.env
	o.demoteAt(n)
	o.supersede(n, nil)
	t, ok := env.store(s.frame())
	if !ok {
		return false
	}
	if env.Trace != nil {
		o.trace("page %d was not used lately and goes out, as %#x", n, uint64(t))
	}
	o.bill(n)
	o.mark(n, outSlot(t))
	o.outs++
	env.counters.PageOuts++
	return true
}

// bill counts the page-out of page n, which o has, in each map that sees it, once for each mapping.
func (o *Object) bill(n mach.PageNumber) {
	for v := o.mappings.at(n); v != nil; v = v.after(n) {
		if e := v.of; e.m != nil {
			e.m.counters.PageOuts++
		}
	}
	for v := o.above.at(n); v != nil; v = v.after(n) {
		if a, m := v.of, n-v.first; !a.has(m) {
			a.bill(m)
		}
	}
}
