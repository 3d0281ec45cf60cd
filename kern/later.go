package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// A request to the kernel, such as vm_read, may touch memory whose page a manager has yet to supply. There is no thread to stop:
// the sender may not even wait for the reply. The request is kept, and tried again when the page is there.

// laterRequest is a request that waits for a page.
type laterRequest struct {
	waiter vm.Waiter
	since  int64 // nanoseconds of the clock, when it began to wait
	task   *Task // whose memory it is about: the request ends with it; nil for a memory manager's own
	held   ipc.Right
	again  func(err error) *ipc.Message

	next, prev *laterRequest // all of them
	ready      *laterRequest // the next whose wait is over
}

// laterList is all requests that wait.
type laterList struct{ first, ready, lastReady *laterRequest }

// later keeps the request m to task t until what the last operation waits for is there: then again goes on with it and returns the
// reply, with nil; or with an error when it cannot be had. held is a right that again has, for Check. It returns nil: no reply yet.
func (k *Kernel) later(t *Task, m *ipc.Message, held ipc.Right, again func(err error) *ipc.Message) *ipc.Message {
	if k.trace.on {
		k.tracef("request %d waits for a page", m.ID())
	}
	l := &laterRequest{since: k.config.Clock(), task: t, held: held, again: again, next: k.laters.first}
	l.waiter.Owner = l
	if l.next != nil {
		l.next.prev = l
	}
	k.laters.first = l
	k.env.Await(&l.waiter)
	return nil
}

// Later is later for a server beside the kernel, whose request is about no task's memory.
func (k *Kernel) Later(m *ipc.Message, again func(err error) *ipc.Message) {
	k.later(nil, m, ipc.Right{}, again)
}

// pageReady is vm's way to end a wait.
func (k *Kernel) pageReady(w *vm.Waiter) {
	switch owner := w.Owner.(type) {
	case *Thread:
		k.countWait(owner)
		k.wakeThread(owner)
	case *laterRequest:
		k.countLater(owner)
		if k.laters.lastReady == nil {
			k.laters.ready = owner
		} else {
			k.laters.lastReady.ready = owner
		}
		k.laters.lastReady = owner
		k.unsettled = true
	}
}

// countLater adds l's wait, which ends now, to what the task that it is about waited, and the page's object.
func (k *Kernel) countLater(l *laterRequest) {
	ns := k.config.Clock() - l.since
	if l.task != nil {
		l.task.waited += ns
	}
	l.waiter.Waited(ns)
}

// retry goes on with the requests whose wait is over.
func (k *Kernel) retry() {
	for l := k.laters.ready; l != nil; l = k.laters.ready {
		k.laters.ready = l.ready
		if k.laters.ready == nil {
			k.laters.lastReady = nil
		}
		if l.again != nil {
			k.resume(l, l.waiter.Err())
		}
	}
}

// resume takes l off the list and goes on with it.
func (k *Kernel) resume(l *laterRequest, err error) {
	if l.next != nil {
		l.next.prev = l.prev
	}
	if l.prev != nil {
		l.prev.next = l.next
	} else {
		k.laters.first = l.next
	}
	again := l.again
	l.again, l.held = nil, ipc.Right{}
	if reply := again(err); reply != nil {
		k.send(reply)
	}
	l.waiter.Done()
}

// giveUp ends the requests about a task's memory, which goes.
func (k *Kernel) giveUp(t *Task) {
	for l := k.laters.first; l != nil; {
		next := l.next
		if l.task == t {
			if l.waiter.Waiting() {
				k.countLater(l)
			}
			l.waiter.Cancel()
			k.resume(l, mach.InvalidArgument)
		}
		l = next
	}
	for t.gsyncs.first != nil {
		k.endGsync(t.gsyncs.first, mach.InvalidArgument)
	}
}
