package main

import (
	"fmt"
	"slices"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// create: an object of any size, or none.
func (t *tester) create() {
	for _, size := range []uint64{0, 1, page, page + 1, 1 << 20} {
		object, ret := wire.DefaultPagerObjectCreate(t.Client, t.pager, size)
		t.Check(fmt.Sprintf("default_pager_object_create of %d bytes", size), ret, mach.Success)
		kind, ret := t.Client.PortType(t.Task, object)
		t.Must("mach_port_type", ret)
		t.Is("a send right", uint64(kind), uint64(mach.TypeSend))
		if size != 0 {
			at := t.MustMap(object, size)
			t.Is("zeros", sum(at, size), 0)
			t.Unmap(at, size)
		}
		t.Drop(object)
	}
	for _, size := range []uint64{1 << 40, 1 << 63, ^uint64(0)} {
		_, ret := wire.DefaultPagerObjectCreate(t.Client, t.pager, size)
		t.Check(fmt.Sprintf("default_pager_object_create of %#x bytes", size), ret, mach.ResourceShortage)
	}
	object := t.object(page)
	_, ret := wire.DefaultPagerObjectCreate(t.Client, object, page)
	t.Check("default_pager_object_create to an object", ret, mach.InvalidArgument)
	_, ret = wire.DefaultPagerObjectCreate(t.Client, t.Task, page)
	t.Check("default_pager_object_create to a task", ret, mach.MIGBadID)
	at := t.MustMap(object, 2*page)
	t.Check("the last page", t.Readable(at+page-1), mach.Success)
	t.Check("a page behind it", t.Readable(at+page), mach.MemoryError)
	t.Unmap(at, 2*page)
	t.Drop(object)
}

// info: what an object takes, and gives back.
func (t *tester) info() {
	before, ret := wire.DefaultPagerInfo(t.Client, t.pager)
	t.Check("default_pager_info", ret, mach.Success)
	t.Is("the size of a page", before.DpiPageSize, page)
	object := t.object(100 * page)
	during, _ := wire.DefaultPagerInfo(t.Client, t.pager)
	t.frames("an object of 100 pages takes its frames", func() uint64 { return before.DpiFreeSpace/page - t.free() }, 100)
	t.Is("all space is the same", during.DpiTotalSpace, before.DpiTotalSpace)
	_, ret = wire.DefaultPagerInfo(t.Client, object)
	t.Check("default_pager_info to an object", ret, mach.InvalidArgument)
	t.Drop(object)
	t.frames("free space as before", t.free, before.DpiFreeSpace/page)
}

// list is default_pager_objects with room for so many of each.
func (t *tester) list(room, portRoom uint32) (numbers []uint64, ports []mach.Name, objectsOut, portsOut bool) {
	a, b, ret := wire.DefaultPagerObjects(t.Client, t.pager, room, portRoom)
	t.Must("default_pager_objects", ret)
	objectsOut, portsOut = a.OutOfLine(), b.OutOfLine()
	// The message lies in the client's buffer, which the next call uses: it is read before.
	ports = t.names(mig.Array{Data: slices.Clone(b.Data), Pointer: b.Pointer, Count: b.Count})
	return t.words(a, 2), ports, objectsOut, portsOut
}

// objects: the list of all, in the message and beside it.
func (t *tester) objects() {
	t.gone()
	numbers, ports, _, _ := t.list(128, 256)
	t.Is("default_pager_objects: none", uint64(len(numbers)+len(ports)), 0)
	var mine []mach.Name
	grow := func(n int) {
		for len(mine) < n {
			mine = append(mine, t.object(2*page))
		}
	}
	for _, x := range []struct {
		objects            int
		room, portRoom     uint32
		beside, portBeside bool
	}{
		{3, 128, 256, false, false},
		{3, 3, 3, false, false},
		{3, 2, 3, true, false}, // as many as there were when the caller asked, before another came
		{3, 3, 2, false, true},
		{3, 0, 0, true, true},
		{128, 128, 256, false, false},
		{129, 128, 256, true, false},
		{257, 128, 256, true, true},
	} {
		grow(x.objects)
		numbers, ports, beside, portBeside := t.list(x.room, x.portRoom)
		name := fmt.Sprintf("default_pager_objects: %d with room for %d and %d", x.objects, x.room, x.portRoom)
		t.Is(name, uint64(len(numbers)), uint64(2*x.objects))
		same := slices.Equal(ports, mine) && beside == x.beside && portBeside == x.portBeside
		for i := 2; i < len(numbers); i += 2 {
			same = same && numbers[i] > numbers[i-2]
		}
		t.Is("their ports, where they belong", truth(same), 1)
		t.Drop(ports...)
	}
	at := t.MustMap(mine[1], 2*page)
	write(at+page, 1)
	numbers, ports, _, _ = t.list(0, 0)
	t.Is("the bytes of a page that was touched", numbers[3], page)
	t.Drop(ports...)
	t.Unmap(at, 2*page)
	_, _, ret := wire.DefaultPagerObjects(t.Client, mine[0], 1, 1)
	t.Check("default_pager_objects to an object", ret, mach.InvalidArgument)
	t.Drop(mine...)
	t.gone()
	numbers, ports, _, _ = t.list(128, 256)
	t.Is("default_pager_objects: all are gone", uint64(len(numbers)+len(ports)), 0)
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// pages: those of an object that exist.
func (t *tester) pages() {
	const size = 300 * page
	object := t.object(size)
	at := t.MustMap(object, size)
	list := func(room uint32) ([]uint64, bool) {
		a, ret := wire.DefaultPagerObjectPages(t.Client, t.pager, object, room)
		t.Must("default_pager_object_pages", ret)
		beside := a.OutOfLine()
		return t.words(a, 1), beside
	}
	pages, _ := list(256)
	t.Is("default_pager_object_pages: none", uint64(len(pages)), 0)
	for _, n := range []mach.VirtAddr{299, 5, 150} {
		write(at+n*page, 1)
	}
	want := []uint64{5 * page, 150 * page, 299 * page}
	pages, beside := list(3)
	t.Is("default_pager_object_pages: three", truth(slices.Equal(pages, want) && !beside), 1)
	pages, beside = list(2)
	t.Is("default_pager_object_pages: three with room for two", truth(slices.Equal(pages, want) && beside), 1)
	for off := mach.VirtAddr(0); off < size; off += page {
		write(at+off, 1)
	}
	pages, beside = list(256)
	t.Is("default_pager_object_pages: 300", truth(len(pages) == 300 && pages[299] == 299*page && beside), 1)
	t.Unmap(at, size)
	pages, _ = list(0)
	t.Is("default_pager_object_pages: not mapped", uint64(len(pages)), 300)

	dead := t.DeadName()
	for _, x := range []struct {
		name      string
		to, about mach.Name
	}{
		{"of the pager", t.pager, t.pager},
		{"of a task", t.pager, t.Task},
		{"of null", t.pager, mach.NameNull},
		{"of a dead name", t.pager, dead},
		{"to an object", object, object},
	} {
		_, ret := wire.DefaultPagerObjectPages(t.Client, x.to, x.about, 10)
		t.Check("default_pager_object_pages "+x.name, ret, mach.InvalidArgument)
	}
	t.Drop(dead, object)
}
