package backing

import (
	"errors"
	"fmt"

	"defpager/mach"
)

// Area is paging storage on one disk: slots of a page each. Nothing is read but what was written, and it is wrong never: a page that is not
// as it was written is an error. No call blocks; done is called by Poll, never by the call itself.
type Area interface {
	Name() string
	// Slots is how many there are.
	Slots() int
	// Room is how many are free.
	Room() int
	// Allocate takes up to want slots that follow each other. n is 0 when none is free.
	Allocate(want int) (first uint32, n int)
	// Release frees a slot.
	Release(slot uint32)
	// Write writes pages to slots that follow each other. It is done with pages when it returns. false: it has no room for a request now.
	Write(first uint32, pages [][]byte, done func(error)) bool
	// Read reads slots that follow each other, of which one write wrote all. pages are its own until done is called; an error says that one of them could not be
	// read, and what is in the others does not count. false: as in Write. With the error ResourceShortage, also of Write, nothing is wrong with the disk.
	Read(first uint32, pages [][]byte, done func(error)) bool
	// Held is how many frames the area has for itself.
	Held() mach.PageNumber
	// Poll completes what the disk has done.
	Poll()
}

const (
	areasMax  = 16
	cluster   = 32 // pages of one write
	writesMax = 4
	rawsMax   = cluster * writesMax // pages that wait
	readsMax  = 32
	// readTries is how often a page is read before it is lost.
	readTries = 4
	// failuresMax is how many writes in a row an area may fail before nothing is written to it any more.
	failuresMax = 4
)

// place is an area in use.
type place struct {
	Area
	failures int
	told     int         // errors that the log has of it
	drained  func(error) // not nil: it is being removed
	walk     uint32      // up to this entry everything was moved elsewhere
	stalled  int         // calls of Poll in a row that found no memory, and moved nothing,
	since    int64       // from this time on
	refused  int         // pages for which there was no room while it was being removed
	streams  [streamsMax]stream
	stream   int // the one that is forgotten next
}

// writable reports whether new pages may go to the place.
func (p *place) writable() bool {
	return p != nil && (p.drained == nil || p.needed()) && p.failures < failuresMax && p.Room() > 0
}

// Errors of AddArea and RemoveArea.
var (
	ErrTooMany = errors.New("there are too many paging areas")
	ErrKnown   = errors.New("there is such a paging area already")
	ErrUnknown = errors.New("there is no such paging area")
	ErrBusy    = errors.New("the paging area is being removed already")
	ErrFull    = errors.New("the other paging areas and the memory have no room for its pages")
)

// AddArea adds paging storage. ErrKnown: there is an area of that name. ErrTooMany.
func (b *Backing) AddArea(a Area) error {
	free := -1
	for i, p := range b.areas {
		if p == nil {
			if free < 0 {
				free = i
			}
		} else if p.Name() == a.Name() {
			return fmt.Errorf("%w: %s", ErrKnown, a.Name())
		}
	}
	switch {
	case free >= 0:
		b.areas[free] = &place{Area: a}
	case len(b.areas) < areasMax:
		b.areas = append(b.areas, &place{Area: a})
	default:
		return fmt.Errorf("%w: %d", ErrTooMany, areasMax)
	}
	return nil
}

// forget ends the use of area i.
func (b *Backing) forget(i int) {
	b.areas[i] = nil
	for n := len(b.areas); n > 0 && b.areas[n-1] == nil; n-- {
		b.areas = b.areas[:n-1]
	}
}

// Areas yields the areas in use.
func (b *Backing) Areas(yield func(Area) bool) {
	for _, p := range b.areas {
		if p != nil && !yield(p.Area) {
			return
		}
	}
}

// best is the area to write to, the one with most room, and its number; nil: there is none.
func (b *Backing) best() (int, *place) {
	at, room := -1, 0
	for i, p := range b.areas {
		if p.writable() && p.Room() > room {
			at, room = i, p.Room()
		}
	}
	if at < 0 {
		return 0, nil
	}
	return at, b.areas[at]
}

// Room implements vm.Backing.
func (b *Backing) Room() bool { return b.canWrite() }

// canWrite reports whether another page may wait for being written: some may, so that clusters come together and the disk has something
// to do, but memory full of waiting pages helps nobody.
func (b *Backing) canWrite() bool {
	if _, p := b.best(); p == nil {
		return false
	}
	return b.raws.count < rawsMax
}

// write is one cluster on its way to an area.
type write struct {
	b       *Backing
	number  int
	area    int
	first   uint32
	n       int             // 0: free
	entries [cluster]uint32 // 0: nobody wants it any more
	pages   [cluster][]byte
	bounce  [cluster][mach.PageSize]byte
	done    func(error)
}

func (w *write) init(b *Backing, number int) {
	w.b, w.number = b, number
	w.done = w.finish
}

// forget takes an entry out of the write; its slot is freed when the write is over.
func (w *write) forget(n uint32) {
	for i := range w.n {
		if w.entries[i] == n {
			w.entries[i] = 0
		}
	}
}

// pump starts writes: of pages in frames when a cluster of them is there, or with all of any; and of the oldest compressed pages while
// these take more memory than they should.
func (b *Backing) pump(all bool) {
	for b.raws.count >= cluster || all && b.raws.count > 0 || b.blobs.frames > b.share() {
		if !b.startWrite() {
			return
		}
	}
}

// share is how many frames compressed pages may take while there is a disk to write them to.
func (b *Backing) share() int { return int(b.frames.Stats().Total / 4) }

func (b *Backing) startWrite() bool {
	var w *write
	for i := range b.writes {
		if b.writes[i].n == 0 {
			w = &b.writes[i]
			break
		}
	}
	at, p := b.best()
	if w == nil || p == nil {
		return false
	}
	l := &b.raws
	if l.count == 0 {
		l = &b.old
	}
	want := min(cluster, l.count)
	if want == 0 {
		return false
	}
	first, n := p.Allocate(want)
	if n == 0 {
		return false
	}
	w.area, w.first, w.n = at, first, n
	for i := range n {
		number := l.first
		e := b.at(number)
		b.remove(l, number)
		w.entries[i] = number
		e.setOp(w.number)
		w.pages[i] = b.plain(e, &w.bounce[i])
	}
	ok := p.Write(first, w.pages[:n], w.done)
	for i := range n {
		if e := b.at(w.entries[i]); e.kind() == blob {
			clear(w.bounce[i][:]) // no task's memory stays here
		}
	}
	if !ok {
		w.back()
	}
	return ok
}

// plain is the page of an entry that has it in memory, in its own frame or in buf.
func (b *Backing) plain(e *entry, buf *[mach.PageSize]byte) []byte {
	if e.kind() == raw {
		return b.mem.Frame(mach.PhysAddr(e[2]))[:]
	}
	b.expand(e[2], buf)
	return buf[:]
}

// back undoes startWrite.
func (w *write) back() {
	b := w.b
	for i := w.n - 1; i >= 0; i-- {
		b.areas[w.area].Release(w.first + uint32(i))
		n := w.entries[i]
		if n == 0 {
			continue
		}
		e := b.at(n)
		e.setOp(0)
		if e.kind() == raw {
			b.push(&b.raws, n)
		} else {
			b.push(&b.old, n)
		}
	}
	w.n = 0
}

// finish is called when the area has written the cluster, or could not.
func (w *write) finish(err error) {
	b := w.b
	p := b.areas[w.area]
	if mach.Code(err) == mach.ResourceShortage {
		b.tell(p, "writing to", err)
		w.back()
		b.config.FramesReady()
		return
	}
	if err != nil {
		p.failures++
		b.tell(p, "writing to", err)
		if p.failures == failuresMax {
			b.config.Log("pager: %s failed %d times in a row: nothing is written to it any more", p.Name(), failuresMax)
		}
		w.back()
		b.config.FramesReady() // who waits for frames sees that there are none
		return
	}
	p.failures = 0
	before := uint32(0)
	for i := range w.n {
		slot := w.first + uint32(i)
		n := w.entries[i]
		if n == 0 {
			p.Release(slot)
			continue
		}
		e := b.at(n)
		if e.kind() == raw {
			b.frames.Free(mach.PhysAddr(e[2]))
			b.topUp()
		} else {
			b.dropBlob(e[2])
		}
		e.set(disk, w.area, uint64(slot))
		e.setPrev(before)
		if before != 0 {
			b.at(before).setNext(n)
		}
		before = n
		b.stats.Written++
	}
	w.n = 0
	b.pump(false)
	b.config.FramesReady()
}

// toldMax is how many errors of an area the log gets.
const toldMax = 8

// tell logs an error.
func (b *Backing) tell(p *place, doing string, err error) {
	if p.told++; p.told <= toldMax {
		b.config.Log("pager: %s %s failed: %v", doing, p.Name(), err)
	}
	if p.told == toldMax {
		b.config.Log("pager: the log has no more errors of %s than these", p.Name())
	}
}

// collect completes what disks have done, so that they have more to do before the clock's next tick.
func (b *Backing) collect() {
	for _, p := range b.areas {
		if p != nil {
			p.Poll()
		}
	}
}

// Poll completes what the disks have done and starts what is to be done. Call it on every tick, and while the machine is idle.
func (b *Backing) Poll() {
	for i, p := range b.areas {
		if p == nil {
			continue
		}
		p.Poll()
		if p.drained != nil {
			b.drain(i, p)
		}
	}
	b.ageCleans()
	b.nextReads()
	b.pump(true)
}
