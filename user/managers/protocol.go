package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

const (
	ownPages = 8
	ownSize  = ownPages * mach.PageSize
)

// protocol is a manager that does all as it should.
func (t *tester) protocol() {
	o := t.NewObject(ownPages)
	memory := libmach.Memory(o.At, ownSize)
	region, ret := t.Client.VMRegion(t.Task, o.At)
	t.Check("vm_region", ret, mach.Success)
	t.Holds("the region's object has the name that its manager knows", region.Object == o.Name)
	ready, cache, strategy, ret := t.Client.MemoryObjectGetAttributes(o.Control)
	t.Check("memory_object_get_attributes", ret, mach.Success)
	t.Holds("it is not ready", !ready && !cache && strategy == mach.CopyNone)

	p := t.Probe(o.At, false, mach.NameNull)
	t.Holds("a fault waits for memory_object_ready", p.Waits() && o.Nothing() == mach.Success)
	t.Must("memory_object_ready", t.Client.MemoryObjectReady(o.Control, true, mach.CopyDelay))
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Holds("a fault waits for its page", p.Waits())
	o.Supply(0, 77, mach.ProtWrite, mach.NameNull)
	t.Holds("a fault ends with memory_object_data_supply", p.Touched() && memory[0] == 77)
	t.Check("thread_terminate", p.End(), mach.Success)

	p = t.Probe(o.At, true, mach.NameNull)
	t.Check("memory_object_data_unlock", o.Next(mach.IDMemoryObjectDataUnlock), mach.Success)
	t.Holds("a write waits for the lock to go", p.Waits() && memory[0] == 77)
	o.Lock("memory_object_lock_request that unlocks", libmach.Lock{Size: ownSize, Lock: mach.ProtNone})
	t.Holds("a write ends with its lock", p.Touched() && memory[0] == 0x55)
	t.Check("thread_terminate", p.End(), mach.Success)

	t.Must("memory_object_lock_request", t.Client.MemoryObjectLockRequest(o.Control, libmach.Lock{Size: ownSize, Return: mach.ReturnDirty}))
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	o.Lock("memory_object_lock_request of a clean page", libmach.Lock{Size: ownSize, Return: mach.ReturnAll, Lock: mach.ProtNoChange})
	t.Check("nothing is returned twice", o.Nothing(), mach.Success)

	reply := libmach.ReplyPort()
	o.Supply(0, 1, mach.ProtNone, reply)
	m, ret := t.Receive(reply)
	t.Must("supply_completed", ret)
	done, ret := libmach.ReadMemoryObjectCompletion(m)
	t.Must("supply_completed", ret)
	t.Check("memory_object_data_supply of a page that is there", done.Result, mach.MemoryPresent)

	t.Unmap(o.At, ownSize)
	t.Check("an object that may be cached stays", o.Nothing(), mach.Success)
	o.At, memory = t.Mapped(o.Port, ownSize)
	t.Holds("with its pages", memory[0] == 0x55)
	t.Must("change_attributes", t.Client.MemoryObjectChangeAttributes(o.Control, false, mach.CopyDelay, reply))
	m, ret = t.Receive(reply)
	t.Holds("memory_object_change_completed", ret == mach.Success && m.ID() == mach.IDMemoryObjectChangeCompleted)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, reply))
	o.End()
}

// silence is a manager that does not answer: only who maps its object notices, and can be stopped.
func (t *tester) silence() {
	o := t.NewObject(ownPages)
	t.Must("memory_object_ready", t.Client.MemoryObjectReady(o.Control, false, mach.CopyDelay))
	p := t.Probe(o.At, true, mach.NameNull)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Check("thread_abort of a thread that waits for a page", t.Client.ThreadAbort(p.Name), mach.Success)
	t.Holds("it waits again, and nobody is asked twice", p.Waits() && o.Nothing() == mach.Success)
	t.Check("thread_terminate of a thread that waits for a page", p.End(), mach.Success)

	patient := t.Client
	t.Client = libmach.NewClient()
	t.Client.Timeout = 50 // ms
	t.Check("vm_read of a page that does not come", t.Readable(o.At), mach.RcvTimedOut)
	t.Check("vm_write to a page that does not come", t.Write(t.Task, o.At, 1), mach.RcvTimedOut)
	t.Client = patient
	t.Check("nobody is asked for what was asked for", o.Nothing(), mach.Success)
	t.Must("memory_object_data_unavailable", t.Client.MemoryObjectDataUnavailable(o.Control, 0, ownSize))
	t.Holds("the write has waited for the page", libmach.Memory(o.At, 1)[0] == 1)
	t.Unmap(o.At, ownSize)
	t.Check("memory_object_data_return in the end", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, o.Port))
}

// deaths are managers that refuse, give up, and die.
func (t *tester) deaths() {
	o := t.NewObject(ownPages)
	t.Must("memory_object_ready", t.Client.MemoryObjectReady(o.Control, true, mach.CopyDelay))
	handler := libmach.ReplyPort()
	p := t.Probe(o.At, false, handler)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Must("memory_object_data_error", t.Client.MemoryObjectDataError(o.Control, 0, mach.PageSize, mach.Failure))
	t.Check("memory_object_data_error is an exception", t.Raised(handler), mach.MemoryError)
	t.Check("thread_terminate", p.End(), mach.Success)

	o.Supply(mach.PageSize, 3, mach.ProtNone, mach.NameNull)
	p = t.Probe(o.At, false, handler)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Must("memory_object_destroy", t.Client.MemoryObjectDestroy(o.Control, mach.Failure))
	t.Check("memory_object_terminate after memory_object_destroy", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	t.Check("memory_object_destroy is an exception", t.Raised(handler), mach.MemoryError)
	t.Check("thread_terminate", p.End(), mach.Success)
	t.Holds("pages that were there stay", libmach.Memory(o.At, ownSize)[mach.PageSize] == 3)
	t.Check("others are errors", t.Readable(o.At), mach.MemoryError)
	t.Unmap(o.At, ownSize)

	o.At, _ = t.Mapped(o.Port, ownSize)
	t.Check("memory_object_init once more", o.Next(mach.IDMemoryObjectInit), mach.Success)
	p = t.Probe(o.At, false, handler)
	t.Holds("a fault waits", p.Waits())
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, o.Port))
	t.Check("a manager's death is an exception", t.Raised(handler), mach.MemoryError)
	t.Check("thread_terminate", p.End(), mach.Success)
	t.Check("vm_read after a manager's death", t.Readable(o.At), mach.MemoryError)
	t.Unmap(o.At, ownSize)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, handler))
}
