package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

func TestDeadName(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to := b.share(port, a)
	mine := a.receivePort()
	a.request(to, mach.NotifyDeadName, 0, mine)
	a.wantType(to, mach.TypeSend|mach.TypeDNRequest)
	w.check()
	w.want(b.DestroyName(port), mach.Success)
	_, r := a.mustReceive(mine, mach.NotifyDeadName)
	if name := r.Name(); name != to || r.End() != mach.Success {
		t.Fatalf("dead name %d", name)
	}
	a.wantType(to, mach.TypeDeadName)
	a.wantRefs(to, mach.RightDeadName, 2)
	_, code := a.RequestNotification(to, mach.NotifyDeadName, 0, Right{})
	w.want(code, mach.InvalidArgument)
	a.request(to, mach.NotifyDeadName, 1, mine)
	a.mustReceive(mine, mach.NotifyDeadName)
	a.wantRefs(to, mach.RightDeadName, 3)
	w.want(a.ModRefs(to, mach.RightDeadName, -4), mach.InvalidValue)
	w.want(a.ModRefs(to, mach.RightDeadName, -3), mach.Success)
	a.wantType(to, 0)

	// A name that goes before its port.
	other := b.share(b.receivePort(), a)
	a.request(other, mach.NotifyDeadName, 0, mine)
	w.want(a.Deallocate(other), mach.Success)
	_, r = a.mustReceive(mine, mach.NotifyPortDeleted)
	if r.Name() != other {
		t.Fatal("another name was deleted")
	}
	a.empty(mine)
	w.check()
}

func TestNoSenders(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port, mine := b.receivePort(), b.receivePort()
	b.request(port, mach.NotifyNoSenders, 1, mine)
	b.empty(mine) // nothing was made yet
	to := b.share(port, a)
	w.want(a.Deallocate(to), mach.Success)
	_, r := b.mustReceive(mine, mach.NotifyNoSenders)
	if n := r.Uint32(); n != 1 {
		t.Fatalf("make-send count %d", n)
	}
	b.request(port, mach.NotifyNoSenders, 1, mine)
	b.mustReceive(mine, mach.NotifyNoSenders) // at once
	b.request(port, mach.NotifyNoSenders, 2, mine)
	st, _ := b.ReceiveStatus(port)
	if !st.NoSenders || st.Send {
		t.Fatalf("status %+v", st)
	}
	w.check()
	w.want(b.DestroyName(port), mach.Success)
	b.mustReceive(mine, mach.NotifySendOnce) // the request was not used
	b.empty(mine)
	w.check()
}

func TestPortDestroyed(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	to := b.share(port, a)
	w.want(a.send(mach.Bits(mach.MsgCopySend, 0), to, 0, 1, nil), mach.Success)
	keep := a.receivePort()
	previous, code := b.RequestNotification(port, mach.NotifyPortDestroyed, 0, a.sendOnceTo(keep))
	w.want(code, mach.Success)
	if !previous.Null() {
		t.Fatal("there was a request")
	}
	_, code = b.RequestNotification(port, mach.NotifyPortDestroyed, 1, Right{})
	w.want(code, mach.InvalidValue)
	w.check()
	b.Destroy()
	w.check()
	a.wantType(to, mach.TypeSend)
	_, r := a.mustReceive(keep, mach.NotifyPortDestroyed)
	if name := r.Port(mach.MsgPortReceive); name != to || r.End() != mach.Success {
		t.Fatalf("received as %d", name)
	}
	a.wantType(to, mach.TypeSend|mach.TypeReceive)
	a.mustReceive(to, 1) // what was queued is still there
	w.check()
}

func TestSendOnce(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port := b.receivePort()
	once, _ := a.Insert(b.sendOnceTo(port))
	w.want(a.ModRefs(once, mach.RightSendOnce, -2), mach.InvalidValue)
	w.want(a.ModRefs(once, mach.RightSend, -1), mach.InvalidRight)
	w.want(a.Deallocate(once), mach.Success)
	if h, _ := b.mustReceive(port, mach.NotifySendOnce); h.Size != 32 || h.Bits != mach.Bits(0, mach.MsgPortSendOnce) {
		t.Fatalf("header %+v", h)
	}
	once, _ = a.Insert(b.sendOnceTo(port))
	w.want(b.DestroyName(port), mach.Success)
	a.wantType(once, mach.TypeDeadName)
	w.check()
}

func TestPortSet(t *testing.T) {
	w := newWorld(t)
	u := w.task()
	set, code := u.Allocate(mach.RightPortSet)
	w.want(code, mach.Success)
	p, q := u.receivePort(), u.receivePort()
	bits := mach.Bits(mach.MsgMakeSend, 0)
	w.want(u.send(bits, p, 0, 1, nil), mach.Success)
	w.want(u.MoveMember(p, mach.NameNull), mach.NotInSet)
	w.want(u.MoveMember(p, q), mach.InvalidRight)
	w.want(u.MoveMember(p, set), mach.Success)
	w.want(u.MoveMember(q, set), mach.Success)
	for i := range 4 {
		to := p
		if i&1 == 0 {
			to = q
		}
		w.want(u.send(bits, to, 0, mach.MsgID(2+i), nil), mach.Success)
	}
	w.check()
	if _, _, code := u.receive(p); code != mach.RcvInSet {
		t.Fatalf("got %v", code)
	}
	for i, seqno := range []uint32{0, 0, 1, 1} {
		h, _ := u.mustReceive(set, mach.MsgID(1+i))
		if h.Seqno != seqno {
			t.Fatalf("message %d has number %d", 1+i, h.Seqno)
		}
	}
	w.want(u.MoveMember(p, mach.NameNull), mach.Success)
	u.empty(set)
	u.mustReceive(p, 5)
	w.check()

	// Threads that wait learn of changes.
	wait := func(name mach.Name) *Waiter {
		th := u.mem.waiter()
		if _, done := u.Msg(u.mem, th, &MsgArgs{Addr: base, Option: mach.OptRcv, RcvSize: 100, RcvName: name}); done {
			t.Fatal("does not wait")
		}
		return th
	}
	wake := func(th *Waiter, want mach.Return) {
		t.Helper()
		code, done := u.Resume(u.mem, th)
		if !done {
			t.Fatal("waits on")
		}
		w.want(code, want)
	}
	onPort, onSet := wait(p), wait(set)
	w.want(u.MoveMember(p, set), mach.Success)
	wake(onPort, mach.RcvPortChanged)
	w.want(u.MoveMember(p, mach.NameNull), mach.Success)
	w.want(u.send(bits, p, 0, 9, nil), mach.Success)
	w.want(u.MoveMember(p, set), mach.Success) // brings its message along
	wake(onSet, mach.Success)
	onSet = wait(set)
	members := 0
	w.want(u.SetMembers(set, func(mach.Name) { members++ }), mach.Success)
	if members != 2 {
		t.Fatalf("%d members", members)
	}
	w.check()
	w.want(u.ModRefs(set, mach.RightPortSet, -1), mach.Success)
	wake(onSet, mach.RcvPortDied)
	onPort = wait(p)
	w.want(u.DestroyName(p), mach.Success)
	wake(onPort, mach.RcvPortDied)
	w.check()
}

// A receive right queued on its own port, or on one that is queued on it, could never be received: such a message is destroyed.
func TestCircularRights(t *testing.T) {
	w := newWorld(t)
	u := w.task()
	bits := mach.Bits(mach.MsgMakeSend, 0) | mach.Complex
	p := u.receivePort()
	w.want(u.send(bits, p, 0, 1, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, p) }), mach.Success)
	u.wantType(p, 0)
	w.check()

	p, q := u.receivePort(), u.receivePort()
	w.want(u.send(bits, p, 0, 1, func(w *mig.Writer) {
		w.Port(mach.MsgMoveReceive, q)
		w.Port(mach.MsgMakeSend, p)
	}), mach.Success)
	w.check()
	_, r := u.mustReceive(p, 1)
	q = r.Port(mach.MsgPortReceive)
	sp, sq := u.share(p, u), u.share(q, u)
	copies := mach.Bits(mach.MsgCopySend, 0) | mach.Complex
	w.want(u.send(copies, sp, 0, 1, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, sq) }), mach.Success)
	u.wantType(sq, mach.TypeSend)
	w.check()
	w.want(u.send(copies, sq, 0, 1, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, sp) }), mach.Success)
	u.wantType(sp, mach.TypeDeadName)
	u.wantType(sq, mach.TypeDeadName)
	w.check()

	// Ports within ports, very deep, die without deep recursion.
	first := u.receivePort()
	in := first
	for range 10000 {
		next := u.receivePort()
		w.want(u.send(bits, next, 0, 1, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, in) }), mach.Success)
		in = next
	}
	u.Destroy()
	w.check()
	if s := w.sys.Stats(); s != (Stats{}) {
		t.Fatalf("%+v is left", s)
	}
}

func TestSendNotify(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port, mine := b.receivePort(), a.receivePort()
	to := b.share(port, a)
	bits := mach.Bits(mach.MsgCopySend, 0)
	force := func(notify mach.Name) mach.Return {
		size := a.compose(bits, to, 0, 8, nil)
		code, _ := a.Msg(a.mem, a.thread, &MsgArgs{
			Addr: base, Option: mach.OptSend | mach.OptSendTimeout | mach.OptSendNotify, SendSize: size, Notify: notify,
		})
		return code
	}
	for range mach.QLimitDefault {
		w.want(force(mine), mach.Success)
	}
	w.want(force(77), mach.SendInvalidNotify)
	w.want(force(mine), mach.SendWillNotify)
	a.wantType(to, mach.TypeSend|mach.TypeMARequest)
	w.want(force(mine), mach.SendNotifyInProgress)
	w.check()
	for range mach.QLimitDefault {
		b.mustReceive(port, 8)
	}
	a.empty(mine)
	b.mustReceive(port, 8)
	_, r := a.mustReceive(mine, mach.NotifyMsgAccepted)
	if r.Name() != to {
		t.Fatal("another name was accepted")
	}
	a.wantType(to, mach.TypeSend)
	w.check()
	for range mach.QLimitDefault {
		w.want(force(mine), mach.Success)
	}
	w.want(force(mine), mach.SendWillNotify)
	w.want(a.DestroyName(to), mach.Success)
	w.check()
	b.Destroy()
	_, r = a.mustReceive(mine, mach.NotifyMsgAccepted)
	if r.Name() != mach.NameNull {
		t.Fatal("a name that is no more was accepted")
	}
	w.check()
}

func TestReceiveNotify(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port, mine := b.receivePort(), b.receivePort()
	to, reply := b.share(port, a), a.receivePort()
	w.want(a.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, reply, 1, nil), mach.Success)
	args := &MsgArgs{Addr: base, Option: mach.OptRcv | mach.OptRcvNotify, RcvSize: 100, RcvName: port, Notify: 99}
	code, _ := b.Msg(b.mem, b.thread, args)
	w.want(code, mach.RcvInvalidNotify)
	args.Notify = mine
	code, _ = b.Msg(b.mem, b.thread, args)
	w.want(code, mach.Success)
	h, _ := b.message()
	a.Destroy()
	_, r := b.mustReceive(mine, mach.NotifyDeadName)
	if r.Name() != mach.Name(h.Remote) {
		t.Fatal("another name died")
	}
	w.check()
}

// MACH_SEND_CANCEL: who gives a name away by a message, and had asked to be told of the port's death, is not told that the name was deleted.
func TestSendCancel(t *testing.T) {
	w := newWorld(t)
	a, b := w.task(), w.task()
	port, mine, other := b.receivePort(), a.receivePort(), a.receivePort()
	send := func(to mach.Name, d mach.MsgType, option mach.Option, notify mach.Name) mach.Return {
		t.Helper()
		size := a.compose(mach.Bits(d, 0), to, 0, 7, nil)
		code, done := a.Msg(a.mem, a.thread, &MsgArgs{Addr: base, Option: mach.OptSend | option, SendSize: size, Notify: notify})
		if !done {
			t.Fatal("it waits")
		}
		w.check()
		return code
	}
	to := b.share(port, a)
	a.request(to, mach.NotifyDeadName, 0, mine)
	for _, notify := range []mach.Name{mach.NameNull, mach.NameDead, to, 12345} {
		w.want(send(to, mach.MsgMoveSend, mach.OptSendCancel, notify), mach.SendInvalidNotify)
	}
	w.want(send(to, mach.MsgCopySend, mach.OptSendCancel, mine), mach.Success) // the name stays, with its request
	a.wantType(to, mach.TypeSend|mach.TypeDNRequest)
	w.want(send(to, mach.MsgMoveSend, mach.OptSendCancel, mine), mach.Success)
	a.wantType(to, 0)
	a.empty(mine)

	to = b.share(port, a)
	a.request(to, mach.NotifyDeadName, 0, mine)
	w.want(send(to, mach.MsgMoveSend, mach.OptSendCancel, other), mach.Success) // somebody else's notification
	_, r := a.mustReceive(mine, mach.NotifyPortDeleted)
	if r.Name() != to {
		t.Fatal("another name was deleted")
	}
	to = b.share(port, a)
	a.request(to, mach.NotifyDeadName, 0, mine)
	w.want(send(to, mach.MsgMoveSend, 0, mine), mach.Success)
	a.mustReceive(mine, mach.NotifyPortDeleted)
	for range 4 {
		b.mustReceive(port, 7)
	}
}
