package ipc

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// scene is a client with a port in a kernel server and one in another task, which waits.
type scene struct {
	*world
	client, server *task
	kernel, remote mach.Name // the client's names
	port, reply    mach.Name
	call           MsgArgs
	serve          MsgArgs
}

func newScene(tb testing.TB) *scene {
	w := newWorld(tb)
	w.sys.config.Wake = func(*Waiter) {}
	c := &scene{world: w, client: w.task(), server: w.task()}
	kp := w.sys.NewKernelPort(&echo{}, nil)
	c.kernel, _ = c.client.Insert(kp.MakeSend())
	c.port = c.server.receivePort()
	c.remote = c.server.share(c.port, c.client)
	c.reply = c.client.receivePort()
	c.call = MsgArgs{Addr: base, Option: mach.OptSend | mach.OptRcv, SendSize: 48, RcvSize: 256, RcvName: c.reply}
	c.serve = MsgArgs{Addr: base, Option: mach.OptSend | mach.OptRcv, SendSize: 48, RcvSize: 256, RcvName: c.port}
	return c
}

func (c *scene) request(to mach.Name) {
	w := mig.NewWriter(c.client.mem.bytes[:256])
	w.Int32(1)
	w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, c.reply, 500)
}

// callKernel is an RPC to the kernel.
func (c *scene) callKernel() {
	c.request(c.kernel)
	if code, done := c.client.Msg(c.client.mem, c.client.thread, &c.call); code != mach.Success || !done {
		c.t.Fatal("the call failed")
	}
	c.sys.Settle()
}

// start makes the server wait for its first request.
func (c *scene) start() {
	args := c.serve
	args.Option = mach.OptRcv
	if _, done := c.server.Msg(c.server.mem, c.server.thread, &args); done {
		c.t.Fatal("the server does not wait")
	}
}

// callServer is an RPC to the other task, which waits for the next request afterwards.
func (c *scene) callServer() {
	c.request(c.remote)
	if _, done := c.client.Msg(c.client.mem, c.client.thread, &c.call); done || c.client.thread.HandOff() != c.server.thread {
		c.t.Fatal("no hand-off to the server")
	}
	if code, done := c.server.Resume(c.server.mem, c.server.thread); code != mach.Success || !done {
		c.t.Fatal("the server got nothing")
	}
	h := mig.GetHeader(c.server.mem.bytes)
	w := mig.NewWriter(c.server.mem.bytes[:256])
	w.RetCode(mach.Success)
	w.SetHeader(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 600)
	if _, done := c.server.Msg(c.server.mem, c.server.thread, &c.serve); done || c.server.thread.HandOff() != c.client.thread {
		c.t.Fatal("no hand-off to the client")
	}
	if code, done := c.client.Resume(c.client.mem, c.client.thread); code != mach.Success || !done {
		c.t.Fatal("the client got nothing")
	}
}

// sendAndReceive queues messages with rights and takes them again.
func (c *scene) sendAndReceive() {
	u := c.client
	send := MsgArgs{Addr: base, Option: mach.OptSend, SendSize: 48}
	rcv := MsgArgs{Addr: base, Option: mach.OptRcv, RcvSize: 256, RcvName: c.reply}
	for range 3 {
		w := mig.NewWriter(u.mem.bytes[:256])
		w.Port(mach.MsgCopySend, c.remote)
		w.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, c.reply, 0, 1)
		if code, _ := u.Msg(u.mem, u.thread, &send); code != mach.Success {
			c.t.Fatal("the send failed")
		}
	}
	for range 3 {
		if code, _ := u.Msg(u.mem, u.thread, &rcv); code != mach.Success {
			c.t.Fatal("the receive failed")
		}
		if u.Deallocate(c.remote) != mach.Success {
			c.t.Fatal("no right came along")
		}
	}
}

// In steady state nothing is allocated.
func TestNoAllocation(t *testing.T) {
	c := newScene(t)
	c.start()
	for name, f := range map[string]func(){
		"call to the kernel": c.callKernel,
		"call to a task":     c.callServer,
		"queued messages":    c.sendAndReceive,
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	c.check()
}

func BenchmarkCallKernel(b *testing.B) {
	c := newScene(b)
	for b.Loop() {
		c.callKernel()
	}
}

func BenchmarkCallServer(b *testing.B) {
	c := newScene(b)
	c.start()
	for b.Loop() {
		c.callServer()
	}
}
