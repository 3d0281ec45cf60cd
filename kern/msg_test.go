package kern

import (
	"testing"
	"time"

	"defpager/ipc/mig"
	"defpager/mach"
)

// share makes a port in the client's bootstrap slot that the server receives from.
func (m *machine) share(server, client *Task) (receive, send mach.Name) {
	m.Do(func() {
		var code mach.Return
		if receive, code = server.space.Allocate(mach.RightReceive); code != mach.Success {
			m.t.Fatal(code)
		}
	})
	r, code := server.space.Extract(receive, mach.MsgMakeSend)
	if code != mach.Success {
		m.t.Fatal(code)
	}
	return receive, m.give(client, r)
}

// A client calls a server: each send hands the processor over to whoever waits for it.
func TestRPC(t *testing.T) {
	const rounds = 20
	var receive, send mach.Name
	m := newMachine(t)
	server := m.start("server", func(u *user) {
		for i := range int32(rounds) {
			h, r := u.receive(receive, 500)
			u.is("the number in the request", uint64(r.Int32()), uint64(i))
			u.is("the sequence number", uint64(h.Seqno), uint64(i))
			code := u.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 600, func(w *mig.Writer) {
				w.RetCode(mach.Success)
				w.Int32(2 * i)
			})
			u.want(code, mach.Success)
		}
	})
	client := m.start("client", func(u *user) {
		for i := range int32(rounds) {
			r := u.call(send, 500, func(w *mig.Writer) { w.Int32(i) })
			u.is("the answer", uint64(r.Int32()), uint64(2*i))
		}
	})
	receive, send = m.share(server, client)
	m.finish()
	c := m.Counters()
	if c.Switches > 2*rounds+10 {
		t.Errorf("%d switches for %d rounds", c.Switches, rounds)
	}
}

// Waits end by the clock, and a message that comes in time ends them earlier.
func TestTimeouts(t *testing.T) {
	var receive, send mach.Name
	m := newMachine(t)
	after := func(u *user, ms int64, f func()) {
		t.Helper()
		start := m.clock
		f()
		if d := m.clock - start; d != ms*int64(time.Millisecond) {
			t.Errorf("it took %v, not %d ms", time.Duration(d), ms)
		}
	}
	const rcv = mach.OptRcv | mach.OptRcvTimeout
	server := m.start("server", func(u *user) {
		after(u, 0, func() { u.want(u.msg(rcv, 0, receive, 0), mach.RcvTimedOut) })
		after(u, 30, func() { u.want(u.msg(rcv, 0, receive, 30), mach.RcvTimedOut) })
		after(u, 20, func() { u.want(u.msg(rcv, 0, receive, 30), mach.Success) })
		after(u, 100, func() { u.want(u.trap(mach.TrapThreadSwitch, 0, switchWait, 100), mach.Success) })
		for range mach.QLimitDefault {
			u.want(u.msg(rcv, 0, receive, 0), mach.Success)
		}
		u.want(u.msg(rcv, 0, receive, 0), mach.RcvTimedOut)
	})
	client := m.start("client", func(u *user) {
		to := mach.Bits(mach.MsgCopySend, 0)
		u.want(u.trap(mach.TrapThreadSwitch, 0, switchWait, 50), mach.Success)
		for range 1 + mach.QLimitDefault {
			after(u, 0, func() { u.want(u.send(to, send, 0, 1, nil), mach.Success) })
		}
		size := u.compose(to, send, 0, 1, nil)
		after(u, 40, func() { u.want(u.msg(mach.OptSend|mach.OptSendTimeout, size, 0, 40), mach.SendTimedOut) })
		after(u, 0, func() { u.want(u.msg(mach.OptSend|mach.OptSendTimeout, size, 0, 0), mach.SendTimedOut) })
	})
	receive, send = m.share(server, client)
	m.finish()
}

// A sender waits for room without a limit and goes on as the receiver makes some; when the receiver ends, it learns so.
func TestSenderWaits(t *testing.T) {
	var receive, send mach.Name
	m := newMachine(t)
	server := m.start("server", func(u *user) {
		u.want(u.trap(mach.TrapThreadSwitch, 0, switchWait, 10), mach.Success)
		for i := range uint64(8) {
			_, r := u.receive(receive, 1)
			u.is("the message", uint64(r.Int32()), i)
		}
	})
	client := m.start("client", func(u *user) {
		for i := range int32(8 + mach.QLimitDefault) {
			u.want(u.send(mach.Bits(mach.MsgCopySend, 0), send, 0, 1, func(w *mig.Writer) { w.Int32(i) }), mach.Success)
		}
		u.want(u.send(mach.Bits(mach.MsgCopySend, 0), send, 0, 1, nil), mach.SendInvalidDest)
	})
	receive, send = m.share(server, client)
	m.finish()
}

// Out-of-line memory moves from one task to another; the sender's later writes are not seen.
func TestOutOfLine(t *testing.T) {
	var receive, send mach.Name
	const size = 5*mach.PageSize + 100
	m := newMachine(t)
	server := m.start("server", func(u *user) {
		_, r := u.receive(receive, 1)
		at, n := r.OutOfLine(mach.MsgByte, 8)
		u.is("the size", uint64(n), size)
		u.is("the first word", u.Load64(mach.VirtAddr(at)), 7)
		u.is("the last word", u.Load64(mach.VirtAddr(at+size-8)), 8)
	})
	client := m.start("client", func(u *user) {
		from := u.buffer - 8*mach.PageSize + 16
		u.Store64(from, 7)
		u.Store64(from+size-8, 8)
		u.want(u.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, send, 0, 1, func(w *mig.Writer) {
			w.OutOfLine(mach.MsgByte, 8, size, uint64(from), false)
		}), mach.Success)
		u.Store64(from, 9)
		u.Store64(from+size-8, 9)
	})
	receive, send = m.share(server, client)
	m.finish()
}

// A task that ends while its threads wait, sleep and could run takes all of it along.
func TestTerminateWhileWaiting(t *testing.T) {
	m := newMachine(t)
	var threads []uint64
	m.start("victim", func(u *user) {
		self := u.self()
		for _, program := range threads {
			th := u.newThread(self, program, uint64(stackTop)-0x20000)
			u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
		}
		u.want(u.trap(mach.TrapThreadSwitch, 0, switchWait, 5), mach.Success)
		u.want(u.code(self, mach.IDTaskTerminate, nil), mach.Success)
		t.Error("the program went on")
	})
	m.Do(func() {
		threads = []uint64{
			m.entry(func(u *user) { u.msg(mach.OptRcv, 0, u.port(), 0); t.Error("received") }),
			m.entry(func(u *user) { u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, u.port(), 1e6); t.Error("received") }),
			m.entry(func(u *user) { u.trap(mach.TrapThreadSwitch, 0, switchWait, 1e6); t.Error("slept") }),
			m.entry(func(u *user) {
				for {
					u.Loop()
					m.clock += int64(time.Millisecond)
				}
			}),
			m.entry(func(u *user) {
				for i := int32(0); ; i++ {
					name := u.port()
					u.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, 1, nil)
					for range mach.QLimitMax {
						u.send(mach.Bits(mach.MsgMakeSend, 0), name, 0, 1, nil)
					}
					t.Error("the port has no limit")
				}
			}),
		}
	})
	m.finish()
}
