package kern

import (
	"defpager/board"
	"defpager/ipc"
	"defpager/mach"
)

// wait says why a thread is not ready to run.
type wait uint8

const (
	waitNone      wait = iota
	waitMessage        // in mach_msg
	waitTimer          // in thread_switch
	waitException      // for the reply to its exception message
	waitFault          // for a page that its instruction touched
	waitTrap           // for a page that its trap touched, to begin the trap anew
	waitLate           // for a page that the result of its trap goes to
)

func (w wait) String() string {
	return [...]string{"running", "mach_msg", "thread_switch", "exception", "a page fault", "a page fault of a trap", "a page fault of a trap"}[w]
}

// Thread is one thread of control of a task.
//
// It is in at most one of: the dispatcher's hands (current), the ready queue (queued), the table of sleepers (slot >= 0). It may be
// on the ready queue although it was suspended or killed since: next skips it then.
type Thread struct {
	regs    board.Regs
	task    *Task
	waiter  ipc.Waiter
	wait    wait
	page    pageWait
	awake   bool   // its wait is over, the trap not finished
	faultAt uint64 // where it faulted last, and how often in a row: see faulted
	faults  int
	queued  bool
	dead    bool

	next, prev *Thread // of the ready queue
	sibling    *Thread // of the task's list
	suspended  int32
	sleeper               // its place in the table of sleepers
	gsyncs     gsyncChain // what it waits for by gsync_wait

	id                    uint32
	port                  *ipc.Port
	self                  ipc.Right // what mach_thread_self copies
	selfName              mach.Name // under which it did so last, in the task's space
	name                  string
	priority, maxPriority int32
	created, userTime     int64     // nanoseconds of the clock; what it ran in ring 3, by ticks
	handler               ipc.Right // the exception port
	reply                 *ipc.Port // where the reply to its exception message goes
	raised                raised
}

// newThread makes a suspended thread of t, which waits for its registers and its first resume.
func (k *Kernel) newThread(t *Task) *Thread {
	k.lastThread++
	th := &Thread{task: t, id: k.lastThread, suspended: 1}
	th.sleeper = sleeper{slot: -1, owner: th}
	th.regs.Event, th.regs.RFlags = board.EventInterrupt, board.RFlagsFixed
	th.regs.FPU, th.regs.Root = k.cpu.NewFPU(), t.root
	th.waiter.Init(th, &t.memory)
	th.page.Owner = th
	th.port = k.sys.NewKernelPort(k, th)
	th.self = th.port.MakeSend()
	th.created = k.config.Clock()
	th.inheritPriority()
	th.sibling, t.threads = t.threads, th
	t.threadCount++
	k.threads++
	return th
}

// setResult is what the trap returns: 32 bits in RAX.
func (t *Thread) setResult(code mach.Return) { t.regs.RAX = uint64(uint32(code)) }

func (t *Thread) setName(name mach.Name) { t.regs.RAX = uint64(name) }

// runnable reports whether the thread may run when its turn comes.
func (t *Thread) runnable() bool {
	return (t.wait == waitNone || t.awake) && t.suspended == 0 && t.task.suspended == 0 && !t.dead
}

// suspendThread counts one more reason not to run t (thread_suspend).
func (k *Kernel) suspendThread(t *Thread) mach.Return {
	t.suspended++
	k.stopIfCurrent(t)
	return mach.Success
}

// resumeThread counts one less, and lets t run when there is none left. Failure: there was none.
func (k *Kernel) resumeThread(t *Thread) mach.Return {
	if t.suspended == 0 {
		return mach.Failure
	}
	t.suspended--
	k.makeReady(t)
	return mach.Success
}

// stopIfCurrent takes the processor from t when it may not run any more.
func (k *Kernel) stopIfCurrent(t *Thread) {
	if k.current == t {
		k.current = nil
		k.makeReady(t) // for the day it is resumed; nothing if it may not run
	}
}

// abort ends the thread's wait early (thread_abort): mach_msg returns that it was interrupted, an exception counts as handled.
func (k *Kernel) abort(t *Thread) {
	switch t.wait {
	case waitMessage:
		if !t.awake && !k.interruptGsyncs(t) {
			t.waiter.Interrupt()
		}
		if t.wait == waitMessage {
			k.endMsg(t)
		}
	case waitTimer:
		t.wait, t.awake = waitNone, false
		t.setResult(mach.Success)
		k.sleep.remove(&t.sleeper)
		k.makeReady(t)
	case waitException:
		// Nobody's reply is waited for any more: the thread goes on where it was, or where thread_set_state puts it.
		t.reply.Destroy()
		t.reply = nil
		t.wait = waitNone
		k.makeReady(t)
	case waitFault, waitTrap, waitLate:
		if !t.awake {
			k.abortPage(t)
		}
	}
}

// endMsg ends the mach_msg of a thread whose wait in it is over, before its turn comes: its registers are then those behind the trap, for
// thread_get_state and thread_set_state.
func (k *Kernel) endMsg(t *Thread) {
	running := k.running
	k.running = t // whose memory the rest of the trap writes to
	t.wait, t.awake = waitNone, false
	k.sleep.remove(&t.sleeper)
	code, done := t.task.space.Resume(&t.task.memory, &t.waiter)
	k.afterMsg(t, code, done)
	k.running = running
	k.makeReady(t)
}

// terminateThread marks t as dead; settle takes it apart.
func (k *Kernel) terminateThread(t *Thread) {
	if t.dead {
		return
	}
	t.dead = true
	k.unsettled = true
	k.stopIfCurrent(t)
	k.deadThread = append(k.deadThread, t)
}

// reap takes apart what has died since the last time.
func (k *Kernel) reap() {
	for len(k.deadThread) != 0 {
		n := len(k.deadThread) - 1
		t := k.deadThread[n]
		k.deadThread = k.deadThread[:n]
		k.destroyThread(t)
	}
	for len(k.dying) != 0 {
		n := len(k.dying) - 1
		t := k.dying[n]
		k.dying = k.dying[:n]
		k.destroyTask(t)
	}
}

func (k *Kernel) destroyThread(t *Thread) {
	k.interruptGsyncs(t)
	if t.wait == waitMessage {
		t.waiter.Cancel()
	}
	k.forgetPage(t)
	t.wait, t.awake = waitNone, false
	k.sleep.remove(&t.sleeper)
	if t.queued {
		k.ready.remove(t)
	}
	if k.handOff == t {
		k.handOff = nil
	}
	if k.stuck.thread == t {
		k.unstick()
	}
	for p := &t.task.threads; *p != nil; p = &(*p).sibling {
		if *p == t {
			*p = t.sibling
			t.task.threadCount--
			t.task.deadTime += t.userTime
			k.threads--
			break
		}
	}
	t.self.Release()
	t.handler.Release()
	t.handler = ipc.Right{}
	t.port.Destroy()
	if t.reply != nil {
		t.reply.Destroy()
	}
}
