package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"defpager/board"
	"defpager/board/disk"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"
	"defpager/pager"
	"defpager/pager/backing"
	"defpager/pager/disks"
	"defpager/user/libmach"
)

// config is what the command line says.
type config struct {
	receive, devices mach.Name
	memory           uint64    // bytes
	disks            []uint64  // bytes of each
	master           mach.Name // the kernel's device master port, and
	use              []string  // disks that it has
	threads          int
	shuffle          bool
	patience         time.Duration // with a kernel that has no memory
}

// server is the manager: the default pager, and what the kernel is to it elsewhere. Its threads receive from one set; a message takes effect in the
// turn of its port, with mu held.
type server struct {
	config config
	turns  libmach.Turns
	busy   atomic.Int32 // threads that have received a message
	ended  atomic.Bool
	failed error

	overtaken atomic.Int64

	mu        sync.Mutex
	client    *libmach.Client
	task, set mach.Name
	sys       *ipc.System
	env       *vm.Env
	pager     *pager.Pager
	manager   *port
	handled   int // messages
	disks     *disks.Disks
	store     *backing.Backing
	ports     map[mach.Name]*port // by receive right
	names     map[*ipc.Port]*port
	waiting   map[vm.Token]request // kernel's pages that are to be supplied when they are back from a disk
	ready     []vm.Token           // those that are back
	devices   []disk.Disk
	opened    []*deviceDisk
	late      []func()              // what waits for pages of clients' objects
	refused   map[request]*shortage // pages that the kernel had no room for
	starved   int                   // transfers that were given up for want of memory since the last one that was not
	spare     frame.Reservation
	answer    libmach.Buffer
	ask       libmach.Buffer // of requests to disks

	initial, returned, supplied, kernelObjects, kernelLive, lostPages int
}

// ticks is a clock.
func ticks() int64 { return int64(libmach.Ticks()) }

func newServer(c config) (*server, error) {
	s := &server{
		config: c, client: libmach.NewClient(), sys: ipc.New(ipc.Config{}), answer: libmach.NewBuffer(8192), ask: libmach.NewBuffer(256),
		ports: map[mach.Name]*port{}, names: map[*ipc.Port]*port{}, waiting: map[vm.Token]request{}, refused: map[request]*shortage{},
	}
	s.task = s.client.Task()
	mem := touched(c.memory)
	frames := frame.New(mem, make([]frame.Desc, c.memory>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: c.memory - mach.PageSize}})
	s.env = &vm.Env{Mem: mem, Frames: frames}
	s.disks = disks.New(disks.Config{Mem: mem, Frames: frames, Random: rand.Reader, Now: ticks, MakeRoom: s.env.MakeRoom, Begin: func() (*backing.Backing, error) {
		return backing.New(backing.Config{
			Mem: mem, Frames: frames, PageReady: s.pageReady, FramesReady: s.env.FramesReady, Now: ticks,
			Log: func(format string, args ...any) { fmt.Printf("defaultpager: "+format+"\n", args...) },
		})
	}})
	if err := s.disks.Begin(); err != nil {
		return nil, err
	}
	s.store = s.disks.Backing()
	s.env.Backing = s.store
	spare, err := frames.Reserve(spareFrames)
	if err != nil {
		return nil, err
	}
	s.spare = spare
	var code mach.Return
	if s.set, code = libmach.PortAllocate(s.task, mach.RightPortSet); code != mach.Success {
		return nil, code
	}
	var master *ipc.Port
	if c.devices != mach.NameNull {
		master = s.sys.NewKernelPort(nobody{}, deviceMaster{})
		if _, code = s.know(c.devices, master); code != mach.Success {
			return nil, code
		}
	}
	for i, size := range c.disks {
		s.addDisk(disk.NewRAM(fmt.Sprintf("ram%d", i), touched(size), parts(size)))
	}
	for _, name := range c.use {
		if err := s.openDisk(c.master, name); err != nil {
			return nil, err
		}
	}
	s.pager = pager.New(pager.Config{System: s.sys, Memory: s.env, Devices: master, Storage: s.disks, Later: s.later, Shrinks: s.shrinks, Shrunk: s.shrunk, Send: func(m *ipc.Message) { s.sys.Send(m) }})
	if s.manager, code = s.know(c.receive, s.pager.Port().Port); code != mach.Success {
		return nil, code
	}
	s.takeMemory()
	return s, nil
}

// takeMemory takes the frames now that the heap is going to need, and has the collector keep it to them: later there may be none but what this program's
// work makes free.
func (s *server) takeMemory() {
	const growth = 2 << 20 // of the heap, until the collector runs
	size := s.config.memory
	for _, d := range s.config.disks {
		size += d
	}
	useSizes()
	debug.SetGCPercent(int(max(100*growth/size, 1)))
	s.client.TouchHeap(size + 2*growth)
}

// useSizes has the allocator and the collector make the lists that they keep for objects of each size, with pointers and without: with the first object of a size they
// take memory beside the heap, and keep it.
func useSizes() {
	const largest, cycles = 32 << 10, 2 // beyond it each object has pages of its own; lists are of this cycle and of the last
	var bytes [][]byte
	var pointers [][]*byte
	for size := 8; size <= largest; size += 8 + size/16&^7 {
		bytes, pointers = append(bytes, make([]byte, size)), append(pointers, make([]*byte, size/8))
	}
	for range cycles {
		runtime.GC()
	}
	runtime.KeepAlive(bytes)
	runtime.KeepAlive(pointers)
	for range cycles {
		runtime.GC()
	}
}

// touched is memory that has its frames: later they are for others.
func touched(size uint64) board.Memory {
	mem := board.Simulated(size)
	for at := mach.PhysAddr(0); at < mem.Limit(); at += mach.PageSize {
		mem.Frame(at)[0] = 0
	}
	return mem
}

// parts are those of a disk.RAM.
func parts(size uint64) (list []mach.PhysAddr) {
	for at := mach.PhysAddr(0); uint64(at)+mach.SuperSize <= size; at += mach.SuperSize {
		list = append(list, at)
	}
	return list
}

// run serves until somebody wants it to end.
func (s *server) run() error {
	var all sync.WaitGroup
	for range max(s.config.threads, 1) {
		all.Go(s.thread)
	}
	all.Wait()
	return s.failed
}

// thread is one of those that receive. All goroutines share the task's one Mach thread: while another has something to do, or a disk, none waits in the
// kernel.
func (s *server) thread() {
	buf := libmach.NewBuffer(4096)
	for !s.ended.Load() {
		option, ms := mach.OptRcvLarge, uint32(0)
		if s.busy.Load() != 0 {
			option |= mach.OptRcvTimeout
		} else if s.poll() {
			option, ms = option|mach.OptRcvTimeout, 1
		}
		m, code := libmach.Receive(buf, s.set, option, ms)
		if libmach.Partial(code) {
			code = mach.Success // whoever sent more than there is room for must not be the end of this
		}
		switch code {
		case mach.Success:
			s.busy.Add(1)
			s.inTurn(m)
			s.busy.Add(-1)
		case mach.RcvTooLarge:
			buf = libmach.NewBuffer(2 * len(buf)) // the message waits; the kernel bounds its size
		case mach.RcvTimedOut:
			runtime.Gosched()
		default:
			s.failed = code
			s.ended.Store(true)
		}
	}
}

// poll completes what the disks have done, and reports whether there is more to come.
func (s *server) poll() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return s.store.Active() || len(s.late) != 0
}

// settle does what a message left to be done, and completes what the disks have done.
func (s *server) settle() {
	s.sys.Settle()
	s.store.Poll()
	s.supplyReady()
	s.goOn()
	s.topUp()
	s.env.Settle()
	s.sys.Settle()
}

// inTurn has a message take effect after those that its port gave out before.
func (s *server) inTurn(m libmach.Message) {
	if s.transferred(m) {
		return
	}
	if s.config.shuffle {
		before := s.overtaking()
		for range mathrand.IntN(6) {
			runtime.Gosched()
		}
		if s.overtaking() != before {
			s.overtaken.Add(1)
		}
	}
	s.turns.Take(m.Port(), m.Header.Seqno)
	s.mu.Lock()
	p := s.ports[m.Port()]
	if p != nil {
		p.seqno = m.Header.Seqno
	}
	s.handle(p, m)
	s.settle()
	over := p != nil && p.over
	if over {
		s.turns.Forget(m.Port())
		_ = s.client.PortDestroy(s.task, m.Port())
	}
	s.mu.Unlock()
	if !over {
		s.turns.Done(m.Port())
	}
}

// transferred takes the answer to a transfer, which has no turn, and reports whether it is one.
func (s *server) transferred(m libmach.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.ports[m.Port()]
	if p == nil || p.transfer == nil {
		return false
	}
	p.transfer.replied(m)
	s.settle()
	return true
}

// overtaking is how many messages were handled since the start, or are.
func (s *server) overtaking() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handled
}
