package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// sendRaw sends the first size bytes at the buffer, whatever they are; the buffer may be shorter.
func (t *tester) sendRaw(size uint32) mach.Return {
	return libmach.Msg(libmach.Address(t.buf), mach.OptSend|mach.OptSendTimeout, size, 0, mach.NameNull, 0, mach.NameNull)
}

// bodies sends complex messages to an own port whose items are wrong: bad descriptors, rights that it does not hold, memory
// that is not there.
func (t *tester) bodies() {
	port, dead, unused := t.NewPort(), t.DeadName(), t.unusedName()
	right := mach.InlineType(mach.MsgCopySend, 64, 1)
	gone, _ := t.memory(1)
	t.deallocate(gone, 1)
	bytes := mach.OutOfLineType(mach.MsgByte, 8, mach.PageSize, false)
	for _, x := range [...]struct {
		name string
		t    mach.Type
		v    uint64
		want mach.Return
	}{
		{"a right of 32 bits", mach.InlineType(mach.MsgCopySend, 32, 1), uint64(port), mach.SendInvalidType},
		{"inline memory that is given away", right | mach.TypeDeallocate, uint64(port), mach.SendInvalidType},
		{"unused bits in a descriptor", right | mach.TypeUnused, uint64(port), mach.SendInvalidType},
		{"more rights than the message has room for", mach.InlineType(mach.MsgCopySend, 64, 2), uint64(port), mach.SendMsgTooSmall},
		{"a huge number of rights", mach.InlineType(mach.MsgCopySend, 64, ^uint32(0)), uint64(port), mach.SendMsgTooSmall},
		{"more bytes than the message has room for", mach.InlineType(mach.MsgByte, 8, 9), 0, mach.SendMsgTooSmall},
		{"a right by an unused name", right, uint64(unused), mach.SendInvalidRight},
		{"a send-once right that is none", mach.InlineType(mach.MsgMoveSendOnce, 64, 1), uint64(port), mach.SendInvalidRight},
		{"a receive right that is none", mach.InlineType(mach.MsgMoveReceive, 64, 1), uint64(t.Task), mach.SendInvalidRight},
		{"a send right made without the receive right", mach.InlineType(mach.MsgMakeSend, 64, 1), uint64(t.Task), mach.SendInvalidRight},
		{"a receive right by a dead name", mach.InlineType(mach.MsgMoveReceive, 64, 1), uint64(dead), mach.SendInvalidRight},
		{"memory that is not mapped", bytes, uint64(gone), mach.SendInvalidMemory},
		{"memory of the kernel", bytes, kernelText, mach.SendInvalidMemory},
		{"memory at a non-canonical address", bytes, uint64(mach.MaxUser), mach.SendInvalidMemory},
		{"memory across the end of the address space", bytes, uint64(mach.MaxUser) - 8, mach.SendInvalidMemory},
		{"memory that wraps around", bytes, ^uint64(7), mach.SendInvalidMemory},
		{"names in memory that is not mapped", mach.OutOfLineType(mach.MsgCopySend, 32, 4, false), uint64(gone), mach.SendInvalidMemory},
	} {
		w := t.request()
		word(&w, x.t, x.v)
		t.Check(x.name, t.sendBody(&w, port), x.want)
	}

	// A good right before a bad one stays with the sender.
	w := t.request()
	w.Port(mach.MsgMoveSend, port)
	w.Port(mach.MsgMoveSend, unused)
	t.Check("a bad right behind a good one", t.sendBody(&w, port), mach.SendInvalidRight)
	kind, ret := t.Client.PortType(t.Task, port)
	t.Must("mach_port_type", ret)
	t.Holds("a refused message leaves the good right", kind == mach.TypeSend|mach.TypeReceive)
	w = t.request()
	w.Port(mach.MsgMoveSend, port)
	w.Port(mach.MsgMoveSend, port)
	t.Check("one right moved twice", t.sendBody(&w, port), mach.SendInvalidRight)
	w = t.request()
	w.Port(mach.MsgCopySend, mach.NameNull)
	w.Port(mach.MsgCopySend, mach.NameDead)
	t.Check("null and dead rights", t.sendBody(&w, port), mach.Success)
	m, ret := libmach.Receive(t.buf, port, mach.OptRcvTimeout, 0)
	t.Check("null and dead rights received", ret, mach.Success)
	r := m.Reader()
	null, _ := r.PolyPort()
	deadRight, _ := r.PolyPort()
	t.Holds("null and dead rights arrive as such", r.End() == mach.Success && null == mach.NameNull && deadRight == mach.NameDead)
	t.Holds("refused bodies are not queued", t.queued(port) == 0)
	t.Destroy(port)
	t.Destroy(dead)
}

// sendBody sends what was written as a complex message to a port of the caller.
func (t *tester) sendBody(w *mig.Writer, port mach.Name) mach.Return {
	msg := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, port, mach.NameNull, 1)
	return t.sendRaw(uint32(len(msg)))
}
