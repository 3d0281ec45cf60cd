package libmach

import "defpager/mach"

// MemoryManager is a server of memory objects: what it does when the kernel wants something of it. Object is the name of the receive
// right on which the request came, control that of a send right to the object's control port, which stays the same from Init to
// Terminate. Offsets and lengths are bytes, whole pages.
type MemoryManager interface {
	// Init is the beginning: somebody mapped the object. The kernel waits for MemoryObjectReady.
	Init(object, control, name mach.Name)
	// DataRequest wants a page for an access. The answer is MemoryObjectDataSupply, DataUnavailable or DataError.
	DataRequest(object, control mach.Name, offset, length uint64, access mach.Prot)
	// DataUnlock wants an access that the page's lock forbids. The answer is MemoryObjectLockRequest.
	DataUnlock(object, control mach.Name, offset, length uint64, access mach.Prot)
	// DataReturn brings pages back; data go when it returns. dirty: somebody wrote to them. kept: the kernel still has a copy.
	DataReturn(object, control mach.Name, offset uint64, data []byte, dirty, kept bool)
	// Terminate is the end: nobody maps the object any more. The control port and its name go when it returns.
	Terminate(object, control mach.Name)
}

// MemoryObjectServer hands a message of the kernel to the manager that it is for (memory_object_server in the manual). The error is
// MIGBadID for any other message, and MIGBadArguments: what the message brought is then as it was, for DestroyMessage.
func (c *Client) MemoryObjectServer(m Message, h MemoryManager) mach.Return {
	r := m.Reader()
	object := m.Port()
	switch m.ID() {
	case mach.IDMemoryObjectInit:
		control, name := r.Port(mach.MsgPortSend), r.Port(mach.MsgPortSend)
		r.Uint64()
		if r.End() == mach.Success {
			h.Init(object, control, name)
			return mach.Success
		}
	case mach.IDMemoryObjectDataRequest, mach.IDMemoryObjectDataUnlock:
		control, offset, length := r.Port(mach.MsgPortSend), r.Uint64(), r.Uint64()
		access := mach.Prot(r.Int32())
		switch {
		case r.End() != mach.Success:
		case m.ID() == mach.IDMemoryObjectDataRequest:
			h.DataRequest(object, control, offset, length, access)
			return mach.Success
		default:
			h.DataUnlock(object, control, offset, length, access)
			return mach.Success
		}
	case mach.IDMemoryObjectDataReturn:
		control, offset := r.Port(mach.MsgPortSend), r.Uint64()
		at, size := r.OutOfLine(mach.MsgByte, 8)
		dirty, kept := r.Bool(), r.Bool()
		if r.End() == mach.Success {
			h.DataReturn(object, control, offset, Memory(mach.VirtAddr(at), uint64(size)), dirty, kept)
			return VMDeallocate(c.Task(), mach.VirtAddr(at), uint64(size))
		}
	case mach.IDMemoryObjectTerminate:
		control, name := r.Port(mach.MsgPortReceive), r.Port(mach.MsgPortReceive)
		if r.End() == mach.Success {
			h.Terminate(object, control)
			c.PortDestroy(c.Task(), name)
			return c.PortDestroy(c.Task(), control)
		}
	default:
		return mach.MIGBadID
	}
	return mach.MIGBadArguments
}

// MemoryObjectCompletion is what lock_completed and supply_completed messages tell, on the port that the request named.
type MemoryObjectCompletion struct {
	Control      mach.Name
	Offset, Size uint64
	Result       mach.Return // of a supply: MemoryPresent when the page at Failed had contents already
	Failed       uint64
}

// ReadMemoryObjectCompletion decodes such a message. The error is MIGBadID or MIGBadArguments.
func ReadMemoryObjectCompletion(m Message) (MemoryObjectCompletion, mach.Return) {
	if m.ID() != mach.IDMemoryObjectLockCompleted && m.ID() != mach.IDMemoryObjectSupplyCompleted {
		return MemoryObjectCompletion{}, mach.MIGBadID
	}
	r := m.Reader()
	c := MemoryObjectCompletion{Control: r.Port(mach.MsgPortSend), Offset: r.Uint64(), Size: r.Uint64()}
	if m.ID() == mach.IDMemoryObjectSupplyCompleted {
		c.Result, c.Failed = mach.Return(r.Int32()), r.Uint64()
	}
	return c, r.End()
}
