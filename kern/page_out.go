package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// pageTo has memory of the kernel's own objects paged out to the default memory manager, if that is a task's; else to the kernel's storage. What was
// paged out before stays where it is, and is asked back from there: so nothing is moved when the manager changes, and nothing lost.
//
// The memory of the manager's task stays in its frames, also when it is the manager no more: it may still have pages.
func (k *Kernel) pageTo(manager ipc.Right) {
	if manager.Port == nil || manager.Port.Served() {
		k.env.SetManager(nil)
		return
	}
	if space := manager.Port.Receiver(); space != nil {
		for t := k.tasks.head; t != nil; t = t.next {
			if t.space == space {
				t.memory.KeepResident()
			}
		}
	}
	k.env.SetManager(k.newPaging)
}

// newPaging is memory_object_create: the kernel makes a memory object for the pages that go out to the default memory manager, and gives it to that.
// The manager does not answer. nil: it is dead, or there is no memory.
func (k *Kernel) newPaging() *vm.External {
	manager := k.manager.right
	if manager.Dead() || !k.sys.Room(manager) {
		return nil
	}
	o := &memoryObject{kernel: k}
	x, err := vm.NewExternal(k.env, o)
	if err != nil {
		return nil
	}
	port := k.sys.NewKernelPort(k, nil)
	o.memory, o.port = x.Object(), port.MakeSend()
	o.control = k.sys.NewKernelPort(k, memoryControl{o})
	o.name = k.sys.NewKernelPort(k, memoryName{o})
	port.SetObject(o)
	m := k.sys.NewMessage(manager.Copy(), ipc.Right{}, mach.IDMemoryObjectCreate)
	w := m.Begin(5 * 16)
	w.Port(mach.MsgPortReceive, m.PutRight(ipc.Right{Port: port, Type: mach.MsgPortReceive}))
	w.Uint64(k.frames.Stats().Total.Bytes())
	w.Port(mach.MsgPortSend, m.PutRight(o.control.MakeSend()))
	w.Port(mach.MsgPortSend, m.PutRight(o.name.MakeSend()))
	w.Uint64(mach.PageSize)
	m.Finish(&w)
	k.Logf("memory is paged out to the default memory manager")
	k.send(m)
	return x
}
