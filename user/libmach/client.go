package libmach

import (
	"defpager/ipc/mig"
	"defpager/mach"
)

// clientBuffer has room for the largest request and reply of the calls in this package, in bytes.
const clientBuffer = 4608

// callBits are the header's of a call: the right to the server stays, one to reply goes along.
const callBits = mach.HeaderBits(mach.MsgCopySend) | mach.HeaderBits(mach.MsgMakeSendOnce)<<8

// Client makes calls: it owns a reply port and a buffer, both used again for each call. One goroutine uses it at a time;
// it allocates nothing after its creation.
type Client struct {
	// Timeout bounds each wait, for room in the server's queue and for its reply, in milliseconds; 0 waits for ever.
	Timeout uint32

	task  mach.Name // send right to the calling task; NameNull until the first call
	reply mach.Name // receive right; NameNull until the first call, and after an answer stayed away
	buf   Buffer
	w     mig.Writer // the request that is being written

	rpc func(buf Buffer, option mach.Option, size uint32, reply mach.Name, ms uint32) mach.Return // in tests, in place of the trap
}

// NewClient makes a client. Its reply port is made by the first call.
func NewClient() *Client {
	c := &Client{buf: NewBuffer(clientBuffer)}
	c.w = mig.NewWriter(c.buf)
	return c
}

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
	c.w.Reset()
	return &c.w
}

// Call sends the request to a port and reads the reply up to its return code. The reader holds what follows the code.
func (c *Client) Call(to mach.Name, id mach.MsgID) (mig.Reader, mach.Return) {
	return c.Exchange(mig.Call{To: to, ID: id, Bits: callBits})
}

// CallComplex is Call for a request that carries rights or out-of-line memory.
func (c *Client) CallComplex(to mach.Name, id mach.MsgID) (mig.Reader, mach.Return) {
	return c.Exchange(mig.Call{To: to, ID: id, Bits: callBits | mach.Complex})
}

// Exchange implements mig.Caller. After a failed wait the client's reply port is given up, or a late answer would pass for the next
// call's.
func (c *Client) Exchange(call mig.Call) (mig.Reader, mach.Return) {
	reply := call.Reply
	if reply == mach.NameNull {
		if c.reply == mach.NameNull {
			c.reply = ReplyPort()
		}
		reply = c.reply
	}
	size := c.head(&call, reply)
	if size == 0 {
		return mig.Reader{}, c.w.Err()
	}
	option, ms := call.Option|mach.OptSend|mach.OptRcv, call.Timeout
	if ms == 0 && c.Timeout != 0 {
		option, ms = option|mach.OptSendTimeout|mach.OptRcvTimeout, c.Timeout
	}
	if ret := c.carry(option, size, reply, ms); ret != mach.Success {
		return mig.Reader{}, c.failed(ret, call.Reply == mach.NameNull)
	}
	if h := c.words(); mach.MsgID(h[3]>>32) != call.ID+mach.ReplyOffset {
		return mig.Reader{}, c.mismatch()
	}
	return mig.Reply(c.buf)
}

// failed gives the client's own reply port up if it was used and a reply may still come to it. It returns ret.
func (c *Client) failed(ret mach.Return, own bool) mach.Return {
	if ret >= mach.RcvInProgress && own {
		c.Close()
	}
	return ret
}

// mismatch is the error that a reply with the id of another one means.
func (c *Client) mismatch() mach.Return {
	if mach.MsgID(c.words()[3]>>32) == mach.NotifySendOnce {
		return mach.MIGServerDied
	}
	return mach.MIGReplyMismatch
}

// Post implements mig.Caller.
func (c *Client) Post(call mig.Call) mach.Return {
	size := c.head(&call, call.Reply)
	if size == 0 {
		return c.w.Err()
	}
	return c.carry(call.Option|mach.OptSend, size, mach.NameNull, call.Timeout)
}

// carry is the trap.
func (c *Client) carry(option mach.Option, size uint32, reply mach.Name, ms uint32) mach.Return {
	if c.rpc != nil {
		return c.rpc(c.buf, option, size, reply, ms)
	}
	return exchange(c.buf, option, size, reply, ms)
}

// head fills in the request's header and answers its size, 0 when it did not fit.
func (c *Client) head(call *mig.Call, reply mach.Name) uint32 {
	if c.w.Err() != mach.Success {
		return 0
	}
	bits, size := call.Bits, uint32(c.w.Len())
	if call.As != 0 {
		bits = bits&^0xff00 | mach.HeaderBits(call.As)<<8
	}
	h := c.words()
	h[0] = uint64(bits) | uint64(size)<<32
	h[1] = uint64(call.To)
	h[2] = uint64(reply)
	h[3] = uint64(call.ID) << 32
	return size
}

// end checks that nothing is left of a good reply.
func end(r mig.Reader, ret mach.Return) mach.Return {
	if ret != mach.Success {
		return ret
	}
	return r.End()
}
