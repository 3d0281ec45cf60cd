package main

import (
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// sizes: an object's limit moves both ways, mapped, not mapped any more, and never mapped, and its frames follow.
func (t *tester) sizes() {
	object := t.object(0)
	set := func(name string, size uint64, want mach.Return) {
		t.Check("default_pager_object_set_size: "+name, wire.DefaultPagerObjectSetSize(t.Client, object, size), want)
	}
	start := t.free()
	promised := func(name string, pages uint64) { t.frames(name, func() uint64 { return start - t.free() }, pages) }
	set("never mapped, grow", 100*page, mach.Success)
	promised("frames for 100 pages", 100)
	set("never mapped, shrink", 10*page, mach.Success)
	promised("frames for 10 pages", 10)

	at := t.MustMap(object, 20*page)
	memory := libmach.Memory(at, 20*page)
	memory[0], memory[9*page], memory[9*page+100] = 1, 2, 3
	t.Check("the page behind the limit", t.Readable(at+10*page), mach.MemoryError)
	set("mapped, grow", 20*page, mach.Success)
	promised("frames for 20 pages", 20)
	t.Check("the page behind the limit that was", t.Readable(at+10*page), mach.Success)
	memory[19*page] = 4
	set("mapped, shrink", 9*page+50, mach.Success)
	promised("frames for 9 pages and a bit", 10)
	t.Check("the last page", t.Readable(at+9*page), mach.Success)
	t.Check("a page that was given up", t.Readable(at+10*page), mach.MemoryError)
	set("mapped, grow again", 20*page, mach.Success)
	t.Is("what was within the limit", uint64(memory[0])+uint64(memory[9*page]), 3)
	t.Is("what was behind it", uint64(memory[9*page+100])+uint64(memory[19*page]), 0)

	t.Unmap(at, 20*page)
	set("unmapped, shrink", 5*page, mach.Success)
	promised("frames for 5 pages", 5)
	set("unmapped, grow", 30*page, mach.Success)
	promised("frames for 30 pages", 30)
	set("more than there is", 1<<40, mach.ResourceShortage)
	set("as much as can be said", ^uint64(0), mach.ResourceShortage)
	promised("frames for 30 pages still", 30)
	set("the same", 30*page, mach.Success)
	set("nothing", 0, mach.Success)
	promised("no frames", 0)
	t.Check("default_pager_object_set_size to the pager", wire.DefaultPagerObjectSetSize(t.Client, t.pager, page), mach.InvalidArgument)
	t.Check("default_pager_object_set_size to a task", wire.DefaultPagerObjectSetSize(t.Client, t.Task, page), mach.MIGBadID)
	t.Drop(object)
}

// storage: there is none, and nothing to make it of.
func (t *tester) storage() {
	size, free, name, ret := wire.DefaultPagerStorageInfo(t.Client, t.pager)
	t.Check("default_pager_storage_info", ret, mach.Success)
	t.Is("three empty lists", uint64(size.Count+free.Count+name.Count), 0)
	object, dead := t.object(page), t.DeadName()
	_, _, _, ret = wire.DefaultPagerStorageInfo(t.Client, object)
	t.Check("default_pager_storage_info to an object", ret, mach.InvalidArgument)
	file := func(what string, to, device mach.Name, name string, add bool, want mach.Return) {
		t.Check("default_pager_paging_file: "+what, wire.DefaultPagerPagingFile(t.Client, to, device, []byte(name), add), want)
	}
	file("add", t.pager, t.device, "/dev/swap", true, mach.DeviceNone)
	file("remove", t.pager, t.device, "/dev/swap", false, mach.InvalidArgument)
	file("no name", t.pager, t.device, "", true, mach.InvalidArgument)
	file("another port than the device master's", t.pager, t.host, "/dev/swap", true, mach.InvalidArgument)
	file("a dead name", t.pager, dead, "/dev/swap", true, mach.InvalidArgument)
	file("to an object", object, t.device, "/dev/swap", true, mach.InvalidArgument)
	runs := make([]byte, 16)
	le.PutUint64(runs[8:], 1000)
	storage := func(what string, to, device mach.Name, n uint32, add bool) {
		ret := wire.DefaultPagerPagingStorageNew(t.Client, to, device, mig.Array{Data: runs[:8*n], Count: n}, []byte("swap"), add)
		t.Check("default_pager_paging_storage_new: "+what, ret, mach.InvalidArgument)
	}
	storage("no device", t.pager, t.Task, 2, true)
	storage("null", t.pager, mach.NameNull, 2, true)
	storage("half a run", t.pager, t.device, 1, true)
	storage("no run", t.pager, t.device, 0, true)
	storage("remove an unknown name", t.pager, t.device, 2, false)
	storage("to an object", object, t.device, 2, true)
	server := func(what string, to, port mach.Name, want mach.Return) {
		t.Check("default_pager_register_fileserver: "+what, wire.DefaultPagerRegisterFileserver(t.Client, to, port), want)
	}
	mine := t.NewPort()
	server("a port", t.pager, mine, mach.Success)
	server("null", t.pager, mach.NameNull, mach.InvalidArgument)
	server("a dead name", t.pager, dead, mach.InvalidArgument)
	server("to an object", object, mine, mach.InvalidArgument)
	t.Must("mach_port_mod_refs", t.Client.PortModRefs(t.Task, mine, mach.RightSend, -1))
	t.Is("nobody keeps the file server", truth(t.noSenders(mine)), 1)
	t.Drop(object, dead)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, mine))
}
