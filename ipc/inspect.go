package ipc

import (
	"defpager/board/slab"
	"defpager/mach"
)

// What mach_debug tells of ports.

// SendRights is mach_port_get_srights: how many send rights there are to the port whose receive right name denotes, those in messages and in the
// kernel included.
func (s *Space) SendRights(name mach.Name) (uint32, mach.Return) {
	p, code := s.receiver(name)
	if code != mach.Success {
		return 0, code
	}
	return p.srights, mach.Success
}

// DeadNameRequests is mach_port_dnrequest_info: how many names of the port whose receive right name denotes are to be told of its death. It takes time in
// proportion to the number of names.
func (s *Space) DeadNameRequests(name mach.Name) (n uint32, code mach.Return) {
	p, code := s.receiver(name)
	if code != mach.Success {
		return 0, code
	}
	for e := p.entries; e != nil; e = e.next {
		if e.request != nil {
			n++
		}
	}
	return n, mach.Success
}

// StandsFor is mach_port_kernel_object: the port that name denotes by a send or receive right. InvalidRight: by another one, or the port is dead.
func (s *Space) StandsFor(name mach.Name) (*Port, mach.Return) {
	e := s.lookup(name)
	switch {
	case e == nil:
		return nil, mach.InvalidName
	case e.typ&(mach.TypeSend|mach.TypeReceive) == 0:
		return nil, mach.InvalidRight
	}
	return e.port, mach.Success
}

// Caches yields what there is of each kind of structure that lies in frames.
func (sys *System) Caches(yield func(name string, u slab.Usage) bool) {
	_ = yield("ipc_port", sys.ports.made.Usage()) && yield("ipc_port_kernel", sys.ports.small.Usage()) &&
		yield("ipc_pset", sys.sets.Usage()) && yield("ipc_entry_chunk", sys.chunks.all.Usage())
}
