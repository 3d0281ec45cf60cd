package virtio

import (
	"errors"
	"fmt"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
)

// Errors of disks.
var (
	// ErrDevice is the error of a transfer that the device could not do.
	ErrDevice = errors.New("the device reports an error")
	// ErrGone is the error of all transfers of a device that is not there any more, or has been silent too long.
	ErrGone = errors.New("the disk does not answer any more")

	errOld      = errors.New("the device is older than version 1 of the specification")
	errReadOnly = errors.New("the disk cannot be written")
	errQueue    = errors.New("the device's queue is too short")
)

const (
	sectorSize   = 512
	inFlight     = 32 // transfers at once
	descriptors  = 3  // of a transfer: what is asked, the data, the answer
	queueSize    = 128
	headerBytes  = 16
	requestRead  = 0 // 5.2.6
	requestWrite = 1
)

// silenceMax is how long a transfer may take, in nanoseconds, before the device counts as gone.
const silenceMax = 30e9

// watchEvery is how often the device is asked how it is, in nanoseconds: to read a register costs an emulator more than all the rest.
const watchEvery = 10e6

// BlockOrder is the size of the block of frames that New needs, as a power of two.
const BlockOrder = 1

// Block is a disk. It implements disk.Disk.
type Block struct {
	name   string
	t      Transport
	mem    board.Memory
	now    func() int64
	queue  queue
	blocks disk.Block

	requests [inFlight]*disk.Request
	begun    [inFlight]int64 // by age
	busy     int
	refused  int // of those, transfers that the device was not given
	gone     bool

	age  int64 // time that Poll has seen pass, apart from times when nobody polled
	last int64
}

// New makes a disk of a device. frames are a block for the queue, which the disk keeps if there is no error; now is a clock, in nanoseconds. The
// device sends m when Poll has something to find, if it can.
func New(name string, t Transport, mem board.Memory, frames mach.PhysAddr, now func() int64, m Message) (*Block, error) {
	b := &Block{name: name, t: t, mem: mem, now: now, queue: newQueue(mem, frames)}
	if err := b.begin(m); err != nil {
		t.SetStatus(statusFailed)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b.last = now()
	return b, nil
}

// begin brings the device up (3.1.1).
func (b *Block) begin(m Message) error {
	t := b.t
	t.SetStatus(0)
	for range 1000 {
		if t.Status() == 0 {
			break
		}
	}
	t.SetStatus(statusAcknowledge | statusDriver)
	features := t.Features()
	if features&featureVersion1 == 0 {
		return errOld
	}
	t.Accept(featureVersion1 | features&featureReadOnly)
	t.SetStatus(statusAcknowledge | statusDriver | statusFeaturesOK)
	switch {
	case t.Status()&statusFeaturesOK == 0:
		return errOld
	case features&featureReadOnly != 0:
		return errReadOnly
	case t.QueueMax() < queueSize:
		return errQueue
	}
	q := &b.queue
	t.SetQueue(queueSize, q.at, q.at+driverOffset, q.at+deviceOffset)
	if m.At != 0 && t.Interrupt(m) {
		q.interrupts()
	}
	t.SetStatus(statusAcknowledge | statusDriver | statusFeaturesOK | statusDriverOK)
	sectors := uint64(t.Config(0)) | uint64(t.Config(4))<<32
	b.blocks = disk.Block(sectors / (mach.PageSize / sectorSize))
	return nil
}

// Name implements disk.Disk.
func (b *Block) Name() string { return b.name }

// Blocks implements disk.Disk.
func (b *Block) Blocks() disk.Block { return b.blocks }

// Start implements disk.Disk.
func (b *Block) Start(r *disk.Request) bool {
	for i := range b.requests {
		if b.requests[i] != nil {
			continue
		}
		b.requests[i], b.begun[i] = r, b.age
		b.busy++
		n := disk.Block(len(r.Data) / mach.PageSize)
		if !b.gone && r.First <= b.blocks && n <= b.blocks-r.First { // else Poll says so
			b.queue.put(i, r)
			if b.queue.wantsNotice() {
				b.t.Notify()
			}
		} else {
			b.refused++
		}
		return true
	}
	return false
}

// Poll implements disk.Disk.
func (b *Block) Poll() {
	if b.busy == 0 {
		b.last = b.now()
		return
	}
	for {
		i, status, ok := b.queue.take()
		if !ok {
			break
		}
		if i < 0 || b.requests[i] == nil {
			b.end() // it answers what was not asked
			break
		}
		var err error
		if status != statusDone {
			err = ErrDevice
		}
		b.finish(i, err)
	}
	if now := b.now(); b.gone || now-b.last > watchEvery || b.refused != 0 {
		b.watch(now)
	}
}

func (b *Block) finish(i int, err error) {
	r := b.requests[i]
	b.requests[i] = nil
	b.busy--
	r.Done(err)
}

// watch looks for a device that is gone, and for requests that no device can carry out.
func (b *Block) watch(now int64) {
	const longest = 100e6 // more between two polls is no time that the device had
	b.age += min(max(now-b.last, 0), longest)
	b.last = now
	if !b.gone {
		late := false
		for i, r := range b.requests {
			late = late || r != nil && b.queue.has(i) && b.age-b.begun[i] > silenceMax
		}
		if s := b.t.Status(); late || s&statusNeedsReset != 0 || s&statusDriverOK == 0 || s == 0xff {
			b.end()
		}
	}
	for i, r := range b.requests {
		switch {
		case r == nil || b.queue.has(i):
		case b.gone:
			b.finish(i, ErrGone)
		default:
			b.finish(i, disk.ErrRange)
		}
	}
	b.refused = 0
}

// end gives the device up. After the reset it leaves memory alone.
func (b *Block) end() {
	b.gone = true
	b.t.SetStatus(0)
	for range 1000 {
		if s := b.t.Status(); s == 0 || s == 0xff {
			break
		}
	}
	b.queue.forget()
}
