package mig

import "defpager/mach"

// Call says where a request goes and how.
type Call struct {
	To      mach.Name
	ID      mach.MsgID
	Bits    mach.HeaderBits // the disposition of To, and Complex
	Reply   mach.Name       // reply port; NameNull: the caller's own
	As      mach.MsgType    // disposition of Reply; 0: make-send-once
	Option  mach.Option     // options beside send and receive
	Timeout uint32          // milliseconds, with OptRcvTimeout
}

// Caller carries requests to servers for the client functions that mig generates.
type Caller interface {
	// Request begins a request: the caller writes its items.
	Request() *Writer
	// Exchange sends the request and reads the reply up to its return code; the reader holds what follows the code.
	Exchange(c Call) (Reader, mach.Return)
	// Post sends a request that has no reply.
	Post(c Call) mach.Return
}

// Request is a request as a server's demultiplexer got it.
type Request struct {
	Header mach.Header
	Body   []byte
}

// Open takes a received message apart. It reports whether it is long enough to be one.
func Open(msg []byte) (Request, bool) {
	if len(msg) < mach.HeaderSize {
		return Request{}, false
	}
	return Request{Header: GetHeader(msg), Body: msg[mach.HeaderSize:]}, true
}

// Reader reads the request's body.
func (q *Request) Reader() Reader {
	r := NewReader(q.Body)
	r.Header(q.Header.Bits)
	return r
}

// Port is the name of the port that the request came to, or its protected payload.
func (q *Request) Port() mach.Name { return mach.Name(q.Header.Local) }

// ReplyPort is the right to reply with, and its type.
func (q *Request) ReplyPort() (mach.Name, mach.MsgType) {
	return mach.Name(q.Header.Remote), q.Header.Bits.Remote()
}

// Begin begins the reply to q in w, with room for the header and the code.
func (q *Request) Begin(buf []byte) Writer {
	w := NewWriter(buf)
	w.RetCode(mach.Success)
	return w
}

// Finish ends a server's reply in buf: with the items that w has behind the code, or with code alone when it is not Success. The result
// is the reply, nil when there is to be none: the request named no reply port, or code is MIGNoReply.
func (q *Request) Finish(buf []byte, w *Writer, bits mach.HeaderBits, code mach.Return) []byte {
	name, as := q.ReplyPort()
	if code == mach.MIGNoReply || as == 0 {
		return nil
	}
	if w.err != mach.Success && code == mach.Success {
		code = w.err
	}
	if code != mach.Success {
		*w = NewWriter(buf)
		w.RetCode(code)
		bits = 0
	}
	return w.SetHeader(mach.Bits(as, 0)|bits, name, mach.NameNull, mach.MsgID(q.Header.ID)+mach.ReplyOffset)
}
