package main

import (
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/user/libmach"
)

// conversation is what the kernel and this manager say of one memory object. The contents of a client's are in the pager's object; those of the kernel's
// own are with the Backing.
type conversation struct {
	memory *vm.Object               // a client's
	lost   map[mach.PageNumber]bool // of an overcommitted one: pages for which there was no room
	kept   map[uint64]vm.Token

	control mach.Name     // while the kernel maps it
	looked  mach.VirtAddr // where this task maps it: see isObject

	// Before the object becomes smaller, the kernel gives its copies what they need from cutting on.
	copies  copies
	cutting uint64

	// While the kernel takes pages away from behind a smaller limit, those that come from there are from before, and so is what comes of the limit's page from tail on:
	// until so many lock_completed messages have come.
	flushes        int
	tail, from, to uint64
}

// copies says whether the copies of an object have got what they need before it becomes smaller.
type copies uint8

const (
	copiesAsk copies = iota // the kernel is to be asked for that
	copiesAsked
	copiesHave
)

// handler has the kernel's messages to one port carried out.
type handler struct {
	s *server
	p *port
}

// converse carries out a message of the kernel's own, and reports whether it was one. Others may have a send right to the port, and write what a kernel
// would: only the kernel has the control port.
func (s *server) converse(p *port, m libmach.Message) bool {
	h := handler{s, p}
	if p == s.manager {
		return m.ID() == mach.IDMemoryObjectCreate && s.isCreated(m.Reader()) && s.client.SeqnosMemoryObjectDefaultServer(m, h) == mach.Success
	}
	if p.conversation == nil {
		return false
	}
	r := m.Reader()
	switch m.ID() {
	case mach.NotifyNoSenders:
		return s.noSenders(p)
	case mach.IDMemoryObjectInit:
		control, name := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
		if r.Err() != mach.Success || p.control != mach.NameNull || !s.isObject(p, name) || control == name {
			return false
		}
	case mach.IDMemoryObjectTerminate:
		if r.Port(mach.MsgPortReceive) != p.control || p.control == mach.NameNull {
			return false
		}
	case mach.IDMemoryObjectLockCompleted:
		done, code := libmach.ReadMemoryObjectCompletion(m)
		if code != mach.Success || done.Control != p.control || p.control == mach.NameNull {
			return false
		}
		return p.completed(done)
	default:
		if r.Port(mach.MsgPortSend) != p.control || p.control == mach.NameNull {
			return false
		}
	}
	if m.ID() == mach.IDMemoryObjectDataInitialize {
		return s.client.SeqnosMemoryObjectDefaultServer(m, h) == mach.Success
	}
	return s.client.MemoryObjectServer(m, h) == mach.Success
}

// isObject reports whether a name is that of the kernel's own object for p: what vm_region says of memory where it is mapped. Where it is not, the init is a forged one, or
// that of an object that has ended meanwhile. Then the object that is mapped stays so until its own init has come: if it ended before, as the other did, that would not be the
// kernel's object any more when it is looked at, and each look would lead to another init.
func (s *server) isObject(p *port, name mach.Name) bool {
	if p.looked == 0 {
		at, code := s.client.VMMapRight(s.task, libmach.Map{
			Size: mach.PageSize, Anywhere: true, Object: p.name, Cur: mach.ProtNone, Max: mach.ProtNone, Inherit: mach.InheritNone,
		}, mach.MsgMakeSend)
		if code != mach.Success {
			return false
		}
		p.looked = at
	}
	region, code := s.client.VMRegion(s.task, p.looked)
	is := code == mach.Success && region.Object == name
	known := code == mach.Success && region.Object != mach.NameNull
	if known {
		_ = libmach.PortDeallocate(s.task, region.Object)
	}
	if is || !known {
		_ = libmach.VMDeallocate(s.task, p.looked, mach.PageSize)
		p.looked = 0
	}
	return is
}

// isCreated reports whether what memory_object_create names as the control port of a new object is one of the kernel's. A client who has the manager's port, and so may
// say anything here, could have it send to a port from which nobody receives.
func (s *server) isCreated(r mig.Reader) bool {
	_, _, control := r.Port(mach.MsgPortReceive), r.Uint64(), r.Port(mach.MsgPortSend)
	kind, _, code := wire.MachPortKernelObject(s.client, s.task, control)
	return r.Err() == mach.Success && code == mach.Success && kind == mach.KernelObjectPagingRequest
}

// SeqnosCreate implements libmach.SeqnosDefaultMemoryManager: the kernel's own object.
func (h handler) SeqnosCreate(_ mach.Name, _ uint32, object mach.Name, _ uint64, control, name mach.Name, _ uint64) {
	s := h.s
	p, code := s.know(object, nil)
	if code != mach.Success || control == mach.NameNull {
		delete(s.ports, object)
		for _, right := range [...]mach.Name{object, control, name} {
			_ = s.client.PortDestroy(s.task, right)
		}
		return
	}
	p.conversation = &conversation{control: control, kept: map[uint64]vm.Token{}}
	s.kernelObjects++
	s.kernelLive++
	s.watch(p, 0)
}

// Init implements libmach.MemoryManager.
func (h handler) Init(_, control, _ mach.Name) {
	h.p.control = control
	h.s.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

// Terminate implements libmach.MemoryManager.
func (h handler) Terminate(_, _ mach.Name) {
	h.p.control = mach.NameNull
	h.p.flushes, h.p.copies = 0, copiesAsk
}

// DataRequest implements libmach.MemoryManager.
func (h handler) DataRequest(_, _ mach.Name, offset, _ uint64, _ mach.Prot) {
	if h.p.memory == nil {
		h.s.supplyKept(h.p, offset)
		return
	}
	h.s.supplyPage(h.p, offset)
}

// DataUnlock implements libmach.MemoryManager. Nothing is ever locked.
func (h handler) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

// DataReturn implements libmach.MemoryManager.
func (h handler) DataReturn(_, _ mach.Name, offset uint64, data []byte, _, _ bool) {
	for ; len(data) >= mach.PageSize; offset, data = offset+mach.PageSize, data[mach.PageSize:] {
		h.s.returned++
		switch p := h.p; {
		case p.memory == nil:
			h.s.keep(p, offset, data[:mach.PageSize])
		case p.flushes != 0 && offset >= p.from && offset < p.to:
		default:
			h.s.putBack(p, offset, data[:mach.PageSize])
		}
	}
}

// SeqnosDataInitialize implements libmach.SeqnosDefaultMemoryManager: for pages that are not there yet.
func (h handler) SeqnosDataInitialize(_ mach.Name, _ uint32, _ mach.Name, offset uint64, data []byte) {
	for ; len(data) >= mach.PageSize; offset, data = offset+mach.PageSize, data[mach.PageSize:] {
		if _, ok := h.p.kept[offset]; !ok && h.p.memory == nil {
			h.s.initial++
			h.s.keep(h.p, offset, data[:mach.PageSize])
		}
	}
}

// shrinks is pager.Config.Shrinks: it has the kernel give copies that were made of the object before what they need of the pages behind the limit, of which those that
// the kernel has not come from here.
func (s *server) shrinks(local *ipc.Port, _, now uint64) bool {
	p := s.names[local]
	if p == nil || p.control == mach.NameNull || p.copies == copiesHave {
		return true
	}
	if p.copies == copiesAsk {
		p.copies, p.cutting = copiesAsked, now&^mach.PageMask
		_ = s.client.MemoryObjectLockRequest(p.control, libmach.Lock{
			Offset: p.cutting, Size: ^uint64(0) - p.cutting, CopySync: true, Lock: mach.ProtNoChange, Reply: p.name,
		})
	}
	return false
}

// completed is for a lock request that is done, and reports whether there was such a one.
func (c *conversation) completed(done libmach.MemoryObjectCompletion) bool {
	switch {
	case done.Offset == c.cutting && done.Size == ^uint64(0)-c.cutting && c.copies == copiesAsked:
		c.copies = copiesHave
	case c.flushes == 0:
		return false
	default:
		c.flushes--
	}
	return true
}

// shrunk is pager.Config.Shrunk: it takes what the kernel has of pages away that lie behind the smaller limit; the page of the limit comes back, to be cut. What an
// earlier smaller limit led to is over: the kernel does lock requests in their order, and has done the one of shrinks.
func (s *server) shrunk(local *ipc.Port, before, now uint64) {
	p := s.names[local]
	if p == nil {
		return
	}
	p.copies = copiesAsk
	if before == now {
		return
	}
	p.cut()
	if p.control == mach.NameNull {
		return
	}
	p.tail, p.from, p.to = now, pagesEnd(now), pagesEnd(before)
	if now&mach.PageMask != 0 {
		s.flush(p, libmach.Lock{Offset: now &^ mach.PageMask, Size: mach.PageSize, Return: mach.ReturnAll})
	}
	if p.to > p.from {
		s.flush(p, libmach.Lock{Offset: p.from, Size: p.to - p.from})
	}
}

// flush takes pages away from the kernel.
func (s *server) flush(p *port, l libmach.Lock) {
	l.Flush, l.Lock, l.Reply = true, mach.ProtNoChange, p.name
	if s.client.MemoryObjectLockRequest(p.control, l) == mach.Success {
		p.flushes++
	}
}

// pagesEnd is where the pages of an object of limit bytes end: the last page of all, which nobody can map as a whole, does not count.
func pagesEnd(limit uint64) uint64 {
	const most = ^uint64(mach.PageMask)
	return (min(limit, most) + mach.PageMask) &^ mach.PageMask
}
