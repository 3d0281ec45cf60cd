package ipc

import (
	"maps"
	"slices"

	"defpager/mach"
)

// The model keeps no counts and no links: it finds all by looking everywhere.

type modelPort struct {
	dead      bool
	mscount   uint32
	noSenders *modelPort // a send-once right
	qlimit    int
	seqno     uint32 // of the next message
	payload   uint64 // protected; 0: none
	had       bool   // there were send rights after the last operation, or in this one
	queue     []*modelMessage
}

type modelRight struct {
	port *modelPort // nil: null, or dead
	dead bool
	kind mach.MsgType
}

type modelMessage struct {
	id          mach.MsgID
	value       uint32 // of a notification
	dest, reply modelRight
	body        []modelRight
}

type modelEntry struct {
	port    *modelPort // nil: a dead name
	typ     mach.PortType
	refs    uint32
	request *modelPort
}

type modelSpace map[mach.Name]*modelEntry

type model struct {
	spaces []modelSpace
	ports  []*modelPort
}

func (m *model) newPort() *modelPort {
	p := &modelPort{qlimit: mach.QLimitDefault}
	m.ports = append(m.ports, p)
	return p
}

func (m *model) lowest(s modelSpace) mach.Name {
	n := mach.Name(1)
	for s[n] != nil {
		n++
	}
	return n
}

// rights calls f for every right that exists.
func (m *model) rights(f func(r modelRight)) {
	for _, s := range m.spaces {
		for _, e := range s {
			if e.typ&mach.TypeSend != 0 {
				f(modelRight{port: e.port, kind: mach.MsgPortSend})
			}
			if e.typ&mach.TypeSendOnce != 0 {
				f(modelRight{port: e.port, kind: mach.MsgPortSendOnce})
			}
		}
	}
	for _, p := range m.ports {
		for _, q := range p.queue {
			f(q.dest)
			f(q.reply)
			for _, r := range q.body {
				f(r)
			}
		}
	}
}

func (m *model) senders(p *modelPort) (n int) {
	m.rights(func(r modelRight) {
		if r.port == p && r.kind == mach.MsgPortSend {
			n++
		}
	})
	return n
}

// lookAround fires the no-senders requests that the last step made due.
func (m *model) lookAround() {
	for _, p := range m.ports {
		has := m.senders(p) > 0
		if p.had && !has && !p.dead && p.noSenders != nil {
			to := p.noSenders
			p.noSenders = nil
			m.notify(to, mach.NotifyNoSenders, p.mscount)
		}
		p.had = has
	}
}

func (m *model) notify(to *modelPort, id mach.MsgID, value uint32) {
	m.post(&modelMessage{id: id, value: value, dest: modelRight{port: to, kind: mach.MsgPortSendOnce}})
}

// home is the port on whose queue p's receive right is, nil if none.
func (m *model) home(p *modelPort) *modelPort {
	for _, q := range m.ports {
		for _, msg := range q.queue {
			for _, r := range msg.body {
				if r.port == p && r.kind == mach.MsgPortReceive {
					return q
				}
			}
		}
	}
	return nil
}

func (m *model) post(msg *modelMessage) {
	to := msg.dest.port
	if to == nil || to.dead {
		m.destroy(msg)
		return
	}
	for q := to; q != nil; q = m.home(q) {
		for _, r := range msg.body {
			if r.port == q && r.kind == mach.MsgPortReceive {
				m.destroy(msg)
				return
			}
		}
	}
	to.queue = append(to.queue, msg)
}

func (m *model) destroy(msg *modelMessage) {
	for _, r := range msg.body {
		m.release(r)
	}
	m.release(msg.dest)
	m.release(msg.reply)
}

func (m *model) release(r modelRight) {
	if r.port == nil || r.port.dead {
		return
	}
	switch r.kind {
	case mach.MsgPortSendOnce:
		m.notify(r.port, mach.NotifySendOnce, 0)
	case mach.MsgPortReceive:
		m.kill(r.port)
	}
}

func (m *model) kill(p *modelPort) {
	p.dead = true
	if to := p.noSenders; to != nil {
		p.noSenders = nil
		m.release(modelRight{port: to, kind: mach.MsgPortSendOnce})
	}
	for _, s := range m.spaces {
		for _, name := range slices.Sorted(maps.Keys(s)) {
			e := s[name]
			if e.port != p {
				continue
			}
			e.port = nil
			e.typ = mach.TypeDeadName
			if to := e.request; to != nil {
				e.request = nil
				e.refs++
				m.notify(to, mach.NotifyDeadName, uint32(name))
			}
		}
	}
	queue := p.queue
	p.queue = nil
	for _, msg := range queue {
		m.destroy(msg)
	}
}

// give puts a right into a space and returns its name.
func (m *model) give(s modelSpace, r modelRight) mach.Name {
	if r.port == nil && !r.dead {
		return mach.NameNull
	}
	if r.port == nil || r.port.dead {
		return mach.NameDead
	}
	if r.kind != mach.MsgPortSendOnce {
		for name, e := range s {
			if e.port != r.port || e.typ&mach.TypeSendOnce != 0 {
				continue
			}
			if r.kind == mach.MsgPortReceive {
				e.typ |= mach.TypeReceive
			} else {
				e.typ |= mach.TypeSend
				e.refs++
			}
			return name
		}
	}
	name := m.lowest(s)
	e := &modelEntry{port: r.port, refs: 1}
	s[name] = e
	switch r.kind {
	case mach.MsgPortSend:
		e.typ = mach.TypeSend
	case mach.MsgPortSendOnce:
		e.typ = mach.TypeSendOnce
	case mach.MsgPortReceive:
		e.typ, e.refs = mach.TypeReceive, 0
	}
	return name
}

// take takes a right out of a space; false if the name has none of the kind.
func (m *model) take(s modelSpace, name mach.Name, d mach.MsgType) (modelRight, bool) {
	e := s[name]
	if e == nil {
		return modelRight{}, false
	}
	r := modelRight{port: e.port, kind: received(d), dead: e.port == nil}
	switch d {
	case mach.MsgMakeSend, mach.MsgMakeSendOnce:
		if e.typ&mach.TypeReceive == 0 {
			return r, false
		}
		if d == mach.MsgMakeSend {
			e.port.mscount++
			e.port.had = true // though it may go in the same operation
		}
	case mach.MsgMoveReceive:
		if e.typ&mach.TypeReceive == 0 {
			return r, false
		}
		e.port.mscount, e.port.seqno, e.port.payload = 0, 0, 0
		e.typ &^= mach.TypeReceive
	case mach.MsgCopySend:
		if e.typ&(mach.TypeSend|mach.TypeDeadName) == 0 {
			return r, false
		}
	case mach.MsgMoveSend:
		if e.typ&(mach.TypeSend|mach.TypeDeadName) == 0 {
			return r, false
		}
		m.drop(e)
	case mach.MsgMoveSendOnce:
		if e.typ&(mach.TypeSendOnce|mach.TypeDeadName) == 0 {
			return r, false
		}
		m.drop(e)
	}
	m.tidy(s, name)
	return r, true
}

// drop gives up a user reference.
func (m *model) drop(e *modelEntry) {
	e.refs--
	if e.refs == 0 {
		e.typ &= mach.TypeReceive
	}
}

// tidy removes a name that denotes nothing.
func (m *model) tidy(s modelSpace, name mach.Name) {
	e := s[name]
	if e.typ != 0 {
		return
	}
	delete(s, name)
	if e.request != nil {
		m.notify(e.request, mach.NotifyPortDeleted, uint32(name))
	}
}

// clone copies the model, for a step that may fail.
func (m *model) clone() *model {
	ports := map[*modelPort]*modelPort{nil: nil}
	n := &model{}
	for _, p := range m.ports {
		c := *p
		ports[p] = &c
		n.ports = append(n.ports, &c)
	}
	right := func(r modelRight) modelRight {
		r.port = ports[r.port]
		return r
	}
	for _, p := range n.ports {
		p.noSenders = ports[p.noSenders]
		queue := p.queue
		p.queue = nil
		for _, msg := range queue {
			c := &modelMessage{id: msg.id, value: msg.value, dest: right(msg.dest), reply: right(msg.reply)}
			for _, r := range msg.body {
				c.body = append(c.body, right(r))
			}
			p.queue = append(p.queue, c)
		}
	}
	for _, s := range m.spaces {
		c := modelSpace{}
		for name, e := range s {
			d := *e
			d.port = ports[e.port]
			d.request = ports[e.request]
			c[name] = &d
		}
		n.spaces = append(n.spaces, c)
	}
	return n
}
