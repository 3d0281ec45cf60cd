package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// serveControl takes what a manager says on its object's control port. Only get_attributes has a reply; the others are
// answered, if at all, by a completion message to the right that they carry. A request that is wrong is answered with its
// code where a reply right came in the header, as a stub of MIG does.
func (k *Kernel) serveControl(o *memoryObject, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDMemoryObjectReady:
		mayCache, strategy := r.Bool(), r.Int32()
		if r.End() == mach.Success {
			return o.ready(m, mayCache, mach.CopyStrategy(strategy), ipc.Right{})
		}
	case mach.IDMemoryObjectChangeAttributes:
		mayCache, strategy := r.Bool(), r.Int32()
		handle, kind := r.PolyPort()
		if r.End() == mach.Success && kind != mach.MsgPortReceive {
			return o.ready(m, mayCache, mach.CopyStrategy(strategy), m.TakeRight(handle))
		}
	case mach.IDMemoryObjectGetAttributes:
		if r.End() == mach.Success {
			a := o.memory.Attributes()
			w := m.BeginReply(3 * 16)
			w.Bool(a.Ready)
			w.Bool(a.MayCache)
			w.Int32(int32(a.Strategy))
			return m.FinishReply(&w)
		}
	case mach.IDMemoryObjectDataSupply:
		s := supply{offset: r.Uint64()}
		data, size := r.OutOfLine(mach.MsgByte, 8)
		s.lock, s.precious = mach.Prot(r.Int32()), r.Bool()
		handle, kind := r.PolyPort()
		if r.End() != mach.Success || kind == mach.MsgPortReceive {
			break
		}
		s.to = m.TakeRight(handle)
		s.data, _ = m.TakeMemory(data).(*vm.Copy)
		if s.size = uint64(size); s.data != nil && s.data.Size() == s.size {
			return k.supply(o, m, s)
		}
		s.drop()
		return simple(m, mach.InvalidArgument)
	case mach.IDMemoryObjectDataUnavailable:
		offset, size := r.Uint64(), r.Uint64()
		if r.End() == mach.Success {
			return simple(m, mach.Code(o.memory.Unavailable(offset, size)))
		}
	case mach.IDMemoryObjectDataError:
		offset, size := r.Uint64(), r.Uint64()
		r.Int32() // why: whoever waits learns MemoryError in any case
		if r.End() == mach.Success {
			return simple(m, mach.Code(o.memory.Refuse(offset, size)))
		}
	case mach.IDMemoryObjectLockRequest:
		q := vm.LockRequest{Offset: r.Uint64(), Size: r.Uint64(), Return: mach.MemoryReturn(r.Int32())}
		flush := r.BoolBits()
		q.Flush, q.CopySync, q.Lock = flush&^mach.CopySync != 0, flush&mach.CopySync != 0, mach.Prot(r.Int32())
		handle, kind := r.PolyPort()
		if r.End() == mach.Success && kind != mach.MsgPortReceive {
			return o.lock(m, &q, m.TakeRight(handle))
		}
	case mach.IDMemoryObjectDestroy:
		r.Int32() // why: as for data_error
		if r.End() == mach.Success {
			o.memory.Sever()
			k.partFrom(o)
			return simple(m, mach.Success)
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// simple ends a request that has no reply when it succeeds.
func simple(m *ipc.Message, code mach.Return) *ipc.Message {
	if code == mach.Success {
		code = mach.MIGNoReply
	}
	return m.ReplyCode(code)
}

// ready is memory_object_ready, and memory_object_change_attributes with to (consumed) as its reply port.
func (o *memoryObject) ready(m *ipc.Message, mayCache bool, strategy mach.CopyStrategy, to ipc.Right) *ipc.Message {
	if err := o.memory.Ready(mayCache, strategy); err != nil {
		to.Release()
		return simple(m, mach.Code(err))
	}
	if !to.Null() {
		// The completion follows a termination that the change causes.
		o.kernel.env.Settle()
		o.changed(to, mayCache, strategy)
	}
	return simple(m, mach.Success)
}

// lock is memory_object_lock_request; to (consumed) gets its completion.
func (o *memoryObject) lock(m *ipc.Message, q *vm.LockRequest, to ipc.Right) *ipc.Message {
	if to.Port != nil {
		q.Reply = to
	}
	err := o.memory.LockRequest(q)
	if err != nil {
		to.Release()
	}
	return simple(m, mach.Code(err))
}

// supply is a data_supply under way.
type supply struct {
	offset, size, done uint64
	data               *vm.Copy
	lock               mach.Prot
	precious           bool
	to                 ipc.Right // gets the completion
}

// drop gives up what is left of a supply.
func (s *supply) drop() {
	if s.data != nil {
		s.data.Discard()
	}
	s.to.Release()
}

// supply does memory_object_data_supply.
func (k *Kernel) supply(o *memoryObject, m *ipc.Message, s supply) *ipc.Message {
	done, err := o.memory.Supply(s.offset, s.data, s.done, s.lock, s.precious)
	s.done = done
	if err == vm.Wait {
		return k.supplyLater(o, m, s)
	}
	return o.endSupply(m, s, err)
}

// supplyLater goes on with a supply when the page is there that its own data need: they lie in some manager's object, too.
func (k *Kernel) supplyLater(o *memoryObject, m *ipc.Message, s supply) *ipc.Message {
	return k.later(nil, m, s.to, func(err error) *ipc.Message {
		switch {
		case o.over():
			s.drop()
			return simple(m, mach.InvalidArgument)
		case err != nil:
			return o.endSupply(m, s, err)
		}
		return k.supply(o, m, s)
	})
}

func (o *memoryObject) endSupply(m *ipc.Message, s supply, err error) *ipc.Message {
	s.data.Discard()
	if mach.Code(err) == mach.ResourceShortage && s.to.Port == nil {
		// The manager does not learn that there was no memory: who waits for the pages does, and asks again.
		_ = o.memory.Refuse(s.offset+s.done, s.size-s.done)
	}
	code, failed := mach.Code(err), uint64(0)
	if code != mach.Success {
		failed = s.offset + s.done
	}
	o.supplied(s.to, s.offset, s.size, code, failed)
	return simple(m, code)
}
