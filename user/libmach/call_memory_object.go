package libmach

import "defpager/mach"

// What a memory manager says to the kernel on an object's control port (mach/mach.defs). All but MemoryObjectGetAttributes are one
// way: a result says only that the message was sent. Offsets and sizes are bytes, whole pages.

// MemoryObjectReady says that the manager serves the object: the kernel's first requests follow.
func (c *Client) MemoryObjectReady(control mach.Name, mayCache bool, s mach.CopyStrategy) mach.Return {
	w := c.Request()
	w.Bool(mayCache)
	w.Int32(int32(s))
	return c.tell(control, mach.IDMemoryObjectReady, 0)
}

// MemoryObjectChangeAttributes changes what MemoryObjectReady said. A change_completed message goes to reply, by a send-once right made
// from a receive right; NameNull wants none.
func (c *Client) MemoryObjectChangeAttributes(control mach.Name, mayCache bool, s mach.CopyStrategy, reply mach.Name) mach.Return {
	w := c.Request()
	w.Bool(mayCache)
	w.Int32(int32(s))
	w.Port(mach.MsgMakeSendOnce, reply)
	return c.tell(control, mach.IDMemoryObjectChangeAttributes, mach.Complex)
}

// MemoryObjectGetAttributes asks for what was said.
func (c *Client) MemoryObjectGetAttributes(control mach.Name) (ready, mayCache bool, s mach.CopyStrategy, ret mach.Return) {
	c.Request()
	r, ret := c.Call(control, mach.IDMemoryObjectGetAttributes)
	if ret != mach.Success {
		return false, false, 0, ret
	}
	ready, mayCache, s = r.Bool(), r.Bool(), mach.CopyStrategy(r.Int32())
	return ready, mayCache, s, r.End()
}

// Supply is what memory_object_data_supply tells.
type Supply struct {
	Offset   uint64
	Data     []byte    // whole pages, wherever they lie
	Give     bool      // the data leave the caller's memory
	Lock     mach.Prot // accesses that the manager wants to be asked for
	Precious bool      // the manager keeps no copy: it wants the pages back even unwritten
	Reply    mach.Name // a receive right for a supply_completed message, or NameNull
}

// MemoryObjectDataSupply gives the kernel pages.
func (c *Client) MemoryObjectDataSupply(control mach.Name, s Supply) mach.Return {
	w := c.Request()
	w.Uint64(s.Offset)
	w.OutOfLine(mach.MsgByte, 8, uint32(len(s.Data)), uint64(Address(s.Data)), s.Give)
	w.Int32(int32(s.Lock))
	w.Bool(s.Precious)
	w.Port(mach.MsgMakeSendOnce, s.Reply)
	return c.tell(control, mach.IDMemoryObjectDataSupply, mach.Complex)
}

// MemoryObjectAnswer is MemoryObjectDataSupply for a page that was requested. If it cannot be sent, as there is no memory for the message, who touched
// it gets an exception: without any answer he would wait for ever.
func (c *Client) MemoryObjectAnswer(control mach.Name, s Supply) mach.Return {
	ret := c.MemoryObjectDataSupply(control, s)
	if ret != mach.Success {
		c.MemoryObjectDataError(control, s.Offset, uint64(len(s.Data)), ret)
	}
	return ret
}

// MemoryObjectDataUnavailable says that the manager has nothing for pages that were requested: they are zeros.
func (c *Client) MemoryObjectDataUnavailable(control mach.Name, offset, size uint64) mach.Return {
	w := c.Request()
	w.Uint64(offset)
	w.Uint64(size)
	return c.tell(control, mach.IDMemoryObjectDataUnavailable, 0)
}

// MemoryObjectDataError says that pages that were requested cannot be had: who touched them gets an exception.
func (c *Client) MemoryObjectDataError(control mach.Name, offset, size uint64, why mach.Return) mach.Return {
	w := c.Request()
	w.Uint64(offset)
	w.Uint64(size)
	w.Int32(int32(why))
	return c.tell(control, mach.IDMemoryObjectDataError, 0)
}

// Lock is what memory_object_lock_request tells.
type Lock struct {
	Offset, Size uint64
	Return       mach.MemoryReturn
	Flush        bool      // the kernel keeps no copy
	CopySync     bool      // what was copied from the object before gets its pages first: see mach.CopySync
	Lock         mach.Prot // accesses that the manager wants to be asked for, or ProtNoChange
	Reply        mach.Name // a receive right for a lock_completed message, or NameNull
}

// MemoryObjectLockRequest changes which accesses the kernel allows, and asks for pages back.
func (c *Client) MemoryObjectLockRequest(control mach.Name, l Lock) mach.Return {
	w := c.Request()
	w.Uint64(l.Offset)
	w.Uint64(l.Size)
	w.Int32(int32(l.Return))
	flush := uint32(0)
	if l.Flush {
		flush = 1
	}
	if l.CopySync {
		flush |= mach.CopySync
	}
	w.BoolBits(flush)
	w.Int32(int32(l.Lock))
	w.Port(mach.MsgMakeSendOnce, l.Reply)
	return c.tell(control, mach.IDMemoryObjectLockRequest, mach.Complex)
}

// MemoryObjectDestroy says that the manager will not serve the object any more. The kernel answers with memory_object_terminate.
func (c *Client) MemoryObjectDestroy(control mach.Name, why mach.Return) mach.Return {
	c.Request().Int32(int32(why))
	return c.tell(control, mach.IDMemoryObjectDestroy, 0)
}

// tell sends the request that was written and wants no reply.
func (c *Client) tell(to mach.Name, id mach.MsgID, extra mach.HeaderBits) mach.Return {
	request := c.w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|extra, to, mach.NameNull, id)
	if request == nil {
		return c.w.Err()
	}
	return Send(request, 0, 0)
}
