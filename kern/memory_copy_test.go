package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Copies of an object without a strategy: by vm_map, in both its forms, and by task_create, in both of its. Each waits until the manager has
// supplied all pages, and is made once.
func TestCopyOfMemoryObjectAtOnce(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		for range 4 {
			o := u.manage(port)
			u.rest() // not ready at first
			o.ready(false, mach.CopyNone)
			for i := range uint64(3) {
				o.wanted(mach.IDMemoryObjectDataRequest, i*pageSize, mach.ProtRead)
			}
			o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 1, 2, 3)
			o.ended()
		}
	})
	client := m.paused("client", func(u *user) {
		shows := func(at mach.VirtAddr) {
			t.Helper()
			for i := range mach.VirtAddr(3) {
				u.is("what was copied", uint64(u.Load(at+i*pageSize)), uint64(i+1))
			}
			u.Store(at, 1)
			u.unmap(at, 3)
		}
		at, code := u.tryMap(name, 3, true)
		u.want(code, mach.Success)
		shows(at)
		u.rest()
		pointer := u.pages(0)
		u.want(u.trap(mach.TrapMap, uint64(u.self()), uint64(pointer), 3*pageSize, 0, 1, uint64(name), 0, 1, 3, 7, 1), mach.Success)
		shows(mach.VirtAddr(u.Load64(pointer)))
		u.rest()
		for _, byMessage := range []bool{true, false} {
			at = u.mapManaged(name, 3)
			u.want(u.code(u.self(), mach.IDVMInherit, func(w *mig.Writer) {
				w.Uint64(uint64(at))
				w.Uint64(3 * pageSize)
				w.Int32(int32(mach.InheritCopy))
			}), mach.Success)
			var child mach.Name
			if byMessage {
				child = u.right(u.call(u.self(), mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(true) }))
			} else {
				u.want(u.trap(mach.TrapTaskCreate, uint64(u.self()), 1, uint64(pointer)), mach.Success)
				child = mach.Name(u.Load64(pointer))
			}
			r := u.call(child, mach.IDVMRead, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(3 * pageSize) })
			data, _ := r.OutOfLine(mach.MsgByte, 8)
			shows(mach.VirtAddr(data))
			u.want(u.trap(mach.TrapTaskTerminate, uint64(child)), mach.Success)
			u.unmap(at, 3)
			u.rest()
		}
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}

// A manager that wants to be asked for copies makes another object.
func TestCopyOfMemoryObjectByCall(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(false, mach.CopyCall)
		h, r := u.receive(port, mach.IDMemoryObjectCopy)
		u.is("the size", uint64(h.Size), 96)
		u.is("the control port", uint64(r.Port(mach.MsgPortSend)), uint64(o.control))
		u.is("the offset", r.Uint64(), 0)
		u.is("the length", r.Uint64(), 3*pageSize)
		other := r.Port(mach.MsgPortReceive)
		u.want(r.End(), mach.Success)
		c := u.manage(other)
		c.ready(false, mach.CopyDelay)
		c.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		c.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 5)
		c.wanted(mach.IDMemoryObjectDataRequest, pageSize, mach.ProtRead)
		c.pair(mach.IDMemoryObjectDataUnavailable, pageSize, pageSize)
		o.wanted(mach.IDMemoryObjectDataRequest, pageSize, mach.ProtRead)
		o.supply(pageSize, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 6)
		c.ended()
		o.ended()
	})
	client := m.paused("client", func(u *user) {
		at, code := u.tryMap(name, 3, true)
		u.want(code, mach.Success)
		u.is("the copy's own page", uint64(u.Load(at)), 5)
		u.Store(at+pageSize+8, 9)
		u.is("the original's page", uint64(u.Load(at+pageSize)), 6)
		u.unmap(at, 3)
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}
