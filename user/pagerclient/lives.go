package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// lives: an object lives as long as anybody has a right to it or maps it.
func (t *tester) lives() {
	const size = 16 * page
	start := t.free()

	object := t.object(size)
	at := t.MustMap(object, size)
	libmach.Memory(at, size)[5*page] = 42
	t.Unmap(at, size)
	at = t.MustMap(object, size)
	t.Is("what was written is there after the last unmap", sum(at, size), 42)
	t.Drop(object)
	t.Is("and after the last right went, where it is mapped", sum(at, size), 42)
	t.Unmap(at, size)
	t.frames("frames are back after the last unmap", t.free, start)

	object = t.object(size)
	one, other := t.MustMap(object, size), t.MustMap(object, size)
	libmach.Memory(one, size)[3*page] = 7
	t.Is("two mappings show the same", sum(other, size), 7)
	t.Unmap(one, size)
	t.Unmap(other, size)

	// In a message that nobody has received.
	port := t.NewPort()
	w := mig.NewWriter(t.buf)
	w.Port(mach.MsgMoveSend, object)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, port, mach.NameNull, 1), 0, 0))
	_, ports, _, _ := t.list(10, 10)
	t.Is("a right in a message counts", uint64(len(ports)), 1)
	t.Drop(ports...)
	m, ret := t.receive(port)
	t.Must("mach_msg", ret)
	r := m.Reader()
	object = r.Port(mach.MsgPortSend)
	at = t.MustMap(object, size)
	t.Is("what was written is there after the message", sum(at, size), 7)
	t.Unmap(at, size)
	t.Drop(object)
	t.frames("frames are back after the last right", t.free, start)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, port))
}

// forged: messages in a kernel's name, by whoever has a send right, change nothing.
func (t *tester) forged() {
	object := t.object(page)
	at := t.MustMap(object, page)
	libmach.Memory(at, page)[0] = 9
	data := make([]byte, page)
	ids := []mach.MsgID{
		mach.IDMemoryObjectInit, mach.IDMemoryObjectTerminate, mach.IDMemoryObjectCopy, mach.IDMemoryObjectDataRequest,
		mach.IDMemoryObjectDataUnlock, mach.IDMemoryObjectLockCompleted, mach.IDMemoryObjectSupplyCompleted, mach.IDMemoryObjectDataReturn,
		mach.IDMemoryObjectChangeCompleted, mach.IDMemoryObjectCreate, mach.IDMemoryObjectDataInitialize, mach.NotifyNoSenders,
		mach.NotifyDeadName, mach.NotifyPortDestroyed,
	}
	for _, to := range []mach.Name{object, t.pager} {
		for _, id := range ids {
			carried, control := t.NewPort(), t.NewPort()
			w := mig.NewWriter(t.buf)
			w.Port(mach.MsgMoveReceive, carried)
			w.Port(mach.MsgMakeSend, control)
			w.Uint64(0)
			w.OutOfLine(mach.MsgByte, 8, page, uint64(libmach.Address(data)), false)
			msg := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, mach.NameNull, id)
			t.Must("mach_msg", libmach.Send(msg, 0, 0))
			var kind mach.PortType
			t.soon(func() bool {
				var ret mach.Return
				kind, ret = t.Client.PortType(t.Task, carried)
				t.Must("mach_port_type", ret)
				return kind == mach.TypeDeadName
			})
			t.Must("mach_port_mod_refs", t.Client.PortModRefs(t.Task, control, mach.RightSend, -1))
			t.Is(fmt.Sprintf("message %d is dropped, with the rights in it", id), uint64(kind)+truth(!t.noSenders(control)), uint64(mach.TypeDeadName))
			t.Drop(carried)
			t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, control))
		}
	}
	t.Is("the object is as it was", sum(at, page), 9)
	t.Unmap(at, page)
	at = t.MustMap(object, page)
	t.Is("and stays so", sum(at, page), 9)
	t.Unmap(at, page)
	t.Drop(object)
}
