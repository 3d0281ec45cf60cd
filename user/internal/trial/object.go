package trial

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// Object is a memory object of this program, which answers nothing by itself.
type Object struct {
	Port, Control, Name mach.Name
	At                  mach.VirtAddr
	Size                uint64
	Last                Last

	t    *Tester
	page []byte  // what is supplied
	next *Object // in Tester.idle
}

// Last is what the kernel's last message said.
type Last struct {
	Offset, Length uint64
	Access         mach.Prot
	First          byte // of what was returned
	Dirty, Kept    bool
}

// NewObject makes an object of so many pages, maps it, and receives the kernel's init.
func (t *Tester) NewObject(pages uint64) *Object {
	o := t.idle
	if o == nil {
		o = new(Object)
	} else {
		t.idle = o.next
	}
	*o = Object{t: t, Port: t.NewPort(), Size: pages * mach.PageSize, page: libmach.Memory(t.Pages(1), mach.PageSize)}
	o.At, _ = t.Mapped(o.Port, o.Size)
	t.Check("memory_object_init", o.Next(mach.IDMemoryObjectInit), mach.Success)
	return o
}

// Memory is the object as it is mapped.
func (o *Object) Memory() []byte { return libmach.Memory(o.At, o.Size) }

// Next receives the kernel's next message about the object, which must have an id.
func (o *Object) Next(id mach.MsgID) mach.Return {
	m, ret := o.t.Receive(o.Port)
	if ret != mach.Success {
		return ret
	}
	if m.ID() != id {
		o.t.Say().Text("message ").Number(uint64(m.ID())).Text(", not ").Number(uint64(id))
		o.t.Print()
		return mach.MIGBadID
	}
	return o.t.Client.MemoryObjectServer(m, o)
}

// Nothing checks that the kernel wants nothing.
func (o *Object) Nothing() mach.Return {
	if _, ret := libmach.Receive(o.t.buf, o.Port, mach.OptRcvTimeout, 0); ret != mach.RcvTimedOut {
		return mach.Failure
	}
	return mach.Success
}

// Init implements libmach.MemoryManager. So do the others: the checks answer themselves.
func (o *Object) Init(_, control, name mach.Name) { o.Control, o.Name = control, name }

// DataRequest implements libmach.MemoryManager.
func (o *Object) DataRequest(_, _ mach.Name, offset, length uint64, access mach.Prot) {
	o.Last = Last{Offset: offset, Length: length, Access: access}
}

// DataUnlock implements libmach.MemoryManager.
func (o *Object) DataUnlock(_, _ mach.Name, offset, length uint64, access mach.Prot) {
	o.Last = Last{Offset: offset, Length: length, Access: access}
}

// DataReturn implements libmach.MemoryManager.
func (o *Object) DataReturn(_, _ mach.Name, offset uint64, data []byte, dirty, kept bool) {
	o.Last = Last{Offset: offset, Length: uint64(len(data)), First: data[0], Dirty: dirty, Kept: kept}
}

// Terminate implements libmach.MemoryManager.
func (o *Object) Terminate(_, _ mach.Name) {}

// Ready says that the object is served.
func (o *Object) Ready(mayCache bool, s mach.CopyStrategy) {
	o.t.Must("memory_object_ready", o.t.Client.MemoryObjectReady(o.Control, mayCache, s))
}

// Supply gives the kernel one page whose first byte is b.
func (o *Object) Supply(offset uint64, b byte, lock mach.Prot, reply mach.Name) {
	o.page[0] = b
	o.t.Must("memory_object_data_supply", o.t.Client.MemoryObjectDataSupply(o.Control, libmach.Supply{
		Offset: offset, Data: o.page, Lock: lock, Precious: true, Reply: reply,
	}))
}

// Supplied is Supply with the code of its completion.
func (o *Object) Supplied(offset uint64, b byte) mach.Return {
	reply := libmach.ReplyPort()
	o.Supply(offset, b, mach.ProtNone, reply)
	m, ret := o.t.Receive(reply)
	o.t.Destroy(reply)
	if ret != mach.Success {
		return ret
	}
	done, ret := libmach.ReadMemoryObjectCompletion(m)
	if ret != mach.Success {
		return ret
	}
	return done.Result
}

// Lock sends a lock request and receives its completion.
func (o *Object) Lock(name string, l libmach.Lock) {
	l.Reply = libmach.ReplyPort()
	o.t.Must("memory_object_lock_request", o.t.Client.MemoryObjectLockRequest(o.Control, l))
	m, ret := o.t.Receive(l.Reply)
	if ret == mach.Success {
		_, ret = libmach.ReadMemoryObjectCompletion(m)
	}
	o.t.Check(name, ret, mach.Success)
	o.t.Destroy(l.Reply)
}

// End unmaps the object and receives the kernel's good-bye.
func (o *Object) End() {
	o.t.Unmap(o.At, o.Size)
	o.t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	o.Close()
}

// Close gives up what the object has. It is not to be used any more.
func (o *Object) Close() {
	o.t.Destroy(o.Port)
	o.t.Unmap(libmach.Address(o.page), mach.PageSize)
	o.next, o.t.idle = o.t.idle, o
}
