package ipc

import (
	"defpager/board"
	"defpager/board/slab"
	"defpager/mach"
)

// Config is what a System is made of.
type Config struct {
	Wake       func(w *Waiter)           // marks the waiter's thread runnable: its wait is over; it must not call back into ipc
	MaxPorts   uint32                    // ports and port sets that may exist at once; 0: 1<<20
	MaxNames   uint32                    // names in all spaces together, in whole chunks; 0: 1<<22
	MaxBuffers uint64                    // bytes of messages in use at once; 0: 16 MiB. See Space.mayHold
	MaxMessage uint32                    // bytes of one message, inline; 0: 1 MiB
	Trace      func(e Event, m *Message) // see SetTrace
	Slab       *slab.Source              // where the ports and names of tasks lie; nil: Go's heap

	// Fuse has tests make what is limited be used up before it is; nil: it never is.
	Fuse *board.Fuse

	// Stays is called when memory begins to stay in messages to a space; it must not call back into ipc. nil: nobody wants to know.
	Stays func(s *Space)

	// Spare frees frames that were set aside for spaces whose messages' memory stays (Space.StayIn), for names of rights that such a one is given. It reports whether there
	// were any. nil: there never are.
	Spare func() bool

	// Late is asked when a receiver's memory does not take data for addr; it is called in the receiver's context. If it returns true
	// it has kept the data, and writes them before the receiver runs again: they count as written. nil: never.
	Late func(mem UserMemory, addr mach.VirtAddr, data []byte) bool
}

// System is one universe of ports: it owns the pools and limits. There is one in a kernel.
type System struct {
	config Config

	ports    portPool
	messages messagePool
	chunks   chunkPool
	sets     slab.Pool[Set]
	setCount uint32 // port sets that exist
	names    uint32 // names in use
	promised uint64 // send-once rights: each will be a message, which must not be refused
	ample    uint64 // bytes: see scarce; 0 where a fuse is asked

	work   workList // kernel ports that Settle must look at
	doomed *Port    // ports to kill, linked by Port.link
	dying  bool     // somebody up the stack empties doomed

	tracing bool     // see SetTrace
	cancel  canceled // while a message is copied in
	noNames chunk    // stands for the chunks that there are not: its entries stay free
	touched *entry   // entries that the validation of a message marked
	quick   Quick    // the one that is being carried out
	scratch [48]byte // what goes through the UserMemory interface must not lie on the stack
}

// New makes an empty System.
func New(c Config) *System {
	if c.Wake == nil {
		c.Wake = func(*Waiter) {}
	}
	if c.Spare == nil {
		c.Spare = func() bool { return false }
	}
	if c.Late == nil {
		c.Late = func(UserMemory, mach.VirtAddr, []byte) bool { return false }
	}
	if c.MaxPorts == 0 {
		c.MaxPorts = 1 << 20
	}
	if c.MaxNames == 0 {
		c.MaxNames = 1 << 22
	}
	if c.MaxBuffers == 0 {
		c.MaxBuffers = 16 << 20
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = 1 << 20
	}
	sys := &System{config: c}
	if c.Fuse == nil {
		sys.ample = (c.MaxBuffers - c.MaxBuffers/reservedPart) / (greed + 1) * greed
	}
	sys.chunks.limit = max(c.MaxNames/chunkSize, 1)
	sys.chunks.all = slab.New[chunk](c.Slab)
	sys.ports.made, sys.ports.small = slab.New[wholePort](c.Slab), slab.New[Port](c.Slab)
	sys.ports.made.Hold()
	sys.ports.small.Hold()
	sys.sets = slab.New[Set](c.Slab)
	return sys
}

// Stats counts what exists in a System.
type Stats struct {
	Ports, Names, Messages uint32
	PortsInFrames          int             // ports of tasks, and small ones: see portPool
	Sets                   int             // port sets
	Tables                 int             // chunks of names
	Buffers                uint64          // bytes
	Frames                 mach.PageNumber // that hold ports, names and port sets
}

// Stats counts what exists.
func (sys *System) Stats() Stats {
	return Stats{
		Ports:         sys.ports.live,
		PortsInFrames: int(sys.ports.made.Usage().Out + sys.ports.small.Usage().Out),
		Sets:          int(sys.sets.Usage().Out),
		Tables:        int(sys.chunks.all.Usage().Out),
		Names:         sys.names,
		Messages:      sys.messages.live,
		Buffers:       sys.messages.bytes + uint64(sys.messages.live)*overhead,
		Frames:        sys.ports.made.Frames() + sys.ports.small.Frames() + sys.chunks.all.Frames() + sys.sets.Frames(),
	}
}

// FramesInUse is how many frames hold at least one port, name or port set.
func (sys *System) FramesInUse() mach.PageNumber {
	return sys.ports.made.InUse() + sys.ports.small.InUse() + sys.chunks.all.InUse() + sys.sets.InUse()
}

// Trim gives frames back that are only kept because a port may be needed soon.
func (sys *System) Trim() {
	sys.ports.made.Trim()
	sys.ports.small.Trim()
}

// workList holds the kernel ports for which Settle has something to do, each once, linked by Port.link.
type workList struct{ first, last *Port }

// schedule makes Settle look at p.
func (sys *System) schedule(p *Port) {
	if p.scheduled {
		return
	}
	p.scheduled = true
	p.link = nil
	if sys.work.last == nil {
		sys.work.first = p
	} else {
		sys.work.last.link = p
	}
	sys.work.last = p
}

// Settle runs what operations left for the kernel's own servers: messages to kernel ports that did not come from a
// user's Send, and no-senders callbacks. The kernel calls it at the end of every trap and of every other piece of work,
// with no operation of its own half done. It costs two loads when there is nothing to do.
func (sys *System) Settle() {
	if sys.work.first != nil {
		sys.settle()
	}
}

// Pending reports whether Settle has something to do.
func (sys *System) Pending() bool { return sys.work.first != nil }

func (sys *System) settle() {
	for sys.work.first != nil {
		p := sys.work.first
		sys.work.first = p.link
		if sys.work.first == nil {
			sys.work.last = nil
		}
		p.link = nil
		p.scheduled = false
		if p.state != portActive {
			p.reclaim()
			continue
		}
		sys.settlePort(p)
	}
}

// settlePort calls p's callback, then its server for what is queued now. Each call may destroy p, so nothing of p is used after one
// without looking at its number.
func (sys *System) settlePort(p *Port) {
	id := p.id
	if p.noSendersDue {
		f := p.noSendersCall
		p.noSendersDue = false
		p.noSendersCall = nil
		if p.first != nil {
			sys.schedule(p)
		}
		f(p, p.noSendersCount)
		return
	}
	for p.id == id && p.state == portActive && p.first != nil && p.server != nil {
		m := p.dequeue()
		if reply := p.server.Serve(p, m); reply != nil {
			sys.wake(sys.post(reply))
		}
	}
}

// wake makes a thread runnable whose wait is over.
func (sys *System) wake(w *Waiter) {
	if w != nil {
		sys.config.Wake(w)
	}
}

// doom kills p now or, when a port is being killed already, after that: a dying port's messages may carry receive rights of ports
// whose messages carry receive rights, and so on without bound.
func (sys *System) doom(p *Port) {
	if p.state != portActive {
		return
	}
	p.state = portDoomed
	p.doomLink = sys.doomed
	sys.doomed = p
	if sys.dying {
		return
	}
	sys.dying = true
	for sys.doomed != nil {
		p := sys.doomed
		sys.doomed = p.doomLink
		p.doomLink = nil
		p.kill()
	}
	sys.dying = false
}
