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
	f, err := s.env.Frames.AllocDirty()
	for ; err != nil && s.store.Busy(); f, err = s.env.Frames.AllocDirty() {
		s.store.Poll()
	}
	if err != nil {
		return
	}
	copy(s.env.Mem.Frame(f)[:], data)
	s.put(p, offset, f)
}

// put keeps the page in frame f, which it takes over. It reports whether there was room: that also comes from the disks.
func (s *server) put(p *port, offset uint64, f mach.PhysAddr) bool {
	t, ok := s.store.Store(f)
	for ; !ok && s.store.Busy(); t, ok = s.store.Store(f) {
		s.store.Poll()
	}
	if ok {
		p.kept[offset] = t
	} else {
		s.env.Frames.Free(f)
	}
	return ok
}

// forget drops what is kept of a page.
func (s *server) forget(p *port, offset uint64) {
	if t, ok := p.kept[offset]; ok {
		s.store.Drop(t)
		delete(p.kept, offset)
		delete(s.waiting, t)
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
	switch {
	case errors.Is(err, vm.Wait):
		s.waiting[t] = request{p, offset}
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
	case s.put(p, offset, f): // the kernel had no room for the message: at another time
		s.again = append(s.again, request{p, offset})
	default:
		s.client.MemoryObjectDataError(p.control, offset, mach.PageSize, code)
	}
}

// request is a page that the kernel waits for.
type request struct {
	p      *port
	offset uint64
}

// pageReady is backing.Config.PageReady.
func (s *server) pageReady(t vm.Token) { s.ready = append(s.ready, t) }

// supplyReady answers the requests for pages that have come from disks, and those for which there was no room.
func (s *server) supplyReady() {
	again := s.again
	s.again = nil
	for _, r := range again {
		if _, ok := r.p.kept[r.offset]; ok {
			s.supplyKept(r.p, r.offset)
		}
	}
	for len(s.ready) != 0 {
		t := s.ready[0]
		s.ready = s.ready[1:]
		if r, ok := s.waiting[t]; ok {
			delete(s.waiting, t)
			s.supplyKept(r.p, r.offset)
		}
	}
}
