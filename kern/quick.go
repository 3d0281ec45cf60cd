package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Quick implements ipc.Server: it carries out the calls that are a few numbers there and back.
func (k *Kernel) Quick(p *ipc.Port, q *ipc.Quick) bool {
	if q.Complex() {
		return !k.trace.on && k.quickComplex(p, q)
	}
	t, ok := p.Object().(*Task)
	if !ok || t.dying || k.trace.on {
		return false
	}
	return quickPort(t.space, q) || quickMemory(&t.memory, q)
}

// quickPort is what servePort does, for calls that carry no right and no memory. It reports whether q is one.
func quickPort(s *ipc.Space, q *ipc.Quick) bool {
	switch q.ID {
	case mach.IDPortType:
		if q.Has1(ipc.PortName) {
			v, code := s.Type(q.Name(0))
			q.Put(ipc.Integer32, uint64(v))
			q.Code(code)
		}
	case mach.IDPortAllocate:
		if q.Has1(ipc.Integer32) {
			name, code := s.Allocate(mach.Right(q.Word(0)))
			q.Put(ipc.PortName, uint64(name))
			q.Code(code)
		}
	case mach.IDPortDestroy:
		if q.Has1(ipc.PortName) {
			q.Code(s.DestroyName(q.Name(0)))
		}
	case mach.IDPortDeallocate:
		if q.Has1(ipc.PortName) {
			q.Code(s.Deallocate(q.Name(0)))
		}
	case mach.IDPortGetRefs:
		if q.Has2(ipc.PortName, ipc.Integer32) {
			v, code := s.GetRefs(q.Name(0), mach.Right(q.Word(1)))
			q.Put(ipc.Integer32, uint64(v))
			q.Code(code)
		}
	case mach.IDPortModRefs:
		if q.Has3(ipc.PortName, ipc.Integer32, ipc.Integer32) {
			q.Code(s.ModRefs(q.Name(0), mach.Right(q.Word(1)), int32(q.Word(2))))
		}
	default:
		return false
	}
	q.Still()
	return true
}

// quickMemory is what serveVM does, for the calls that change a map. It reports whether q is one.
func quickMemory(m *userMemory, q *ipc.Quick) bool {
	switch q.ID {
	case mach.IDVMAllocate:
		if q.Has3(ipc.Integer64, ipc.Integer64, ipc.Boolean) {
			address, err := m.Allocate(mach.VirtAddr(q.Word(0)), q.Word(1), uint32(q.Word(2)) != 0)
			q.Put(ipc.Integer64, uint64(address))
			q.Code(mach.Code(err))
		}
	case mach.IDVMDeallocate:
		if q.Has2(ipc.Integer64, ipc.Integer64) {
			q.Code(mach.Code(m.Map.Deallocate(mach.VirtAddr(q.Word(0)), q.Word(1))))
		}
	case mach.IDVMProtect:
		if q.Has4(ipc.Integer64, ipc.Integer64, ipc.Boolean, ipc.Integer32) {
			q.Code(mach.Code(m.Protect(mach.VirtAddr(q.Word(0)), q.Word(1), uint32(q.Word(2)) != 0, mach.Prot(int32(q.Word(3))))))
		}
	case mach.IDVMInherit:
		if q.Has3(ipc.Integer64, ipc.Integer64, ipc.Integer32) {
			q.Code(mach.Code(m.Inherit(mach.VirtAddr(q.Word(0)), q.Word(1), mach.Inherit(int32(q.Word(2))))))
		}
	default:
		return false
	}
	return true
}

// quickComplex carries out the most frequent calls with a right or with out-of-line memory.
func (k *Kernel) quickComplex(p *ipc.Port, q *ipc.Quick) bool {
	switch o := p.Object().(type) {
	case *Task:
		return q.ID == mach.IDVMMap && !q.Mute() && !o.dying && k.quickMap(o, q)
	case memoryControl:
		return q.ID == mach.IDMemoryObjectDataSupply && q.Mute() && quickSupply(o.memory, q)
	}
	return false
}

// quickSupply is memory_object_data_supply of one page for which the manager wants no answer.
func quickSupply(o *vm.Object, q *ipc.Quick) bool {
	if q.Items() != 5 || q.Descriptor(0) != ipc.Integer64 || q.Descriptor(1)|mach.TypeLongForm != ipc.OnePage || q.Descriptor(2) != ipc.Integer32 ||
		q.Descriptor(3) != ipc.Boolean || q.Descriptor(4) != ipc.OneMake || q.Name(4) != mach.NameNull {
		return false
	}
	at := mach.VirtAddr(q.Word(1))
	if at&mach.PageMask != 0 {
		return false
	}
	offset, lock, precious := q.Word(0), mach.Prot(int32(q.Word(2))), uint32(q.Word(3)) != 0
	page := q.Page(at)
	return page != nil && o.SupplyPage(offset, page, lock, precious)
}

// quickMap is vm_map of zeros or of an object that the kernel knows. What has to wait for a memory manager is declined, with nothing done.
func (k *Kernel) quickMap(t *Task, q *ipc.Quick) bool {
	if q.Items() != 10 ||
		q.Descriptor(0) != ipc.Integer64 || q.Descriptor(1) != ipc.Integer64 || q.Descriptor(2) != ipc.Integer64 || q.Descriptor(3) != ipc.Boolean ||
		q.Descriptor(4) != ipc.OneCopy || q.Descriptor(5) != ipc.Integer64 || q.Descriptor(6) != ipc.Boolean ||
		q.Descriptor(7) != ipc.Integer32 || q.Descriptor(8) != ipc.Integer32 || q.Descriptor(9) != ipc.Integer32 {
		return false
	}
	right, ok := q.Send(4)
	if !ok {
		return false
	}
	a := vm.MapArgs{
		Address: mach.VirtAddr(q.Word(0)), Size: q.Word(1), Mask: mach.VirtAddr(q.Word(2)), Anywhere: uint32(q.Word(3)) != 0,
		Offset: q.Word(5), Copy: uint32(q.Word(6)) != 0,
		Cur: mach.Prot(int32(q.Word(7))), Max: mach.Prot(int32(q.Word(8))), Inherit: mach.Inherit(int32(q.Word(9))),
	}
	if right.Port != nil {
		o, ok := right.Port.Object().(Mappable)
		if !ok {
			return false
		}
		a.Object = o.MemoryObject()
	}
	at, err := t.memory.Map.Map(&a)
	if err != nil && k.env.Waits() {
		k.env.Forget()
		return false
	}
	q.Put(ipc.Integer64, uint64(at))
	q.Code(mach.Code(err))
	return true
}
