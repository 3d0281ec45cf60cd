package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// A message is copied in with nothing moved before all of it is known to be right, so a refused message leaves the sender's rights
// and memory as they were. The one exception is what fails only after that: a wait for room, see pseudoReceive.

// header words in a message's buffer.
const (
	offBits   = 0
	offSize   = 4
	offRemote = 8
	offLocal  = 16
	offSeqno  = 24
	offID     = 28
)

// copyin takes the message at addr out of the sender's memory and space.
func (s *Space) copyin(mem UserMemory, addr mach.VirtAddr, size uint32) (*Message, mach.Return) {
	if size < mach.HeaderSize || size&7 != 0 {
		return nil, mach.SendMsgTooSmall
	}
	sys := s.sys
	// There must be room for the message, and for the send-once right that it may make to be replied to.
	if n := 2*overhead + 2*uint64(size); size > sys.config.MaxMessage || sys.scarce(n) && !s.mayHold(n) {
		return nil, mach.SendNoBuffer
	}
	m := sys.blank(size)
	if mem.CopyIn(m.buf[:size], addr) != nil {
		m.reject()
		return nil, mach.SendInvalidData
	}
	h := (*[mach.HeaderSize]byte)(m.buf)
	bits := mach.HeaderBits(binary.LittleEndian.Uint32(h[offBits:]))
	destType, replyType := bits.Remote(), bits.Local()
	replyName := mach.Name(binary.LittleEndian.Uint32(h[offLocal:]))
	m.id = mach.MsgID(binary.LittleEndian.Uint32(h[offID:]))
	if !isSend(destType) {
		m.reject()
		return nil, mach.SendInvalidHeader
	}
	dest := s.lookup(mach.Name(binary.LittleEndian.Uint32(h[offRemote:])))
	if dest == nil || dest.port == nil || !dest.allows(destType) {
		m.reject()
		return nil, s.invalidDest(replyType, replyName)
	}

	if sys.cancel.port != nil {
		sys.cancel.dest = dest
	}

	// The fast path: a request or a reply without rights in its body.
	if bits&mach.Complex == 0 {
		if replyType == 0 && replyName == mach.NameNull {
			m.keep()
			m.payPlain(s)
			m.dest = dest.take(destType)
			return m, mach.Success
		}
		if replyType == mach.MsgMakeSendOnce {
			if reply := s.lookup(replyName); reply != nil && reply != dest && reply.typ&mach.TypeReceive != 0 {
				m.keep()
				m.payPlain(s)
				m.dest = dest.take(destType)
				m.reply = reply.port.MakeSendOnce()
				return m, mach.Success
			}
		}
	}
	m.keep()
	if code := s.copyinRest(mem, m, bits, dest, replyName); code != mach.Success {
		m.recycle()
		return nil, code
	}
	m.pay(s)
	return m, mach.Success
}

// canceled is a dead-name request that MACH_SEND_CANCEL ends.
type canceled struct {
	port *Port  // that the request's notification would go to
	dest *entry // the message's destination
}

// copyinCancel is copyin with MACH_SEND_CANCEL: if the message takes its destination's name away, and a dead-name request of that name
// would tell the port Notify, nobody is told that the name was deleted. SendInvalidNotify: Notify is no receive right.
func (s *Space) copyinCancel(mem UserMemory, a *MsgArgs) (*Message, mach.Return) {
	to := s.lookup(a.Notify)
	if to == nil || to.typ&mach.TypeReceive == 0 {
		return nil, mach.SendInvalidNotify
	}
	s.sys.cancel.port = to.port
	m, code := s.copyin(mem, a.Addr, a.SendSize)
	s.sys.cancel = canceled{}
	return m, code
}

// invalidDest is the error of a message whose destination is wrong: an error of the header's form comes first.
func (s *Space) invalidDest(replyType mach.MsgType, replyName mach.Name) mach.Return {
	if !validReply(replyType, replyName) {
		return mach.SendInvalidHeader
	}
	return mach.SendInvalidDest
}

// validReply reports whether a header may have such a reply right.
func validReply(t mach.MsgType, name mach.Name) bool {
	if t == 0 {
		return name == mach.NameNull
	}
	return isSend(t)
}

// copyinRest checks the reply right and the body, and then moves the rights.
func (s *Space) copyinRest(mem UserMemory, m *Message, bits mach.HeaderBits, dest *entry, replyName mach.Name) mach.Return {
	destType, replyType := bits.Remote(), bits.Local()
	if !validReply(replyType, replyName) {
		return mach.SendInvalidHeader
	}
	var reply *entry
	if validName(replyName) {
		reply = s.lookup(replyName)
		if reply == nil || !reply.allows(replyType) {
			return mach.SendInvalidReply
		}
		if reply == dest && !dest.allowsBoth(destType, replyType) {
			return mach.SendInvalidReply
		}
	}
	if bits&mach.Complex == 0 {
		m.dest, m.reply = takeHeader(dest, destType, reply, replyType)
	} else {
		if code := s.validate(mem, m, dest, destType, reply, replyType); code != mach.Success {
			m.empty()
			return code
		}
		m.dest, m.reply = takeHeader(dest, destType, reply, replyType)
		s.takeBody(m)
	}
	if replyName == mach.NameDead {
		m.reply = deadRight()
	}
	m.replyType = received(replyType)
	return mach.Success
}

// allowsBoth reports whether e has both rights of a header that names it twice.
func (e *entry) allowsBoth(destType, replyType mach.MsgType) bool {
	if destType == mach.MsgMoveSend && replyType == mach.MsgMoveSend {
		return e.refs >= 2
	}
	return destType != mach.MsgMoveSendOnce || replyType != mach.MsgMoveSendOnce
}

// takeHeader takes the rights of a header. When both come from one name, a copy is made before a move, which may take the
// name's last right.
func takeHeader(dest *entry, destType mach.MsgType, reply *entry, replyType mach.MsgType) (d, r Right) {
	if reply == nil {
		return dest.take(destType), Right{}
	}
	if reply == dest && replyType != mach.MsgMoveSend {
		r = reply.take(replyType)
		return dest.take(destType), r
	}
	d = dest.take(destType)
	return d, reply.take(replyType)
}
