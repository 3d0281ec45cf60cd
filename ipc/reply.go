package ipc

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/mach"
)

// resultSize is the size of the result that a reply begins with, descriptor included, in bytes.
const resultSize = 16

// Begin starts writing a body of at most size bytes. What the body held and carried is gone.
func (m *Message) Begin(size int) mig.Writer {
	m.empty()
	m.resize(mach.HeaderSize + uint32(size))
	return mig.NewWriter(m.buf[:m.size])
}

// Finish ends what Begin began; a message that did not fit becomes an error reply.
func (m *Message) Finish(w *mig.Writer) {
	if w.Err() != mach.Success {
		m.writeResult(w.Err())
		return
	}
	m.size = uint32(w.Len())
}

// writeResult makes a result the whole of the body.
func (m *Message) writeResult(code mach.Return) {
	w := m.Begin(resultSize)
	w.RetCode(code)
	m.size = uint32(w.Len())
}

// turn makes a request a reply without a body yet.
func (m *Message) turn() {
	request := m.dest
	m.dest = m.reply
	m.reply = Right{}
	m.replyType = 0
	m.id += mach.ReplyOffset
	if request.Port != nil {
		request.consume()
	}
}

// BeginReply turns a request around: it goes to its reply right, with the id of a reply, and w already holds the result
// Success. The body is written to w, at most size bytes behind the result; what the request still held is gone.
func (m *Message) BeginReply(size int) mig.Writer {
	m.turn()
	w := m.Begin(resultSize + size)
	w.RetCode(mach.Success)
	return w
}

// FinishReply ends what BeginReply began and returns m for Serve to return, or nil if the request had no reply right.
func (m *Message) FinishReply(w *mig.Writer) *Message {
	m.Finish(w)
	if m.dest.Port == nil {
		m.Free()
		return nil
	}
	return m
}

// ReplyCode turns a request into the reply that carries a result only, Success or an error, and returns it for Serve to
// return, or nil if the request had no reply right. For MIGNoReply it destroys the message and returns nil.
func (m *Message) ReplyCode(code mach.Return) *Message {
	if code == mach.MIGNoReply || m.reply.Port == nil {
		// The right that brought m here is used up. Free alone would say that nobody ever used a send-once right: a notification to
		// this server, which it would free, and so on without end.
		request := m.dest
		m.dest = Right{}
		m.Free()
		if request.Port != nil {
			request.consume()
		}
		return nil
	}
	m.turn()
	m.writeResult(code)
	return m
}

// ReplyRecord is the reply that carries the first numbers of a record, as many as the caller has room for, and returns it for Serve to return.
// InvalidArgument: room for none.
func (m *Message) ReplyRecord(record []*uint64, room uint32) *Message {
	record = record[:min(len(record), int(room))]
	if len(record) == 0 {
		return m.ReplyCode(mach.InvalidArgument)
	}
	w := m.BeginReply(8 + 8*len(record))
	b := w.Inline(mach.InlineType(mach.MsgInteger64, 64, uint32(len(record))))
	for i, v := range record {
		binary.LittleEndian.PutUint64(b[8*i:], *v)
	}
	return m.FinishReply(&w)
}

// Answerable reports whether somebody could still get a reply to the request.
func (m *Message) Answerable() bool { return m.reply.Port != nil && !m.reply.Dead() }
