package backing

import (
	"encoding/binary"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"

	"github.com/pierrec/lz4/v4"
)

// Config is what a Backing is made of.
type Config struct {
	Mem    board.Memory
	Frames *frame.Allocator
	// PageReady and FramesReady are vm.Env's.
	PageReady   func(vm.Token)
	FramesReady func()
	// Now is a clock, in nanoseconds.
	Now func() int64
	// Log tells the user about the storage.
	Log func(format string, args ...any)
}

// Backing implements vm.Backing.
type Backing struct {
	config Config
	mem    board.Memory
	frames *frame.Allocator
	aside  frame.Reservation // frames for the beginning of a page-out, when none is left

	table table
	blobs blobs
	old   list // compressed pages, oldest first
	raws  list // pages in frames that are to be written
	wants list // pages that are to be read when an operation is free
	// cleans are pages that were read, and that nobody fetched yet: they are on their disks, too. So many of them were asked for not long ago.
	cleans list
	asked  int

	areas  []*place // nil: there is none of that number
	writes [writesMax]write
	reads  [readsMax]read

	compressor lz4.Compressor
	scratch    [blobMax]byte
	stats      Stats
	takeOne    func() (mach.PhysAddr, bool)
}

// asideFrames is how many frames are set aside.
const asideFrames = 16

// New makes a backing without storage. ResourceShortage: there are no frames to set aside.
func New(c Config) (*Backing, error) {
	aside, err := c.Frames.Reserve(asideFrames)
	if err != nil {
		return nil, err
	}
	b := &Backing{config: c, mem: c.Mem, frames: c.Frames, aside: aside, areas: make([]*place, 0, areasMax), blobs: blobs{mem: c.Mem}}
	b.takeOne = b.takeFrame
	for i := range b.writes {
		b.writes[i].init(b, i+1)
	}
	for i := range b.reads {
		b.reads[i].init(b)
	}
	return b, nil
}

// Free gives the frames of a backing back that keeps no page any more, and has nothing under way.
func (b *Backing) Free() {
	b.aside.Release()
}

// Tokens of small words need no entry: they are the word itself, below bit wordBits, and a bit.
const (
	wordBits           = 48
	tokenWord vm.Token = 1 << wordBits
)

// Store implements vm.Backing.
func (b *Backing) Store(f mach.PhysAddr) (vm.Token, bool) {
	page := b.mem.Frame(f)
	w, same := oneWord(page)
	if same && w < 1<<wordBits {
		b.frames.Free(f)
		b.topUp()
		b.stats.Words++
		b.stats.Stored++
		return tokenWord | vm.Token(w), true
	}
	if b.cleans.count != 0 && !b.ample() {
		b.leaveAll()
	}
	n := b.newEntry()
	if n == 0 {
		return 0, false
	}
	_, to := b.best()
	switch {
	case same:
		b.at(n).set(word, 0, w)
		b.frames.Free(f)
		b.topUp()
	case (to == nil || !noisy(page)) && b.compress(n, page):
		b.push(&b.old, n)
		b.frames.Free(f)
		b.topUp()
	case to != nil && b.raws.count < rawsMax:
		b.at(n).set(raw, 0, uint64(f))
		b.push(&b.raws, n)
	default:
		b.freeEntry(n)
		b.refuse()
		return 0, false
	}
	b.stats.Stored++
	if b.pump(false); b.raws.count >= cluster {
		b.collect()
	}
	return vm.Token(n), true
}

// noisy guesses whether a page will not compress, from the bytes of one word in 33, so that not all of them begin records of some size: of 128 that are random
// about 101 are different, give or take 3.4. To find out by compressing costs three times as much as all the rest of writing a page to a disk.
func noisy(page *[mach.PageSize]byte) bool {
	const stride, least = 33 * 8, 86
	var seen [256]byte
	for i := 0; i < mach.PageSize; i += stride {
		w := binary.LittleEndian.Uint64(page[i:])
		seen[byte(w)], seen[byte(w>>8)], seen[byte(w>>16)], seen[byte(w>>24)] = 1, 1, 1, 1
		seen[byte(w>>32)], seen[byte(w>>40)], seen[byte(w>>48)], seen[byte(w>>56)] = 1, 1, 1, 1
	}
	sums := uint64(0) // of 32 bytes each, side by side
	for i := 0; i < len(seen); i += 8 {
		sums += binary.LittleEndian.Uint64(seen[i:])
	}
	return sums*0x0101010101010101>>56 >= least
}

// oneWord reports whether a page is one word again and again.
func oneWord(page *[mach.PageSize]byte) (uint64, bool) {
	w := binary.LittleEndian.Uint64(page[:])
	for i := 8; i < mach.PageSize; i += 8 {
		if binary.LittleEndian.Uint64(page[i:]) != w {
			return 0, false
		}
	}
	return w, true
}

// compress makes entry n a blob of a page. It reports whether it could.
func (b *Backing) compress(n uint32, page *[mach.PageSize]byte) bool {
	size, err := b.compressor.CompressBlock(page[:], b.scratch[:])
	defer clear(b.scratch[:]) // no task's memory stays here
	if err != nil || size == 0 {
		return false
	}
	name, ok := b.blobs.put(b.scratch[:size], b.takeOne)
	if ok {
		b.at(n).set(blob, 0, name)
	}
	return ok
}

// Fetch implements vm.Backing.
func (b *Backing) Fetch(t vm.Token) (mach.PhysAddr, error) {
	if t&tokenWord != 0 {
		f, err := b.repeat(uint64(t &^ tokenWord))
		if err == nil {
			b.stats.Words--
		}
		return f, err
	}
	n := uint32(t)
	e := b.at(n)
	switch e.kind() {
	case blob:
		return b.fetchBlob(n, e)
	case word:
		f, err := b.repeat(e[2])
		if err == nil {
			b.freeEntry(n)
		}
		return f, err
	case raw:
		f := mach.PhysAddr(e[2])
		b.detach(n, e)
		b.freeEntry(n)
		b.stats.Fetched++
		return f, nil
	case disk:
		if e.op() != 0 {
			e.setOp(0)
			return 0, mach.MemoryError
		}
		b.startRead(n, e)
		return 0, vm.Wait
	case ahead:
		e.set(reading, e.area(), e[2])
		return 0, vm.Wait
	case clean:
		f := b.take(n, e)
		b.freeEntry(n)
		b.stats.Fetched++
		return f, nil
	case reading:
		return 0, vm.Wait
	}
	return 0, mach.MemoryError
}

// repeat is a frame full of a word.
func (b *Backing) repeat(w uint64) (mach.PhysAddr, error) {
	f, err := b.frames.AllocDirty()
	if err != nil {
		return 0, err
	}
	page := b.mem.Table(f)
	for i := range page {
		page[i] = w
	}
	b.stats.Fetched++
	return f, nil
}

func (b *Backing) fetchBlob(n uint32, e *entry) (mach.PhysAddr, error) {
	f, err := b.frames.AllocDirty()
	if err != nil {
		return 0, err
	}
	if !b.expand(e[2], b.mem.Frame(f)) {
		b.frames.Free(f)
		return 0, mach.MemoryError
	}
	b.detach(n, e)
	b.dropBlob(e[2])
	b.freeEntry(n)
	b.stats.Fetched++
	return f, nil
}

// expand fills page with what is in a blob.
func (b *Backing) expand(name uint64, page *[mach.PageSize]byte) bool {
	n, err := lz4.UncompressBlock(b.blobs.get(name), page[:])
	return err == nil && n == mach.PageSize
}

// detach takes an entry off its list, or out of the write that is under way.
func (b *Backing) detach(n uint32, e *entry) {
	switch {
	case e.op() != 0:
		b.writes[e.op()-1].forget(n)
	case e.kind() == raw:
		b.remove(&b.raws, n)
	default:
		b.remove(&b.old, n)
	}
}

func (b *Backing) dropBlob(name uint64) {
	if f := b.blobs.drop(name); f != 0 {
		b.frames.Free(f)
		b.topUp()
	}
}

// Drop implements vm.Backing.
func (b *Backing) Drop(t vm.Token) {
	if t&tokenWord != 0 {
		b.stats.Words--
		return
	}
	n := uint32(t)
	e := b.at(n)
	switch e.kind() {
	case blob:
		b.detach(n, e)
		b.dropBlob(e[2])
	case raw:
		b.detach(n, e)
		b.frames.Free(mach.PhysAddr(e[2]))
	case disk:
		b.unchain(e)
		b.areas[e.area()].Release(e.slot())
	case reading, ahead:
		b.stopRead(n, e)
	case clean:
		b.frames.Free(b.take(n, e))
	case lost:
		b.stats.Lost--
	}
	b.freeEntry(n)
}

// Busy implements vm.Backing. Pages that wait to be written will be, and what is read now, or was just read, may go again when it has been used.
func (b *Backing) Busy() bool {
	if b.asked != 0 {
		return true
	}
	if b.raws.count != 0 {
		if _, p := b.best(); p != nil {
			return true
		}
	}
	return b.moving()
}

// writing reports whether a write is under way.
func (b *Backing) writing() bool {
	for i := range b.writes {
		if b.writes[i].n != 0 {
			return true
		}
	}
	return false
}

// Active reports whether a disk is doing something, or has something to do.
func (b *Backing) Active() bool {
	if b.wants.count != 0 {
		return true
	}
	for _, p := range b.areas {
		if p != nil && p.drained != nil {
			return true
		}
	}
	return b.Busy()
}

// moving reports whether a transfer is under way.
func (b *Backing) moving() bool {
	for i := range b.reads {
		if b.reads[i].n != 0 {
			return true
		}
	}
	return b.writing()
}

// takeFrame takes a frame with any contents, from those set aside if there is no other.
func (b *Backing) takeFrame() (mach.PhysAddr, bool) {
	if f, err := b.frames.AllocDirty(); err == nil {
		return f, true
	}
	if b.aside.Pages() != 0 {
		return b.aside.Take(), true
	}
	return b.leave()
}

// topUp sets a frame aside again after one was freed.
func (b *Backing) topUp() {
	if b.aside.Pages() < asideFrames {
		_ = b.aside.Grow(1) // without one there are fewer
	}
}
