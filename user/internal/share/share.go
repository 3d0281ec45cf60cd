// Package share is the main job's conversation: the creator of a memory object, and the two that it shares it with.
//
// The creator sends each peer the object's right in a message; the peer maps the object, tells its SHA-256 and then writes to
// it and reads from it as it is told. All is done by messages with replies, one after the other, so a run's lines always come
// in the same order. A peer is a Server; the creator holds a Peer for each.
//
// The creator counts the machine's free frames, to find that none is lost. So once everybody has rehearsed, nothing here may
// take memory: no allocation between Map and Release, lines are built in place.
package share

import "defpager/mach"

// Requests from the creator to a peer. A reply is a return code and what is named here.
const (
	idMap     mach.MsgID = 9001 // object, size in bytes, whether it is a rehearsal -> SHA-256
	idWrite   mach.MsgID = 9002 // place, value
	idSee     mach.MsgID = 9003 // place -> value
	idRelease mach.MsgID = 9004 // unmap the object and drop its right
	idQuit    mach.MsgID = 9005 // no reply
)

// HashSize is the size of a SHA-256 in bytes.
const HashSize = 32

// Place is where in an object a number is written: Width bytes, the lowest first.
type Place struct {
	Offset uint64
	Width  uint32
}

// Places are where sharer and reader write in an object of size bytes: a word at each end. Objects too small for two words
// have a byte at each end, which in an object of one byte is the same: they take turns.
func Places(size uint64) (sharer, reader Place) {
	if size < 16 {
		return Place{0, 1}, Place{size - min(size, 1), 1}
	}
	return Place{0, 8}, Place{size - 8, 8}
}

// Fits reports whether p lies in memory of size bytes.
func (p Place) Fits(size uint64) bool {
	return p.Width <= 8 && p.Offset <= size && uint64(p.Width) <= size-p.Offset
}

// Put writes the low bytes of a value. Precondition: p fits.
func (p Place) Put(memory []byte, value uint64) {
	for i := range uint64(p.Width) {
		memory[p.Offset+i] = byte(value >> (8 * i))
	}
}

// Get reads what was put. Precondition: p fits.
func (p Place) Get(memory []byte) uint64 {
	var value uint64
	for i := range uint64(p.Width) {
		value |= uint64(memory[p.Offset+i]) << (8 * i)
	}
	return value
}

// Cut is the value as far as it fits into the place.
func (p Place) Cut(value uint64) uint64 {
	if p.Width >= 8 {
		return value
	}
	return value & (1<<(8*p.Width) - 1)
}

// Part is what is computed on of an object: in a rehearsal only its beginning. The mappings, and what is written, have their
// real places there too, so that a rehearsal takes all page tables which the kernel keeps.
func Part(memory []byte, rehearsal bool) []byte {
	const rehearsed = 64 << 10 // bytes
	if rehearsal {
		return memory[:min(len(memory), rehearsed)]
	}
	return memory
}
