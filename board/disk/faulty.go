package disk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"defpager/mach"
)

// Faults says what is to go wrong with a disk, for tests. 0: nothing does.
type Faults struct {
	Flip   uint64 // each so many blocks that are written, one has a wrong bit
	Tear   uint64 // of one, only the first half is written
	Fail   uint64 // each so many transfers, one fails
	Bad    uint64 // of each so many blocks of the disk, one can never be read
	Vanish uint64 // after so many transfers all fail
}

// ParseFaults reads words such as flip=10,vanish=1000.
func ParseFaults(text string) (Faults, error) {
	var f Faults
	for _, w := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(w, "=")
		n, err := strconv.ParseUint(value, 10, 63)
		at := map[string]*uint64{"flip": &f.Flip, "tear": &f.Tear, "fail": &f.Fail, "bad": &f.Bad, "vanish": &f.Vanish}[name]
		if err != nil || n == 0 || at == nil {
			return f, fmt.Errorf("%q: want flip=N, tear=N, fail=N, bad=N or vanish=N", w)
		}
		*at = n
	}
	return f, nil
}

// ErrInjected is the error of a transfer that was to fail.
var ErrInjected = errors.New("an error that was asked for")

// Faulty is a disk that does not do as it should.
type Faulty struct {
	Disk
	faults    Faults
	transfers uint64
	blocks    uint64 // written
	failed    [ramRequests]*Request
	number    int
}

// NewFaulty makes a disk of d, which is to be used through the result only.
func NewFaulty(d Disk, f Faults) *Faulty { return &Faulty{Disk: d, faults: f} }

// nth reports whether n is one of each so many.
func nth(n, each uint64) bool { return each != 0 && n%each == 0 }

// Start implements Disk.
func (d *Faulty) Start(r *Request) bool {
	if d.number == ramRequests {
		return false
	}
	if gone := d.faults.Vanish != 0 && d.transfers >= d.faults.Vanish; gone || nth(d.transfers+1, d.faults.Fail) || d.unreadable(r) {
		d.transfers++
		d.failed[d.number] = r
		d.number++
		return true
	}
	before := d.blocks
	if r.Write {
		d.spoil(r.Data)
	}
	if !d.Disk.Start(r) {
		d.blocks = before // it comes again, with new data
		return false
	}
	d.transfers++
	return true
}

// unreadable reports whether r reads a bad block.
func (d *Faulty) unreadable(r *Request) bool {
	each := Block(d.faults.Bad)
	return !r.Write && each != 0 && (r.First+Block(len(r.Data)/mach.PageSize))/each != r.First/each
}

// spoil changes data that no device has looked at yet.
func (d *Faulty) spoil(data []byte) {
	for ; len(data) != 0; data = data[mach.PageSize:] {
		d.blocks++
		if nth(d.blocks, d.faults.Flip) {
			data[mach.PageSize/3] ^= 0x10
		}
		if nth(d.blocks, d.faults.Tear) {
			clear(data[mach.PageSize/2 : mach.PageSize])
		}
	}
}

// Poll implements Disk.
func (d *Faulty) Poll() {
	failed, n := d.failed, d.number
	d.number = 0
	for _, r := range failed[:n] {
		r.Done(ErrInjected)
	}
	d.Disk.Poll()
}
