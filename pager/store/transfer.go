package store

import (
	"encoding/binary"

	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"
)

var le = binary.LittleEndian

// transfer is a request to the disk with a buffer of its own: what goes over it is encrypted there.
type transfer struct {
	area    *Area
	busy    bool
	buffer  mach.PhysAddr
	order   uint // of the buffer's pages
	request disk.Request
	slot    uint32
	pages   [][]byte // of a read: where the contents go
	then    func(error)
}

// init gets the largest buffer that there is and that leaves a frame for each of so many others. ResourceShortage: there is no frame.
func (t *transfer) init(a *Area, frames *frame.Allocator, others int) error {
	t.area = a
	t.request.Done = t.done
	for t.order = clusterOrder; ; t.order-- {
		if s := frames.Stats(); t.order > 0 && s.Free < s.Reserved+1<<t.order+mach.PageNumber(others) {
			continue
		}
		f, err := frames.AllocOrder(t.order)
		if err == nil {
			t.buffer = f
			return nil
		}
		if t.order == 0 {
			return err
		}
	}
}

// idle is a transfer that is free and has room for n pages, nil if there is none now.
func (a *Area) idle(n int) *transfer {
	for i := range a.transfers {
		if t := &a.transfers[i]; !t.busy && 1<<t.order >= n {
			return t
		}
	}
	return nil
}

// start gives a transfer of n pages to the disk. false: the disk has no room.
func (t *transfer) start(write bool, slot uint32, n int, then func(error)) bool {
	a := t.area
	_, block := a.place(int(slot))
	t.request.Write, t.request.First = write, block
	t.request.Data = a.mem.Bytes(t.buffer, mach.PageNumber(n).Bytes())
	t.slot, t.then = slot, then
	t.busy = a.disk.Start(&t.request)
	return t.busy
}

// Write implements backing.Area. pages are at most a cluster.
func (a *Area) Write(first uint32, pages [][]byte, done func(error)) bool {
	t := a.idle(len(pages))
	if t == nil {
		return false
	}
	buffer := a.mem.Bytes(t.buffer, mach.PageNumber(len(pages)).Bytes())
	for i, p := range pages {
		a.count++
		slot := first + uint32(i)
		to := buffer[i*mach.PageSize:]
		last := len(to) == mach.PageSize
		if last {
			to = a.sealed[:]
		}
		// The tag lies behind the page, where the next one follows.
		sealed := a.aead.Seal(to[:0], a.nonceFor(slot, a.count), p, nil)
		e := a.entry(slot)
		e[0], e[1], e[2] = a.count, le.Uint64(sealed[mach.PageSize:]), le.Uint64(sealed[mach.PageSize+8:])
		if last {
			copy(buffer[i*mach.PageSize:], sealed[:mach.PageSize])
		}
	}
	return t.start(true, first, len(pages), done)
}

// Read implements backing.Area.
func (a *Area) Read(first uint32, pages [][]byte, done func(error)) bool {
	t := a.idle(len(pages))
	if t == nil {
		return false
	}
	t.pages = pages
	return t.start(false, first, len(pages), done)
}

// nonceFor never gives the same twice, as the number does not.
func (a *Area) nonceFor(slot uint32, number uint64) []byte {
	le.PutUint32(a.nonce[:], slot)
	le.PutUint64(a.nonce[4:], number)
	return a.nonce[:]
}

// done is called by the disk.
func (t *transfer) done(err error) {
	if err == nil && !t.request.Write {
		err = t.open()
	}
	t.busy, t.pages = false, nil
	t.then(err)
}

// open decrypts the pages that were read, and verifies that each is the one that was written last to its slot.
func (t *transfer) open() error {
	a := t.area
	for i, page := range t.pages {
		slot := t.slot + uint32(i)
		e := a.entry(slot)
		if e[0] == 0 {
			return ErrUnused
		}
		copy(a.sealed[:], t.request.Data[i*mach.PageSize:])
		le.PutUint64(a.sealed[mach.PageSize:], e[1])
		le.PutUint64(a.sealed[mach.PageSize+8:], e[2])
		if _, err := a.aead.Open(page[:0], a.nonceFor(slot, e[0]), a.sealed[:], nil); err != nil {
			clear(page)
			return ErrCorrupt
		}
	}
	return nil
}
