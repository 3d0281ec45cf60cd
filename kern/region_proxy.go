package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// regionObject is what the port stands for that a proxy of a task's memory has instead of a memory manager's: the object that the memory
// lies in, whoever it is from.
type regionObject struct{ object *vm.Object }

// MemoryObject implements Mappable.
func (r regionObject) MemoryObject() *vm.Object { return r.object }

// createRegionProxy is vm_region_create_proxy: whoever maps the proxy shares a part of the task's memory, with fewer accesses.
//
// InvalidArgument: an unknown protection, nothing mapped there, or more than one object's. ProtectionFailure: more than the memory allows.
func (k *Kernel) createRegionProxy(t *Task, m *ipc.Message, at mach.VirtAddr, most mach.Prot, size uint64) *ipc.Message {
	if !most.Valid() || size == 0 {
		return m.ReplyCode(mach.InvalidArgument)
	}
	o, offset, err := t.memory.Share(at, size, most)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.createRegionProxy(t, m, at, most, size)
		})
	}
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	port := k.sys.NewKernelPort(k, regionObject{o})
	right := port.MakeSend()
	port.SetNoSenders(port.MakeSendCount(), func(p *ipc.Port, _ uint32) {
		o.Release()
		p.Destroy()
	})
	return k.addProxy(m, &memoryProxy{object: right, max: most, start: offset, len: mach.Pages(at.Offset() + size).Bytes()})
}
