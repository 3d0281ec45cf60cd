package ipc

import "defpager/mach"

// A message is on its port's queue, and while the port is in a set also on the set's, which has the messages of all members in the order
// of their arrival. So a port's messages are in the same order on both, and the set's oldest is always its port's oldest.

// enqueue puts m at the end of p's queue.
func (p *Port) enqueue(m *Message) {
	m.next = nil
	if p.last == nil {
		p.first = m
	} else {
		p.last.next = m
	}
	p.last = m
	p.msgcount++
	if p.set != nil {
		p.set.append(m)
	}
}

// unqueue takes the oldest message out of p's queue.
func (p *Port) unqueue() *Message {
	m := p.first
	p.first = m.next
	if p.first == nil {
		p.last = nil
	}
	m.next = nil
	p.msgcount--
	if p.set != nil {
		p.set.unlink(m)
	}
	return m
}

// dequeue is unqueue on behalf of a receiver: it stamps the sequence number and lets a sender that waits in.
func (p *Port) dequeue() *Message {
	m := p.unqueue()
	m.leave(p)
	if p.senders.first != nil {
		p.admit()
	}
	return m
}

// admit queues messages of waiting senders while there is room.
func (p *Port) admit() {
	for p.senders.first != nil && p.msgcount < p.qlimit {
		w := p.senders.first
		m := w.msg
		w.end(mach.Success)
		p.sys.wake(w)
		p.sys.wake(p.sys.post(m))
		if p.state != portActive {
			return // m carried p's own receive right
		}
	}
}

// leave is what happens when m leaves the queue of p, or goes past it, to a receiver.
func (m *Message) leave(p *Port) {
	m.seqno = p.seqno
	p.seqno++
	if m.receives {
		m.setTransit(nil)
	}
	if m.accepted != nil {
		m.accept()
	}
}

// full reports whether a message of a user must wait. Those to send-once rights never do: each was paid for by its maker.
func (p *Port) full(t mach.MsgType) bool {
	return p.msgcount >= p.qlimit && t != mach.MsgPortSendOnce
}

// post gives m to its port: to a thread that waits for a message, which is returned and not woken; else to its queue. A message to a
// dead port is destroyed.
func (sys *System) post(m *Message) *Waiter {
	p := m.dest.Port
	if p == nil || p.state != portActive {
		m.Free()
		return nil
	}
	if m.receives {
		if m.circular() {
			m.Free() // nobody could ever receive it
			return nil
		}
		m.setTransit(p)
	}
	if p.server != nil {
		p.enqueue(m)
		sys.schedule(p)
		return nil
	}
	if len(m.memory) != 0 && p.staysIn() {
		m.stay()
	}
	q := &p.receivers
	if p.set != nil {
		q = &p.set.receivers
	}
	for q.first != nil {
		w := q.first
		if m.size > w.Args.RcvSize && w.Args.Option&mach.OptRcvLarge != 0 {
			w.end(mach.RcvTooLarge)
			w.size = m.size
			sys.wake(w)
			continue
		}
		w.end(mach.Success)
		if sys.tracing {
			m.trace(Handed)
		}
		m.leave(p)
		w.msg = m
		return w
	}
	p.enqueue(m)
	if sys.tracing {
		m.trace(Queued)
	}
	return nil
}

// circular reports whether m carries the receive right of the port that it goes to, or of one on whose queue that is, directly or by
// way of other ports.
func (m *Message) circular() bool {
	m.markReceives(true)
	q := m.dest.Port
	for q != nil && !q.marked {
		q = q.transit
	}
	m.markReceives(false)
	return q != nil
}

func (m *Message) markReceives(mark bool) {
	for _, r := range m.rights {
		if r.Port != nil && r.Type == mach.MsgPortReceive {
			r.Port.marked = mark
		}
	}
	for _, o := range m.memory {
		for _, r := range o.rights {
			if r.Port != nil && r.Type == mach.MsgPortReceive {
				r.Port.marked = mark
			}
		}
	}
}

// setTransit notes on which port's queue the receive rights in m are.
func (m *Message) setTransit(to *Port) {
	for _, r := range m.rights {
		if r.Port != nil && r.Type == mach.MsgPortReceive {
			r.Port.transit = to
		}
	}
	for _, o := range m.memory {
		for _, r := range o.rights {
			if r.Port != nil && r.Type == mach.MsgPortReceive {
				r.Port.transit = to
			}
		}
	}
}
