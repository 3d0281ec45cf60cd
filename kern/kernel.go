package kern

import (
	"runtime"
	"sync"
	"time"

	"defpager/board"
	"defpager/board/slab"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"
)

// Config is what a kernel is made of.
type Config struct {
	CPU     board.CPU
	Memory  *vm.Env // with its frames and page tables
	Limits  Limits
	Clock   func() int64      // nanoseconds since some moment
	TicksHz uint64            // frequency of the time-stamp counter, which programs learn
	Console func(b []byte)    // shows text to the user
	Poll    func()            // looks at the devices after an interrupt; may be nil
	End     func(End)         // ends or restarts the machine, after host_reboot
	Modules []board.Module    // what the loader brought
	Strings map[string]string // ${NAME} for programs' command lines
}

// End says how the machine is to end.
type End int

// Ways to end.
const (
	EndHalt   End = iota // power off
	EndReboot            // start anew
)

// Kernel is the kernel: its tasks, threads and ports. Make it with New, run it with Run.
type Kernel struct {
	config Config
	cpu    board.CPU
	enter  func(*board.Regs) // the processor's entry to ring 3
	env    *vm.Env
	frames *frame.Allocator
	sys    *ipc.System

	mu      sync.Mutex
	kick    chan struct{} // has an element when the idle dispatcher must look again
	alarm   *time.Timer   // kicks at the first deadline while idle
	stopped bool

	ready   queue
	current *Thread
	running *Thread // whose turn it is, even if it has just been stopped
	handOff *Thread // runs next
	sleep   sleepers
	stuck   stuck
	turn    int // ticks since the turn began that it is in, from a thread to those that it called

	tasks      taskList
	lastTask   uint32
	lastThread uint32
	threads    int // of all tasks
	dying      []*Task
	deadThread []*Thread

	hostPort, hostPriv  *ipc.Port
	setName, setControl *ipc.Port // of the default processor set
	setStrongest        int32     // the strongest priority that it lets threads have
	processor           *ipc.Port
	watcher             ipc.Right // who is told of new tasks
	devices             *ipc.Port // the device master port
	disks               []*diskDevice
	consolePort         *ipc.Port // the device "console"
	clock               clock
	fpuSize             int   // bytes of a thread's FPU area
	timeOffset          int64 // of the time of day to the clock, in nanoseconds
	manager             defaultManager
	paging              paging
	modules             []*module
	bootTasks           int           // programs of the loader that live
	bootFailed          bool          // one of them was terminated for an exception
	bootDone            chan struct{} // closed when the last is gone

	parting   []*memoryObject // conversations with memory managers that are to end
	laters    laterList
	gsync     gsyncs
	proxies   proxyList
	kept      []keeper // of frames that are somebody else's
	caches    []cache  // likewise
	table     Table    // the default pager's; nil: there is none
	tableName string
	storage   Storage // nil: nothing is paged out
	lateBytes int     // of results that wait for a page, see late
	unsettled bool    // one of deadThread, dying, parting and laters.ready has something

	nextCheck int64 // with invariants: not before this time
	ticked    int64 // when memory was told of a tick last

	text     [printMax]byte // of mach_print
	log      Log
	trace    tracer
	counters Counters
	starved  int // accesses that found no frame
}

// Counters are events since the start.
type Counters struct {
	Traps, Faults, Exceptions, Interrupts, Switches uint64
}

// New makes a kernel without tasks.
func New(c Config) *Kernel {
	k := &Kernel{config: c, cpu: c.CPU, enter: c.CPU.Entry(), env: c.Memory, frames: c.Memory.Frames, kick: make(chan struct{}, 1), bootDone: make(chan struct{})}
	k.log.console = c.Console
	k.sys = ipc.New(ipc.Config{Wake: k.wakeWaiter, MaxPorts: c.Limits.Ports, MaxNames: c.Limits.Names, MaxBuffers: c.Limits.Buffers, Slab: &slab.Source{Mem: c.Memory.Mem, Frames: c.Memory.Frames}, Fuse: c.Memory.Frames.Fuse, Trace: k.traceMessage, Late: k.keepResult, Stays: k.stayIn, Spare: k.env.UseSpare})
	k.env.MaxObjects, k.env.MaxManaged, k.env.MaxEntries = c.Limits.Objects, c.Limits.Managed, c.Limits.Entries
	k.env.Wake = k.pageReady
	k.hostPort = k.sys.NewKernelPort(k, host{k})
	k.hostPriv = k.sys.NewKernelPort(k, hostPriv{k})
	k.devices = k.sys.NewKernelPort(k, deviceMaster{k})
	k.consolePort = k.sys.NewKernelPort(k, consoleDevice{k})
	k.manager.death = k.sys.NewKernelPort(k, managerDeath{k})
	k.fpuSize = len(c.CPU.NewFPU())
	k.setName = k.sys.NewKernelPort(k, processorSetName{k})
	k.setStrongest = prioritySystem
	k.processor = k.sys.NewKernelPort(k, processor{k})
	k.setControl = k.sys.NewKernelPort(k, processorSet{k})
	k.sleep.now = c.Clock
	for _, m := range c.Modules {
		k.modules = append(k.modules, &module{Module: m, words: fields(m.Command)})
	}
	return k
}

// System is the ports of this kernel, for servers beside it.
func (k *Kernel) System() *ipc.System { return k.sys }

// Memory is the memory of this kernel, for servers beside it.
func (k *Kernel) Memory() *vm.Env { return k.env }

// Payer is the account of the task whose trap the kernel carries out, nil when there is none: servers beside the kernel charge to it what they
// keep for the task.
func (k *Kernel) Payer() *vm.Account {
	if k.current == nil {
		return nil
	}
	return k.current.task.account
}

// Do runs f with the kernel lock held. f may use everything of the kernel but must be short: nobody else runs meanwhile.
func (k *Kernel) Do(f func()) {
	k.mu.Lock()
	f()
	k.env.Forget()
	k.settle()
	k.mu.Unlock()
	k.wake()
}

// wake makes the idle dispatcher look again.
func (k *Kernel) wake() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// Stop makes Run return.
func (k *Kernel) Stop() { k.Do(func() { k.stopped = true }) }

// BootDone is closed when all programs that the loader brought and that were started have ended. BootFailed then tells whether one of
// them was terminated for an exception.
func (k *Kernel) BootDone() <-chan struct{} { return k.bootDone }

// BootFailed reports whether a program of the loader was terminated for an exception.
func (k *Kernel) BootFailed() bool { return k.bootFailed }

// Run is the dispatcher. It runs threads until Stop is called; it does not return before.
func (k *Kernel) Run() {
	k.alarm = time.AfterFunc(time.Hour, k.wake)
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.stopped {
		if t := k.next(); t != nil {
			k.execute(t)
		} else {
			k.idle()
		}
	}
}

// execute runs t, and threads that it hands the processor to by a message, until one waits, is stopped or has used up the time.
func (k *Kernel) execute(t *Thread) {
	k.begin(t)
	if t.wait != waitNone && !k.finishTrap(t) {
		k.current = nil
		return
	}
	for {
		k.enter(&t.regs)
		switch t.regs.Event {
		case board.EventSyscall:
			k.counters.Traps++
			if n := mach.Trap(int32(t.regs.RAX)); n == mach.TrapMsg {
				k.trapMsg(t)
				break
			} else if n == mach.TrapTaskSelf && !k.trace.on {
				if name := t.task.again(); name != mach.NameNull {
					t.setName(name)
					continue // nothing is left over
				}
			}
			k.trap(t)
		case board.EventException:
			k.counters.Exceptions++
			k.exception(t)
		case board.EventInterrupt:
			k.counters.Interrupts++
			k.interrupt(t)
		}
		if invariants || k.unsettled || k.sys.Pending() || k.env.Pending() {
			k.settleAll()
		}
		if t = k.current; t == nil {
			return
		}
	}
}

// begin gives t the processor.
func (k *Kernel) begin(t *Thread) {
	k.current, k.running = t, t
	k.counters.Switches++
}

// finishTrap ends the trap in which t waited, now that the wait is over. It reports whether t can go on in ring 3.
func (k *Kernel) finishTrap(t *Thread) bool {
	switch t.wait {
	case waitMessage:
		t.wait = waitNone
		code, done := t.task.space.Resume(&t.task.memory, &t.waiter)
		k.afterMsg(t, code, done)
	case waitTimer:
		t.wait = waitNone
		t.setResult(mach.Success)
	case waitFault, waitTrap, waitLate:
		k.pageCame(t)
	}
	k.settle()
	return k.current == t
}

// settle does what the last piece of work left over. It is called whenever no operation is half done. Mostly nothing is left.
func (k *Kernel) settle() {
	if invariants || k.unsettled || k.sys.Pending() || k.env.Pending() {
		k.settleAll()
	}
}

func (k *Kernel) settleAll() {
	for k.sys.Pending() || k.env.Pending() || k.unsettled {
		k.sys.Settle()
		k.unsettled = false
		k.reap()
		k.retry()
		k.part()
		k.env.Settle()
	}
	if invariants {
		k.selfCheck()
	}
}

// selfCheck verifies the invariants, but spends no more than a fifth of the time on it: a check takes longer the more there is.
func (k *Kernel) selfCheck() {
	start := k.config.Clock()
	if start < k.nextCheck {
		return
	}
	if err := k.Check(); err != nil {
		panic(err)
	}
	now := k.config.Clock()
	k.nextCheck = now + 4*(now-start)
}

// interrupt handles one that came while t ran. At a tick of the clock goroutines get their turn, and then, when t had its own, the next thread.
func (k *Kernel) interrupt(t *Thread) {
	switch t.regs.Vector {
	case board.VectorDisk:
		k.diskInterrupt(t)
		return
	case board.VectorInput:
		if k.config.Poll != nil {
			k.config.Poll()
		}
		k.breathe()
		return
	}
	if k.config.Poll != nil {
		k.config.Poll()
	}
	k.breathe()
	k.pollStorage()
	k.sleep.expire(k)
	k.turn++
	t.userTime += tick
	k.showTime()
	if k.current == t && (k.stopped || k.turn >= quantum && (k.handOff != nil || !k.ready.empty())) {
		k.yield(t)
	}
}

// diskInterrupt completes what disks have done. A thread that waited for that runs at once, if no other is before it: else each page that it needs would cost it all
// of t's turn. t's next turn comes in the order of all turns.
func (k *Kernel) diskInterrupt(t *Thread) {
	idle := k.ready.empty()
	if k.storage != nil {
		k.storage.Poll()
	}
	k.pollDisks()
	k.settle()
	if k.current == t && idle && !k.ready.empty() && k.handOff == nil {
		k.yield(t)
	}
}

// Tick is the time between two interrupts of the clock, for whoever sets that. A thread that runs when one comes is counted as having run so long.
const Tick = 10 * time.Millisecond

const tick = int64(Tick) // in nanoseconds

// quantum is how many ticks a thread that never waits gets through in one turn: with a tick of 10 ms a twentieth of a second.
const quantum = 5

// breathe lets the lock go, so that goroutines run.
func (k *Kernel) breathe() {
	k.mu.Unlock()
	runtime.Gosched()
	k.mu.Lock()
}

// idle uses the time when no thread is ready: it zeroes frames, ahead of need and those that came back, and else waits.
func (k *Kernel) idle() {
	const batch = 64 // frames: some 50 microseconds
	if k.frames.ZeroSome(batch) != 0 || k.frames.Scrub(batch) != 0 {
		k.breathe()
		k.sleep.expire(k)
		return
	}
	if k.pollDisks() || k.storage != nil && k.storage.Active() || k.env.Expecting() {
		k.breathe() // who waits for the disk is all there is to run
		k.pollStorage()
		k.settle()
		k.sleep.expire(k)
		return
	}
	wait, ok := k.sleep.first()
	k.mu.Unlock()
	if ok {
		k.alarm.Reset(wait)
	}
	<-k.kick
	k.mu.Lock()
	k.tickMemory()
	k.sleep.expire(k)
}
