package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// paging is the conversation with the default memory manager about pages that go out, while that is a task's. It is made ahead, as page-out takes nothing
// from Go's heap, and begins with the first page.
type paging struct {
	object *memoryObject // nil: there was no memory for it yet, or none is wanted
	pages  *vm.External
	begun  bool // the manager was told of it
	logged bool // and the log says so
}

// pagedOut is what the port of the kernel's own object for these pages stands for. It is not Mappable: there is nothing to see but pages on their way, and who looks
// for others would have the manager asked for what it never had.
type pagedOut struct{ object *memoryObject }

// PortDied implements ipc.Watcher.
func (p pagedOut) PortDied() { p.object.PortDied() }

// pageTo has memory of the kernel's own objects paged out to the default memory manager, if that is a task's; else to the kernel's storage. What was
// paged out before stays where it is, and is asked back from there: so nothing is moved when the manager changes, and nothing lost.
func (k *Kernel) pageTo(manager ipc.Right) {
	if p := &k.paging; p.object != nil && !p.begun {
		p.pages.End()
	}
	k.paging = paging{}
	if manager.Port == nil || manager.Port.Served() {
		k.env.SetManager(nil)
		return
	}
	k.sys.Restock()
	manager.Port.KeepReceiver(true)
	k.env.SetManager(k.beginPaging)
	k.preparePaging()
}

// stayIn is ipc's way to tell that a space's task is, or was, a default memory manager: the memory of who receives from the manager's port, or from the object's
// that pages go to, stays in its frames, whoever is given the receive right. So does what is in messages to it. It stays so when it is the manager no more, as
// it may still have pages.
func (k *Kernel) stayIn(s *ipc.Space) {
	for t := k.tasks.head; t != nil; t = t.next {
		if t.space == s {
			t.memory.KeepResident()
		}
	}
}

// tickPaging does what page-out to the manager of a task cannot do itself. It is called for each tick.
func (k *Kernel) tickPaging() {
	if k.manager.right.Port == nil || k.manager.right.Port.Served() {
		return
	}
	k.sys.Restock()
	if p := &k.paging; p.begun && !p.logged {
		p.logged = true
		k.Logf("memory is paged out to the default memory manager")
	}
	k.preparePaging()
}

// preparePaging makes the object for the pages that go out to the manager, if there is none, or the one that there was has ended.
func (k *Kernel) preparePaging() {
	if k.paging.object != nil || k.manager.right.Dead() || !k.env.Begins() {
		return
	}
	o := &memoryObject{kernel: k}
	x, err := vm.NewExternal(k.env, o)
	if err != nil {
		return // at another tick, then
	}
	port := k.sys.NewKernelPort(k, nil)
	o.memory, o.port = x.Object(), port.MakeSend()
	o.control = k.sys.NewKernelPort(k, memoryControl{o})
	o.name = k.sys.NewKernelPort(k, memoryName{o})
	port.SetObject(pagedOut{o})
	k.paging = paging{object: o, pages: x}
}

// beginPaging is memory_object_create: the manager gets the object for the pages that go out to it. It does not answer. nil: it is dead, or nothing was
// prepared.
func (k *Kernel) beginPaging() *vm.External {
	manager, p := k.manager.right, &k.paging
	if p.object == nil || manager.Dead() || !k.sys.Room(manager) || !k.sys.Stocked() {
		return nil
	}
	o := p.object
	p.begun = true
	o.port.Port.KeepReceiver(true)
	m := k.sys.NewMessage(manager.Copy(), ipc.Right{}, mach.IDMemoryObjectCreate)
	w := m.Begin(5 * 16)
	w.Port(mach.MsgPortReceive, m.PutRight(ipc.Right{Port: o.port.Port, Type: mach.MsgPortReceive}))
	w.Uint64(k.frames.Stats().Total.Bytes())
	w.Port(mach.MsgPortSend, m.PutRight(o.control.MakeSend()))
	w.Port(mach.MsgPortSend, m.PutRight(o.name.MakeSend()))
	w.Uint64(mach.PageSize)
	m.Finish(&w)
	k.send(m)
	return p.pages
}

// unused ends an object that its manager was never told of: nobody has a right to its ports.
func (o *memoryObject) unused() {
	o.port.Port.SetObject(nil)
	o.port.Port.Destroy()
	o.port.Release()
	o.port = ipc.Right{}
	o.control.Destroy()
	o.name.Destroy()
}
