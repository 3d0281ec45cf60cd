package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// Most calls of the kernel are a few numbers there and a few back, sent with one mach_msg that also waits for the reply. Such a request is
// carried out where it lies: no Message is made, no right to reply is made and used up, nothing is queued. What a task can see of it is
// the same. Whatever is unusual takes the way of all messages.

const (
	quickIn  = 10 // items of a quick request, each a descriptor and a word
	quickOut = 4  // items of a quick reply, behind the code
)

// Largest sizes, in bytes.
const (
	quickBody  = 16 * quickIn
	quickReply = mach.HeaderSize + 16 + 16*quickOut
)

// Quick is one quick request, and its reply.
type Quick struct {
	ID mach.MsgID

	in  [quickBody]byte
	n   uint32 // bytes of in
	at  uint32 // where the next item is
	bad bool   // an item was not what it should be

	out   [quickReply - mach.HeaderSize]byte // the code, and what follows it
	nout  uint32
	right Right // that of the last item, if it is one
	given mach.Name
	still bool
	code  mach.Return // of mach_msg
}

// Descriptors of one word.
const (
	oneInteger32 = mach.Type(mach.MsgInteger32) | 32<<8 | mach.TypeInline | 1<<32
	oneInteger64 = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | 1<<32
	oneBoolean   = mach.Type(mach.MsgBoolean) | 32<<8 | mach.TypeInline | 1<<32
	oneName      = mach.Type(mach.MsgPortName) | 32<<8 | mach.TypeInline | 1<<32
	oneRight     = mach.Type(mach.MsgPortSend) | 64<<8 | mach.TypeInline | 1<<32
)

// start makes q a request without a result. body is not too long.
func (q *Quick) start(id mach.MsgID, body []byte) {
	q.ID = id
	q.n, q.at, q.nout = uint32(copy(q.in[:], body)), 0, 16
	q.bad, q.still = false, false
}

// item reads one word with the descriptor t.
func (q *Quick) item(t mach.Type) uint64 {
	i := q.at
	q.at = i + 16
	if i > quickBody-16 || binary.LittleEndian.Uint64(q.in[i:i+8]) != uint64(t) {
		q.bad = true
		return 0
	}
	return binary.LittleEndian.Uint64(q.in[i+8 : i+16])
}

// Int32 reads a 32-bit number; the others likewise. What is not there, or of another type, is zero: End tells.
func (q *Quick) Int32() int32 { return int32(q.item(oneInteger32)) }

// Uint64 reads a 64-bit number.
func (q *Quick) Uint64() uint64 { return q.item(oneInteger64) }

// Bool reads a boolean_t.
func (q *Quick) Bool() bool { return uint32(q.item(oneBoolean)) != 0 }

// Name reads a name, which carries no right.
func (q *Quick) Name() mach.Name { return mach.Name(q.item(oneName)) }

// End reports whether the body held exactly what was read from it, and else makes that the result.
func (q *Quick) End() bool {
	if q.bad || q.at != q.n {
		q.Code(mach.MIGBadArguments)
		return false
	}
	q.Code(mach.Success)
	return true
}

// Code sets the result.
func (q *Quick) Code(code mach.Return) { binary.LittleEndian.PutUint32(q.out[8:12], uint32(code)) }

func (q *Quick) result() mach.Return { return mach.Return(binary.LittleEndian.Uint32(q.out[8:12])) }

func (q *Quick) put(t mach.Type, v uint64) {
	if i := q.nout; i <= 16*quickOut {
		b := q.out[i : i+16]
		binary.LittleEndian.PutUint64(b, uint64(t))
		binary.LittleEndian.PutUint64(b[8:], v)
		q.nout = i + 16
	}
}

// PutUint32 adds a 32-bit number to the reply, which counts only with the result Success; the others likewise.
func (q *Quick) PutUint32(v uint32) { q.put(oneInteger32, uint64(v)) }

// PutUint64 adds a 64-bit number.
func (q *Quick) PutUint64(v uint64) { q.put(oneInteger64, v) }

// PutName adds a name, which carries no right.
func (q *Quick) PutName(v mach.Name) { q.put(oneName, uint64(v)) }

// PutRight adds a right (consumed), once and last, of a request that succeeded.
func (q *Quick) PutRight(r Right) {
	q.put(oneRight, 0)
	q.right = r
}

// hasRight reports whether the reply carries a right.
func (q *Quick) hasRight() bool { return q.right != Right{} }

// Still says that the request did not change the address space of any task.
func (q *Quick) Still() { q.still = true }

// quick carries out a request of which b is the header and all, for a thread that waits for the reply on its own port.
func (s *Space) quick(mem UserMemory, a *MsgArgs, b []byte, p *Port) outcome {
	reply := s.lookup(a.RcvName)
	if reply == nil || reply.typ&mach.TypeReceive == 0 {
		return slow
	}
	to := reply.port
	if p.first != nil || !to.idle() {
		return slow
	}
	q := &s.sys.quick
	h := (*[mach.HeaderSize]byte)(b)
	q.start(mach.MsgID(binary.LittleEndian.Uint32(h[offID:])), b[mach.HeaderSize:a.SendSize])
	if !p.server.Quick(p, q) {
		return slow
	}
	p.seqno++
	s.sent++
	if q.result() != mach.Success {
		q.nout = 16
	}
	// The request may have been about the reply port, or the memory of the buffer, or the whole task.
	if reply = s.lookup(a.RcvName); reply == nil || reply.port != to || !to.idle() {
		return late
	}
	size := mach.HeaderSize + q.nout
	if room := min(a.RcvSize, size); uint64(room) > uint64(len(b)) || !q.still {
		if b = mem.Window(a.Addr, room); len(b) < mach.HeaderSize {
			return late
		}
		h = (*[mach.HeaderSize]byte)(b)
	}
	seqno := to.seqno
	to.seqno++
	s.received++
	bits := mach.Bits(0, mach.MsgPortSendOnce)
	q.code = mach.Success
	if q.hasRight() {
		bits |= mach.Complex
		s.quickRight()
	} else {
		q.given = mach.NameNull
	}
	binary.LittleEndian.PutUint64(h[offBits:], uint64(bits)|uint64(size)<<32)
	binary.LittleEndian.PutUint64(h[offRemote:], 0)
	binary.LittleEndian.PutUint64(h[offLocal:], uint64(a.RcvName))
	binary.LittleEndian.PutUint64(h[offSeqno:], uint64(seqno)|uint64(uint32(q.ID+mach.ReplyOffset))<<32)
	if size > a.RcvSize {
		s.quickTooLarge()
		return finished
	}
	copy(b[mach.HeaderSize:], q.out[:q.nout])
	return finished
}

// idle reports whether nothing is on p's queue, nobody waits there, and messages come from there without more ado.
func (p *Port) idle() bool {
	return p.first == nil && p.receivers.first == nil && p.set == nil && p.state == portActive && !p.hasPayload
}

// quickRight gives the right of the reply to the space.
func (s *Space) quickRight() {
	q := &s.sys.quick
	r := q.right
	q.right = Right{}
	name, bad := s.give(r)
	binary.LittleEndian.PutUint64(q.out[q.nout-8:], uint64(name))
	q.given = name
	if bad != mach.Success {
		q.code = mach.RcvBodyError | mach.MsgIPCSpace
	}
}

// quickTooLarge destroys a reply that the receiver has no room for. Its right was given already: it goes again.
func (s *Space) quickTooLarge() {
	q := &s.sys.quick
	if validName(q.given) {
		s.Deallocate(q.given)
	}
	q.code = mach.RcvTooLarge
}

// quickLate sends the reply as a message, to be received as any other; it is lost if there is no port for it any more.
func (s *Space) quickLate(a *MsgArgs) {
	q := &s.sys.quick
	m := s.sys.newMessage(mach.HeaderSize)
	m.id = q.ID + mach.ReplyOffset
	if e := s.lookup(a.RcvName); e != nil && e.typ&mach.TypeReceive != 0 {
		m.dest = e.port.MakeSendOnce()
	}
	m.resize(mach.HeaderSize + q.nout)
	copy(m.buf[mach.HeaderSize:m.size], q.out[:q.nout])
	if q.hasRight() {
		m.setWord(m.size-8, uint64(m.PutRight(q.right)))
		q.right = Right{}
	}
	s.sys.wake(s.sys.post(m))
}

// Quick makes a request that came as a message a quick one, for a server that knows it as such only; nil if it is too long to be one.
func (m *Message) Quick() *Quick {
	q := &m.sys.quick
	b := m.Body()
	if len(b) > quickBody || m.complex {
		return nil
	}
	q.start(m.id, b)
	return q
}

// QuickReply is the reply to a message that Quick made a quick request and that was carried out, for Serve to return.
func (m *Message) QuickReply() *Message {
	q := &m.sys.quick
	if code := q.result(); code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(int(q.nout))
	for b := q.out[16:q.nout]; len(b) >= 16; b = b[16:] {
		t, v := mach.Type(binary.LittleEndian.Uint64(b)), binary.LittleEndian.Uint64(b[8:])
		if t == oneRight {
			v = uint64(m.PutRight(q.right))
			q.right = Right{}
		}
		w.Word(t, v)
	}
	return m.FinishReply(&w)
}
