package kern

import (
	"bytes"

	"defpager/ipc/mig"
	"defpager/mach"
)

// managerOf makes a port in one task, for a memory manager, and a send right to it in each of others.
func (m *machine) managerOf(t *Task, others ...*Task) (port mach.Name, names []mach.Name) {
	m.t.Helper()
	m.Do(func() {
		var code mach.Return
		if port, code = t.space.Allocate(mach.RightReceive); code != mach.Success {
			m.t.Fatal(code)
		}
		for _, other := range others {
			right, code := t.space.Extract(port, mach.MsgMakeSend)
			if code != mach.Success {
				m.t.Fatal(code)
			}
			name, code := other.space.Insert(right)
			if code != mach.Success {
				m.t.Fatal(code)
			}
			names = append(names, name)
		}
	})
	return port, names
}

// paused makes a task whose program starts with resume, so that rights can be given to it first.
func (m *machine) paused(name string, program func(u *user)) *Task {
	t := m.start(name, program)
	m.Do(func() { m.suspendTask(t) })
	return t
}

func (m *machine) resume(tasks ...*Task) {
	m.Do(func() {
		for _, t := range tasks {
			m.resumeTask(t)
		}
	})
}

// object is a manager's side of one memory object.
type object struct {
	*user
	port, control, name mach.Name
}

// manage begins to serve the object on port: it waits for the kernel.
func (u *user) manage(port mach.Name) *object {
	u.m.t.Helper()
	o := &object{user: u, port: port}
	_, r := u.receive(port, mach.IDMemoryObjectInit)
	o.control = r.Port(mach.MsgPortSend)
	o.name = r.Port(mach.MsgPortSend)
	u.is("the size of a page", r.Uint64(), mach.PageSize)
	u.want(r.End(), mach.Success)
	return o
}

// tell sends a request to the control port.
func (o *object) tell(complex mach.HeaderBits, id mach.MsgID, body func(w *mig.Writer)) {
	o.m.t.Helper()
	o.want(o.send(mach.Bits(mach.MsgCopySend, 0)|complex, o.control, mach.NameNull, id, body), mach.Success)
}

func (o *object) ready(mayCache bool, strategy mach.CopyStrategy) {
	o.m.t.Helper()
	o.tell(0, mach.IDMemoryObjectReady, func(w *mig.Writer) { w.Bool(mayCache); w.Int32(int32(strategy)) })
}

// wanted receives a request for one page.
func (o *object) wanted(id mach.MsgID, offset uint64, access mach.Prot) {
	o.m.t.Helper()
	_, r := o.receive(o.port, id)
	o.is("the control port", uint64(r.Port(mach.MsgPortSend)), uint64(o.control))
	o.is("the offset", r.Uint64(), offset)
	o.is("the length", r.Uint64(), mach.PageSize)
	o.is("the access", uint64(r.Int32()), uint64(access))
	o.want(r.End(), mach.Success)
}

// page makes memory in which each page begins with a byte.
func (u *user) pages(first ...byte) mach.VirtAddr {
	u.m.t.Helper()
	r := u.call(u.self(), mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(uint64(len(first)) * mach.PageSize); w.Bool(true) })
	at := mach.VirtAddr(r.Uint64())
	for i, b := range first {
		u.Store(at+mach.VirtAddr(i)*mach.PageSize, b)
	}
	return at
}

// supply sends pages that begin with the bytes; reply may be null.
func (o *object) supply(offset uint64, lock mach.Prot, precious bool, reply mach.Name, disposition mach.MsgType, first ...byte) {
	o.m.t.Helper()
	at := o.pages(first...)
	o.tell(mach.Complex, mach.IDMemoryObjectDataSupply, func(w *mig.Writer) {
		w.Uint64(offset)
		w.OutOfLine(mach.MsgByte, 8, uint32(len(first))*mach.PageSize, uint64(at), true)
		w.Int32(int32(lock))
		w.Bool(precious)
		w.Port(disposition, reply)
	})
}

// pair tells a range: data_unavailable, or data_error with why.
func (o *object) pair(id mach.MsgID, offset, size uint64, why ...int32) {
	o.m.t.Helper()
	o.tell(0, id, func(w *mig.Writer) {
		w.Uint64(offset)
		w.Uint64(size)
		for _, v := range why {
			w.Int32(v)
		}
	})
}

func (o *object) lock(offset, size uint64, what mach.MemoryReturn, flush bool, lock mach.Prot, reply mach.Name, disposition mach.MsgType) {
	o.m.t.Helper()
	o.tell(mach.Complex, mach.IDMemoryObjectLockRequest, func(w *mig.Writer) {
		w.Uint64(offset)
		w.Uint64(size)
		w.Int32(int32(what))
		w.Bool(flush)
		w.Int32(int32(lock))
		w.Port(disposition, reply)
	})
}

// returned receives pages that begin with the bytes.
func (o *object) returned(offset uint64, dirty, kept bool, first ...byte) {
	o.m.t.Helper()
	_, r := o.receive(o.port, mach.IDMemoryObjectDataReturn)
	r.Port(mach.MsgPortSend)
	o.is("the offset", r.Uint64(), offset)
	data, size := r.OutOfLine(mach.MsgByte, 8)
	if r.Bool() != dirty || r.Bool() != kept {
		o.m.t.Fatal("the flags of a return are wrong")
	}
	o.want(r.End(), mach.Success)
	var got []byte
	for i := range mach.VirtAddr(size / mach.PageSize) {
		got = append(got, o.Load(mach.VirtAddr(data)+i*mach.PageSize))
	}
	if !bytes.Equal(got, first) {
		o.m.t.Fatalf("the kernel returned %d, want %d", got, first)
	}
	o.want(o.trap(mach.TrapDeallocate, uint64(o.self()), data, uint64(size)), mach.Success)
}

// ended receives the end of the object, and gives up what comes with it.
func (o *object) ended() {
	o.m.t.Helper()
	_, r := o.receive(o.port, mach.IDMemoryObjectTerminate)
	o.is("the control port", uint64(r.Port(mach.MsgPortReceive)), uint64(o.control))
	o.is("the name port", uint64(r.Port(mach.MsgPortReceive)), uint64(o.name))
	o.want(r.End(), mach.Success)
	for _, name := range []mach.Name{o.control, o.name} {
		r := o.call(o.self(), mach.IDPortType, func(w *mig.Writer) { w.Name(name) })
		o.is("what the right is", uint64(r.Uint32()), uint64(mach.TypeSend|mach.TypeReceive))
		o.want(o.code(o.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(name) }), mach.Success)
	}
}

// mapManaged maps pages pages of the object behind a port.
func (u *user) mapManaged(port mach.Name, pages uint64) mach.VirtAddr {
	u.m.t.Helper()
	at, code := u.tryMap(port, pages, false)
	u.want(code, mach.Success)
	return at
}

func (u *user) tryMap(port mach.Name, pages uint64, private bool) (mach.VirtAddr, mach.Return) {
	u.m.t.Helper()
	r := u.ask(mach.Complex, u.self(), mach.IDVMMap, func(w *mig.Writer) {
		w.Uint64(0)
		w.Uint64(pages * mach.PageSize)
		w.Uint64(0)
		w.Bool(true)
		w.Port(mach.MsgCopySend, port)
		w.Uint64(0)
		w.Bool(private)
		w.Int32(int32(mach.ProtDefault))
		w.Int32(int32(mach.ProtAll))
		w.Int32(int32(mach.InheritShare))
	})
	if code := r.RetCode(); code != mach.Success {
		return 0, code
	}
	return mach.VirtAddr(r.Uint64()), mach.Success
}

func (u *user) unmap(at mach.VirtAddr, pages uint64) {
	u.m.t.Helper()
	u.want(u.trap(mach.TrapDeallocate, uint64(u.self()), uint64(at), pages*mach.PageSize), mach.Success)
}
