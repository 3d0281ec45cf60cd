package main

import (
	"encoding/binary"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/user/libmach"
)

var le = binary.LittleEndian

// runsMost bounds the bytes of out-of-line memory that are looked at: nobody sends more in earnest.
const runsMost = 1 << 16

// deliver has the pager carry out a request: the same message among its ports.
func (s *server) deliver(p *port, m libmach.Message) {
	reply := ipc.Right{}
	if m.Reply() != mach.NameNull {
		kind := m.Header.Bits.Remote()
		reply = s.sys.NewKernelPort(s, answerTo{m.Reply(), kind}).MakeSendOnce()
	}
	in := s.sys.NewMessage(p.local.MakeSend(), reply, m.ID())
	in.Begin(len(m.Body))
	body := in.Body()
	copy(body, m.Body)
	if m.Header.Bits&mach.Complex != 0 {
		in.PutRights(nil)
	}
	var strangers []*ipc.Port
	libmach.Carried(m, body, func(_, data []byte, t mach.Type) {
		switch {
		case !t.Name().IsPort() && t.Inline():
		case !t.Name().IsPort():
			le.PutUint64(data, in.PutMemory(s.copyIn(p, m.ID(), data, t)))
		case !t.Inline():
			le.PutUint64(data, in.PutRights(nil)) // no call has such an argument
		default:
			for ; len(data) != 0; data = data[8:] {
				right := s.local(mach.Name(le.Uint64(data)), &strangers)
				le.PutUint64(data, uint64(in.PutRight(right)))
			}
		}
	})
	s.sys.Send(in)
	s.sys.Settle()
	for _, x := range strangers {
		x.Destroy()
	}
	s.client.EmptyMessage(m)
}

// local is a right among the pager's ports for a right that a message brought: to the pager's own port, or to one that stands for a stranger's.
func (s *server) local(name mach.Name, strangers *[]*ipc.Port) ipc.Right {
	switch {
	case name == mach.NameNull:
		return ipc.Right{}
	case name == mach.NameDead:
		return ipc.Right{Type: mach.MsgPortSend}
	}
	if p := s.ports[name]; p != nil && p.local != nil {
		return p.local.MakeSend()
	}
	if kind, code := s.client.PortType(s.task, name); code == mach.Success && kind&mach.TypeDeadName != 0 {
		return ipc.Right{Type: mach.MsgPortSend}
	}
	x := s.sys.NewKernelPort(nobody{}, nil)
	*strangers = append(*strangers, x)
	return x.MakeSend()
}

// copyIn takes out-of-line memory that a call of the manager wants; else it is not looked at, as it might be anybody's who never brings its pages.
func (s *server) copyIn(p *port, id mach.MsgID, data []byte, t mach.Type) ipc.OOL {
	size := (uint64(t.ElementBits())*uint64(t.Number()) + 7) / 8
	if p != s.manager || id != mach.IDDefaultPagerStorage || size == 0 || size > runsMost {
		return nil
	}
	c, err := vm.NewCopy(s.env, libmach.Memory(mach.VirtAddr(le.Uint64(data)), size))
	if err != nil {
		return nil // the arguments are not what they should be, then
	}
	return c
}

// translateOut sends a reply of the pager's to the client.
func (s *server) translateOut(to answerTo, m *ipc.Message) mach.Return {
	need := mach.HeaderSize + len(m.Body())
	if need > len(s.answer) {
		s.answer = libmach.NewBuffer(2 * need)
	}
	w := mig.NewWriter(s.answer)
	extra, code := mach.HeaderBits(0), mach.Success
	var mapped [][]byte
	var made []*port
	body := s.answer[mach.HeaderSize:need]
	copy(body, m.Body())
	outside := func(size uint64) []byte {
		at, ret := libmach.VMAllocate(s.task, 0, size, true)
		if ret != mach.Success {
			code = ret
			return nil
		}
		b := libmach.Memory(at, size)
		mapped = append(mapped, b)
		return b
	}
	name := func(r ipc.Right) mach.Name {
		n, ret := s.export(r)
		if ret != mach.Success {
			code = ret
			return mach.NameNull
		}
		made = append(made, s.ports[n])
		return n
	}
	libmach.Items(body, func(head, data []byte, t mach.Type) {
		if t.Name().IsPort() {
			t = t&^0xff | mach.Type(mach.MsgMakeSend)
		} else if t.Inline() {
			return
		}
		extra = mach.Complex
		if t.Inline() {
			for ; len(data) != 0; data = data[8:] {
				le.PutUint64(data, uint64(name(m.TakeRight(mach.Name(le.Uint64(data))))))
			}
		} else if handle := le.Uint64(data); t.Name().IsPort() {
			rights := m.RightArray(handle)
			b := outside(max(4*uint64(len(rights)), 1))
			for i, r := range rights {
				rights[i] = ipc.Right{}
				if b == nil {
					r.Release()
				} else {
					le.PutUint32(b[4*i:], uint32(name(r)))
				}
			}
			le.PutUint64(data, uint64(libmach.Address(b)))
			t |= mach.TypeDeallocate
		} else if c, ok := m.TakeMemory(handle).(*vm.Copy); ok {
			if b := outside(c.Size()); b != nil {
				if err := c.ReadAt(b, 0); err != nil {
					code = mach.Code(err)
				}
				le.PutUint64(data, uint64(libmach.Address(b)))
			}
			t |= mach.TypeDeallocate
			c.Discard()
		}
		le.PutUint64(head, uint64(t))
	})
	id := m.ID()
	if code != mach.Success {
		w.RetCode(code)
		extra, need = 0, mach.HeaderSize+w.Len()
	}
	mig.PutHeader(s.answer, mach.Header{Bits: mach.Bits(to.kind, 0) | extra, Size: uint32(need), Remote: uint64(to.name), ID: int32(id)})
	sent := s.client.Offer(s.answer[:need])
	gone := sent == mach.Success || sent == mach.SendTimedOut // and the right to reply with it
	rights := uint32(1)                                       // of each that were made
	if !gone || code != mach.Success {
		rights = 0
		for _, b := range mapped {
			_ = libmach.VMDeallocate(s.task, libmach.Address(b), uint64(len(b)))
		}
	}
	for _, p := range made {
		if !p.watched && p.conversation != nil {
			s.watch(p, rights)
		}
	}
	if gone {
		return mach.Success
	}
	return sent
}
