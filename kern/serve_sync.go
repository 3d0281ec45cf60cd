package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Flags of vm_msync (mach/vm_sync.h).
const (
	syncAsynchronous = 1 << iota
	syncSynchronous
	syncInvalidate
)

// msync is vm_msync. The reply follows the messages to the managers, unless it is asynchronous and one of them has too much to receive: a manager
// that works in order has what was written when it is asked for anything after that. GNU Mach has the call, but refuses all of them.
func (k *Kernel) msync(t *Task, m *ipc.Message, at mach.VirtAddr, size uint64, flags int32) *ipc.Message {
	const both = syncAsynchronous | syncSynchronous
	if flags&^(both|syncInvalidate) != 0 || flags&both == both {
		return m.ReplyCode(mach.InvalidArgument)
	}
	err := t.memory.Map.Sync(at, size, flags&syncInvalidate != 0, flags&syncSynchronous != 0)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.msync(t, m, at, size, flags)
		})
	}
	return m.ReplyCode(mach.Code(err))
}

// serveName answers a request to the name of a memory object: vm_object_sync, defpager_object_figures, and those of Inspect.
func (k *Kernel) serveName(o *memoryObject, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDVMObjectSync:
	case mach.IDPagerObjectFigures:
		room := r.Uint32()
		if r.End() != mach.Success {
			return m.ReplyCode(mach.MIGBadArguments)
		}
		f := o.memory.Figures()
		return m.ReplyRecord(f.List(), room)
	default:
		if reply, ok := k.Inspect(o.memory, m); ok {
			return reply
		}
		return otherPort(m)
	}
	q := vm.LockRequest{Offset: r.Uint64(), Size: r.Uint64(), Flush: r.Bool(), Lock: mach.ProtNoChange}
	if r.Bool() {
		q.Return = mach.ReturnAll
	}
	wait := r.Bool()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	return k.objectSync(o, m, q, wait)
}

// objectSync is vm_object_sync. With wait, should_iosync, the reply comes when all that is returned is on its way; what the manager then does with
// it only that knows. GNU Mach always waits so.
func (k *Kernel) objectSync(o *memoryObject, m *ipc.Message, q vm.LockRequest, wait bool) *ipc.Message {
	err := o.memory.Sync(&q, wait)
	if err == vm.Wait {
		return k.later(nil, m, ipc.Right{}, func(err error) *ipc.Message {
			if err == nil && o.memory.Severed() {
				err = mach.MemoryError
			}
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.objectSync(o, m, q, wait)
		})
	}
	return m.ReplyCode(mach.Code(err))
}

// What vm_machine_attribute knows of (mach/vm_attributes.h).
const (
	attributeCache   = 1
	attributeOn      = 1
	attributeGet     = 2
	attributeFlush   = 6 // and 7 for data, 8 for instructions
	attributeFlushes = 8
)

// machineAttribute is vm_machine_attribute. The caches of this machine are on and coherent: flushing them is done by itself.
func machineAttribute(memory *vm.Map, m *ipc.Message, at mach.VirtAddr, size uint64, attribute, value int32) *ipc.Message {
	switch {
	case attribute != attributeCache, value != attributeGet && (value < attributeFlush || value > attributeFlushes):
		return m.ReplyCode(mach.InvalidArgument)
	case !memory.Maps(at, size):
		return m.ReplyCode(mach.InvalidAddress)
	}
	if value == attributeGet {
		value = attributeOn
	}
	return reply32(m, uint32(value), mach.Success)
}

// cacheStatistics is vm_cache_statistics: 11 integers, of which those for page-out are 0.
func (k *Kernel) cacheStatistics(m *ipc.Message) *ipc.Message {
	s := k.env.CacheStats()
	var b [11 * 4]byte
	for i, v := range [...]uint64{uint64(s.Objects), uint64(s.Cached), uint64(s.Temporary), 0, uint64(s.Perm), 0, 0, 0, 0, uint64(s.TableFrames), 0} {
		le.PutUint32(b[4*i:], uint32(v))
	}
	w := m.BeginReply(8 + 48)
	w.Bytes(mach.MsgInteger32, 32, 11, b[:])
	return m.FinishReply(&w)
}
