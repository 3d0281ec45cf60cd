package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

// deadManagers are managers that die while somebody waits for them: the port goes, or the task that had it.
func (t *tester) deadManagers() {
	port := t.NewPort()
	t.Must("mach_port_mod_refs", t.Client.PortModRefs(t.Task, port, mach.RightReceive, -1))
	_, ret := t.Map(port, 0, mach.PageSize)
	t.Check("vm_map of a port that has died", ret, mach.InvalidArgument)
	t.Drop(port)

	// Nobody ever receives the init.
	port = t.NewPort()
	at, _ := t.Mapped(port, mach.PageSize)
	handler := libmach.ReplyPort()
	p := t.Probe(at, false, handler)
	t.Holds("a fault waits for a manager that does not read", p.Waits())
	t.Destroy(port)
	t.Check("it ends with the port, before memory_object_init was received", t.Raised(handler), mach.MemoryError)
	t.Check("thread_terminate", p.End(), mach.Success)
	t.Unmap(at, mach.PageSize)

	o := t.NewObject(8)
	copied := t.mapCopy(o.Port)
	t.Holds("vm_map of a copy waits for memory_object_ready", copied.Waits())
	t.Unmap(o.At, o.Size)
	t.Holds("and the object for it", o.Nothing() == mach.Success)
	t.Destroy(o.Port)
	t.Check("it ends with the port: that is none any more", copied.Answer(), mach.InvalidArgument)
	o.Port = t.NewPort()
	o.Close()

	// It dies between init and supply, while calls of every kind wait for it.
	for _, dies := range [...]string{"port", "task"} {
		o := t.NewObject(8)
		o.Ready(false, mach.CopyNone)
		t.Must("vm_inherit", t.Client.VMInherit(t.Task, o.At, o.Size, mach.InheritCopy))
		host := t.child()
		t.give(host, o.Port)
		p := t.Probe(o.At, true, handler)
		waiting := t.everyCall(o.At, o.Port)
		t.Holds("a fault waits for its page", p.Waits())
		for i := range waiting {
			t.Holds("a call waits for its page", waiting[i].request.Waits())
		}
		if dies == "port" {
			t.Must("mach_port_mod_refs", t.Client.PortModRefs(host, o.Port, mach.RightReceive, -1))
		}
		t.kill(host)
		t.Check("a fault ends with its manager", t.Raised(handler), mach.MemoryError)
		for _, w := range waiting {
			t.Check(w.name, w.request.Answer(), w.want)
		}
		t.Check("thread_terminate", p.End(), mach.Success)
		t.Check("vm_read of a dead manager's object", t.Readable(o.At), mach.MemoryError)
		_, ret := t.Map(o.Port, 0, mach.PageSize)
		t.Check("vm_map of a dead manager's object", ret, mach.InvalidArgument)
		t.Unmap(o.At, o.Size)
		o.Close()
	}
	t.Destroy(handler)
}

// call is a call that waits for a manager.
type call struct {
	name    string
	request trial.Request
	want    mach.Return // when the manager dies
}

// everyCall makes those that need the pages of an object that is mapped at an address: the last page, for which nobody else has asked.
func (t *tester) everyCall(at mach.VirtAddr, object mach.Name) [6]call {
	page := uint64(at) + 7*mach.PageSize
	return [...]call{
		{"vm_read ends with the manager", t.Send(t.Task, mach.IDVMRead, false, func(w *mig.Writer) {
			w.Uint64(page)
			w.Uint64(8)
		}), mach.MemoryError},
		{"vm_write ends with the manager", t.Send(t.Task, mach.IDVMWrite, true, func(w *mig.Writer) {
			w.Uint64(page)
			w.OutOfLine(mach.MsgByte, 8, 8, uint64(libmach.Address(t.scratch)), false)
		}), mach.MemoryError},
		{"vm_copy ends with the manager", t.Send(t.Task, mach.IDVMCopy, false, func(w *mig.Writer) {
			w.Uint64(page)
			w.Uint64(8)
			w.Uint64(page + 64)
		}), mach.MemoryError},
		{"vm_wire ends with the manager", t.Send(t.host, mach.IDVMWire, true, func(w *mig.Writer) {
			w.Port(mach.MsgCopySend, t.Task)
			w.Uint64(page)
			w.Uint64(mach.PageSize)
			w.Int32(int32(mach.ProtRead))
		}), mach.MemoryError},
		{"task_create ends with the manager", t.Send(t.Task, mach.IDTaskCreate, false, func(w *mig.Writer) {
			w.Bool(true)
		}), mach.MemoryError},
		{"vm_map of a copy ends with the manager", t.mapCopy(object), mach.MemoryError},
	}
}

// mapCopy asks for a copy of eight pages of an object.
func (t *tester) mapCopy(object mach.Name) trial.Request {
	return t.Send(t.Task, mach.IDVMMap, true, func(w *mig.Writer) {
		w.Uint64(0)
		w.Uint64(8 * mach.PageSize)
		w.Uint64(0)
		w.Bool(true)
		w.Port(mach.MsgCopySend, object)
		w.Uint64(0)
		w.Bool(true)
		w.Int32(int32(mach.ProtDefault))
		w.Int32(int32(mach.ProtAll))
		w.Int32(int32(mach.InheritCopy))
	})
}

// deadClients are tasks that end while their threads, and calls for them, wait for a manager: it learns that nobody maps its object.
func (t *tester) deadClients() {
	o := t.NewObject(8)
	o.Ready(false, mach.CopyNone)
	client := t.child()
	at, ret := t.Client.VMMap(client, libmach.Map{
		Size: o.Size, Anywhere: true, Object: o.Port, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.Check("vm_map into another task", ret, mach.Success)
	t.Unmap(o.At, o.Size)
	p := t.ProbeIn(client, at, true, mach.NameNull)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	read := t.Send(client, mach.IDVMRead, false, func(w *mig.Writer) {
		w.Uint64(uint64(at))
		w.Uint64(8)
	})
	t.Holds("the thread waits", p.Waits())
	t.Holds("vm_read waits", read.Waits())
	t.kill(client)
	p.Leave()
	t.Check("vm_read of a task that has ended", read.Answer(), mach.InvalidArgument)
	t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	t.Check("and nothing else", o.Nothing(), mach.Success)
	o.Close()
}
