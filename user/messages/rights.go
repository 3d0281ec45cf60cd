package main

import (
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// typeIs checks what a name denotes.
func (p *program) typeIs(what string, name mach.Name, want mach.PortType) {
	t, code := wire.MachPortType(p.client, p.task, name)
	if want == 0 {
		p.code(what, code, mach.InvalidName)
		return
	}
	p.ok(what, code)
	p.is(what, uint64(t), uint64(want))
}

// refsAre checks a name's user references.
func (p *program) refsAre(what string, name mach.Name, right mach.Right, want uint32) {
	n, code := wire.MachPortGetRefs(p.client, p.task, name, right)
	p.ok(what, code)
	p.is(what, uint64(n), uint64(want))
}

// status is mach_port_get_receive_status.
func (p *program) status(name mach.Name) wire.MachPortStatusT {
	s, code := wire.MachPortGetReceiveStatus(p.client, p.task, name)
	p.ok("get_receive_status", code)
	return s
}

const wild mach.Name = 0x7ffff // a name that nobody has

// rights: names come and go, are counted, renamed, inserted and extracted.
func (p *program) rights() {
	c, task := p.client, p.task
	_, code := wire.MachPortAllocate(c, task, mach.RightSend)
	p.code("allocate a send right", code, mach.InvalidValue)
	dead, code := wire.MachPortAllocate(c, task, mach.RightDeadName)
	p.ok("allocate a dead name", code)
	p.typeIs("a dead name", dead, mach.TypeDeadName)
	p.code("allocate_name null", wire.MachPortAllocateName(c, task, mach.RightReceive, mach.NameNull), mach.InvalidValue)
	p.code("allocate_name dead", wire.MachPortAllocateName(c, task, mach.RightReceive, mach.NameDead), mach.InvalidValue)
	p.code("allocate_name twice", wire.MachPortAllocateName(c, task, mach.RightReceive, dead), mach.NameExists)
	p.ok("allocate_name", wire.MachPortAllocateName(c, task, mach.RightReceive, wild))
	p.typeIs("a receive right", wild, mach.TypeReceive)
	p.ok("insert a send right", wire.MachPortInsertRight(c, task, wild, wild, mach.MsgMakeSend))
	p.typeIs("both rights", wild, mach.TypeReceive|mach.TypeSend)
	p.refsAre("one reference", wild, mach.RightSend, 1)
	p.refsAre("one receive right", wild, mach.RightReceive, 1)
	p.refsAre("no send-once right", wild, mach.RightSendOnce, 0)
	p.ok("mod_refs", wire.MachPortModRefs(c, task, wild, mach.RightSend, 65534))
	p.code("one too many", wire.MachPortModRefs(c, task, wild, mach.RightSend, 1), mach.UrefsOverflow)
	p.code("insert one too many", wire.MachPortInsertRight(c, task, wild, wild, mach.MsgMakeSend), mach.UrefsOverflow)
	p.code("more than there are", wire.MachPortModRefs(c, task, wild, mach.RightSend, -65536), mach.InvalidValue)
	p.code("a receive right more", wire.MachPortModRefs(c, task, wild, mach.RightReceive, 1), mach.InvalidValue)
	p.ok("all but one", wire.MachPortModRefs(c, task, wild, mach.RightSend, -65534))
	p.ok("deallocate", wire.MachPortDeallocate(c, task, wild))
	p.code("deallocate again", wire.MachPortDeallocate(c, task, wild), mach.InvalidRight)
	p.typeIs("the receive right alone", wild, mach.TypeReceive)
	p.ok("rename", wire.MachPortRename(c, task, wild, wild+1))
	p.typeIs("the old name", wild, 0)
	p.typeIs("the new name", wild+1, mach.TypeReceive)
	p.code("rename nothing", wire.MachPortRename(c, task, wild, wild+2), mach.InvalidName)
	p.code("rename onto another", wire.MachPortRename(c, task, wild+1, dead), mach.NameExists)

	_, as, code := wire.MachPortExtractRight(c, task, wild+1, uint32(mach.MsgMakeSendOnce))
	p.ok("extract a send-once right", code)
	p.is("its type", uint64(as), uint64(mach.MsgPortSendOnce))
	s := p.status(wild + 1)
	p.is("send-once rights", uint64(s.MpsSorights), 1)
	_, _, code = wire.MachPortExtractRight(c, task, wild+1, uint32(mach.MsgCopySend))
	p.code("extract what is not there", code, mach.InvalidRight)
	_, _, code = wire.MachPortExtractRight(c, task, wild, uint32(mach.MsgCopySend))
	p.code("extract from nothing", code, mach.InvalidName)
	_, _, code = wire.MachPortExtractRight(c, task, wild+1, 99)
	p.code("extract with a bad type", code, mach.InvalidValue)
	p.destroy(wild+1, dead)
	p.code("destroy twice", wire.MachPortDestroy(c, task, dead), mach.InvalidName)
	p.code("destroy null", wire.MachPortDestroy(c, task, mach.NameNull), mach.InvalidName)

	// The name that the send-once right got is a dead name now, among all names.
	names, types, code := c.PortNames(task)
	p.ok("port_names", code)
	for i, n := range names {
		if types[i] == mach.TypeDeadName {
			p.ok("a dead name goes", wire.MachPortDeallocate(c, task, n))
		}
	}
	// Other tasks' names by their ports.
	child, code := libmach.TaskCreate(task, false)
	p.ok("task_create", code)
	mine := p.port()
	p.ok("insert into another task", wire.MachPortInsertRight(c, child, 5, mine, mach.MsgMakeSend))
	p.code("insert there again", wire.MachPortInsertRight(c, child, 6, mine, mach.MsgMakeSend), mach.RightExists)
	p.ok("insert under the same name", wire.MachPortInsertRight(c, child, 5, mine, mach.MsgMakeSend))
	n, code := wire.MachPortGetRefs(c, child, 5, mach.RightSend)
	p.ok("get_refs there", code)
	p.is("references there", uint64(n), 2)
	p.is("make-send count", uint64(p.status(mine).MpsMscount), 3)
	right, as, code := wire.MachPortExtractRight(c, child, 5, uint32(mach.MsgMoveSend))
	p.ok("extract it from there", code)
	p.is("under the name that it has here", uint64(right), uint64(mine))
	p.is("as a send right", uint64(as), uint64(mach.MsgPortSend))
	p.ok("task_terminate", libmach.TaskTerminate(child))
	p.destroy(mine)
	p.ok("the task's right", wire.MachPortDeallocate(c, task, child))
}

// receiveRights: what only the receiver may change.
func (p *program) receiveRights() {
	c, task := p.client, p.task
	name := p.port()
	s := p.status(name)
	p.is("a new port's limit", uint64(s.MpsQlimit), mach.QLimitDefault)
	p.is("its sequence number", uint64(s.MpsSeqno), 0)
	p.ok("set_qlimit", wire.MachPortSetQlimit(c, task, name, mach.QLimitMax))
	p.code("set_qlimit too far", wire.MachPortSetQlimit(c, task, name, mach.QLimitMax+1), mach.InvalidValue)
	p.code("set_qlimit of nothing", wire.MachPortSetQlimit(c, task, wild, 1), mach.InvalidName)
	p.ok("set_mscount", wire.MachPortSetMscount(c, task, name, 7))
	p.ok("set_seqno", wire.MachPortSetSeqno(c, task, name, 41))
	s = p.status(name)
	p.is("the limit", uint64(s.MpsQlimit), mach.QLimitMax)
	p.is("the make-send count", uint64(s.MpsMscount), 7)
	p.is("the sequence number", uint64(s.MpsSeqno), 41)
	p.ok("send", p.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, 1, nil))
	p.is("messages queued", uint64(p.status(name).MpsMsgcount), 1)
	h, _ := p.poll("receive", name, 1)
	p.is("the message's number", uint64(h.Seqno), 41)
	p.is("the port it came to", h.Local, uint64(name))
	p.ok("set_protected_payload", wire.MachPortSetProtectedPayload(c, task, name, 1<<40|5))
	p.ok("send", p.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, 2, nil))
	h, _ = p.poll("receive", name, 2)
	p.is("the payload", h.Local, 1<<40|5)
	p.is("its type", uint64(h.Bits.Local()), uint64(mach.MsgProtectedPayload))
	p.ok("clear_protected_payload", wire.MachPortClearProtectedPayload(c, task, name))
	p.ok("send", p.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, 3, nil))
	h, _ = p.poll("receive", name, 3)
	p.is("the port again", h.Local, uint64(name))
	p.code("of a dead name", wire.MachPortSetSeqno(c, task, task, 1), mach.InvalidRight)
	_, code := wire.MachPortGetReceiveStatus(c, task, task)
	p.code("status of a send right", code, mach.InvalidRight)
	p.destroy(name)
	_, code = wire.MachPortGetReceiveStatus(c, task, name)
	p.code("status of nothing", code, mach.InvalidName)
}

// sets: receive rights move in and out of port sets.
func (p *program) sets() {
	c, task := p.client, p.task
	set, code := wire.MachPortAllocate(c, task, mach.RightPortSet)
	p.ok("allocate a set", code)
	other, code := wire.MachPortAllocate(c, task, mach.RightPortSet)
	p.ok("allocate another", code)
	a, b := p.port(), p.port()
	p.ok("a into the set", wire.MachPortMoveMember(c, task, a, set))
	p.ok("b into the set", wire.MachPortMoveMember(c, task, b, set))
	p.code("a set into a set", wire.MachPortMoveMember(c, task, other, set), mach.InvalidRight)
	p.code("into what is no set", wire.MachPortMoveMember(c, task, a, b), mach.InvalidRight)
	p.code("into nothing", wire.MachPortMoveMember(c, task, a, wild), mach.InvalidName)
	members, code := c.PortGetSetStatus(task, set)
	p.ok("get_set_status", code)
	p.is("members", uint64(len(members)), 2)
	p.is("a's set", uint64(p.status(a).MpsPset), uint64(set))
	p.code("receive from a member", p.msg(mach.OptRcv|mach.OptRcvTimeout, 0, a, 0, 0), mach.RcvInSet)
	for i, to := range []mach.Name{b, a, b} {
		p.ok("send", p.send(mach.Bits(mach.MsgMakeSend, 0), to, 0, mach.MsgID(10+i), nil))
	}
	for i, from := range []mach.Name{b, a} {
		h, _ := p.poll("receive from the set", set, mach.MsgID(10+i))
		p.is("the member it came to", h.Local, uint64(from))
	}
	p.ok("b out of the set", wire.MachPortMoveMember(c, task, b, mach.NameNull))
	p.code("out again", wire.MachPortMoveMember(c, task, b, mach.NameNull), mach.NotInSet)
	p.nothing("nothing in the set", set)
	p.poll("its message goes with b", b, 12)
	p.ok("a into the other set", wire.MachPortMoveMember(c, task, a, other))
	p.destroy(set, other)
	p.is("a alone", uint64(p.status(a).MpsPset), 0)
	p.destroy(a, b)
}
