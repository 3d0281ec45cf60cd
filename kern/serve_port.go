package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// servePort answers a request to a task's port about its names: which there are, and what rights they stand for. The rest is for serveReceive.
func (k *Kernel) servePort(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	s := t.space
	switch m.ID() {
	case mach.IDPortNames:
		if r.End() == mach.Success {
			return k.names(s, m)
		}
	case mach.IDPortType:
		name := r.Name()
		if r.End() == mach.Success {
			v, code := s.Type(name)
			return reply32(m, uint32(v), code)
		}
	case mach.IDPortRename:
		from, to := r.Name(), r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.Rename(from, to))
		}
	case mach.IDPortAllocateName:
		right, name := r.Int32(), r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.AllocateName(mach.Right(right), name))
		}
	case mach.IDPortAllocate:
		right := r.Int32()
		if r.End() == mach.Success {
			name, code := s.Allocate(mach.Right(right))
			return replyName(m, name, code)
		}
	case mach.IDPortDestroy:
		name := r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.DestroyName(name))
		}
	case mach.IDPortDeallocate:
		name := r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.Deallocate(name))
		}
	case mach.IDPortGetRefs:
		name, right := r.Name(), r.Int32()
		if r.End() == mach.Success {
			v, code := s.GetRefs(name, mach.Right(right))
			return reply32(m, v, code)
		}
	case mach.IDPortModRefs:
		name, right, delta := r.Name(), r.Int32(), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(s.ModRefs(name, mach.Right(right), delta))
		}
	case mach.IDPortInsertRight:
		name := r.Name()
		handle, _ := r.PolyPort()
		if r.End() == mach.Success {
			right := m.TakeRight(handle)
			code := s.InsertName(name, right)
			if code != mach.Success {
				right.Release()
			}
			return m.ReplyCode(code)
		}
	case mach.IDPortExtractRight:
		name, disposition := r.Name(), r.Int32()
		if r.End() == mach.Success {
			return extractRight(s, m, name, disposition)
		}
	default:
		return k.serveReceive(s, m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveReceive is servePort for the calls about receive rights, the sets that they are in, and notifications.
func (k *Kernel) serveReceive(s *ipc.Space, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDPortSetQLimit:
		name, v := r.Name(), r.Uint32()
		if r.End() == mach.Success {
			return m.ReplyCode(s.SetQLimit(name, v))
		}
	case mach.IDPortSetMscount:
		name, v := r.Name(), r.Uint32()
		if r.End() == mach.Success {
			return m.ReplyCode(s.SetMscount(name, v))
		}
	case mach.IDPortSetSeqno:
		name, v := r.Name(), r.Uint32()
		if r.End() == mach.Success {
			return m.ReplyCode(s.SetSeqno(name, v))
		}
	case mach.IDPortGetReceiveStatus:
		name := r.Name()
		if r.End() == mach.Success {
			return receiveStatus(s, m, name)
		}
	case mach.IDPortSetPayload:
		name, payload := r.Name(), r.Uint64()
		if r.End() == mach.Success {
			return m.ReplyCode(s.SetPayload(name, payload))
		}
	case mach.IDPortClearPayload:
		name := r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.ClearPayload(name))
		}
	case mach.IDPortRequestNotification:
		name, id, sync := r.Name(), r.Int32(), r.Uint32()
		handle := r.Port(mach.MsgPortSendOnce)
		if r.End() == mach.Success {
			return requestNotification(s, m, name, mach.MsgID(id), sync, handle)
		}
	case mach.IDPortGetSetStatus:
		name := r.Name()
		if r.End() == mach.Success {
			return k.members(s, m, name)
		}
	case mach.IDPortMoveMember:
		member, after := r.Name(), r.Name()
		if r.End() == mach.Success {
			return m.ReplyCode(s.MoveMember(member, after))
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

func reply32(m *ipc.Message, v uint32, code mach.Return) *ipc.Message {
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	w.Uint32(v)
	return m.FinishReply(&w)
}

func replyName(m *ipc.Message, name mach.Name, code mach.Return) *ipc.Message {
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	w.Name(name)
	return m.FinishReply(&w)
}

// array makes out-of-line memory of 32-bit numbers; nil of none.
func (k *Kernel) array(v []uint32) (ipc.OOL, error) {
	if len(v) == 0 {
		return nil, nil
	}
	b := make([]byte, 0, 4*len(v))
	for _, n := range v {
		b = le.AppendUint32(b, n)
	}
	c, err := vm.NewCopy(k.env, b)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// names is mach_port_names: two arrays side by side.
func (k *Kernel) names(s *ipc.Space, m *ipc.Message) *ipc.Message {
	names, types := make([]uint32, 0, s.Len()), make([]uint32, 0, s.Len())
	s.Names(func(name mach.Name, t mach.PortType) {
		names, types = append(names, uint32(name)), append(types, uint32(t))
	})
	first, err := k.array(names)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	second, err := k.array(types)
	if err != nil {
		if first != nil {
			first.Discard()
		}
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(32)
	w.OutOfLine(mach.MsgPortName, 32, uint32(len(names)), m.PutMemory(first), false)
	w.OutOfLine(mach.MsgInteger32, 32, uint32(len(types)), m.PutMemory(second), false)
	return m.FinishReply(&w)
}

// members is mach_port_get_set_status.
func (k *Kernel) members(s *ipc.Space, m *ipc.Message, name mach.Name) *ipc.Message {
	var members []uint32
	if code := s.SetMembers(name, func(member mach.Name) { members = append(members, uint32(member)) }); code != mach.Success {
		return m.ReplyCode(code)
	}
	data, err := k.array(members)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgPortName, 32, uint32(len(members)), m.PutMemory(data), false)
	return m.FinishReply(&w)
}

func requestNotification(s *ipc.Space, m *ipc.Message, name mach.Name, id mach.MsgID, sync uint32, handle mach.Name) *ipc.Message {
	notify := m.TakeRight(handle)
	previous, code := s.RequestNotification(name, id, sync, notify)
	if code != mach.Success {
		notify.Release()
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	w.Port(mach.MsgPortSendOnce, m.PutRight(previous))
	return m.FinishReply(&w)
}

func extractRight(s *ipc.Space, m *ipc.Message, name mach.Name, disposition int32) *ipc.Message {
	d := mach.MsgType(disposition)
	if disposition != int32(d) || !d.IsPort() {
		return m.ReplyCode(mach.InvalidValue)
	}
	right, code := s.Extract(name, d)
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	seen := right.Type
	if right.Port == nil {
		seen = mach.MsgPortSend
	}
	w.Port(seen, m.PutRight(right))
	return m.FinishReply(&w)
}

// receiveStatus is mach_port_get_receive_status: nine 32-bit words.
func receiveStatus(s *ipc.Space, m *ipc.Message, name mach.Name) *ipc.Message {
	v, code := s.ReceiveStatus(name)
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	var b [9 * 4]byte
	for i, n := range [...]uint32{
		uint32(v.Set), v.Seqno, v.Mscount, v.QLimit, v.Msgcount, v.SendOnce, truth(v.Send), truth(v.Destroyed), truth(v.NoSenders),
	} {
		le.PutUint32(b[4*i:], n)
	}
	w := m.BeginReply(8 + 40)
	w.Bytes(mach.MsgInteger32, 32, 9, b[:])
	return m.FinishReply(&w)
}

// setKtype is mach_port_set_ktype: a port that is a task's own may be marked as a device of a user's. The mark is not kept: nothing here
// treats such ports in another way.
func setKtype(m *ipc.Message, handle, name mach.Name, right, ktype int32) mach.Return {
	const none, userDevice = 0, 28
	t, code := taskOf(m, handle)
	if t == nil {
		return code
	}
	if ktype != none && ktype != userDevice {
		return mach.InvalidArgument
	}
	if n, code := t.space.GetRefs(name, mach.Right(right)); code != mach.Success {
		return code
	} else if n == 0 {
		return mach.InvalidRight
	}
	if p := t.space.Lookup(name); p == nil || p.Served() {
		return mach.InvalidArgument
	}
	return mach.Success
}
