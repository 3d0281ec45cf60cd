package backing

import (
	"fmt"

	"defpager/mach"
)

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
	disk         // where: the slot in its area. With op: the last read found no memory, which whoever fetches the page next is told
	reading      // where: the slot; it is being read, or is to be
	ahead        // where: the slot; it is being read, and nobody has asked for it
	clean        // where: the slot and the frame; it was read
	word         // where: the word that it repeats, which is too large for a token
	lost         // it could not be read
)

const (
	entryWords     = 3
	entriesInFrame = (512 - chunkWords) / entryWords
	chunksMax      = 1 << 14 // times 169 pages: some 10 GiB
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

// Entries lie in frames: a chunk each, which ends with words about it. Entries and chunks are counted from 1 there, as 0 is none.
const (
	chunkFree = iota // the first free entry, linked by next
	chunkUsed        // how many are used
	chunkNext        // neighbours among the chunks with a free entry
	chunkPrev
	chunkWords
)

// table is all entries. Number 0 is none. A chunk goes back to the allocator with its last entry.
type table struct {
	chunks [chunksMax]mach.PhysAddr // 0: there is none of that number
	count  int                      // the number behind the last
	frames int                      // how many there are
	hole   int                      // all before are there
	used   int                      // entries
	open   uint64                   // the first chunk with a free entry
}

// chunk is the words about the chunk of that number.
func (b *Backing) chunk(c int) *[chunkWords]uint64 {
	return (*[chunkWords]uint64)(b.mem.Table(b.table.chunks[c])[512-chunkWords:])
}

// at is an entry by its number.
func (b *Backing) at(n uint32) *entry {
	words := b.mem.Table(b.table.chunks[n/entriesInFrame])
	return (*entry)(words[n%entriesInFrame*entryWords:][:entryWords])
}

// entries yields all entries, free ones too.
func (b *Backing) entries(yield func(n uint32, e *entry) bool) {
	t := &b.table
	for n := uint32(1); n < uint32(t.count*entriesInFrame); n++ {
		if t.chunks[n/entriesInFrame] != 0 && !yield(n, b.at(n)) {
			return
		}
	}
}

// newEntry takes an entry. 0: there is no frame for more.
func (b *Backing) newEntry() uint32 {
	t := &b.table
	if t.open == 0 && !b.moreEntries() {
		return 0
	}
	c := int(t.open - 1)
	h := b.chunk(c)
	n := uint32(c*entriesInFrame) + uint32(h[chunkFree]-1)
	e := b.at(n)
	h[chunkUsed]++
	t.used++
	if h[chunkFree] = uint64(e.next()); h[chunkFree] == 0 {
		b.close(h)
	}
	*e = entry{}
	return n
}

// moreEntries adds a chunk, of the lowest number that is free.
func (b *Backing) moreEntries() bool {
	t := &b.table
	for t.hole < t.count && t.chunks[t.hole] != 0 {
		t.hole++
	}
	c := t.hole
	if c == chunksMax {
		return false
	}
	f, ok := b.takeFrame()
	if !ok {
		return false
	}
	t.chunks[c] = f
	t.count = max(t.count, c+1)
	t.frames++
	h := b.chunk(c)
	*h = [chunkWords]uint64{}
	for i := entriesInFrame; i > 0; i-- {
		if n := uint32(c*entriesInFrame + i - 1); n != 0 {
			*b.at(n) = entry{1: h[chunkFree]}
			h[chunkFree] = uint64(i)
		}
	}
	b.reopen(c, h)
	return true
}

// freeEntry makes an entry a free one. Its pointer is good no more.
func (b *Backing) freeEntry(n uint32) {
	t, c := &b.table, int(n/entriesInFrame)
	h := b.chunk(c)
	if h[chunkFree] == 0 {
		b.reopen(c, h)
	}
	*b.at(n) = entry{1: h[chunkFree]}
	h[chunkFree] = uint64(n%entriesInFrame) + 1
	t.used--
	if h[chunkUsed]--; h[chunkUsed] != 0 {
		return
	}
	b.close(h)
	b.frames.Free(t.chunks[c])
	t.chunks[c] = 0
	t.frames--
	t.hole = min(t.hole, c)
	for t.count > 0 && t.chunks[t.count-1] == 0 {
		t.count--
	}
	b.topUp()
}

// reopen puts a chunk on the list of those with a free entry, and close takes it off.
func (b *Backing) reopen(c int, h *[chunkWords]uint64) {
	t := &b.table
	if h[chunkNext] = t.open; t.open != 0 {
		b.chunk(int(t.open - 1))[chunkPrev] = uint64(c) + 1
	}
	h[chunkPrev] = 0
	t.open = uint64(c) + 1
}

func (b *Backing) close(h *[chunkWords]uint64) {
	if n := h[chunkNext]; n != 0 {
		b.chunk(int(n - 1))[chunkPrev] = h[chunkPrev]
	}
	if p := h[chunkPrev]; p != 0 {
		b.chunk(int(p - 1))[chunkNext] = h[chunkNext]
	} else {
		b.table.open = h[chunkNext]
	}
}

// checkTable verifies the counts of chunks and of their entries, and the list of those with a free one.
func (b *Backing) checkTable() error {
	t := &b.table
	frames, used, open := 0, 0, 0
	for c, f := range t.chunks[:t.count] {
		if f == 0 {
			if c < t.hole {
				return fmt.Errorf("backing: chunk %d is not there, and %d is said to be the first such", c, t.hole)
			}
			continue
		}
		h, free := b.chunk(c), 0
		for i := h[chunkFree]; i != 0; i = uint64(b.at(uint32(c*entriesInFrame) + uint32(i-1)).next()) {
			if e := b.at(uint32(c*entriesInFrame) + uint32(i-1)); e.kind() != unused {
				return fmt.Errorf("backing: entry %d of chunk %d is free, of kind %d", i-1, c, e.kind())
			}
			free++
		}
		all := entriesInFrame
		if c == 0 {
			all-- // number 0 is none
		}
		if h[chunkUsed] == 0 || int(h[chunkUsed])+free != all {
			return fmt.Errorf("backing: %d entries of chunk %d are used, and %d are free", h[chunkUsed], c, free)
		}
		frames++
		used += int(h[chunkUsed])
		if free != 0 {
			open++
		}
	}
	for c := t.open; c != 0; c = b.chunk(int(c - 1))[chunkNext] {
		open--
	}
	if frames != t.frames || used != t.used || open != 0 {
		return fmt.Errorf("backing: %d chunks with %d entries, counted %d and %d; %d more have free ones than are listed", frames, used, t.frames, t.used, open)
	}
	return nil
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
