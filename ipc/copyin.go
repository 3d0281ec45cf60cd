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
	if size > sys.config.MaxMessage || !sys.mayHold(2*overhead+2*uint64(size)) {
		return nil, mach.SendNoBuffer
	}
	// Room for the message and for the send-once right that it may make to be replied to.
	m := sys.newMessage(size)
	if mem.CopyIn(m.buf[:size], addr) != nil {
		m.recycle()
		return nil, mach.SendInvalidData
	}
	if code := s.copyinHeader(mem, m); code != mach.Success {
		m.recycle()
		return nil, code
	}
	return m, mach.Success
}

// copyinHeader checks header and body and then moves the rights.
func (s *Space) copyinHeader(mem UserMemory, m *Message) mach.Return {
	bits := mach.HeaderBits(binary.LittleEndian.Uint32(m.buf[offBits:]))
	destType, replyType := bits.Remote(), bits.Local()
	destName := mach.Name(binary.LittleEndian.Uint32(m.buf[offRemote:]))
	replyName := mach.Name(binary.LittleEndian.Uint32(m.buf[offLocal:]))
	if !isSend(destType) {
		return mach.SendInvalidHeader
	}
	if replyType == 0 {
		if replyName != mach.NameNull {
			return mach.SendInvalidHeader
		}
	} else if !isSend(replyType) {
		return mach.SendInvalidHeader
	}

	dest := s.lookup(destName)
	if dest == nil || dest.port == nil || !dest.allows(destType) {
		return mach.SendInvalidDest
	}
	var reply *entry
	if validName(replyName) && replyType != 0 {
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
	if reply == nil && replyName == mach.NameDead {
		m.reply = deadRight()
	}
	m.replyType = received(replyType)
	m.id = mach.MsgID(binary.LittleEndian.Uint32(m.buf[offID:]))
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
