package libmach

import (
	"encoding/binary"

	"defpager/mach"
)

// TaskCreate is task_create by message.
func (c *Client) TaskCreate(parent mach.Name, inherit bool) (mach.Name, mach.Return) {
	c.Request().Bool(inherit)
	return c.port(parent, mach.IDTaskCreate)
}

// TaskTerminate is task_terminate by message.
func (c *Client) TaskTerminate(task mach.Name) mach.Return {
	c.Request()
	return c.simple(task, mach.IDTaskTerminate)
}

// TaskSuspend is task_suspend by message.
func (c *Client) TaskSuspend(task mach.Name) mach.Return {
	c.Request()
	return c.simple(task, mach.IDTaskSuspend)
}

// TaskResume takes one TaskSuspend back.
func (c *Client) TaskResume(task mach.Name) mach.Return {
	c.Request()
	return c.simple(task, mach.IDTaskResume)
}

// TaskGetSpecialPort answers one of a task's special ports, such as mach.SpecialException.
func (c *Client) TaskGetSpecialPort(task mach.Name, which int32) (mach.Name, mach.Return) {
	c.Request().Int32(which)
	return c.port(task, mach.IDTaskGetSpecialPort)
}

// TaskSetSpecialPort sets one of a task's special ports.
func (c *Client) TaskSetSpecialPort(task mach.Name, which int32, port mach.Name) mach.Return {
	w := c.Request()
	w.Int32(which)
	w.Port(mach.MsgCopySend, port)
	r, ret := c.CallComplex(task, mach.IDTaskSetSpecialPort)
	return end(r, ret)
}

// ThreadCreate makes a thread in a task. It is suspended: set its state, then resume it.
func (c *Client) ThreadCreate(task mach.Name) (mach.Name, mach.Return) {
	c.Request()
	return c.port(task, mach.IDThreadCreate)
}

// ThreadTerminate ends a thread.
func (c *Client) ThreadTerminate(thread mach.Name) mach.Return {
	c.Request()
	return c.simple(thread, mach.IDThreadTerminate)
}

// ThreadSuspend stops a thread until ThreadResume.
func (c *Client) ThreadSuspend(thread mach.Name) mach.Return {
	c.Request()
	return c.simple(thread, mach.IDThreadSuspend)
}

// ThreadResume takes one ThreadSuspend back.
func (c *Client) ThreadResume(thread mach.Name) mach.Return {
	c.Request()
	return c.simple(thread, mach.IDThreadResume)
}

// ThreadAbort ends a thread's waiting.
func (c *Client) ThreadAbort(thread mach.Name) mach.Return {
	c.Request()
	return c.simple(thread, mach.IDThreadAbort)
}

// ThreadState is an i386_thread_state of a 64-bit thread (flavor mach.FlavorThread), in the order of the wire.
type ThreadState struct {
	R8, R9, R10, R11, R12, R13, R14, R15   uint64
	RDI, RSI, RBP, RSP, RBX, RDX, RCX, RAX uint64
	RIP, CS, RFlags, URSP, SS              uint64
}

func (s *ThreadState) words() [mach.ThreadStateCount / 2]*uint64 {
	return [...]*uint64{
		&s.R8, &s.R9, &s.R10, &s.R11, &s.R12, &s.R13, &s.R14, &s.R15, &s.RDI, &s.RSI, &s.RBP, &s.RSP, &s.RBX, &s.RDX, &s.RCX, &s.RAX,
		&s.RIP, &s.CS, &s.RFlags, &s.URSP, &s.SS,
	}
}

// ThreadGetState reads a thread's registers. The thread should be suspended.
func (c *Client) ThreadGetState(thread mach.Name) (ThreadState, mach.Return) {
	w := c.Request()
	w.Int32(mach.FlavorThread)
	w.Uint32(mach.ThreadStateCount)
	r, ret := c.Call(thread, mach.IDThreadGetState)
	if ret != mach.Success {
		return ThreadState{}, ret
	}
	data := r.Bytes(mach.MsgInteger32, 32, mach.ThreadStateCount)
	if ret := r.End(); ret != mach.Success {
		return ThreadState{}, ret
	}
	var s ThreadState
	for i, p := range s.words() {
		*p = binary.LittleEndian.Uint64(data[8*i:])
	}
	return s, mach.Success
}

// ThreadSetState writes a thread's registers. The thread should be suspended. The kernel makes segments and flags safe.
func (c *Client) ThreadSetState(thread mach.Name, s ThreadState) mach.Return {
	w := c.Request()
	w.Int32(mach.FlavorThread)
	data := w.Space(mach.MsgInteger32, 32, mach.ThreadStateCount)
	for i, p := range s.words() {
		binary.LittleEndian.PutUint64(data[8*i:], *p)
	}
	return c.simple(thread, mach.IDThreadSetState)
}

// port makes a call whose reply is a send right.
func (c *Client) port(to mach.Name, id mach.MsgID) (mach.Name, mach.Return) {
	v, ret := c.word(to, id, callBits, oneRight)
	return mach.Name(v), ret
}
