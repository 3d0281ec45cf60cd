package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// The calls of GNU Mach's subsystem mach_debug that have something to tell here. Where GNU Mach gives addresses in its kernel these give the numbers that the
// monitor shows. What they allow to see is what the asker's rights allow to see anyway, but for where in memory pages lie.

// Kinds of what a port stands for (GNU Mach, kern/ipc_kobject.h).
const (
	kotNone = iota
	kotThread
	kotTask
	kotHost
	kotHostPriv
	kotProcessor
	kotProcessorSet
	kotProcessorSetName
	kotPager
	kotPagingRequest = mach.KernelObjectPagingRequest
	kotDevice        = 10
	kotPagingName    = 16
	kotMasterDevice  = 19
	kotPagerProxy    = 27
)

// standsFor is the kind of what a port stands for, and its number.
func standsFor(p *ipc.Port) (kind uint32, number uint64) {
	switch o := p.Object().(type) {
	case *Thread:
		return kotThread, uint64(o.id)
	case *Task:
		return kotTask, uint64(o.id)
	case host:
		return kotHost, 0
	case hostPriv:
		return kotHostPriv, 0
	case processor:
		return kotProcessor, 0
	case processorSet:
		return kotProcessorSet, 0
	case processorSetName:
		return kotProcessorSetName, 0
	case deviceMaster:
		return kotMasterDevice, 0
	case clockDevice, consoleDevice, *diskDevice:
		return kotDevice, uint64(p.ID())
	case *memoryProxy:
		return kotPagerProxy, uint64(p.ID())
	case memoryControl:
		return kotPagingRequest, o.memory.ID()
	case memoryName:
		return kotPagingName, o.memory.ID()
	case pagedOut:
		return kotPager, o.object.memory.ID()
	case Mappable:
		return kotPager, o.MemoryObject().ID()
	}
	return kotNone, 0
}

// serveDebug answers a request to a task's port of mach_debug: of its rights and its memory.
func (k *Kernel) serveDebug(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if m.ID() == mach.IDVMRegionInfo {
		at := r.Uint64()
		if r.End() != mach.Success {
			return m.ReplyCode(mach.MIGBadArguments)
		}
		return regionInfo(t.memory.Map, m, mach.VirtAddr(at))
	}
	name := r.Name()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	switch m.ID() {
	case mach.IDPortGetSendRights:
		n, code := t.space.SendRights(name)
		return reply32(m, n, code)
	case mach.IDPortDNRequestInfo:
		n, code := t.space.DeadNameRequests(name)
		if code != mach.Success {
			return m.ReplyCode(code)
		}
		w := m.BeginReply(2 * 16)
		w.Uint32(n) // there is no table that could have room for more
		w.Uint32(n)
		return m.FinishReply(&w)
	case mach.IDPortKernelObject:
		p, code := t.space.StandsFor(name)
		if code != mach.Success {
			return m.ReplyCode(code)
		}
		kind, number := standsFor(p)
		w := m.BeginReply(2 * 16)
		w.Uint32(kind)
		w.Uint64(number)
		return m.FinishReply(&w)
	}
	return otherPort(m)
}

// isDebugCall reports whether serveDebug answers a request.
func isDebugCall(id mach.MsgID) bool {
	switch id {
	case mach.IDPortGetSendRights, mach.IDPortDNRequestInfo, mach.IDPortKernelObject, mach.IDVMRegionInfo:
		return true
	}
	return false
}

// regionInfo is mach_vm_region_info: vm_region with more about the entry. Its object has a name only if it is a manager's itself.
func regionInfo(memory *vm.Map, m *ipc.Message, at mach.VirtAddr) *ipc.Message {
	const bytes = 64 // of a vm_region_info_t
	g, err := memory.Region(at)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	var id uint64
	if g.Object != nil {
		id = g.Object.ID()
	}
	b := make([]byte, 0, bytes)
	b = le.AppendUint64(b, uint64(g.Address))
	b = le.AppendUint64(b, uint64(g.Address)+g.Size)
	for _, v := range [...]uint32{uint32(g.Prot), uint32(g.MaxProt), uint32(g.Inherit), truth(g.Wired), truth(g.Wired), 0} {
		b = le.AppendUint32(b, v) // the last aligns what follows
	}
	b = le.AppendUint64(b, id)
	b = le.AppendUint64(b, g.Offset)
	b = le.AppendUint32(b, truth(g.NeedsCopy))
	b = le.AppendUint32(b, truth(g.Shared))
	w := m.BeginReply(8 + bytes + 16)
	w.Bytes(mach.MsgInteger64, 64, bytes/8, b)
	w.Port(mach.MsgPortSend, m.PutRight(realName(g.Object)))
	return m.FinishReply(&w)
}

// realName is a send right to the name of an object that is a manager's itself; null for others.
func realName(o *vm.Object) ipc.Right {
	if o == nil || !o.Info().Managed {
		return ipc.Right{}
	}
	return nameOfObject(o)
}

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
