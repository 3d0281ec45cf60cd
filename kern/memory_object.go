package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// memoryObject is what the port of a memory manager outside the kernel stands for from the first vm_map on until
// memory_object_terminate: the kernel's side of one memory object.
//
// The manager knows it by three ports. On the memory object's own port the manager receives what the kernel wants of it; the
// kernel holds a send right. The control port is the kernel's: what comes there is the manager's word. The name port only
// names the object, for vm_region. With memory_object_terminate the receive rights of both go to the manager, so that it sees
// in which order its last requests and the end came.
type memoryObject struct {
	kernel  *Kernel
	memory  *vm.Object
	port    ipc.Right // to the manager; null when the conversation is over
	control *ipc.Port
	name    *ipc.Port
}

// What the ports stand for that the kernel makes for a memory object.
type (
	memoryControl struct{ *memoryObject }
	memoryName    struct{ *memoryObject }
)

// newMemoryObject begins the conversation with the manager behind port (not consumed). The caller holds a reference to the
// object. ResourceShortage.
func (k *Kernel) newMemoryObject(port ipc.Right) (*memoryObject, error) {
	if !k.sys.Room(port) {
		return nil, mach.ResourceShortage
	}
	o := &memoryObject{kernel: k}
	memory, err := vm.NewManaged(k.env, o)
	if err != nil {
		return nil, err
	}
	o.memory, o.port = memory, port.Copy()
	o.control = k.sys.NewKernelPort(k, memoryControl{o})
	o.name = k.sys.NewKernelPort(k, memoryName{o})
	port.Port.SetObject(o)
	m := k.sys.NewMessage(port.Copy(), ipc.Right{}, mach.IDMemoryObjectInit)
	w := m.Begin(3 * 16)
	w.Port(mach.MsgPortSend, m.PutRight(o.control.MakeSend()))
	w.Port(mach.MsgPortSend, m.PutRight(o.name.MakeSend()))
	w.Uint64(mach.PageSize)
	m.Finish(&w)
	k.send(m)
	return o, nil
}

// Send sends a message of the kernel's own, or of a server beside it.
func (k *Kernel) Send(m *ipc.Message) { k.send(m) }

func (k *Kernel) send(m *ipc.Message) {
	if w := k.sys.Send(m); w != nil {
		k.wakeWaiter(w)
	}
}

// MemoryObject implements Mappable.
func (o *memoryObject) MemoryObject() *vm.Object { return o.memory }

// PortDied implements ipc.Watcher: the manager is gone. The rest is for settle.
func (o *memoryObject) PortDied() { o.kernel.partFrom(o) }

// partFrom leaves it to settle to end the conversation with a manager that died, or that wants no more of its object.
func (k *Kernel) partFrom(o *memoryObject) {
	k.parting = append(k.parting, o)
	k.unsettled = true
}

// part ends the conversations that partFrom was told of.
func (k *Kernel) part() {
	for len(k.parting) != 0 {
		n := len(k.parting) - 1
		o := k.parting[n]
		k.parting = k.parting[:n]
		if o.over() {
			continue
		}
		o.memory.Sever()
		o.terminate()
	}
}

// over reports whether the conversation has ended.
func (o *memoryObject) over() bool { return o.port.Null() }

// terminate tells the manager that the kernel has forgotten its object, and gives it the control and name ports. If the manager is dead
// they die with the message.
func (o *memoryObject) terminate() {
	if !o.port.Dead() {
		o.port.Port.SetObject(nil) // the port may be mapped again: as another object
	}
	o.control.SetObject(nil)
	o.name.SetObject(nil)
	k := o.kernel
	m := k.sys.NewMessage(o.port, ipc.Right{}, mach.IDMemoryObjectTerminate)
	w := m.Begin(2 * 16)
	w.Port(mach.MsgPortReceive, m.PutRight(ipc.Right{Port: o.control, Type: mach.MsgPortReceive}))
	w.Port(mach.MsgPortReceive, m.PutRight(ipc.Right{Port: o.name, Type: mach.MsgPortReceive}))
	m.Finish(&w)
	o.port = ipc.Right{}
	k.send(m)
}

// nameOfObject is a send right to the name of the memory object whose pages o shows; null for the kernel's own objects.
func nameOfObject(o *vm.Object) ipc.Right {
	if o == nil {
		return ipc.Right{}
	}
	if manager, ok := o.Manager().(*memoryObject); ok && !manager.over() {
		return manager.name.MakeSend()
	}
	return ipc.Right{}
}
