package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// rest lets others run until there is nothing to do.
func (u *user) rest() {
	for range 10 {
		u.Syscall(mach.TrapThreadSwitch, 0, switchWait, 1)
	}
}

// Threads that wait for a silent manager can be aborted and terminated, in whatever way they wait.
func TestAbortOfPageWaits(t *testing.T) {
	m := newMachine(t)
	s := m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		s.silent = true
		results := map[string]mach.Return{}
		to := u.port()
		thread := func(n int, program func(w *user)) mach.Name {
			th := u.newThread(u.self(), m.entry(func(w *user) {
				program(w)
				w.Syscall(mach.TrapThreadSwitch, 0, switchWait, 1<<30)
			}), uint64(stackTop)-uint64(n)*0x800)
			u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
			return th
		}
		fault := thread(1, func(w *user) { w.Load(at) })
		print := thread(2, func(w *user) { results["print"] = w.trap(mach.TrapPrint, uint64(at+pageSize)) })
		send := thread(3, func(w *user) {
			results["send"] = w.trap(mach.TrapMsg, uint64(at+2*pageSize), uint64(mach.OptSend), 64, 0, 0, 0, 0)
		})
		receive := thread(4, func(w *user) {
			results["receive"] = w.trap(mach.TrapMsg, uint64(at+3*pageSize), uint64(mach.OptRcv), 0, 100, uint64(to), 0, 0)
		})
		killed := thread(5, func(w *user) { w.Load(at + 4*pageSize) })
		late := thread(6, func(w *user) {
			w.trap(mach.TrapPortAllocate, uint64(u.self()), uint64(mach.RightDeadName), uint64(at+5*pageSize))
		})
		u.rest()
		u.want(u.send(mach.Bits(mach.MsgMakeSend, 0), to, mach.NameNull, 1, nil), mach.Success)
		u.rest()
		u.asked(s, "0 r--", "1 r--", "2 r--", "4 r--", "5 rw-", "3 rw-")
		for _, th := range []mach.Name{fault, print, send, receive} {
			u.want(u.code(th, mach.IDThreadAbort, nil), mach.Success)
		}
		u.rest()
		for what, want := range map[string]mach.Return{"print": mach.Aborted, "send": mach.SendInterrupted, "receive": mach.RcvInvalidData} {
			if got, ok := results[what]; !ok || got != want {
				t.Errorf("%s: %v, %v", what, got, ok)
			}
		}
		if n := len(m.Threads()); n != 8 {
			t.Errorf("%d threads", n)
		}
		// The fault came again, without asking again. The thread can be sent elsewhere.
		u.asked(s, "0 r--", "1 r--", "2 r--", "4 r--", "5 rw-", "3 rw-")
		u.want(u.code(fault, mach.IDThreadSuspend, nil), mach.Success)
		u.want(u.code(fault, mach.IDThreadAbort, nil), mach.Success)
		elsewhere := false
		u.want(u.code(fault, mach.IDThreadSetState, func(w *mig.Writer) {
			w.Int32(mach.FlavorThread)
			b := w.Space(mach.MsgInteger32, 32, mach.ThreadStateCount)
			le.PutUint64(b[8*16:], m.entry(func(w *user) {
				elsewhere = true
				w.Syscall(mach.TrapThreadSwitch, 0, switchWait, 1<<30)
			}))
			le.PutUint64(b[8*19:], uint64(stackTop)-0x800)
		}), mach.Success)
		u.want(u.code(fault, mach.IDThreadResume, nil), mach.Success)
		u.rest()
		if !elsewhere {
			t.Error("the thread went nowhere")
		}
		for _, th := range []mach.Name{killed, late} {
			u.want(u.code(th, mach.IDThreadTerminate, nil), mach.Success)
		}
		u.rest()
		// A request and a fault are left for the end of the task.
		u.want(u.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), u.self(), to, mach.IDVMRead, func(w *mig.Writer) {
			w.Uint64(uint64(at + 7*pageSize))
			w.Uint64(1)
		}), mach.Success)
		thread(1, func(w *user) { w.Load(at + 8*pageSize) })
		u.rest()
	})
	m.finish()
	if s.content[0] != nil {
		t.Error("something was returned")
	}
}

// A manager dies: what it supplied stays, who waits for more gets an error, and nobody else notices.
func TestManagerDies(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	var port, name, other mach.Name
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(true, mach.CopyDelay)
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 9)
		u.rest()
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(name, 4)
		u.is("what was supplied", uint64(u.Load(at)), 9)
		r := u.ask(0, u.self(), mach.IDVMRead, func(w *mig.Writer) { w.Uint64(uint64(at + pageSize)); w.Uint64(1) })
		u.want(r.RetCode(), mach.MemoryError)
		u.want(u.trap(mach.TrapPrint, uint64(at+pageSize)), mach.MemoryError)
		u.Store(at, 10)
		u.is("what stays", uint64(u.Load(at)), 10)
		_, code := u.tryMap(name, 1, false)
		u.want(code, mach.InvalidArgument)
	})
	victim := m.paused("victim", func(u *user) {
		u.Load(u.mapManaged(other, 4) + 2*pageSize)
		t.Error("a dead manager supplied a page")
	})
	port, names := m.managerOf(manager, client, victim)
	name, other = names[0], names[1]
	m.resume(manager, client, victim)
	m.finish()
	m.says("(victim) terminated: EXC_BAD_ACCESS, KERN_MEMORY_ERROR")
}

// memory_object_destroy ends the conversation while the object is mapped; mapping the port again begins another.
func TestDestroyMemoryObject(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		for _, b := range []byte{1, 2} {
			o := u.manage(port)
			o.ready(true, mach.CopyDelay)
			o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
			o.supply(0, mach.ProtNone, true, mach.NameNull, mach.MsgMakeSendOnce, b)
			o.wanted(mach.IDMemoryObjectDataRequest, pageSize, mach.ProtRead)
			o.tell(0, mach.IDMemoryObjectDestroy, func(w *mig.Writer) { w.Int32(int32(mach.Failure)) })
			o.ended()
		}
	})
	client := m.paused("client", func(u *user) {
		first := u.mapManaged(name, 4)
		for i, at := range []mach.VirtAddr{first, 0} {
			if at == 0 {
				at = u.mapManaged(name, 4)
			}
			u.is("what was supplied", uint64(u.Load(at)), uint64(i+1))
			u.want(u.trap(mach.TrapPrint, uint64(at+pageSize)), mach.MemoryError)
			u.is("what stays", uint64(u.Load(first)), 1)
		}
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}

// A manager that touches its own object waits for itself, and for nobody else. Data that it sends from there wait until it has supplied
// them.
func TestManagerIsItsOwnClient(t *testing.T) {
	m := newMachine(t)
	var ports [2]mach.Name
	manager := m.paused("manager", func(u *user) {
		at := u.mapManaged(ports[1], 20)
		own := u.manage(ports[1])
		own.ready(false, mach.CopyDelay)
		o := u.manage(ports[0])
		o.ready(false, mach.CopyDelay)
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		reply := u.port()
		o.tell(mach.Complex, mach.IDMemoryObjectDataSupply, func(w *mig.Writer) {
			w.Uint64(0)
			w.OutOfLine(mach.MsgByte, 8, 12*pageSize, uint64(at), false)
			w.Int32(0)
			w.Bool(false)
			w.Port(mach.MsgMakeSendOnce, reply)
		})
		for i := range uint64(12) {
			own.wanted(mach.IDMemoryObjectDataRequest, i*pageSize, mach.ProtRead)
			own.supply(i*pageSize, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, byte(70+i))
		}
		_, r := u.receive(reply, mach.IDMemoryObjectSupplyCompleted)
		r.Port(mach.MsgPortSend)
		r.Uint64()
		r.Uint64()
		u.want(mach.Return(r.Int32()), mach.Success)
		o.ended()
		u.Load(at + 19*pageSize)
		t.Error("nobody supplied that")
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(3, 12)
		for i := range mach.VirtAddr(12) {
			u.is("what was supplied", uint64(u.Load(at+i*pageSize)), uint64(70+i))
		}
		u.unmap(at, 12)
		u.rest()
		m.terminateTask(manager)
	})
	ports[0], _ = m.managerOf(manager)
	ports[1], _ = m.managerOf(manager, manager)
	m.Do(func() {
		right, _ := manager.space.Extract(ports[0], mach.MsgMakeSend)
		if code := client.space.InsertName(3, right); code != mach.Success {
			t.Fatal(code)
		}
	})
	m.resume(manager, client)
	m.finish()
}
