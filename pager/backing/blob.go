package backing

import (
	"encoding/binary"
	"math/bits"

	"defpager/board"
	"defpager/mach"
)

// Blobs are runs of bytes that share frames: all blobs of a frame have one size. A frame begins with a header of words:
const (
	headUsed  = iota // bit i: blob i is taken
	headClass        // index into classes
	headNext         // neighbours among the frames of the class with room
	headPrev
	headWords
)

const headBytes = 8 * headWords

// classes are how many blobs a frame holds.
var classes = [...]uint{2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 26, 36, 60}

// room is how many bytes a blob of a class has, with the length in its first two.
func room(class int) int { return (mach.PageSize - headBytes) / int(classes[class]) &^ 7 }

// blobMax is the most that a blob holds.
const blobMax = (mach.PageSize-headBytes)/2&^7 - 2

// blobs is the pool.
type blobs struct {
	mem     board.Memory
	partial [len(classes)]mach.PhysAddr // frames with room, by class
	frames  int
	bytes   uint64 // of what is in the blobs
	count   int
}

// classFor is the class with the smallest blobs that hold n bytes.
func classFor(n int) int {
	for c := len(classes) - 1; ; c-- {
		if room(c)-2 >= n {
			return c
		}
	}
}

// full is the word of a frame all of whose blobs are taken.
func full(class int) uint64 { return 1<<classes[class] - 1 }

// put copies data, blobMax bytes at most, into a blob and returns its name, which is not 0. more gives a frame with any contents when one is
// needed. false: more had none.
func (p *blobs) put(data []byte, more func() (mach.PhysAddr, bool)) (uint64, bool) {
	c := classFor(len(data))
	f := p.partial[c]
	if f == 0 {
		var ok bool
		if f, ok = more(); !ok {
			return 0, false
		}
		h := p.mem.Table(f)
		h[headUsed], h[headClass] = 0, uint64(c)
		p.link(c, f)
		p.frames++
	}
	h := p.mem.Table(f)
	i := uint(bits.TrailingZeros64(^h[headUsed]))
	h[headUsed] |= 1 << i
	if h[headUsed] == full(c) {
		p.unlink(c, f)
	}
	name := uint64(f) | uint64(i)
	b := p.bytesOf(name)
	binary.LittleEndian.PutUint16(b, uint16(len(data)))
	copy(b[2:], data)
	p.bytes += uint64(len(data))
	p.count++
	return name, true
}

// bytesOf is all of a blob.
func (p *blobs) bytesOf(name uint64) []byte {
	f, i := mach.PhysAddr(name).Trunc(), int(name&mach.PageMask)
	size := room(int(p.mem.Table(f)[headClass]))
	return p.mem.Frame(f)[headBytes+i*size:][:size]
}

// get is what is in a blob.
func (p *blobs) get(name uint64) []byte {
	b := p.bytesOf(name)
	return b[2:][:binary.LittleEndian.Uint16(b)]
}

// drop frees a blob, and wipes it. It returns the frame that nothing is in any more, 0 if there is none.
func (p *blobs) drop(name uint64) mach.PhysAddr {
	f, i := mach.PhysAddr(name).Trunc(), uint(name&mach.PageMask)
	p.bytes -= uint64(len(p.get(name)))
	p.count--
	clear(p.bytesOf(name))
	h := p.mem.Table(f)
	c := int(h[headClass])
	if h[headUsed] == full(c) {
		p.link(c, f)
	}
	if h[headUsed] &^= 1 << i; h[headUsed] != 0 {
		return 0
	}
	p.unlink(c, f)
	p.frames--
	return f
}

func (p *blobs) link(class int, f mach.PhysAddr) {
	h := p.mem.Table(f)
	h[headPrev], h[headNext] = 0, uint64(p.partial[class])
	if n := p.partial[class]; n != 0 {
		p.mem.Table(n)[headPrev] = uint64(f)
	}
	p.partial[class] = f
}

func (p *blobs) unlink(class int, f mach.PhysAddr) {
	h := p.mem.Table(f)
	next, prev := mach.PhysAddr(h[headNext]), mach.PhysAddr(h[headPrev])
	if prev != 0 {
		p.mem.Table(prev)[headNext] = uint64(next)
	} else {
		p.partial[class] = next
	}
	if next != 0 {
		p.mem.Table(next)[headPrev] = uint64(prev)
	}
}
