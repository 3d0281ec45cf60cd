package main

import (
	"errors"

	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/user/libmach"
)

// supplyPage gives the kernel a page of a client's object, now or when it has come from a disk. A page of an overcommitted object gets its frame, or is refused
// one, when somebody touches it first; that of a reserved one was promised.
func (s *server) supplyPage(p *port, offset uint64) {
	if p.over || p.control == mach.NameNull {
		return
	}
	n := mach.PageNumber(offset >> mach.PageShift)
	failed := func(code mach.Return) { s.client.MemoryObjectDataError(p.control, offset, mach.PageSize, code) }
	if offset >= p.memory.Limit() {
		s.client.MemoryObjectDataError(p.control, offset, toTheEnd(offset), mach.MemoryError)
		return
	}
	if p.lost[n] {
		failed(mach.MemoryError)
		return
	}
	f, err := p.memory.Page(n)
	made := f == 0 && err == nil
	if made && p.copies == copiesAsked && offset >= p.cutting {
		s.client.MemoryObjectDataUnavailable(p.control, offset, p.empty(n).Bytes())
		return
	}
	if made {
		err = p.memory.WritePage(n, zeros[:])
	}
	switch {
	case s.comes(err):
		s.late = append(s.late, func() { s.supplyPage(p, offset) })
	case err != nil:
		failed(mach.Code(err))
	case made:
		s.client.MemoryObjectDataUnavailable(p.control, offset, mach.PageSize)
	default:
		switch code := s.client.MemoryObjectDataSupply(p.control, libmach.Supply{Offset: offset, Data: s.env.Mem.Frame(f)[:]}); code {
		case mach.Success:
			s.supplied++
			delete(s.refused, request{p, offset})
		default:
			if code != mach.SendNoBuffer || !s.again(request{p, offset}, func() { s.supplyPage(p, offset) }) {
				failed(code)
			}
		}
	}
}

// toTheEnd is the bytes from offset on, which is a page's, to the end of all pages; of the first page on, of which that cannot be said, all but the last page.
func toTheEnd(offset uint64) uint64 {
	if offset == 0 {
		offset = mach.PageSize
	}
	return -offset
}

// empty is how many pages there are from page n on, which is none, that hold nothing.
func (p *port) empty(n mach.PageNumber) mach.PageNumber {
	end := mach.Pages(p.memory.Limit())
	if next, ok := p.memory.NextContents(n); ok {
		end = next
	}
	for lost := range p.lost {
		if lost >= n {
			end = min(end, lost)
		}
	}
	return end - n
}

// again does f later, as the kernel had no room for the message with a page. It reports false when that was so for too long.
func (s *server) again(r request, f func()) bool {
	x := s.refused[r]
	if x == nil {
		x = &shortage{}
		s.refused[r] = x
	}
	if !x.again(s.config.patience) {
		delete(s.refused, r)
		return false
	}
	var wait func()
	wait = func() {
		if x.due() {
			f()
		} else {
			s.late = append(s.late, wait)
		}
	}
	s.late = append(s.late, wait)
	return true
}

// comes reports whether it helps against err to try again when a disk has done something.
func (s *server) comes(err error) bool {
	s.env.Forget()
	return errors.Is(err, vm.Wait) || mach.Code(err) == mach.ResourceShortage && s.store.Busy() && s.starved == 0
}

var zeros [mach.PageSize]byte

// putBack takes a page of a client's object that the kernel returns. Nobody promised an overcommitted object that there is room for it here: then it is
// lost, and whoever touches it gets a memory error.
func (s *server) putBack(p *port, offset uint64, data []byte) {
	n := mach.PageNumber(offset >> mach.PageShift)
	if p.flushes != 0 && offset == p.tail&^mach.PageMask {
		clear(data[p.tail-offset:])
	}
	code := mach.ResourceShortage
	for code == mach.ResourceShortage {
		if code = mach.Code(p.memory.WritePage(n, data)); code == mach.ResourceShortage && !s.written() {
			break
		}
	}
	switch code {
	case mach.Success:
		delete(p.lost, n)
	case mach.ResourceShortage:
		if p.lost == nil {
			p.lost = map[mach.PageNumber]bool{}
		}
		p.lost[n] = true
		s.lostPages++
	} // behind the limit there is nothing
}

// cut forgets what was lost behind a smaller limit.
func (p *port) cut() {
	for n := range p.lost {
		if n >= mach.Pages(p.memory.Limit()) {
			delete(p.lost, n)
		}
	}
}

// later is pager.Config.Later: a request, to set an object's size, waits for a page that comes from a disk.
func (s *server) later(_ *ipc.Message, again func(error) *ipc.Message) {
	s.env.Forget()
	s.late = append(s.late, func() {
		if reply := again(nil); reply != nil {
			s.sys.Send(reply)
		}
	})
}

// goOn tries again what waits for pages.
func (s *server) goOn() {
	late := s.late
	s.late = nil
	for _, f := range late {
		f()
	}
}
