package pager

import (
	"defpager/board/slab"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Config is what a pager is made of.
type Config struct {
	System *ipc.System
	Memory *vm.Env

	// Devices is the device master port, which whoever names a file to page to must hold; nil: there is none.
	Devices *ipc.Port

	// Storage is what the machine has to page to; nil: nothing.
	Storage Storage
	// Send sends a reply that comes later than its request's turn; nil: there is no storage.
	Send func(*ipc.Message)

	// Inspect answers what the kernel tells of an object whose port is the pager's (mach_debug); false: the request is another one. nil: nothing is told.
	Inspect func(o *vm.Object, m *ipc.Message) (reply *ipc.Message, ok bool)
	// Later keeps a request that waits for a page until it is there; then again goes on with it. nil: nothing is paged out.
	Later func(m *ipc.Message, again func(err error) *ipc.Message)

	// Shrinks is told when the object of a port is about to have a smaller limit, in bytes; false: not yet, the request is tried again as Later says. Shrunk is
	// told when it has that, before whoever asked for it is answered, or with two times the same when it could not have. nil: the object's memory is all there is of it.
	Shrinks func(port *ipc.Port, before, now uint64) bool
	Shrunk  func(port *ipc.Port, before, now uint64)

	// Payer is the account of the task whose request is being carried out; nil: nobody pays.
	Payer func() *vm.Account

	// Plain makes the server ignore sequence numbers: default_pager_server in place of seqnos_default_pager_server.
	Plain bool

	// Trace prints a line when Tracing says so; both may be nil.
	Tracing func() bool
	Trace   func(format string, args ...any)
}

// Pager is the default memory manager.
type Pager struct {
	config    Config
	port      *ipc.Port // the default memory manager's
	nextSeqno uint32    // of the next request
	noSenders func(*ipc.Port, uint32)

	live    slab.Pool[Object] // those with send rights
	count   int
	created uint64
	forged  uint64

	turns []turn       // requests that wait for a page, and what came to the same ports after them
	waits *ipc.Message // the request that had to wait again, while goOn looks
}

// New makes a pager without objects.
func New(c Config) *Pager {
	p := &Pager{config: c, live: slab.New[Object](&slab.Source{Mem: c.Memory.Mem, Frames: c.Memory.Frames})}
	p.live.Hold()
	p.noSenders = p.objectNoSenders
	p.port = c.System.NewKernelPort(p, p)
	return p
}

// Port makes a send right to the default memory manager's port.
func (p *Pager) Port() ipc.Right { return p.port.MakeSend() }

// Objects yields the objects that have send rights, in no order.
func (p *Pager) Objects(yield func(*Object) bool) { p.live.All(yield) }

// Frames is the number of frames that hold the pager's own structures.
func (p *Pager) Frames() mach.PageNumber { return p.live.Frames() }

// Usage is what there is of the pager's own structures.
func (p *Pager) Usage() slab.Usage { return p.live.Usage() }

// InUse is the number of frames that hold at least one of these structures.
func (p *Pager) InUse() mach.PageNumber { return p.live.InUse() }

// Trim gives frames back that are kept for structures which are still to come.
func (p *Pager) Trim() { p.live.Trim() }

// Count is the number of objects that have send rights, and of all that were ever created.
func (p *Pager) Count() (live int, created uint64) { return p.count, p.created }

// Object is a memory object of the default pager. It lies in a frame; what it refers to is in the lists of vm.Env and ipc.System.
type Object struct {
	memory *vm.Object
	port   *ipc.Port
}

// ID is the object's number, which default_pager_objects shows: its memory's.
func (o *Object) ID() uint64 { return o.memory.ID() }

// Port is the object's port.
func (o *Object) Port() *ipc.Port { return o.port }

// MemoryObject implements kern.Mappable.
func (o *Object) MemoryObject() *vm.Object { return o.memory }

// create makes an object of at most size bytes, with a reserved frame for each page, and a send right to its port.
// ResourceShortage names what was asked for and what there is.
func (p *Pager) create(size uint64) (ipc.Right, error) {
	env := p.config.Memory
	frames, err := env.Frames.Reserve(mach.Pages(size))
	if err != nil {
		return ipc.Right{}, err
	}
	memory, err := vm.NewReserved(env, size, frames)
	if err != nil {
		frames.Release()
		return ipc.Right{}, err
	}
	return p.publish(memory)
}

// publish makes an object of memory (consumed), and a send right to its port. ResourceShortage.
func (p *Pager) publish(memory *vm.Object) (ipc.Right, error) {
	o := p.live.Get()
	if o == nil {
		memory.Release()
		return ipc.Right{}, mach.ResourceShortage
	}
	o.memory = memory
	if o.port = p.config.System.NewSmallPort(p, o); o.port == nil {
		memory.Release()
		p.live.Put(o)
		return ipc.Right{}, mach.ResourceShortage
	}
	if p.config.Payer != nil {
		memory.Charge(p.config.Payer())
	}
	p.created++
	p.count++
	right := o.port.MakeSend()
	o.port.SetNoSenders(1, p.noSenders)
	return right, nil
}

// payer is who pays for an object that is made now, nil if nobody does.
func (p *Pager) payer() *vm.Account {
	if p.config.Payer == nil {
		return nil
	}
	return p.config.Payer()
}

// restricted reports whether the task that asks for an object does not just have frames promised: it overcommits, or has a limit.
func (p *Pager) restricted() bool {
	a := p.payer()
	return a != nil && (a.Overcommit || a.ReservedMax != vm.NoLimit)
}

// createAs is create with flags: frames are promised if they say so, or if they say nothing and the task that asks is not one that overcommits.
// ResourceShortage, also beyond the task's limit.
func (p *Pager) createAs(size uint64, flags int32) (ipc.Right, error) {
	a := p.payer()
	if flags&mach.Overcommit != 0 || flags == 0 && a != nil && a.Overcommit {
		memory, err := vm.NewOvercommitted(p.config.Memory, size)
		if err != nil {
			return ipc.Right{}, err
		}
		return p.publish(memory)
	}
	if n := mach.Pages(size); !a.Fits(n) {
		return ipc.Right{}, mach.ResourceShortage.With("%d frames asked for, beyond the task's limit", n)
	}
	return p.create(size)
}

// objectNoSenders destroys an object that no send right denotes any more. A right that was made meanwhile keeps it: the pager then asks
// again.
func (p *Pager) objectNoSenders(port *ipc.Port, makeSends uint32) {
	o, ok := port.Object().(*Object)
	if !ok {
		return
	}
	if now := port.MakeSendCount(); now != makeSends {
		port.SetNoSenders(now, p.noSenders)
		return
	}
	if p.tracing() {
		p.config.Trace("pager: object %d has no senders: %d pages resident, %d mappings", o.ID(), o.memory.Resident(), o.memory.Mapped())
	}
	p.count--
	o.port.Destroy()
	o.memory.Release()
	p.live.Put(o)
}

func (p *Pager) tracing() bool { return p.config.Tracing != nil && p.config.Tracing() }
