package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// host and hostPriv are what the host's two ports stand for. Whoever holds the second may do what the first allows, too.
type (
	host     struct{ *Kernel }
	hostPriv struct{ *Kernel }
)

// Mappable is what a port stands for that vm_map accepts as a memory object.
type Mappable interface {
	// MemoryObject is the object's memory. The caller references it before anything else can happen.
	MemoryObject() *vm.Object
}

// Serve implements ipc.Server: it answers requests to tasks, threads and the host.
func (k *Kernel) Serve(p *ipc.Port, m *ipc.Message) *ipc.Message {
	if k.trace.on {
		k.tracef("kernel port %d (%T) gets message %d", p.ID(), p.Object(), m.ID())
	}
	reply := k.serve(p, m)
	if k.env.Waits() {
		k.env.Forget() // a request that cannot wait has failed
	}
	return reply
}

func (k *Kernel) serve(p *ipc.Port, m *ipc.Message) *ipc.Message {
	switch o := p.Object().(type) {
	case *Task:
		return k.serveTask(o, m)
	case *Thread:
		return k.serveThread(o, m)
	case host:
		if isHostMemory(m.ID()) {
			return k.serveHostMemory(m, false)
		}
		return k.serveHost(m)
	case hostPriv:
		if isHostMemory(m.ID()) {
			return k.serveHostMemory(m, true)
		}
		return k.serveHostPriv(m)
	case deviceMaster:
		return k.serveDeviceMaster(m)
	case clockDevice:
		return k.serveClock(m)
	case consoleDevice:
		return k.serveConsole(m)
	case *diskDevice:
		return k.serveDisk(o, m)
	case processorSetName:
		return k.serveProcessorSet(m, false)
	case processorSet:
		return k.serveProcessorSet(m, true)
	case processor:
		return k.serveProcessor(m)
	case exceptionReply:
		return k.serveException(o.thread, m)
	case managerDeath:
		return k.serveManagerDeath(m)
	case memoryName:
		return k.serveName(o.memoryObject, m)
	case memoryControl:
		return k.serveControl(o.memoryObject, m)
	}
	return otherPort(m)
}

// mapObject is vm_map with the memory object that right (not consumed) denotes; null is zeros. A task's port denotes one: the task is its
// manager. InvalidArgument: it denotes none. When a copy needs pages of its manager first, env.Waits afterwards.
func (k *Kernel) mapObject(target *Task, a *vm.MapArgs, right ipc.Right) (mach.VirtAddr, mach.Return) {
	var fresh *memoryObject
	if !right.Null() {
		if right.Dead() {
			return 0, mach.InvalidArgument
		}
		if p, ok := right.Port.Object().(*memoryProxy); ok {
			if code := p.clip(a); code != mach.Success {
				return 0, code
			}
			if right = p.object; right.Dead() {
				return 0, mach.InvalidArgument
			}
		}
		o, ok := right.Port.Object().(Mappable)
		if !ok {
			if right.Port.Object() != nil || right.Port.Served() {
				return 0, mach.InvalidArgument
			}
			var err error
			if fresh, err = k.newMemoryObject(right); err != nil {
				return 0, mach.Code(err)
			}
			o = fresh
		}
		a.Object = o.MemoryObject()
	}
	at, err := target.memory.Map.Map(a)
	if fresh != nil {
		fresh.memory.Release()
	}
	if k.trace.on {
		k.tracef("task %d (%s) vm_map %#x bytes at %#x: %v", target.id, target.name, a.Size, uint64(at), mach.Code(err))
	}
	return at, mach.Code(err)
}
