package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// Priorities are numbers from 0, the strongest, to 49. Threads get their turns in the order in which they became ready: a priority is
// kept, inherited and told as Mach's calls say, and decides nothing yet.
const (
	priorityMax    = 49 // the weakest
	priorityUser   = 25 // what tasks of the loader have
	prioritySystem = 6  // the strongest that the default processor set lets a thread have, at first
)

func validPriority(p int32) bool { return p >= 0 && p <= priorityMax }

// setPriority is task_priority: NoAccess above the task's maximum. With threads all threads get it, as far as their own maxima let them.
func (t *Task) setPriority(p int32, threads bool) mach.Return {
	switch {
	case !validPriority(p):
		return mach.InvalidArgument
	case p < t.maxPriority:
		return mach.NoAccess
	}
	t.priority = p
	if threads {
		for th := t.threads; th != nil; th = th.sibling {
			th.priority = max(p, th.maxPriority)
		}
	}
	return mach.Success
}

// setMaxPriority is task_max_priority: NoAccess when it would be stronger and the caller has not the privileged host's port.
func (t *Task) setMaxPriority(p int32, privileged, setPriority, threads bool) mach.Return {
	switch {
	case !validPriority(p):
		return mach.InvalidArgument
	case p < t.maxPriority && !privileged:
		return mach.NoAccess
	}
	t.maxPriority = p
	if setPriority || t.priority < p {
		t.priority = p
	}
	if threads {
		for th := t.threads; th != nil; th = th.sibling {
			th.setMax(p, setPriority)
		}
	}
	return mach.Success
}

// setMax gives a thread its maximum, and with set or if it was stronger its priority.
func (t *Thread) setMax(p int32, set bool) {
	t.maxPriority = max(p, t.task.kernel.setStrongest)
	if set || t.priority < t.maxPriority {
		t.priority = t.maxPriority
	}
}

// setThreadPriority is thread_priority: Failure above the thread's maximum. With setMax the maximum becomes the same.
func (t *Thread) setThreadPriority(p int32, setMax bool) mach.Return {
	switch {
	case !validPriority(p):
		return mach.InvalidArgument
	case p < t.maxPriority:
		return mach.Failure
	}
	t.priority = p
	if setMax {
		t.maxPriority = p
	}
	return mach.Success
}

// inheritPriority gives a new thread its task's priorities, below the processor set's.
func (t *Thread) inheritPriority() {
	t.maxPriority = max(t.task.maxPriority, t.task.kernel.setStrongest)
	t.priority = max(t.task.priority, t.maxPriority)
}

// serveMaxPriority answers task_max_priority, which goes to the host: the name port lowers, the privileged one raises as well.
func (k *Kernel) serveMaxPriority(m *ipc.Message, privileged bool) *ipc.Message {
	r := m.Reader()
	handle, p, set, threads := r.Port(mach.MsgPortSend), r.Int32(), r.Bool(), r.Bool()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	t, code := taskOf(m, handle)
	if t != nil {
		code = t.setMaxPriority(p, privileged, set, threads)
	}
	return m.ReplyCode(code)
}

// taskOf is the task that a right of a request denotes; the right is given up.
func taskOf(m *ipc.Message, handle mach.Name) (*Task, mach.Return) {
	right := m.TakeRight(handle)
	if right.Port == nil {
		return nil, mach.InvalidTask
	}
	t, ok := right.Port.Object().(*Task)
	right.Release()
	if !ok || t.dying {
		return nil, mach.InvalidTask
	}
	return t, mach.Success
}
