package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

const pageSize = mach.PageSize

// A whole conversation: init, ready, request, supply, write, return, terminate; then the same port again.
func TestMemoryObject(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		for range 2 {
			o := u.manage(port)
			o.ready(false, mach.CopyDelay)
			o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
			o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 17, 18)
			o.wanted(mach.IDMemoryObjectDataRequest, 2*pageSize, mach.ProtDefault)
			o.pair(mach.IDMemoryObjectDataUnavailable, 0, 4*pageSize)
			o.returned(0, true, false, 27)
			o.returned(2*pageSize, true, false, 5)
			o.ended()
		}
	})
	client := m.paused("client", func(u *user) {
		for range 2 {
			at := u.mapManaged(name, 4)
			u.is("what was supplied", uint64(u.Load(at)), 17)
			u.is("what was supplied", uint64(u.Load(at+pageSize)), 18)
			u.Store(at, 27)
			u.Store(at+2*pageSize, 5)
			u.is("what was unavailable", uint64(u.Load(at+2*pageSize+9)), 0)
			u.unmap(at, 4)
		}
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}

// Attributes, locks with their completions to both kinds of right, changes, and the name in vm_region.
func TestMemoryObjectLocks(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	step := 0
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		attributes := func(ready, mayCache bool, strategy mach.CopyStrategy) {
			t.Helper()
			r := u.call(o.control, mach.IDMemoryObjectGetAttributes, nil)
			if r.Bool() != ready || r.Bool() != mayCache || r.Int32() != int32(strategy) {
				t.Fatal("the attributes are wrong")
			}
			u.want(r.End(), mach.Success)
		}
		attributes(false, false, mach.CopyNone)
		o.ready(true, mach.CopyDelay)
		attributes(true, true, mach.CopyDelay)
		reply := u.port()
		completed := func(id mach.MsgID, offset, size uint64, more ...uint64) {
			t.Helper()
			_, r := u.receive(reply, id)
			u.is("the control port", uint64(r.Port(mach.MsgPortSend)), uint64(o.control))
			u.is("the offset", r.Uint64(), offset)
			u.is("the size", r.Uint64(), size)
			if len(more) != 0 {
				u.is("the result", uint64(r.Int32()), more[0])
				u.is("the failed offset", r.Uint64(), more[1])
			}
			u.want(r.End(), mach.Success)
		}
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		o.supply(0, mach.ProtWrite, true, reply, mach.MsgMakeSendOnce, 1, 2)
		completed(mach.IDMemoryObjectSupplyCompleted, 0, 2*pageSize, uint64(mach.Success), 0)
		o.supply(0, mach.ProtWrite, true, reply, mach.MsgMakeSend, 1)
		completed(mach.IDMemoryObjectSupplyCompleted, 0, pageSize, uint64(mach.MemoryPresent), 0)
		o.wanted(mach.IDMemoryObjectDataUnlock, 0, mach.ProtDefault)
		o.lock(0, pageSize, mach.ReturnNone, false, mach.ProtNone, reply, mach.MsgMakeSendOnce)
		completed(mach.IDMemoryObjectLockCompleted, 0, pageSize)
		for step < 1 {
			u.Syscall(mach.TrapSwtch)
		}
		o.lock(0, 4*pageSize, mach.ReturnAll, false, mach.ProtWrite, reply, mach.MsgMakeSend)
		o.returned(0, true, true, 11)
		o.returned(pageSize, false, true, 2)
		completed(mach.IDMemoryObjectLockCompleted, 0, 4*pageSize)
		step = 2
		o.wanted(mach.IDMemoryObjectDataUnlock, 0, mach.ProtDefault)
		o.lock(0, pageSize, mach.ReturnNone, true, mach.ProtNoChange, mach.NameNull, mach.MsgMakeSendOnce)
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtDefault)
		o.pair(mach.IDMemoryObjectDataError, 0, pageSize, int32(mach.Failure))
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 40)
		for step < 3 {
			u.Syscall(mach.TrapSwtch)
		}
		// Nobody maps it any more: it ends with the permission to stay.
		o.tell(mach.Complex, mach.IDMemoryObjectChangeAttributes, func(w *mig.Writer) {
			w.Bool(false)
			w.Int32(int32(mach.CopyNone))
			w.Port(mach.MsgMakeSendOnce, port)
		})
		o.ended()
		_, r := u.receive(port, mach.IDMemoryObjectChangeCompleted)
		if r.Bool() || r.Int32() != int32(mach.CopyNone) {
			t.Fatal("the attributes are wrong")
		}
		u.want(r.End(), mach.Success)
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(name, 4)
		u.is("what was supplied", uint64(u.Load(at)), 1)
		u.Store(at, 11)
		step = 1
		for step < 2 {
			u.Syscall(mach.TrapSwtch)
		}
		u.is("what stays", uint64(u.Load(at)), 11)
		r := u.call(u.self(), mach.IDVMRegion, func(w *mig.Writer) { w.Uint64(uint64(at)) })
		for range 2 {
			r.Uint64()
		}
		for range 3 {
			r.Int32()
		}
		r.Bool()
		if object := r.Port(mach.MsgPortSend); object == mach.NameNull {
			t.Error("the object has no name")
		} else {
			u.want(u.code(object, mach.IDVMRegion, nil), mach.InvalidArgument)
		}
		u.want(u.word(at, 12), mach.MemoryError)
		u.is("what came later", uint64(u.Load(at)), 40)
		u.unmap(at, 4)
		at = u.mapManaged(name, 4)
		u.is("what was kept", uint64(u.Load(at)), 40)
		u.unmap(at, 4)
		step = 3
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}

// word writes a byte by vm_write.
func (u *user) word(at mach.VirtAddr, b byte) mach.Return {
	u.m.t.Helper()
	from := u.pages(b)
	defer u.unmap(from, 1)
	r := u.ask(mach.Complex, u.self(), mach.IDVMWrite, func(w *mig.Writer) {
		w.Uint64(uint64(at))
		w.OutOfLine(mach.MsgByte, 8, 1, uint64(from), false)
	})
	return r.RetCode()
}
