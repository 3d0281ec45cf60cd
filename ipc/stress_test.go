package ipc

import (
	"testing"

	"pgregory.net/rapid"

	"defpager/ipc/mig"
	"defpager/mach"
)

// crowd is some tasks with some threads each, which may wait. Only the invariants are checked, and that who waits is woken.
type crowd struct {
	*world
	tasks   []*task
	threads [][]*Waiter // of each task
	out     map[*Waiter]bool
}

// drain takes note of who was woken.
func (c *crowd) drain(t *rapid.T) {
	for _, w := range c.woken {
		if !c.out[w] || w.Waiting() {
			t.Fatal("woken, but it does not wait or waits on")
		}
	}
	c.woken = c.woken[:0]
}

func (c *crowd) thread(t *rapid.T) (*task, *Waiter) {
	i := rapid.IntRange(0, len(c.tasks)-1).Draw(t, "task")
	return c.tasks[i], rapid.SampledFrom(c.threads[i]).Draw(t, "thread")
}

// after takes note of the result of Msg or Resume.
func (c *crowd) after(t *rapid.T, w *Waiter, done bool) {
	c.out[w] = !done
	if done == w.Waiting() {
		t.Fatal("done and waiting")
	}
	if to := w.HandOff(); to != nil && (!c.out[to] || to.Waiting()) {
		t.Fatal("handed off to a thread that does not wait or waits on")
	}
}

func (c *crowd) msg(t *rapid.T) {
	u, w := c.thread(t)
	if c.out[w] {
		if !w.Waiting() {
			_, done := u.Resume(u.mem, w)
			c.after(t, w, done)
		}
		return
	}
	n := rapid.IntRange(0, 2).Draw(t, "rights")
	bits := mach.Bits(rapid.SampledFrom([]mach.MsgType{mach.MsgCopySend, mach.MsgMakeSend, mach.MsgMoveSendOnce, mach.MsgMoveSend}).Draw(t, "dest"), 0)
	if n > 0 {
		bits |= mach.Complex
	}
	size := u.compose(bits, name(t, "dest"), 0, 1, func(w *mig.Writer) {
		for range n {
			w.Port(rapid.SampledFrom(dispositions).Draw(t, "kind"), name(t, "right"))
		}
	})
	args := &MsgArgs{
		Addr:     base,
		Option:   rapid.SampledFrom([]mach.Option{mach.OptSend, mach.OptRcv, mach.OptSend | mach.OptRcv}).Draw(t, "option"),
		SendSize: size,
		RcvSize:  rapid.SampledFrom([]uint32{0x1000, 0x1000, 40}).Draw(t, "room"),
		RcvName:  name(t, "port"),
		Notify:   name(t, "notify"),
	}
	if rapid.Bool().Draw(t, "timeout") {
		args.Option |= mach.OptSendTimeout
		args.Timeout = rapid.Uint32Range(0, 1).Draw(t, "ms")
	}
	for _, o := range []mach.Option{mach.OptSendNotify, mach.OptRcvNotify, mach.OptRcvLarge} {
		if rapid.IntRange(0, 3).Draw(t, "more") == 0 {
			args.Option |= o
		}
	}
	_, done := u.Msg(u.mem, w, args)
	c.after(t, w, done)
}

func (c *crowd) end(t *rapid.T) {
	u, w := c.thread(t)
	if !c.out[w] {
		return
	}
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		w.Expire()
	case 1:
		w.Interrupt()
	case 2:
		w.Cancel()
		c.out[w] = false
		return
	}
	_, done := u.Resume(u.mem, w)
	c.after(t, w, done)
}

func (c *crowd) names(t *rapid.T) {
	u, _ := c.thread(t)
	a, b := name(t, "a"), name(t, "b")
	switch rapid.IntRange(0, 11).Draw(t, "operation") {
	case 0, 1, 2:
		if u.Len() < 9 {
			_, _ = u.Allocate(mach.RightReceive)
		}
	case 3:
		if u.Len() < 9 {
			_, _ = u.Allocate(mach.RightPortSet)
		}
	case 4, 5:
		u.MoveMember(a, b)
	case 6:
		u.Rename(a, b)
	case 7:
		u.SetQLimit(a, rapid.Uint32Range(0, 3).Draw(t, "limit"))
	case 8:
		u.DestroyName(a)
	case 9:
		u.ModRefs(a, mach.Right(rapid.Uint32Range(0, 4).Draw(t, "right")), rapid.Int32Range(-1, 1).Draw(t, "delta"))
	case 10:
		to, _ := c.thread(t)
		if r, code := u.Extract(a, rapid.SampledFrom(dispositions).Draw(t, "disposition")); code == mach.Success {
			if to.InsertName(b, r) != mach.Success {
				_, _ = to.Insert(r)
			}
		}
	case 11:
		r, code := u.Extract(b, mach.MsgMakeSendOnce)
		if code != mach.Success {
			return
		}
		id := rapid.SampledFrom([]mach.MsgID{mach.NotifyPortDestroyed, mach.NotifyDeadName, mach.NotifyNoSenders}).Draw(t, "id")
		previous, code := u.RequestNotification(a, id, 0, r)
		if code != mach.Success {
			r.Release()
		}
		previous.Release()
	}
}

func (c *crowd) invariants(t *rapid.T) {
	c.drain(t)
	c.sys.Settle()
	if err := c.sys.Check(c.spaces, nil); err != nil {
		t.Fatal(err)
	}
}

func TestCrowd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := &crowd{world: newWorld(rt), out: map[*Waiter]bool{}}
		for range 2 {
			u := c.task()
			c.tasks = append(c.tasks, u)
			c.threads = append(c.threads, []*Waiter{u.mem.waiter(), u.mem.waiter(), u.mem.waiter()})
			set, _ := u.Allocate(mach.RightPortSet)
			member := u.receivePort()
			u.MoveMember(member, set)
			u.share(u.receivePort(), c.tasks[0])
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":      c.invariants,
			"msg":   c.msg,
			"msg 2": c.msg,
			"msg 3": c.msg,
			"end":   c.end,
			"names": c.names,
		})
		for i, u := range c.tasks {
			for _, w := range c.threads[i] {
				w.Cancel()
			}
			u.Destroy()
			c.invariants(rt)
		}
		if s := c.sys.Stats(); s != (Stats{}) {
			rt.Fatalf("%+v is left", s)
		}
	})
}
