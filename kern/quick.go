package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// Quick implements ipc.Server: it carries out the calls that are a few numbers there and back.
func (k *Kernel) Quick(p *ipc.Port, q *ipc.Quick) bool {
	if k.trace.on {
		return false
	}
	t, ok := p.Object().(*Task)
	if !ok || t.dying {
		return false
	}
	switch id := q.ID; {
	case id >= mach.IDPortNames && id < mach.IDPortNames+100:
		return quickPort(t.space, q)
	case id >= mach.IDVMAllocate && id <= mach.IDVMInherit:
		return quickMemory(&t.memory, q)
	}
	return false
}

// quickPort is what servePort does, for calls that carry no right and no memory.
func quickPort(s *ipc.Space, q *ipc.Quick) bool {
	switch q.ID {
	case mach.IDPortType:
		if name := q.Name(); q.End() {
			v, code := s.Type(name)
			q.PutUint32(uint32(v))
			q.Code(code)
		}
	case mach.IDPortAllocate:
		if right := q.Int32(); q.End() {
			name, code := s.Allocate(mach.Right(right))
			q.PutName(name)
			q.Code(code)
		}
	case mach.IDPortDestroy:
		if name := q.Name(); q.End() {
			q.Code(s.DestroyName(name))
		}
	case mach.IDPortDeallocate:
		if name := q.Name(); q.End() {
			q.Code(s.Deallocate(name))
		}
	case mach.IDPortGetRefs:
		if name, right := q.Name(), q.Int32(); q.End() {
			v, code := s.GetRefs(name, mach.Right(right))
			q.PutUint32(v)
			q.Code(code)
		}
	case mach.IDPortModRefs:
		if name, right, delta := q.Name(), q.Int32(), q.Int32(); q.End() {
			q.Code(s.ModRefs(name, mach.Right(right), delta))
		}
	default:
		return false
	}
	q.Still()
	return true
}

// quickMemory is what serveVM does, for the calls that change a map.
func quickMemory(m *userMemory, q *ipc.Quick) bool {
	switch q.ID {
	case mach.IDVMAllocate:
		if at, size, anywhere := q.Uint64(), q.Uint64(), q.Bool(); q.End() {
			address, err := m.Allocate(mach.VirtAddr(at), size, anywhere)
			q.PutUint64(uint64(address))
			q.Code(mach.Code(err))
		}
	case mach.IDVMDeallocate:
		if at, size := q.Uint64(), q.Uint64(); q.End() {
			q.Code(mach.Code(m.Map.Deallocate(mach.VirtAddr(at), size)))
		}
	case mach.IDVMProtect:
		if at, size, max, prot := q.Uint64(), q.Uint64(), q.Bool(), q.Int32(); q.End() {
			q.Code(mach.Code(m.Protect(mach.VirtAddr(at), size, max, mach.Prot(prot))))
		}
	case mach.IDVMInherit:
		if at, size, inherit := q.Uint64(), q.Uint64(), q.Int32(); q.End() {
			q.Code(mach.Code(m.Inherit(mach.VirtAddr(at), size, mach.Inherit(inherit))))
		}
	default:
		return false
	}
	return true
}
