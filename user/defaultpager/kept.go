package main

import (
	"errors"

	"defpager/mach"
	"defpager/mm/vm"
	"defpager/user/libmach"
)

// keep takes the contents of a page of the kernel's. Without room they are lost, and whoever touches the page gets a memory error.
func (s *server) keep(p *port, offset uint64, data []byte) {
	s.forget(p, offset)
	f, err := s.frame()
	for ; err != nil && s.written(); f, err = s.frame() {
	}
	if err != nil {
		s.lostPages++
		return
	}
	copy(s.env.Mem.Frame(f)[:], data)
	if !s.put(p, offset, f) {
		s.lostPages++
	}
}

// put keeps the page in frame f, which it takes over. It reports whether there was room: that also comes from the disks.
func (s *server) put(p *port, offset uint64, f mach.PhysAddr) bool {
	t, ok := s.store.Store(f)
	for ; !ok && s.written(); t, ok = s.store.Store(f) {
	}
	if ok {
		p.kept[offset] = t
	} else {
		s.env.Frames.Free(f)
	}
	return ok
}

// spareFrames is how many frames are set aside: for a page that shrinks when it is kept, and for one to come back from where it is.
const spareFrames = 2

// frame takes a frame with any contents.
func (s *server) frame() (mach.PhysAddr, error) {
	f, err := s.env.Frames.AllocDirty()
	if err != nil {
		s.env.MakeRoom(1)
		f, err = s.env.Frames.AllocDirty()
	}
	if err != nil {
		s.spare.Release() // until topUp
		f, err = s.env.Frames.AllocDirty()
	}
	return f, err
}

// topUp sets frames aside again.
func (s *server) topUp() {
	if n := s.spare.Pages(); n < spareFrames {
		_ = s.spare.Grow(spareFrames - n)
	}
}

// forget drops what is kept of a page.
func (s *server) forget(p *port, offset uint64) {
	if t, ok := p.kept[offset]; ok {
		s.store.Drop(t)
		delete(p.kept, offset)
		delete(s.waiting, t)
		delete(s.refused, request{p, offset})
	}
}

// end drops all that is kept for an object.
func (s *server) end(p *port) {
	for offset := range p.kept {
		s.forget(p, offset)
	}
	if p.memory == nil {
		s.kernelLive--
	}
}

// supplyKept gives the kernel a page of its own, now or when it has come from a disk.
func (s *server) supplyKept(p *port, offset uint64) {
	t, ok := p.kept[offset]
	if !ok {
		s.client.MemoryObjectDataError(p.control, offset, mach.PageSize, mach.MemoryError)
		return
	}
	f, err := s.store.Fetch(t)
	if mach.Code(err) == mach.ResourceShortage {
		s.env.MakeRoom(1)
		s.spare.Release()
		f, err = s.store.Fetch(t)
	}
	switch {
	case errors.Is(err, vm.Wait):
		s.waiting[t] = request{p, offset}
		return
	case s.comes(err):
		s.supplyLater(p, offset)
		return
	case err != nil:
		s.client.MemoryObjectDataError(p.control, offset, mach.PageSize, mach.Code(err))
		return
	}
	delete(p.kept, offset)
	// Precious: nothing is kept here, the kernel gives the page back when it wants its frame.
	code := s.client.MemoryObjectDataSupply(p.control, libmach.Supply{Offset: offset, Data: s.env.Mem.Frame(f)[:], Precious: true})
	switch {
	case code == mach.Success:
		s.supplied++
		s.env.Frames.Free(f)
		delete(s.refused, request{p, offset})
	case s.put(p, offset, f) && code == mach.SendNoBuffer && s.again(request{p, offset}, func() { s.supplyKeptNow(p, offset) }):
	default:
		s.client.MemoryObjectDataError(p.control, offset, mach.PageSize, code)
	}
}

// supplyLater is supplyKept when something has happened.
func (s *server) supplyLater(p *port, offset uint64) {
	s.late = append(s.late, func() { s.supplyKeptNow(p, offset) })
}

// supplyKeptNow is supplyKept, if the page is still wanted.
func (s *server) supplyKeptNow(p *port, offset uint64) {
	if _, ok := p.kept[offset]; ok {
		s.supplyKept(p, offset)
	}
}

// request is a page that the kernel waits for.
type request struct {
	p      *port
	offset uint64
}

// pageReady is backing.Config.PageReady.
func (s *server) pageReady(t vm.Token) { s.ready = append(s.ready, t) }

// supplyReady answers the requests for pages that have come from disks.
func (s *server) supplyReady() {
	for len(s.ready) != 0 {
		t := s.ready[0]
		s.ready = s.ready[1:]
		if r, ok := s.waiting[t]; ok {
			delete(s.waiting, t)
			s.supplyKept(r.p, r.offset)
		}
	}
}
