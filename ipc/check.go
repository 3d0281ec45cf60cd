package ipc

import (
	"fmt"

	"defpager/mach"
)

// checker counts what refers to each port.
type checker struct {
	sys      *System
	sends    map[*Port]uint32
	onces    map[*Port]uint32
	receives map[*Port]int
	names    map[*Port]int
	transit  map[*Port]*Port
	held     map[*Space]uint64
	promised map[*Space]uint64
	err      error
}

// Check verifies the invariants of the spaces, which are all that exist, and of every port and message of the System. held
// lists the rights that the kernel holds outside of spaces and messages.
func (sys *System) Check(spaces []*Space, held []Right) error {
	c := &checker{
		sys:      sys,
		sends:    map[*Port]uint32{},
		onces:    map[*Port]uint32{},
		receives: map[*Port]int{},
		names:    map[*Port]int{},
		transit:  map[*Port]*Port{},
		held:     map[*Space]uint64{},
		promised: map[*Space]uint64{},
	}
	c.want(sys.doomed == nil && !sys.dying, "a port is dying")
	c.want(sys.touched == nil, "an entry is marked")
	names, sets := 0, 0
	chunks := uint32(0)
	for _, s := range spaces {
		names += s.table.count
		n, t := c.space(s)
		chunks += n
		sets += int(t)
	}
	c.want(int(sys.names) == names, "%d names in use, the spaces have %d", sys.names, names)
	c.want(sys.chunks.used == chunks, "%d chunks in use, the spaces have %d", sys.chunks.used, chunks)
	c.want(int(sys.setCount) == sets, "%d sets, the spaces have %d", sys.setCount, sets)
	for _, r := range held {
		c.right(r, nil)
	}
	c.messages()
	sys.ports.each(func(p *Port) {
		c.once(p.noSenders)
		c.once(p.portDestroyed)
		c.queue(p)
	})
	live, onces := uint32(0), uint64(0)
	sys.ports.each(func(p *Port) {
		c.port(p)
		onces += uint64(p.sorights)
		if p.space != nil {
			c.promised[p.space] += uint64(p.sorights)
		}
		live++
	})
	for _, s := range spaces {
		c.want(s.held == c.held[s], "%d bytes of messages in a space's share, counted %d", c.held[s], s.held)
		c.want(s.promised == c.promised[s], "%d send-once rights in a space's share, counted %d", c.promised[s], s.promised)
	}
	c.want(live == sys.ports.live, "%d ports live, the pool says %d", live, sys.ports.live)
	c.want(onces == sys.promised, "%d send-once rights, %d promised messages", onces, sys.promised)
	for p := sys.ports.free; p != nil; p = p.link {
		c.want(p.state == portFree, "port %d is free and in use", p.id)
	}
	return c.err
}

func (c *checker) want(ok bool, format string, args ...any) {
	if !ok && c.err == nil {
		c.err = fmt.Errorf("ipc: "+format, args...)
	}
}

func (c *checker) once(p *Port) {
	if p != nil {
		c.onces[p]++
	}
}

// right counts a right outside of spaces; queued is the port in whose queue it is.
func (c *checker) right(r Right, queued *Port) {
	if r.Port == nil {
		return
	}
	switch r.Type {
	case mach.MsgPortSend:
		c.sends[r.Port]++
	case mach.MsgPortSendOnce:
		c.onces[r.Port]++
	case mach.MsgPortReceive:
		c.receives[r.Port]++
		c.want(r.Port.space == nil && r.Port.server == nil, "port %d has two receive rights", r.Port.id)
		if queued != nil {
			c.transit[r.Port] = queued
		}
	default:
		c.want(false, "a right of type %d to port %d", r.Type, r.Port.id)
	}
}

// space checks the names of a space and returns how many chunks and sets it has.
func (c *checker) space(s *Space) (chunks, sets uint32) {
	t := &s.table
	count, hashed := 0, 0
	one := func(i uint32, ch *chunk) {
		chunks++
		for j := range ch.entries {
			e := &ch.entries[j]
			name := mach.Name(i*chunkSize + uint32(j))
			free := ch.free>>j&1 != 0
			if e.typ == 0 {
				c.want(free || name == mach.NameNull, "name %d is neither free nor used", name)
				left := *e
				left.name, left.space = 0, nil // these stay for the next use
				c.want(left == entry{}, "free name %d holds something", name)
				continue
			}
			count++
			c.want(!free, "name %d is free and used", name)
			c.want(e.name == name && e.space == s, "name %d thinks it is %d", name, e.name)
			if c.entry(s, e) {
				hashed++
			}
			if e.set != nil {
				sets++
			}
		}
	}
	for i, ch := range t.dense {
		open := t.open[i/64]>>(i%64)&1 != 0
		c.want(open == (ch == nil || ch.free != 0), "chunk %d: open is %t", i, open)
		c.want(!open || i/64 >= t.hint, "chunk %d is open, the hint is %d", i, t.hint)
		if ch != nil {
			one(uint32(i), ch)
		}
	}
	if len(t.dense) > 0 && t.dense[0] != nil {
		c.want(t.zero == t.dense[0], "the lowest names are not in the first chunk")
	} else {
		c.want(t.zero == &s.sys.noNames, "there are lowest names without a chunk")
	}
	if t.low != nil {
		for i := range t.first / chunkSize {
			c.want(t.open[i/64]>>(i%64)&1 == 0, "chunk %d is open before the first", i)
		}
		c.want(t.dense[t.first/chunkSize] == t.low, "the first open chunk is not chunk %d", t.first/chunkSize)
	}
	for i, ch := range t.sparse {
		c.want(int(i) >= len(t.dense), "chunk %d is sparse, %d are dense", i, len(t.dense))
		one(i, ch)
	}
	c.want(count == t.count, "%d names, the count is %d", count, t.count)
	c.want(hashed == s.senders.count, "%d names of send rights, the hash has %d", hashed, s.senders.count)
	for _, a := range s.accepts {
		e := s.lookup(a.name)
		c.want(e != nil && e.typ&mach.TypeMARequest != 0, "accepted name %d has no request", a.name)
	}
	return chunks, sets
}

// entry checks one name and reports whether it belongs in the hash.
func (c *checker) entry(s *Space, e *entry) (hashed bool) {
	c.want(!e.marked && e.takes == 0 && e.takesAway == 0, "name %d is marked", e.name)
	p := e.port
	typ := e.typ &^ mach.TypeMARequest
	c.once(e.request)
	if p != nil {
		c.names[p]++
		c.want(p.state == portActive, "name %d denotes port %d, which is not active", e.name, p.id)
		listed := false
		for n := p.entries; n != nil; n = n.next {
			listed = listed || n == e
		}
		c.want(listed, "port %d does not know its name %d", p.id, e.name)
	}
	switch typ {
	case mach.TypeSend, mach.TypeSend | mach.TypeReceive, mach.TypeReceive:
		if p == nil {
			c.want(false, "name %d has no port", e.name)
			return false
		}
		if typ&mach.TypeSend != 0 {
			c.sends[p]++
		}
		if typ&mach.TypeReceive != 0 {
			c.receives[p]++
			c.want(p.space == s && p.name == e.name, "port %d is received under another name than %d", p.id, e.name)
		} else {
			hashed = true
			c.want(s.senders.find(p) == e, "name %d is not in the hash", e.name)
		}
		c.want((e.refs > 0) == (typ&mach.TypeSend != 0), "name %d has %d references", e.name, e.refs)
		c.want(s.find(p) == e, "name %d is not found by its port", e.name)
	case mach.TypeSendOnce:
		c.once(p)
		c.want(p != nil && e.refs == 1, "send-once name %d has %d references", e.name, e.refs)
	case mach.TypeDeadName:
		c.want(p == nil && e.refs > 0 && e.request == nil, "dead name %d is wrong", e.name)
	case mach.TypePortSet:
		c.want(p == nil && e.set != nil && e.set.name == e.name, "port set %d is wrong", e.name)
		if e.set != nil {
			c.set(e.set)
		}
	default:
		c.want(false, "name %d has type %#x", e.name, uint32(e.typ))
	}
	c.want(e.refs <= maxRefs, "name %d has %d references", e.name, e.refs)
	return hashed
}

func (c *checker) set(t *Set) {
	queued := uint32(0)
	for p := t.members; p != nil; p = p.setNext {
		c.want(p.set == t, "member %d is in another set", p.id)
		queued += p.msgcount
	}
	n := uint32(0)
	for m := t.first; m != nil; m = m.setNext {
		n++
		c.want(m.dest.Port.set == t, "a message of port %d is in the wrong set", m.dest.Port.id)
		c.want(m.setNext != nil || t.last == m, "a set's last message is not its last")
	}
	c.want(n == queued, "a set has %d messages, its members %d", n, queued)
	c.want(n == 0 || t.receivers.first == nil, "a thread waits for a set that has messages")
}

// queue checks a port's queue, whose messages carry rights in transit.
func (c *checker) queue(p *Port) {
	n := uint32(0)
	for m := p.first; m != nil; m = m.next {
		n++
		c.want(m.live && m.dest.Port == p, "the queue of port %d holds a message that is not its own", p.id)
		c.want(m.next != nil || p.last == m, "the last message of port %d is not its last", p.id)
		for _, r := range m.rights {
			if r.Port != nil && r.Type == mach.MsgPortReceive {
				c.transit[r.Port] = p
			}
		}
		for _, o := range m.memory {
			for _, r := range o.rights {
				if r.Port != nil && r.Type == mach.MsgPortReceive {
					c.transit[r.Port] = p
				}
			}
		}
	}
	c.want(n == p.msgcount, "port %d has %d messages, the count is %d", p.id, n, p.msgcount)
	c.want(n == 0 || p.receivers.first == nil, "a thread waits for port %d, which has messages", p.id)
	c.want(p.senders.first == nil || n >= p.qlimit, "a thread waits to send to port %d, which has room", p.id)
	for w := p.senders.first; w != nil; w = w.next {
		c.want(w.kind == waitSend && w.msg != nil && w.msg.dest.Port == p, "a sender at port %d has no message for it", p.id)
	}
}

// messages counts the rights that messages carry.
func (c *checker) messages() {
	sys := c.sys
	live, bytes := uint32(0), uint64(0)
	for _, slab := range sys.messages.slabs {
		for i := range slab {
			m := &slab[i]
			if !m.live {
				c.want(m.dest.Port == nil && m.reply.Port == nil && len(m.rights)+len(m.memory) == 0, "a free message carries rights")
				continue
			}
			live++
			if m.payer != nil {
				c.held[m.payer] += m.paid
			}
			bytes += m.charge
			if len(m.buf) > smallBuffer {
				bytes += uint64(len(m.buf))
			}
			c.right(m.dest, nil)
			c.right(m.reply, nil)
			for _, r := range m.rights {
				c.right(r, nil)
			}
			for _, o := range m.memory {
				bytes += o.charge
				for _, r := range o.rights {
					c.right(r, nil)
				}
			}
			if m.accepted != nil {
				c.once(m.accepted.notify)
			}
		}
	}
	stocked := 0
	for m := sys.messages.stock; m != nil; m = m.next {
		stocked++
		c.want(!m.live, "a message that is set aside is in use")
	}
	c.want(stocked == sys.messages.stocked, "%d messages are set aside, counted %d", stocked, sys.messages.stocked)
	c.want(live == sys.messages.live, "%d messages live, the pool says %d", live, sys.messages.live)
	c.want(bytes == sys.messages.bytes, "%d bytes of messages, the pool says %d", bytes, sys.messages.bytes)
}

// port compares a port with what was counted.
func (c *checker) port(p *Port) {
	c.want(p.rest != &c.sys.ports.none || c.sys.ports.none == rest{}, "somebody wrote to what port %d has no own of", p.id)
	if p.server != nil {
		c.receives[p]++
	}
	c.want(p.srights == c.sends[p], "port %d has %d send rights, it counts %d", p.id, c.sends[p], p.srights)
	c.want(p.sorights == c.onces[p], "port %d has %d send-once rights, it counts %d", p.id, c.onces[p], p.sorights)
	c.want(p.transit == c.transit[p], "port %d is in transit to another port than it says", p.id)
	n := 0
	for e := p.entries; e != nil; e = e.next {
		n++
		c.want(e.port == p, "port %d lists the name %d of another port", p.id, e.name)
	}
	c.want(n == c.names[p], "port %d has %d names, it lists %d", p.id, c.names[p], n)
	switch p.state {
	case portActive:
		c.want(c.receives[p] == 1, "port %d has %d receive rights", p.id, c.receives[p])
	case portDead:
		c.want(c.receives[p] == 0 && p.first == nil && p.set == nil && n == 0, "dead port %d holds something", p.id)
		c.want(p.srights+p.sorights != 0 || p.scheduled, "dead port %d is not in the pool", p.id)
	case portFree:
		c.want(p.srights+p.sorights == 0 && n == 0 && p.first == nil, "free port holds something")
	default:
		c.want(false, "port %d is in state %d", p.id, p.state)
	}
}
