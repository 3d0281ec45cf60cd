package kern

import (
	"testing"

	"defpager/mach"
)

// Two threads that call each other all the time do so in one turn: when it is over, another thread runs.
func TestCallsDoNotKeepTheProcessor(t *testing.T) {
	var receive, send mach.Name
	m := newMachine(t)
	done, calls := false, 0
	server := m.start("server", func(u *user) {
		u.want(u.msg(mach.OptRcv, 0, receive, 0), mach.Success)
		for h := u.header(); h.ID == 0; h = u.header() {
			u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgMoveSendOnce, 0), Remote: h.Remote})
			u.want(u.msg(mach.OptSend|mach.OptRcv, mach.HeaderSize, receive, 0), mach.Success)
		}
	})
	client := m.start("client", func(u *user) {
		u.reply = u.port()
		for ; !done && calls < 100*quantum; calls++ {
			u.Loop()
			u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), Remote: uint64(send), Local: uint64(u.reply)})
			u.want(u.msg(mach.OptSend|mach.OptRcv, mach.HeaderSize, u.reply, 0), mach.Success)
		}
		u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(send), ID: 1})
		u.want(u.msg(mach.OptSend, mach.HeaderSize, 0, 0), mach.Success)
	})
	m.start("other", func(u *user) {
		for range 10 {
			u.Loop()
		}
		done = true
	})
	receive, send = m.share(server, client)
	m.finish()
	if calls > 10*quantum {
		t.Errorf("the other thread had waited for %d interrupts when it had done its work of 10", calls)
	}
}
