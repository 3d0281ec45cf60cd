// Command replaypager is the memory manager of the objects of the program replay. It answers as it likes: with locks on pages, with precious pages,
// with nothing where there are zeros, and by taking a page back when it is asked for an access. It makes copies when the kernel asks for them. What it
// answers is true.
//
//	replaypager --receive=PORT
//
// PORT names the receive right of a port for replay's requests (package replay, Msg...).
package main

import (
	"fmt"
	"math/rand/v2"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/replay"
	"defpager/user/libmach"
)

func main() {
	port := args.ReceiveRight("receive", "the port for requests")
	args.Parse(port)
	p := &pager{
		client: libmach.NewClient(), rand: rand.New(rand.NewPCG(1, 2)), requests: *port, completed: libmach.ReplyPort(),
		objects: make(map[mach.Name]*object), buf: libmach.NewBuffer(512), answer: libmach.NewBuffer(128),
	}
	if ret := p.serve(); ret != mach.Success {
		fmt.Printf("replaypager: FAILED: %v\n", ret)
		os.Exit(1)
	}
}

// object is a memory object: the name of its receive right, and of its send right as well, is its key.
type object struct {
	control  mach.Name // null while nobody maps it
	mayCache bool
	strategy mach.CopyStrategy
	pages    [replay.ObjectPages][]byte // nil: zeros
	copied   bool                       // the kernel made it, by memory_object_copy
	known    bool                       // what it holds is known: only then it is ready
}

type pager struct {
	client    *libmach.Client
	rand      *rand.Rand
	requests  mach.Name
	completed mach.Name // where the kernel tells that a request is done
	set       mach.Name
	objects   map[mach.Name]*object
	buf       libmach.Buffer
	answer    libmach.Buffer
	pending   int // completions that are awaited
	done      bool
}

func (p *pager) serve() mach.Return {
	task := p.client.Task()
	var ret mach.Return
	if p.set, ret = libmach.PortAllocate(task, mach.RightPortSet); ret != mach.Success {
		return ret
	}
	for _, member := range [...]mach.Name{p.requests, p.completed} {
		if ret := p.client.PortMoveMember(task, member, p.set); ret != mach.Success {
			return ret
		}
	}
	for !p.done {
		m, ret := libmach.Receive(p.buf, p.set, 0, 0)
		if ret != mach.Success {
			return ret
		}
		p.handle(m)
	}
	return mach.Success
}

// handle does what a message asks for.
func (p *pager) handle(m libmach.Message) {
	if m.Port() == p.requests {
		p.request(m)
	} else {
		p.kernel(m)
	}
}

// kernel does what the kernel wants, or notes that it is done.
func (p *pager) kernel(m libmach.Message) {
	if m.Port() == p.completed {
		p.pending--
		return
	}
	if m.ID() == mach.IDMemoryObjectCopy {
		p.copy(m)
		return
	}
	p.client.MemoryObjectServer(m, p)
}

// copy makes another object's contents of what one holds by now, which the kernel knows better.
func (p *pager) copy(m libmach.Message) {
	from := p.objects[m.Port()]
	r := m.Reader()
	control := r.Port(mach.MsgPortSend)
	offset, length := r.Uint64(), r.Uint64()
	name := r.Port(mach.MsgPortReceive)
	if r.End() != mach.Success {
		return
	}
	o := &object{strategy: mach.CopyDelay, copied: true}
	p.objects[name] = o
	p.client.PortMoveMember(p.client.Task(), name, p.set)
	if p.client.MemoryObjectLockRequest(control, libmach.Lock{
		Offset: offset, Size: length, Return: mach.ReturnDirty, Lock: mach.ProtNoChange, Reply: p.completed,
	}) == mach.Success {
		p.pending++
		p.settle()
	}
	copy(o.pages[:], from.pages[offset/mach.PageSize:][:length/mach.PageSize])
	o.known = true
	if o.control != mach.NameNull {
		p.client.MemoryObjectReady(o.control, o.mayCache, o.strategy)
	}
}

// settle waits until the kernel has done what it was asked, and does what is wanted meanwhile: replay may have asked already when a copy is made.
func (p *pager) settle() {
	for p.pending > 0 {
		m, ret := libmach.Receive(p.buf, p.set, 0, 0)
		if ret != mach.Success {
			return
		}
		p.handle(m)
	}
}

// request carries one of replay's requests out and answers it.
func (p *pager) request(m libmach.Message) {
	w := mig.NewWriter(p.answer)
	w.RetCode(mach.Success)
	extra := mach.HeaderBits(0)
	to := m // its header; the body is read before anything else is received
	r := m.Reader()
	switch m.ID() {
	case replay.MsgNew:
		name, _ := libmach.PortAllocate(p.client.Task(), mach.RightReceive)
		p.client.PortMoveMember(p.client.Task(), name, p.set)
		p.objects[name] = &object{strategy: mach.CopyDelay, known: true}
		w.Port(mach.MsgMakeSend, name)
		extra = mach.Complex
	case replay.MsgEnd:
		for name := range p.objects {
			p.client.PortDestroy(p.client.Task(), name)
		}
		clear(p.objects)
	case replay.MsgSettle:
	case replay.MsgQuit:
		p.done = true
	case replay.MsgLock:
		name := r.Port(mach.MsgPortSend)
		l := libmach.Lock{
			Offset: r.Uint64(), Size: r.Uint64(), Return: mach.MemoryReturn(r.Int32()), Flush: r.Bool(), Lock: mach.Prot(r.Int32()), Reply: p.completed,
		}
		if o := p.objects[name]; o.control != mach.NameNull {
			p.pending++
			p.client.MemoryObjectLockRequest(o.control, l)
		}
		p.drop(name)
	case replay.MsgAttributes:
		name := r.Port(mach.MsgPortSend)
		o := p.objects[name]
		o.mayCache, o.strategy = r.Bool(), mach.CopyStrategy(r.Int32())
		if o.control != mach.NameNull {
			p.pending++
			p.client.MemoryObjectChangeAttributes(o.control, o.mayCache, o.strategy, p.completed)
		}
		p.drop(name)
	}
	p.settle()
	libmach.Reply(&w, to, extra)
}

// drop gives up a send right that a request brought.
func (p *pager) drop(name mach.Name) { p.client.PortModRefs(p.client.Task(), name, mach.RightSend, -1) }

// Init implements libmach.MemoryManager.
func (p *pager) Init(object, control, _ mach.Name) {
	o := p.objects[object]
	o.control = control
	if o.known {
		p.client.MemoryObjectReady(control, o.mayCache, o.strategy)
	}
}

// DataRequest implements libmach.MemoryManager.
func (p *pager) DataRequest(object, control mach.Name, offset, length uint64, _ mach.Prot) {
	o := p.objects[object]
	b := o.pages[offset/mach.PageSize]
	if b == nil {
		if !o.copied && p.rand.IntN(2) == 0 { // for a copy that would be what the original has now
			p.client.MemoryObjectDataUnavailable(control, offset, length)
			return
		}
		b = make([]byte, length)
	}
	locks := [...]mach.Prot{mach.ProtNone, mach.ProtNone, mach.ProtWrite, mach.ProtAll}
	p.client.MemoryObjectDataSupply(control, libmach.Supply{
		Offset: offset, Data: b, Lock: locks[p.rand.IntN(len(locks))], Precious: p.rand.IntN(2) == 0,
	})
}

// DataUnlock implements libmach.MemoryManager. To take the page back is an answer too.
func (p *pager) DataUnlock(_, control mach.Name, offset, length uint64, access mach.Prot) {
	l := libmach.Lock{Offset: offset, Size: length, Lock: mach.ProtAll &^ access}
	if p.rand.IntN(3) == 0 {
		l.Return, l.Flush = mach.ReturnAll, true
	}
	p.client.MemoryObjectLockRequest(control, l)
}

// DataReturn implements libmach.MemoryManager.
func (p *pager) DataReturn(object, _ mach.Name, offset uint64, data []byte, _, _ bool) {
	for len(data) > 0 {
		p.objects[object].pages[offset/mach.PageSize] = append([]byte(nil), data[:mach.PageSize]...)
		data = data[mach.PageSize:]
		offset += mach.PageSize
	}
}

// Terminate implements libmach.MemoryManager.
func (p *pager) Terminate(object, _ mach.Name) {
	o := p.objects[object]
	o.control = mach.NameNull
	if o.copied {
		delete(p.objects, object)
		p.client.PortDestroy(p.client.Task(), object)
	}
}
