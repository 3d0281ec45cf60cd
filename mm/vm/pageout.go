package vm

import "defpager/mach"

// Page-out takes frames away from pages that were not used lately, and gives their contents to the Backing. A hand goes round all objects
// and their pages, as frames have no note of whose they are: a page that was used since the hand came by last has a second chance, which
// costs it the accessed bits of its page-table entries; any other goes. Only anonymous memory does: reserved objects were promised their
// frames, managed ones have a pager of their own. What is wired stays.

// hand is where the page-out goes on.
type hand struct {
	object *Object // nil: at the first
	page   mach.PageNumber
}

const (
	// outBatch is how many pages are paged out at once, when an operation has left too few frames.
	outBatch = 16
	// outLook is how many pages the hand passes at most for one batch.
	outLook = 4096
	// outTries is how often a fault that finds no frame has pages paged out for it.
	outTries = 8
)

// short reports whether pages are to be paged out.
func (env *Env) short() bool {
	return env.Backing != nil && !env.resting && env.low()
}

// low reports whether fewer frames are left than there should be.
func (env *Env) low() bool {
	s := env.Frames.Stats()
	return s.Free-s.Reserved < env.lowWater/2
}

// pageOut pages a batch out. If it finds nothing, it is not tried again before the next Tick or FramesReady.
func (env *Env) pageOut() {
	if env.sweep(outBatch, outLook) == 0 {
		env.resting = true
	}
}

// MakeRoom pages out until n frames are free and promised to nobody, or until there is nothing left to page out.
func (env *Env) MakeRoom(n mach.PageNumber) {
	if env.Backing == nil || env.nodes.frames == nil {
		return
	}
	for {
		s := env.Frames.Stats()
		if s.Free-s.Reserved >= n || n > s.Total || env.sweep(outBatch, int(s.Total)*2) == 0 {
			return
		}
	}
}

// faultShort goes on with a fault that failed with err, if that was for want of frames: it pages out and tries again. It fails as Fault;
// Wait is also for frames on their way.
func (m *Map) faultShort(va mach.VirtAddr, access mach.Prot, err error) error {
	env := m.env
	for range outTries {
		if mach.Code(err) != mach.ResourceShortage || !env.low() {
			return err
		}
		if env.sweep(outBatch, outLook) == 0 {
			break
		}
		if err = m.fault(va, access); err == nil {
			return nil
		}
	}
	if mach.Code(err) == mach.ResourceShortage && env.Backing.Busy() {
		env.wanted = wanted{&env.paging, anyPage}
		return Wait
	}
	return err
}

// sweep moves the hand past look pages at most, pages out up to want of them, and returns how many.
func (env *Env) sweep(want, look int) int {
	h := &env.hand
	out, turns := 0, 0
	for out < want && look > 0 {
		if h.object == nil {
			if turns++; turns > 2 || env.objects == nil {
				break // every page was looked at twice
			}
			*h = hand{object: env.objects}
		}
		look--
		o := h.object
		n, s, ok := o.candidate(h.page)
		if !ok {
			*h = hand{object: o.next}
			continue
		}
		h.page = n + 1
		if s.out() {
			continue
		}
		used, wired := o.usage(n)
		if used || wired {
			if s&slotSuper != 0 {
				h.page = n&^(superPages-1) + superPages // one accessed bit for all
			}
			continue
		}
		if !o.evict(n, s) {
			break
		}
		out++
	}
	return out
}

// candidate is the first page at or behind n that may be paged out.
func (o *Object) candidate(n mach.PageNumber) (mach.PageNumber, slot, bool) {
	if o.kind != anonymous || o.pages.resident() == 0 {
		return 0, 0, false
	}
	return o.pages.next(&o.env.nodes, n)
}

// usage reports whether page n, which o has, was used since it was asked last, and whether it is wired, by anyone who sees it.
func (o *Object) usage(n mach.PageNumber) (used, wired bool) {
	for e := o.mappings; e != nil; e = e.mapNext {
		if va, ok := e.address(n); ok && e.m != nil {
			used = e.m.pmap.Used(va) || used
			wired = e.wired != mach.ProtNone || wired
		}
	}
	for a := o.above; a != nil; a = a.aboveNext {
		if m, ok := a.aboveAt(n); ok && !a.has(m) {
			u, w := a.usage(m)
			used, wired = used || u, wired || w
		}
	}
	return used, wired
}

// evict gives the frame s of page n to the backing. It reports whether there was room.
func (o *Object) evict(n mach.PageNumber, s slot) bool {
	env := o.env
	o.demoteAt(n)
	o.supersede(n, nil)
	t, ok := env.Backing.Store(s.frame())
	if !ok {
		return false
	}
	if env.Trace != nil {
		o.trace("page %d was not used lately and goes out, as %#x", n, uint64(t))
	}
	o.mark(n, outSlot(t))
	o.outs++
	env.counters.PageOuts++
	return true
}
