package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// FuzzMessage sends any bytes as messages of a task that has one name of each kind. Whatever they are: nothing panics, and the
// invariants hold. Where the message reached the port, it is received.
func FuzzMessage(f *testing.F) {
	seed := func(bits mach.HeaderBits, remote, local mach.Name, body func(w *mig.Writer)) {
		w := mig.NewWriter(make([]byte, 512))
		if body != nil {
			body(&w)
		}
		f.Add(w.SetHeader(bits, remote, local, 1), uint32(512), uint16(mach.OptRcv))
	}
	seed(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), 2, 1, nil)
	seed(mach.Bits(mach.MsgMoveSend, mach.MsgMoveSend), 2, 2, nil)
	seed(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, 2, 0, func(w *mig.Writer) {
		w.Port(mach.MsgMoveReceive, 1)
		w.Port(mach.MsgMoveSend, 2)
		w.Port(mach.MsgMoveSendOnce, 3)
		w.Port(mach.MsgCopySend, 4)
		w.Port(mach.MsgCopySend, 5)
		w.OutOfLine(mach.MsgByte, 8, 100, base+0x100, true)
		w.OutOfLine(mach.MsgMoveSend, 32, 2, base, true)
	})
	seed(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, 1, 0, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, 1) })
	seed(mach.Bits(mach.MsgMoveSendOnce, mach.MsgMakeSend), 3, 1, nil)
	seed(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), 6, 1, func(w *mig.Writer) { w.Int32(1) })
	f.Fuzz(func(t *testing.T, msg []byte, rcvSize uint32, option uint16) {
		w := newWorld(t)
		a, b := w.task(), w.task()
		a.receivePort() // 1
		port := b.receivePort()
		b.share(port, a)                    // 2
		_, _ = a.Insert(b.sendOnceTo(port)) // 3
		dead := b.receivePort()
		b.share(dead, a) // 4
		w.want(b.DestroyName(dead), mach.Success)
		_, _ = a.Allocate(mach.RightPortSet) // 5
		kp := w.sys.NewKernelPort(&echo{}, nil)
		_, _ = a.Insert(kp.MakeSend()) // 6
		copy(a.mem.bytes, msg)
		args := &MsgArgs{
			Addr:     base,
			Option:   mach.Option(option) | mach.OptSend | mach.OptSendTimeout | mach.OptRcvTimeout,
			SendSize: uint32(len(msg)),
			RcvSize:  rcvSize,
			RcvName:  1,
			Notify:   1,
		}
		if _, done := a.Msg(a.mem, a.thread, args); !done {
			t.Fatal("waits")
		}
		w.check()
		if _, ok := b.ReceiveStatus(port); ok == mach.Success {
			b.receive(port)
		}
		w.check()
		a.Destroy()
		w.check()
		b.Destroy()
		w.check()
		kp.Destroy()
		w.check()
		if s := w.sys.Stats(); s != (Stats{}) || w.live != 0 {
			t.Fatalf("%+v is left, and %d copies", s, w.live)
		}
	})
}
