package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

func TestNamesAreLowest(t *testing.T) {
	w := newWorld(t)
	u := w.task()
	for want := mach.Name(1); want <= 300; want++ {
		if got := u.receivePort(); got != want {
			t.Fatalf("got name %d, want %d", got, want)
		}
	}
	w.want(u.DestroyName(17), mach.Success)
	w.want(u.DestroyName(250), mach.Success)
	if a, b, c := u.receivePort(), u.receivePort(), u.receivePort(); a != 17 || b != 250 || c != 301 {
		t.Fatalf("got names %d, %d, %d", a, b, c)
	}
	w.want(u.AllocateName(mach.RightDeadName, 0xfffffffe), mach.Success)
	w.want(u.AllocateName(mach.RightReceive, 700), mach.Success)
	w.want(u.AllocateName(mach.RightReceive, 700), mach.NameExists)
	w.want(u.AllocateName(mach.RightReceive, mach.NameDead), mach.InvalidValue)
	w.want(u.AllocateName(mach.RightSend, 5000), mach.InvalidValue)
	w.want(u.Rename(700, 70000), mach.Success)
	w.want(u.Rename(70000, 17), mach.NameExists)
	u.wantType(700, 0)
	u.wantType(70000, mach.TypeReceive)
	w.check()
	u.Destroy()
	w.check()
	if s := w.sys.Stats(); s != (Stats{}) {
		t.Fatalf("%+v is left", s)
	}
}

func TestRPCBetweenTasks(t *testing.T) {
	w := newWorld(t)
	server, client := w.task(), w.task()
	port := server.receivePort()
	to := server.share(port, client)
	reply := client.receivePort()

	// The server waits first, so it gets the message by hand-off.
	args := &MsgArgs{Addr: base, Option: mach.OptRcv, RcvSize: 0x1000, RcvName: port}
	if _, done := server.Msg(server.mem, server.thread, args); done || !server.thread.Waiting() {
		t.Fatal("the server does not wait")
	}
	size := client.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, reply, 500, func(w *mig.Writer) { w.Int32(42) })
	call := &MsgArgs{Addr: base, Option: mach.OptSend | mach.OptRcv, SendSize: size, RcvSize: 0x1000, RcvName: reply}
	if _, done := client.Msg(client.mem, client.thread, call); done {
		t.Fatal("the client does not wait")
	}
	if h := client.thread.HandOff(); h != server.thread || client.thread.HandOff() != nil {
		t.Fatal("no hand-off to the server")
	}
	w.check()
	code, done := server.Resume(server.mem, server.thread)
	w.want(code, mach.Success)
	if !done {
		t.Fatal("the server waits on")
	}
	h, r := server.message()
	if h.ID != 500 || mach.Name(h.Local) != port || h.Seqno != 0 || h.Bits != mach.Bits(mach.MsgPortSendOnce, mach.MsgPortSend) || r.Int32() != 42 {
		t.Fatalf("header %+v", h)
	}
	server.wantType(mach.Name(h.Remote), mach.TypeSendOnce)
	w.want(server.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 600, nil), mach.Success)
	server.wantType(mach.Name(h.Remote), 0)
	if server.thread.HandOff() != client.thread {
		t.Fatal("no hand-off to the client")
	}
	code, _ = client.Resume(client.mem, client.thread)
	w.want(code, mach.Success)
	if h, _ := client.message(); h.ID != 600 || mach.Name(h.Local) != reply || h.Remote != 0 || h.Bits != mach.Bits(0, mach.MsgPortSendOnce) {
		t.Fatalf("header %+v", h)
	}
	w.check()
}

// echo answers a request with a number one larger, and refuses all others.
type echo struct{ served int }

func (s *echo) Quick(*Port, *Quick) bool { return false }

func (s *echo) Serve(_ *Port, m *Message) *Message {
	s.served++
	r := m.Reader()
	n := r.Int32()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	w.Int32(n + 1)
	return m.FinishReply(&w)
}

func TestKernelServer(t *testing.T) {
	w := newWorld(t)
	u := w.task()
	s := &echo{}
	kp := w.sys.NewKernelPort(s, "object")
	to, _ := u.Insert(kp.MakeSend())
	reply := u.receivePort()
	for i := range 3 {
		size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, reply, 500, func(w *mig.Writer) { w.Int32(int32(i)) })
		code, done := u.Msg(u.mem, u.thread, &MsgArgs{
			Addr: base, Option: mach.OptSend | mach.OptRcv, SendSize: size, RcvSize: 0x1000, RcvName: reply,
		})
		if !done {
			t.Fatal("waits")
		}
		w.want(code, mach.Success)
		h, r := u.message()
		if h.ID != 600 || h.Size != 64 || h.Seqno != uint32(i) || r.RetCode() != mach.Success || r.Int32() != int32(i+1) {
			t.Fatalf("header %+v", h)
		}
		w.check()
	}
	// An error, with the reply received later.
	w.want(u.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, reply, 500, nil), mach.Success)
	h, r := u.mustReceive(reply, 600)
	if h.Size != 48 || r.RetCode() != mach.MIGBadArguments {
		t.Fatalf("header %+v", h)
	}
	// No reply right.
	w.want(u.send(mach.Bits(mach.MsgCopySend, 0), to, 0, 500, func(w *mig.Writer) { w.Int32(1) }), mach.Success)
	w.check()

	called := 0
	kp.SetNoSenders(1, func(p *Port, mscount uint32) {
		called++
		if mscount != 1 {
			t.Errorf("make-send count %d", mscount)
		}
		p.Destroy()
	})
	w.check()
	w.want(u.Deallocate(to), mach.Success)
	if called != 0 {
		t.Fatal("called in the midst of an operation")
	}
	w.check()
	if called != 1 {
		t.Fatalf("called %d times", called)
	}
	u.Destroy()
	w.check()
	if s := w.sys.Stats(); s != (Stats{}) {
		t.Fatalf("%+v is left", s)
	}
}

func TestFullQueue(t *testing.T) {
	w := newWorld(t)
	server, client := w.task(), w.task()
	port := server.receivePort()
	to := server.share(port, client)
	bits := mach.Bits(mach.MsgCopySend, 0)
	for i := range mach.QLimitDefault {
		w.want(client.send(bits, to, 0, mach.MsgID(i), nil), mach.Success)
	}
	w.want(client.send(bits, to, 0, 5, nil), mach.SendTimedOut)
	if h, _ := client.message(); h.Bits != mach.Bits(mach.MsgPortSend, 0) || mach.Name(h.Remote) != to {
		t.Fatalf("returned header %+v", h)
	}
	client.wantRefs(to, mach.RightSend, 2) // what COPY_SEND made came back
	w.want(client.Deallocate(to), mach.Success)
	w.check()

	size := client.compose(bits, to, 0, 5, nil)
	args := &MsgArgs{Addr: base, Option: mach.OptSend | mach.OptSendTimeout, SendSize: size, Timeout: 20}
	if _, done := client.Msg(client.mem, client.thread, args); done {
		t.Fatal("the sender does not wait")
	}
	if ms, ok := client.thread.Timeout(); ms != 20 || !ok {
		t.Fatal("no timeout")
	}
	w.check()
	h, _ := server.mustReceive(port, 0)
	if h.Seqno != 0 || client.thread.Waiting() || len(w.woken) != 1 || w.woken[0] != client.thread {
		t.Fatal("the sender was not woken")
	}
	code, done := client.Resume(client.mem, client.thread)
	w.want(code, mach.Success)
	if !done {
		t.Fatal("the sender waits on")
	}
	w.check()
	for _, end := range []struct {
		f    func()
		code mach.Return
	}{{client.thread.Expire, mach.SendTimedOut}, {client.thread.Interrupt, mach.SendInterrupted}} {
		client.compose(bits, to, 0, 5, nil)
		if _, done := client.Msg(client.mem, client.thread, args); done {
			t.Fatal("the sender does not wait")
		}
		end.f()
		code, _ := client.Resume(client.mem, client.thread)
		w.want(code, end.code)
		w.check()
	}
	client.compose(bits, to, 0, 5, nil)
	if _, done := client.Msg(client.mem, client.thread, args); done {
		t.Fatal("the sender does not wait")
	}
	server.Destroy() // with a sender waiting
	code, _ = client.Resume(client.mem, client.thread)
	w.want(code, mach.Success)
	w.check()
	client.wantType(to, mach.TypeDeadName)
	w.want(client.send(bits, to, 0, 5, nil), mach.SendInvalidDest)
}

func TestReceiveLarge(t *testing.T) {
	w := newWorld(t)
	u := w.task()
	port := u.receivePort()
	fill := func(w *mig.Writer) { w.Space(mach.MsgByte, 8, 1000) }
	bits := mach.Bits(mach.MsgMakeSend, 0)
	w.want(u.send(bits, port, 0, 9, fill), mach.Success)
	args := &MsgArgs{Addr: base, Option: mach.OptRcv | mach.OptRcvLarge, RcvSize: 64, RcvName: port}
	code, _ := u.Msg(u.mem, u.thread, args)
	w.want(code, mach.RcvTooLarge)
	if h, _ := u.message(); h.Size != 32+8+1000 {
		t.Fatalf("size %d", h.Size)
	}
	args.Option = mach.OptRcv
	code, _ = u.Msg(u.mem, u.thread, args)
	w.want(code, mach.RcvTooLarge)
	u.empty(port)
	// A thread that waits with too little room leaves the message.
	args.Option = mach.OptRcv | mach.OptRcvLarge
	waiter := u.mem.waiter()
	if _, done := u.Msg(u.mem, waiter, args); done {
		t.Fatal("does not wait")
	}
	w.want(u.send(bits, port, 0, 9, fill), mach.Success)
	code, _ = u.Resume(u.mem, waiter)
	w.want(code, mach.RcvTooLarge)
	u.mustReceive(port, 9)
	w.check()
}
