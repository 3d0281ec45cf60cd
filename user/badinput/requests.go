package main

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/mach"
)

// word writes an item of 8 bytes of data behind any descriptor.
func word(w *mig.Writer, t mach.Type, v uint64) {
	data := w.Space(mach.MsgByte, 8, 8)
	binary.LittleEndian.PutUint64(data, v)
	m := w.Message()
	binary.LittleEndian.PutUint64(m[len(m)-16:], uint64(t))
}

// requests sends the pager and the task's port well-formed messages that are no requests, or not the right ones.
func (t *tester) requests() {
	size64 := mach.InlineType(mach.MsgInteger64, 64, 1)
	for _, x := range [...]struct {
		name  string
		id    mach.MsgID
		items func(w *mig.Writer)
		want  mach.Return
	}{
		{"request without its argument", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {}, mach.MIGBadArguments},
		{"request with an argument too many", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			w.Uint64(0)
			w.Uint64(0)
		}, mach.MIGBadArguments},
		{"request with half an argument", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			w.Bytes(mach.MsgInteger64, 64, 0, nil)
		}, mach.MIGBadArguments},
		{"request with a 32-bit argument", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) { w.Uint32(0) }, mach.MIGBadArguments},
		{"request with a boolean argument", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, mach.InlineType(mach.MsgBoolean, 64, 1), 0)
		}, mach.MIGBadArguments},
		{"request with a count of 0", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, mach.InlineType(mach.MsgInteger64, 64, 0), 0)
		}, mach.MIGBadArguments},
		{"request with a count of 2", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, mach.InlineType(mach.MsgInteger64, 64, 2), 0)
		}, mach.MIGBadArguments},
		{"request with a huge count", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, mach.InlineType(mach.MsgInteger64, 64, ^uint32(0)), 0)
		}, mach.MIGBadArguments},
		{"request with its argument out of line", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, size64&^mach.TypeInline, 0)
		}, mach.MIGBadArguments},
		{"request with unused bits", mach.IDDefaultPagerObjectCreate, func(w *mig.Writer) {
			word(w, size64|mach.TypeUnused, 0)
		}, mach.MIGBadArguments},
		{"info with an argument", mach.IDDefaultPagerInfo, func(w *mig.Writer) { w.Uint64(0) }, mach.MIGBadArguments},
		{"unknown id in the pager's range", 2299, func(w *mig.Writer) { w.Uint64(0) }, mach.MIGBadID},
		{"unknown id far away", 123456, func(w *mig.Writer) { w.Uint64(0) }, mach.MIGBadID},
		{"unknown negative id", -5, func(w *mig.Writer) {}, mach.MIGBadID},
		{"task's id at the pager", mach.IDTaskTerminate, func(w *mig.Writer) {}, mach.MIGBadID},
	} {
		if t.pager == mach.NameNull {
			break
		}
		w := t.request()
		x.items(&w)
		t.Check(x.name, t.ask(&w, t.pager, x.id, 0), x.want)
	}

	w := t.request()
	t.Check("vm_map without arguments", t.ask(&w, t.Task, mach.IDVMMap, 0), mach.MIGBadArguments)
	w = t.request()
	w.Name(1)
	w.Name(1)
	t.Check("mach_port_type with two names", t.ask(&w, t.Task, mach.IDPortType, 0), mach.MIGBadArguments)
	w = t.request()
	w.Uint32(1)
	t.Check("mach_port_type with a number for a name", t.ask(&w, t.Task, mach.IDPortType, 0), mach.MIGBadArguments)
	w = t.request()
	t.Check("unknown id at the task's port", t.ask(&w, t.Task, 2999, 0), mach.MIGBadID)
	if t.host != mach.NameNull {
		w = t.request()
		t.Check("unknown id at the host's port", t.ask(&w, t.host, 2699, 0), mach.MIGBadID)
	}
}

// headers sends messages whose header is wrong. None is sent, and the sender keeps its rights.
func (t *tester) headers() {
	port, dead, unused := t.NewPort(), t.DeadName(), t.unusedName()
	receive, ret := t.Client.PortAllocate(t.Task, mach.RightReceive)
	t.Must("mach_port_allocate", ret)
	copySend, once := mach.Bits(mach.MsgCopySend, 0), mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)
	for _, x := range [...]struct {
		name          string
		bits          mach.HeaderBits
		remote, local mach.Name
		size          uint32
		want          mach.Return
	}{
		{"a message of 24 bytes", copySend, port, 0, 24, mach.SendMsgTooSmall},
		{"a message of 0 bytes", copySend, port, 0, 0, mach.SendMsgTooSmall},
		{"a message of 36 bytes", copySend, port, 0, 36, mach.SendMsgTooSmall},
		{"a message of 4 GiB", copySend, port, 0, ^uint32(7), mach.SendNoBuffer},
		{"no disposition for the destination", 0, port, 0, 32, mach.SendInvalidHeader},
		{"a receive right for the destination", mach.Bits(mach.MsgMoveReceive, 0), port, 0, 32, mach.SendInvalidHeader},
		{"disposition 99 for the destination", mach.Bits(99, 0), port, 0, 32, mach.SendInvalidHeader},
		{"a reply port without disposition", copySend, port, port, 32, mach.SendInvalidHeader},
		{"a receive right for the reply", mach.Bits(mach.MsgCopySend, mach.MsgMoveReceive), port, port, 32, mach.SendInvalidHeader},
		{"disposition 99 for the reply", mach.Bits(mach.MsgCopySend, 99), port, port, 32, mach.SendInvalidHeader},
		{"a null destination", copySend, mach.NameNull, 0, 32, mach.SendInvalidDest},
		{"a dead destination", copySend, mach.NameDead, 0, 32, mach.SendInvalidDest},
		{"a dead name as destination", copySend, dead, 0, 32, mach.SendInvalidDest},
		{"an unused name as destination", copySend, unused, 0, 32, mach.SendInvalidDest},
		{"a destination without a send right", copySend, receive, 0, 32, mach.SendInvalidDest},
		{"a send-once right that is none", mach.Bits(mach.MsgMoveSendOnce, 0), port, 0, 32, mach.SendInvalidDest},
		{"a right made without the receive right", mach.Bits(mach.MsgMakeSend, 0), t.Task, 0, 32, mach.SendInvalidDest},
		{"an unused name for the reply", once, port, unused, 32, mach.SendInvalidReply},
		{"a reply right made without the receive right", once, port, t.Task, 32, mach.SendInvalidReply},
	} {
		mig.PutHeader(t.buf, mach.Header{Bits: x.bits, Remote: uint64(x.remote), Local: uint64(x.local), ID: 1})
		t.Check(x.name, t.sendRaw(x.size), x.want)
	}
	refs, ret := t.Client.PortGetRefs(t.Task, port, mach.RightSend)
	t.Must("mach_port_get_refs", ret)
	t.Holds("refused messages leave the rights alone", refs == 1)
	t.Holds("refused messages are not queued", t.queued(port) == 0)
	t.Destroy(receive)
	t.Destroy(dead)
	t.Destroy(port)
}

// queued is how many messages wait at a port.
func (t *tester) queued(port mach.Name) uint32 {
	status, ret := t.Client.PortGetReceiveStatus(t.Task, port)
	t.Must("mach_port_get_receive_status", ret)
	return status.Messages
}
