package ipc

import "defpager/mach"

// Server receives, inside the kernel, the messages sent to a kernel port.
type Server interface {
	// Serve handles m, which was just dequeued from p. m belongs to the server: it answers with the reply (mostly m
	// itself, turned around by BeginReply and Finish or by ReplyCode), or nil when there is none or it comes later. A message
	// that gets no reply ends with ReplyCode(MIGNoReply), not with Free.
	Serve(p *Port, m *Message) *Message
	// Quick carries a small request out and sets its result, or reports false with nothing done: Serve is called for it then.
	Quick(p *Port, q *Quick) bool
}

// NewKernelPort makes a port whose receive right the kernel holds; object is what it stands for. Limits do not count: what
// the kernel makes ports for is limited itself.
func (sys *System) NewKernelPort(s Server, object any) *Port {
	p := sys.newOwnPort()
	p.server = s
	p.object = object
	return p
}

// NewSmallPort is NewKernelPort for what there may be very many of: the port lies in a frame, where the garbage collector does not see that it
// refers to object. Its receive right stays with s. nil: no frame is free.
func (sys *System) NewSmallPort(s Server, object any) *Port {
	if sys.config.Fuse.Blows() {
		return nil
	}
	p := sys.newSmallPort()
	if p != nil {
		p.server = s
		p.object = object
	}
	return p
}

// SetObject replaces what a kernel port stands for. A task's port can stand for something too: a Watcher learns of its end.
func (p *Port) SetObject(object any) {
	if p.object == object {
		return
	}
	p.object = object
	if p.ours {
		return
	}
	if object == nil {
		delete(p.sys.ports.standFor, p)
		return
	}
	if p.sys.ports.standFor == nil {
		p.sys.ports.standFor = make(map[*Port]any)
	}
	p.sys.ports.standFor[p] = object
}

// Watcher is what a port stands for that wants to know when it dies.
type Watcher interface {
	// PortDied is called in the midst of the operation that kills the port: it may not call back into ipc.
	PortDied()
}

// Served reports whether the kernel holds the receive right.
func (p *Port) Served() bool { return p.server != nil }

// MakeSend makes a send right from the kernel's receive right, and counts it in the make-send count.
func (p *Port) MakeSend() Right {
	p.mscount++
	p.srights++
	return Right{p, mach.MsgPortSend}
}

// MakeSendOnce makes a send-once right from the receive right.
func (p *Port) MakeSendOnce() Right {
	p.sorights++
	p.sys.promised++
	if p.space != nil {
		p.space.promised++
	}
	return Right{p, mach.MsgPortSendOnce}
}

// SetNoSenders asks for one call of f when a kernel port has no send rights left: at the next Settle if it has none now and
// its make-send count is at least sync, else when the last send right goes. f gets the make-send count of that moment; it
// is consumed by the call. A nil f cancels.
func (p *Port) SetNoSenders(sync uint32, f func(p *Port, mscount uint32)) {
	p.noSendersCall = f
	p.noSendersDue = false
	if f != nil && p.srights == 0 && sync <= p.mscount {
		p.noSendersIsDue()
	}
}

// Destroy kills a kernel port: its send rights become dead names.
func (p *Port) Destroy() { p.sys.doom(p) }

// Send sends a message that the kernel made: see NewMessage. It never waits: limits do not count for the kernel. The
// receiver that got it, if one waited, is returned for a hand-off; Wake is not called for it.
func (sys *System) Send(m *Message) *Waiter { return sys.post(m) }

// Room reports whether a message that the kernel sends at a task's wish to the port of a right, and for which nothing else sets a bound, is within the
// limit of all messages, and in the share of who is to receive it. Send does not ask.
func (sys *System) Room(to Right) bool {
	if to.Port != nil && to.Port.space != nil {
		return to.Port.space.mayHoldOf(sys.config.MaxBuffers, 2*overhead)
	}
	return sys.used()+2*overhead <= sys.config.MaxBuffers && !sys.config.Fuse.Blows()
}

// NewMessage makes a message from the kernel to the port of dest (consumed), which a reply may answer through reply
// (consumed; may be null). The body is written with Begin and Finish.
func (sys *System) NewMessage(dest, reply Right, id mach.MsgID) *Message {
	sys.messages.fromStock()
	m := sys.newMessage(mach.HeaderSize)
	m.id = id
	m.dest = dest
	m.reply = reply
	m.replyType = reply.Type
	if dest.Port != nil {
		m.pay(dest.Port.space)
	}
	return m
}
