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
	for range 20 { // a pager in ring 3 hears of each mapping when it is over
		t.Unmap(t.MustMap(object, size), size)
	}
	t.Drop(object)
	t.gone()
	t.frames("frames are back after mappings that nobody touched", t.free, start)

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

// pretended: messages that carry nothing, and say in descriptors that they do. What stands there are numbers of the sender's: names of the manager's own rights, and
// addresses of its own memory, if it took them for what they say.
func (t *tester) pretended() {
	object := t.object(page)
	at := t.MustMap(object, page)
	write(at, 9)
	reply := t.NewPort()
	for _, x := range []struct {
		id   mach.MsgID
		want mach.Return // where the manager serves it
		to   mach.Name
	}{
		{mach.IDMemoryObjectTerminate, mach.MIGBadID, object},
		{mach.IDMemoryObjectLockCompleted, mach.MIGBadID, object},
		{mach.IDMemoryObjectDataReturn, mach.MIGBadID, object},
		{mach.IDMemoryObjectCreate, mach.MIGBadID, t.pager},
		{mach.IDDefaultPagerObjectSetSize, mach.MIGBadArguments, object},
		{mach.IDDefaultPagerObjectPages, mach.MIGBadArguments, t.pager},
		{mach.IDDefaultPagerStorage, mach.MIGBadArguments, t.pager},
		{9999, mach.MIGBadID, object},
	} {
		w := mig.NewWriter(t.buf)
		for n := range mach.Name(20) {
			w.Port(mach.MsgPortSend, n+1)
			w.Port(mach.MsgPortReceive, n+1)
		}
		for n := range mach.VirtAddr(4) {
			w.OutOfLine(mach.MsgByte, 8, 8<<20, uint64(0xc000000000+n*8<<20), true)
			w.OutOfLine(mach.MsgPortSend, 32, 10, uint64(mach.MinUser+0x10000), true)
		}
		msg := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), x.to, reply, x.id)
		t.Must("mach_msg", libmach.Send(msg, 0, 0))
		code := mach.RcvTimedOut
		if m, ret := t.Receive(reply); ret == mach.Success {
			r := m.Reader()
			code = r.RetCode()
		}
		t.Check(fmt.Sprintf("message %d without the rights and memory that it names", x.id), code, x.want)
	}
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, reply))
	t.Is("the object is there still", sum(at, page), 9)
	other := t.object(page)
	t.Unmap(at, page)
	t.Drop(object, other)
}

// patience: requests whose answers nobody receives, and memory that nobody wants. Neither stops the manager, nor does it keep anything of it.
func (t *tester) patience() {
	const answers = 12 // more than a queue has room for
	full := t.NewPort()
	ask := func(to mach.Name, id mach.MsgID, extra mach.HeaderBits, body func(w *mig.Writer)) {
		w := mig.NewWriter(t.buf)
		body(&w)
		t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSend)|extra, to, full, id), 0, 0))
	}
	object, memory := t.object(page), make([]byte, 32*page)
	for at := 0; at < len(memory); at += page {
		memory[at] = 1
	}
	before := t.Free()
	for range answers {
		ask(t.pager, mach.IDDefaultPagerInfo, 0, func(*mig.Writer) {})
		ask(t.pager, 1, 0, func(*mig.Writer) {}) // to a defaultpager's own call
		ask(t.pager, 9999, 0, func(*mig.Writer) {})
		ask(object, mach.IDPagerObjectFigures, 0, func(w *mig.Writer) { w.Uint32(9) })
		ask(t.device, mach.IDDeviceGetStatus, 0, func(w *mig.Writer) { w.Uint32(0); w.Uint32(2) })
		ask(t.pager, mach.IDDefaultPagerObjectCreate, 0, func(w *mig.Writer) { w.Uint64(page) })
		for _, room := range [...]uint32{0, 100} { // beside the message, and in it
			ask(t.pager, mach.IDDefaultPagerObjects, 0, func(w *mig.Writer) { w.Uint32(room); w.Uint32(room) })
		}
		for _, to := range [...]mach.Name{t.pager, t.device, object} {
			for _, id := range [...]mach.MsgID{mach.IDDeviceWrite, 1} {
				ask(to, id, mach.Complex, func(w *mig.Writer) {
					w.Uint32(0)
					w.Uint64(0)
					w.OutOfLine(mach.MsgByte, 8, uint32(len(memory)), uint64(libmach.Address(memory)), false)
				})
			}
		}
	}
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, full))
	t.Drop(object)
	other := t.object(page)
	t.Drop(other)
	const most = answers * 32 / 2 // frames: half of the memory that came to one port by one call
	left := uint32(0)
	t.soon(func() bool {
		left = before - min(before, t.Free())
		return left < most
	})
	t.Is("nothing is left of memory and answers that nobody wants", truth(left < most), 1)
	t.gone()
	numbers, ports, _, _ := t.list(128, 256)
	t.Is("nor of objects in such answers", uint64(len(numbers)+len(ports)), 0)
}

// invented: a whole object, whose control port is not the kernel's.
func (t *tester) invented() {
	object, control, name := t.NewPort(), t.NewPort(), t.NewPort()
	w := mig.NewWriter(t.buf)
	w.Port(mach.MsgMoveReceive, object)
	w.Uint64(0)
	w.Port(mach.MsgMakeSend, control)
	w.Port(mach.MsgMakeSend, name)
	w.Uint64(page)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, t.pager, mach.NameNull, mach.IDMemoryObjectCreate), 0, 0))
	for n := range uint64(20) {
		w := mig.NewWriter(t.buf)
		w.Port(mach.MsgMakeSend, control)
		w.Uint64(n * page)
		w.Uint64(page)
		w.Int32(int32(mach.ProtRead))
		// It may be dead already.
		_ = libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, object, mach.NameNull, mach.IDMemoryObjectDataRequest), mach.OptSendTimeout, 100)
	}
	var kind mach.PortType
	t.soon(func() bool {
		var ret mach.Return
		kind, ret = t.Client.PortType(t.Task, object)
		t.Must("mach_port_type", ret)
		return kind == mach.TypeDeadName
	})
	t.Is("an object that no kernel made is dropped", uint64(kind), uint64(mach.TypeDeadName))
	other := t.object(page)
	t.Drop(other)
	for _, port := range [...]mach.Name{object, control, name} {
		t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, port))
	}
}
