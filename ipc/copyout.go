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
	code := s.copyoutHeader(m, a)
	size := m.size
	switch {
	case code != mach.Success:
		size = mach.HeaderSize
	case m.complex:
		code = s.copyoutBody(mem, m)
	}
	if mem.CopyOut(a.Addr, m.buf[:size]) != nil {
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
	local, t := s.copyoutDest(m)
	m.putHeader(local, t, Right{}, mach.NameNull)
	if a.RcvSize >= mach.HeaderSize {
		_ = mem.CopyOut(a.Addr, m.buf[:mach.HeaderSize]) // RcvTooLarge says more
	}
	m.Free()
	return mach.RcvTooLarge
}

// copyoutDest uses up the right that the message came by and returns the receiver's name for the port: dead or null when the
// receiver lost it since the message was handed to it.
func (s *Space) copyoutDest(m *Message) (local uint64, t mach.MsgType) {
	p := m.dest.Port
	t = m.dest.Type
	switch {
	case p.state != portActive:
		local = uint64(mach.NameDead)
	case p.space != s:
	case p.hasPayload:
		local, t = p.payload, mach.MsgProtectedPayload
	default:
		local = uint64(p.name)
	}
	right := m.dest
	m.dest = Right{}
	right.consume()
	return local, t
}

// putHeader writes the header of a received message.
func (m *Message) putHeader(local uint64, t mach.MsgType, reply Right, replyName mach.Name) {
	b := m.buf[:mach.HeaderSize]
	bits := mach.Bits(reply.Type, t)
	if m.complex {
		bits |= mach.Complex
	}
	binary.LittleEndian.PutUint32(b[offBits:], uint32(bits))
	binary.LittleEndian.PutUint32(b[offSize:], m.size)
	binary.LittleEndian.PutUint64(b[offRemote:], uint64(replyName))
	binary.LittleEndian.PutUint64(b[offLocal:], local)
	binary.LittleEndian.PutUint32(b[offSeqno:], m.seqno)
	binary.LittleEndian.PutUint32(b[offID:], uint32(m.id))
}

// copyoutHeader gives the header's rights to the space.
func (s *Space) copyoutHeader(m *Message, a *MsgArgs) mach.Return {
	code := mach.Success
	reply := m.reply
	replyName := mach.NameNull
	if reply.Port == nil {
		replyName = reply.name()
		reply.Type = m.replyType
	} else {
		m.reply = Right{}
		replyName, code = s.give(reply)
		if code != mach.Success {
			code = mach.RcvHeaderError | mach.MsgIPCSpace
			m.complex = false // what is written is a header only; m is emptied all the same
			m.empty()
		} else if a.Option&mach.OptRcvNotify != 0 {
			s.watchReply(replyName, a.Notify)
		}
	}
	local, t := s.copyoutDest(m)
	m.putHeader(local, t, reply, replyName)
	return code
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
	for at := uint32(mach.HeaderSize); at < m.size; {
		it, bad := m.item(at)
		if bad != mach.Success {
			break // never: validate or a Writer made it
		}
		at = it.next
		switch {
		case !it.t.Name().IsPort():
			if !it.t.Inline() {
				code |= s.copyoutMemory(mem, m, it.data())
			}
		case it.t.Inline():
			m.setType(&it, received(it.t.Name()))
			for slot := it.data(); slot < it.next; slot += 8 {
				code |= s.copyoutRight(m, slot)
			}
		default:
			m.setType(&it, received(it.t.Name()))
			code |= s.copyoutArray(mem, m, it.data())
		}
	}
	if code != mach.Success {
		code |= mach.RcvBodyError
	}
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
