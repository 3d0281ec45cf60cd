package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// A task cannot make the kernel hold more than the limits say, by whatever way.
func TestLimits(t *testing.T) {
	small := func(t *testing.T) (*world, *task) {
		w := newWorld(t)
		w.sys = New(Config{MaxPorts: 100, MaxNames: 256, MaxBuffers: 64 << 10, MaxMessage: 4096})
		return w, w.task()
	}
	t.Run("send-once rights", func(t *testing.T) {
		w, u := small(t)
		p := u.receivePort()
		code := mach.Success
		for range 1000 { // each leaves a notification on the port
			if code = u.send(mach.Bits(mach.MsgMakeSendOnce, 0)|mach.Complex, p, 0, 1, func(w *mig.Writer) {
				w.Port(mach.MsgMakeSendOnce, p)
			}); code != mach.Success {
				break
			}
		}
		w.want(code, mach.SendNoBuffer)
		for code = mach.Success; code == mach.Success; {
			var r Right
			r, code = u.Extract(p, mach.MsgMakeSendOnce)
			r.Release() // leaves a notification too
		}
		w.want(code, mach.ResourceShortage)
		u.Destroy()
		if w.check(); w.sys.Stats() != (Stats{}) {
			t.Fatalf("%+v is left", w.sys.Stats())
		}
	})
	t.Run("ports", func(t *testing.T) {
		w, u := small(t)
		for range 100 {
			u.receivePort()
		}
		_, code := u.Allocate(mach.RightReceive)
		w.want(code, mach.ResourceShortage)
		_, code = u.Allocate(mach.RightPortSet)
		w.want(code, mach.ResourceShortage)
		w.check()
	})
	t.Run("names", func(t *testing.T) {
		w, u := small(t)
		for i := range 256 / chunkSize {
			w.want(u.AllocateName(mach.RightDeadName, mach.Name(1+i*1000)), mach.Success)
		}
		w.want(u.AllocateName(mach.RightDeadName, 1<<30), mach.ResourceShortage)
		for range chunkSize - 2 {
			_, code := u.Allocate(mach.RightDeadName)
			w.want(code, mach.Success)
		}
		_, code := u.Allocate(mach.RightDeadName)
		w.want(code, mach.ResourceShortage)
		w.check()
	})
	t.Run("message", func(t *testing.T) {
		w, u := small(t)
		p := u.receivePort()
		w.want(u.send(mach.Bits(mach.MsgMakeSend, 0), p, 0, 1, func(w *mig.Writer) { w.Space(mach.MsgByte, 8, 5000) }), mach.SendNoBuffer)
		w.check()
	})
	t.Run("no room for a right", func(t *testing.T) {
		w, u := small(t)
		other := w.task()
		p, q := u.receivePort(), other.receivePort()
		other.share(q, u)
		for range 300 {
			if _, code := u.Allocate(mach.RightDeadName); code != mach.Success {
				break
			}
		}
		to := u.share(p, other)
		w.want(other.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, q, 1, nil), mach.Success)
		_, _, code := u.receive(p)
		w.want(code, mach.RcvHeaderError|mach.MsgIPCSpace)
		other.mustReceive(q, mach.NotifySendOnce)
		w.want(other.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, 0, 1, func(w *mig.Writer) {
			w.Port(mach.MsgMakeSendOnce, q)
			w.Port(mach.MsgCopySend, to)
		}), mach.Success)
		_, r, code := u.receive(p)
		w.want(code, mach.RcvBodyError|mach.MsgIPCSpace)
		if r.Port(mach.MsgPortSendOnce) != mach.NameNull || r.Port(mach.MsgPortSend) != p {
			t.Fatal("not what there was room for")
		}
		w.check()
	})
	t.Run("references", func(t *testing.T) {
		w, u := small(t)
		other := w.task()
		to := other.share(other.receivePort(), u)
		w.want(u.ModRefs(to, mach.RightSend, maxRefs-1), mach.Success)
		w.want(u.ModRefs(to, mach.RightSend, 1), mach.UrefsOverflow)
		r, _ := u.LookupSend(to)
		w.want(u.InsertName(to, r), mach.UrefsOverflow)
		got, code := u.Insert(r)
		w.want(code, mach.Success)
		u.wantRefs(got, mach.RightSend, maxRefs)
		w.check()
	})
}

// A task that takes all ports and names it can get leaves half of them, the next one half of that, and so on.
func TestShares(t *testing.T) {
	w := newWorld(t)
	w.sys = New(Config{MaxPorts: 8192, MaxNames: 64 << 10})
	flood := func(right mach.Right, from, to int) {
		t.Helper()
		u, n := w.task(), 0
		for code := mach.Success; code == mach.Success; n++ {
			_, code = u.Allocate(right)
		}
		if n < from || n > to {
			t.Errorf("%d, want %d to %d", n, from, to)
		}
	}
	flood(mach.RightReceive, 4096-256, 4097)
	flood(mach.RightReceive, 2048-256, 2049)
	flood(mach.RightReceive, 1024-256, 1025)
	flood(mach.RightDeadName, 28<<10-128, 30<<10)
	flood(mach.RightDeadName, 14<<10-128, 15<<10)
}

// A task that fills its share of messages, whatever with, leaves others theirs; and all of them together leave the kernel's own requests to tasks room.
func TestMessageShares(t *testing.T) {
	const all = 4 << 20
	nothing := func(u *task) func() mach.Return {
		return func() mach.Return { return u.send(mach.Bits(mach.MsgMakeSend, 0), u.receivePort(), 0, 1, nil) }
	}
	for _, c := range []struct {
		name  string
		flood func(u *task) func() mach.Return // one more
	}{
		{"messages", nothing},
		{"large messages", func(u *task) func() mach.Return {
			return func() mach.Return {
				return u.send(mach.Bits(mach.MsgMakeSend, 0), u.receivePort(), 0, 1, func(w *mig.Writer) { w.Space(mach.MsgByte, 8, 3000) })
			}
		}},
		{"rights", func(u *task) func() mach.Return {
			return func() mach.Return {
				p := u.receivePort()
				return u.send(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, p, 0, 1, func(w *mig.Writer) {
					for range 40 {
						w.Port(mach.MsgMakeSend, p)
					}
				})
			}
		}},
		{"send-once rights", func(u *task) func() mach.Return {
			p := u.receivePort()
			return func() mach.Return {
				r, code := u.Extract(p, mach.MsgMakeSendOnce)
				if code == mach.Success {
					_, code = u.Insert(r)
				}
				return code
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.sys = New(Config{MaxBuffers: all})
			innocent, manager, pager := w.task(), w.task(), w.task()
			pager.StayIn()
			asked := manager.Lookup(manager.receivePort())
			var floods []*task
			last := uint64(all)
			for i := range 12 {
				u := w.task()
				floods = append(floods, u)
				one, n := c.flood(u), 0
				for code := mach.Success; ; n++ {
					if code = one(); code == mach.Success {
						continue
					}
					if code != mach.SendNoBuffer && code != mach.ResourceShortage {
						t.Fatalf("%v after %d", code, n)
					}
					break
				}
				own := u.held + u.promised*overhead
				if own > last || i < 3 && own > last/4+8*overhead && last != all || last == all && own > all/4*3 {
					t.Errorf("flood %d has %d bytes of messages, the one before %d", i, own, last)
				}
				last = own
				if i < 3 {
					w.want(nothing(innocent)(), mach.Success)
				}
				if !w.sys.Room(Right{asked, mach.MsgPortSend}) {
					t.Errorf("after flood %d the kernel may ask nobody", i)
				}
				w.want(nothing(pager)(), mach.Success) // a default memory manager may answer
				w.check()
			}
			// One who does not read what the kernel asks of him harms himself.
			n := 0
			for ; w.sys.Room(Right{asked, mach.MsgPortSend}); n++ {
				w.sys.Send(w.sys.NewMessage(asked.MakeSend(), Right{}, 5))
			}
			other := w.task()
			its := other.Lookup(other.receivePort())
			if n < all/smallPart/overhead-2 || !w.sys.Room(Right{its, mach.MsgPortSend}) {
				t.Errorf("%d requests are unread, and others may not be asked", n)
			}
			w.check()
			for _, u := range append(floods, innocent, manager, pager, other) {
				u.Destroy()
			}
			w.check()
			if s := w.sys.Stats(); s != (Stats{}) {
				t.Fatalf("%+v is left", s)
			}
		})
	}
}
