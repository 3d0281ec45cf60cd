package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// MsgArgs are the arguments of mach_msg.
type MsgArgs struct {
	Addr     mach.VirtAddr
	Option   mach.Option
	SendSize uint32
	RcvSize  uint32
	RcvName  mach.Name
	Timeout  uint32 // milliseconds
	Notify   mach.Name
}

// Msg does mach_msg for the thread of w, whose address space is mem and whose names are s. done: it returned code. Not
// done: the thread waits (Timeout says how long), until Wake is called for w or one of Expire, Interrupt and Cancel is
// called; then kern calls Resume in its turn.
func (s *Space) Msg(mem UserMemory, w *Waiter, a *MsgArgs) (code mach.Return, done bool) {
	if a != &w.Args {
		w.Args = *a
	}
	o := Declined
	if !s.sys.tracing {
		var to *Waiter
		if o, to = s.Fast(w); to != nil {
			w.handOff = to
		}
	}
	return s.Proceed(mem, w, o)
}

// Proceed does what is left of mach_msg with the arguments in w.Args after Fast. Results are those of Msg.
func (s *Space) Proceed(mem UserMemory, w *Waiter, o Outcome) (code mach.Return, done bool) {
	switch a := &w.Args; o {
	case Finished:
		return w.result, true
	case HandedOver:
		return mach.Success, false
	case Late:
		s.quickLate(a)
		return s.receive(mem, w, a)
	case Carried:
		return s.receive(mem, w, a)
	default:
		return s.send(mem, w, a)
	}
}

// send is Msg on the way of all messages.
func (s *Space) send(mem UserMemory, w *Waiter, a *MsgArgs) (code mach.Return, done bool) {
	if a.Option&mach.OptSend == 0 {
		return s.receive(mem, w, a)
	}
	var m *Message
	if a.Option&mach.OptSendCancel != 0 {
		m, code = s.copyinCancel(mem, a)
	} else {
		if m, code = s.copyin(mem, a.Addr, a.SendSize); m != nil && s.sys.tracing {
			m.trace(Sent)
		}
	}
	if m == nil {
		return code, true
	}
	s.sent++
	p := m.dest.Port
	switch {
	case p.msgcount < p.qlimit && p.server == nil:
		w.handOff = s.sys.post(m)
	case p.server != nil && p.first == nil && p.state == portActive && !m.receives:
		if reply := s.serve(p, m, a); reply != nil {
			return s.copyout(mem, reply, a), true
		}
	case p.full(m.dest.Type) && p.server == nil && p.state == portActive && !(m.receives && m.circular()):
		return s.sendFull(mem, w, a, m)
	default:
		w.handOff = s.sys.post(m)
	}
	return s.receive(mem, w, a)
}

// serve calls a kernel port's server in the sender's context. The reply is returned if the sender receives on the port it goes to
// and nobody and nothing is before it; else it is posted.
func (s *Space) serve(p *Port, m *Message, a *MsgArgs) *Message {
	m.leave(p)
	reply := p.server.Serve(p, m)
	if reply == nil {
		return nil
	}
	to := reply.dest.Port
	if a.Option&mach.OptRcv != 0 && to != nil && to.space == s && to.name == a.RcvName && to.state == portActive && to.first == nil &&
		to.set == nil && to.receivers.first == nil && reply.size <= a.RcvSize && a.Option&mach.OptRcvNotify == 0 && !reply.receives {
		reply.seqno = to.seqno
		to.seqno++
		return reply
	}
	s.sys.wake(s.sys.post(reply))
	return nil
}

// sendFull deals with a message to a port that has no room: the thread waits, or the send ends in another way.
func (s *Space) sendFull(mem UserMemory, w *Waiter, a *MsgArgs, m *Message) (mach.Return, bool) {
	if a.Option&mach.OptSendTimeout != 0 && a.Timeout == 0 {
		if a.Option&mach.OptSendNotify != 0 {
			return s.forceSend(mem, a, m), true
		}
		return s.pseudoReceive(mem, a, m, mach.SendTimedOut), true
	}
	w.sending = true
	w.msg = m
	m.dest.Port.senders.add(w, waitSend)
	return mach.Success, false
}

// receive is the second half of mach_msg.
func (s *Space) receive(mem UserMemory, w *Waiter, a *MsgArgs) (mach.Return, bool) {
	if a.Option&mach.OptRcv == 0 {
		return mach.Success, true
	}
	e := s.lookup(a.RcvName)
	if e == nil {
		return mach.RcvInvalidName, true
	}
	var m *Message
	var q *waitQueue
	switch {
	case e.typ&mach.TypeReceive != 0:
		p := e.port
		if p.set != nil {
			return mach.RcvInSet, true
		}
		m, q = p.first, &p.receivers
	case e.typ&mach.TypePortSet != 0:
		m, q = e.set.first, &e.set.receivers
	default:
		return mach.RcvInvalidName, true
	}
	if a.Option&mach.OptRcvNotify != 0 {
		if to := s.lookup(a.Notify); to == nil || to.typ&mach.TypeReceive == 0 {
			return mach.RcvInvalidNotify, true
		}
	}
	if m == nil {
		if a.Option&mach.OptRcvTimeout != 0 && a.Timeout == 0 {
			return mach.RcvTimedOut, true
		}
		w.sending = false
		w.msg = nil
		q.add(w, waitRcv)
		return mach.Success, false
	}
	if m.size > a.RcvSize && a.Option&mach.OptRcvLarge != 0 {
		return s.tellSize(mem, a.Addr, m.size), true
	}
	m.dest.Port.dequeue()
	return s.copyout(mem, m, a), true
}

// tellSize reports a message that stays queued because it is too large: its size goes into the header's field.
func (s *Space) tellSize(mem UserMemory, addr mach.VirtAddr, size uint32) mach.Return {
	b := s.sys.scratch[:4]
	binary.LittleEndian.PutUint32(b, size)
	s.tell(mem, addr+offSize, b)
	return mach.RcvTooLarge
}

// Resume continues a mach_msg whose wait is over: it puts a received message into mem, or goes on to receive. Results are
// those of Msg.
func (s *Space) Resume(mem UserMemory, w *Waiter) (code mach.Return, done bool) {
	m := w.msg
	w.msg = nil
	if !w.sending {
		switch {
		case m != nil:
			return s.copyout(mem, m, &w.Args), true
		case w.code == mach.RcvTooLarge:
			return s.tellSize(mem, w.Args.Addr, w.size), true
		}
		return w.code, true
	}
	if m == nil {
		return s.receive(mem, w, &w.Args)
	}
	if w.code == mach.SendTimedOut && w.Args.Option&mach.OptSendNotify != 0 {
		return s.forceSend(mem, &w.Args, m), true
	}
	return s.pseudoReceive(mem, &w.Args, m, w.code), true
}

// pseudoReceive gives a message that could not be sent back to its sender: rights return under the names that a receipt would give
// them, out-of-line memory where there is room.
func (s *Space) pseudoReceive(mem UserMemory, a *MsgArgs, m *Message, code mach.Return) mach.Return {
	dest, reply, replyType := m.dest, m.reply, m.replyType
	m.dest, m.reply = Right{}, Right{}
	destName, bad := s.give(dest)
	if bad != mach.Success {
		code |= mach.MsgIPCSpace
	}
	if reply.Port != nil {
		replyType = reply.Type
	}
	replyName, bad := s.give(reply)
	if bad != mach.Success {
		code |= mach.MsgIPCSpace
	}
	if m.complex {
		code |= s.copyoutBody(mem, m) & (mach.MsgIPCSpace | mach.MsgVMSpace | mach.MsgIPCKernel | mach.MsgVMKernel)
	}
	b := m.buf[:mach.HeaderSize]
	bits := mach.Bits(dest.Type, replyType)
	if m.complex {
		bits |= mach.Complex
	}
	binary.LittleEndian.PutUint32(b[offBits:], uint32(bits))
	binary.LittleEndian.PutUint32(b[offSize:], m.size)
	binary.LittleEndian.PutUint64(b[offRemote:], uint64(destName))
	binary.LittleEndian.PutUint64(b[offLocal:], uint64(replyName))
	s.tell(mem, a.Addr, m.buf[:m.size])
	m.Free()
	return code
}

// forceSend queues a message beyond the limit; the sender is notified when it is received: MACH_SEND_NOTIFY. A name can have one
// such message at a time.
func (s *Space) forceSend(mem UserMemory, a *MsgArgs, m *Message) mach.Return {
	p := m.dest.Port
	to := s.lookup(a.Notify)
	if to == nil || to.typ&mach.TypeReceive == 0 {
		return s.pseudoReceive(mem, a, m, mach.SendInvalidNotify)
	}
	e := s.find(p)
	if e != nil && e.typ&mach.TypeMARequest != 0 {
		return s.pseudoReceive(mem, a, m, mach.SendNotifyInProgress)
	}
	acc := &accepted{notify: to.take(mach.MsgMakeSendOnce).Port, space: s}
	if e != nil {
		acc.name = e.name
		e.typ |= mach.TypeMARequest
		s.accepts = append(s.accepts, acc)
	}
	m.accepted = acc
	s.sys.wake(s.sys.post(m))
	return mach.SendWillNotify
}
