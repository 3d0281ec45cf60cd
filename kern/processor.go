package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// processor is what the port of the one processor stands for. It belongs to the default processor set for good: it cannot be assigned to
// another, started, or stopped (Failure, as in GNU Mach when it is built without MACH_HOST).
type processor struct{ *Kernel }

// policyTimeshare is the one scheduling policy; policyFixed is a policy that Mach has and this kernel does not (mach/policy.h).
const (
	policyTimeshare = 1
	policyFixed     = 2
)

func validPolicy(p int32) bool { return p == policyTimeshare || p == policyFixed }

// isProcessorCall reports whether an id is of the routines about processors, processor sets, and who belongs to which.
func isProcessorCall(id mach.MsgID) bool {
	switch id {
	case mach.IDHostProcessors, mach.IDProcessorStart, mach.IDProcessorExit, mach.IDProcessorSetDefault, mach.IDProcessorSetCreate,
		mach.IDProcessorSetDestroy, mach.IDProcessorAssign, mach.IDProcessorGetAssignment, mach.IDThreadAssign, mach.IDThreadAssignDefault,
		mach.IDThreadGetAssignment, mach.IDTaskAssign, mach.IDTaskAssignDefault, mach.IDTaskGetAssignment, mach.IDThreadPriority,
		mach.IDThreadMaxPriority, mach.IDTaskPriority, mach.IDProcessorSetMaxPriority, mach.IDThreadPolicy, mach.IDProcessorSetPolicyEnable,
		mach.IDProcessorSetPolicyDisable, mach.IDProcessorSetTasks, mach.IDProcessorSetThreads, mach.IDHostProcessorSets, mach.IDThreadDepressAbort,
		mach.IDProcessorInfo, mach.IDProcessorSetInfo, mach.IDProcessorControl, mach.IDProcessorSetProcessors:
		return true
	}
	return false
}

// serveProcessor answers a request to the processor's port.
func (k *Kernel) serveProcessor(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDProcessorStart, mach.IDProcessorExit:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure)
		}
	case mach.IDProcessorControl:
		r.Array(mach.MsgInteger32, 32, stateWords)
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure)
		}
	case mach.IDProcessorAssign:
		r.Port(mach.MsgPortSend)
		r.Bool()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure)
		}
	case mach.IDProcessorGetAssignment:
		if r.End() == mach.Success {
			return replyRight(m, k.setName.MakeSend())
		}
	case mach.IDProcessorInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return k.processorInfo(m, flavor, room)
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// processorInfo is processor_info: the host's name port, and words by flavor.
func (k *Kernel) processorInfo(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	const basic, running, number, master = 1, 1, 0, 1
	w := words{make([]byte, 0, 20)}
	if flavor == basic {
		w.int(typeX86_64, subtypeX86_64, running, number, master)
	}
	return w.replyWith(m, k.hostPort, room)
}

// serveAssignment answers what tasks and threads are asked about the processor set that they belong to, which is always the default one.
func (k *Kernel) serveAssignment(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDThreadAssign:
		r.Port(mach.MsgPortSend)
	case mach.IDTaskAssign:
		r.Port(mach.MsgPortSend)
		r.Bool()
	case mach.IDTaskAssignDefault:
		r.Bool()
	}
	switch {
	case r.End() != mach.Success:
		return m.ReplyCode(mach.MIGBadArguments)
	case m.ID() == mach.IDThreadGetAssignment, m.ID() == mach.IDTaskGetAssignment:
		return replyRight(m, k.setName.MakeSend())
	}
	return m.ReplyCode(mach.Failure)
}

// setPolicy is thread_policy: there is time sharing, and nothing else.
func setPolicy(policy int32) mach.Return {
	switch {
	case !validPolicy(policy):
		return mach.InvalidArgument
	case policy != policyTimeshare:
		return mach.Failure
	}
	return mach.Success
}

// maxThreadPriority is thread_max_priority; right (consumed) must denote the control port of the thread's processor set.
func (k *Kernel) maxThreadPriority(t *Thread, right ipc.Right, p int32) mach.Return {
	known := right.Port == k.setControl
	right.Release()
	if !known || !validPriority(p) {
		return mach.InvalidArgument
	}
	t.maxPriority = p
	t.priority = max(t.priority, p)
	return mach.Success
}

// setMaxPriority is processor_set_max_priority.
func (k *Kernel) setMaxPriority(p int32, threads bool) mach.Return {
	if !validPriority(p) {
		return mach.InvalidArgument
	}
	k.setStrongest = p
	if threads {
		for t := k.tasks.head; t != nil; t = t.next {
			for th := t.threads; th != nil; th = th.sibling {
				th.setMax(max(th.maxPriority, p), false)
			}
		}
	}
	return mach.Success
}
