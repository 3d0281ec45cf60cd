package main

import (
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// request is mach_port_request_notification with a new send-once right to notify.
func (p *program) request(name mach.Name, id mach.MsgID, sync uint32, notify mach.Name) (mach.Name, mach.Return) {
	return wire.MachPortRequestNotification(p.client, p.task, name, id, sync, notify, mach.MsgMakeSendOnce)
}

// notifications: each kind comes when it should, to whom it should, once.
func (p *program) notifications() {
	c, task := p.client, p.task
	port, to := p.port(), p.port()

	// No senders.
	previous, code := p.request(port, mach.NotifyNoSenders, 1, to)
	p.ok("request no-senders", code)
	p.is("no previous request", uint64(previous), 0)
	p.ok("insert", wire.MachPortInsertRight(c, task, port, port, mach.MsgMakeSend))
	p.nothing("not yet", to)
	p.ok("deallocate", wire.MachPortDeallocate(c, task, port))
	_, r := p.poll("no senders", to, mach.NotifyNoSenders)
	p.is("the count", uint64(r.Uint32()), 1)
	_, code = p.request(port, mach.NotifyNoSenders, 1, to)
	p.ok("request for a count that was reached", code)
	p.poll("at once", to, mach.NotifyNoSenders)
	_, code = p.request(port, mach.NotifyNoSenders, 2, to)
	p.ok("request for a count to come", code)
	p.nothing("later", to)
	previous, code = p.request(port, mach.NotifyNoSenders, 2, to)
	p.ok("replace it", code)
	p.typeIs("the previous one", previous, mach.TypeSendOnce)
	p.ok("give it back", wire.MachPortDeallocate(c, task, previous))
	p.poll("unused", to, mach.NotifySendOnce)

	// Dead names.
	p.ok("insert", wire.MachPortInsertRight(c, task, port, port, mach.MsgMakeSend))
	send, _, code := wire.MachPortExtractRight(c, task, port, uint32(mach.MsgCopySend))
	p.ok("extract", code)
	p.is("the same name", uint64(send), uint64(port))
	child := p.child()
	p.ok("the receive right to a child", p.giveReceive(child, port, 9))
	p.typeIs("a send right stays", port, mach.TypeSend)
	_, code = p.request(port, mach.NotifyDeadName, 0, to)
	p.ok("request dead-name", code)
	p.typeIs("noted", port, mach.TypeSend|mach.TypeDNRequest)
	previous, code = p.request(port, mach.NotifyDeadName, 0, to)
	p.ok("request it again", code)
	p.typeIs("the previous one", previous, mach.TypeSendOnce)
	p.ok("give it back", wire.MachPortDeallocate(c, task, previous))
	p.poll("unused", to, mach.NotifySendOnce)
	p.ok("the port's end", wire.MachPortDestroy(c, child, 9))
	_, r = p.poll("the no-senders request is used up", to, mach.NotifySendOnce)
	_ = r
	_, r = p.poll("dead name", to, mach.NotifyDeadName)
	p.is("the name", uint64(r.Name()), uint64(port))
	p.typeIs("it is dead", port, mach.TypeDeadName)
	for _, n := range []uint32{3, 2} {
		p.refsAre("references", port, mach.RightDeadName, n)
		p.ok("deallocate", wire.MachPortDeallocate(c, task, port))
	}
	_, code = p.request(port, mach.NotifyDeadName, 0, to)
	p.code("of a dead name, later", code, mach.InvalidArgument)
	p.poll("a refused request's right", to, mach.NotifySendOnce)
	_, code = p.request(port, mach.NotifyDeadName, 1, to)
	p.ok("of a dead name, at once", code)
	p.poll("comes at once", to, mach.NotifyDeadName)
	p.destroy(port)

	// A name that goes before its port.
	port = p.port()
	p.ok("insert", wire.MachPortInsertRight(c, task, port, port, mach.MsgMakeSend))
	p.ok("the receive right to the child", p.giveReceive(child, port, 9))
	_, code = p.request(port, mach.NotifyDeadName, 0, to)
	p.ok("request", code)
	p.ok("deallocate", wire.MachPortDeallocate(c, task, port))
	_, r = p.poll("port deleted", to, mach.NotifyPortDeleted)
	p.is("the name", uint64(r.Name()), uint64(port))

	// Errors.
	_, code = p.request(wild, mach.NotifyDeadName, 0, to)
	p.code("of nothing", code, mach.InvalidName)
	_, code = p.request(to, 99, 0, to)
	p.code("of no kind", code, mach.InvalidValue)
	_, code = p.request(task, mach.NotifyNoSenders, 0, to)
	p.code("no-senders of a send right", code, mach.InvalidRight)
	for range 3 {
		p.poll("a refused request's right", to, mach.NotifySendOnce)
	}

	// A send-once right always makes one message.
	once, _, code := wire.MachPortExtractRight(c, task, to, uint32(mach.MsgMakeSendOnce))
	p.ok("extract a send-once right", code)
	p.ok("give it to the child", wire.MachPortInsertRight(c, child, 11, once, mach.MsgMoveSendOnce))
	p.ok("the child's end", wire.TaskTerminate(c, child))
	p.poll("its right's message", to, mach.NotifySendOnce)
	p.destroy(to, child)
}

// child makes a task without a thread.
func (p *program) child() mach.Name {
	child, code := wire.TaskCreate(p.client, p.task, false)
	p.ok("task_create", code)
	return child
}

// giveReceive moves a receive right into another task's names.
func (p *program) giveReceive(to, name, as mach.Name) mach.Return {
	return wire.MachPortInsertRight(p.client, to, as, name, mach.MsgMoveReceive)
}
