package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// direct delivers a message without rights in its body straight from the sender's memory, by way of m's buffer, to that of the thread
// which waits longest for it. The outcome is that of a message that was posted and copied out when the receiver resumed: the
// receiver's Resume has nothing to do any more. It reports false, with nothing done but that the header in the buffer may be
// overwritten, when nobody waits, or for anything unusual. reply is the port that a send-once right is made to, or nil.
func (m *Message) direct(w *Waiter, dest *entry, destType mach.MsgType, reply *Port) bool {
	p := dest.port
	r := p.receivers.first
	if p.set != nil {
		r = p.set.receivers.first
	}
	if r == nil || m.size > r.args.RcvSize || r.args.Option&mach.OptRcvNotify != 0 || p.hasPayload {
		return false
	}
	t := mach.MsgPortSendOnce
	if destType != mach.MsgMoveSendOnce {
		if destType != mach.MsgCopySend || p.qlimit == 0 {
			return false
		}
		t = mach.MsgPortSend
	}
	to := p.space
	bits := mach.Bits(0, t)
	remote := mach.NameNull
	var n *entry
	if reply != nil {
		if n = to.newEntry(); n == nil {
			return false
		}
		bits = mach.Bits(mach.MsgPortSendOnce, t)
		remote = n.name
	}
	h := (*[mach.HeaderSize]byte)(m.buf)
	binary.LittleEndian.PutUint32(h[offBits:], uint32(bits))
	binary.LittleEndian.PutUint32(h[offSize:], m.size)
	binary.LittleEndian.PutUint64(h[offRemote:], uint64(remote))
	binary.LittleEndian.PutUint64(h[offLocal:], uint64(p.name))
	binary.LittleEndian.PutUint32(h[offSeqno:], p.seqno)
	if r.mem.CopyOut(r.args.Addr, m.buf[:m.size]) != nil {
		if n != nil {
			to.freeEntry(n)
		}
		return false // the receiver shall see that itself
	}
	p.seqno++
	r.end(mach.Success)
	w.handOff = r
	if n != nil {
		n.hold(reply.MakeSendOnce())
	}
	if t == mach.MsgPortSendOnce {
		dest.remove()
		p.dropSendOnce()
	}
	m.reject()
	return true
}
