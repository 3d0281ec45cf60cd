package libmach

import (
	"defpager/ipc/mig"
	"defpager/mach"
)

// clientBuffer has room for the largest request and reply of the calls in this package, in bytes.
const clientBuffer = 4608

// Client makes calls: it owns a reply port and a buffer, both used again for each call. One goroutine uses it at a time;
// it allocates nothing after its creation.
type Client struct {
	// Timeout bounds each wait, for room in the server's queue and for its reply, in milliseconds; 0 waits for ever.
	Timeout uint32

	task  mach.Name // send right to the calling task; NameNull until the first call
	reply mach.Name // receive right; NameNull until the first call, and after an answer stayed away
	buf   Buffer
	w     mig.Writer // the request that is being written

	rpc func(buf Buffer, size int, reply mach.Name, option mach.Option, ms uint32) (Message, mach.Return) // RPC, but in tests
}

// NewClient makes a client. Its reply port is made by the first call.
func NewClient() *Client { return &Client{buf: NewBuffer(clientBuffer), rpc: RPC} }

// Close gives the reply port up. It asks for no reply: there is nowhere for it to go.
func (c *Client) Close() {
	if c.reply == mach.NameNull {
		return
	}
	c.Request().Name(c.reply)
	Send(c.w.SetHeader(mach.Bits(mach.MsgCopySend, 0), c.Task(), mach.NameNull, mach.IDPortDestroy), 0, 0)
	c.reply = mach.NameNull
}

// Sleep waits for ms milliseconds: it receives from the reply port, to which nobody has a right.
func (c *Client) Sleep(ms uint32) {
	if c.reply == mach.NameNull {
		c.reply = ReplyPort()
	}
	Receive(c.buf, c.reply, mach.OptRcvTimeout, ms)
}

// Task names the calling task's port, by a right that the client holds.
func (c *Client) Task() mach.Name {
	if c.task == mach.NameNull {
		c.task = TaskSelf()
	}
	return c.task
}

// Request begins a request: the caller writes its items.
func (c *Client) Request() *mig.Writer {
	c.w = mig.NewWriter(c.buf)
	return &c.w
}

// Call sends the request to a port and reads the reply up to its return code. The reader holds what follows the code.
func (c *Client) Call(to mach.Name, id mach.MsgID) (mig.Reader, mach.Return) {
	return c.callBits(to, id, 0)
}

// CallComplex is Call for a request that carries rights or out-of-line memory.
func (c *Client) CallComplex(to mach.Name, id mach.MsgID) (mig.Reader, mach.Return) {
	return c.callBits(to, id, mach.Complex)
}

func (c *Client) callBits(to mach.Name, id mach.MsgID, extra mach.HeaderBits) (mig.Reader, mach.Return) {
	if c.reply == mach.NameNull {
		c.reply = ReplyPort()
	}
	bits := mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce) | extra
	request := c.w.SetHeader(bits, to, c.reply, id)
	if request == nil {
		return mig.Reader{}, c.w.Err()
	}
	m, ret := c.exchange(len(request))
	if ret != mach.Success {
		return mig.Reader{}, ret
	}
	if m.ID() != id+mach.ReplyOffset {
		if m.ID() == mach.NotifySendOnce {
			return mig.Reader{}, mach.MIGServerDied
		}
		return mig.Reader{}, mach.MIGReplyMismatch
	}
	r := mig.NewReplyReader(m.Body)
	ret = r.RetCode()
	if r.Err() != mach.Success {
		return mig.Reader{}, r.Err()
	}
	return r, ret
}

// exchange sends the first size bytes of the buffer and waits for the answer. After a failed wait the reply port is given
// up, or a late answer would pass for the next call's.
func (c *Client) exchange(size int) (Message, mach.Return) {
	option := mach.Option(0)
	if c.Timeout != 0 {
		option = mach.OptSendTimeout | mach.OptRcvTimeout
	}
	m, ret := c.rpc(c.buf, size, c.reply, option, c.Timeout)
	if ret >= mach.RcvInProgress {
		c.Close()
	}
	return m, ret
}

// simple makes a call whose reply is a return code only.
func (c *Client) simple(to mach.Name, id mach.MsgID) mach.Return {
	r, ret := c.Call(to, id)
	return end(r, ret)
}

// end checks that nothing is left of a good reply.
func end(r mig.Reader, ret mach.Return) mach.Return {
	if ret != mach.Success {
		return ret
	}
	return r.End()
}
