package virtio

import (
	"encoding/binary"
	"unsafe"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
)

var le = binary.LittleEndian

// A queue (2.7) in a frame: descriptors, the driver's ring and the device's. The frame behind it has the first and last piece of each transfer.
const (
	descriptorSize = 16
	driverOffset   = queueSize * descriptorSize
	deviceOffset   = driverOffset + 512
	ringOffset     = 4 // in both rings, behind flags and index
	pieceSize      = 32
	statusOffset   = headerBytes // of the answer, in a piece
)

const (
	descriptorNext  = 1 << 0 // another follows
	descriptorWrite = 1 << 1 // the device writes it
	driverSilent    = 1 << 0 // no interrupts, please
	deviceSilent    = 1 << 0 // no notices, please
	statusDone      = 0
	statusNone      = 0xff // not a device's answer
)

type queue struct {
	mem    board.Memory
	at     mach.PhysAddr
	page   *[mach.PageSize]byte // descriptors and rings
	pieces *[mach.PageSize]byte
	given  uint16 // the driver's index
	taken  uint16 // how far answers were read
	flying uint32 // bit i: transfer i is the device's
	silent uint32 // driverSilent, or 0
}

func newQueue(mem board.Memory, at mach.PhysAddr) queue {
	q := queue{mem: mem, at: at, page: mem.Frame(at), pieces: mem.Frame(at + mach.PageSize), silent: driverSilent}
	clear(q.page[:])
	clear(q.pieces[:])
	for i := range inFlight {
		first := descriptors * i
		q.describe(first, at+mach.PageSize+mach.PhysAddr(i*pieceSize), headerBytes, descriptorNext)
		q.describe(first+2, at+mach.PageSize+mach.PhysAddr(i*pieceSize+statusOffset), 1, descriptorWrite)
	}
	q.publish()
	return q
}

func (q *queue) describe(i int, at mach.PhysAddr, size uint32, flags uint16) {
	d := q.page[i*descriptorSize:][:descriptorSize]
	le.PutUint64(d, uint64(at))
	le.PutUint32(d[8:], size)
	le.PutUint16(d[12:], flags)
	le.PutUint16(d[14:], uint16(i+1))
}

// put makes a transfer of r, as number i, the device's.
func (q *queue) put(i int, r *disk.Request) {
	p := q.pieces[i*pieceSize:][:pieceSize]
	kind, flags := uint32(requestRead), uint16(descriptorNext|descriptorWrite)
	if r.Write {
		kind, flags = requestWrite, descriptorNext
	}
	le.PutUint32(p, kind)
	le.PutUint64(p[8:], uint64(r.First)*(mach.PageSize/sectorSize))
	p[statusOffset] = statusNone
	q.describe(descriptors*i+1, q.mem.Address(unsafe.Pointer(unsafe.SliceData(r.Data))), uint32(len(r.Data)), flags)
	q.flying |= 1 << i
	le.PutUint16(q.page[driverOffset+ringOffset+int(q.given%queueSize)*2:], uint16(descriptors*i))
	q.given++
	q.publish()
}

// interrupts asks the device for them.
func (q *queue) interrupts() {
	q.silent = 0
	q.publish()
}

// publish shows the driver's index to the device, after all that was written before.
func (q *queue) publish() {
	store32(q.page, driverOffset, q.silent|uint32(q.given)<<16)
}

// wantsNotice reports whether the device waits for a notice.
func (q *queue) wantsNotice() bool { return load32(q.page, deviceOffset)&deviceSilent == 0 }

// take is the next answer: the number of the transfer, -1 if the device names none.
func (q *queue) take() (i int, status uint8, ok bool) {
	if uint16(load32(q.page, deviceOffset)>>16) == q.taken {
		return 0, 0, false
	}
	id := le.Uint32(q.page[deviceOffset+ringOffset+int(q.taken%queueSize)*8:])
	q.taken++
	i = int(id / descriptors)
	if id%descriptors != 0 || i >= inFlight || !q.has(i) {
		return -1, 0, true
	}
	q.flying &^= 1 << i
	return i, q.pieces[i*pieceSize+statusOffset], true
}

// has reports whether transfer i is the device's.
func (q *queue) has(i int) bool { return q.flying>>i&1 != 0 }

// forget is for a device that was reset.
func (q *queue) forget() { q.flying = 0 }
