package main

import (
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// fill sends as many messages as a new port takes.
func (p *program) fill(name mach.Name) {
	for i := range mach.QLimitDefault {
		p.ok("fill the queue", p.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, mach.MsgID(100+i), nil))
	}
}

// options: each option of mach_msg, where no thread waits.
func (p *program) options() {
	port, to := p.port(), p.port()
	toPort := mach.Bits(mach.MsgMakeSend, 0)

	// Send and receive in one trap, to oneself.
	size := p.message(mach.Bits(mach.MsgMakeSend, mach.MsgMakeSendOnce), port, to, 20, func(w *mig.Writer) { w.Uint64(12345) })
	p.ok("send and receive", p.msg(mach.OptSend|mach.OptRcv, size, port, 0, 0))
	h := mig.GetHeader(p.buf)
	r := mig.NewReader(p.buf[mach.HeaderSize:h.Size])
	p.is("what was sent", r.Uint64(), 12345)
	p.is("a send-once right to reply with", uint64(h.Bits.Remote()), uint64(mach.MsgPortSendOnce))
	p.ok("reply", p.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 120, nil))
	p.poll("the reply", to, 120)
	p.code("the right is used up", p.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 120, nil), mach.SendInvalidDest)
	p.ok("nothing to do", p.msg(0, 0, 0, 0, 0))

	// Sizes.
	p.ok("send", p.send(toPort, port, 0, 21, func(w *mig.Writer) { w.Uint64(1) }))
	p.code("too large: stays", p.small(mach.OptRcv|mach.OptRcvTimeout|mach.OptRcvLarge, port), mach.RcvTooLarge)
	p.is("its size is told", uint64(mig.GetHeader(p.buf).Size), mach.HeaderSize+16)
	p.poll("still there", port, 21)
	p.ok("send", p.send(toPort, port, 0, 22, func(w *mig.Writer) { w.Uint64(1) }))
	p.code("too large: lost", p.small(mach.OptRcv|mach.OptRcvTimeout, port), mach.RcvTooLarge)
	p.nothing("it is gone", port)
	p.code("a header cut short", p.msg(mach.OptSend, mach.HeaderSize-8, 0, 0, 0), mach.SendMsgTooSmall)
	p.code("half a word", p.msg(mach.OptSend, mach.HeaderSize+4, 0, 0, 0), mach.SendMsgTooSmall)

	// A full queue.
	p.fill(port)
	p.code("no room", p.send(toPort, port, 0, 23, nil), mach.SendTimedOut)
	p.typeIs("its right came back", port, mach.TypeReceive|mach.TypeSend)
	p.ok("give it up", wire.MachPortDeallocate(p.client, p.task, port))
	notify := func(name mach.Name) mach.Return {
		size := p.message(toPort, port, 0, 24, nil)
		return p.msg(mach.OptSend|mach.OptSendTimeout|mach.OptSendNotify, size, 0, 0, name)
	}
	p.code("notify nobody", notify(mach.NameNull), mach.SendInvalidNotify)
	p.code("notify", notify(to), mach.SendWillNotify)
	p.code("notify twice", notify(to), mach.SendNotifyInProgress)
	for i := range mach.QLimitDefault {
		p.poll("in order", port, mach.MsgID(100+i))
	}
	p.nothing("not yet", to)
	p.poll("the one beyond the limit", port, 24)
	p.poll("accepted", to, mach.NotifyMsgAccepted)
	p.typeIs("a name for what came back", port, mach.TypeReceive|mach.TypeSend)
	p.destroy(port)

	// Dead names that come by a message.
	port = p.port()
	child := p.child()
	other := p.port()
	p.ok("a right to another port", wire.MachPortInsertRight(p.client, p.task, other, other, mach.MsgMakeSend))
	p.ok("its receiver", p.giveReceive(child, other, 7))
	p.ok("send a right", p.send(toPort, port, 0, 25, nil))
	p.poll("receive", port, 25)
	size = p.message(mach.Bits(mach.MsgMakeSend, mach.MsgCopySend), port, other, 26, nil)
	p.ok("send", p.msg(mach.OptSend, size, 0, 0, 0))
	p.code("notify nobody of dead names", p.msg(mach.OptRcv|mach.OptRcvTimeout|mach.OptRcvNotify, 0, port, 0, wild), mach.RcvInvalidNotify)
	p.ok("with a request", p.msg(mach.OptRcv|mach.OptRcvTimeout|mach.OptRcvNotify, 0, port, 0, to))
	reply := mach.Name(mig.GetHeader(p.buf).Remote)
	p.typeIs("the reply right has a request", reply, mach.TypeSend|mach.TypeDNRequest)
	p.ok("the port dies", wire.TaskTerminate(p.client, child))
	p.poll("told", to, mach.NotifyDeadName)
	p.ok("reply to a dead port", p.code3(p.send(mach.Bits(mach.MsgCopySend, 0), reply, 0, 126, nil)))
	p.destroy(reply)

	// Cancelling a dead-name request with the last right.
	child = p.child()
	p.ok("the receiver to a child", p.giveReceive(child, p.sendRight(), 8))
	name := p.last
	_, code := p.request(name, mach.NotifyDeadName, 0, to)
	p.ok("request", code)
	size = p.message(mach.Bits(mach.MsgMoveSend, 0), name, 0, 27, nil)
	p.code("cancel for nobody", p.msg(mach.OptSend|mach.OptSendCancel, size, 0, 0, wild), mach.SendInvalidNotify)
	p.ok("cancel", p.msg(mach.OptSend|mach.OptSendCancel, size, 0, 0, to))
	p.typeIs("the name is gone", name, 0)
	p.nothing("nobody was told", to)
	p.ok("the child's end", wire.TaskTerminate(p.client, child))
	p.destroy(port, to)
	for _, n := range p.deadNames() {
		p.destroy(n)
	}
}

// code3 takes what a message to a dead name may return: the name was a right's, and is none any more.
func (p *program) code3(got mach.Return) mach.Return {
	if got == mach.SendInvalidDest {
		return mach.Success
	}
	return got
}

// sendRight makes a port with a send right, remembered as p.last.
func (p *program) sendRight() mach.Name {
	p.last = p.port()
	p.ok("insert a send right", wire.MachPortInsertRight(p.client, p.task, p.last, p.last, mach.MsgMakeSend))
	return p.last
}

// deadNames are the dead names of this task.
func (p *program) deadNames() (dead []mach.Name) {
	names, types, code := p.client.PortNames(p.task)
	p.ok("port_names", code)
	for i, n := range names {
		if types[i]&mach.TypeDeadName != 0 {
			dead = append(dead, n)
		}
	}
	return dead
}

// small receives with room for a header only.
func (p *program) small(option mach.Option, from mach.Name) mach.Return {
	return p.receiveInto(option, from, mach.HeaderSize)
}

// waits: threads that wait for messages and for room, and what ends their waits.
func (p *program) waits() {
	c, task := p.client, p.task
	port := p.port()
	toPort := mach.Bits(mach.MsgMakeSend, 0)

	a := p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	a.waits("a receiver waits")
	p.ok("send", p.send(toPort, port, 0, 30, nil))
	h := a.returned("it has the message", mach.Success)
	p.is("the message", uint64(uint32(h.ID)), 30)

	a = p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	a.waits("a receiver waits")
	p.ok("thread_abort", wire.ThreadAbort(c, a.thread))
	a.returned("interrupted", mach.RcvInterrupted)

	p.fill(port)
	a = p.agent(mach.OptSend, toPort, port, 31, 0, 0)
	a.waits("a sender waits")
	p.poll("make room", port, 100)
	a.returned("sent", mach.Success)
	a = p.agent(mach.OptSend, toPort, port, 32, 0, 0)
	a.waits("a sender waits")
	p.ok("thread_abort", wire.ThreadAbort(c, a.thread))
	a.returned("interrupted", mach.SendInterrupted)
	p.typeIs("its right came back", port, mach.TypeReceive|mach.TypeSend)
	a = p.agent(mach.OptSend, toPort, port, 33, 0, 0)
	a.waits("a sender waits")
	p.ok("a larger queue", wire.MachPortSetQlimit(c, task, port, mach.QLimitMax))
	a.returned("sent", mach.Success)
	for i := range mach.QLimitDefault - 1 {
		p.poll("in order", port, mach.MsgID(101+i))
	}
	p.poll("the first waiter's", port, 31)
	p.poll("the last waiter's", port, 33)

	// The port goes into a set, is moved, or dies.
	set, code := wire.MachPortAllocate(c, task, mach.RightPortSet)
	p.ok("allocate a set", code)
	a = p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	a.waits("a receiver waits")
	p.ok("into the set", wire.MachPortMoveMember(c, task, port, set))
	a.returned("the port has moved", mach.RcvPortChanged)
	a = p.agent(mach.OptRcv, 0, 0, 0, set, 256)
	a.waits("a receiver of the set waits")
	p.ok("send to a member", p.send(toPort, port, 0, 34, nil))
	p.is("the set's receiver has it", uint64(uint32(a.returned("received", mach.Success).ID)), 34)
	a = p.agent(mach.OptRcv, 0, 0, 0, set, 256)
	a.waits("a receiver of the set waits")
	p.destroy(set)
	a.returned("the set is gone", mach.RcvPortDied)
	a = p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	a.waits("a receiver waits")
	p.destroy(port)
	a.returned("the port is gone", mach.RcvPortDied)

	// A sender whose port dies does not learn of it: the message is destroyed as if it had been received.
	child := p.child()
	name := p.sendRight()
	p.ok("its receiver to a child", p.giveReceive(child, name, 7))
	for i := range mach.QLimitDefault {
		p.ok("fill the queue", p.send(mach.Bits(mach.MsgCopySend, 0), name, 0, mach.MsgID(100+i), nil))
	}
	a = p.agent(mach.OptSend, mach.Bits(mach.MsgCopySend, 0), name, 35, 0, 0)
	a.waits("a sender waits")
	p.ok("the port's end", wire.TaskTerminate(c, child))
	a.returned("as if sent", mach.Success)
	p.destroy(name, child)

	// A thread that is terminated as it waits leaves its place to the next.
	port = p.port()
	a = p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	b := p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	a.waits("the first waits")
	a.end()
	p.ok("send", p.send(toPort, port, 0, 36, nil))
	p.is("the second has it", uint64(uint32(b.returned("received", mach.Success).ID)), 36)
	p.destroy(port)
}
