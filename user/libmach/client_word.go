package libmach

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Most replies are a return code, or that and one word. These are read as MIG's C stubs do it: their size and descriptors are compared with what
// they must be. Whatever else came is left to mig.Reader, which says what is wrong with it.

// Descriptors of one word.
const (
	oneInteger32 = mach.Type(mach.MsgInteger32) | 32<<8 | mach.TypeInline | 1<<32
	oneInteger64 = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | 1<<32
	oneBoolean   = mach.Type(mach.MsgBoolean) | 32<<8 | mach.TypeInline | 1<<32
	oneName      = mach.Type(mach.MsgPortName) | 32<<8 | mach.TypeInline | 1<<32
	oneOfRight   = mach.Type(0) | 64<<8 | mach.TypeInline | 1<<32 // and the disposition
	oneRight     = mach.Type(mach.MsgPortSend) | oneOfRight
)

// Sizes of replies, in bytes.
const (
	sizeCode = mach.HeaderSize + 16
	sizeWord = sizeCode + 16
)

// putWord writes an item of one word, 16 bytes, for requests of many.
func putWord(b []byte, t mach.Type, v uint64) {
	binary.LittleEndian.PutUint64(b, uint64(t))
	binary.LittleEndian.PutUint64(b[8:], v)
}

// exchange sends the request that was written with Request and receives its reply, which is left in the buffer.
func (c *Client) exchange(to mach.Name, id mach.MsgID, bits mach.HeaderBits) mach.Return {
	size := c.w.Len()
	if size == 0 || c.reply == mach.NameNull || c.Timeout != 0 {
		_, ret := c.Exchange(mig.Call{To: to, ID: id, Bits: bits})
		return ret
	}
	h := c.words()
	h[0] = uint64(bits) | uint64(size)<<32
	h[1] = uint64(to)
	h[2] = uint64(c.reply)
	h[3] = uint64(id) << 32
	ret := mach.Success
	if c.rpc == nil {
		ret = c.trap(uint32(size))
	} else {
		ret = c.rpc(c.buf, mach.OptSend|mach.OptRcv, uint32(size), c.reply, 0)
	}
	if ret != mach.Success {
		return c.failed(ret, true)
	}
	if mach.MsgID(h[3]>>32) != id+mach.ReplyOffset {
		return c.mismatch()
	}
	return mach.Success
}

// simple makes a call whose reply is a return code only.
func (c *Client) simple(to mach.Name, id mach.MsgID) mach.Return {
	if ret := c.exchange(to, id, callBits); ret != mach.Success {
		return ret
	}
	if h := c.words(); h[0]>>32 == sizeCode && h[4] == uint64(oneInteger32) {
		return mach.Return(h[5])
	}
	r, ret := mig.Reply(c.buf)
	return end(r, ret)
}

// word makes a call whose reply is a return code and one word with the descriptor want.
func (c *Client) word(to mach.Name, id mach.MsgID, bits mach.HeaderBits, want mach.Type) (uint64, mach.Return) {
	if ret := c.exchange(to, id, bits); ret != mach.Success {
		return 0, ret
	}
	if h := c.words(); h[0]>>32 == sizeWord && h[4] == uint64(oneInteger32) && uint32(h[5]) == 0 && h[6] == uint64(want) {
		return h[7], mach.Success
	}
	r, ret := mig.Reply(c.buf)
	if ret != mach.Success {
		return 0, ret
	}
	v := r.Word(want)
	return v, r.End()
}
