package main

import (
	"fmt"

	"defpager/mach"
	"defpager/user/libmach"
)

// own is a memory object of this program.
type own struct {
	t                   *tester
	port, control, name mach.Name
	at                  mach.VirtAddr
}

const ownSize = 8 * mach.PageSize

// newObject makes an object, maps it, and receives the kernel's init.
func (t *tester) newObject() *own {
	o := &own{t: t, port: t.newPort()}
	o.at, _ = t.mapped(o.port, ownSize)
	t.check("memory_object_init", o.next(mach.IDMemoryObjectInit), mach.Success)
	return o
}

// next receives the kernel's next message about the object, which must have an id.
func (o *own) next(id mach.MsgID) mach.Return {
	m, ret := o.t.receive(o.port)
	if ret != mach.Success {
		return ret
	}
	if m.ID() != id {
		fmt.Printf("managers: message %d, not %d\n", m.ID(), id)
		return mach.MIGBadID
	}
	return o.t.client.MemoryObjectServer(m, o)
}

// nothing checks that the kernel wants nothing.
func (o *own) nothing() mach.Return {
	if _, ret := libmach.Receive(o.t.buf, o.port, mach.OptRcvTimeout, 0); ret != mach.RcvTimedOut {
		return mach.Failure
	}
	return mach.Success
}

// Init implements libmach.MemoryManager. So do the others: the checks answer themselves.
func (o *own) Init(_, control, name mach.Name) { o.control, o.name = control, name }

// DataRequest implements libmach.MemoryManager.
func (o *own) DataRequest(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

// DataUnlock implements libmach.MemoryManager.
func (o *own) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

// DataReturn implements libmach.MemoryManager.
func (o *own) DataReturn(_, _ mach.Name, _ uint64, _ []byte, _, _ bool) {}

// Terminate implements libmach.MemoryManager.
func (o *own) Terminate(_, _ mach.Name) {}

// supply gives the kernel one page whose first byte is b.
func (o *own) supply(offset uint64, b byte, lock mach.Prot, reply mach.Name) {
	page := make([]byte, mach.PageSize)
	page[0] = b
	o.t.must("memory_object_data_supply", o.t.client.MemoryObjectDataSupply(o.control, libmach.Supply{
		Offset: offset, Data: page, Lock: lock, Precious: true, Reply: reply,
	}))
}

// lock sends a lock request and receives its completion.
func (o *own) lock(name string, l libmach.Lock) {
	l.Reply = libmach.ReplyPort()
	o.t.must("memory_object_lock_request", o.t.client.MemoryObjectLockRequest(o.control, l))
	m, ret := o.t.receive(l.Reply)
	if ret == mach.Success {
		_, ret = libmach.ReadMemoryObjectCompletion(m)
	}
	o.t.check(name, ret, mach.Success)
	o.t.must("mach_port_destroy", o.t.client.PortDestroy(o.t.task, l.Reply))
}

// end unmaps the object and receives the kernel's good-bye.
func (o *own) end() {
	o.t.unmap(o.at, ownSize)
	o.t.check("memory_object_terminate", o.next(mach.IDMemoryObjectTerminate), mach.Success)
	o.t.must("mach_port_destroy", o.t.client.PortDestroy(o.t.task, o.port))
}

// protocol is a manager that does all as it should.
func (t *tester) protocol() {
	o := t.newObject()
	memory := libmach.Memory(o.at, ownSize)
	region, ret := t.client.VMRegion(t.task, o.at)
	t.check("vm_region", ret, mach.Success)
	t.holds("the region's object has the name that its manager knows", region.Object == o.name)
	ready, cache, strategy, ret := t.client.MemoryObjectGetAttributes(o.control)
	t.check("memory_object_get_attributes", ret, mach.Success)
	t.holds("it is not ready", !ready && !cache && strategy == mach.CopyNone)

	p := t.probe(o.at, false, mach.NameNull)
	t.holds("a fault waits for memory_object_ready", p.waits() && o.nothing() == mach.Success)
	t.must("memory_object_ready", t.client.MemoryObjectReady(o.control, true, mach.CopyDelay))
	t.check("memory_object_data_request", o.next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.holds("a fault waits for its page", p.waits())
	o.supply(0, 77, mach.ProtWrite, mach.NameNull)
	t.holds("a fault ends with memory_object_data_supply", p.touched() && memory[0] == 77)
	t.check("thread_terminate", p.end(), mach.Success)

	p = t.probe(o.at, true, mach.NameNull)
	t.check("memory_object_data_unlock", o.next(mach.IDMemoryObjectDataUnlock), mach.Success)
	t.holds("a write waits for the lock to go", p.waits() && memory[0] == 77)
	o.lock("memory_object_lock_request that unlocks", libmach.Lock{Size: ownSize, Lock: mach.ProtNone})
	t.holds("a write ends with its lock", p.touched() && memory[0] == 0x55)
	t.check("thread_terminate", p.end(), mach.Success)

	t.must("memory_object_lock_request", t.client.MemoryObjectLockRequest(o.control, libmach.Lock{Size: ownSize, Return: mach.ReturnDirty}))
	t.check("memory_object_data_return", o.next(mach.IDMemoryObjectDataReturn), mach.Success)
	o.lock("memory_object_lock_request of a clean page", libmach.Lock{Size: ownSize, Return: mach.ReturnAll, Lock: mach.ProtNoChange})
	t.check("nothing is returned twice", o.nothing(), mach.Success)

	reply := libmach.ReplyPort()
	o.supply(0, 1, mach.ProtNone, reply)
	m, ret := t.receive(reply)
	t.must("supply_completed", ret)
	done, ret := libmach.ReadMemoryObjectCompletion(m)
	t.must("supply_completed", ret)
	t.check("memory_object_data_supply of a page that is there", done.Result, mach.MemoryPresent)

	t.unmap(o.at, ownSize)
	t.check("an object that may be cached stays", o.nothing(), mach.Success)
	o.at, memory = t.mapped(o.port, ownSize)
	t.holds("with its pages", memory[0] == 0x55)
	t.must("change_attributes", t.client.MemoryObjectChangeAttributes(o.control, false, mach.CopyDelay, reply))
	m, ret = t.receive(reply)
	t.holds("memory_object_change_completed", ret == mach.Success && m.ID() == mach.IDMemoryObjectChangeCompleted)
	t.must("mach_port_destroy", t.client.PortDestroy(t.task, reply))
	o.end()
}

// silence is a manager that does not answer: only who maps its object notices, and can be stopped.
func (t *tester) silence() {
	o := t.newObject()
	t.must("memory_object_ready", t.client.MemoryObjectReady(o.control, false, mach.CopyDelay))
	p := t.probe(o.at, true, mach.NameNull)
	t.check("memory_object_data_request", o.next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.check("thread_abort of a thread that waits for a page", t.client.ThreadAbort(p.thread), mach.Success)
	t.holds("it waits again, and nobody is asked twice", p.waits() && o.nothing() == mach.Success)
	t.check("thread_terminate of a thread that waits for a page", p.end(), mach.Success)

	patient := t.client
	t.client = libmach.NewClient()
	t.client.Timeout = 50 // ms
	t.check("vm_read of a page that does not come", t.readable(o.at), mach.RcvTimedOut)
	t.check("vm_write to a page that does not come", t.write(t.task, o.at, 1), mach.RcvTimedOut)
	t.client = patient
	t.check("nobody is asked for what was asked for", o.nothing(), mach.Success)
	t.must("memory_object_data_unavailable", t.client.MemoryObjectDataUnavailable(o.control, 0, ownSize))
	t.holds("the write has waited for the page", libmach.Memory(o.at, 1)[0] == 1)
	t.unmap(o.at, ownSize)
	t.check("memory_object_data_return in the end", o.next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.check("memory_object_terminate", o.next(mach.IDMemoryObjectTerminate), mach.Success)
	t.must("mach_port_destroy", t.client.PortDestroy(t.task, o.port))
}

// deaths are managers that refuse, give up, and die.
func (t *tester) deaths() {
	o := t.newObject()
	t.must("memory_object_ready", t.client.MemoryObjectReady(o.control, true, mach.CopyDelay))
	handler := libmach.ReplyPort()
	p := t.probe(o.at, false, handler)
	t.check("memory_object_data_request", o.next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.must("memory_object_data_error", t.client.MemoryObjectDataError(o.control, 0, mach.PageSize, mach.Failure))
	t.check("memory_object_data_error is an exception", t.raised(handler), mach.MemoryError)
	t.check("thread_terminate", p.end(), mach.Success)

	o.supply(mach.PageSize, 3, mach.ProtNone, mach.NameNull)
	p = t.probe(o.at, false, handler)
	t.check("memory_object_data_request", o.next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.must("memory_object_destroy", t.client.MemoryObjectDestroy(o.control, mach.Failure))
	t.check("memory_object_terminate after memory_object_destroy", o.next(mach.IDMemoryObjectTerminate), mach.Success)
	t.check("memory_object_destroy is an exception", t.raised(handler), mach.MemoryError)
	t.check("thread_terminate", p.end(), mach.Success)
	t.holds("pages that were there stay", libmach.Memory(o.at, ownSize)[mach.PageSize] == 3)
	t.check("others are errors", t.readable(o.at), mach.MemoryError)
	t.unmap(o.at, ownSize)

	o.at, _ = t.mapped(o.port, ownSize)
	t.check("memory_object_init once more", o.next(mach.IDMemoryObjectInit), mach.Success)
	p = t.probe(o.at, false, handler)
	t.holds("a fault waits", p.waits())
	t.must("mach_port_destroy", t.client.PortDestroy(t.task, o.port))
	t.check("a manager's death is an exception", t.raised(handler), mach.MemoryError)
	t.check("thread_terminate", p.end(), mach.Success)
	t.check("vm_read after a manager's death", t.readable(o.at), mach.MemoryError)
	t.unmap(o.at, ownSize)
	t.must("mach_port_destroy", t.client.PortDestroy(t.task, handler))
}
