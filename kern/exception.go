package kern

import (
	"fmt"

	"defpager/board"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// raised is the exception of a thread that waits for the reply to its exception message.
type raised struct {
	exception mach.Exception
	code      int32
	subcode   uint64
	byTask    bool // the task's port has been asked, not the thread's
}

// exceptionReply is what a thread's reply port stands for.
type exceptionReply struct{ thread *Thread }

// exception handles an exception of the processor in ring 3.
func (k *Kernel) exception(t *Thread) {
	r := &t.regs
	if r.Vector != board.VectorPageFault {
		e, code := exceptionOf(r.Vector)
		r.RFlags &^= 0x100 // TF: one step was asked for
		k.raise(t, e, code, r.RIP)
		return
	}
	k.counters.Faults++
	access := mach.ProtRead
	switch {
	case r.Code&board.FaultWrite != 0:
		access = mach.ProtWrite
	case r.Code&board.FaultFetch != 0:
		access = mach.ProtExecute
	}
	err := error(mach.InvalidAddress)
	va := mach.VirtAddr(r.Addr)
	switch {
	case va < mach.MinUser || va >= mach.MaxUser:
	case r.Code&board.FaultUser == 0:
		// The processor reached for a page on the kernel's behalf, such as a stack in the midst of a return to ring 0 that it then
		// refuses. The page may be there: trying again would not end.
		err = mach.ProtectionFailure
	default:
		err = k.resolve(t, va, access)
		if err == vm.Wait {
			k.awaitPage(t, waitFault, mach.Success)
			return
		}
	}
	if k.trace.on {
		k.tracef("task %d (%s) fault at %#x for %v: %v", t.task.id, t.task.name, r.Addr, access, mach.Code(err))
	}
	if err != nil {
		if mach.Code(err) == mach.ResourceShortage {
			k.starve(t, va)
		}
		k.raise(t, mach.ExcBadAccess, int32(mach.Code(err)), r.Addr)
	}
}

// starvedMax is how many accesses without a frame the log tells of.
const starvedMax = 8

// starve tells why t's access to va finds no frame.
func (k *Kernel) starve(t *Thread, va mach.VirtAddr) {
	if k.starved++; k.starved > starvedMax {
		return
	}
	why := "no page can be paged out"
	switch {
	case t.task.memory.Refuses(va):
		why = "as many pages are out as its limit allows, and memory is short"
	case !k.env.Pages():
		why = "there is no paging storage"
	case k.env.Room():
	case k.env.Delegates():
		why = "the default memory manager has yet to take what it was sent"
	default:
		why = "paging storage is full"
	}
	s := k.frames.Stats()
	k.Logf("task %d (%s) finds no frame for %#x: %d are free, %d of them promised; %s", t.task.id, t.task.name, uint64(va), s.Free, s.Reserved, why)
}

// exceptionOf translates an exception of the processor that is not a page fault; the codes are EXC_I386_* of GNU Mach.
func exceptionOf(vector uint64) (e mach.Exception, code int32) {
	switch vector {
	case board.VectorDivide:
		return mach.ExcArithmetic, 1
	case board.VectorOverflow:
		return mach.ExcArithmetic, 2
	case board.VectorFPU:
		return mach.ExcArithmetic, 5
	case board.VectorSIMD:
		return mach.ExcArithmetic, 8
	case board.VectorDebug:
		return mach.ExcBreakpoint, 1
	case board.VectorBreakpoint:
		return mach.ExcBreakpoint, 2
	case board.VectorBound:
		return mach.ExcSoftware, 7
	case board.VectorInvalidOpcode:
		return mach.ExcBadInstruction, 1
	}
	return mach.ExcBadInstruction, int32(vector)
}

// raise sends t's exception to its exception port, or to its task's; without a port that lives and has room
// for the message it terminates the task. t waits for the reply.
func (k *Kernel) raise(t *Thread, e mach.Exception, code int32, subcode uint64) {
	t.raised = raised{exception: e, code: code, subcode: subcode}
	k.sendException(t)
}

func (k *Kernel) sendException(t *Thread) {
	x := &t.raised
	handler := t.handler
	if x.byTask || !k.canAsk(handler) {
		x.byTask = true
		handler = t.task.handler
	}
	if !k.canAsk(handler) {
		k.unhandled(t)
		return
	}
	if t.reply == nil {
		t.reply = k.sys.NewKernelPort(k, exceptionReply{t})
	}
	m := k.sys.NewMessage(handler.Copy(), t.reply.MakeSendOnce(), mach.IDExceptionRaise)
	w := m.Begin(5 * 16)
	w.Port(mach.MsgPortSend, m.PutRight(t.self.Copy()))
	w.Port(mach.MsgPortSend, m.PutRight(t.task.self.Copy()))
	w.Int32(int32(x.exception))
	w.Int32(x.code)
	w.Uint64(x.subcode)
	m.Finish(&w)
	t.wait = waitException
	if k.current == t {
		k.current = nil
	}
	if receiver := k.sys.Send(m); receiver != nil {
		k.wakeWaiter(receiver)
	}
}

// canAsk reports whether an exception message can go to a handler: a thread that is aborted while it waits for the reply can send any number
// that nobody receives.
func (k *Kernel) canAsk(handler ipc.Right) bool {
	return handler.Port != nil && !handler.Dead() && k.sys.Room(handler)
}

// serveException takes the reply to an exception message: success lets the thread go on, anything else asks the next handler.
func (k *Kernel) serveException(t *Thread, m *ipc.Message) *ipc.Message {
	code := mach.Failure
	if m.ID() == mach.IDExceptionRaise+mach.ReplyOffset {
		r := m.Reader()
		if c := r.RetCode(); r.End() == mach.Success {
			code = c
		}
	}
	m.ReplyCode(mach.MIGNoReply)
	if t.dead || t.wait != waitException {
		return nil
	}
	t.wait = waitNone
	switch {
	case code == mach.Success:
		k.makeReady(t)
	case t.raised.byTask:
		k.unhandled(t)
	default:
		t.raised.byTask = true
		k.sendException(t)
	}
	return nil
}

// unhandled terminates the task of a thread whose exception nobody handled, with a report.
func (k *Kernel) unhandled(t *Thread) {
	x := &t.raised
	what := fmt.Sprintf("code %d", x.code)
	if x.exception == mach.ExcBadAccess {
		what = fmt.Sprintf("%v at %#x", mach.Return(x.code), x.subcode)
	}
	k.Logf("task %d (%s) terminated: %v, %s, rip %#x rsp %#x", t.task.id, t.task.name, x.exception, what, t.regs.RIP, t.regs.RSP)
	if t.task.boot {
		k.bootFailed = true
	}
	k.terminateTask(t.task)
}
