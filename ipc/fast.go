package ipc

import (
	"defpager/board"
	"defpager/mach"
)

// Outcome is how far Fast led.
type Outcome uint8

// Outcomes of Fast.
const (
	Declined   Outcome = iota // nothing was done: the message goes the way of all
	Finished                  // mach_msg returned: Result says what
	HandedOver                // the message is in its receiver's memory, who may go on; the sender waits for a message
	Carried                   // the message is in its receiver's memory; receiving is still to be done
	Late                      // a request was carried out, but the reply must go as a message
)

// The bits of the headers that Fast takes.
const (
	bitsCall   = mach.HeaderBits(mach.MsgCopySend) | mach.HeaderBits(mach.MsgMakeSendOnce)<<8
	bitsNotice = mach.HeaderBits(mach.MsgCopySend)
	bitsReply  = mach.HeaderBits(mach.MsgMoveSendOnce)
)

// Header words of a message in memory: bits and size, remote port, local port, sequence number and id.
const (
	wordBits = iota
	wordRemote
	wordLocal
	wordID
	wordBody
)

// Fast does mach_msg with the arguments in w.Args, if it goes one of the two ways that nearly all messages can go without becoming a Message: a
// small request to the kernel (quick), or one without rights in its body to a thread that waits for it (carry). Nothing else may have a
// part in it: with tracing on, all is Declined. Each word of the header is read once, for the sender's other threads may write there.
func (s *Space) Fast(w *Waiter) (Outcome, *Waiter) {
	a := &w.Args
	size := a.SendSize
	if a.Option&(mach.OptSend|mach.OptSendCancel) != mach.OptSend || size < mach.HeaderSize || size&7 != 0 {
		return Declined, nil
	}
	h := w.view.Words(a.Addr)
	if h == nil {
		if h = w.look(a.Addr); h == nil {
			return Declined, nil
		}
	}
	bits := mach.HeaderBits(h[wordBits])
	dest := s.at(mach.Name(h[wordRemote]))
	p := dest.port
	var reply *entry
	switch bits {
	case bitsReply:
		if dest.typ&mach.TypeSendOnce == 0 || dest.request != nil || mach.Name(h[wordLocal]) != mach.NameNull {
			return Declined, nil
		}
	case bitsCall:
		if dest.typ&mach.TypeSend == 0 {
			return Declined, nil
		}
		name := mach.Name(h[wordLocal])
		if reply = s.at(name); reply.typ&mach.TypeReceive == 0 {
			return Declined, nil
		}
		if p.server != nil {
			if a.Option != mach.OptSend|mach.OptRcv || name != a.RcvName {
				return Declined, nil
			}
			return s.quick(w, h, p, reply), nil
		}
		if reply == dest || p.qlimit == 0 || s.sys.scarce(2*overhead) && !s.mayHold(2*overhead) {
			return Declined, nil
		}
	case bitsNotice:
		if dest.typ&mach.TypeSend == 0 || p.qlimit == 0 || mach.Name(h[wordLocal]) != mach.NameNull {
			return Declined, nil
		}
	default:
		switch bits {
		case bitsCall | mach.Complex:
			return s.quickComplex(w, h, dest), nil
		case bitsNotice | mach.Complex:
			return s.quickMute(w, h, dest), nil
		}
		return Declined, nil
	}
	r := p.receivers.first
	if p.set != nil {
		r = p.set.receivers.first
	}
	if r == nil || size > r.Args.RcvSize || r.Args.Option&mach.OptRcvNotify != 0 || p.hasPayload || !s.carry(w, h, r, dest, reply) {
		return Declined, nil
	}
	if a.Option == mach.OptSend|mach.OptRcv && s.await(w, reply) {
		return HandedOver, r
	}
	w.handOff = r
	return Carried, nil
}

// look takes the page of a thread's memory at va into its view: nil if that takes more than a look, or if the Words are not all in it.
func (w *Waiter) look(va mach.VirtAddr) *board.Words {
	if w.Memory.Window(va) == nil {
		return nil
	}
	return w.view.Words(va)
}

// carry brings a message straight from the sender's memory, where its header is h, to that of r, the thread that waits longest for it. reply is the
// name of the sender's receive right to which a send-once right goes along, or nil. The outcome is that of a message that was posted and copied
// out when the receiver resumed: the receiver's Resume has nothing to do any more. It reports false, with nothing done but that the receiver's
// buffer may be overwritten, for anything unusual.
func (s *Space) carry(w *Waiter, h *board.Words, r *Waiter, dest, reply *entry) bool {
	sys, p, size := s.sys, dest.port, w.Args.SendSize
	out := r.view.Words(r.Args.Addr)
	if out == nil {
		if out = r.look(r.Args.Addr); out == nil {
			return false // the receiver shall see that itself
		}
	}
	id := h[wordID] &^ 0xffffffff
	to := p.space
	bits, remote := mach.HeaderBits(mach.MsgPortSendOnce)<<8, mach.NameNull
	var n *entry
	if reply != nil {
		if n = to.newEntry(); n == nil {
			return false
		}
		bits, remote = bits|mach.HeaderBits(mach.MsgPortSendOnce), n.name
	}
	if dest.typ&mach.TypeSendOnce == 0 {
		bits -= mach.HeaderBits(mach.MsgPortSendOnce-mach.MsgPortSend) << 8
	}
	if size > mach.HeaderSize && !s.body(w, h, r, out, size) {
		if n != nil {
			to.freeEntry(n)
		}
		return false
	}
	out[wordBits] = uint64(bits) | uint64(size)<<32
	out[wordRemote] = uint64(remote)
	out[wordLocal] = uint64(p.name)
	out[wordID] = uint64(p.seqno) | id
	p.seqno++
	s.sent++
	to.received++
	r.endReceive()
	if n != nil {
		q := reply.port
		q.sorights++
		sys.promised++
		s.promised++
		n.attach(q)
		n.typ = mach.TypeSendOnce
		n.refs = 1
	}
	if dest.typ&mach.TypeSendOnce != 0 {
		dest.detach()
		s.freeEntry(dest)
		p.loseSendOnce() // it is alive
	}
	return true
}

// body copies what is behind the headers h and out. It reports false when a page is not there.
func (s *Space) body(w *Waiter, h *board.Words, r *Waiter, out *board.Words, size uint32) bool {
	if words := size / 8; words <= uint32(len(h)) {
		for i := wordBody; i < int(words); i++ {
			out[i] = h[i]
		}
		return true
	}
	if size > s.sys.config.MaxMessage {
		return false
	}
	left := r.view.CopyWords(r.Args.Addr+mach.HeaderSize, w.view, w.Args.Addr+mach.HeaderSize, uint64(size-mach.HeaderSize))
	return left == 0 || bodySlowly(w, r, uint64(size), left)
}

// bodySlowly is body for what is left of a message of size bytes, with pages that are not in view.
func bodySlowly(w, r *Waiter, size, left uint64) bool {
	f, t := w.Args.Addr+mach.VirtAddr(size-left), r.Args.Addr+mach.VirtAddr(size-left)
	for left != 0 {
		to, from := r.Memory.Window(t), w.Memory.Window(f)
		if to == nil || from == nil {
			return false
		}
		at, source := t.Offset(), f.Offset()
		n := min(left, mach.PageSize-max(at, source))
		copy(to[at:], from[source:source+n])
		left -= n
		t += mach.VirtAddr(n)
		f += mach.VirtAddr(n)
	}
	return true
}

// await is receive for a thread whose message has just gone. It reports false, with nothing done, if that is more than to wait for one. reply is the
// receive right that was named with the message, mostly the one where the answer is awaited; it may be nil.
func (s *Space) await(w *Waiter, reply *entry) bool {
	e := reply
	if e == nil || e.name != w.Args.RcvName {
		e = s.at(w.Args.RcvName)
	}
	q := (*waitQueue)(nil)
	switch {
	case e.typ&mach.TypeReceive != 0:
		if e.port.set != nil || e.port.first != nil {
			return false
		}
		q = &e.port.receivers
	case e.typ&mach.TypePortSet != 0:
		if e.set.first != nil {
			return false
		}
		q = &e.set.receivers
	default:
		return false
	}
	w.sending = false
	q.add(w, waitRcv)
	return true
}
