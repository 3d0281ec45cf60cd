package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// objects asks the pager for memory objects of impossible sizes, of more than there is, and through the wrong ports.
func (t *tester) objects() {
	t.strangers()
	if t.pager == mach.NameNull {
		return
	}
	before, ret := t.Client.PagerInfo(t.pager)
	t.Check("default_pager_info", ret, mach.Success)
	for _, x := range [...]struct {
		name string
		size uint64
	}{
		{"object of 2^64-1 bytes", ^uint64(0)},
		{"object of 2^64-4096 bytes", ^uint64(mach.PageMask)},
		{"object of 2^63 bytes", 1 << 63},
		{"object of 128 TiB", uint64(mach.MaxUser)},
		{"object larger than free memory", before.Free + mach.PageSize},
	} {
		object, ret := t.Client.ObjectCreate(t.pager, x.size)
		t.Check(x.name, ret, mach.ResourceShortage)
		if ret == mach.Success {
			t.Destroy(object)
		}
	}
	after, ret := t.Client.PagerInfo(t.pager)
	t.Must("default_pager_info", ret)
	t.Holds("a refused object reserves nothing", after == before)
	t.emptyObject()
	t.allMemory()
	t.beyondObject()
}

// emptyObject has no pages: it can be made and dropped, but of nothing there is nothing to map.
func (t *tester) emptyObject() {
	object, ret := t.Client.ObjectCreate(t.pager, 0)
	t.Check("object of 0 bytes", ret, mach.Success)
	_, ret = t.Client.VMMap(t.Task, t.mapOf(object, 0))
	t.Check("vm_map of 0 bytes", ret, mach.InvalidArgument)
	t.Check("object of 0 bytes dropped", t.Client.PortDeallocate(t.Task, object), mach.Success)
}

// allMemory lets one object reserve all memory, so that there is none for a second; after its end there is.
//
// How large that object can be is found by trying: the pager's own tables take a little of what is free.
func (t *tester) allMemory() {
	info, ret := t.Client.PagerInfo(t.pager)
	t.Must("default_pager_info", ret)
	margin := uint64(0)
	if t.Quiet {
		margin = 1 << 20 // the rehearsal itself still needs some
	}
	pages := uint64(0)
	for beyond := (info.Free-margin)/mach.PageSize + 1; beyond-pages > 1; {
		middle := pages + (beyond-pages)/2
		object, ret := t.Client.ObjectCreate(t.pager, middle*mach.PageSize)
		if ret == mach.Success {
			pages = middle
			t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, object))
		} else {
			beyond = middle
		}
	}
	first, ret := t.Client.ObjectCreate(t.pager, pages*mach.PageSize)
	t.Check("an object of all free memory", ret, mach.Success)
	t.Holds("the tables for it are less than a hundredth", pages*mach.PageSize > info.Free-info.Free/100-margin)

	var rest [16]mach.Name // what is left is less than a page and the tables of an object
	n := 0
	for ret = mach.Success; n < len(rest); n++ {
		if rest[n], ret = t.Client.ObjectCreate(t.pager, (1+margin/mach.PageSize)*mach.PageSize); ret != mach.Success {
			break
		}
	}
	t.Check("an object when others have all", ret, mach.ResourceShortage)
	for _, object := range rest[:n] {
		t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, object))
	}
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, first))
	second, ret := t.Client.ObjectCreate(t.pager, mach.PageSize)
	t.Check("an object after the others", ret, mach.Success)
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, second))
}

// beyondObject maps more than an object has: that is allowed, and mach_msg finds the end of it without a fault of the task.
func (t *tester) beyondObject() {
	object, ret := t.Client.ObjectCreate(t.pager, mach.PageSize)
	t.Must("default_pager_object_create", ret)
	at, ret := t.Client.VMMap(t.Task, t.mapOf(object, 2*mach.PageSize))
	t.Check("vm_map beyond an object's size", ret, mach.Success)
	if ret == mach.Success {
		clear(libmach.Memory(at, mach.PageSize))
		ret = libmach.Msg(at+mach.PageSize, mach.OptSend, mach.HeaderSize, 0, mach.NameNull, 0, mach.NameNull)
		t.Check("a message beyond an object's size", ret, mach.SendInvalidData)
		t.deallocate(at, 2)
	}
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, object))
}

// strangers ask for an object without the pager's port.
func (t *tester) strangers() {
	dead, unused := t.DeadName(), t.unusedName()
	for _, x := range [...]struct {
		name string
		to   mach.Name
		want mach.Return
	}{
		{"object through a null name", mach.NameNull, mach.SendInvalidDest},
		{"object through the name of a dead port", mach.NameDead, mach.SendInvalidDest},
		{"object through a dead name", dead, mach.SendInvalidDest},
		{"object through an unused name", unused, mach.SendInvalidDest},
		{"object through the task's port", t.Task, mach.MIGBadID},
		{"object through the host's port", t.host, mach.MIGBadID},
	} {
		if x.to == mach.NameNull && x.to == t.host && x.want == mach.MIGBadID {
			continue
		}
		_, ret := t.Client.ObjectCreate(x.to, mach.PageSize)
		t.Check(x.name, ret, x.want)
	}
	t.Destroy(dead)
	if t.pager == mach.NameNull {
		return
	}
	object, ret := t.Client.ObjectCreate(t.pager, mach.PageSize)
	t.Must("default_pager_object_create", ret)
	_, ret = t.Client.ObjectCreate(object, mach.PageSize)
	t.Check("object through another object's port", ret, mach.InvalidArgument)
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, object))
}

// mapOf is a mapping of the beginning of an object, anywhere.
func (t *tester) mapOf(object mach.Name, size uint64) libmach.Map {
	return libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritNone,
	}
}
