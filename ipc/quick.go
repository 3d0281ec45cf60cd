package ipc

import (
	"encoding/binary"

	"defpager/board"
	"defpager/ipc/mig"
	"defpager/mach"
)

// Most calls of the kernel are a few numbers there and a few back, sent with one mach_msg that also waits for the reply. Such a request is
// carried out where it lies: no Message is made, no right to reply is made and used up, nothing is queued. What a task can see of it is
// the same. Whatever is unusual takes the way of all messages.

const (
	quickIn  = (len(board.Words{}) - wordBody) / 2 // items of a quick request, each a descriptor and a word
	quickOut = 4                                   // items of a quick reply, behind the code
)

// quickBody is the largest size of a quick request's body, in bytes.
const quickBody = 16 * quickIn

// Quick is one quick request, and its reply.
type Quick struct {
	ID mach.MsgID

	in   *board.Words // the request, in the sender's memory or in own
	size uint32       // of the body, in bytes
	from *Space       // where the rights of a complex request are; nil for all others
	by   *Waiter      // the sender of a complex request
	mute bool         // nobody waits for a reply

	out    [quickOut]word // what follows the code, which counts only with the result Success
	nout   int
	right  Right // that of the last item, if it is one
	still  bool
	result mach.Return // of the request

	own board.Words
}

// word is an item of one word: its descriptor and the word.
type word struct {
	t mach.Type
	v uint64
}

// Descriptors of one word.
const (
	Integer32 = mach.Type(mach.MsgInteger32) | 32<<8 | mach.TypeInline | 1<<32
	Integer64 = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | 1<<32
	Boolean   = mach.Type(mach.MsgBoolean) | 32<<8 | mach.TypeInline | 1<<32
	PortName  = mach.Type(mach.MsgPortName) | 32<<8 | mach.TypeInline | 1<<32
	OneMake   = mach.Type(mach.MsgMakeSendOnce) | 64<<8 | mach.TypeInline | 1<<32
	OnePage   = mach.Type(mach.MsgByte) | 8<<8 | mach.TypeLongForm | mach.PageSize<<32 // out of line, and to stay with the sender
	OneCopy   = mach.Type(mach.MsgCopySend) | 64<<8 | mach.TypeInline | 1<<32
	oneRight  = mach.Type(mach.MsgPortSend) | 64<<8 | mach.TypeInline | 1<<32
)

// Has1 reports whether the body is one item with the descriptor a, and else makes MIGBadArguments the result. Has2 and Has3 likewise. What is in the
// items must be read once only, by Word.
func (q *Quick) Has1(a mach.Type) bool {
	return q.size == 1*16 && q.in[wordBody] == uint64(a) || q.bad()
}

// Has2 is Has1 for two items.
func (q *Quick) Has2(a, b mach.Type) bool {
	return q.size == 2*16 && q.in[wordBody] == uint64(a) && q.in[wordBody+2] == uint64(b) || q.bad()
}

// Has3 is Has1 for three items.
func (q *Quick) Has3(a, b, c mach.Type) bool {
	return q.size == 3*16 && q.in[wordBody] == uint64(a) && q.in[wordBody+2] == uint64(b) && q.in[wordBody+4] == uint64(c) || q.bad()
}

// Has4 is Has1 for four items.
func (q *Quick) Has4(a, b, c, d mach.Type) bool {
	return q.size == 4*16 && q.in[wordBody] == uint64(a) && q.in[wordBody+2] == uint64(b) && q.in[wordBody+4] == uint64(c) && q.in[wordBody+6] == uint64(d) || q.bad()
}

// Complex reports whether the request may carry rights. Has1 and its like don't look: a server that doesn't ask Descriptor about all items must
// decline.
func (q *Quick) Complex() bool { return q.from != nil }

// Mute reports whether a complex request was sent without a right to reply.
func (q *Quick) Mute() bool { return q.mute }

// Page is the sender's page at an address, if it may be written and is there; else nil, and the request must be declined. It is valid until anything
// else is done to the sender's memory.
func (q *Quick) Page(at mach.VirtAddr) *[mach.PageSize]byte {
	if p := q.by.view.Page(at); p != nil {
		return p
	}
	return q.by.Memory.Window(at)
}

// Items is how many items the body has, if each has one word.
func (q *Quick) Items() uint32 { return q.size / 16 }

// Descriptor is that of item i.
func (q *Quick) Descriptor(i int) mach.Type { return mach.Type(q.in[wordBody+2*i]) }

// Send is the send right that item i names, with the descriptor OneCopy: it stays the sender's, and is valid while the request is carried out. Null for
// null. false: there is none, and the request must be declined.
func (q *Quick) Send(i int) (Right, bool) {
	name := q.Name(i)
	if name == mach.NameNull {
		return Right{}, true
	}
	e := q.from.at(name)
	return Right{e.port, mach.MsgPortSend}, e.typ&mach.TypeSend != 0
}

func (q *Quick) bad() bool {
	q.result = mach.MIGBadArguments
	return false
}

// Word is the word of item i, the first being 0: for a descriptor of 32 bits its lower half counts.
func (q *Quick) Word(i int) uint64 { return q.in[wordBody+1+2*i] }

// Name is the word of item i as a name, which carries no right.
func (q *Quick) Name(i int) mach.Name { return mach.Name(q.Word(i)) }

// Code sets the result, which is Success when nothing is said.
func (q *Quick) Code(code mach.Return) { q.result = code }

// Put adds an item to the reply, which counts only with the result Success.
func (q *Quick) Put(t mach.Type, v uint64) {
	if q.nout < len(q.out) {
		q.out[q.nout] = word{t, v}
		q.nout++
	}
}

// PutRight adds a right (consumed), once and last, of a request that succeeded.
func (q *Quick) PutRight(r Right) {
	q.Put(oneRight, 0)
	q.right = r
}

// Still says that the request did not change the address space of any task.
func (q *Quick) Still() { q.still = true }

// quick carries out the request of which h is the header and all, for a thread that waits for the reply on its own port, whose name is that of e.
func (s *Space) quick(w *Waiter, h *board.Words, p *Port, e *entry) Outcome {
	size, to := w.Args.SendSize, e.port
	// From a set the sender cannot receive: the reply stays in its queue, so it must be one that is paid for.
	if size > 8*uint32(len(h)) || p.state != portActive || p.first != nil || to.set != nil {
		return Declined
	}
	q := &s.sys.quick
	q.ID, q.in, q.size = mach.MsgID(h[wordID]>>32), h, size-mach.HeaderSize
	q.nout, q.still, q.result = 0, false, mach.Success
	back := s.sys.chunks.back
	if !p.server.Quick(p, q) {
		return Declined
	}
	p.seqno++
	s.sent++
	if q.result != mach.Success {
		q.nout = 0
	}
	// The request may have been about the reply port, or the memory of the buffer, or the whole task. As long as no chunk of names went, e is
	// still an entry, of the port to if that lives.
	a := &w.Args
	if s.sys.chunks.back != back {
		if e = s.lookup(a.RcvName); e == nil {
			return Late
		}
	}
	if !q.still {
		if h = w.view.Words(a.Addr); h == nil {
			if h = w.look(a.Addr); h == nil {
				return Late
			}
		}
	}
	if size = mach.HeaderSize + 16 + 16*uint32(q.nout); e.port != to || !to.idle() || a.RcvSize < size {
		return Late
	}
	seqno := to.seqno
	to.seqno++
	s.received++
	bits := mach.HeaderBits(mach.MsgPortSendOnce) << 8
	w.result = mach.Success
	if q.right.Port != nil {
		bits |= mach.Complex
		w.result = s.quickRight()
	}
	h[wordBits] = uint64(bits) | uint64(size)<<32
	h[wordRemote] = 0
	h[wordLocal] = uint64(a.RcvName)
	h[wordID] = uint64(seqno) | uint64(uint32(q.ID+mach.ReplyOffset))<<32
	h[wordBody] = uint64(Integer32)
	h[wordBody+1] = uint64(uint32(q.result))
	for i := range q.nout {
		h[wordBody+2+2*i], h[wordBody+3+2*i] = uint64(q.out[i].t), q.out[i].v
	}
	return Finished
}

// quickComplex is quick for a request with rights in its body.
func (s *Space) quickComplex(w *Waiter, h *board.Words, dest *entry) Outcome {
	a, name := &w.Args, mach.Name(h[wordLocal])
	reply := s.at(name)
	if dest.typ&mach.TypeSend == 0 || dest.port.server == nil || reply.typ&mach.TypeReceive == 0 || a.Option != mach.OptSend|mach.OptRcv || name != a.RcvName {
		return Declined
	}
	q := &s.sys.quick
	q.from, q.by, q.mute = s, w, false
	out := s.quick(w, h, dest.port, reply)
	q.from, q.by = nil, nil
	return out
}

// quickMute is quick for a request with rights or out-of-line memory in its body that nobody waits for.
func (s *Space) quickMute(w *Waiter, h *board.Words, dest *entry) Outcome {
	a, p := &w.Args, dest.port
	if dest.typ&mach.TypeSend == 0 || p.server == nil || mach.Name(h[wordLocal]) != mach.NameNull || a.Option != mach.OptSend ||
		a.SendSize > 8*uint32(len(h)) || p.state != portActive || p.first != nil {
		return Declined
	}
	q := &s.sys.quick
	q.ID, q.in, q.size = mach.MsgID(h[wordID]>>32), h, a.SendSize-mach.HeaderSize
	q.from, q.by, q.mute = s, w, true
	done := p.server.Quick(p, q)
	q.from, q.by = nil, nil
	if !done {
		return Declined
	}
	p.seqno++
	s.sent++
	w.result = mach.Success
	return Finished
}

// idle reports whether nothing is on p's queue, nobody waits there, and messages come from there without more ado.
func (p *Port) idle() bool {
	return p.first == nil && p.receivers.first == nil && p.set == nil && p.state == portActive && !p.hasPayload
}

// quickRight gives the right of the reply, its last item, to the space.
func (s *Space) quickRight() mach.Return {
	q := &s.sys.quick
	r := q.right
	q.right = Right{}
	name, bad := s.give(r)
	q.out[q.nout-1].v = uint64(name)
	if bad != mach.Success {
		return mach.RcvBodyError | mach.MsgIPCSpace
	}
	return mach.Success
}

// quickLate sends the reply as a message, to be received as any other; it is lost if there is no port for it any more.
func (s *Space) quickLate(a *MsgArgs) {
	q := &s.sys.quick
	m := s.sys.newMessage(mach.HeaderSize)
	m.id = q.ID + mach.ReplyOffset
	if e := s.lookup(a.RcvName); e != nil && e.typ&mach.TypeReceive != 0 {
		m.dest = e.port.MakeSendOnce()
	}
	w := m.Begin(resultSize + 16*q.nout)
	w.RetCode(q.result)
	q.write(m, &w)
	m.Finish(&w)
	s.sys.wake(s.sys.post(m))
}

// write adds what follows the result to a reply.
func (q *Quick) write(m *Message, w *mig.Writer) {
	for _, o := range q.out[:q.nout] {
		if o.t == oneRight {
			o.v = uint64(m.PutRight(q.right))
			q.right = Right{}
		}
		w.Word(o.t, o.v)
	}
}

// Quick makes a request that came as a message a quick one, for a server that knows it as such only; nil if it is too long to be one.
func (m *Message) Quick() *Quick {
	q := &m.sys.quick
	b := m.Body()
	if len(b) > quickBody || len(b)%8 != 0 || m.complex {
		return nil
	}
	for i := range len(b) / 8 {
		q.own[wordBody+i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	q.ID, q.in, q.size = m.id, &q.own, uint32(len(b))
	q.nout, q.still, q.result = 0, false, mach.Success
	return q
}

// QuickReply is the reply to a message that Quick made a quick request and that was carried out, for Serve to return.
func (m *Message) QuickReply() *Message {
	q := &m.sys.quick
	if q.result != mach.Success {
		return m.ReplyCode(q.result)
	}
	w := m.BeginReply(16 * q.nout)
	q.write(m, &w)
	return m.FinishReply(&w)
}
