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
	before, ret := t.client.PagerInfo(t.pager)
	t.check("default_pager_info", ret, mach.Success)
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
		object, ret := t.client.ObjectCreate(t.pager, x.size)
		t.check(x.name, ret, mach.ResourceShortage)
		if ret == mach.Success {
			t.destroy(object)
		}
	}
	after, ret := t.client.PagerInfo(t.pager)
	t.must("default_pager_info", ret)
	t.holds("a refused object reserves nothing", after == before)
	t.emptyObject()
	t.allMemory()
	t.beyondObject()
}

// emptyObject has no pages: it can be made and dropped, but of nothing there is nothing to map.
func (t *tester) emptyObject() {
	object, ret := t.client.ObjectCreate(t.pager, 0)
	t.check("object of 0 bytes", ret, mach.Success)
	_, ret = t.client.VMMap(t.task, t.mapOf(object, 0))
	t.check("vm_map of 0 bytes", ret, mach.InvalidArgument)
	t.check("object of 0 bytes dropped", t.client.PortDeallocate(t.task, object), mach.Success)
}

// allMemory lets one object reserve all memory, so that there is none for a second; after its end there is.
//
// How large that object can be is found by trying: the pager's own tables take a little of what is free.
func (t *tester) allMemory() {
	info, ret := t.client.PagerInfo(t.pager)
	t.must("default_pager_info", ret)
	margin := uint64(0)
	if t.quiet {
		margin = 1 << 20 // the rehearsal itself still needs some
	}
	pages := uint64(0)
	for beyond := (info.Free-margin)/mach.PageSize + 1; beyond-pages > 1; {
		middle := pages + (beyond-pages)/2
		object, ret := t.client.ObjectCreate(t.pager, middle*mach.PageSize)
		if ret == mach.Success {
			pages = middle
			t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, object))
		} else {
			beyond = middle
		}
	}
	first, ret := t.client.ObjectCreate(t.pager, pages*mach.PageSize)
	t.check("an object of all free memory", ret, mach.Success)
	t.holds("the tables for it are less than a hundredth", pages*mach.PageSize > info.Free-info.Free/100-margin)

	var rest [16]mach.Name // what is left is less than a page and the tables of an object
	n := 0
	for ret = mach.Success; n < len(rest); n++ {
		if rest[n], ret = t.client.ObjectCreate(t.pager, (1+margin/mach.PageSize)*mach.PageSize); ret != mach.Success {
			break
		}
	}
	t.check("an object when others have all", ret, mach.ResourceShortage)
	for _, object := range rest[:n] {
		t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, object))
	}
	t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, first))
	second, ret := t.client.ObjectCreate(t.pager, mach.PageSize)
	t.check("an object after the others", ret, mach.Success)
	t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, second))
}

// beyondObject maps more than an object has: that is allowed, and mach_msg finds the end of it without a fault of the task.
func (t *tester) beyondObject() {
	object, ret := t.client.ObjectCreate(t.pager, mach.PageSize)
	t.must("default_pager_object_create", ret)
	at, ret := t.client.VMMap(t.task, t.mapOf(object, 2*mach.PageSize))
	t.check("vm_map beyond an object's size", ret, mach.Success)
	if ret == mach.Success {
		clear(libmach.Memory(at, mach.PageSize))
		ret = libmach.Msg(at+mach.PageSize, mach.OptSend, mach.HeaderSize, 0, mach.NameNull, 0, mach.NameNull)
		t.check("a message beyond an object's size", ret, mach.SendInvalidData)
		t.deallocate(at, 2)
	}
	t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, object))
}

// strangers ask for an object without the pager's port.
func (t *tester) strangers() {
	dead, unused := t.deadName(), t.unusedName()
	for _, x := range [...]struct {
		name string
		to   mach.Name
		want mach.Return
	}{
		{"object through a null name", mach.NameNull, mach.SendInvalidDest},
		{"object through the name of a dead port", mach.NameDead, mach.SendInvalidDest},
		{"object through a dead name", dead, mach.SendInvalidDest},
		{"object through an unused name", unused, mach.SendInvalidDest},
		{"object through the task's port", t.task, mach.MIGBadID},
		{"object through the host's port", t.host, mach.MIGBadID},
	} {
		if x.to == mach.NameNull && x.to == t.host && x.want == mach.MIGBadID {
			continue
		}
		_, ret := t.client.ObjectCreate(x.to, mach.PageSize)
		t.check(x.name, ret, x.want)
	}
	t.destroy(dead)
	if t.pager == mach.NameNull {
		return
	}
	object, ret := t.client.ObjectCreate(t.pager, mach.PageSize)
	t.must("default_pager_object_create", ret)
	_, ret = t.client.ObjectCreate(object, mach.PageSize)
	t.check("object through another object's port", ret, mach.InvalidArgument)
	t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, object))
}

// mapOf is a mapping of the beginning of an object, anywhere.
func (t *tester) mapOf(object mach.Name, size uint64) libmach.Map {
	return libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritNone,
	}
}
