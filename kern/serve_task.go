package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// serveTask answers a request to a task's port: of the task, its memory, its names.
func (k *Kernel) serveTask(t *Task, m *ipc.Message) *ipc.Message {
	id := m.ID()
	switch {
	case t.dying:
		return m.ReplyCode(mach.InvalidArgument)
	case id >= mach.IDPortNames && id < mach.IDPortNames+100:
		return k.servePort(t, m)
	case id >= mach.IDVMAllocate && id <= mach.IDVMStatistics, id == mach.IDVMMap,
		id == mach.IDVMMachineAttribute, id == mach.IDVMCacheStatistics, id == mach.IDVMMsync, id == mach.IDVMGetSizeLimit:
		return k.serveVM(t, m)
	case id >= mach.IDGsyncWait && id <= mach.IDGsyncRequeue:
		return k.serveGsync(t, m)
	case isDebugCall(id):
		return k.serveDebug(t, m)
	}
	r := m.Reader()
	switch id {
	case mach.IDTaskCreate:
		inherit := r.Bool()
		if r.End() == mach.Success {
			return k.taskCreate(t, m, inherit)
		}
	case mach.IDTaskTerminate:
		if r.End() == mach.Success {
			k.terminateTask(t)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDTaskSuspend:
		if r.End() == mach.Success {
			return m.ReplyCode(k.suspendTask(t))
		}
	case mach.IDTaskResume:
		if r.End() == mach.Success {
			return m.ReplyCode(k.resumeTask(t))
		}
	case mach.IDTaskGetSpecialPort:
		which := r.Int32()
		if r.End() != mach.Success {
			break
		}
		if p := t.special(which); p != nil {
			return replyRight(m, p.Copy())
		}
		return m.ReplyCode(mach.InvalidArgument)
	case mach.IDTaskSetSpecialPort:
		which, handle := r.Int32(), r.Port(mach.MsgPortSend)
		if r.End() == mach.Success {
			return m.ReplyCode(setSpecial(t.special(which), which, m.TakeRight(handle)))
		}
	case mach.IDMemoryObjectCreateProxy:
		return k.createProxy(m)
	case mach.IDVMRegionCreateProxy:
		at, most, size := r.Uint64(), r.Int32(), r.Uint64()
		if r.End() == mach.Success {
			return k.createRegionProxy(t, m, mach.VirtAddr(at), mach.Prot(most), size)
		}
	case mach.IDThreadCreate:
		if r.End() == mach.Success {
			if !fair(t.threadCount, k.threads, k.config.Limits.Threads) || k.frames.Fuse.Blows() {
				return m.ReplyCode(mach.ResourceShortage)
			}
			return replyRight(m, k.newThread(t).self.Copy())
		}
	default:
		return k.serveTaskState(t, m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveTaskState is serveTask for the calls that show what a task has, and set what it is told by: its figures, threads, registered ports, priority and name.
func (k *Kernel) serveTaskState(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDTaskThreads:
		if r.End() == mach.Success {
			return t.threadRights(m)
		}
	case mach.IDTaskInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return t.info(m, flavor, room)
		}
	case mach.IDPagerTaskFigures:
		room := r.Uint32()
		if r.End() == mach.Success {
			f := t.figures()
			return m.ReplyRecord(f.List(), room)
		}
	case mach.IDPortsRegister:
		handle, n := r.OutOfLine(mach.MsgPortSend, 32)
		if r.End() == mach.Success {
			return m.ReplyCode(t.register(m, handle, n))
		}
	case mach.IDPortsLookup:
		if r.End() == mach.Success {
			return t.lookup(m)
		}
	case mach.IDTaskPriority:
		p, threads := r.Int32(), r.Bool()
		if r.End() == mach.Success {
			return m.ReplyCode(t.setPriority(p, threads))
		}
	case mach.IDTaskSetName:
		name, _ := r.Array(mach.MsgString, 8, nameMax)
		if r.End() == mach.Success {
			t.name = cString(name)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDTaskSetEssential:
		essential := r.Bool()
		if r.End() == mach.Success {
			t.essential = essential
			return m.ReplyCode(mach.Success)
		}
	case mach.IDTaskAssign, mach.IDTaskAssignDefault, mach.IDTaskGetAssignment:
		return k.serveAssignment(m)
	default:
		return serveEmulation(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveEmulation is serveTask for the calls about system calls that a library carries out, and about sequences of instructions that are begun again when they
// were interrupted: of which there are none.
func serveEmulation(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDTaskGetEmulationVector:
		if r.End() == mach.Success {
			w := m.BeginReply(32)
			w.Int32(0)
			w.OutOfLine(mach.MsgInteger64, 64, 0, m.PutMemory(nil), false)
			return m.FinishReply(&w)
		}
	case mach.IDTaskSetEmulationVector:
		r.Int32()
		r.OutOfLine(mach.MsgInteger64, 64)
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure) // no system call is emulated
		}
	case mach.IDTaskSetEmulation:
		r.Uint64()
		r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure)
		}
	case mach.IDTaskRASControl:
		r.Uint64()
		r.Uint64()
		r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure) // no sequence of instructions is restarted
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// taskCreate is task_create. Inherited memory may have to be copied from a memory manager first.
func (k *Kernel) taskCreate(t *Task, m *ipc.Message, inherit bool) *ipc.Message {
	child, err := k.newTask(t.name, t, inherit)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.taskCreate(t, m, inherit)
		})
	}
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	return replyRight(m, child.self.Copy())
}

// replyRight answers with one send right (consumed).
func replyRight(m *ipc.Message, right ipc.Right) *ipc.Message {
	w := m.BeginReply(16)
	w.Port(mach.MsgPortSend, m.PutRight(right))
	return m.FinishReply(&w)
}

// special is the task's special port, nil for an unknown number.
func (t *Task) special(which int32) *ipc.Right {
	switch which {
	case mach.SpecialKernel:
		return &t.self
	case mach.SpecialException:
		return &t.handler
	case mach.SpecialBootstrap:
		return &t.bootstrap
	}
	return nil
}

// setSpecial gives a task or a thread a special port, which lies at p; right is consumed. InvalidArgument: p is nil, for there is none with the number
// which; or it is the own port, which stays what it is.
func setSpecial(p *ipc.Right, which int32, right ipc.Right) mach.Return {
	if p == nil || which == mach.SpecialKernel {
		right.Release()
		return mach.InvalidArgument
	}
	p.Release()
	*p = right
	return mach.Success
}
