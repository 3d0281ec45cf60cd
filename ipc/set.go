package ipc

import "defpager/mach"

// Set is a port set: a receiver that gets the messages of all its members, the oldest first. Sets lie in frames like the ports that tasks make.
type Set struct {
	name        mach.Name
	members     *Port    // linked by Port.setNext and setPrev
	first, last *Message // what the members have queued, linked by Message.setNext and setPrev
	receivers   waitQueue
}

func (t *Set) append(m *Message) {
	m.setNext = nil
	m.setPrev = t.last
	if t.last == nil {
		t.first = m
	} else {
		t.last.setNext = m
	}
	t.last = m
}

func (t *Set) unlink(m *Message) {
	if m.setPrev == nil {
		t.first = m.setNext
	} else {
		m.setPrev.setNext = m.setNext
	}
	if m.setNext == nil {
		t.last = m.setPrev
	} else {
		m.setNext.setPrev = m.setPrev
	}
	m.setNext, m.setPrev = nil, nil
}

// add makes p a member. Threads that wait for a message of p itself learn it; messages that are queued go to threads that wait for
// the set's.
func (t *Set) add(p *Port) {
	sys := p.sys
	for p.receivers.first != nil {
		w := p.receivers.first
		w.end(mach.RcvPortChanged)
		sys.wake(w)
	}
	p.set = t
	p.setPrev = nil
	p.setNext = t.members
	if p.setNext != nil {
		p.setNext.setPrev = p
	}
	t.members = p
	for m := p.first; m != nil; m = m.next {
		t.append(m)
	}
	for t.receivers.first != nil && p.state == portActive && p.first != nil {
		w := t.receivers.first
		m := p.first
		if m.size > w.Args.RcvSize && w.Args.Option&mach.OptRcvLarge != 0 {
			w.end(mach.RcvTooLarge)
			w.size = m.size
		} else {
			w.end(mach.Success)
			w.msg = p.dequeue()
		}
		sys.wake(w)
	}
}

// remove ends p's membership.
func (t *Set) remove(p *Port) {
	for m := p.first; m != nil; m = m.next {
		t.unlink(m)
	}
	if p.setPrev == nil {
		t.members = p.setNext
	} else {
		p.setPrev.setNext = p.setNext
	}
	if p.setNext != nil {
		p.setNext.setPrev = p.setPrev
	}
	p.set, p.setNext, p.setPrev = nil, nil, nil
}

// destroySet ends a set: its members go on alone.
func (e *entry) destroySet() {
	t := e.set
	sys := e.space.sys
	for t.members != nil {
		t.remove(t.members)
	}
	for t.receivers.first != nil {
		w := t.receivers.first
		w.end(mach.RcvPortDied)
		sys.wake(w)
	}
	sys.setCount--
	e.remove()
	sys.sets.Put(t)
}

// MoveMember moves a receive right into a port set, or out of its set with after null (mach_port_move_member).
func (s *Space) MoveMember(member, after mach.Name) mach.Return {
	e := s.lookup(member)
	if e == nil {
		return mach.InvalidName
	}
	if e.typ&mach.TypeReceive == 0 {
		return mach.InvalidRight
	}
	p := e.port
	if after == mach.NameNull {
		if p.set == nil {
			return mach.NotInSet
		}
		p.set.remove(p)
		return mach.Success
	}
	to := s.lookup(after)
	if to == nil {
		return mach.InvalidName
	}
	if to.typ&mach.TypePortSet == 0 {
		return mach.InvalidRight
	}
	if p.set == to.set {
		return mach.Success
	}
	if p.set != nil {
		p.set.remove(p)
	}
	to.set.add(p)
	return mach.Success
}

// SetMembers calls f for each member of a port set (mach_port_get_set_status).
func (s *Space) SetMembers(name mach.Name, f func(member mach.Name)) mach.Return {
	e := s.lookup(name)
	if e == nil {
		return mach.InvalidName
	}
	if e.typ&mach.TypePortSet == 0 {
		return mach.InvalidRight
	}
	for p := e.set.members; p != nil; p = p.setNext {
		f(p.name)
	}
	return mach.Success
}
