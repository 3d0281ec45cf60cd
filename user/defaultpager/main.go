// Command defaultpager is a default memory manager in ring 3: what the kernel's is inside, by messages. It keeps pages with the very package that the
// kernel's default pager has for that, pager/backing, on memory that it allocates at the start: as words, or compressed.
//
//	defaultpager --receive=PORT [--memory=MIB]
//
// PORT is the name of the receive right that becomes the manager's port, when somebody with the host's privileged port sets it. A message with the id 1 is
// answered by its numbers, and with the id 2 ends it.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"defpager/board"
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"
	"defpager/pager/backing"
	"defpager/user/libmach"
)

// Ids of the messages of this program's own.
const (
	idStats mach.MsgID = 1
	idEnd   mach.MsgID = 2
)

func main() {
	receive := flag.Uint("receive", 0, "`name` of the receive right of the manager's port")
	memory := flag.Uint64("memory", 16, "`MIB` of memory to keep pages in")
	flag.Parse()
	p, err := newPager(mach.Name(*receive), *memory<<20)
	if err == nil {
		err = p.run()
	}
	if err != nil {
		fmt.Println("defaultpager: FAILED:", err)
		os.Exit(1)
	}
	fmt.Printf("defaultpager: %d pages came for the first time, %d again, %d were asked back, %d objects made and %d destroyed\n",
		p.initial, p.returned, p.supplied, p.created, p.destroyed)
}

// pager is the manager. It has one thread, which takes requests to all ports from one set: so they take effect in the order of their sequence numbers.
type pager struct {
	client    *libmach.Client
	task      mach.Name
	port, set mach.Name // the manager's, and all ports

	mem    board.Memory
	frames *frame.Allocator
	store  *backing.Backing
	page   [mach.PageSize]byte // on its way to the kernel

	objects                                         map[mach.Name]*object // by receive right
	ids                                             uint64
	initial, returned, supplied, created, destroyed int
}

func newPager(port mach.Name, size uint64) (*pager, error) {
	p := &pager{client: libmach.NewClient(), port: port, mem: board.Simulated(size), objects: map[mach.Name]*object{}}
	p.task = p.client.Task()
	for at := mach.PhysAddr(0); at < p.mem.Limit(); at += mach.PageSize {
		p.mem.Frame(at)[0] = 0 // while there is memory: later it is for others
	}
	pages := size >> mach.PageShift
	p.frames = frame.New(p.mem, make([]frame.Desc, pages), []board.Range{{Start: mach.PageSize, Size: size - mach.PageSize}})
	var err error
	p.store, err = backing.New(backing.Config{
		Mem: p.mem, Frames: p.frames, PageReady: func(vm.Token) {}, FramesReady: func() {}, Now: func() int64 { return time.Now().UnixNano() },
		Log: func(format string, args ...any) { fmt.Printf("defaultpager: "+format+"\n", args...) },
	})
	if err != nil {
		return nil, err
	}
	var code mach.Return
	if p.set, code = libmach.PortAllocate(p.task, mach.RightPortSet); code != mach.Success {
		return nil, code
	}
	if code = p.client.PortMoveMember(p.task, port, p.set); code != mach.Success {
		return nil, code
	}
	return p, nil
}

// run serves until somebody wants it to end.
func (p *pager) run() error {
	buf, answer := libmach.NewBuffer(4096), libmach.NewBuffer(8192)
	for {
		m, code := libmach.Receive(buf, p.set, 0, 0)
		if code != mach.Success {
			return code
		}
		switch {
		case p.client.MemoryObjectServer(m, p) != mach.MIGBadID:
		case p.client.MemoryObjectDefaultServer(m, p) != mach.MIGBadID:
		case m.ID() == mach.NotifyNoSenders:
			p.noSenders(m.Port())
		case m.Port() == p.port && m.ID() == idEnd:
			return nil
		case m.Port() == p.port && m.ID() == idStats:
			w := mig.NewWriter(answer)
			w.RetCode(mach.Success)
			w.Uint64(uint64(p.initial + p.returned))
			w.Uint64(uint64(p.supplied))
			w.Uint64(uint64(len(p.objects)))
			w.Uint64(uint64(p.kept()))
			_ = libmach.Reply(&w, m, 0)
		default:
			out, code, _ := wire.DefaultPagerDemux(calls{p}, &mig.Request{Header: m.Header, Body: m.Body}, answer)
			if out != nil {
				code = libmach.Send(out, mach.OptSendTimeout, 0)
			} else if m.Reply() != mach.NameNull {
				code = libmach.Answer(answer, m, code)
			}
			if code != mach.Success && m.Reply() != mach.NameNull {
				_ = libmach.PortDeallocate(p.task, m.Reply())
			}
		}
	}
}

// kept is how many pages of objects there are.
func (p *pager) kept() (n int) {
	for _, o := range p.objects {
		n += len(o.pages)
	}
	return n
}
