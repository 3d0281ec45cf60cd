package main

import (
	"cmp"
	"encoding/binary"
	"slices"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// calls are those of the subsystem default_pager.
type calls struct{ *pager }

// DefaultPagerObjectCreate implements wire.DefaultPagerServer.
func (p calls) DefaultPagerObjectCreate(pager mach.Name, size uint64) (mach.Name, mach.Return) {
	if pager != p.port || size == ^uint64(0) {
		return mach.NameNull, mach.InvalidArgument
	}
	port, code := libmach.PortAllocate(p.task, mach.RightReceive)
	if code != mach.Success {
		return mach.NameNull, code
	}
	o, code := p.add(port, size)
	if code != mach.Success {
		_ = p.client.PortDestroy(p.task, port)
		return mach.NameNull, code
	}
	p.watch(o, 1) // the reply makes the first
	return port, mach.Success
}

// DefaultPagerInfo implements wire.DefaultPagerServer.
func (p calls) DefaultPagerInfo(pager mach.Name) (wire.DefaultPagerInfoT, mach.Return) {
	if pager != p.port {
		return wire.DefaultPagerInfoT{}, mach.InvalidArgument
	}
	s := p.frames.Stats()
	return wire.DefaultPagerInfoT{DpiTotalSpace: s.Total.Bytes(), DpiFreeSpace: (s.Free - s.Reserved).Bytes(), DpiPageSize: mach.PageSize}, mach.Success
}

// listMax is how many objects or pages a list shows.
const listMax = 128

// DefaultPagerObjects implements wire.DefaultPagerServer.
func (p calls) DefaultPagerObjects(pager mach.Name, _, _ uint32) (objects, ports mig.Array, code mach.Return) {
	if pager != p.port {
		return objects, ports, mach.InvalidArgument
	}
	var all []*object
	for _, o := range p.pager.objects {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *object) int { return cmp.Compare(a.id, b.id) })
	for _, o := range all[:min(len(all), listMax)] {
		objects.Data = binary.LittleEndian.AppendUint64(objects.Data, o.id)
		objects.Data = binary.LittleEndian.AppendUint64(objects.Data, uint64(len(o.pages))*mach.PageSize)
		objects.Count++
	}
	return objects, ports, mach.Success
}

// DefaultPagerObjectPages implements wire.DefaultPagerServer. A right to an object has the name of the receive right.
func (p calls) DefaultPagerObjectPages(pager, object mach.Name, _ uint32) (pages mig.Array, code mach.Return) {
	o := p.pager.objects[object]
	if o != nil {
		_ = libmach.PortDeallocate(p.task, object)
	}
	if pager != p.port || o == nil {
		return pages, mach.InvalidArgument
	}
	var all []uint64
	for offset := range o.pages {
		all = append(all, offset)
	}
	slices.Sort(all)
	for _, offset := range all[:min(len(all), listMax)] {
		pages.Data = binary.LittleEndian.AppendUint64(pages.Data, offset)
		pages.Count++
	}
	return pages, mach.Success
}

// DefaultPagerObjectSetSize implements wire.DefaultPagerServer. Pages beyond a smaller limit go, here and in the kernel, and what the last holds
// behind it becomes zeros, here or when the kernel has returned it.
func (p calls) DefaultPagerObjectSetSize(port mach.Name, limit uint64) mach.Return {
	o := p.pager.objects[port]
	if o == nil || o.size == ^uint64(0) || limit == ^uint64(0) {
		return mach.InvalidArgument
	}
	if limit < o.size {
		old, end := mach.Pages(o.size).Bytes(), mach.Pages(limit).Bytes()
		for offset := range o.pages {
			if offset >= end {
				p.forget(o, offset)
			}
		}
		if o.control != mach.NameNull && old > end {
			p.client.MemoryObjectLockRequest(o.control, libmach.Lock{Offset: end, Size: old - end, Flush: true, Lock: mach.ProtNoChange})
		}
		if tail := limit & mach.PageMask; tail != 0 {
			p.cut(o, limit-tail, tail)
		}
	}
	o.size = limit
	return mach.Success
}

// cut makes zeros of what the page at an offset holds from a place on.
func (p calls) cut(o *object, offset, from uint64) {
	if t, ok := o.pages[offset]; ok {
		if f, err := p.store.Fetch(t); err == nil {
			delete(o.pages, offset)
			p.page = *p.mem.Frame(f)
			p.frames.Free(f)
			clear(p.page[from:])
			p.keep(o, offset, p.page[:])
		}
	}
	if o.control != mach.NameNull {
		o.tails[offset] = from
		p.client.MemoryObjectLockRequest(o.control, libmach.Lock{
			Offset: offset, Size: mach.PageSize, Return: mach.ReturnAll, Flush: true, Lock: mach.ProtNoChange,
		})
	}
}

// DefaultPagerPagingFile implements wire.DefaultPagerServer: pages are kept in memory only.
func (p calls) DefaultPagerPagingFile(_, _ mach.Name, _ []byte, _ bool) mach.Return {
	return mach.InvalidArgument
}

// DefaultPagerRegisterFileserver implements wire.DefaultPagerServer.
func (p calls) DefaultPagerRegisterFileserver(_, _ mach.Name) mach.Return {
	return mach.InvalidArgument
}

// DefaultPagerStorageInfo implements wire.DefaultPagerServer.
func (p calls) DefaultPagerStorageInfo(pager mach.Name) (size, free, name mig.Array, code mach.Return) {
	if pager != p.port {
		code = mach.InvalidArgument
	}
	return size, free, name, code
}

// DefaultPagerPagingStorageNew implements wire.DefaultPagerServer.
func (p calls) DefaultPagerPagingStorageNew(_, _ mach.Name, _ mig.Array, _ []byte, _ bool) mach.Return {
	return mach.InvalidArgument
}
