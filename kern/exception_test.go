package kern

import (
	"testing"

	"defpager/board"
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
)

// caught is what a handler saw.
type caught struct {
	exception mach.Exception
	code      int32
	subcode   uint64
}

// handle receives an exception message, does fix with the thread and answers with code.
func (u *user) handle(from mach.Name, code mach.Return, fix func(thread, task mach.Name, x caught)) {
	u.m.t.Helper()
	h, r := u.receive(from, mach.IDExceptionRaise)
	thread, task := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
	x := caught{mach.Exception(r.Int32()), r.Int32(), r.Uint64()}
	u.want(r.End(), mach.Success)
	fix(thread, task, x)
	u.want(u.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, mach.IDExceptionRaise+mach.ReplyOffset, func(w *mig.Writer) {
		w.RetCode(code)
	}), mach.Success)
}

// handlers makes victim's exceptions go to two ports of handler: the thread's and the task's.
func (m *machine) handlers(handler, victim *Task) (thread, task mach.Name) {
	m.Do(func() {
		for i, at := range []*ipc.Right{&victim.threads.handler, &victim.handler} {
			name, code := handler.space.Allocate(mach.RightReceive)
			if code == mach.Success {
				*at, code = handler.space.Extract(name, mach.MsgMakeSend)
			}
			if code != mach.Success {
				m.t.Fatal(code)
			}
			*[]*mach.Name{&thread, &task}[i] = name
		}
	})
	return thread, task
}

// The handler maps the missing page, and the access succeeds.
func TestHandlerResolvesFault(t *testing.T) {
	m := newMachine(t)
	const hole = mach.MinUser + 0x123_4000
	done := false
	victim := m.start("victim", func(u *user) {
		u.Store64(hole+8, 5)
		u.is("memory", u.Load64(hole+8), 5)
		u.Raise(board.VectorBreakpoint, 0)
		u.Raise(board.VectorDivide, 0)
		done = true
	})
	var byThread mach.Name
	handler := m.start("handler", func(u *user) {
		u.handle(byThread, mach.Success, func(_, task mach.Name, x caught) {
			if x != (caught{mach.ExcBadAccess, int32(mach.InvalidAddress), uint64(hole + 8)}) {
				t.Errorf("exception %+v", x)
			}
			u.call(task, mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(uint64(hole)); w.Uint64(mach.PageSize); w.Bool(false) })
		})
		for _, want := range []caught{{mach.ExcBreakpoint, 2, 0}, {mach.ExcArithmetic, 1, 0}} {
			u.handle(byThread, mach.Success, func(_, _ mach.Name, x caught) {
				if x.subcode = 0; x != want {
					t.Errorf("exception %+v, want %+v", x, want)
				}
			})
		}
	})
	byThread, _ = m.handlers(handler, victim)
	m.finish()
	if !done {
		t.Error("the program did not go on")
	}
}

// A thread's handler that refuses leaves the exception to its task's; when that refuses too, the task ends.
func TestHandlersRefuse(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	victim := m.start("victim", func(u *user) {
		u.Load(8)
		t.Error("the program went on")
	})
	var byThread, byTask mach.Name
	handler := m.start("handler", func(u *user) {
		u.handle(byThread, mach.Failure, func(_, _ mach.Name, x caught) { u.is("the address", x.subcode, 8) })
		u.handle(byTask, mach.Failure, func(_, task mach.Name, x caught) {
			u.is("the address", x.subcode, 8)
			u.want(u.code(task, mach.IDTaskSuspend, nil), mach.Success)
		})
		for _, port := range []mach.Name{byThread, byTask} {
			u.want(u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, port, 0), mach.RcvTimedOut)
		}
	})
	byThread, byTask = m.handlers(handler, victim)
	m.finish()
	m.says("task 1 (victim) terminated: EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x8, rip")
}

// A handler that ends before it answers: its reply right dies, which is no answer but a refusal.
func TestHandlerEnds(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	victim := m.start("victim", func(u *user) { u.Raise(board.VectorSIMD, 0); t.Error("the program went on") })
	var byThread mach.Name
	handler := m.start("handler", func(u *user) { u.receive(byThread, mach.IDExceptionRaise) })
	byThread, _ = m.handlers(handler, victim)
	m.finish()
	m.says("task 1 (victim) terminated: EXC_ARITHMETIC, code 8, rip")
}

// The victim is terminated while the handler works: its answer comes too late and harms nobody.
func TestVictimEnds(t *testing.T) {
	for _, id := range []mach.MsgID{mach.IDTaskTerminate, mach.IDThreadTerminate} {
		m := newMachine(t)
		victim := m.start("victim", func(u *user) { u.Raise(board.VectorBound, 0); t.Error("the program went on") })
		var byThread mach.Name
		handler := m.start("handler", func(u *user) {
			h, r := u.receive(byThread, mach.IDExceptionRaise)
			thread, task := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
			if id == mach.IDThreadTerminate {
				u.want(u.code(thread, id, nil), mach.Success)
			}
			u.want(u.code(task, mach.IDTaskTerminate, nil), mach.Success)
			u.want(u.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 2500, func(w *mig.Writer) {
				w.RetCode(mach.Success)
			}), mach.SendInvalidDest)
		})
		byThread, _ = m.handlers(handler, victim)
		m.finish()
	}
}

// A handler that aborts the thread need not answer: the thread goes on where it is put, and an answer comes too late.
func TestAbortedException(t *testing.T) {
	m := newMachine(t)
	there := 0
	victim := m.start("victim", func(u *user) { u.Raise(board.VectorDivide, 0); t.Error("the program went on where it was") })
	elsewhere := m.entry(func(*user) { there++ })
	var byThread mach.Name
	handler := m.start("handler", func(u *user) {
		h, r := u.receive(byThread, mach.IDExceptionRaise)
		thread := r.Port(mach.MsgPortSend)
		u.want(u.code(thread, mach.IDThreadSuspend, nil), mach.Success)
		u.want(u.code(thread, mach.IDThreadAbort, nil), mach.Success)
		u.want(u.code(thread, mach.IDThreadSetState, func(w *mig.Writer) {
			w.Int32(mach.FlavorThread)
			b := w.Space(mach.MsgInteger32, 32, mach.ThreadStateCount)
			le.PutUint64(b[8*16:], elsewhere)
			le.PutUint64(b[8*19:], uint64(stackTop))
		}), mach.Success)
		u.want(u.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 2500, func(w *mig.Writer) {
			w.RetCode(mach.Failure)
		}), mach.SendInvalidDest)
		u.is("how often it ran", uint64(there), 0)
		u.want(u.code(thread, mach.IDThreadResume, nil), mach.Success)
	})
	byThread, _ = m.handlers(handler, victim)
	m.finish()
	if there != 1 {
		t.Errorf("the program ran %d times where it was put", there)
	}
}

// A reply that is none refuses; a suspended victim goes on when it is resumed, not when its handler answers.
func TestSuspendedVictim(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	resumed, done := false, false
	victim := m.start("victim", func(u *user) {
		u.Raise(board.VectorDebug, 0)
		if !resumed {
			t.Error("a suspended thread runs")
		}
		done = true
		u.Raise(board.VectorOverflow, 0)
		t.Error("the program went on")
	})
	var byThread mach.Name
	handler := m.start("handler", func(u *user) {
		var thread mach.Name
		u.handle(byThread, mach.Success, func(th, _ mach.Name, _ caught) {
			thread = th
			u.want(u.code(th, mach.IDThreadSuspend, nil), mach.Success)
		})
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
		resumed = true
		u.want(u.code(thread, mach.IDThreadResume, nil), mach.Success)
		h, _ := u.receive(byThread, mach.IDExceptionRaise)
		u.want(u.send(mach.Bits(mach.MsgMoveSendOnce, 0), mach.Name(h.Remote), 0, 1, nil), mach.Success)
	})
	byThread, _ = m.handlers(handler, victim)
	m.finish()
	if !done {
		t.Error("the program did not go on")
	}
}

// Faults that the processor reports and that no mapping can resolve.
func TestFaultsThatEnd(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(u *user)
		says string
	}{
		"null":             {func(u *user) { u.Load(0) }, "EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x0,"},
		"the kernel":       {func(u *user) { u.Load(0x10_0000) }, "EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x100000,"},
		"the end":          {func(u *user) { u.Load(mach.MaxUser) }, "EXC_BAD_INSTRUCTION, code 13,"},
		"a hole":           {func(u *user) { u.Store(mach.MinUser, 1) }, "EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x8000000000,"},
		"a jump to null":   {func(u *user) { u.Jump(0) }, "EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x0,"},
		"data":             {func(u *user) { u.Jump(uint64(stackTop) - 9) }, "EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE at"},
		"a wild jump":      {func(u *user) { u.Jump(1 << 60) }, "EXC_BAD_INSTRUCTION, code 13,"},
		"a bad opcode":     {func(u *user) { u.Raise(board.VectorInvalidOpcode, 0) }, "EXC_BAD_INSTRUCTION, code 1,"},
		"x87":              {func(u *user) { u.Raise(board.VectorFPU, 0) }, "EXC_ARITHMETIC, code 5,"},
		"alignment":        {func(u *user) { u.Raise(board.VectorAlignment, 0) }, "EXC_BAD_INSTRUCTION, code 17,"},
		"the kernel's own": {func(u *user) { u.Load(u.buffer); u.Fault(u.buffer, board.FaultPresent) }, "EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE at"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.mayDie()
			m.start("victim", func(u *user) {
				c.do(u)
				t.Error("the program went on")
			})
			m.finish()
			m.says("terminated: " + c.says)
		})
	}
}
