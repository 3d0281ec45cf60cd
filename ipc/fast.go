package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// outcome is how far the fast ways of a message led.
type outcome uint8

const (
	slow     outcome = iota // nothing was done: the message goes the way of all
	sent                    // it is with its receiver
	finished                // its reply is where it was; quick.code is the result
	late                    // it was carried out, but the reply must go as a message
)

// fast tries the two ways that nearly all messages can go without becoming a Message: a small request to the kernel (quick), and one without
// rights in its body to a thread that waits for it (carry). Each word of the header is read once: the sender's other threads
// may write there.
func (s *Space) fast(mem UserMemory, w *Waiter, a *MsgArgs) outcome {
	size := a.SendSize
	if size < mach.HeaderSize || size&7 != 0 {
		return slow
	}
	// In sight is what lies in the first page: the header at least, and most often room for a quick reply.
	b := mem.Window(a.Addr, min(max(size, quickReply), uint32(mach.PageSize-a.Addr.Offset())))
	if len(b) < mach.HeaderSize {
		return slow
	}
	h := (*[mach.HeaderSize]byte)(b)
	bits := mach.HeaderBits(binary.LittleEndian.Uint32(h[offBits:]))
	destType, replyType := bits.Remote(), bits.Local()
	if bits&^0xffff != 0 || !isSend(destType) {
		return slow
	}
	dest := s.lookup(mach.Name(binary.LittleEndian.Uint32(h[offRemote:])))
	if dest == nil || dest.port == nil || !dest.allows(destType) {
		return slow
	}
	p := dest.port
	replyName := mach.Name(binary.LittleEndian.Uint32(h[offLocal:]))
	if p.server != nil {
		if bits == mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce) && a.Option == mach.OptSend|mach.OptRcv && replyName == a.RcvName &&
			size <= mach.HeaderSize+quickBody && uint64(size) <= uint64(len(b)) && p.state == portActive {
			return s.quick(mem, a, b, p)
		}
		return slow
	}
	r := p.receivers.first
	if p.set != nil {
		r = p.set.receivers.first
	}
	if r == nil || size > r.args.RcvSize || size > s.sys.config.MaxMessage || r.args.Option&mach.OptRcvNotify != 0 || p.hasPayload {
		return slow
	}
	var reply *entry
	switch {
	case replyType == 0 && replyName == mach.NameNull:
	case replyType == mach.MsgMakeSendOnce:
		if reply = s.lookup(replyName); reply == nil || reply == dest || reply.typ&mach.TypeReceive == 0 || !s.sys.mayHold(2*overhead) {
			return slow
		}
	default:
		return slow
	}
	id := binary.LittleEndian.Uint32(h[offID:])
	if !s.sys.carry(mem, a, b, r, dest, destType, reply, id) {
		return slow
	}
	w.handOff = r
	s.sent++
	return sent
}

// carry brings a message straight from the sender's memory to that of r, the thread that waits longest for it. The outcome is that of a
// message that was posted and copied out when the receiver resumed: the receiver's Resume has nothing to do any more. It reports
// false, with nothing done but that the receiver's buffer may be overwritten, for anything unusual.
func (sys *System) carry(mem UserMemory, a *MsgArgs, b []byte, r *Waiter, dest *entry, destType mach.MsgType, reply *entry, id uint32) bool {
	p := dest.port
	t := mach.MsgPortSendOnce
	if destType != mach.MsgMoveSendOnce {
		if destType != mach.MsgCopySend || p.qlimit == 0 {
			return false
		}
		t = mach.MsgPortSend
	}
	out := r.mem.Window(r.args.Addr, min(a.SendSize, uint32(mach.PageSize-r.args.Addr.Offset())))
	if len(out) < mach.HeaderSize {
		return false // the receiver shall see that itself
	}
	to := p.space
	bits, remote := mach.Bits(0, t), mach.NameNull
	var n *entry
	if reply != nil {
		if n = to.newEntry(); n == nil {
			return false
		}
		bits, remote = mach.Bits(mach.MsgPortSendOnce, t), n.name
	}
	if size := uint64(a.SendSize); size <= uint64(len(b)) && size <= uint64(len(out)) {
		if size > mach.HeaderSize {
			copy(out[mach.HeaderSize:size], b[mach.HeaderSize:size])
		}
	} else if !pieces(r.mem, r.args.Addr, mem, a.Addr, a.SendSize) {
		if n != nil {
			to.freeEntry(n)
		}
		return false
	}
	h := (*[mach.HeaderSize]byte)(out)
	binary.LittleEndian.PutUint64(h[offBits:], uint64(bits)|uint64(a.SendSize)<<32)
	binary.LittleEndian.PutUint64(h[offRemote:], uint64(remote))
	binary.LittleEndian.PutUint64(h[offLocal:], uint64(p.name))
	binary.LittleEndian.PutUint64(h[offSeqno:], uint64(p.seqno)|uint64(id)<<32)
	p.seqno++
	to.received++
	r.end(mach.Success)
	if n != nil {
		n.hold(reply.port.MakeSendOnce())
	}
	if t == mach.MsgPortSendOnce {
		dest.remove()
		p.dropSendOnce()
	}
	return true
}

// pieces copies the body of a message whose ends lie in different pages. It reports false when a page is not there.
func pieces(to UserMemory, at mach.VirtAddr, from UserMemory, src mach.VirtAddr, size uint32) bool {
	for done := uint32(mach.HeaderSize); done < size; {
		t, f := at+mach.VirtAddr(done), src+mach.VirtAddr(done)
		n := min(size-done, uint32(mach.PageSize-t.Offset()), uint32(mach.PageSize-f.Offset()))
		out, in := to.Window(t, n), from.Window(f, n)
		if out == nil || in == nil {
			return false
		}
		copy(out, in)
		done += n
	}
	return true
}
