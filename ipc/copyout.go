package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// copyout gives a received message to the space and its memory. The message is gone whatever the result: what could not be given is
// destroyed.
func (s *Space) copyout(mem UserMemory, m *Message, a *MsgArgs) mach.Return {
	if m.size > a.RcvSize {
		return s.copyoutTooLarge(mem, m, a)
	}
	s.received++
	if s.sys.tracing {
		m.trace(Received)
	}
	code, size := mach.Success, m.size
	remote, remoteType := mach.NameNull, m.replyType
	if m.reply.Port != nil {
		remoteType = m.reply.Type
		remote, code = s.copyoutReply(m, a)
		if code != mach.Success {
			size = mach.HeaderSize
		}
	} else if m.reply.Type != 0 {
		remote = mach.NameDead
	}
	s.copyoutHeader(m, remote, remoteType)
	if m.complex {
		code |= s.copyoutBody(mem, m)
	}
	if mem.CopyOut(a.Addr, m.buf[:size]) != nil && !s.sys.config.Late(mem, a.Addr, m.buf[:size]) {
		code = mach.RcvInvalidData
	}
	if m.complex {
		m.empty()
	}
	m.recycle()
	return code
}

// copyoutTooLarge tells the receiver what it did not have room for, and destroys it.
func (s *Space) copyoutTooLarge(mem UserMemory, m *Message, a *MsgArgs) mach.Return {
	s.copyoutHeader(m, mach.NameNull, 0)
	if a.RcvSize >= mach.HeaderSize {
		s.tell(mem, a.Addr, m.buf[:mach.HeaderSize])
	}
	m.Free()
	return mach.RcvTooLarge
}

// tell writes what is good to know beside a code that says what matters.
func (s *Space) tell(mem UserMemory, addr mach.VirtAddr, data []byte) {
	if mem.CopyOut(addr, data) != nil {
		s.sys.config.Late(mem, addr, data)
	}
}

// copyoutHeader writes the header of a received message, and uses up the right that the message came by.
func (s *Space) copyoutHeader(m *Message, remote mach.Name, remoteType mach.MsgType) {
	p, t := m.dest.Port, m.dest.Type
	local := uint64(p.name)
	if p.space != s || p.hasPayload {
		local, t = s.unusualDest(p, t)
	}
	bits := mach.Bits(remoteType, t)
	if m.complex {
		bits |= mach.Complex
	}
	h := (*[mach.HeaderSize]byte)(m.buf)
	binary.LittleEndian.PutUint32(h[offBits:], uint32(bits))
	binary.LittleEndian.PutUint32(h[offSize:], m.size)
	binary.LittleEndian.PutUint64(h[offRemote:], uint64(remote))
	binary.LittleEndian.PutUint64(h[offLocal:], local)
	binary.LittleEndian.PutUint32(h[offSeqno:], m.seqno)
	binary.LittleEndian.PutUint32(h[offID:], uint32(m.id))
	once := m.dest.Type == mach.MsgPortSendOnce
	m.dest.Port = nil
	if once {
		p.dropSendOnce()
	} else {
		p.releaseSend()
	}
}

// unusualDest is what a header says of the destination when the receiver has a payload for it, or lost it since the message was
// handed over.
func (s *Space) unusualDest(p *Port, t mach.MsgType) (uint64, mach.MsgType) {
	switch {
	case p.state != portActive:
		return uint64(mach.NameDead), t
	case p.space != s:
		return uint64(mach.NameNull), t
	}
	return p.payload, mach.MsgProtectedPayload
}

// copyoutReply gives the reply right to the space. When there is no room for it, the body is destroyed too.
func (s *Space) copyoutReply(m *Message, a *MsgArgs) (mach.Name, mach.Return) {
	reply := m.reply
	m.reply.Port = nil
	name, code := s.give(reply)
	if code != mach.Success {
		m.empty()
		return name, mach.RcvHeaderError | mach.MsgIPCSpace
	}
	if a.Option&mach.OptRcvNotify != 0 {
		s.watchReply(name, a.Notify)
	}
	return name, mach.Success
}

// watchReply requests a dead-name notification for the reply right that came with a message: MACH_RCV_NOTIFY.
func (s *Space) watchReply(reply, notify mach.Name) {
	e, to := s.lookup(reply), s.lookup(notify)
	if e == nil || e.port == nil || e.request != nil || to == nil || to.typ&mach.TypeReceive == 0 {
		return
	}
	e.request = to.take(mach.MsgMakeSendOnce).Port
}

// copyoutBody gives rights and memory of the body to the space and its memory. Bits of the result say what failed; null stands in
// the places of that.
func (s *Space) copyoutBody(mem UserMemory, m *Message) mach.Return {
	code := mach.Success
	for at := m.plain(mach.HeaderSize); at < m.size; at = m.plain(at) {
		it, bad := m.item(at)
		if bad != mach.Success {
			break // never: validate or a Writer made it
		}
		at = it.next
		switch {
		case !it.t.Name().IsPort():
			if !it.t.Inline() {
				code |= m.outOfLine(&it, s.copyoutMemory(mem, m, it.data()))
			}
		case it.t.Inline():
			m.setType(&it, received(it.t.Name()))
			for slot := it.data(); slot < it.next; slot += 8 {
				code |= s.copyoutRight(m, slot)
			}
		default:
			m.setType(&it, received(it.t.Name()))
			code |= m.outOfLine(&it, s.copyoutArray(mem, m, it.data()))
		}
	}
	if code != mach.Success {
		code |= mach.RcvBodyError
	}
	return code
}

// outOfLine makes the descriptor one of memory that was received: it is the receiver's to deallocate, whatever the sender's descriptor said, and
// its elements have no bits if there was no room for them. It returns code.
func (m *Message) outOfLine(it *item, code mach.Return) mach.Return {
	t := mach.Type(m.word(it.at)) | mach.TypeDeallocate
	if code&(mach.MsgVMSpace|mach.MsgVMKernel) != 0 {
		t &^= mach.TypeElementBits
	}
	m.setWord(it.at, uint64(t))
	return code
}

func (s *Space) copyoutRight(m *Message, slot uint32) mach.Return {
	handle := mach.Name(m.word(slot))
	if handle == mach.NameNull {
		return mach.Success
	}
	name, code := s.give(m.TakeRight(handle))
	m.setWord(slot, uint64(name))
	if code != mach.Success {
		return mach.MsgIPCSpace
	}
	return mach.Success
}

func (s *Space) copyoutMemory(mem UserMemory, m *Message, at uint32) mach.Return {
	o := m.TakeMemory(m.word(at))
	m.setWord(at, 0)
	if o == nil {
		return mach.Success
	}
	addr, err := mem.CopyMapOut(o)
	if err != nil {
		o.Discard()
		return vmError(err)
	}
	m.setWord(at, uint64(addr))
	return mach.Success
}

func vmError(err error) mach.Return {
	if mach.Code(err) == mach.ResourceShortage {
		return mach.MsgVMKernel
	}
	return mach.MsgVMSpace
}

// copyoutArray gives the space an out-of-line array of rights.
func (s *Space) copyoutArray(mem UserMemory, m *Message, at uint32) mach.Return {
	rights := m.RightArray(m.word(at))
	m.setWord(at, 0)
	if len(rights) == 0 {
		return mach.Success
	}
	code := mach.Success
	pool := &s.sys.messages
	names := pool.take(max(4*uint32(len(rights)), smallBuffer+1))
	for i := range rights {
		r := rights[i]
		rights[i] = Right{Type: r.Type} // for giveBack
		name, bad := s.give(r)
		if bad != mach.Success {
			code = mach.MsgIPCSpace
		}
		binary.LittleEndian.PutUint32(names[4*i:], uint32(name))
	}
	addr, err := mapOut(mem, names[:4*len(rights)])
	if err != nil {
		code |= vmError(err)
		for i, r := range rights {
			s.giveBack(mach.Name(binary.LittleEndian.Uint32(names[4*i:])), r.Type)
		}
	}
	m.setWord(at, uint64(addr))
	pool.put(names)
	return code
}

// mapOut maps the kernel's bytes into mem.
func mapOut(mem UserMemory, data []byte) (mach.VirtAddr, error) {
	o, err := mem.NewOOL(data)
	if err != nil {
		return 0, err
	}
	addr, err := mem.CopyMapOut(o)
	if err != nil {
		o.Discard()
		return 0, err
	}
	return addr, nil
}

// giveBack undoes give for a name that the task never learned.
func (s *Space) giveBack(name mach.Name, t mach.MsgType) {
	if t == mach.MsgPortReceive {
		s.ModRefs(name, mach.RightReceive, -1)
		return
	}
	s.Deallocate(name)
}
