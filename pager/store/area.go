// Package store keeps pages on a disk, in slots of a block each. What it writes is encrypted with a key that is made at the start and lives in
// memory only, so that a disk tells nothing to whoever reads it later. What it reads is authenticated (AES-256-GCM, or ChaCha20-Poly1305 where that is quicker, with the
// slot and a number that grows with each write in the nonce): a page that is torn, flipped, old or from another place is an error, never wrong data.
//
// Slots have 24 bytes in frames of the kernel: the number of the last write and its tag. Buffers are there from the start; nothing is allocated
// afterwards. Precondition of everything: the caller holds the kernel lock.
package store

import (
	"cmp"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sort"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"
)

const (
	// clusterOrder is the size of the largest write, in pages, as a power of two; of a smaller one when memory is in pieces.
	clusterOrder = 5
	transfers    = 8

	slotWords    = 3 // the number of the last write, and the tag
	slotsInFrame = 512 / slotWords
	tagSize      = 16
	nonceSize    = 12
)

// Errors of reads.
var (
	ErrCorrupt = errors.New("the page is not as it was written")
	ErrUnused  = errors.New("the slot was never written")
)

// Run is blocks of a disk that follow each other.
type Run struct{ First, Blocks disk.Block }

// Valid fails with ErrRange if a run is empty, not all on the disk, or overlaps with another, or there are no runs or too many blocks.
func Valid(d disk.Disk, runs []Run) error {
	_, err := inOrder(d, runs)
	return err
}

// inOrder are valid runs in the order of their blocks.
func inOrder(d disk.Disk, runs []Run) ([]Run, error) {
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(a.First, b.First) })
	total, end := disk.Block(0), disk.Block(0)
	for _, r := range runs {
		if blocks := d.Blocks(); r.First > blocks || r.Blocks > blocks-r.First || r.Blocks == 0 {
			return nil, fmt.Errorf("%w: %d from %d on, of %d", disk.ErrRange, r.Blocks, r.First, blocks)
		}
		if r.First < end {
			return nil, fmt.Errorf("%w twice: %d from %d on", disk.ErrRange, r.Blocks, r.First)
		}
		end = r.First + r.Blocks
		if total += r.Blocks; total > 1<<31 {
			return nil, fmt.Errorf("%w: more than 8 TiB", disk.ErrRange)
		}
	}
	if total == 0 {
		return nil, fmt.Errorf("%w: none", disk.ErrRange)
	}
	return runs, nil
}

// Area implements backing.Area on one or more runs of a disk.
type Area struct {
	name   string
	disk   disk.Disk
	mem    board.Memory
	runs   []Run
	order  []Run // in the order of their blocks
	ends   []int // by run: the number behind its last slot
	slots  int
	room   int
	next   int      // where to look for a free slot first
	used   []uint64 // a bit for each slot
	table  []mach.PhysAddr
	cipher Cipher
	aead   cipher.AEAD
	count  uint64 // of writes

	cluster int // pages of the largest write that a transfer has room for

	transfers [transfers]transfer
	nonce     [nonceSize]byte
	sealed    [mach.PageSize + tagSize]byte
}

// Config is what an Area is made of.
type Config struct {
	Name   string
	Disk   disk.Disk
	Runs   []Run // in the order of the slots
	Mem    board.Memory
	Frames *frame.Allocator
	Random io.Reader // for the key
	// Cipher is for tests: others leave the choice to New, which measures by Now, a clock in nanoseconds; nil: it looks at the processor.
	Cipher Cipher
	Now    func() int64
}

// New makes an area whose slots are all free; what the disk holds is not looked at. ResourceShortage: there is no memory for tables and buffers.
func New(c Config) (*Area, error) {
	a := &Area{name: c.Name, disk: c.Disk, mem: c.Mem, runs: slices.Clone(c.Runs)}
	var err error
	if a.order, err = inOrder(a.disk, a.runs); err != nil {
		return nil, err
	}
	for _, r := range a.runs {
		a.slots += int(r.Blocks)
		a.ends = append(a.ends, a.slots)
	}
	a.room = a.slots
	if a.cipher = c.Cipher; a.cipher == Quickest {
		if a.cipher, err = quickest(c.Now); err != nil {
			return nil, err
		}
	}
	if a.aead, err = a.cipher.withNewKey(c.Random); err != nil {
		return nil, err
	}
	a.used = make([]uint64, (a.slots+63)/64)
	for i := a.slots; i < 64*len(a.used); i++ {
		a.used[i/64] |= 1 << (i % 64) // there are no such slots
	}
	if err := a.allocate(c.Frames); err != nil {
		a.Free(c.Frames)
		return nil, err
	}
	return a, nil
}

// place is the run of a slot, and its block.
func (a *Area) place(slot int) (run int, block disk.Block) {
	run = sort.SearchInts(a.ends, slot+1)
	return run, a.runs[run].First + a.runs[run].Blocks - disk.Block(a.ends[run]-slot)
}

// On reports whether the area has blocks of a run of that disk, which the disk has.
func (a *Area) On(d disk.Disk, r Run) bool {
	// The last of the area's runs that begins before the end of r.
	i := sort.Search(len(a.order), func(i int) bool { return a.order[i].First >= r.First+r.Blocks })
	return a.disk == d && i > 0 && r.First < a.order[i-1].First+a.order[i-1].Blocks
}

// Frames is how many frames an area of those runs would like to have. It can do with fewer.
func Frames(runs []Run) mach.PageNumber {
	n := disk.Block(0)
	for _, r := range runs {
		n += min(r.Blocks, 1<<31)
	}
	return mach.PageNumber(n/slotsInFrame) + 1 + transfers<<clusterOrder
}

func (a *Area) allocate(frames *frame.Allocator) error {
	for range (a.slots + slotsInFrame - 1) / slotsInFrame {
		f, err := frames.Alloc()
		if err != nil {
			return err
		}
		a.table = append(a.table, f)
	}
	for i := range a.transfers {
		t := &a.transfers[i]
		if err := t.init(a, frames, transfers-1-i); err != nil {
			return err
		}
		a.cluster = max(a.cluster, 1<<t.order)
	}
	return nil
}

// Free gives the area's frames back. No transfer is under way.
func (a *Area) Free(frames *frame.Allocator) {
	for _, f := range a.table {
		frames.Free(f)
	}
	a.table = nil
	for i := range a.transfers {
		if t := &a.transfers[i]; t.buffer != 0 {
			frames.FreeOrder(t.buffer, t.order)
			t.buffer = 0
		}
	}
}

// Held is the number of frames that tables and buffers take.
func (a *Area) Held() mach.PageNumber {
	n := len(a.table)
	for i := range a.transfers {
		if t := &a.transfers[i]; t.buffer != 0 {
			n += 1 << t.order
		}
	}
	return mach.PageNumber(n)
}

// Cipher is what New chose.
func (a *Area) Cipher() Cipher { return a.cipher }

// Name implements backing.Area.
func (a *Area) Name() string { return a.name }

// Slots implements backing.Area.
func (a *Area) Slots() int { return a.slots }

// Room implements backing.Area.
func (a *Area) Room() int { return a.room }

func (a *Area) isUsed(i int) bool { return a.used[i/64]>>(i%64)&1 != 0 }

// Allocate implements backing.Area: it looks behind the last slots that it gave, so that writes follow each other on the disk. They lie
// in one run.
func (a *Area) Allocate(want int) (first uint32, n int) {
	if a.room == 0 || want <= 0 {
		return 0, 0
	}
	at := a.free(a.next)
	if at < 0 {
		at = a.free(0)
	}
	run, _ := a.place(at)
	for n < min(want, a.cluster) && at+n < a.ends[run] && !a.isUsed(at+n) {
		a.used[(at+n)/64] |= 1 << ((at + n) % 64)
		n++
	}
	a.room -= n
	a.next = (at + n) % a.slots
	return uint32(at), n
}

// free is the first free slot at or behind i, -1 if there is none.
func (a *Area) free(i int) int {
	for w := i / 64; w < len(a.used); w++ {
		left := ^a.used[w]
		if w == i/64 {
			left &^= 1<<(i%64) - 1
		}
		if left != 0 {
			return 64*w + bits.TrailingZeros64(left)
		}
	}
	return -1
}

// Release implements backing.Area. Without its tag, what the slot holds on the disk can never be read again.
func (a *Area) Release(slot uint32) {
	i := int(slot)
	if !a.isUsed(i) {
		panic("store: releasing a free slot")
	}
	a.used[i/64] &^= 1 << (i % 64)
	a.room++
	clear(a.entry(slot)[:])
}

// entry is what is known of a slot.
func (a *Area) entry(slot uint32) *[slotWords]uint64 {
	t := a.mem.Table(a.table[slot/slotsInFrame])
	return (*[slotWords]uint64)(t[slot%slotsInFrame*slotWords:][:slotWords])
}

// Poll implements backing.Area.
func (a *Area) Poll() { a.disk.Poll() }
