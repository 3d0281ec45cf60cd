package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// A notification is a message to a send-once right, which it consumes. It never waits for room, so whatever an operation sets off is
// done when the operation is.

// notify sends a notification that carries at most a number.
func (sys *System) notify(to *Port, id mach.MsgID, value uint32) {
	m := sys.newNotification(to, id)
	switch id {
	case mach.NotifySendOnce:
	case mach.NotifyNoSenders:
		m.putWord(mach.InlineType(mach.MsgInteger32, 32, 1), uint64(value))
	default:
		m.putWord(mach.InlineType(mach.MsgPortName, 32, 1), uint64(value))
	}
	sys.wake(sys.post(m))
}

// notifyDestroyed sends a receive right to the port that asked for it.
func (sys *System) notifyDestroyed(to, p *Port) {
	m := sys.newNotification(to, mach.NotifyPortDestroyed)
	handle := m.PutRight(Right{p, mach.MsgPortReceive})
	m.putWord(mach.InlineType(mach.MsgPortReceive, 64, 1), uint64(handle))
	sys.wake(sys.post(m))
}

func (sys *System) newNotification(to *Port, id mach.MsgID) *Message {
	m := sys.newMessage(mach.HeaderSize)
	m.id = id
	m.dest = Right{to, mach.MsgPortSendOnce}
	m.pay(to.space)
	return m
}

// putWord adds an item of one word to a notification.
func (m *Message) putWord(t mach.Type, v uint64) {
	binary.LittleEndian.PutUint64(m.buf[m.size:], uint64(t))
	binary.LittleEndian.PutUint64(m.buf[m.size+8:], v)
	m.size += 16
}

// accepted is a sender's wish to learn when a message that found no room is received: MACH_SEND_NOTIFY.
type accepted struct {
	notify *Port // a send-once right
	space  *Space
	name   mach.Name // of the destination; null when the space lost it
}

// accept sends the notification that m was received, or destroyed.
func (m *Message) accept() {
	a := m.accepted
	m.accepted = nil
	if a.name != mach.NameNull {
		if e := a.space.lookup(a.name); e != nil {
			e.typ &^= mach.TypeMARequest
		}
		a.space.forget(a)
	}
	m.sys.notify(a.notify, mach.NotifyMsgAccepted, uint32(a.name))
}

// forget takes a out of the space's list.
func (s *Space) forget(a *accepted) {
	for i, b := range s.accepts {
		if a == b {
			n := len(s.accepts) - 1
			s.accepts[i] = s.accepts[n]
			s.accepts[n] = nil
			s.accepts = s.accepts[:n]
			return
		}
	}
}

// renameAccepted gives the request of the name from the name to, null when from is no more.
func (s *Space) renameAccepted(from, to mach.Name) {
	for _, a := range s.accepts {
		if a.name == from {
			a.name = to
			if to == mach.NameNull {
				s.forget(a)
			}
			return
		}
	}
}
