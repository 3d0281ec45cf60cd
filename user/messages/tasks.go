package main

import (
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// threads: made, stopped, looked at, ended.
func (p *program) threads() {
	c, task := p.client, p.task
	port := p.port()
	a := p.agent(mach.OptRcv, 0, 0, 0, port, 256)
	p.ok("suspend", wire.ThreadSuspend(c, a.thread))
	p.ok("suspend again", wire.ThreadSuspend(c, a.thread))
	p.ok("send", p.send(mach.Bits(mach.MsgMakeSend, 0), port, 0, 80, nil))
	p.rest()
	p.is("it does not run", a.result(), pending)
	p.ok("resume", wire.ThreadResume(c, a.thread))
	p.rest()
	p.is("it was suspended twice", a.result(), pending)
	p.ok("resume again", wire.ThreadResume(c, a.thread))
	p.rest()
	p.is("it runs", a.result(), uint64(mach.Success))
	p.code("resume a third time", wire.ThreadResume(c, a.thread), mach.Failure)
	p.ok("suspend", wire.ThreadSuspend(c, a.thread))
	s, code := c.ThreadGetState(a.thread)
	p.ok("thread_get_state", code)
	p.is("rbx", s.RBX, uint64(a.at)+agentResult)
	p.is("rip", uint64(mach.VirtAddr(s.RIP)&^0xff), uint64(a.at))
	for _, flavor := range []struct {
		number int32
		words  uint32
	}{{1, mach.ThreadStateCount}, {2, 128}, {5, 34}, {6, 16}, {7, 4}} {
		state, code := wire.ThreadGetState(c, a.thread, flavor.number, 1024)
		if code == mach.InvalidArgument {
			continue // not of this processor
		}
		p.ok("a flavor of state", code)
		p.is("its words", b2u(state.Count > 0), 1)
		copied := mig.Array{Data: append([]byte(nil), state.Data...), Count: state.Count}
		p.ok("the same state again", wire.ThreadSetState(c, a.thread, flavor.number, copied))
		_, code = wire.ThreadGetState(c, a.thread, flavor.number, 1)
		p.code("no room for it", code, mach.InvalidArgument)
	}
	_, code = wire.ThreadGetState(c, a.thread, 99, 1024)
	p.code("no such flavor", code, mach.InvalidArgument)
	info, code := wire.ThreadInfo(c, a.thread, 1, 1024)
	p.ok("thread_info", code)
	p.is("words of it", b2u(info.Count > 8), 1)
	_, code = wire.ThreadInfo(c, a.thread, 99, 1024)
	p.code("no such information", code, mach.InvalidArgument)
	list, code := wire.TaskThreads(c, task)
	p.ok("task_threads", code)
	p.is("this one and that one", b2u(list.Count >= 2), 1)
	p.release(list)
	p.ok("thread_set_name", wire.ThreadSetName(c, a.thread, []byte("agent")))
	name, code := wire.ThreadGetName(c, a.thread)
	p.ok("thread_get_name", code)
	p.is("the name", b2u(string(name) == "agent"), 1)
	p.ok("thread_priority", wire.ThreadPriority(c, a.thread, 30, false))
	p.code("a bad priority", wire.ThreadPriority(c, a.thread, 1000, false), mach.InvalidArgument)
	thread := a.thread
	p.ok("keep a right", wire.MachPortModRefs(c, task, thread, mach.RightSend, 1))
	a.end()
	p.code("a call to a thread that ended", wire.ThreadSuspend(c, thread), mach.SendInvalidDest)
	p.ok("its dead name", wire.MachPortDeallocate(c, task, thread))
	p.destroy(port)
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// release gives the rights of an out-of-line array up, and its memory.
func (p *program) release(list mig.Array) {
	if list.Count == 0 {
		return
	}
	names := libmach.Memory(mach.VirtAddr(list.Pointer), 4*uint64(list.Count))
	for i := range list.Count {
		if name := mach.Name(le.Uint32(names[4*i:])); name != mach.NameNull {
			p.ok("a right of the list", wire.MachPortDeallocate(p.client, p.task, name))
		}
	}
	p.ok("the list's memory", libmach.VMDeallocate(p.task, mach.VirtAddr(list.Pointer), 4*uint64(list.Count)))
}

// exceptions: a thread's wrong instruction is a message to its handler, whose reply lets it go on or asks the next.
func (p *program) exceptions() {
	c, task := p.client, p.task
	byThread, byTask, port := p.port(), p.port(), p.port()
	p.ok("insert", wire.MachPortInsertRight(c, task, byThread, byThread, mach.MsgMakeSend))
	p.ok("insert", wire.MachPortInsertRight(c, task, byTask, byTask, mach.MsgMakeSend))
	raise := func() *agent {
		a := p.agent(mach.OptRcv, 0, 0, 0, port, 256)
		p.ok("suspend", wire.ThreadSuspend(c, a.thread))
		p.ok("abort", wire.ThreadAbort(c, a.thread))
		s, code := c.ThreadGetState(a.thread)
		p.ok("thread_get_state", code)
		a.put(128, "\x0f\x0b\xeb\xfe") // ud2, and then for ever
		s.RIP = uint64(a.at) + 128
		p.ok("thread_set_state", c.ThreadSetState(a.thread, s))
		p.ok("thread_set_special_port", wire.ThreadSetSpecialPort(c, a.thread, 3, byThread))
		p.ok("resume", wire.ThreadResume(c, a.thread))
		p.rest()
		return a
	}
	receive := func(name string, from mach.Name, a *agent) mach.Name {
		h, r := p.poll(name, from, mach.IDExceptionRaise)
		thread, of := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
		p.is("the thread", uint64(thread), uint64(a.thread))
		p.is("its task", uint64(of), uint64(task))
		p.is("a bad instruction", uint64(r.Int32()), uint64(mach.ExcBadInstruction))
		r.Int32()
		r.Uint64()
		p.ok("all read", r.End())
		p.ok("a right of it", wire.MachPortDeallocate(c, task, thread))
		p.ok("a right of it", wire.MachPortDeallocate(c, task, of))
		return mach.Name(h.Remote)
	}
	reply := func(to mach.Name, code mach.Return) {
		p.ok("reply", p.send(mach.Bits(mach.MsgMoveSendOnce, 0), to, 0, mach.IDExceptionRaise+mach.ReplyOffset, func(w *mig.Writer) { w.RetCode(code) }))
		p.rest()
	}

	a := raise()
	to := receive("to the thread's handler", byThread, a)
	s, code := c.ThreadGetState(a.thread)
	p.ok("the victim's state", code)
	s.RIP += 2
	p.ok("put right", c.ThreadSetState(a.thread, s))
	reply(to, mach.Success)
	p.nothing("no more exceptions", byThread)
	s, code = c.ThreadGetState(a.thread)
	p.ok("its state", code)
	p.is("it went on", s.RIP, uint64(a.at)+130)
	a.end()

	// The handler refuses: the task's is asked; it ends the thread, so that the exception ends nothing else.
	p.ok("task_set_special_port", wire.TaskSetSpecialPort(c, task, 3, byTask))
	a = raise()
	reply(receive("to the thread's handler", byThread, a), mach.Failure)
	to = receive("then to the task's", byTask, a)
	p.ok("thread_terminate", wire.ThreadTerminate(c, a.thread))
	p.code("a reply for nobody", p.send(mach.Bits(mach.MsgMoveSendOnce, 0), to, 0, 2500, func(w *mig.Writer) { w.RetCode(mach.Success) }), mach.SendInvalidDest)
	p.ok("the dead right", wire.MachPortDeallocate(c, task, to))
	p.ok("the thread's right", wire.MachPortDeallocate(c, task, a.thread))
	p.ok("its memory", libmach.VMDeallocate(task, a.at, agentSize))
	p.ok("no handler again", wire.TaskSetSpecialPort(c, task, 3, mach.NameNull))
	p.destroy(byThread, byTask, port)
}

// tasks: what a task tells, registered ports, priorities, the processor set.
func (p *program) tasks() {
	c, task := p.client, p.task
	child := p.child()
	for flavor, least := range map[int32]uint32{1: 8, 2: 7, 3: 4} {
		info, code := wire.TaskInfo(c, child, flavor, 1024)
		p.ok("task_info", code)
		p.is("words of it", b2u(info.Count >= least), 1)
	}
	_, code := wire.TaskInfo(c, child, 99, 1024)
	p.code("no such information", code, mach.InvalidArgument)
	p.ok("task_suspend", wire.TaskSuspend(c, child))
	p.ok("task_resume", wire.TaskResume(c, child))
	p.code("resume what runs", wire.TaskResume(c, child), mach.Failure)

	kernel, code := wire.TaskGetSpecialPort(c, child, 1)
	p.ok("task_get_special_port", code)
	p.is("its own port", uint64(kernel), uint64(child))
	p.ok("a right of it", wire.MachPortDeallocate(c, task, kernel))
	_, code = wire.TaskGetSpecialPort(c, child, 99)
	p.code("no such port", code, mach.InvalidArgument)
	port := p.sendRight()
	p.ok("a bootstrap port", wire.TaskSetSpecialPort(c, child, 4, port))
	got, code := wire.TaskGetSpecialPort(c, child, 4)
	p.ok("back again", code)
	p.is("the same", uint64(got), uint64(port))

	names := make([]byte, 8)
	le.PutUint32(names, uint32(port))
	p.ok("mach_ports_register", wire.MachPortsRegister(c, child, mig.Array{Pointer: uint64(libmach.Address(names)), Count: 2}))
	list, code := wire.MachPortsLookup(c, child)
	p.ok("mach_ports_lookup", code)
	p.is("as many as can be", uint64(list.Count), 4)
	if list.Count == 4 {
		p.is("the first", uint64(le.Uint32(libmach.Memory(mach.VirtAddr(list.Pointer), 16))), uint64(port))
	}
	p.release(list)
	many := make([]byte, 20)
	p.code("too many", wire.MachPortsRegister(c, child, mig.Array{Pointer: uint64(libmach.Address(many)), Count: 5}), mach.InvalidArgument)

	p.ok("task_set_name", wire.TaskSetName(c, child, []byte("a child")))
	p.ok("task_priority", wire.TaskPriority(c, child, 30, true))
	p.code("a bad priority", wire.TaskPriority(c, child, -1, true), mach.InvalidArgument)
	set, code := wire.ProcessorSetDefault(c, libmach.HostSelf())
	p.ok("processor_set_default", code)
	control, code := wire.HostProcessorSetPriv(c, p.host, set)
	p.ok("host_processor_set_priv", code)
	tasks, code := wire.ProcessorSetTasks(c, control)
	p.ok("processor_set_tasks", code)
	p.is("tasks", b2u(tasks.Count >= 2), 1)
	p.release(tasks)
	_, code = wire.ProcessorSetTasks(c, set)
	p.code("by the set's name", code, mach.InvalidArgument)
	_, _, code = wire.ProcessorSetInfo(c, set, 1, 1024)
	p.ok("processor_set_info", code)
	p.ok("the set's rights", wire.MachPortDeallocate(c, task, set))
	p.ok("the set's rights", wire.MachPortDeallocate(c, task, control))

	// New tasks are announced.
	p.ok("register_new_task_notification", wire.RegisterNewTaskNotification(c, p.host, port, mach.MsgMakeSend))
	another := p.child()
	_, r := p.poll("told of a new task", port, 4400)
	told, parent := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
	p.is("the task", uint64(told), uint64(another))
	p.is("its parent", uint64(parent), uint64(task))
	p.ok("a right of it", wire.MachPortDeallocate(c, task, told))
	p.ok("a right of it", wire.MachPortDeallocate(c, task, parent))
	p.ok("nobody is told any more", wire.RegisterNewTaskNotification(c, p.host, mach.NameNull, mach.MsgCopySend))
	p.ok("task_terminate", wire.TaskTerminate(c, another))
	p.code("a call to a task that ended", wire.TaskSuspend(c, another), mach.SendInvalidDest)
	p.ok("task_terminate", wire.TaskTerminate(c, child))
	p.destroy(port, child, another)
}
