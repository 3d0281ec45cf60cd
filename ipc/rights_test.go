package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// sendOnceTo makes a send-once right to a port of u.
func (u *task) sendOnceTo(port mach.Name) Right {
	u.w.t.Helper()
	r, code := u.Extract(port, mach.MsgMakeSendOnce)
	u.w.want(code, mach.Success)
	return r
}

// request requests a notification to u's port.
func (u *task) request(name mach.Name, id mach.MsgID, sync uint32, port mach.Name) {
	u.w.t.Helper()
	previous, code := u.RequestNotification(name, id, sync, u.sendOnceTo(port))
	u.w.want(code, mach.Success)
	if !previous.Null() {
		u.w.t.Fatal("there was a request")
	}
}

func TestRightsInBodies(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to := b.share(port, a)
	own := a.receivePort()
	carried := a.receivePort()
	other := b.share(b.receivePort(), a)
	bits := mach.Bits(mach.MsgCopySend, 0) | mach.Complex
	w.want(a.send(bits, to, 0, 1, func(w *mig.Writer) {
		w.Port(mach.MsgMakeSend, own)
		w.Port(mach.MsgMakeSendOnce, own)
		w.Int32(7)
		w.Port(mach.MsgMoveReceive, carried)
		w.Port(mach.MsgMoveSend, other)
		w.Port(mach.MsgCopySend, mach.NameNull)
		w.Port(mach.MsgCopySend, mach.NameDead)
	}), mach.Success)
	a.wantType(carried, 0)
	a.wantType(other, 0)
	w.check()
	h, r := b.mustReceive(port, 1)
	if h.Bits != mach.Bits(0, mach.MsgPortSend)|mach.Complex {
		t.Fatalf("bits %#x", h.Bits)
	}
	b.wantType(r.Port(mach.MsgPortSend), mach.TypeSend)
	b.wantType(r.Port(mach.MsgPortSendOnce), mach.TypeSendOnce)
	if r.Int32() != 7 {
		t.Fatal("the number is lost")
	}
	b.wantType(r.Port(mach.MsgPortReceive), mach.TypeReceive)
	b.wantType(r.Port(mach.MsgPortSend), mach.TypeReceive|mach.TypeSend)
	if r.Port(mach.MsgPortSend) != mach.NameNull || r.Port(mach.MsgPortSend) != mach.NameDead || r.End() != mach.Success {
		t.Fatal("null or dead is wrong")
	}
	w.check()
	a.Destroy()
	w.check()
	b.Destroy()
	w.check()
	if s := w.sys.Stats(); s != (Stats{}) {
		t.Fatalf("%+v is left", s)
	}
}

// A refused message leaves the sender's rights as they were.
func TestRefusedBodies(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to := b.share(port, a)
	own := a.receivePort()
	send := b.share(b.receivePort(), a)
	once, _ := a.Insert(b.sendOnceTo(port))
	bits := mach.Bits(mach.MsgCopySend, 0) | mach.Complex
	for _, c := range []struct {
		name string
		bits mach.HeaderBits
		body func(w *mig.Writer)
		code mach.Return
	}{
		{"no such name", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveReceive, own)
			w.Port(mach.MsgMoveSend, 99)
		}, mach.SendInvalidRight},
		{"receive right twice", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveReceive, own)
			w.Port(mach.MsgMoveReceive, own)
		}, mach.SendInvalidRight},
		{"make after move", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveReceive, own)
			w.Port(mach.MsgMakeSend, own)
		}, mach.SendInvalidRight},
		{"more references than there are", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveSend, send)
			w.Port(mach.MsgCopySend, send)
		}, mach.SendInvalidRight},
		{"the header's only reference", mach.Bits(mach.MsgMoveSend, 0) | mach.Complex, func(w *mig.Writer) {
			w.Port(mach.MsgMoveSend, to)
		}, mach.SendInvalidRight},
		{"send-once twice", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveSendOnce, once)
			w.Port(mach.MsgMoveSendOnce, once)
		}, mach.SendInvalidRight},
		{"32-bit inline rights", bits, func(w *mig.Writer) {
			w.Space(mach.MsgMoveSend, 32, 1)
		}, mach.SendInvalidType},
		{"64-bit out-of-line rights", bits, func(w *mig.Writer) {
			w.OutOfLine(mach.MsgMoveSend, 64, 1, base, false)
		}, mach.SendInvalidType},
		{"memory that is not there", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveSend, send)
			w.OutOfLine(mach.MsgByte, 8, 16, base, true)
			w.OutOfLine(mach.MsgByte, 8, 16, 16, true)
		}, mach.SendInvalidMemory},
		{"rights in memory that is not there", bits, func(w *mig.Writer) {
			w.Port(mach.MsgMoveSend, send)
			w.OutOfLine(mach.MsgMoveSend, 32, 16, 16, true)
		}, mach.SendInvalidMemory},
		{"more rights than there is room for", bits, func(w *mig.Writer) {
			w.OutOfLine(mach.MsgMoveSend, 32, 1<<31, 16, true)
		}, mach.SendNoBuffer},
		{"no destination disposition", mach.Bits(0, 0), nil, mach.SendInvalidHeader},
		{"a receive right as destination", mach.Bits(mach.MsgMoveReceive, 0), nil, mach.SendInvalidHeader},
		{"another right than the name has", mach.Bits(mach.MsgMakeSend, 0), nil, mach.SendInvalidDest},
	} {
		before := append([]byte(nil), a.mem.bytes[0x8000:]...)
		if code := a.send(c.bits, to, 0, 1, c.body); code != c.code {
			t.Fatalf("%s: %v, want %v", c.name, code, c.code)
		}
		w.check()
		if string(before) != string(a.mem.bytes[0x8000:]) || w.live != 0 {
			t.Fatalf("%s: memory changed", c.name)
		}
		a.wantType(own, mach.TypeReceive)
		a.wantRefs(send, mach.RightSend, 1)
		a.wantRefs(to, mach.RightSend, 1)
		a.wantType(once, mach.TypeSendOnce)
	}
	for _, size := range []uint32{0, 24, 31, 33, 36} {
		code, _ := a.Msg(a.mem, a.thread, &MsgArgs{Addr: base, Option: mach.OptSend, SendSize: size})
		w.want(code, mach.SendMsgTooSmall)
	}
	code, _ := a.Msg(a.mem, a.thread, &MsgArgs{Addr: 8, Option: mach.OptSend, SendSize: 32})
	w.want(code, mach.SendInvalidData)
	b.empty(port)
	w.check()
}

// Both rights of a header may come from one name.
func TestHeaderWithOneName(t *testing.T) {
	for _, c := range []struct {
		dest, reply mach.MsgType
		refs        uint32 // of the send right, before
		code        mach.Return
		left        uint32
	}{
		{mach.MsgMoveSend, mach.MsgMoveSend, 1, mach.SendInvalidReply, 1},
		{mach.MsgMoveSend, mach.MsgMoveSend, 2, mach.Success, 0},
		{mach.MsgMoveSend, mach.MsgMoveSend, 3, mach.Success, 1},
		{mach.MsgMoveSend, mach.MsgCopySend, 1, mach.Success, 0},
		{mach.MsgCopySend, mach.MsgMoveSend, 1, mach.Success, 0},
		{mach.MsgCopySend, mach.MsgCopySend, 1, mach.Success, 1},
	} {
		w := newWorld(t)
		a, b := w.task(), w.task()
		port := b.receivePort()
		to := b.share(port, a)
		w.want(a.ModRefs(to, mach.RightSend, int32(c.refs)-1), mach.Success)
		w.want(a.send(mach.Bits(c.dest, c.reply), to, to, 1, nil), c.code)
		a.wantRefsOrNone(to, c.left)
		w.check()
		if c.code == mach.Success {
			if h, _ := b.mustReceive(port, 1); h.Remote != h.Local {
				t.Fatalf("header %+v", h)
			}
		}
		w.check()
	}
}

func (u *task) wantRefsOrNone(name mach.Name, want uint32) {
	u.w.t.Helper()
	if got, _ := u.GetRefs(name, mach.RightSend); got != want {
		u.w.t.Fatalf("%d references, want %d", got, want)
	}
}

func TestOutOfLine(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to := b.share(port, a)
	own := a.receivePort()
	at := a.mem.bytes[0x9000:]
	copy(at, "out of line")
	putWord(a.mem.bytes[0xa000:], uint32(own))
	putWord(a.mem.bytes[0xa004:], 0)
	putWord(a.mem.bytes[0xa008:], uint32(own))
	w.want(a.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 11, base+0x9000, true)
		w.OutOfLine(mach.MsgMakeSend, 32, 3, base+0xa000, true)
		w.OutOfLine(mach.MsgByte, 8, 0, 1, false)
	}), mach.Success)
	if at[0] != 0 || a.mem.bytes[0xa000] != 0 {
		t.Fatal("the memory did not leave")
	}
	w.check()
	_, r := b.mustReceive(port, 1)
	p, n := r.OutOfLine(mach.MsgByte, 8)
	if got := b.mem.mapped[mach.VirtAddr(p)]; n != 11 || string(got.data) != "out of line" {
		t.Fatalf("got %+v", got)
	}
	p, n = r.OutOfLine(mach.MsgPortSend, 32)
	got := b.mem.mapped[mach.VirtAddr(p)].data
	if n != 3 || got[0] != got[8] || got[4] != 0 {
		t.Fatalf("got names %v", got)
	}
	b.wantRefs(mach.Name(got[0]), mach.RightSend, 2)
	if p, n = r.OutOfLine(mach.MsgByte, 8); p != 0 || n != 0 {
		t.Fatal("nothing became something")
	}
	if w.live != 0 {
		t.Fatalf("%d copies are left", w.live)
	}
	w.check()

	// No room in the receiver: the message arrives without them, and the rights are given up.
	putWord(a.mem.bytes[0xa000:], uint32(own))
	w.want(a.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 11, base+0x9000, false)
		w.OutOfLine(mach.MsgMakeSendOnce, 32, 1, base+0xa000, false)
	}), mach.Success)
	b.mem.fail = true
	_, r, code := b.receive(port)
	w.want(code, mach.RcvBodyError|mach.MsgVMSpace)
	if p, _ := r.OutOfLine(mach.MsgByte, 8); p != 0 || w.live != 0 {
		t.Fatal("memory was mapped")
	}
	a.mustReceive(own, mach.NotifySendOnce)
	w.check()

	// A message that is destroyed destroys what it carries.
	putWord(a.mem.bytes[0xa000:], uint32(own))
	w.want(a.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 11, base+0x9000, false)
		w.OutOfLine(mach.MsgMoveReceive, 32, 1, base+0xa000, false)
	}), mach.Success)
	b.Destroy()
	w.check()
	if s := w.sys.Stats(); s.Ports != 0 || s.Messages != 0 || w.live != 0 {
		t.Fatalf("%+v is left, and %d copies", s, w.live)
	}
}

// A thread that waits gets simple messages straight into its memory; where that fails, it is told so as if it had come later.
func TestDirectDelivery(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to, reply := b.share(port, a), a.receivePort()
	bits := mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)
	for _, c := range []struct {
		addr mach.VirtAddr
		room uint32
		code mach.Return
	}{
		{base, 48, mach.Success},
		{base + 0x4000, 100, mach.Success},
		{8, 48, mach.RcvInvalidData},
		{base, 47, mach.RcvTooLarge},
	} {
		if _, done := b.Msg(b.mem, b.thread, &MsgArgs{Addr: c.addr, Option: mach.OptRcv, RcvSize: c.room, RcvName: port}); done {
			t.Fatal("does not wait")
		}
		w.want(a.send(bits, to, reply, 7, func(w *mig.Writer) { w.Int32(5) }), mach.Success)
		if a.thread.HandOff() != b.thread {
			t.Fatal("no hand-off")
		}
		w.check()
		code, _ := b.Resume(b.mem, b.thread)
		w.want(code, c.code)
		w.check()
		if code == mach.Success {
			h := mig.GetHeader(b.mem.bytes[c.addr-base:])
			r := mig.NewReader(b.mem.bytes[c.addr-base:][32:48])
			if h.ID != 7 || h.Size != 48 || mach.Name(h.Local) != port || r.Int32() != 5 || h.Bits != mach.Bits(mach.MsgPortSendOnce, mach.MsgPortSend) {
				t.Fatalf("header %+v", h)
			}
			w.want(b.Deallocate(mach.Name(h.Remote)), mach.Success)
		}
	}
	st, _ := b.ReceiveStatus(port)
	if st.Seqno != 4 {
		t.Fatalf("sequence number %d", st.Seqno)
	}
}
