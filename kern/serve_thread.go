package kern

import (
	"defpager/board"
	"defpager/ipc"
	"defpager/mach"
)

// serveThread answers a request to a thread's port.
func (k *Kernel) serveThread(t *Thread, m *ipc.Message) *ipc.Message {
	if t.dead {
		return m.ReplyCode(mach.InvalidArgument)
	}
	r := m.Reader()
	switch m.ID() {
	case mach.IDThreadTerminate:
		if r.End() == mach.Success {
			k.terminateThread(t)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDThreadSuspend:
		if r.End() == mach.Success {
			return m.ReplyCode(k.suspendThread(t))
		}
	case mach.IDThreadResume:
		if r.End() == mach.Success {
			return m.ReplyCode(k.resumeThread(t))
		}
	case mach.IDThreadAbort:
		if r.End() == mach.Success {
			k.abort(t)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDThreadGetState:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return k.getState(t, m, flavor, room)
		}
	case mach.IDThreadSetState:
		flavor := r.Int32()
		state, n := r.Array(mach.MsgInteger32, 32, stateWords)
		if r.End() == mach.Success {
			return m.ReplyCode(k.setState(t, flavor, state, n))
		}
	case mach.IDThreadGetSpecialPort:
		which := r.Int32()
		if r.End() != mach.Success {
			break
		}
		if p := t.special(which); p != nil {
			return replyRight(m, p.Copy())
		}
		return m.ReplyCode(mach.InvalidArgument)
	case mach.IDThreadSetSpecialPort:
		which, handle := r.Int32(), r.Port(mach.MsgPortSend)
		if r.End() == mach.Success {
			return m.ReplyCode(setSpecial(t.special(which), which, m.TakeRight(handle)))
		}
	case mach.IDThreadInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return t.info(m, flavor, room)
		}
	case mach.IDThreadSetName:
		name, _ := r.Array(mach.MsgString, 8, nameMax)
		if r.End() == mach.Success {
			t.name = cString(name)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDThreadGetName:
		if r.End() == mach.Success {
			w := m.BeginReply(8 + nameMax)
			w.Bytes(mach.MsgString, 8, uint32(len(t.name)+1), []byte(t.name))
			return m.FinishReply(&w)
		}
	case mach.IDThreadTerminateRelease:
		return k.terminateRelease(t, m)
	default:
		return k.serveScheduling(t, m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveScheduling is serveThread for the calls about when the thread gets the processor.
func (k *Kernel) serveScheduling(t *Thread, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDThreadPriority:
		p, setMax := r.Int32(), r.Bool()
		if r.End() == mach.Success {
			return m.ReplyCode(t.setThreadPriority(p, setMax))
		}
	case mach.IDThreadDepressAbort:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Success)
		}
	case mach.IDThreadMaxPriority:
		handle, p := r.Port(mach.MsgPortSend), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(k.maxThreadPriority(t, m.TakeRight(handle), p))
		}
	case mach.IDThreadPolicy:
		policy := r.Int32()
		r.Int32() // data of the policy, which time sharing has none of
		if r.End() == mach.Success {
			return m.ReplyCode(setPolicy(policy))
		}
	case mach.IDThreadAssign, mach.IDThreadAssignDefault, mach.IDThreadGetAssignment:
		return k.serveAssignment(m)
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// terminateRelease is thread_terminate_release: it ends a thread, and in a task gives up two names and a range of memory, all of which
// the thread itself used until now.
func (k *Kernel) terminateRelease(t *Thread, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, thread, reply := r.Port(mach.MsgPortSend), r.Name(), r.Name()
	at, size := r.Uint64(), r.Uint64()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	task, code := taskOf(m, handle)
	if task == nil {
		return m.ReplyCode(code)
	}
	k.terminateThread(t)
	task.space.Deallocate(thread)
	task.space.DestroyName(reply)
	if size != 0 {
		_ = task.memory.Map.Deallocate(mach.VirtAddr(at), size)
	}
	return m.ReplyCode(mach.Success)
}

// special is the thread's special port, nil for an unknown number.
func (t *Thread) special(which int32) *ipc.Right {
	switch which {
	case mach.SpecialKernel:
		return &t.self
	case mach.SpecialException:
		return &t.handler
	}
	return nil
}

// Selectors that ring 3 runs with, as thread states show them.
const (
	userCode  = 0x23
	userStack = 0x1b
)

// registers lists the registers in the order of THREAD_STATE; the segments are not among them.
func registers(r *board.Regs) [19]*uint64 {
	return [...]*uint64{
		&r.R8, &r.R9, &r.R10, &r.R11, &r.R12, &r.R13, &r.R14, &r.R15, &r.RDI, &r.RSI, &r.RBP, nil, &r.RBX, &r.RDX, &r.RCX, &r.RAX, &r.RIP,
		nil, &r.RFlags,
	}
}

// stateWords is the most 32-bit words that a thread_state_t holds.
const stateWords = 1024

// ofSelf reports whether a thread may get and set a flavor of its own state by a message: not the registers, which change meanwhile.
func ofSelf(flavor int32) bool {
	return flavor == mach.FlavorList || flavor == mach.FlavorDebug || flavor == mach.FlavorFSGSBase
}

// getState is thread_get_state; room is how many 32-bit words the caller takes.
func (k *Kernel) getState(t *Thread, m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	if t == k.current && !ofSelf(flavor) {
		return m.ReplyCode(mach.InvalidArgument)
	}
	var b [4 * stateWords]byte
	n := t.state(flavor, b[:])
	if n == 0 || int(room) < n/4 {
		return m.ReplyCode(mach.InvalidArgument)
	}
	w := m.BeginReply(8 + (n+7)&^7)
	w.Bytes(mach.MsgInteger32, 32, uint32(n/4), b[:n])
	return m.FinishReply(&w)
}

// debugBytes is the size of an i386_debug_state: eight registers of 32 bits. No thread has a breakpoint in them.
const debugBytes = 8 * 4

// state writes one flavor of the thread's state to b and returns its size in bytes, 0 for an unknown one.
func (t *Thread) state(flavor int32, b []byte) int {
	switch flavor {
	case mach.FlavorList:
		flavors := [...]uint32{mach.FlavorThread, mach.FlavorFloat, mach.FlavorRegsSegs, mach.FlavorDebug, mach.FlavorFSGSBase, mach.FlavorXFloat}
		for i, f := range flavors {
			le.PutUint32(b[4*i:], f)
		}
		return 4 * len(flavors)
	case mach.FlavorThread, mach.FlavorRegsSegs:
		t.regs.Whole()
		for i, p := range registers(&t.regs) {
			if p != nil {
				le.PutUint64(b[8*i:], *p)
			}
		}
		le.PutUint64(b[8*11:], t.regs.RSP)
		le.PutUint64(b[8*17:], userCode)
		le.PutUint64(b[8*19:], t.regs.RSP)
		le.PutUint64(b[8*20:], userStack)
		return 8 * 21
	case mach.FlavorFSGSBase:
		le.PutUint64(b, t.regs.FSBase)
		le.PutUint64(b[8:], t.regs.GSBase)
		return 16
	case mach.FlavorDebug:
		return debugBytes
	case mach.FlavorFloat:
		floatState(t.regs.FPU, b)
		return floatBytes
	case mach.FlavorXFloat:
		xfloatState(t.regs.FPU, b)
		return xfloatImage + len(t.regs.FPU)
	}
	return 0
}

// setState is thread_set_state.
func (k *Kernel) setState(t *Thread, flavor int32, b []byte, n uint32) mach.Return {
	if t == k.current && !ofSelf(flavor) {
		return mach.InvalidArgument
	}
	return t.setState(flavor, b, n)
}

// setState sets a flavor of the thread's state, n 32-bit words. Flags that ring 3 may not set are left out when the thread is entered.
func (t *Thread) setState(flavor int32, b []byte, n uint32) mach.Return {
	switch {
	case (flavor == mach.FlavorThread || flavor == mach.FlavorRegsSegs) && n >= mach.ThreadStateCount:
		t.regs.Whole()
		for i, p := range registers(&t.regs) {
			if p != nil {
				*p = le.Uint64(b[8*i:])
			}
		}
		t.regs.RSP = le.Uint64(b[8*19:])
		return mach.Success
	case flavor == mach.FlavorFSGSBase && n >= mach.FSGSBaseCount:
		fs, gs := le.Uint64(b), le.Uint64(b[8:])
		if fs >= uint64(mach.MaxUser) || gs >= uint64(mach.MaxUser) {
			return mach.InvalidArgument
		}
		t.regs.FSBase, t.regs.GSBase = fs, gs
		return mach.Success
	case flavor == mach.FlavorDebug && n >= debugBytes/4:
		for _, v := range b[:debugBytes] {
			if v != 0 {
				return mach.InvalidArgument // breakpoints in the processor's registers are not kept
			}
		}
		return mach.Success
	case flavor == mach.FlavorFloat && n >= floatBytes/4:
		setFloatState(t.regs.FPU, b)
		return mach.Success
	case flavor == mach.FlavorXFloat && int(n) >= (xfloatImage+len(t.regs.FPU))/4:
		setXFloatState(t.regs.FPU, b)
		return mach.Success
	}
	return mach.InvalidArgument
}
