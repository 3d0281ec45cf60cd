package disk

// Rated is a disk that moves no more than so many bytes a second, one transfer after the other, whatever the disk below could: what an emulator calls
// a disk is the host's memory, and answers at once.
type Rated struct {
	Disk
	rate  int64 // bytes a second
	now   func() int64
	next  int64 // when the disk is done with all that it was given
	slots [ramRequests]ratedSlot
}

// ratedSlot is a transfer.
type ratedSlot struct {
	outer *Request // nil: free
	inner Request
	due   int64
	over  bool // the disk below is done
	err   error
}

// NewRated makes a disk of d, which is to be used through the result only. now is a clock, in nanoseconds.
func NewRated(d Disk, bytesPerSecond int64, now func() int64) *Rated {
	r := &Rated{Disk: d, rate: bytesPerSecond, now: now}
	for i := range r.slots {
		s := &r.slots[i]
		s.inner.Done = func(err error) { s.over, s.err = true, err }
	}
	return r
}

// Start implements Disk.
func (d *Rated) Start(r *Request) bool {
	for i := range d.slots {
		s := &d.slots[i]
		if s.outer != nil {
			continue
		}
		s.inner.Write, s.inner.First, s.inner.Data, s.over = r.Write, r.First, r.Data, false
		if !d.Disk.Start(&s.inner) {
			return false
		}
		s.outer = r
		d.next = max(d.next, d.now()) + int64(len(r.Data))*1e9/d.rate
		s.due = d.next
		return true
	}
	return false
}

// Poll implements Disk.
func (d *Rated) Poll() {
	d.Disk.Poll()
	now := d.now()
	for i := range d.slots {
		if s := &d.slots[i]; s.outer != nil && s.over && s.due <= now {
			r := s.outer
			s.outer = nil
			r.Done(s.err)
		}
	}
}
