package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// serveVM answers a request to a task's port about its memory.
func (k *Kernel) serveVM(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	memory := t.memory.Map
	switch m.ID() {
	case mach.IDVMAllocate:
		at, size, anywhere := r.Uint64(), r.Uint64(), r.Bool()
		if r.End() == mach.Success {
			address, err := memory.Allocate(mach.VirtAddr(at), size, anywhere)
			return replyAddress(m, address, mach.Code(err))
		}
	case mach.IDVMDeallocate:
		at, size := r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Code(memory.Deallocate(mach.VirtAddr(at), size)))
		}
	case mach.IDVMProtect:
		at, size, max, prot := r.Uint64(), r.Uint64(), r.Bool(), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Code(memory.Protect(mach.VirtAddr(at), size, max, mach.Prot(prot))))
		}
	case mach.IDVMInherit:
		at, size, inherit := r.Uint64(), r.Uint64(), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Code(memory.Inherit(mach.VirtAddr(at), size, mach.Inherit(inherit))))
		}
	case mach.IDVMRead:
		at, size := r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return k.read(t, m, mach.VirtAddr(at), size)
		}
	case mach.IDVMWrite:
		at := r.Uint64()
		handle, size := r.OutOfLine(mach.MsgByte, 8)
		if r.End() == mach.Success {
			return k.write(t, m, mach.VirtAddr(at), handle, size)
		}
	case mach.IDVMCopy:
		from, size, to := r.Uint64(), r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return k.copy(t, m, mach.VirtAddr(from), size, mach.VirtAddr(to))
		}
	case mach.IDVMMsync:
		at, size, flags := r.Uint64(), r.Uint64(), r.Int32()
		if r.End() == mach.Success {
			return k.msync(t, m, mach.VirtAddr(at), size, flags)
		}
	case mach.IDVMMap:
		a := vm.MapArgs{Address: mach.VirtAddr(r.Uint64()), Size: r.Uint64(), Mask: mach.VirtAddr(r.Uint64()), Anywhere: r.Bool()}
		handle := r.Port(mach.MsgPortSend)
		a.Offset, a.Copy = r.Uint64(), r.Bool()
		a.Cur, a.Max, a.Inherit = mach.Prot(r.Int32()), mach.Prot(r.Int32()), mach.Inherit(r.Int32())
		if r.End() == mach.Success {
			return k.vmMap(t, m, a, m.TakeRight(handle))
		}
	default:
		return k.serveVMInfo(t, m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveVMInfo is serveVM for the calls that change nothing.
func (k *Kernel) serveVMInfo(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	memory := t.memory.Map
	switch m.ID() {
	case mach.IDVMRegion:
		at := r.Uint64()
		if r.End() == mach.Success {
			return region(memory, m, mach.VirtAddr(at))
		}
	case mach.IDVMStatistics:
		if r.End() == mach.Success {
			return k.statistics(m)
		}
	case mach.IDVMMachineAttribute:
		at, size, attribute, value := r.Uint64(), r.Uint64(), r.Int32(), r.Int32()
		if r.End() == mach.Success {
			return machineAttribute(memory, m, mach.VirtAddr(at), size, attribute, value)
		}
	case mach.IDVMCacheStatistics:
		if r.End() == mach.Success {
			return k.cacheStatistics(m)
		}
	case mach.IDVMGetSizeLimit:
		if r.End() == mach.Success {
			return sizeLimits(t, m)
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// replyAddress answers with an address, or with an error alone.
func replyAddress(m *ipc.Message, at mach.VirtAddr, code mach.Return) *ipc.Message {
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(16)
	w.Uint64(uint64(at))
	return m.FinishReply(&w)
}

// region is vm_region. Objects of the kernel have no name port: a null right.
func region(memory *vm.Map, m *ipc.Message, at mach.VirtAddr) *ipc.Message {
	g, err := memory.Region(at)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(8 * 16)
	w.Uint64(uint64(g.Address))
	w.Uint64(g.Size)
	w.Int32(int32(g.Prot))
	w.Int32(int32(g.MaxProt))
	w.Int32(int32(g.Inherit))
	w.Bool(g.Shared)
	w.Port(mach.MsgPortSend, m.PutRight(nameOfObject(g.Object)))
	w.Uint64(g.Offset)
	return m.FinishReply(&w)
}

// statistics is vm_statistics: 13 integers, of which the number of inactive pages is 0: there is no queue of them.
func (k *Kernel) statistics(m *ipc.Message) *ipc.Message {
	f, c := k.frames.Stats(), k.env.Counters()
	var b [13 * 4]byte
	for i, v := range [...]uint64{
		mach.PageSize, uint64(f.Free), uint64(f.Taken), 0, uint64(k.env.Wired()), c.ZeroFills, c.Reactivations, c.PageIns, c.PageOuts, c.Faults, c.CopyFaults, c.Lookups, c.Hits,
	} {
		le.PutUint32(b[4*i:], uint32(v))
	}
	w := m.BeginReply(8 + 56)
	w.Bytes(mach.MsgInteger32, 32, 13, b[:])
	return m.FinishReply(&w)
}
