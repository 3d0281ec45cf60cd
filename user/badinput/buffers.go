package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// kernelText is the first page of the kernel's entry stub, which every address space maps, for ring 0 only.
const kernelText = 1 << 20

// buffers sends from and receives into memory that a program in ring 3 could not read or write itself.
func (t *tester) buffers() {
	port := t.NewPort()
	at, page := t.memory(2)
	readOnly, text := t.memory(1)
	mig.PutHeader(text, mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(port), ID: 1})
	t.Must("vm_protect", t.Client.VMProtect(t.Task, readOnly, mach.PageSize, false, mach.ProtRead))
	unreadable, _ := t.memory(1)
	t.Must("vm_protect", t.Client.VMProtect(t.Task, unreadable, mach.PageSize, false, mach.ProtNone))
	t.Must("vm_deallocate", libmach.VMDeallocate(t.Task, at+mach.PageSize, mach.PageSize))
	edge := at + mach.PageSize - 16
	copy(page[mach.PageSize-16:], text[:16])

	for _, x := range [...]struct {
		name          string
		at            mach.VirtAddr
		send, receive mach.Return
	}{
		{"buffer at address 0", 0, mach.SendInvalidData, mach.RcvInvalidData},
		{"unmapped buffer", at + mach.PageSize, mach.SendInvalidData, mach.RcvInvalidData},
		{"buffer that runs out of its pages", edge, mach.SendInvalidData, mach.RcvInvalidData},
		{"read-only buffer", readOnly, mach.Success, mach.RcvInvalidData},
		{"buffer without any access", unreadable, mach.SendInvalidData, mach.RcvInvalidData},
		{"kernel buffer", kernelText, mach.SendInvalidData, mach.RcvInvalidData},
		{"non-canonical buffer", mach.MaxUser, mach.SendInvalidData, mach.RcvInvalidData},
		{"buffer across the end of the address space", mach.MaxUser - 16, mach.SendInvalidData, mach.RcvInvalidData},
		{"buffer at the end of all addresses", ^mach.VirtAddr(7), mach.SendInvalidData, mach.RcvInvalidData},
	} {
		ret := libmach.Msg(x.at, mach.OptSend|mach.OptSendTimeout, mach.HeaderSize, 0, mach.NameNull, 0, mach.NameNull)
		t.CheckIn("send from: ", x.name, ret, x.send)
		t.drain(port)
		t.fill(port)
		ret = libmach.Msg(x.at, mach.OptRcv|mach.OptRcvTimeout, 0, 64, port, 0, mach.NameNull)
		t.CheckIn("receive into: ", x.name, ret, x.receive)
		t.drain(port)
	}
	t.Destroy(port)
	t.deallocate(at, 1)
	t.deallocate(readOnly, 1)
	t.deallocate(unreadable, 1)
}

// fill queues one empty message.
func (t *tester) fill(port mach.Name) mach.Return {
	mig.PutHeader(t.buf, mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(port), ID: 1})
	return t.sendRaw(mach.HeaderSize)
}

// drain takes all messages from a port.
func (t *tester) drain(port mach.Name) {
	for {
		if _, ret := libmach.Receive(t.buf, port, mach.OptRcvTimeout, 0); ret != mach.Success {
			return
		}
	}
}

// receives asks for messages where there are none to be had, and lets queues run full.
func (t *tester) receives() {
	port, dead, unused := t.NewPort(), t.DeadName(), t.unusedName()
	for _, x := range [...]struct {
		name string
		from mach.Name
		want mach.Return
	}{
		{"receive from a null name", mach.NameNull, mach.RcvInvalidName},
		{"receive from MACH_PORT_DEAD", mach.NameDead, mach.RcvInvalidName},
		{"receive from a dead name", dead, mach.RcvInvalidName},
		{"receive from an unused name", unused, mach.RcvInvalidName},
		{"receive from a send right", t.Task, mach.RcvInvalidName},
		{"receive from an empty queue", port, mach.RcvTimedOut},
	} {
		_, ret := libmach.Receive(t.buf, x.from, mach.OptRcvTimeout, 1)
		t.Check(x.name, ret, x.want)
	}

	for range mach.QLimitDefault {
		t.Must("mach_msg to a queue with room", t.fill(port))
	}
	t.Check("a message to a full queue", t.fill(port), mach.SendTimedOut)
	t.drain(port)

	t.Must("mach_msg", t.fill(port))
	ret := libmach.Msg(libmach.Address(t.buf), mach.OptRcv|mach.OptRcvTimeout|mach.OptRcvLarge, 0, 24, port, 0, mach.NameNull)
	t.Check("a message larger than the buffer, to be kept", ret, mach.RcvTooLarge)
	t.Holds("a message larger than the buffer is kept", t.queued(port) == 1)
	ret = libmach.Msg(libmach.Address(t.buf), mach.OptRcv|mach.OptRcvTimeout, 0, 24, port, 0, mach.NameNull)
	t.Check("a message larger than the buffer", ret, mach.RcvTooLarge)
	t.Holds("a message larger than the buffer is lost", t.queued(port) == 0)

	set, ret := t.Client.PortAllocate(t.Task, mach.RightPortSet)
	t.Must("mach_port_allocate", ret)
	t.Must("mach_port_move_member", t.Client.PortMoveMember(t.Task, port, set))
	_, ret = libmach.Receive(t.buf, port, mach.OptRcvTimeout, 0)
	t.Check("receive from a member of a set", ret, mach.RcvInSet)
	t.Destroy(set)
	t.Destroy(port)
	t.Destroy(dead)
}
