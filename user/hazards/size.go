package main

import (
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

// shrinks makes objects of the default pager smaller than the superpage that shows them, and larger again.
func (t *tester) shrinks() {
	const size = 2 * mach.SuperSize
	object, ret := t.Client.ObjectCreate(t.pager, size)
	t.Check("default_pager_object_create", ret, mach.Success)
	at, ret := t.Client.VMMap(t.Task, libmach.Map{
		Size: size, Mask: mach.SuperSize - 1, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.Check("vm_map at a superpage's boundary", ret, mach.Success)
	memory := libmach.Memory(at, size)
	before := t.faults()
	for i := uint64(0); i < size; i += mach.PageSize {
		memory[i] = byte(i >> mach.PageShift)
	}
	t.Holds("a superpage brings all at once", t.faults()-before < 16)

	const rest = mach.SuperSize + 3*mach.PageSize + 100 // within the second superpage
	child := t.child()
	there, ret := t.Client.VMMap(child, libmach.Map{
		Size: size, Mask: mach.SuperSize - 1, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.Check("vm_map into another task", ret, mach.Success)
	memory[rest] = 0xee
	t.Check("default_pager_object_set_size below a superpage", t.Client.ObjectSetSize(object, rest), mach.Success)
	same := true
	for i := uint64(0); i < rest; i += mach.PageSize {
		same = same && memory[i] == byte(i>>mach.PageShift)
	}
	t.Holds("what is left is as it was", same)
	handler := libmach.ReplyPort()
	for _, task := range [...]mach.Name{t.Task, child} {
		base := at
		if task == child {
			base = there
		}
		_, ret = t.Peek(task, base+mach.SuperSize+3*mach.PageSize)
		t.Check("vm_read of the last page", ret, mach.Success)
		_, ret = t.Peek(task, base+mach.SuperSize+4*mach.PageSize)
		t.Check("vm_read behind the end", ret, mach.MemoryError)
		t.Check("vm_write behind the end", t.Write(task, base+size-1, 1), mach.MemoryError)
		p := t.ProbeIn(task, base+mach.SuperSize+4*mach.PageSize, true, handler)
		t.Check("a write behind the end", t.Raised(handler), mach.MemoryError)
		t.Check("thread_terminate", p.End(), mach.Success)
	}
	t.Check("default_pager_object_set_size to what it was", t.Client.ObjectSetSize(object, size), mach.Success)
	zeros := memory[rest] == 0
	for i := uint64(mach.SuperSize + 4*mach.PageSize); i < size; i += mach.PageSize {
		zeros = zeros && memory[i] == 0
	}
	t.Holds("what comes back is zeros", zeros)
	t.Check("default_pager_object_set_size to nothing", t.Client.ObjectSetSize(object, 0), mach.Success)
	t.Check("vm_read of nothing", t.Readable(at), mach.MemoryError)
	t.Check("default_pager_object_set_size to all again", t.Client.ObjectSetSize(object, size), mach.Success)
	t.Holds("all is zeros", memory[0] == 0 && memory[size-1] == 0)
	t.kill(child)
	t.Unmap(at, size)
	t.Drop(object)
	t.Destroy(handler)
}

// faults is the number of page faults since the start.
func (t *tester) faults() uint32 {
	s, ret := t.Client.VMStatistics(t.Task)
	t.Must("vm_statistics", ret)
	return s.Faults
}

// Flags of vm_msync.
const (
	asynchronous = 1 << iota
	synchronous
	invalidate
)

// syncs has what was written returned to its manager: at once, or the call waits until all of it is on its way. A manager takes no more than four
// pieces that it has not received.
func (t *tester) syncs() {
	const pages, unread = 16, 4
	o := t.NewObject(pages)
	o.Ready(false, mach.CopyDelay)
	for i := uint64(0); i < pages; i++ {
		o.Supply(i*mach.PageSize, 0, mach.ProtNone, mach.NameNull)
	}
	memory := o.Memory()
	round := byte(0)
	dirty := func() { // every second page, so that each is a piece
		round++
		for i := uint64(0); i < o.Size; i += 2 * mach.PageSize {
			memory[i] = round
		}
	}
	receive := func(name string, from, n uint64, kept bool) {
		ok := true
		for i := from; i < from+n; i++ {
			ret := o.Next(mach.IDMemoryObjectDataReturn)
			ok = ok && ret == mach.Success && o.Last == trial.Last{Offset: i * 2 * mach.PageSize, Length: mach.PageSize, First: round, Dirty: true, Kept: kept}
		}
		t.Holds(name, ok)
	}
	msync := func(flags int32) trial.Request {
		return t.Send(t.Task, mach.IDVMMsync, false, func(w *mig.Writer) {
			w.Uint64(uint64(o.At))
			w.Uint64(o.Size)
			w.Int32(flags)
		})
	}
	objectSync := func(flush, wait bool) trial.Request {
		return t.Send(o.Name, mach.IDVMObjectSync, false, func(w *mig.Writer) {
			w.Uint64(0)
			w.Uint64(o.Size)
			w.Bool(flush)
			w.Bool(true)
			w.Bool(wait)
		})
	}
	t.Check("vm_msync both ways", wire.VmMsync(t.Client, t.Task, o.At, o.Size, asynchronous|synchronous), mach.InvalidArgument)
	t.Check("vm_msync of unmapped memory", wire.VmMsync(t.Client, t.Task, o.At+1<<40, o.Size, synchronous), mach.InvalidAddress)
	for i := uint64(0); i < pages; i++ { // what is supplied is precious: it goes back once
		memory[i*mach.PageSize] = 0
	}
	t.Check("vm_object_sync", wire.VmObjectSync(t.Client, o.Name, 0, o.Size, false, true, true), mach.Success)
	t.Check("memory_object_data_return of all in one piece", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("all is there", o.Last == trial.Last{Length: o.Size, Dirty: true, Kept: true})

	for _, object := range [...]bool{false, true} {
		dirty()
		var r trial.Request
		if object {
			r = objectSync(false, true)
		} else {
			r = msync(synchronous)
		}
		t.Holds("a synchronous sync waits while the manager reads nothing", r.Waits())
		receive("the first pieces", 0, unread, true)
		t.Check("then all is on its way", r.Answer(), mach.Success)
		receive("and the others come", unread, pages/2-unread, true)
		t.Check("nothing comes twice", o.Nothing(), mach.Success)

		dirty()
		if object {
			r = objectSync(false, false)
		} else {
			r = msync(asynchronous)
		}
		t.Check("an asynchronous sync does not wait", r.Answer(), mach.Success)
		receive("all pieces come", 0, pages/2, true)
		t.Check("nothing comes twice", o.Nothing(), mach.Success)
	}
	t.Check("vm_msync of clean pages", wire.VmMsync(t.Client, t.Task, o.At, o.Size, synchronous), mach.Success)
	t.Check("returns nothing", o.Nothing(), mach.Success)

	dirty()
	r := msync(synchronous | invalidate)
	t.Holds("vm_msync that takes the pages away waits", r.Waits())
	receive("the first pieces", 0, unread, false)
	t.Check("then all is on its way", r.Answer(), mach.Success)
	receive("and the others come", unread, pages/2-unread, false)
	p := t.Probe(o.At+2*mach.PageSize, false, mach.NameNull)
	t.Check("memory_object_data_request of what is gone", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	o.Supply(2*mach.PageSize, 77, mach.ProtNone, mach.NameNull)
	t.Holds("it comes back", p.Touched() && memory[2*mach.PageSize] == 77)
	t.Check("thread_terminate", p.End(), mach.Success)

	// What was written cannot be returned any more: who waits for that must not believe that it was.
	for i := uint64(0); i < pages; i += 2 {
		if i != 2 {
			o.Supply(i*mach.PageSize, 0, mach.ProtNone, mach.NameNull)
		}
	}
	dirty()
	r = msync(synchronous)
	t.Holds("vm_msync waits", r.Waits())
	t.Destroy(o.Port)
	t.Check("it ends with the manager", r.Answer(), mach.MemoryError)
	t.Check("vm_msync without a manager", wire.VmMsync(t.Client, t.Task, o.At, o.Size, synchronous), mach.MemoryError)
	t.Unmap(o.At, o.Size)
	o.Port = t.NewPort()
	o.Close()
}
