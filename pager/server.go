package pager

import (
	"defpager/ipc"
	"defpager/mach"
)

// Serve implements ipc.Server for the default memory manager's port and the objects' ports.
func (p *Pager) Serve(port *ipc.Port, m *ipc.Message) *ipc.Message {
	if len(p.turns) != 0 && p.busy(port) {
		p.turns = append(p.turns, turn{port, m})
		return nil
	}
	return p.serve(port, m)
}

// serve is Serve when the request's turn has come.
func (p *Pager) serve(port *ipc.Port, m *ipc.Message) *ipc.Message {
	var reply *ipc.Message
	var ok bool
	if p.config.Plain {
		reply, ok = p.defaultPagerServer(port, m)
	} else {
		reply, ok = p.seqnosDefaultPagerServer(port, m)
	}
	if ok {
		return reply
	}
	if o, is := port.Object().(*Object); is && p.config.Inspect != nil {
		if reply, ok = p.config.Inspect(o.memory, m); ok {
			return reply
		}
	}
	return p.refuse(port, m)
}

// seqnosDefaultPagerServer is the demultiplexer of the subsystem default_pager with sequence numbers (serverprefix seqnos_). The kernel
// serves a port's messages one by one, so a request that is not the next one is a bug of ours.
func (p *Pager) seqnosDefaultPagerServer(port *ipc.Port, m *ipc.Message) (reply *ipc.Message, ok bool) {
	if port == p.port {
		if m.Seqno() != p.nextSeqno {
			panic("pager: a request out of its order")
		}
		p.nextSeqno++
		if p.tracing() && m.ID() == mach.IDDefaultPagerObjectCreate {
			p.config.Trace("pager: seqno %d: default_pager_object_create", m.Seqno())
		}
	}
	return p.defaultPagerServer(port, m)
}

// defaultPagerServer is the demultiplexer of the subsystem default_pager. It reports whether it knew the message.
func (p *Pager) defaultPagerServer(port *ipc.Port, m *ipc.Message) (reply *ipc.Message, ok bool) {
	switch m.ID() {
	case mach.IDDefaultPagerObjectCreate, mach.IDDefaultPagerObjectSetSize, mach.IDPagerObjectCreate:
		return p.few(port, m), true
	case mach.IDPagerObjectFigures:
		return p.objectFigures(port, m), true
	case mach.IDDefaultPagerInfo:
		return p.info(port, m), true
	case mach.IDDefaultPagerObjects:
		return p.objects(port, m), true
	case mach.IDDefaultPagerObjectPages:
		return p.objectPages(port, m), true
	case mach.IDDefaultPagerPagingFile:
		return p.pagingFile(port, m), true
	case mach.IDDefaultPagerFileserver:
		return m.ReplyCode(p.registerFileserver(port, m)), true
	case mach.IDDefaultPagerStorageInfo:
		return p.storageInfo(port, m), true
	case mach.IDDefaultPagerStorage:
		return p.pagingStorage(port, m), true
	}
	return nil, false
}

// few carries out a call of a few numbers that came as a message. It may have to wait for a page.
func (p *Pager) few(port *ipc.Port, m *ipc.Message) *ipc.Message {
	p.config.Memory.Forget() // that it was tried where it lies
	q := m.Quick()
	if q == nil {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	if p.carryOut(port, q) {
		return m.QuickReply()
	}
	if p.config.Later == nil {
		p.config.Memory.Forget()
		return m.ReplyCode(mach.ResourceShortage)
	}
	p.wait(port, m)
	return nil
}

// objectFigures is defpager_object_figures, which goes to the object's own port. InvalidArgument: it is not an object's, or there is room for nothing.
func (p *Pager) objectFigures(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	room := r.Uint32()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	o, ok := port.Object().(*Object)
	if !ok {
		return m.ReplyCode(mach.InvalidArgument)
	}
	f := o.memory.Figures()
	return m.ReplyRecord(f.List(), room)
}

// The ids of the messages that memory managers and their ports get from kernels.
const (
	firstNotification, lastNotification = mach.NotifyPortDeleted, mach.NotifyDeadName
	firstMemoryObject, lastMemoryObject = mach.IDMemoryObjectInit, mach.IDDefaultPagerObjectCreate - 1
)

// refuse answers what is no call of the pager's, and gives up what it carries.
//
// The kernel speaks of an object's pages with the pager inside it by calls, never by messages. So what comes in the name of a kernel, a
// memory_object message or a notification, comes from a task that has no more than a send right: it is dropped and counted.
func (p *Pager) refuse(port *ipc.Port, m *ipc.Message) *ipc.Message {
	id := m.ID()
	if id >= firstMemoryObject && id <= lastMemoryObject || id >= firstNotification && id <= lastNotification {
		p.forged++
		if p.tracing() {
			p.config.Trace("pager: message %d to port %d does not come from a kernel: dropped", id, port.ID())
		}
	}
	return m.ReplyCode(mach.MIGBadID)
}

// Forged is the number of messages that tasks sent to the pager's ports in the name of a kernel.
func (p *Pager) Forged() uint64 { return p.forged }

// info answers default_pager_info: the bytes of all frames, of those not promised, and of a page.
func (p *Pager) info(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	s := p.config.Memory.Frames.Stats()
	var b [24]byte
	le.PutUint64(b[:], s.Total.Bytes())
	le.PutUint64(b[8:], (s.Free - s.Reserved).Bytes())
	le.PutUint64(b[16:], mach.PageSize)
	w := m.BeginReply(8 + len(b))
	w.Bytes(mach.MsgInteger64, 64, 3, b[:])
	return m.FinishReply(&w)
}
