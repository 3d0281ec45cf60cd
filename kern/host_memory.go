package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Requests to the host about a task's memory. Some the privileged host port alone may make; others it may make without a bound.

// wireMax is how many bytes of a task may be wired by those who hold the host's name port only.
const wireMax = 8 << 20

// Flags of vm_wire_all (mach/vm_wire.h).
const (
	wireCurrent = 1 << iota
	wireFuture
)

// isHostMemory reports whether a request is one of those that serveHostMemory answers.
func isHostMemory(id mach.MsgID) bool {
	switch id {
	case mach.IDVMWire, mach.IDVMWireAll, mach.IDVMSetSizeLimit, mach.IDVMAllocateContiguous, mach.IDVMPagesPhys, mach.IDPagerTaskSetLimits:
		return true
	}
	return false
}

// taskArgument is the task that a request's argument names; nil if it names none, or one that ends.
func taskArgument(m *ipc.Message, handle mach.Name) *Task {
	right := m.TakeRight(handle)
	defer right.Release()
	if right.Port == nil || right.Dead() {
		return nil
	}
	if t, ok := right.Port.Object().(*Task); ok && !t.dying {
		return t
	}
	return nil
}

// serveHostMemory answers vm_wire, vm_wire_all, vm_set_size_limit, vm_allocate_contiguous, vm_pages_phys and defpager_task_set_limits.
func (k *Kernel) serveHostMemory(m *ipc.Message, privileged bool) *ipc.Message {
	r := m.Reader()
	handle := r.Port(mach.MsgPortSend)
	if r.Err() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	switch m.ID() {
	case mach.IDVMWire:
		at, size, access := r.Uint64(), r.Uint64(), mach.Prot(r.Int32())
		if r.End() == mach.Success {
			return k.wire(taskArgument(m, handle), m, mach.VirtAddr(at), size, access, privileged)
		}
	case mach.IDVMWireAll:
		flags := r.Int32()
		if r.End() == mach.Success {
			return k.wireAll(taskArgument(m, handle), m, flags, privileged)
		}
	case mach.IDVMSetSizeLimit:
		current, most := r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return m.ReplyCode(setSizeLimit(taskArgument(m, handle), current, most, privileged))
		}
	case mach.IDPagerTaskSetLimits:
		flags, reserved, out := r.Int32(), r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return m.ReplyCode(k.setLimits(taskArgument(m, handle), flags, reserved, out, privileged))
		}
	case mach.IDVMAllocateContiguous:
		size, lo, hi, align := r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return k.allocateContiguous(taskArgument(m, handle), m, size, mach.PhysAddr(lo), mach.PhysAddr(hi), mach.PhysAddr(align), privileged)
		}
	case mach.IDVMPagesPhys:
		at, size := r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return k.pagesPhys(taskArgument(m, handle), m, mach.VirtAddr(at), size, privileged)
		}
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// wire is vm_wire.
func (k *Kernel) wire(t *Task, m *ipc.Message, at mach.VirtAddr, size uint64, access mach.Prot, privileged bool) *ipc.Message {
	switch {
	case t == nil:
		return m.ReplyCode(mach.InvalidTask)
	case access&^mach.ProtAll != 0:
		return m.ReplyCode(mach.InvalidArgument)
	case !privileged && access != mach.ProtNone && (size > wireMax || t.memory.Wired()+size > wireMax):
		return m.ReplyCode(mach.NoAccess)
	}
	err := t.memory.Wire(at, size, access)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.wire(t, m, at, size, access, privileged)
		})
	}
	return m.ReplyCode(mach.Code(err))
}

// wireAll is vm_wire_all.
func (k *Kernel) wireAll(t *Task, m *ipc.Message, flags int32, privileged bool) *ipc.Message {
	switch {
	case t == nil:
		return m.ReplyCode(mach.InvalidTask)
	case flags&^(wireCurrent|wireFuture) != 0:
		return m.ReplyCode(mach.InvalidArgument)
	case !privileged && flags != 0 && (flags&wireFuture != 0 || t.memory.Size() > wireMax):
		return m.ReplyCode(mach.NoAccess)
	}
	err := t.memory.WireAll(flags&wireCurrent != 0, flags&wireFuture != 0)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.wireAll(t, m, flags, privileged)
		})
	}
	return m.ReplyCode(mach.Code(err))
}

// setSizeLimit is vm_set_size_limit: only the privileged may raise the maximum.
func setSizeLimit(t *Task, current, most uint64, privileged bool) mach.Return {
	if t == nil {
		return mach.InvalidTask
	}
	if current > most {
		return mach.InvalidArgument
	}
	if _, before := t.memory.SizeLimit(); most > before && !privileged {
		return mach.NoAccess
	}
	t.memory.SetSizeLimit(current, most)
	return mach.Success
}

// sizeLimits is vm_get_size_limit.
func sizeLimits(t *Task, m *ipc.Message) *ipc.Message {
	current, most := t.memory.SizeLimit()
	w := m.BeginReply(2 * 16)
	w.Uint64(current)
	w.Uint64(most)
	return m.FinishReply(&w)
}

// allocateContiguous is vm_allocate_contiguous.
func (k *Kernel) allocateContiguous(t *Task, m *ipc.Message, size uint64, lo, hi, align mach.PhysAddr, privileged bool) *ipc.Message {
	if !privileged {
		return m.ReplyCode(mach.InvalidHost)
	}
	if t == nil {
		return m.ReplyCode(mach.InvalidTask)
	}
	va, p, err := t.memory.AllocateContiguous(size, lo, hi, align)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(2 * 16)
	w.Uint64(uint64(va))
	w.Uint64(uint64(p))
	return m.FinishReply(&w)
}

// pagesInline is how many addresses vm_pages_phys returns in the message itself, and pagesMax in all.
const (
	pagesInline = 256
	pagesMax    = 1 << 16
)

// pagesPhys is vm_pages_phys: the physical address of each page that the range touches, all ones for one that is not there.
func (k *Kernel) pagesPhys(t *Task, m *ipc.Message, at mach.VirtAddr, size uint64, privileged bool) *ipc.Message {
	if !privileged {
		return m.ReplyCode(mach.InvalidHost)
	}
	if t == nil {
		return m.ReplyCode(mach.InvalidTask)
	}
	if size > pagesMax*mach.PageSize {
		return m.ReplyCode(mach.InvalidArgument)
	}
	n := uint32(mach.Pages(at.Offset() + size))
	data := make([]byte, 8*n)
	for i := range n {
		p, ok := t.memory.Physical(at.Trunc() + mach.VirtAddr(i)*mach.PageSize)
		if !ok {
			p = ^mach.PhysAddr(0)
		}
		le.PutUint64(data[8*i:], uint64(p))
	}
	if n <= pagesInline {
		w := m.BeginReply(16 + len(data))
		copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, n)), data)
		return m.FinishReply(&w)
	}
	c, err := vm.NewCopy(k.env, data)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgInteger64, 64, n, m.PutMemory(c), false)
	return m.FinishReply(&w)
}
