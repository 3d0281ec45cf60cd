package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/replay"
	"defpager/user/libmach"
)

// slot is a copy of memory that waits in this program's own memory, or in a message in a queue of its own.
type slot struct {
	at   mach.VirtAddr
	size uint64
	port mach.Name
}

// begin makes the ports of the slots and the manager's objects.
func (s *system) begin() error {
	for i := range s.slots {
		var code mach.Return
		if s.slots[i].port, code = libmach.PortAllocate(s.client.Task(), mach.RightReceive); code != mach.Success {
			return fmt.Errorf("mach_port_allocate: %w", code)
		}
	}
	for i := range replay.Managed {
		s.client.Request()
		r, code := s.client.Call(s.manager, replay.MsgNew)
		if code != mach.Success {
			return fmt.Errorf("a memory object: %w", code)
		}
		s.objects[replay.Objects+i] = r.Port(mach.MsgPortSend)
	}
	return nil
}

func (s *system) end() {
	for i := range s.slots {
		s.client.PortDestroy(s.client.Task(), s.slots[i].port)
	}
	s.client.Request()
	s.client.Call(s.manager, replay.MsgEnd)
}

func (s *system) Fetch(i, task, first, n int) (code mach.Return) {
	defer s.settle()
	c := &s.slots[i]
	c.at, c.size, code = s.client.VMRead(s.tasks[task], at(first), size(n))
	return code
}

func (s *system) Look(i int, values []byte) {
	b := libmach.Memory(s.slots[i].at, s.slots[i].size)
	for i := range values {
		values[i] = b[size(i)]
	}
}

func (s *system) Scribble(i, page int, value byte) {
	fill(libmach.Memory(s.slots[i].at, s.slots[i].size)[size(page):size(page+1)], value)
}

func (s *system) Post(i int) mach.Return {
	const id mach.MsgID = 7000
	c := &s.slots[i]
	w := mig.NewWriter(s.buf)
	w.OutOfLine(mach.MsgByte, 8, uint32(c.size), uint64(c.at), true)
	c.at = 0
	return libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, c.port, mach.NameNull, id), 0, 0)
}

func (s *system) Collect(i int) mach.Return {
	c := &s.slots[i]
	m, code := libmach.Receive(s.buf, c.port, mach.OptRcvTimeout, 0)
	if code != mach.Success {
		return code
	}
	r := m.Reader()
	address, n := r.OutOfLine(mach.MsgByte, 8)
	if r.End() != mach.Success || uint64(n) != c.size {
		return mach.RcvInvalidData
	}
	c.at = mach.VirtAddr(address)
	return mach.Success
}

func (s *system) Store(i, task, first int) mach.Return {
	return s.client.VMWrite(s.tasks[task], at(first), s.slots[i].at, uint32(s.slots[i].size))
}

func (s *system) Drop(i int) {
	c := &s.slots[i]
	if c.at == 0 {
		s.Collect(i)
	}
	s.client.VMDeallocate(s.client.Task(), c.at, c.size)
}

func (s *system) Lock(object, first, n int, what mach.MemoryReturn, flush bool, lock mach.Prot) mach.Return {
	w := s.client.Request()
	w.Port(mach.MsgCopySend, s.objects[object])
	w.Uint64(size(first))
	w.Uint64(size(n))
	w.Int32(int32(what))
	w.Bool(flush)
	w.Int32(int32(lock))
	r, code := s.client.CallComplex(s.manager, replay.MsgLock)
	if code != mach.Success {
		return code
	}
	return r.End()
}

func (s *system) Attributes(object int, mayCache bool, strategy mach.CopyStrategy) mach.Return {
	w := s.client.Request()
	w.Port(mach.MsgCopySend, s.objects[object])
	w.Bool(mayCache)
	w.Int32(int32(strategy))
	r, code := s.client.CallComplex(s.manager, replay.MsgAttributes)
	if code != mach.Success {
		return code
	}
	return r.End()
}
