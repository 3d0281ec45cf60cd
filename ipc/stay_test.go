package ipc

import (
	"testing"

	"defpager/board"
	"defpager/board/slab"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/frame"
)

// Out-of-line memory in messages to a space where it is to stay does: in those that were sent before, those of senders that wait, those that the kernel
// sends, and those of a port that comes to the space later. No other does.
func TestStayIn(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.task(), w.task(), w.task()
	send := func(to mach.Name) {
		t.Helper()
		w.want(a.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
			w.OutOfLine(mach.MsgByte, 8, 11, base+0x9000, false)
		}), mach.Success)
	}
	// stays receives a message.
	stays := func(u *task, port mach.Name, want bool) {
		t.Helper()
		_, r := u.mustReceive(port, 1)
		p, _ := r.OutOfLine(mach.MsgByte, 8)
		if got := u.mem.mapped[mach.VirtAddr(p)].stays; got != want {
			t.Fatalf("memory stays: %v", got)
		}
		w.check()
	}
	port, other := b.receivePort(), c.receivePort()
	to, there := b.share(port, a), c.share(other, a)
	send(to)
	stays(b, port, false)

	for range mach.QLimitDefault {
		send(to)
	}
	size := a.compose(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 11, base+0x9000, false)
	})
	if _, done := a.Msg(a.mem, a.thread, &MsgArgs{Addr: base, Option: mach.OptSend, SendSize: size}); done {
		t.Fatal("the sender does not wait")
	}
	b.StayIn()
	if !b.StaysIn() || c.StaysIn() {
		t.Fatal("memory stays in the wrong space")
	}
	for range mach.QLimitDefault + 1 {
		stays(b, port, true)
	}
	a.Resume(a.mem, a.thread)

	send(to)
	stays(b, port, true)
	send(there)
	stays(c, other, false)

	right, code := b.Extract(port, mach.MsgMakeSend)
	w.want(code, mach.Success)
	m := w.sys.NewMessage(right, Right{}, 1)
	body := m.Begin(16)
	body.OutOfLine(mach.MsgByte, 8, 11, m.PutMemory(b.mem.copied(make([]byte, 11))), false)
	m.Finish(&body)
	w.sys.Send(m)
	stays(b, port, true)

	send(there)
	right, code = c.Extract(other, mach.MsgMoveReceive)
	w.want(code, mach.Success)
	name, code := b.Insert(right)
	w.want(code, mach.Success)
	stays(b, name, true)
}

// Rights that are sent to such a space find names though all frames are taken, by frames that were set aside; others are not given those.
func TestStayInHasNames(t *testing.T) {
	const size = 64 * mach.PageSize
	mem := board.Simulated(size)
	frames := frame.New(mem, make([]frame.Desc, size>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: size - mach.PageSize}})
	aside, err := frames.Reserve(3)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.sys = New(Config{Slab: &slab.Source{Mem: mem, Frames: frames}, Spare: func() bool {
		if aside.Pages() == 0 {
			return false
		}
		aside.Shrink(1)
		return true
	}})
	a, b, c := w.task(), w.task(), w.task()
	b.StayIn()
	port, other := b.receivePort(), c.receivePort()
	to, there := b.share(port, a), c.share(other, a)
	carried := make([]mach.Name, 2*chunkSize)
	for i := range carried {
		carried[i] = a.receivePort()
	}
	for _, err = frames.Alloc(); err == nil; _, err = frames.Alloc() {
	}
	fits := func(u *task, to, port mach.Name) (n int) {
		for _, name := range carried {
			w.want(a.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) { w.Port(mach.MsgMakeSend, name) }), mach.Success)
			if _, _, code := u.receive(port); code == mach.Success {
				n++
			} else {
				w.want(code, mach.RcvBodyError|mach.MsgIPCSpace)
			}
		}
		w.check()
		return n
	}
	if n := fits(c, there, other); n >= chunkSize || aside.Pages() != 3 {
		t.Errorf("%d rights find names without a frame; %d are set aside", n, aside.Pages())
	}
	if n := fits(b, to, port); n != len(carried) {
		t.Errorf("%d rights find names, of %d", n, len(carried))
	}
}
