package libmach

import (
	"defpager/ipc/mig"
	"defpager/mach"
)

// Buffer is memory for a message: it begins at a multiple of 8, as mach_msg demands.
type Buffer []byte

// NewBuffer makes a buffer of at least size bytes.
func NewBuffer(size int) Buffer { return bytesOf(make([]uint64, (size+7)/8)) }

// Send sends a message that lies in a Buffer, header and all. With OptSendTimeout in the options it waits at most ms
// milliseconds for room in the port's queue; without, until there is room.
func Send(msg []byte, option mach.Option, ms uint32) mach.Return {
	return Msg(Address(msg), option|mach.OptSend, uint32(len(msg)), 0, mach.NameNull, ms, mach.NameNull)
}

// Message is a received message. It is valid until its buffer is used again.
type Message struct {
	Header mach.Header
	Body   []byte // the items behind the header
}

// Reply names the right to answer with; Local is not the sender's any more but the port that the message came to.
func (m Message) Reply() mach.Name { return mach.Name(m.Header.Remote) }

// Port names the port that the message was sent to.
func (m Message) Port() mach.Name { return mach.Name(m.Header.Local) }

// ID is which routine the message asks for, or answers.
func (m Message) ID() mach.MsgID { return mach.MsgID(m.Header.ID) }

// Reader reads the items of a request.
func (m Message) Reader() mig.Reader {
	r := mig.NewReader(m.Body)
	r.Header(m.Header.Bits)
	return r
}

// Receive waits for a message to a port or port set. With OptRcvTimeout in the options it waits at most ms milliseconds.
//
// A message larger than buf is lost, unless OptRcvLarge is set: then it stays queued. With a code that is Partial there is a message, too.
func Receive(buf Buffer, from mach.Name, option mach.Option, ms uint32) (Message, mach.Return) {
	ret := Msg(Address(buf), option|mach.OptRcv, 0, uint32(len(buf)), from, ms, mach.NameNull)
	return received(buf, ret)
}

// Exchange is RPC without a look at the answer, which lies in buf when the result is Success.
func Exchange(buf Buffer, size int, reply mach.Name, option mach.Option, ms uint32) mach.Return {
	return exchange(buf, option|mach.OptSend|mach.OptRcv, uint32(size), reply, ms)
}

// RPC sends the first size bytes of buf and receives the answer from reply into the same buffer. Time limits count with
// OptSendTimeout and OptRcvTimeout and are one and the same.
func RPC(buf Buffer, size int, reply mach.Name, option mach.Option, ms uint32) (Message, mach.Return) {
	option |= mach.OptSend | mach.OptRcv
	ret := Msg(Address(buf), option, uint32(size), uint32(len(buf)), reply, ms, mach.NameNull)
	return received(buf, ret)
}

func received(buf Buffer, ret mach.Return) (Message, mach.Return) {
	if ret != mach.Success && !Partial(ret) {
		return Message{}, ret
	}
	h := mig.GetHeader(buf)
	if h.Size < mach.HeaderSize || uint64(h.Size) > uint64(len(buf)) {
		return Message{}, mach.RcvInvalidData
	}
	if ret&^partly == mach.RcvHeaderError {
		return Message{Header: h}, ret
	}
	return Message{Header: h, Body: buf[mach.HeaderSize:h.Size]}, ret
}

// partly is the bits of a code that say why not all was received.
const partly = mach.MsgIPCSpace | mach.MsgVMSpace | mach.MsgIPCKernel | mach.MsgVMKernel

// Partial reports whether a message was received, but not all that it brought, for want of room: null stands in the place of a right or memory that is lost, and of
// the right to reply, with which the whole body is. The message has had its number and is to be carried out or destroyed like others.
func Partial(ret mach.Return) bool {
	return ret&^partly == mach.RcvHeaderError || ret&^partly == mach.RcvBodyError
}

// Reply sends the answer to m that was written with w, return code first. Extra is mach.Complex if it carries rights or
// out-of-line memory, else 0. A request that wants no answer gets none.
func Reply(w *mig.Writer, m Message, extra mach.HeaderBits) mach.Return {
	if m.Reply() == mach.NameNull {
		return mach.Success
	}
	msg := w.SetHeader(mach.Bits(m.Header.Bits.Remote(), 0)|extra, m.Reply(), mach.NameNull, m.ID()+mach.ReplyOffset)
	if msg == nil {
		return w.Err()
	}
	return Send(msg, 0, 0)
}

// Answer sends a reply that is a return code only. To an exception, Success lets the thread go on; after any other code the
// next exception port, and at last the kernel, decides.
func Answer(buf Buffer, m Message, code mach.Return) mach.Return {
	w := mig.NewWriter(buf)
	w.RetCode(code)
	return Reply(&w, m, 0)
}
