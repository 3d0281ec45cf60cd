package main

import (
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// overcommit: an object to which nothing is promised, and one with a promise by its flag.
func (t *tester) overcommit() {
	for _, x := range []struct {
		what  string
		size  uint64
		flags int32
		want  mach.Return
	}{
		{"both flags", page, mach.Overcommit | mach.Reserve, mach.InvalidArgument},
		{"an unknown flag", page, 4, mach.InvalidArgument},
		{"a negative flag", page, -1, mach.InvalidArgument},
		{"a promise of more than there is", 1 << 40, mach.Reserve, mach.ResourceShortage},
		{"no flag, more than there is", 1 << 40, 0, mach.ResourceShortage},
	} {
		_, ret := wire.DefpagerObjectCreate(t.Client, t.pager, x.size, x.flags)
		t.Check("defpager_object_create, "+x.what, ret, x.want)
	}
	start := t.free()
	taken := func(name string, pages uint64) { t.frames(name, func() uint64 { return start - t.free() }, pages) }
	promised, ret := wire.DefpagerObjectCreate(t.Client, t.pager, 50*page, mach.Reserve)
	t.Check("defpager_object_create, reserve", ret, mach.Success)
	taken("frames for 50 pages", 50)
	t.Drop(promised)
	object, ret := wire.DefpagerObjectCreate(t.Client, t.pager, ^uint64(0), mach.Overcommit)
	t.Check("defpager_object_create, overcommit, as much as can be said", ret, mach.Success)
	_, ret = wire.DefpagerObjectCreate(t.Client, object, page, mach.Overcommit)
	t.Check("defpager_object_create to an object", ret, mach.InvalidArgument)
	taken("no frames", 0)

	at := t.MustMap(object, 60*page)
	t.Is("zeros", sum(at, 60*page), 0)
	for n := range mach.VirtAddr(60) {
		write(at+n*page+7, byte(n+1))
	}
	list := func(name string, want uint64) {
		a, ret := wire.DefaultPagerObjectPages(t.Client, t.pager, object, 256)
		t.Must("default_pager_object_pages", ret)
		t.Is(name, uint64(len(t.words(a, 1))), want)
	}
	list("its pages", 60)
	f, ret := t.Client.ObjectFigures(object)
	t.Check("defpager_object_figures", ret, mach.Success)
	t.Is("an overcommitted object", f.Flags, uint64(mach.Overcommit))
	t.Is("its limit", f.Limit, ^uint64(0))
	t.Is("what it holds", f.Resident+f.Words+f.Compressed+f.Waiting+f.OnDisk, 60*page)
	t.Is("nothing is promised", f.Reserved, 0)

	set := func(name string, size uint64) {
		t.Check("default_pager_object_set_size: "+name, wire.DefaultPagerObjectSetSize(t.Client, object, size), mach.Success)
	}
	set("overcommitted, shrink", 20*page+7)
	t.Check("behind the limit", t.Readable(at+21*page), mach.MemoryError)
	set("overcommitted, grow", 1<<50)
	t.Is("what is left", sum(at, 60*page), 20*21/2)
	list("its pages in part", 60) // those that were looked at, too
	t.Unmap(at, 60*page)
	at = t.MustMap(object, 60*page)
	t.Is("what outlives the last mapping", sum(at, 60*page), 20*21/2)
	t.Unmap(at, 60*page)
	t.Drop(object)
	taken("all frames are back", 0)
}
