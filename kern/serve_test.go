package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Requests to tasks: children, special ports, suspension.
func TestTaskRequests(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		u.Store64(u.buffer+bufferSize, 42)
		child := u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(true) }))
		u.is("the number of tasks", uint64(len(m.Tasks())), 2)
		var seen uint64
		th := u.newThread(child, m.entry(func(c *user) {
			seen = c.Load64(c.buffer + bufferSize)
			c.Store64(c.buffer+bufferSize, 43)
		}), uint64(stackTop))
		u.want(u.code(child, mach.IDTaskResume, nil), mach.Failure)
		u.want(u.code(child, mach.IDTaskSuspend, nil), mach.Success)
		u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
		u.want(u.code(th, mach.IDThreadResume, nil), mach.Failure)
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
		u.is("what the suspended child saw", seen, 0)
		u.want(u.code(child, mach.IDTaskResume, nil), mach.Success)
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
		u.is("what the child saw", seen, 42)
		u.is("the parent's memory", u.Load64(u.buffer+bufferSize), 42)
		u.is("the number of tasks", uint64(len(m.Tasks())), 1)

		special := func(which int32) mach.Name {
			return u.right(u.call(self, mach.IDTaskGetSpecialPort, func(w *mig.Writer) { w.Int32(which) }))
		}
		set := func(which int32, name mach.Name) mach.Return {
			r := u.ask(mach.Complex, self, mach.IDTaskSetSpecialPort, func(w *mig.Writer) {
				w.Int32(which)
				w.Port(mach.MsgCopySend, name)
			})
			return r.RetCode()
		}
		u.is("the task's own port", uint64(special(mach.SpecialKernel)), uint64(self))
		u.is("the bootstrap port", uint64(special(mach.SpecialBootstrap)), 0)
		u.want(set(mach.SpecialBootstrap, self), mach.Success)
		u.is("the bootstrap port", uint64(special(mach.SpecialBootstrap)), uint64(self))
		u.want(set(mach.SpecialKernel, self), mach.InvalidArgument)
		u.want(set(2, self), mach.InvalidArgument)
		u.want(u.code(self, mach.IDTaskGetSpecialPort, func(w *mig.Writer) { w.Int32(2) }), mach.InvalidArgument)
		// A dead child's port is a dead name; its own special ports went with it.
		u.want(u.send(mach.Bits(mach.MsgCopySend, 0), child, 0, mach.IDTaskResume, nil), mach.SendInvalidDest)
	})
	m.finish()
}

// Ports that a task registers for its children, and the one that is told of new tasks, are rights of the kernel's: its check knows them.
func TestRegisteredPorts(t *testing.T) {
	m := newMachine(t)
	var host mach.Name
	a := m.start("a", func(u *user) {
		self := u.self()
		list := u.buffer + bufferSize
		u.Store64(list, uint64(host)|uint64(host)<<32)
		for range 2 {
			r := u.ask(mach.Complex, self, mach.IDPortsRegister, func(w *mig.Writer) {
				w.OutOfLine(mach.MsgCopySend, 32, 2, uint64(list), false)
			})
			u.want(r.RetCode(), mach.Success)
			r = u.ask(mach.Complex, host, mach.IDTaskNotification, func(w *mig.Writer) { w.Port(mach.MsgCopySend, host) })
			u.want(r.RetCode(), mach.Success)
		}
		child := u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }))
		u.want(u.code(child, mach.IDTaskTerminate, nil), mach.Success)
		r := u.ask(mach.Complex, host, mach.IDTaskNotification, func(w *mig.Writer) { w.Port(mach.MsgCopySend, 0) })
		u.want(r.RetCode(), mach.Success)
	})
	host = m.give(a, m.hostPriv.MakeSend())
	m.finish()
}

// What is not a request of the interface gets the codes that MIG's servers give.
func TestBadRequests(t *testing.T) {
	m := newMachine(t)
	var priv mach.Name
	b := m.start("b", func(u *user) {
		self, thread, host := u.self(), mach.Name(u.Syscall(mach.TrapThreadSelf)), mach.Name(u.Syscall(mach.TrapHostSelf))
		for _, to := range []mach.Name{self, thread, host, priv} {
			u.want(u.code(to, 1, nil), mach.MIGBadID)
			u.want(u.code(to, 9999, nil), mach.MIGBadID)
		}
		// Every request with a body that none has.
		for _, c := range []struct {
			to   mach.Name
			from mach.MsgID
			to2  mach.MsgID
		}{{self, 2000, 2100}, {thread, 2000, 2100}, {self, 3200, 3230}, {host, 2600, 2650}, {priv, 2040, 2042}, {priv, 2600, 2650}} {
			for id := c.from; id < c.to2; id++ {
				r := u.ask(0, c.to, id, func(w *mig.Writer) { w.Bytes(mach.MsgReal, 16, 3, make([]byte, 6)) })
				code := r.RetCode()
				if code != mach.MIGBadArguments && code != otherPortCode(id) {
					t.Errorf("request %d: %v", id, code)
				}
			}
		}
	})
	priv = m.give(b, m.hostPriv.MakeSend())
	m.finish()
}

// A request to a port that is something else finds no task, thread or host there, as the routine says it; what no port answers is a bad id.
func TestOtherPorts(t *testing.T) {
	m := newMachine(t)
	m.AddDisk(&slowDisk{}, nil)
	m.ports = m.sys.Stats()
	var disk mach.Name
	b := m.start("b", func(u *user) {
		self, thread, host := u.self(), mach.Name(u.Syscall(mach.TrapThreadSelf)), mach.Name(u.Syscall(mach.TrapHostSelf))
		for _, c := range []struct {
			to   mach.Name
			ids  []mach.MsgID
			want mach.Return
		}{
			{thread, []mach.MsgID{mach.IDVMAllocate, mach.IDVMMap, mach.IDVMCacheStatistics, mach.IDTaskInfo, mach.IDTaskSuspend, mach.IDThreadCreate}, mach.InvalidArgument},
			{self, []mach.MsgID{mach.IDThreadSuspend, mach.IDThreadGetState, mach.IDThreadInfo, mach.IDHostInfo, mach.IDProcessorInfo}, mach.InvalidArgument},
			{host, []mach.MsgID{mach.IDPortNames, mach.IDPortAllocate, mach.IDPortSetSeqno, mach.IDPortSetPayload, mach.IDTaskCreate, mach.IDGsyncWait}, mach.InvalidTask},
			{self, []mach.MsgID{mach.IDHostReboot, mach.IDVMWire, mach.IDHostGetTime, mach.IDVMSetDefaultManager, mach.IDPortSetKtype}, mach.InvalidHost},
			{host, []mach.MsgID{mach.IDHostReboot, mach.IDHostSetTime, mach.IDHostAdjustTime, mach.IDPortSetKtype, mach.IDHostGetBootInfo}, mach.InvalidHost},
			{self, []mach.MsgID{mach.IDDeviceClose, mach.IDDeviceMap, mach.IDDeviceGetStatus}, mach.DeviceNone},
			{self, []mach.MsgID{mach.IDDeviceOpen}, mach.DeviceInvalidOperation},
			{disk, []mach.MsgID{mach.IDTaskSuspend, mach.IDThreadInfo, mach.IDHostInfo}, mach.InvalidArgument},
			{disk, []mach.MsgID{mach.IDPortNames, mach.IDTaskCreate}, mach.InvalidTask},
			{disk, []mach.MsgID{mach.IDHostReboot}, mach.InvalidHost},
			{disk, []mach.MsgID{1, mach.IDExceptionRaise}, mach.MIGBadID},
			{self, []mach.MsgID{1, mach.IDDefaultPagerObjectCreate, mach.IDExceptionRaise, 3209, 3300}, mach.MIGBadID},
		} {
			for _, id := range c.ids {
				if code := u.code(c.to, id, nil); code != c.want {
					t.Errorf("request %d: %v, want %v", id, code, c.want)
				}
			}
		}
	})
	disk = m.give(b, m.disk("slow").port.MakeSend())
	m.finish()
}

// Callers from before the times in nanoseconds were added take the words that they know.
func TestShortInformation(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		thread := mach.Name(u.Syscall(mach.TrapThreadSelf))
		for _, c := range []struct {
			to          mach.Name
			id          mach.MsgID
			flavor      int32
			least, most uint32
		}{
			{u.self(), mach.IDTaskInfo, taskBasic, 18, 30},
			{u.self(), mach.IDTaskInfo, taskEvents, 14, 14},
			{u.self(), mach.IDTaskInfo, taskThreadTimes, 8, 16},
			{thread, mach.IDThreadInfo, threadBasic, 20, 32},
			{thread, mach.IDThreadInfo, threadSched, 7, 8},
		} {
			for room := c.least - 1; room <= c.most+1; room++ {
				r := u.ask(0, c.to, c.id, func(w *mig.Writer) { w.Int32(c.flavor); w.Uint32(room) })
				code := r.RetCode()
				if room < c.least {
					u.want(code, mach.InvalidArgument)
					continue
				}
				u.want(code, mach.Success)
				_, n := r.Array(mach.MsgInteger32, 32, 1024)
				u.is("words", uint64(n), uint64(min(room, c.most)))
				u.want(r.End(), mach.Success)
			}
		}
	})
	m.finish()
}

// Ports that a task registers are its children's too, and go with them; a reply that does not fit leaves its rights nowhere.
func TestRegisteredPortsGoOn(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self, port, array := u.self(), u.port(), u.buffer-64
		u.want(u.trap(mach.TrapPortInsertRight, uint64(self), uint64(port), uint64(port), uint64(mach.MsgMakeSend)), mach.Success)
		register := func(n uint32) mach.Return {
			r := u.ask(mach.Complex, self, mach.IDPortsRegister, func(w *mig.Writer) { w.OutOfLine(mach.MsgCopySend, 32, n, uint64(array), false) })
			return r.RetCode()
		}
		u.Store64(array, uint64(port)|uint64(self)<<32)
		u.Store64(array+8, 0)
		u.want(register(registeredMax+1), mach.InvalidArgument)
		u.want(register(2), mach.Success)
		u.want(register(3), mach.Success)
		child := u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }))
		r := u.call(child, mach.IDPortsLookup, nil)
		at, n := r.OutOfLine(mach.MsgPortSend, 32)
		u.is("ports", uint64(n), registeredMax)
		u.is("the first two", u.Load64(mach.VirtAddr(at)), uint64(port)|uint64(self)<<32)
		u.is("the others", u.Load64(mach.VirtAddr(at)+8), 0)
		u.want(u.trap(mach.TrapDeallocate, uint64(self), at, 16), mach.Success)
		size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), child, u.reply, mach.IDPortsLookup, nil)
		u.want(u.trap(mach.TrapMsg, uint64(u.buffer), uint64(mach.OptSend|mach.OptRcv), size, 48, uint64(u.reply), 0, 0), mach.RcvTooLarge)
		u.want(u.code(child, mach.IDTaskTerminate, nil), mach.Success)
		u.want(register(0), mach.Success)
		r = u.call(self, mach.IDPortsLookup, nil)
		at, _ = r.OutOfLine(mach.MsgPortSend, 32)
		u.is("no ports any more", u.Load64(mach.VirtAddr(at)), 0)
		u.want(u.trap(mach.TrapDeallocate, uint64(self), at, 16), mach.Success)
	})
	m.finish()
}

// The processor, its set, and what they allow.
func TestProcessors(t *testing.T) {
	m := newMachine(t)
	var priv mach.Name
	a := m.start("a", func(u *user) {
		host, self, thread := mach.Name(u.Syscall(mach.TrapHostSelf)), u.self(), mach.Name(u.Syscall(mach.TrapThreadSelf))
		set := u.right(u.call(host, mach.IDProcessorSetDefault, nil))
		r := u.ask(mach.Complex, priv, mach.IDProcessorSetPriv, func(w *mig.Writer) { w.Port(mach.MsgCopySend, set) })
		u.want(r.RetCode(), mach.Success)
		control := u.right(r)
		list := func(to mach.Name, id mach.MsgID) mach.Name {
			r := u.call(to, id, nil)
			at, n := r.OutOfLine(mach.MsgPortSend, 32)
			u.want(r.End(), mach.Success)
			u.is("processors", uint64(n), 1)
			name := mach.Name(u.Load64(mach.VirtAddr(at)))
			u.want(u.trap(mach.TrapDeallocate, uint64(self), at, 4), mach.Success)
			return name
		}
		cpu := list(priv, mach.IDHostProcessors)
		u.is("the processor", uint64(list(set, mach.IDProcessorSetProcessors)), uint64(cpu))
		r = u.call(cpu, mach.IDProcessorInfo, func(w *mig.Writer) { w.Int32(1); w.Uint32(5) })
		u.is("its host", uint64(r.Port(mach.MsgPortSend)), uint64(host))
		b, n := r.Array(mach.MsgInteger32, 32, 5)
		u.want(r.End(), mach.Success)
		u.is("words", uint64(n), 5)
		u.is("it runs", uint64(le.Uint32(b[8:])), 1)
		u.want(u.code(cpu, mach.IDProcessorInfo, func(w *mig.Writer) { w.Int32(1); w.Uint32(4) }), mach.InvalidArgument)
		for to, id := range map[mach.Name]mach.MsgID{cpu: mach.IDProcessorGetAssignment, thread: mach.IDThreadGetAssignment, self: mach.IDTaskGetAssignment} {
			u.is("the set", uint64(u.right(u.call(to, id, nil))), uint64(set))
		}
		u.want(u.code(cpu, mach.IDProcessorStart, nil), mach.Failure)
		u.want(u.code(thread, mach.IDThreadAssignDefault, nil), mach.Failure)
		for policy, want := range map[int32]mach.Return{policyTimeshare: mach.Success, policyFixed: mach.Failure, 0: mach.InvalidArgument, 3: mach.InvalidArgument} {
			u.want(u.code(thread, mach.IDThreadPolicy, func(w *mig.Writer) { w.Int32(policy); w.Int32(1) }), want)
			u.want(u.code(control, mach.IDProcessorSetPolicyEnable, func(w *mig.Writer) { w.Int32(policy) }), want)
		}
		strongest := func(to mach.Name, p int32) mach.Return {
			return u.code(to, mach.IDProcessorSetMaxPriority, func(w *mig.Writer) { w.Int32(p); w.Bool(true) })
		}
		u.want(strongest(set, 30), mach.InvalidArgument)
		u.want(strongest(control, priorityMax+1), mach.InvalidArgument)
		u.want(strongest(control, 30), mach.Success)
		u.is("a thread's priority", uint64(m.Kernel.current.priority), 30)
		u.is("a thread's strongest", uint64(m.Kernel.current.maxPriority), 30)
		most := func(by mach.Name, p int32) mach.Return {
			r := u.ask(mach.Complex, thread, mach.IDThreadMaxPriority, func(w *mig.Writer) { w.Port(mach.MsgCopySend, by); w.Int32(p) })
			return r.RetCode()
		}
		u.want(most(set, 20), mach.InvalidArgument)
		u.want(most(control, -1), mach.InvalidArgument)
		u.want(most(control, 20), mach.Success)
		u.is("a thread's strongest", uint64(m.Kernel.current.maxPriority), 20)
		u.is("its priority", uint64(m.Kernel.current.priority), 30)

		before := m.now()
		r = u.call(priv, mach.IDHostAdjustTime64, func(w *mig.Writer) { le.PutUint64(w.Space(mach.MsgInteger64, 64, 2), 5) })
		u.is("what was left", le.Uint64(r.Bytes(mach.MsgInteger64, 64, 2)), 0)
		u.is("seconds more", uint64(m.now()-before), 5e9)
		adjust := func(seconds, ns int64) mach.Return {
			r := u.ask(0, priv, mach.IDHostAdjustTime64, func(w *mig.Writer) {
				b := w.Space(mach.MsgInteger64, 64, 2)
				le.PutUint64(b, uint64(seconds))
				le.PutUint64(b[8:], uint64(ns))
			})
			return r.RetCode()
		}
		before = m.now()
		u.want(adjust(timeMax, 0), mach.InvalidArgument) // beyond the last time that there is
		u.want(adjust(-timeMax, 0), mach.InvalidArgument)
		u.want(adjust(-before/1e9-1, 0), mach.InvalidArgument) // before the first
		u.want(adjust(0, 1e9), mach.InvalidArgument)
		u.is("seconds more after what was refused", uint64(m.now()-before), 0)
		u.want(adjust(-1, -1), mach.Success)
		u.want(adjust(1, 2), mach.Success)
		u.is("nanoseconds more", uint64(m.now()-before), 1)

		port := u.port()
		ktype := func(name mach.Name, right mach.Right, k int32) mach.Return {
			r := u.ask(mach.Complex, priv, mach.IDPortSetKtype, func(w *mig.Writer) {
				w.Port(mach.MsgCopySend, self)
				w.Name(name)
				w.Int32(int32(right))
				w.Int32(k)
			})
			return r.RetCode()
		}
		u.want(ktype(port, mach.RightReceive, 28), mach.Success)
		u.want(ktype(port, mach.RightReceive, 1), mach.InvalidArgument)
		u.want(ktype(port, mach.RightSend, 0), mach.InvalidRight)
		u.want(ktype(self, mach.RightSend, 0), mach.InvalidArgument)
		u.want(ktype(0x1000, mach.RightReceive, 0), mach.InvalidName)
	})
	priv = m.give(a, m.hostPriv.MakeSend())
	m.finish()
}

func TestThreadRequests(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		ran := 0
		th := u.newThread(self, m.entry(func(c *user) {
			for {
				ran++
				c.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
			}
		}), uint64(stackTop)-0x20000)
		state := func(flavor int32, room uint32) ([]byte, mach.Return) {
			r := u.ask(0, th, mach.IDThreadGetState, func(w *mig.Writer) { w.Int32(flavor); w.Uint32(room) })
			if code := r.RetCode(); code != mach.Success {
				return nil, code
			}
			b, n := r.Array(mach.MsgInteger32, 32, room)
			u.is("the size", uint64(len(b)), uint64(4*n))
			u.want(r.End(), mach.Success)
			return b, mach.Success
		}
		set := func(flavor int32, n uint32, b []byte) mach.Return {
			return u.code(th, mach.IDThreadSetState, func(w *mig.Writer) { w.Int32(flavor); copy(w.Space(mach.MsgInteger32, 32, n), b) })
		}
		b, code := state(mach.FlavorThread, 100)
		u.want(code, mach.Success)
		u.is("words", uint64(len(b)), 4*mach.ThreadStateCount)
		u.is("the stack pointer", le.Uint64(b[8*19:]), uint64(stackTop)-0x20000)
		u.is("the code segment", le.Uint64(b[8*17:]), userCode)
		for i := range 19 {
			if i != 11 && i != 17 && i != 16 {
				le.PutUint64(b[8*i:], uint64(100+i))
			}
		}
		u.want(set(mach.FlavorRegsSegs, mach.ThreadStateCount, b), mach.Success)
		again, _ := state(mach.FlavorRegsSegs, mach.ThreadStateCount)
		for i := range 19 {
			if i != 11 {
				u.is("a register", le.Uint64(again[8*i:]), le.Uint64(b[8*i:]))
			}
		}
		list, code := state(mach.FlavorList, 6)
		u.want(code, mach.Success)
		u.is("flavors", uint64(len(list)), 24)
		for i := range len(list) / 4 {
			flavor := int32(le.Uint32(list[4*i:]))
			b, code := state(flavor, 1024)
			u.want(code, mach.Success)
			u.want(set(flavor, uint32(len(b)/4), b), mach.Success)
			u.want(set(flavor, uint32(len(b)/4-1), nil), mach.InvalidArgument)
			_, code = state(flavor, uint32(len(b)/4-1))
			u.want(code, mach.InvalidArgument)
		}
		u.want(set(mach.FlavorDebug, 8, []byte{28: 1, 31: 0}), mach.InvalidArgument)
		u.want(set(mach.FlavorFSGSBase, 4, []byte{1, 2, 3, 4, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}), mach.Success)
		fs, _ := state(mach.FlavorFSGSBase, 4)
		u.is("FS", le.Uint64(fs), 0x0504030201)
		u.is("GS", le.Uint64(fs[8:]), 9)
		u.want(set(mach.FlavorFSGSBase, 4, []byte{7: 1, 15: 0}), mach.InvalidArgument)
		u.want(set(mach.FlavorFSGSBase, 3, nil), mach.InvalidArgument)
		u.want(set(mach.FlavorThread, mach.ThreadStateCount-1, nil), mach.InvalidArgument)
		for _, c := range [][2]int{{mach.FlavorThread, mach.ThreadStateCount - 1}, {mach.FlavorList, 5}, {mach.FlavorFSGSBase, 3}, {99, 1000}} {
			_, code := state(int32(c[0]), uint32(c[1]))
			u.want(code, mach.InvalidArgument)
		}

		wait := func(n int) {
			u.m.t.Helper()
			before := ran
			u.trap(mach.TrapThreadSwitch, 0, switchWait, 10)
			if (ran != before) != (n != 0) {
				t.Errorf("the thread ran %d times", ran-before)
			}
		}
		wait(0)
		u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
		wait(1)
		for range 3 {
			u.want(u.code(th, mach.IDThreadSuspend, nil), mach.Success)
		}
		for range 3 {
			wait(0)
			u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
		}
		wait(1)
		u.want(u.code(th, mach.IDThreadTerminate, nil), mach.Success)
		wait(0)
		u.want(u.send(mach.Bits(mach.MsgCopySend, 0), th, 0, mach.IDThreadResume, nil), mach.SendInvalidDest)
	})
	m.finish()
}

// thread_abort ends a wait to receive, to send, and to sleep.
func TestAbort(t *testing.T) {
	m := newMachine(t)
	var got []mach.Return
	m.start("a", func(u *user) {
		for i, wait := range []func(c *user) mach.Return{
			func(c *user) mach.Return { return c.msg(mach.OptRcv, 0, c.port(), 0) },
			func(c *user) mach.Return {
				name := c.port()
				for {
					size := c.compose(mach.Bits(mach.MsgMakeSend, 0), name, 0, 1, nil)
					if code := c.msg(mach.OptSend, size, 0, 0); code != mach.Success {
						return code
					}
				}
			},
			func(c *user) mach.Return { return c.trap(mach.TrapThreadSwitch, 0, switchWait, 1e9) },
		} {
			th := u.newThread(u.self(), m.entry(func(c *user) {
				got = append(got, wait(c))
				c.code(mach.Name(c.Syscall(mach.TrapThreadSelf)), mach.IDThreadTerminate, nil)
			}), uint64(stackTop)-0x20000)
			u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
			u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
			u.is("waits that ended", uint64(len(got)), uint64(i))
			u.want(u.code(th, mach.IDThreadAbort, nil), mach.Success)
			u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
			u.is("waits that ended", uint64(len(got)), uint64(i+1))
			u.want(got[i], [...]mach.Return{mach.RcvInterrupted, mach.SendInterrupted, mach.Success}[i])
		}
	})
	m.finish()
}

// A thread's special ports: a new one takes the place of the old one, which is given up.
func TestThreadSpecialPorts(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		thread, first, second := mach.Name(u.Syscall(mach.TrapThreadSelf)), u.port(), u.port()
		get := func(which int32) mach.Name {
			return u.right(u.call(thread, mach.IDThreadGetSpecialPort, func(w *mig.Writer) { w.Int32(which) }))
		}
		set := func(which int32, d mach.MsgType, name mach.Name) mach.Return {
			r := u.ask(mach.Complex, thread, mach.IDThreadSetSpecialPort, func(w *mig.Writer) { w.Int32(which); w.Port(d, name) })
			return r.RetCode()
		}
		u.is("the thread's own port", uint64(get(mach.SpecialKernel)), uint64(thread))
		u.is("the exception port", uint64(get(mach.SpecialException)), 0)
		u.want(u.code(thread, mach.IDThreadGetSpecialPort, func(w *mig.Writer) { w.Int32(mach.SpecialBootstrap) }), mach.InvalidArgument)
		u.want(set(mach.SpecialException, mach.MsgMakeSend, first), mach.Success)
		u.is("the exception port", uint64(get(mach.SpecialException)), uint64(first))
		u.want(set(mach.SpecialException, mach.MsgMakeSend, second), mach.Success)
		u.is("the exception port", uint64(get(mach.SpecialException)), uint64(second))
		u.want(set(mach.SpecialKernel, mach.MsgMakeSend, second), mach.InvalidArgument)
		u.want(set(mach.SpecialBootstrap, mach.MsgMakeSend, second), mach.InvalidArgument)
		u.want(set(mach.SpecialException, mach.MsgCopySend, mach.NameNull), mach.Success)
	})
	m.finish()
}

// A thread that is terminated as it waits loses its place: a message goes to the next receiver, and what it wanted to send is gone.
func TestTerminateWaitingThread(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self, name := u.self(), u.port()
		run := func(program func(c *user)) mach.Name {
			th := u.newThread(self, m.entry(program), uint64(stackTop)-0x20000)
			u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
			u.trap(mach.TrapThreadSwitch, 0, switchWait, 1)
			return th
		}
		send := func(c *user, id mach.MsgID, option mach.Option) mach.Return {
			return c.msg(mach.OptSend|option, c.compose(mach.Bits(mach.MsgMakeSend, 0), name, 0, id, nil), 0, 0)
		}
		receiver := run(func(c *user) { c.msg(mach.OptRcv, 0, name, 0); t.Error("received") })
		u.want(u.code(receiver, mach.IDThreadTerminate, nil), mach.Success)
		u.want(send(u, 1, 0), mach.Success)
		for range mach.QLimitDefault - 1 {
			u.want(send(u, 2, 0), mach.Success)
		}
		u.want(send(u, 2, mach.OptSendTimeout), mach.SendTimedOut)
		sender := run(func(c *user) { send(c, 3, 0); t.Error("sent") })
		u.want(u.code(sender, mach.IDThreadTerminate, nil), mach.Success)
		u.receive(name, 1)
		for range mach.QLimitDefault - 1 {
			u.receive(name, 2)
		}
		u.want(u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, name, 0), mach.RcvTimedOut)
		sleeper := run(func(c *user) { c.trap(mach.TrapThreadSwitch, 0, switchWait, 1e6); t.Error("slept") })
		u.want(u.code(sleeper, mach.IDThreadTerminate, nil), mach.Success)
	})
	m.finish()
}
