package pager

import (
	"defpager/ipc"
	"defpager/mach"
)

// Serve implements ipc.Server for the default memory manager's port and the objects' ports.
func (p *Pager) Serve(port *ipc.Port, m *ipc.Message) *ipc.Message {
	var reply *ipc.Message
	var ok bool
	if p.config.Plain {
		reply, ok = p.defaultPagerServer(port, m)
	} else {
		reply, ok = p.seqnosDefaultPagerServer(port, m)
	}
	if !ok {
		return m.ReplyCode(mach.MIGBadID)
	}
	return reply
}

// seqnosDefaultPagerServer is the demultiplexer of the subsystem default_pager with sequence numbers (serverprefix seqnos_). The kernel
// serves a port's messages one by one, so a request that is not the next one is a bug of ours.
func (p *Pager) seqnosDefaultPagerServer(port *ipc.Port, m *ipc.Message) (reply *ipc.Message, ok bool) {
	if port == p.port {
		if m.Seqno() != p.nextSeqno {
			panic("pager: a request out of its order")
		}
		p.nextSeqno++
	}
	if m.ID() == mach.IDDefaultPagerObjectCreate {
		return p.seqnosDefaultPagerObjectCreate(port, m.Seqno(), m), true
	}
	return p.defaultPagerServer(port, m)
}

// defaultPagerServer is the demultiplexer of the subsystem default_pager. It reports whether it knew the message.
func (p *Pager) defaultPagerServer(port *ipc.Port, m *ipc.Message) (reply *ipc.Message, ok bool) {
	switch m.ID() {
	case mach.IDDefaultPagerObjectCreate:
		return p.defaultPagerObjectCreate(port, m), true
	case mach.IDDefaultPagerInfo:
		return p.info(port, m), true
	case mach.IDDefaultPagerObjects:
		return p.objects(port, m), true
	case mach.IDDefaultPagerObjectPages:
		return p.objectPages(port, m), true
	case mach.IDDefaultPagerObjectSetSize:
		return p.objectSetSize(port, m), true
	}
	return nil, false
}

// seqnosDefaultPagerObjectCreate is defaultPagerObjectCreate with the number that the request had on the pager's port.
func (p *Pager) seqnosDefaultPagerObjectCreate(pager *ipc.Port, seqno uint32, m *ipc.Message) *ipc.Message {
	if p.tracing() {
		p.config.Trace("pager: seqno %d: default_pager_object_create", seqno)
	}
	return p.defaultPagerObjectCreate(pager, m)
}

// defaultPagerObjectCreate answers with a send right to a new object of at most object_size bytes (OSF manual,
// default_pager_object_create). InvalidArgument: not the default memory manager's port. ResourceShortage: there are not that many
// frames to promise.
func (p *Pager) defaultPagerObjectCreate(pager *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	size := r.Uint64()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	if pager != p.port {
		return m.ReplyCode(mach.InvalidArgument)
	}
	right, err := p.create(size)
	if p.tracing() {
		p.config.Trace("pager: object of %d bytes: %v", size, result(err))
	}
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.Port(mach.MsgPortSend, m.PutRight(right))
	return m.FinishReply(&w)
}

func result(err error) string {
	if err != nil {
		return err.Error()
	}
	return mach.Success.String()
}

// info answers default_pager_info: the bytes of all frames, of those not promised, and of a page.
func (p *Pager) info(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	if port != p.port {
		return m.ReplyCode(mach.InvalidArgument)
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

// objectSetSize answers default_pager_object_set_size, which goes to the object's own port: pages beyond a smaller limit are given
// up, those of a larger one are reserved.
func (p *Pager) objectSetSize(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	limit := r.Uint64()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	o, ok := port.Object().(*Object)
	if !ok {
		return m.ReplyCode(mach.InvalidArgument)
	}
	err := o.memory.SetLimit(limit)
	if p.tracing() {
		p.config.Trace("pager: object %d set to %d bytes: %v", o.id, limit, result(err))
	}
	return m.ReplyCode(mach.Code(err))
}
