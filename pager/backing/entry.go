package backing

import "defpager/mach"

// entry says where the contents of a page are. Entries lie in frames of their own, as three words each, found by number.
//
//	word 0   kind, area, and the write under way that has the entry
//	word 1   neighbours in the list of its kind; of those on a disk, among those that the same write wrote; of those that are not used only the next
//	word 2   where, by kind
type entry [entryWords]uint64

type kind uint8

const (
	unused  kind = iota
	blob         // where: the blob
	raw          // where: the frame, which is the entry's
	disk         // where: the slot in its area
	reading      // where: the slot; it is being read, or is to be
	ahead        // where: the slot; it is being read, and nobody has asked for it
	clean        // where: the slot and the frame; it was read
	lost         // it could not be read
)

const (
	entryWords     = 3
	entriesInFrame = 512 / entryWords
	chunksMax      = 1 << 14 // times 170 pages: some 10 GiB
)

func (e *entry) kind() kind   { return kind(e[0]) }
func (e *entry) area() int    { return int(uint8(e[0] >> 8)) }
func (e *entry) op() int      { return int(uint16(e[0] >> 16)) } // counted from 1; 0: none
func (e *entry) next() uint32 { return uint32(e[1]) }
func (e *entry) prev() uint32 { return uint32(e[1] >> 32) }

// set makes the entry say that the contents are at where.
func (e *entry) set(k kind, area int, where uint64) {
	e[0] = uint64(k) | uint64(area)<<8
	e[2] = where
}

// setClean makes the entry say that the contents are in a slot, and in a frame, too.
func (e *entry) setClean(area int, slot uint32, f mach.PhysAddr) {
	e.set(clean, area, uint64(f>>mach.PageShift)<<32|uint64(slot))
}

func (e *entry) slot() uint32         { return uint32(e[2]) }
func (e *entry) frame() mach.PhysAddr { return mach.PhysAddr(e[2]>>32) << mach.PageShift }

func (e *entry) setOp(n int)      { e[0] = e[0]&0xffff | uint64(n)<<16 }
func (e *entry) setNext(n uint32) { e[1] = e[1]&^0xffffffff | uint64(n) }
func (e *entry) setPrev(n uint32) { e[1] = e[1]&0xffffffff | uint64(n)<<32 }

// table is all entries. Number 0 is none.
type table struct {
	chunks [chunksMax]mach.PhysAddr
	count  int // chunks in use
	used   int // entries in use
	free   uint32
}

// at is an entry by its number.
func (b *Backing) at(n uint32) *entry {
	words := b.mem.Table(b.table.chunks[n/entriesInFrame])
	return (*entry)(words[n%entriesInFrame*entryWords:][:entryWords])
}

// newEntry takes an entry. 0: there is no frame for more.
func (b *Backing) newEntry() uint32 {
	t := &b.table
	if t.free == 0 && !b.moreEntries() {
		return 0
	}
	n := t.free
	e := b.at(n)
	t.free = e.next()
	t.used++
	*e = entry{}
	return n
}

func (b *Backing) moreEntries() bool {
	t := &b.table
	if t.count == chunksMax {
		return false
	}
	f, ok := b.takeFrame()
	if !ok {
		return false
	}
	t.chunks[t.count] = f
	first := uint32(t.count * entriesInFrame)
	t.count++
	for i := uint32(entriesInFrame); i > 0; i-- {
		if n := first + i - 1; n != 0 {
			b.unuse(n)
		}
	}
	return true
}

func (b *Backing) freeEntry(n uint32) {
	b.unuse(n)
	b.table.used--
}

func (b *Backing) unuse(n uint32) {
	*b.at(n) = entry{1: uint64(b.table.free)}
	b.table.free = n
}

// list is entries in the order in which they came.
type list struct {
	first, last uint32
	count       int
}

func (b *Backing) push(l *list, n uint32) {
	e := b.at(n)
	e.setNext(0)
	e.setPrev(l.last)
	if l.last != 0 {
		b.at(l.last).setNext(n)
	} else {
		l.first = n
	}
	l.last = n
	l.count++
}

func (b *Backing) remove(l *list, n uint32) {
	e := b.at(n)
	next, prev := e.next(), e.prev()
	if next != 0 {
		b.at(next).setPrev(prev)
	} else {
		l.last = prev
	}
	if prev != 0 {
		b.at(prev).setNext(next)
	} else {
		l.first = next
	}
	e.setNext(0)
	e.setPrev(0)
	l.count--
}
