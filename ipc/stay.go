package ipc

import "defpager/mach"

// A default memory manager must not wait for memory that is out with itself. Out-of-line memory in messages to such a task stays where it is until it is
// received: see OOL.Stay.

// StayIn has out-of-line memory in messages to the space's ports, those that are queued included, stay in its frames until it is received. Config.Stays
// is told.
func (s *Space) StayIn() {
	if s.stays {
		return
	}
	s.stays = true
	if s.sys.config.Stays != nil {
		s.sys.config.Stays(s)
	}
	s.sys.ports.each(func(p *Port) {
		if p.space == s {
			p.stay()
		}
	})
}

// StaysIn reports whether StayIn was called.
func (s *Space) StaysIn() bool { return s.stays }

// KeepReceiver is StayIn for the space that receives from p, and at once for each that is given the receive right while keep is not taken back.
func (p *Port) KeepReceiver(keep bool) {
	p.keeps = keep
	if keep && p.space != nil {
		p.space.StayIn()
	}
}

// staysIn reports whether memory in messages to p stays.
func (p *Port) staysIn() bool { return p.space != nil && p.space.stays }

// stay has the memory in the messages that wait for p's receiver stay.
func (p *Port) stay() {
	for m := p.first; m != nil; m = m.next {
		m.stay()
	}
	for w := p.senders.first; w != nil; w = w.next {
		w.msg.stay()
	}
}

// stay has the message's memory stay. What is too much is paged out like other memory; but not the answer to what the receiver asked for by a send-once
// right: it asks as it likes.
func (m *Message) stay() {
	for i := range m.memory {
		if o := m.memory[i].memory; o != nil {
			o.Stay(m.dest.Type == mach.MsgPortSendOnce)
		}
	}
}
