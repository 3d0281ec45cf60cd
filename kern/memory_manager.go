package kern

import (
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

// A memoryObject implements vm.Manager by messages of the subsystem memory_object (2200). The kernel never waits for room in
// the manager's queue: how many messages there can be unread is bounded by package vm for each object.

// begin starts a message to the manager, or to one of its reply ports, that begins with the control port.
func (o *memoryObject) begin(to ipc.Right, id mach.MsgID, items int) (*ipc.Message, mig.Writer) {
	m := o.kernel.sys.NewMessage(to, ipc.Right{}, id)
	w := m.Begin(16 * (1 + items))
	w.Port(mach.MsgPortSend, m.PutRight(o.control.MakeSend()))
	return m, w
}

func (o *memoryObject) finish(m *ipc.Message, w *mig.Writer) {
	m.Finish(w)
	o.kernel.send(m)
}

// DataRequest implements vm.Manager: memory_object_data_request.
func (o *memoryObject) DataRequest(_ *vm.Object, offset, length uint64, access mach.Prot) error {
	return o.want(mach.IDMemoryObjectDataRequest, offset, length, access)
}

// DataUnlock implements vm.Manager: memory_object_data_unlock.
func (o *memoryObject) DataUnlock(_ *vm.Object, offset, length uint64, access mach.Prot) error {
	return o.want(mach.IDMemoryObjectDataUnlock, offset, length, access)
}

func (o *memoryObject) want(id mach.MsgID, offset, length uint64, access mach.Prot) error {
	k := o.kernel
	if !k.sys.Room(o.port) {
		return mach.ResourceShortage
	}
	if k.trace.on {
		k.tracef("memory object %d: message %d for %v at %#x", o.memory.ID(), id, access, offset)
	}
	m, w := o.begin(o.port.Copy(), id, 3)
	w.Uint64(offset)
	w.Uint64(length)
	w.Int32(int32(access))
	o.finish(m, &w)
	return nil
}

// DataReturn implements vm.Manager: memory_object_data_return.
func (o *memoryObject) DataReturn(_ *vm.Object, offset uint64, data *vm.Copy, dirty, kept bool) {
	m, w := o.begin(o.port.Copy(), mach.IDMemoryObjectDataReturn, 4)
	w.Uint64(offset)
	w.OutOfLine(mach.MsgByte, 8, uint32(data.Size()), m.PutMemory(data), false)
	w.Bool(dirty)
	w.Bool(kept)
	o.finish(m, &w)
}

// DataInitialize implements vm.Manager: memory_object_data_initialize.
func (o *memoryObject) DataInitialize(_ *vm.Object, offset uint64, data *vm.Copy) {
	m, w := o.begin(o.port.Copy(), mach.IDMemoryObjectDataInitialize, 2)
	w.Uint64(offset)
	w.OutOfLine(mach.MsgByte, 8, uint32(data.Size()), m.PutMemory(data), false)
	o.finish(m, &w)
}

// MayReturn implements vm.Manager.
func (o *memoryObject) MayReturn() bool { return o.kernel.sys.Stocked() }

// Copy implements vm.Manager: memory_object_copy. The kernel makes the new object's port, and maps it at once.
func (o *memoryObject) Copy(_ *vm.Object, offset, length uint64) (*vm.Object, error) {
	k := o.kernel
	if !k.sys.Room(o.port) {
		return nil, mach.ResourceShortage
	}
	port := k.sys.NewKernelPort(k, nil)
	right := port.MakeSend()
	m, w := o.begin(o.port.Copy(), mach.IDMemoryObjectCopy, 3)
	w.Uint64(offset)
	w.Uint64(length)
	w.Port(mach.MsgPortReceive, m.PutRight(ipc.Right{Port: port, Type: mach.MsgPortReceive}))
	m.Finish(&w)
	copied, err := k.newMemoryObject(right)
	right.Release()
	if err != nil {
		m.Free()
		return nil, err
	}
	k.send(m)
	return copied.memory, nil
}

// LockCompleted implements vm.Manager: memory_object_lock_completed.
func (o *memoryObject) LockCompleted(_ *vm.Object, offset, size uint64, reply any) {
	to := reply.(ipc.Right)
	if o.memory.Severed() || !o.mayAnswer(to) {
		to.Release()
		return
	}
	m, w := o.begin(to, mach.IDMemoryObjectLockCompleted, 2)
	w.Uint64(offset)
	w.Uint64(size)
	o.finish(m, &w)
}

// mayAnswer reports whether a completion goes to the reply right that was sent for it. A send-once right stands for a message already;
// for send rights there must be room.
func (o *memoryObject) mayAnswer(to ipc.Right) bool {
	return to.Port != nil && (to.Type == mach.MsgPortSendOnce || o.kernel.sys.Room(to))
}

// Terminate implements vm.Manager: memory_object_terminate.
func (o *memoryObject) Terminate(*vm.Object) {
	switch {
	case o.over():
	case o.port.Port != nil && o.port.Port.Served():
		o.unused()
	default:
		o.terminate()
	}
}

// supplied tells that a data_supply is done: memory_object_supply_completed. to is consumed.
func (o *memoryObject) supplied(to ipc.Right, offset, size uint64, result mach.Return, failed uint64) {
	if !o.mayAnswer(to) {
		to.Release()
		return
	}
	m, w := o.begin(to, mach.IDMemoryObjectSupplyCompleted, 4)
	w.Uint64(offset)
	w.Uint64(size)
	w.Int32(int32(result))
	w.Uint64(failed)
	o.finish(m, &w)
}

// changed tells that the attributes are what was asked for: memory_object_change_completed. to is consumed.
func (o *memoryObject) changed(to ipc.Right, mayCache bool, strategy mach.CopyStrategy) {
	if !o.mayAnswer(to) {
		to.Release()
		return
	}
	m := o.kernel.sys.NewMessage(to, ipc.Right{}, mach.IDMemoryObjectChangeCompleted)
	w := m.Begin(2 * 16)
	w.Bool(mayCache)
	w.Int32(int32(strategy))
	o.finish(m, &w)
}
