package ipc

import "fmt"

// Event is a step in a message's life.
type Event uint8

// The steps that Config.Trace is told of.
const (
	Sent     Event = iota // a task's message was copied in
	Queued                // it waits on its port
	Handed                // a thread that waited has it
	Received              // it is about to be copied out
)

// SetTrace makes every message go the long way, and Config.Trace hear of each of its steps.
func (sys *System) SetTrace(on bool) { sys.tracing = on && sys.config.Trace != nil }

// trace tells of a step. It is called where sys.tracing is known to be set, so that messages cost nothing when it is not.
func (m *Message) trace(e Event) { m.sys.config.Trace(e, m) }

// Describe says what the message is and what it carries, for a trace.
func (m *Message) Describe() string {
	s := fmt.Sprintf("message %d, %d bytes", m.id, m.size)
	rights, memory := len(m.rights), uint64(0)
	for i := range m.memory {
		rights += len(m.memory[i].rights)
		if o := m.memory[i].memory; o != nil {
			memory += o.Size()
		}
	}
	switch rights {
	case 0:
	case 1:
		s += ", a right"
	default:
		s += fmt.Sprintf(", %d rights", rights)
	}
	if memory != 0 {
		s += fmt.Sprintf(", %d bytes of memory", memory)
	}
	return s
}

// Dest is the number of the port that the message goes to, 0 if there is none, and how many messages wait there.
func (m *Message) Dest() (port, queued uint32) {
	if m.dest.Port == nil {
		return 0, 0
	}
	return m.dest.Port.id, m.dest.Port.msgcount
}

// ReplyTo is the number of the port that the reply goes to, 0 if there is to be none.
func (m *Message) ReplyTo() uint32 {
	if m.reply.Port == nil {
		return 0
	}
	return m.reply.Port.id
}
