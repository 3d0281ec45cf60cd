package backing

import (
	"defpager/mach"
	"defpager/mm/vm"
)

// A page that was read stays on the disk until somebody fetches it: it is clean, and its frame can be had back at no cost. So pages can be read ahead of
// need. That is done when pages of a disk are asked for in the order in which they lie there, mostly that of their addresses: each time twice
// as many come with the one that was asked for, in one request.
const (
	aheadMax   = 16 // pages of one read
	cleanMax   = 64 // clean pages in memory; only half of them may be there when more are read ahead
	streamsMax = 4  // of an area: who reads in order is known by where he is
	fetchPolls = 64 // for how many calls of Poll the frame of a page that was asked for is kept for who did
)

// stream is somebody who reads in order.
type stream struct {
	next   uint32 // slot
	window int    // pages that were to be read last; 0: there is none
}

// window is how many pages are to be read from a slot on.
func (p *place) window(slot uint32) (*stream, int) {
	for i := range p.streams {
		if s := &p.streams[i]; s.window != 0 && s.next == slot {
			return s, min(2*s.window, aheadMax)
		}
	}
	s := &p.streams[p.stream]
	p.stream = (p.stream + 1) % streamsMax
	return s, 1
}

// read is a page on its way from an area, with those that come ahead of need.
type read struct {
	b       *Backing
	n       int // 0: free
	area    int
	first   uint32
	tries   int              // that have begun
	entries [aheadMax]uint32 // 0: nobody wants it any more
	frames  [aheadMax]mach.PhysAddr
	pages   [aheadMax][]byte
	done    func(error)
}

func (r *read) init(b *Backing) {
	r.b = b
	r.done = r.finish
}

// unchain takes an entry of a page on a disk out of the chain of those that one write wrote.
func (b *Backing) unchain(e *entry) {
	next, prev := e.next(), e.prev()
	if next != 0 {
		b.at(next).setPrev(prev)
	}
	if prev != 0 {
		b.at(prev).setNext(next)
	}
	e.setNext(0)
	e.setPrev(0)
}

// startRead begins to read an entry's page, or puts it in the queue.
func (b *Backing) startRead(n uint32, e *entry) {
	if b.wants.count != 0 || !b.read(n, e) {
		if e.kind() == disk {
			b.unchain(e)
		}
		e.set(reading, e.area(), e[2])
		b.push(&b.wants, n)
		e.setOp(1)
	}
}

// read reports whether it could begin.
func (b *Backing) read(n uint32, e *entry) bool {
	var r *read
	for i := range b.reads {
		if b.reads[i].n == 0 {
			r = &b.reads[i]
			break
		}
	}
	if r == nil {
		return false
	}
	f, ok := b.takeFrame()
	if !ok {
		return false
	}
	r.area, r.first, r.tries = e.area(), uint32(e[2]), 1
	r.add(n, f)
	p := b.areas[r.area]
	s, window := p.window(r.first)
	if e.kind() == disk && p.drained == nil && b.ample() {
		b.readAhead(r, e.next(), window)
	}
	for !p.Read(r.first, r.pages[:r.n], r.done) {
		r.n--
		if b.frames.Free(r.frames[r.n]); r.n == 0 {
			return false
		}
	}
	*s = stream{r.first + uint32(r.n), window}
	for i, m := range r.entries[:r.n] {
		e := b.at(m)
		if e.kind() == disk {
			b.unchain(e)
		}
		if e.set(ahead, r.area, e[2]); i == 0 {
			e.set(reading, r.area, e[2])
		}
	}
	return true
}

// add makes an entry's page one of the read.
func (r *read) add(n uint32, f mach.PhysAddr) {
	r.entries[r.n], r.frames[r.n], r.pages[r.n] = n, f, r.b.mem.Frame(f)[:]
	r.n++
}

// readAhead adds pages to a read, from entry n on, up to a window of them, while memory is not short.
func (b *Backing) readAhead(r *read, n uint32, window int) {
	for r.n < window && n != 0 && b.cleans.count+r.n < cleanMax/2 {
		e := b.at(n)
		if s := b.frames.Stats(); e[2] != uint64(r.first)+uint64(r.n) || s.Free-s.Reserved < s.Total/256+aheadMax {
			return
		}
		f, err := b.frames.AllocDirty()
		if err != nil {
			return
		}
		r.add(n, f)
		n = e.next()
	}
}

// stopRead is for an entry that is dropped.
func (b *Backing) stopRead(n uint32, e *entry) {
	if e.op() != 0 { // in the queue
		b.remove(&b.wants, n)
		b.areas[e.area()].Release(uint32(e[2]))
		return
	}
	for i := range b.reads {
		r := &b.reads[i]
		for j, m := range r.entries[:r.n] {
			if m == n {
				r.entries[j] = 0
			}
		}
	}
}

// again reads once more what could not be read, or came back changed. It reports whether it does.
func (r *read) again() bool {
	b := r.b
	for r.entries[0] != 0 && r.tries < readTries {
		r.tries++
		b.stats.Retried++
		if b.areas[r.area].Read(r.first, r.pages[:r.n], r.done) {
			return true
		}
	}
	return false
}

// alone leaves the first page in the read: one of them could not be read. Those that nobody asked for stay where they are, the others are asked for again.
func (r *read) alone() {
	b := r.b
	for i := 1; i < r.n; i++ {
		b.frames.Free(r.frames[i])
		n := r.entries[i]
		if n == 0 {
			b.areas[r.area].Release(r.first + uint32(i))
			continue
		}
		if e := b.at(n); e.kind() == ahead {
			e.set(disk, r.area, e[2])
		} else {
			b.push(&b.wants, n)
			e.setOp(1)
		}
	}
	r.n = 1
}

// finish is called when the area has read the pages, or could not.
func (r *read) finish(err error) {
	b := r.b
	later := mach.Code(err) == mach.ResourceShortage // the page is there, but not to be had now
	if err != nil {
		if r.alone(); !later && r.again() {
			return
		}
	}
	p := b.areas[r.area]
	ample := b.ample() // else another page needs the slot
	for i, n := range r.entries[:r.n] {
		if n == 0 {
			p.Release(r.first + uint32(i))
			b.frames.Free(r.frames[i])
			continue
		}
		e := b.at(n)
		asked := e.kind() == reading
		switch f := r.frames[i]; {
		case later:
			b.frames.Free(f)
			b.tell(p, "reading a page from", err)
			if e.set(disk, r.area, e[2]); asked {
				e.setOp(1)
			}
			if p.drained != nil {
				p.refused++
			}
		case err != nil:
			p.Release(r.first)
			b.frames.Free(f)
			b.tell(p, "reading a page from", err)
			e.set(lost, 0, 0)
			b.stats.Lost++
		case p.drained != nil || !ample:
			p.Release(r.first + uint32(i))
			b.stats.Read++
			e.set(raw, 0, uint64(f))
			b.push(&b.raws, n)
		default:
			b.stats.Read++
			e.setClean(r.area, r.first+uint32(i), f)
			b.push(&b.cleans, n)
			if asked {
				e.setOp(fetchPolls)
				b.asked++
			}
		}
		if asked {
			b.config.PageReady(vm.Token(n))
		}
	}
	r.n = 0
	for b.cleans.count > cleanMax {
		b.leaveOne()
	}
	b.nextReads()
	b.config.FramesReady()
}

// leave forgets the frame of the clean page that came first, of those that nobody is going to fetch at once, and returns it: the page is on its disk.
// false: there is none.
func (b *Backing) leave() (mach.PhysAddr, bool) {
	n := b.cleans.first
	for n != 0 && b.at(n).op() != 0 {
		n = b.at(n).next()
	}
	if n == 0 {
		return 0, false
	}
	return b.forgetFrame(n), true
}

func (b *Backing) forgetFrame(n uint32) mach.PhysAddr {
	e := b.at(n)
	f := e.frame()
	b.unclean(n, e)
	e.set(disk, e.area(), uint64(e.slot()))
	return f
}

// unclean takes a page off the list of clean ones.
func (b *Backing) unclean(n uint32, e *entry) {
	b.remove(&b.cleans, n)
	if e.op() != 0 {
		b.asked--
	}
}

// leaveOne frees the frame of a clean page, of which there is one.
func (b *Backing) leaveOne() {
	f, ok := b.leave()
	if !ok {
		f = b.forgetFrame(b.cleans.first)
	}
	b.frames.Free(f)
	b.topUp()
}

// Shrink implements vm.Backing.
func (b *Backing) Shrink() bool {
	f, ok := b.leave()
	if ok {
		b.frames.Free(f)
	}
	return ok
}

// ageCleans is for each Poll. Who asked for a page fetches it soon, or never will.
func (b *Backing) ageCleans() {
	before := b.asked
	for n := b.cleans.first; n != 0 && b.asked != 0; n = b.at(n).next() {
		if e := b.at(n); e.op() != 0 {
			if e.setOp(e.op() - 1); e.op() == 0 {
				b.asked--
			}
		}
	}
	if b.asked != before {
		b.config.FramesReady()
	}
}

// ample reports whether a clean page may have a slot and a frame. While storage is nearly full each page has only one of them: what the other could hold may be
// all that somebody needs.
func (b *Backing) ample() bool {
	_, p := b.best()
	return p != nil && p.Room() > cleanMax
}

// leaveAll frees the frames of all clean pages.
func (b *Backing) leaveAll() {
	for b.cleans.count != 0 {
		b.leaveOne()
	}
}

// take takes a clean page off its disk: it is nowhere but in its frame then, which the caller gets.
func (b *Backing) take(n uint32, e *entry) mach.PhysAddr {
	b.unclean(n, e)
	b.areas[e.area()].Release(e.slot())
	return e.frame()
}

// nextReads begins to read what is in the queue.
func (b *Backing) nextReads() {
	for b.wants.first != 0 {
		n := b.wants.first
		e := b.at(n)
		if !b.read(n, e) {
			return
		}
		b.remove(&b.wants, n)
	}
}
