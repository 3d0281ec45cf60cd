package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// All threads belong to one processor set, the default one. It has a control port, which the privileged host gives, and a name port; what
// the first allows, the second does not.
type (
	processorSet     struct{ *Kernel }
	processorSetName struct{ *Kernel }
)

// Flavors of processor_set_info (mach/processor_info.h).
const (
	setBasic = 1
	setSched = 2
)

// serveProcessorSet answers a request to one of the default processor set's ports.
func (k *Kernel) serveProcessorSet(m *ipc.Message, control bool) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDProcessorSetInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return k.processorSetInfo(m, flavor, room)
		}
	case mach.IDProcessorSetTasks:
		if r.End() != mach.Success {
			break
		}
		if !control {
			return m.ReplyCode(mach.InvalidArgument)
		}
		var rights []ipc.Right
		for t := k.tasks.head; t != nil; t = t.next {
			rights = append(rights, t.self.Copy())
		}
		return replyRights(m, rights)
	case mach.IDProcessorSetThreads:
		if r.End() != mach.Success {
			break
		}
		if !control {
			return m.ReplyCode(mach.InvalidArgument)
		}
		var rights []ipc.Right
		for t := k.tasks.head; t != nil; t = t.next {
			for th := t.threads; th != nil; th = th.sibling {
				rights = append(rights, th.self.Copy())
			}
		}
		return replyRights(m, rights)
	case mach.IDProcessorSetProcessors:
		if r.End() == mach.Success {
			return replyRights(m, []ipc.Right{k.processor.MakeSend()})
		}
	case mach.IDProcessorSetDestroy:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure) // the default set stays
		}
	case mach.IDProcessorSetMaxPriority:
		p, threads := r.Int32(), r.Bool()
		if r.End() != mach.Success {
			break
		}
		if !control {
			return m.ReplyCode(mach.InvalidArgument)
		}
		return m.ReplyCode(k.setMaxPriority(p, threads))
	case mach.IDProcessorSetPolicyEnable:
		policy := r.Int32()
		if r.End() != mach.Success {
			break
		}
		if !control {
			return m.ReplyCode(mach.InvalidArgument)
		}
		return m.ReplyCode(setPolicy(policy))
	case mach.IDProcessorSetPolicyDisable:
		policy := r.Int32()
		r.Bool()
		if r.End() != mach.Success {
			break
		}
		if !control || !validPolicy(policy) || policy == policyTimeshare {
			return m.ReplyCode(mach.InvalidArgument)
		}
		return m.ReplyCode(mach.Success) // it is not enabled
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// processorSetInfo is processor_set_info: the host's name port, and words by flavor.
func (k *Kernel) processorSetInfo(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	w := words{make([]byte, 0, 24)}
	switch flavor {
	case setBasic:
		const processors, scale = 1, 1000
		w.int(processors, int32(k.tasks.count), int32(k.threads), 0, scale)
	case setSched:
		const timeshare = 1
		w.int(timeshare, k.setStrongest)
	}
	return w.replyWith(m, k.hostPort, room)
}
