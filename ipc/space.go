package ipc

import "defpager/mach"

// Space is a task's table of names.
//
// A port has one name for its receive right and its send rights together, which find gets from the port: the receive right's
// from the port itself, a mere send right's from a hash table. Each send-once right has a name of its own.
type Space struct {
	sys     *System
	active  bool
	table   table
	senders hash
	accepts []*accepted // names with TypeMARequest

	sent, received uint64 // messages
	stays          bool   // see StayIn
	held           uint64 // bytes of messages that count in its share
	promised       uint64 // send-once rights to its ports, which count there too
}

// Traffic is how many messages the task sent and received since it began.
func (s *Space) Traffic() (sent, received uint64) { return s.sent, s.received }

// NewSpace makes an empty name space.
func (sys *System) NewSpace() *Space {
	return &Space{sys: sys, active: true, table: table{zero: &sys.noNames}}
}

// Len is the number of names in use.
func (s *Space) Len() int { return s.table.count }

// Destroy gives up all rights of the space: the task has died. Threads that wait must have been cancelled before.
func (s *Space) Destroy() {
	if !s.active {
		return
	}
	s.active = false
	s.each(s.destroyEntry)
	if len(s.table.dense) > 0 && s.table.dense[0] != nil {
		s.sys.chunks.put(s.table.dense[0])
	}
	s.table = table{zero: &s.sys.noNames}
	s.senders = hash{}
	s.accepts = nil
}

// hash finds the names of send rights by their ports.
type hash struct {
	buckets []*entry // their number is a power of two
	count   int
}

func (h *hash) find(p *Port) *entry {
	if len(h.buckets) == 0 {
		return nil
	}
	e := h.buckets[p.id&uint32(len(h.buckets)-1)]
	for e != nil && e.port != p {
		e = e.hashNext
	}
	return e
}

func (h *hash) add(e *entry) {
	if h.count >= len(h.buckets) {
		h.grow()
	}
	h.count++
	h.push(e)
}

func (h *hash) push(e *entry) {
	b := &h.buckets[e.port.id&uint32(len(h.buckets)-1)]
	e.hashNext = *b
	*b = e
}

func (h *hash) remove(e *entry) {
	h.count--
	b := &h.buckets[e.port.id&uint32(len(h.buckets)-1)]
	for *b != e {
		b = &(*b).hashNext
	}
	*b = e.hashNext
	e.hashNext = nil
}

func (h *hash) grow() {
	old := h.buckets
	h.buckets = make([]*entry, max(16, 2*len(old)))
	for _, e := range old {
		for e != nil {
			next := e.hashNext
			h.push(e)
			e = next
		}
	}
}

// find is the name that the space has for p by a receive or send right.
func (s *Space) find(p *Port) *entry {
	if p.space == s {
		return s.lookup(p.name)
	}
	return s.senders.find(p)
}

// attach makes e a name of p.
func (e *entry) attach(p *Port) {
	e.port = p
	e.prev = nil
	e.next = p.entries
	if e.next != nil {
		e.next.prev = e
	}
	p.entries = e
}

// detach is the opposite of attach; the rights are accounted for elsewhere.
func (e *entry) detach() {
	if e.prev == nil {
		e.port.entries = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.port, e.next, e.prev = nil, nil, nil
}

// remove ends a name without a right left in it: whoever waits for its death learns that it was deleted.
func (e *entry) remove() {
	s, name, to := e.space, e.name, e.request
	if e.port != nil {
		e.detach()
	}
	s.freeEntry(e)
	switch {
	case to == nil:
	case e == s.sys.cancel.dest && to == s.sys.cancel.port:
		to.dropSendOnce()
	default:
		s.sys.notify(to, mach.NotifyPortDeleted, uint32(name))
	}
}

// die makes e a dead name, as its port has died.
func (e *entry) die() {
	p := e.port
	if e.typ&mach.TypeSendOnce != 0 {
		p.loseSendOnce()
	} else {
		e.space.senders.remove(e)
		p.srights--
	}
	e.detach()
	e.typ = mach.TypeDeadName | e.typ&mach.TypeMARequest
	if to := e.request; to != nil {
		e.request = nil
		e.refs = min(e.refs+1, maxRefs) // the notification carries a reference
		e.space.sys.notify(to, mach.NotifyDeadName, uint32(e.name))
	}
}

// give puts a right into the space, as the receipt of a message does, and consumes it: on failure it is released.
func (s *Space) give(r Right) (mach.Name, mach.Return) {
	p := r.Port
	if p == nil {
		return r.name(), mach.Success
	}
	if p.state != portActive {
		r.Release()
		return mach.NameDead, mach.Success
	}
	var e *entry
	if r.Type != mach.MsgPortSendOnce {
		e = s.find(p)
	}
	if e == nil {
		if e = s.newEntry(); e == nil {
			r.Release()
			return mach.NameNull, mach.ResourceShortage
		}
		e.hold(r)
		return e.name, mach.Success
	}
	e.join(r)
	return e.name, mach.Success
}

// Again adds a user reference to a name that denotes a send right to p. It returns the name, or NameNull, with
// nothing done, when it does not, or when the name is not one of the lowest: it is small enough to be a part of its caller.
func (s *Space) Again(name mach.Name, p *Port) mach.Name {
	if name >= chunkSize {
		return mach.NameNull
	}
	e := &s.table.zero.entries[name]
	if e.port != p || e.typ&mach.TypeSend == 0 {
		return mach.NameNull
	}
	if e.refs < maxRefs {
		e.refs++
	}
	return name
}

// hold puts a right under a new name.
func (e *entry) hold(r Right) {
	e.attach(r.Port)
	switch r.Type {
	case mach.MsgPortSend:
		e.typ = mach.TypeSend
		e.refs = 1
		e.space.senders.add(e)
	case mach.MsgPortSendOnce:
		e.typ = mach.TypeSendOnce
		e.refs = 1
	case mach.MsgPortReceive:
		e.typ = mach.TypeReceive
		e.receive()
	}
}

// join adds a right to the name that the space has for its port. More references than can be counted stay uncounted.
func (e *entry) join(r Right) {
	switch {
	case r.Type == mach.MsgPortReceive:
		e.space.senders.remove(e)
		e.typ |= mach.TypeReceive
		e.receive()
	case e.typ&mach.TypeSend != 0:
		r.Port.srights-- // a name counts as one send right, however many references it has
		e.refs = min(e.refs+1, maxRefs)
	default:
		e.typ |= mach.TypeSend
		e.refs = 1
	}
}

// begin makes e, which holds nothing, the receiver of a new port: hold and receive with nothing to find.
func (e *entry) begin(p *Port) {
	e.port, e.typ = p, mach.TypeReceive
	p.entries, p.space, p.name = e, e.space, e.name
}

// receive makes e the receiver of its port.
func (e *entry) receive() {
	p := e.port
	p.space = e.space
	p.space.promised += uint64(p.sorights)
	p.name = e.name
	p.server = nil
	p.transit = nil
	if p.keeps {
		p.space.StayIn()
	}
	if e.space.stays {
		p.stay()
	}
}

// allows reports whether a message may take a right with a disposition, which IsPort, from e after what it took already.
func (e *entry) allows(d mach.MsgType) bool {
	need := mach.PortType(needs>>((d-mach.MsgMoveReceive)&7*8)) & 0xff << 16
	return e.typ&^e.takesAway&need != 0
}

// take takes a right with a disposition that e allows out of the space.
func (e *entry) take(d mach.MsgType) Right {
	p := e.port
	if d == mach.MsgCopySend && p != nil {
		p.srights++
		return Right{p, mach.MsgPortSend}
	}
	return e.takeSlowly(d)
}

func (e *entry) takeSlowly(d mach.MsgType) Right {
	p := e.port
	switch d {
	case mach.MsgMakeSend:
		return p.MakeSend()
	case mach.MsgMakeSendOnce:
		return p.MakeSendOnce()
	case mach.MsgMoveReceive:
		e.loseReceive()
		p.leaveReceiver()
		return Right{p, mach.MsgPortReceive}
	case mach.MsgMoveSendOnce:
		if p != nil {
			e.remove()
			return Right{p, mach.MsgPortSendOnce}
		}
		e.loseRef()
	case mach.MsgMoveSend:
		if p != nil {
			p.srights++
			e.loseRef()
			return Right{p, mach.MsgPortSend}
		}
		e.loseRef()
	}
	return deadRight() // a copy of one takes nothing
}

// loseRef gives up one user reference of a send right or a dead name.
func (e *entry) loseRef() {
	if e.refs > 1 {
		e.refs--
		return
	}
	e.loseSend()
}

// loseSend gives up all user references of a send right or a dead name.
func (e *entry) loseSend() {
	p := e.port
	if p == nil {
		e.remove()
		return
	}
	if e.typ&mach.TypeReceive != 0 {
		e.typ &^= mach.TypeSend
		e.refs = 0
	} else {
		e.space.senders.remove(e)
		e.remove()
	}
	p.releaseSend()
}

// loseReceive takes the receive right from e, to which the port still has to be told.
func (e *entry) loseReceive() {
	if e.typ&mach.TypeSend == 0 {
		e.remove()
		return
	}
	e.typ &^= mach.TypeReceive
	e.space.senders.add(e)
}

// loseSendOnce gives up a send-once right, which sends its notification.
func (e *entry) loseSendOnce() {
	p := e.port
	e.remove()
	p.releaseSendOnce()
}

// destroyEntry gives up all that a name denotes.
func (s *Space) destroyEntry(e *entry) {
	p := e.port
	switch {
	case e.typ == mach.TypeReceive && e.request == nil && p.alone():
		e.port = nil
		s.freeEntry(e)
		p.vanish()
	case e.typ&mach.TypePortSet != 0:
		e.destroySet()
	case e.typ&mach.TypeSendOnce != 0:
		e.loseSendOnce()
	case e.typ&mach.TypeReceive != 0:
		if e.typ&mach.TypeSend != 0 {
			e.loseSend()
		}
		e.loseReceive()
		p.sys.doom(p)
	default:
		e.loseSend()
	}
}
