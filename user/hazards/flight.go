package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

// crossing supplies pages while what was written to the same ones is still on its way back.
func (t *tester) crossing() {
	o := t.NewObject(8)
	o.Ready(false, mach.CopyDelay)
	o.Supply(0, 1, mach.ProtNone, mach.NameNull)
	memory := o.Memory()
	memory[0] = 2
	o.Lock("memory_object_lock_request that takes a page away", libmach.Lock{Size: mach.PageSize, Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange})
	t.Check("memory_object_data_supply while the page is on its way", o.Supplied(0, 3), mach.Success)
	t.Holds("the page is what was supplied", memory[0] == 3)
	memory[0] = 4
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("what was returned is what was written before", o.Last.First == 2 && o.Last.Dirty && !o.Last.Kept)
	t.Holds("and the page is not touched by that", memory[0] == 4)

	o.Lock("memory_object_lock_request that leaves a page", libmach.Lock{Size: mach.PageSize, Return: mach.ReturnAll, Lock: mach.ProtNoChange})
	t.Check("memory_object_data_supply of a page that has stayed", o.Supplied(0, 5), mach.MemoryPresent)
	t.Holds("the page is as it was", memory[0] == 4)
	memory[0] = 6
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("what was returned has not changed on its way", o.Last.First == 4 && o.Last.Dirty && o.Last.Kept)

	// Twice on its way at once, and the answer for a fault in between.
	o.Lock("memory_object_lock_request", libmach.Lock{Size: mach.PageSize, Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange})
	p := t.Probe(o.At, true, mach.NameNull)
	t.Holds("a fault waits", p.Waits())
	t.Check("memory_object_data_supply for a fault", o.Supplied(0, 7), mach.Success)
	t.Holds("it goes on", p.Touched() && memory[0] == 0x55)
	t.Check("thread_terminate", p.End(), mach.Success)
	o.Lock("memory_object_lock_request once more", libmach.Lock{Size: mach.PageSize, Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange})
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("the first", o.Last.First == 6)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("the second", o.Last.First == 0x55)
	t.Check("nothing else", o.Nothing(), mach.Success)
	o.End()
}

// ownClient is a task whose only thread touches the object that it manages itself: it waits for itself, until another thread ends that.
func (t *tester) ownClient() {
	o := t.NewObject(8)
	o.Ready(false, mach.CopyDelay)
	task := t.child()
	at, ret := t.Client.VMMap(task, libmach.Map{
		Size: o.Size, Anywhere: true, Object: o.Port, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.Check("vm_map into another task", ret, mach.Success)
	t.Unmap(o.At, o.Size)
	t.give(task, o.Port)
	p := t.ProbeIn(task, at, true, mach.NameNull)
	t.Holds("a manager's only thread waits for itself", p.Waits())
	t.Check("thread_abort", t.Client.ThreadAbort(p.Name), mach.Success)
	t.Holds("it waits again", p.Waits())
	t.Check("thread_suspend", t.Client.ThreadSuspend(p.Name), mach.Success)
	t.Check("thread_resume", t.Client.ThreadResume(p.Name), mach.Success)
	t.Check("thread_terminate", p.End(), mach.Success)
	p = t.ProbeIn(task, at+mach.PageSize, false, mach.NameNull)
	t.Holds("another one waits", p.Waits())
	t.Check("this task's memory is not concerned", t.Write(t.Task, libmach.Address(t.scratch), 1), mach.Success)
	t.kill(task)
	p.Leave()
	o.Close()
}

// ownSupply has a thread send pages that it would have to supply itself: the message waits for them.
func (t *tester) ownSupply() {
	o := t.NewObject(8)
	o.Ready(false, mach.CopyDelay)
	w := mig.NewWriter(t.scratch)
	w.Uint64(0)
	w.OutOfLine(mach.MsgByte, 8, mach.PageSize, uint64(o.At), false)
	w.Int32(0)
	w.Bool(false)
	w.Port(mach.MsgMakeSendOnce, mach.NameNull)
	message := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, o.Control, mach.NameNull, mach.IDMemoryObjectDataSupply)
	at := t.Pages(1)
	copy(libmach.Memory(at, mach.PageSize), message)
	sends := "\x48\xc7\xc0\xe7\xff\xff\xff" + // mov rax, -25
		"\x6a\x00\x6a\x00" + // push 0; push 0: the notify port, behind a return address
		"\x48\x89\xf3" + // mov rbx, rsi
		"\xbe\x01\x00\x00\x00" + // mov esi, SEND
		"\x0f\x05" + // syscall
		"\x88\x03\xc1\xe8\x18\x88\x43\x01" // the result's first byte and its last at RBX
	start := func() trial.Thread {
		return t.Thread(t.Task, sends, libmach.ThreadState{RDI: uint64(at), RDX: uint64(len(message))}, mach.NameNull)
	}
	x := start()
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Holds("a manager that supplies out of its own object waits", x.Word() == 0)
	t.Check("thread_abort", t.Client.ThreadAbort(x.Name), mach.Success)
	t.Holds("the message is interrupted", x.Becomes(byte(mach.SendInterrupted&0xff)))
	t.Check("thread_terminate", x.End(), mach.Success)
	x = start()
	t.Client.Sleep(50)
	t.Holds("another one waits", x.Word() == 0)
	t.Check("thread_terminate", x.End(), mach.Success)
	t.Check("nobody is asked twice", o.Nothing(), mach.Success)
	o.Supply(0, 1, mach.ProtNone, mach.NameNull)
	t.Holds("the object can be served", o.Memory()[0] == 1)
	t.Unmap(o.At, o.Size)
	t.Check("memory_object_data_return of a precious page", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	o.Close()
	t.Unmap(at, mach.PageSize)
}
