// Package disk is what the kernel knows of disks: blocks of a page each, read and written by requests that do not wait. Drivers are below
// board/pc; RAM is one for tests, and for machines without a disk.
//
// Not for concurrent use: the caller holds the kernel lock.
package disk

import (
	"errors"

	"defpager/board"
	"defpager/mach"
)

// Block is the number of a block of mach.PageSize bytes.
type Block uint64

// Request is a transfer of one or more blocks that follow each other on the disk.
type Request struct {
	Write bool
	First Block
	// Data is whole blocks, in memory that is contiguous for the device too. It is the disk's until Done is called.
	Data []byte
	// Done is called once, by Poll.
	Done func(error)
}

// Disk is a device with blocks.
type Disk interface {
	// Name is what paging storage on it is called.
	Name() string
	// Blocks is how many there are.
	Blocks() Block
	// Start begins a transfer. false: the device has no room for another one now.
	Start(r *Request) bool
	// Poll completes what is done.
	Poll()
}

// ErrRange is the error of a request for blocks that the disk has not.
var ErrRange = errors.New("the disk has no such blocks")

// RAM is a disk in memory. Its blocks are those of frame blocks of mach.SuperSize bytes.
type RAM struct {
	name   string
	mem    board.Memory
	parts  []mach.PhysAddr
	asked  [ramRequests]*Request
	number int
}

const (
	ramRequests   = 64
	blocksPerPart = mach.SuperSize / mach.PageSize
)

// NewRAM makes a disk of the 2 MiB of memory at each of parts, which are the disk's from now on.
func NewRAM(name string, mem board.Memory, parts []mach.PhysAddr) *RAM {
	return &RAM{name: name, mem: mem, parts: parts}
}

// Name implements Disk.
func (d *RAM) Name() string { return d.name }

// Blocks implements Disk.
func (d *RAM) Blocks() Block { return Block(len(d.parts)) * blocksPerPart }

// Start implements Disk.
func (d *RAM) Start(r *Request) bool {
	if d.number == ramRequests {
		return false
	}
	d.asked[d.number] = r
	d.number++
	return true
}

// Poll implements Disk.
func (d *RAM) Poll() {
	asked, n := d.asked, d.number
	d.number = 0
	for _, r := range asked[:n] {
		r.Done(d.transfer(r))
	}
}

func (d *RAM) transfer(r *Request) error {
	n := Block(len(r.Data) / mach.PageSize)
	if r.First > d.Blocks() || n > d.Blocks()-r.First {
		return ErrRange
	}
	for i := range n {
		data := r.Data[i*mach.PageSize:][:mach.PageSize]
		at := r.First + i
		block := d.mem.Frame(d.parts[at/blocksPerPart] + mach.PhysAddr(at%blocksPerPart)<<mach.PageShift)
		if r.Write {
			copy(block[:], data)
		} else {
			copy(data, block[:])
		}
	}
	return nil
}
