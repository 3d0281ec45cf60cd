// Package store keeps pages on a disk, in slots of a block each. What it writes is encrypted with a key that is made at the start and lives in
// memory only, so that a disk tells nothing to whoever reads it later. What it reads is authenticated (AES-256-GCM, with the slot and a number that
// grows with each write in the nonce): a page that is torn, flipped, old or from another place is an error, never wrong data.
//
// Slots have 24 bytes in frames of the kernel: the number of the last write and its tag. Buffers are there from the start; nothing is allocated
// afterwards. Precondition of everything: the caller holds the kernel lock.
package store

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"
)

const (
	// ClusterOrder is the size of the largest write, in pages, as a power of two.
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

// Area implements backing.Area on a part of a disk.
type Area struct {
	disk  disk.Disk
	mem   board.Memory
	first disk.Block
	slots int
	room  int
	next  int      // where to look for a free slot first
	used  []uint64 // a bit for each slot
	table []mach.PhysAddr
	aead  cipher.AEAD
	count uint64 // of writes

	transfers [transfers]transfer
	nonce     [nonceSize]byte
	sealed    [mach.PageSize + tagSize]byte
}

// Config is what an Area is made of.
type Config struct {
	Disk   disk.Disk
	First  disk.Block // of the area
	Blocks disk.Block // how many it has
	Mem    board.Memory
	Frames *frame.Allocator
	Random io.Reader // for the key
}

// New makes an area whose slots are all free; what the disk holds is not looked at. ResourceShortage: there is no memory for tables and buffers.
func New(c Config) (*Area, error) {
	if c.First > c.Disk.Blocks() || c.Blocks > c.Disk.Blocks()-c.First || c.Blocks == 0 || c.Blocks > 1<<31 {
		return nil, fmt.Errorf("%w: %d from %d on, of %d", disk.ErrRange, c.Blocks, c.First, c.Disk.Blocks())
	}
	var key [32]byte
	if _, err := io.ReadFull(c.Random, key[:]); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:])
	clear(key[:])
	if err != nil {
		return nil, err
	}
	a := &Area{disk: c.Disk, mem: c.Mem, first: c.First, slots: int(c.Blocks), room: int(c.Blocks)}
	if a.aead, err = cipher.NewGCM(block); err != nil {
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
		f, err := frames.AllocOrder(clusterOrder)
		if err != nil {
			return err
		}
		t.buffer = f
		t.area = a
		t.request.Done = t.done
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
			frames.FreeOrder(t.buffer, clusterOrder)
			t.buffer = 0
		}
	}
}

// Held is the number of frames that tables and buffers take.
func (a *Area) Held() mach.PageNumber { return mach.PageNumber(len(a.table) + transfers<<clusterOrder) }

// Name implements backing.Area.
func (a *Area) Name() string { return a.disk.Name() }

// Slots implements backing.Area.
func (a *Area) Slots() int { return a.slots }

// Room implements backing.Area.
func (a *Area) Room() int { return a.room }

func (a *Area) isUsed(i int) bool { return a.used[i/64]>>(i%64)&1 != 0 }

// Allocate implements backing.Area: it looks behind the last slots that it gave, so that writes follow each other on the disk.
func (a *Area) Allocate(want int) (first uint32, n int) {
	if a.room == 0 || want <= 0 {
		return 0, 0
	}
	at := a.free(a.next)
	if at < 0 {
		at = a.free(0)
	}
	for n < min(want, 1<<clusterOrder) && at+n < a.slots && !a.isUsed(at+n) {
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
