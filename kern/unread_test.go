package kern

import (
	"testing"

	"defpager/board"
	"defpager/ipc/mig"
	"defpager/mach"
)

// The tests here have the kernel send what nobody receives: it must end with a refusal before the room for messages is used up.

// messageBytes is what a message without anything special counts for, rounded down.
const messageBytes = 700

// unchecked makes a machine that does not check itself at each entry: it has thousands of messages.
func unchecked(t *testing.T) *machine {
	m := newMachine(t)
	m.cpu.Entered = nil
	return m
}

// Replies to small requests that go to a port in a set, where their sender cannot receive them.
func TestUnreadQuickReplies(t *testing.T) {
	m := unchecked(t)
	m.start("a", func(u *user) {
		r := u.call(u.self(), mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(mach.RightPortSet)) })
		reply, set := u.port(), r.Name()
		u.want(u.code(u.self(), mach.IDPortMoveMember, func(w *mig.Writer) { w.Name(reply); w.Name(set) }), mach.Success)
		size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), u.self(), reply, mach.IDPortType, func(w *mig.Writer) { w.Name(reply) })
		n, code := uint64(0), mach.RcvInSet
		for ; code == mach.RcvInSet && n < m.config.Limits.Buffers/messageBytes; n++ {
			code = u.msg(mach.OptSend|mach.OptRcv, size, reply, 0)
		}
		u.want(code, mach.SendNoBuffer)
	})
	m.finish()
}

// Messages about exceptions of a thread that is aborted each time. Without room for one more nobody can be asked: the task ends.
func TestUnreadExceptions(t *testing.T) {
	m := unchecked(t)
	m.mayDie()
	victim := m.start("victim", func(u *user) {
		for {
			u.Raise(board.VectorBreakpoint, 0)
		}
	})
	var own, thread, end mach.Name
	handler := m.start("handler", func(u *user) { u.receive(own, 1) })
	other := m.start("other", func(u *user) {
		u.reply = u.port()
		code := mach.Success
		for n := uint64(0); code == mach.Success && n < 2*m.config.Limits.Buffers/messageBytes; n++ {
			u.Syscall(mach.TrapSwtch)
			size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), thread, u.reply, mach.IDThreadAbort, nil)
			code = u.msg(mach.OptSend|mach.OptRcv, size, u.reply, 0)
		}
		if code != mach.SendInvalidDest {
			t.Errorf("the thread lives on, its abort ends with %v", code)
			u.m.terminateTask(victim)
		}
		u.want(u.send(mach.HeaderBits(mach.MsgCopySend), end, 0, 1, nil), mach.Success)
	})
	m.Do(func() {
		var code mach.Return
		if own, code = handler.space.Allocate(mach.RightReceive); code != mach.Success {
			t.Fatal(code)
		}
		right, _ := handler.space.Extract(own, mach.MsgMakeSend)
		end, _ = other.space.Insert(right)
	})
	thread = m.give(other, victim.threads.self.Copy())
	m.handlers(handler, victim)
	m.finish()
}

// Replies with arrays of rights count for their rights, too.
func TestUnreadRights(t *testing.T) {
	m := unchecked(t)
	m.start("a", func(u *user) {
		const threads = 200
		for range threads - 1 {
			u.right(u.call(u.self(), mach.IDThreadCreate, nil))
		}
		size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), u.self(), u.port(), mach.IDTaskThreads, nil)
		n, code := uint64(0), mach.Success
		for ; code == mach.Success; n++ {
			code = u.msg(mach.OptSend, size, 0, 0)
		}
		u.want(code, mach.SendNoBuffer)
		if most := m.config.Limits.Buffers / (messageBytes + 16*threads); n > most {
			t.Errorf("%d replies with %d rights are unread, want at most %d", n, threads, most)
		}
	})
	m.finish()
}
