package ipc

import (
	"defpager/board/slab"
	"defpager/mach"
)

// portState is where a port is in its life.
type portState uint8

const (
	portFree   portState = iota // in the pool
	portActive                  // it has a receive right
	portDoomed                  // its receive right is gone, kill is due
	portDead                    // it waits for its last right to go
)

// Port is a message queue with its receiver and its counts of rights.
//
// The receive right is in one of four places: in a space (space, name), with the kernel's server (server), in a message that is
// queued on another port (transit), or in the hands of the kernel (none of these).
type Port struct {
	sys   *System
	id    uint32
	state portState

	scheduled    bool // in the System's work list
	noSendersDue bool // Settle is to call noSendersCall
	hasPayload   bool
	ours         bool // made for the kernel: it lies on the heap, see portPool
	marked       bool // by circular
	keeps        bool // see KeepReceiver

	srights  uint32 // send rights: one for each name of it, carried message right and right in the kernel
	sorights uint32 // send-once rights, likewise
	mscount  uint32 // send rights made since the receive right came where it is
	seqno    uint32 // of the next message to be received
	qlimit   uint32 // messages, beyond which senders wait
	msgcount uint32 // messages queued

	name    mach.Name // in space
	space   *Space
	server  Server
	object  any
	transit *Port

	first, last *Message // the queue, oldest first, linked by Message.next
	entries     *entry   // names with a right to this port in all spaces, linked by entry.next and prev

	noSendersCall  func(p *Port, mscount uint32)
	noSendersCount uint32

	link     *Port // in the pool or the work list
	doomLink *Port

	*rest
}

// rest is what a port has besides. Ports whose receive right never leaves the kernel's server have none: they refer to portPool.none, where
// everything is zero and is not written.
type rest struct {
	receivers waitQueue
	senders   waitQueue // each with a message that found no room

	set              *Set
	setNext, setPrev *Port

	noSenders     *Port // send-once rights to be used when the last sender goes, and when the receive right does
	portDestroyed *Port

	payload uint64

	whole *wholePort // which this is part of
}

// wholePort is a port with all that it has.
type wholePort struct {
	Port
	own rest
}

// portSlab is how many of the kernel's ports are made at a time.
const portSlab = 32

// portPool owns all ports.
//
// The kernel's ports lie on Go's heap, for what they stand for is on it; those that were made stay. The ports that tasks make lie in frames. What
// these point to on the heap is reachable without them: spaces by their tasks, messages by their pool, threads that wait by their tasks, what
// a port stands for by standFor. The kernel's ports that there may be very many of (NewSmallPort) lie in frames too.
type portPool struct {
	free     *Port
	slabs    []*[portSlab]wholePort
	made     slab.Pool[wholePort]
	small    slab.Pool[Port]
	none     rest
	live     uint32 // ports that are not free
	lastID   uint32
	standFor map[*Port]any // the objects of ports that lie in frames
}

// each calls f for all ports that are not free.
func (pool *portPool) each(f func(p *Port)) {
	for _, slab := range pool.slabs {
		for i := range slab {
			if slab[i].state != portFree {
				f(&slab[i].Port)
			}
		}
	}
	for p := range pool.made.All {
		f(&p.Port)
	}
	for p := range pool.small.All {
		f(p)
	}
}

// mayMakePort reports whether s may have one more port or port set: see fairChunks.
func (s *Space) mayMakePort() bool {
	used, limit, own := s.sys.ports.live+s.sys.setCount, s.sys.config.MaxPorts, uint32(s.table.count)
	return used < limit && (own < fairNames || own < limit-used) && !s.sys.config.Fuse.Blows()
}

// newPort makes a port for a task, or returns nil when no frame is free.
func (sys *System) newPort() *Port {
	p := sys.ports.made.Get()
	if p == nil {
		return nil
	}
	p.sys, p.rest = sys, &p.own
	p.whole = p
	sys.begin(&p.Port)
	return &p.Port
}

// newSmallPort makes a port for the kernel that lies in a frame, or returns nil when none is free.
func (sys *System) newSmallPort() *Port {
	p := sys.ports.small.Get()
	if p != nil {
		p.sys, p.rest = sys, &sys.ports.none
		sys.begin(p)
	}
	return p
}

// newOwnPort makes a port for the kernel.
func (sys *System) newOwnPort() *Port {
	pool := &sys.ports
	if pool.free == nil {
		slab := new([portSlab]wholePort)
		pool.slabs = append(pool.slabs, slab)
		for i := range slab {
			slab[i].Port = Port{sys: sys, ours: true, link: pool.free, rest: &slab[i].own}
			pool.free = &slab[i].Port
		}
	}
	p := pool.free
	pool.free = p.link
	p.link = nil
	sys.begin(p)
	return p
}

// begin starts a port's life.
func (sys *System) begin(p *Port) {
	sys.ports.live++
	sys.ports.lastID++
	p.id = sys.ports.lastID
	p.state = portActive
	p.qlimit = mach.QLimitDefault
}

// reclaim returns a dead port to the pool when nothing refers to it any more.
func (p *Port) reclaim() {
	if p.state != portDead || p.srights|p.sorights != 0 || p.scheduled {
		return
	}
	sys := p.sys
	sys.ports.live--
	switch {
	case p.rest == &sys.ports.none:
		sys.ports.small.Put(p)
	case p.ours:
		*p.rest = rest{}
		*p = Port{sys: sys, ours: true, link: sys.ports.free, rest: p.rest}
		sys.ports.free = p
	default:
		sys.ports.made.Put(p.whole)
	}
}

// kill ends p's life: it is called once, by doom, with the receive right in no place any more. With a port-destroyed request the
// receive right goes there instead.
func (p *Port) kill() {
	sys := p.sys
	p.leaveReceiver()
	if to := p.portDestroyed; to != nil {
		p.portDestroyed = nil
		if to.state == portActive {
			p.state = portActive
			sys.notifyDestroyed(to, p)
			return
		}
		to.dropSendOnce()
	}
	p.server = nil
	if p.rest == &sys.ports.none {
		p.object = nil // its server destroys it, and does not have to be told
	} else {
		if w, ok := p.object.(Watcher); ok {
			w.PortDied()
		}
		p.SetObject(nil)
	}
	p.noSendersCall = nil
	p.noSendersDue = false
	if to := p.noSenders; to != nil {
		p.noSenders = nil
		to.releaseSendOnce()
	}
	for p.entries != nil {
		p.entries.die()
	}
	for p.senders.first != nil {
		w := p.senders.first
		m := w.msg
		w.end(mach.Success) // as for a message that was queued when the port died
		sys.wake(w)
		m.Free()
	}
	for p.first != nil {
		p.unqueue().Free()
	}
	p.state = portDead // only now, so that no right given up above could have reclaimed p
	p.reclaim()
}

// alone reports whether there is nothing of a port but a task's receive right: nobody has to be told when it goes. Messages on its queue and senders that
// wait have rights to it.
func (p *Port) alone() bool {
	return p.srights|p.sorights == 0 && p.whole != nil && p.object == nil && !p.scheduled &&
		p.receivers.first == nil && p.set == nil && p.noSenders == nil && p.portDestroyed == nil
}

// vanish is kill for a port that is alone and whose name is free already.
func (p *Port) vanish() {
	pool := &p.sys.ports
	pool.live--
	pool.made.Put(p.whole)
}

// leaveReceiver takes the receive right out of its place: threads that wait for a message learn it.
func (p *Port) leaveReceiver() {
	if p.set != nil {
		p.set.remove(p)
	}
	for p.receivers.first != nil {
		w := p.receivers.first
		w.end(mach.RcvPortDied)
		p.sys.wake(w)
	}
	if p.space != nil {
		p.space.promised -= uint64(p.sorights)
		p.space = nil
	}
	p.name = 0
	p.transit = nil
	p.mscount = 0
	p.seqno = 0
	if p.hasPayload {
		p.hasPayload, p.payload = false, 0
	}
}

// ID is a number that no other port of this System has or had (until 2^32 ports were made), for the monitor.
func (p *Port) ID() uint32 { return p.id }

// Active reports whether the port is alive.
func (p *Port) Active() bool { return p.state == portActive }

// Receiver is the space that has the receive right, nil if none has.
func (p *Port) Receiver() *Space { return p.space }

// Object is what NewKernelPort or SetObject was given, nil for other ports and dead ones.
func (p *Port) Object() any { return p.object }

// MakeSendCount is the port's make-send count.
func (p *Port) MakeSendCount() uint32 { return p.mscount }
