package main

import (
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// offsets maps and serves an object at the end of all offsets. No range may go beyond it, and none that begins near it comes out elsewhere.
func (t *tester) offsets() {
	const (
		last   = ^uint64(mach.PageMask) // the last page's offset
		before = last - mach.PageSize
	)
	o := t.NewObject(1)
	o.Ready(false, mach.CopyDelay)
	for _, bad := range [...]struct {
		name         string
		offset, size uint64
		want         mach.Return
	}{
		{"vm_map that ends at 2^64", last, mach.PageSize, mach.InvalidArgument},
		{"vm_map beyond 2^64", last, 2 * mach.PageSize, mach.InvalidArgument},
		{"vm_map far beyond 2^64", before, 1 << 63, mach.InvalidArgument},
		{"vm_map of an offset that is no page's", before + 1, mach.PageSize, mach.InvalidArgument},
		{"vm_map of more than there are addresses", 0, 1 << 63, mach.NoSpace},
		{"vm_map of a size that rounds to 0", 0, ^uint64(0), mach.NoSpace},
	} {
		_, ret := t.Map(o.Port, bad.offset, bad.size)
		t.Check(bad.name, ret, bad.want)
	}
	at, ret := t.Map(o.Port, before-mach.PageSize, 2*mach.PageSize)
	t.Check("vm_map of pages before the last", ret, mach.Success)
	p := t.Probe(at+mach.PageSize, true, mach.NameNull)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Holds("its offset is what was mapped", o.Last.Offset == before && o.Last.Length == mach.PageSize)
	t.Check("memory_object_data_supply beyond 2^64", o.Supplied(last, 1), mach.InvalidArgument)
	t.Holds("is no answer", p.Waits())
	t.Check("memory_object_data_supply", o.Supplied(before, 8), mach.Success)
	t.Holds("is one", p.Touched())
	t.Check("thread_terminate", p.End(), mach.Success)

	handler := libmach.ReplyPort()
	for _, size := range [...]uint64{mach.PageSize, 2 * mach.PageSize, 3 * mach.PageSize, ^uint64(mach.PageMask)} {
		p = t.Probe(at, false, handler)
		t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
		t.Check("memory_object_data_error", t.Client.MemoryObjectDataError(o.Control, before-mach.PageSize, size, mach.Failure), mach.Success)
		t.Check("is an exception", t.Raised(handler), mach.MemoryError)
		t.Check("thread_terminate", p.End(), mach.Success)
	}
	// A range that goes round does not reach the pages at the beginning.
	p = t.Probe(o.At, false, handler)
	t.Check("memory_object_data_request", o.Next(mach.IDMemoryObjectDataRequest), mach.Success)
	t.Must("memory_object_data_error", t.Client.MemoryObjectDataError(o.Control, last, 4*mach.PageSize, mach.Failure))
	t.Must("memory_object_data_unavailable", t.Client.MemoryObjectDataUnavailable(o.Control, before, ^uint64(mach.PageMask)))
	t.Holds("the first page is still waited for", p.Waits())
	o.Supply(0, 9, mach.ProtNone, mach.NameNull)
	t.Holds("and comes", p.Touched())
	t.Check("thread_terminate", p.End(), mach.Success)
	o.Memory()[0] = 10

	for _, size := range [...]uint64{mach.PageSize, 2 * mach.PageSize, 3 * mach.PageSize, ^uint64(0)} {
		libmach.Memory(at, 2*mach.PageSize)[mach.PageSize] = byte(size>>mach.PageShift) | 1
		o.Lock("memory_object_lock_request to the end and beyond", libmach.Lock{Offset: before, Size: size, Return: mach.ReturnDirty, Lock: mach.ProtNoChange})
		t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
		t.Holds("of one page", o.Last.Offset == before && o.Last.Length == mach.PageSize && o.Last.First == byte(size>>mach.PageShift)|1)
		t.Check("and not of the first", o.Nothing(), mach.Success)
	}
	libmach.Memory(at, 2*mach.PageSize)[mach.PageSize] = 11
	t.Check("vm_msync of the last pages", wire.VmMsync(t.Client, t.Task, at, 2*mach.PageSize, synchronous), mach.Success)
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	libmach.Memory(at, 2*mach.PageSize)[mach.PageSize] = 12
	t.Check("vm_object_sync beyond the end", wire.VmObjectSync(t.Client, o.Name, before+5, ^uint64(0), false, true, true), mach.Success)
	t.Check("memory_object_data_return", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Holds("of one page", o.Last.Offset == before && o.Last.First == 12)

	// A copy of the last pages: what is written to the object then does not come into it.
	copied, ret := t.Client.VMMap(t.Task, libmach.Map{
		Size: mach.PageSize, Anywhere: true, Object: o.Port, Offset: before, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
	})
	t.Check("vm_map of a copy", ret, mach.Success)
	libmach.Memory(at, 2*mach.PageSize)[mach.PageSize] = 13
	mine := libmach.Memory(copied, mach.PageSize)
	t.Holds("a copy is as the page was", mine[0] == 12)
	mine[0] = 14
	t.Holds("and is written by itself", libmach.Memory(at, 2*mach.PageSize)[mach.PageSize] == 13)
	t.Unmap(copied, mach.PageSize)
	t.Unmap(at, 2*mach.PageSize)
	t.Unmap(o.At, o.Size)
	t.Check("memory_object_data_return in the end", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Check("memory_object_data_return in the end", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	t.Destroy(handler)
	o.Close()

	object, ret := t.Client.ObjectCreate(t.pager, mach.PageSize)
	t.Check("default_pager_object_create", ret, mach.Success)
	at, ret = t.Map(object, before, mach.PageSize)
	t.Check("vm_map far behind the default pager's object", ret, mach.Success)
	t.Check("there is nothing", t.Readable(at), mach.MemoryError)
	t.Check("to be written either", t.Write(t.Task, at, 1), mach.MemoryError)
	t.Unmap(at, mach.PageSize)
	t.Drop(object)
}
