package main

import (
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/pager"
	"defpager/user/libmach"
)

// port is a port whose receive right this task has.
type port struct {
	name  mach.Name
	local *ipc.Port // what it is to the pager; nil: the kernel's own object
	out   ipc.Right // stands for all rights that others have; null: nobody has any
	over  bool      // nobody can send any more

	watched bool // for the end of others' rights
	doomed  bool // nobody has a right any more, but something is on its way: it is looked at again after each message

	seqno uint32 // of the message whose turn it is

	transfer *transfer // whose reply port it is

	*conversation
}

// know makes a receive right that of a port of the pager's, and receives from it.
func (s *server) know(name mach.Name, local *ipc.Port) (*port, mach.Return) {
	if code := s.client.PortSetSeqno(s.task, name, 0); code != mach.Success {
		return nil, code
	}
	if code := s.client.PortMoveMember(s.task, name, s.set); code != mach.Success {
		return nil, code
	}
	p := &port{name: name, local: local}
	s.ports[name] = p
	if local != nil {
		s.names[local] = p
	}
	return p, mach.Success
}

// export names the port that a right (consumed) of the pager's is to, for others to get a right to it: of an object that is new a port is made, which is to be watched
// when they have it.
func (s *server) export(right ipc.Right) (mach.Name, mach.Return) {
	p := s.names[right.Port]
	if p == nil {
		o, ok := right.Port.Object().(*pager.Object)
		if !ok {
			right.Release()
			return mach.NameNull, mach.Failure
		}
		name, code := libmach.PortAllocate(s.task, mach.RightReceive)
		if code == mach.Success {
			if p, code = s.know(name, right.Port); code != mach.Success {
				_ = s.client.PortDestroy(s.task, name)
			}
		}
		if code != mach.Success {
			right.Release()
			return mach.NameNull, code
		}
		p.conversation = &conversation{memory: o.MemoryObject()}
	}
	if p.out.Null() {
		p.out = right
	} else {
		right.Release()
	}
	return p.name, mach.Success
}

// watch asks to be told when nobody has a right to a port any more, and at least so many were made. It must not be asked again before that is told: the right to tell it
// would come back to this task, and keep the object.
func (s *server) watch(p *port, made uint32) {
	p.watched = true
	_, _ = s.client.PortRequestNotification(s.task, p.name, mach.NotifyNoSenders, made, p.name)
}

// noSenders ends an object, if it is true that nobody has a right to it and nothing is on its way.
func (s *server) noSenders(p *port) bool {
	status, code := s.client.PortGetReceiveStatus(s.task, p.name)
	switch {
	case code != mach.Success || p.conversation == nil:
		return false
	case status.NoSendersReq:
		return false // the kernel has not said so
	case status.SendRights:
		p.doomed = false
		s.watch(p, status.Mscount) // somebody made one meanwhile
		return true
	case status.Messages != 0, status.SendOnceRights != 0, p.flushes != 0, status.Seqno != p.seqno+1:
		// Another notification would come at once, and behind it the next. Messages that other threads have received already wait for their turns, which must come: the
		// port's name may soon be another's.
		p.doomed = true
		return true
	}
	s.end(p)
	p.over = true
	delete(s.ports, p.name)
	if p.local != nil {
		delete(s.names, p.local)
		p.out.Release() // the pager ends the object in Settle
	}
	return true
}

// reconsider ends an object if now nothing is on its way.
func (s *server) reconsider(p *port) {
	if !p.over {
		s.noSenders(p)
	}
}

// answerTo is what the pager's reply port stands for: a right to reply.
type answerTo struct {
	name mach.Name
	kind mach.MsgType
}

// nobody is the server of ports that only name something.
type nobody struct{}

// Quick implements ipc.Server.
func (nobody) Quick(*ipc.Port, *ipc.Quick) bool { return false }

// Serve implements ipc.Server.
func (nobody) Serve(_ *ipc.Port, m *ipc.Message) *ipc.Message { return m.ReplyCode(mach.MIGNoReply) }

// Quick implements ipc.Server.
func (s *server) Quick(*ipc.Port, *ipc.Quick) bool { return false }

// Serve implements ipc.Server for the ports of replies: what the pager answers goes to the client.
func (s *server) Serve(at *ipc.Port, m *ipc.Message) *ipc.Message {
	to := at.Object().(answerTo)
	code := mach.MIGServerDied
	if m.ID() != mach.NotifySendOnce {
		code = s.translateOut(to, m)
	}
	if code != mach.Success {
		_ = s.client.PortDeallocate(s.task, to.name) // a send-once right says so
	}
	at.Destroy()
	return m.ReplyCode(mach.MIGNoReply)
}

// handle has a message take effect.
func (s *server) handle(p *port, m libmach.Message) {
	s.handled++
	if p != nil && p.doomed {
		defer s.reconsider(p)
	}
	switch {
	case p == nil: // it ended meanwhile
		s.client.DestroyMessage(m)
	case p == s.manager && s.own(m), s.converse(p, m):
	case p.local == nil:
		s.client.DestroyMessage(m)
	case s.device(p, m):
	default:
		s.deliver(p, m)
	}
}

// own answers this program's own messages.
func (s *server) own(m libmach.Message) bool {
	switch m.ID() {
	case idEnd:
		s.ended.Store(true)
	case idStats:
		live, _ := s.pager.Count()
		kept := 0
		for _, p := range s.ports {
			if p.conversation != nil {
				kept += len(p.kept)
			}
		}
		w := mig.NewWriter(s.answer)
		w.RetCode(mach.Success)
		for _, n := range []int{s.initial + s.returned, s.supplied, live, kept} {
			w.Uint64(uint64(n))
		}
		s.reply(&w, m)
	default:
		return false
	}
	s.client.EmptyMessage(m)
	return true
}

// reply sends the answer to m that was written with w, if somebody wants one and has room for it: this task waits for none of its clients.
func (s *server) reply(w *mig.Writer, m libmach.Message) {
	if m.Reply() == mach.NameNull {
		return
	}
	s.send(w.SetHeader(mach.Bits(m.Header.Bits.Remote(), 0), m.Reply(), mach.NameNull, m.ID()+mach.ReplyOffset), m)
}

// send is reply for one that is written.
func (s *server) send(msg []byte, m libmach.Message) {
	if sent := s.client.Offer(msg); sent != mach.Success && sent != mach.SendTimedOut {
		s.client.Give(m.Header.Bits.Remote(), m.Reply())
	}
}
