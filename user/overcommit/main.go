// Command overcommit makes memory objects to which nothing is promised, asks for figures, and sets limits: every flag and code, then more memory than
// there is.
//
//	overcommit --pager=PORT --host=PORT                        checks: "ok NAME" or "FAIL NAME: ...", at last "overcommit: N ok, M failed"
//	overcommit --pager=PORT --host=PORT --exhaust=MIB --reserve=MIB
//	                                                           writes to an object of so much until it is refused, and looks at all others
//
//	overcommit --pager=PORT --host=PORT --exhaust=MIB --out=MIB
//	                                                           the same while no more than so much may be paged out, and then without that limit
//
// PORTs name send rights to the default memory manager's port and to the host's privileged port. Nobody else may use the pager meanwhile.
//
// With --exhaust, pages may be lost with the storage that they are on: their number is told. The reserved object must hold. In the end the program touches what
// there is no memory for, which is an exception.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

const (
	page = mach.PageSize
	all  = ^uint64(0)
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	pager := flag.Uint("pager", 0, "`name` of a send right to the default memory manager's port")
	host := flag.Uint("host", 0, "`name` of a send right to the host's privileged port")
	exhaust := flag.Uint64("exhaust", 0, "size of an object to fill until that is refused, in `MiB`")
	out := flag.Uint64("out", 0, "with --exhaust: how much this task may have paged out, in `MiB`; then the reserved object is left out")
	reserve := flag.Uint64("reserve", 1, "size of a reserved object beside it, in `MiB`")
	flag.Parse()
	c := libmach.NewClient()
	t := &tester{client: c, task: c.Task(), pager: mach.Name(*pager), host: mach.Name(*host)}
	if *out != 0 {
		t.outLimit(int(*exhaust<<20/page), *out<<20)
		return
	}
	if *exhaust != 0 {
		t.exhaust(int(*exhaust<<20/page), int(*reserve<<20/page))
		return
	}
	for _, f := range []func(){t.create, t.sizes, t.share, t.policy, t.limits, t.figures} {
		f()
	}
	fmt.Printf("overcommit: %d ok, %d failed\n", t.ok, t.failed)
	if t.failed != 0 {
		os.Exit(1)
	}
}

// tester makes checks and counts them.
type tester struct {
	client      *libmach.Client
	task        mach.Name
	pager, host mach.Name
	ok, failed  int
}

// check compares the code of a call with the one that it must have.
func (t *tester) check(name string, got, want mach.Return) {
	if t.count(name, got == want) {
		return
	}
	fmt.Printf("FAIL %s: got %v want %v\n", name, got, want)
}

// is checks what is not a return code.
func (t *tester) is(name string, got, want uint64) {
	if t.count(name, got == want) {
		return
	}
	fmt.Printf("FAIL %s: got %d want %d\n", name, got, want)
}

func (t *tester) count(name string, good bool) bool {
	if !good {
		t.failed++
		return false
	}
	t.ok++
	fmt.Printf("ok %s\n", name)
	return true
}

// must is for what the checks build upon.
func (t *tester) must(name string, got mach.Return) {
	if got != mach.Success {
		t.check(name, got, mach.Success)
	}
}

// object makes an object.
func (t *tester) object(size uint64, flags int32) mach.Name {
	name, ret := t.client.ObjectCreateFlags(t.pager, size, flags)
	t.must("defpager_object_create", ret)
	return name
}

func (t *tester) drop(names ...mach.Name) {
	for _, n := range names {
		t.must("mach_port_deallocate", t.client.PortDeallocate(t.task, n))
	}
}

// mapped maps size bytes of an object, to be read and written.
func (t *tester) mapped(object mach.Name, size uint64) mach.VirtAddr {
	at, ret := t.client.VMMap(t.task, libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.must("vm_map", ret)
	return at
}

func (t *tester) unmap(at mach.VirtAddr, size uint64) {
	t.must("vm_deallocate", libmach.VMDeallocate(t.task, at, size))
}

// readable reads one byte by vm_read, which answers what a touch would be an exception for.
func (t *tester) readable(at mach.VirtAddr) mach.Return {
	data, size, ret := t.client.VMRead(t.task, at, 1)
	if ret == mach.Success {
		t.unmap(data, size)
	}
	return ret
}

// free is how many bytes the pager could still promise.
func (t *tester) free() uint64 {
	info, ret := t.client.PagerInfo(t.pager)
	t.must("default_pager_info", ret)
	return info.Free
}

func (t *tester) of(object mach.Name) mach.ObjectFigures {
	f, ret := t.client.ObjectFigures(object)
	t.must("defpager_object_figures", ret)
	return f
}

func (t *tester) mine() mach.TaskFigures {
	f, ret := t.client.TaskFigures(t.task)
	t.must("defpager_task_figures", ret)
	return f
}

// promises reports whether about so many pages less than before can be promised; Go's allocator and the kernel's tables take a few.
func (t *tester) promises(name string, before, pages uint64) {
	const few = 8
	got := int64(before-t.free()) / page
	if got >= int64(pages)-few && got <= int64(pages)+few {
		got = int64(pages)
	}
	t.is(name, uint64(got), pages)
}

// create: flags that there are and that there are not, and sizes that no machine has.
func (t *tester) create() {
	for _, flags := range []int32{3, 4, 5, 1 << 16, 1<<31 - 1, -1, -1 << 31} {
		_, ret := t.client.ObjectCreateFlags(t.pager, page, flags)
		t.check(fmt.Sprintf("defpager_object_create with flags %#x", uint32(flags)), ret, mach.InvalidArgument)
	}
	_, ret := t.client.ObjectCreateFlags(t.task, page, mach.Overcommit)
	t.check("defpager_object_create to a task", ret, mach.InvalidArgument)
	before := t.free()
	for _, size := range []uint64{0, 1, 1 << 40, 1 << 63, all} {
		object, ret := t.client.ObjectCreateFlags(t.pager, size, mach.Overcommit)
		t.check(fmt.Sprintf("an overcommitted object of %#x bytes", size), ret, mach.Success)
		t.promises("no frames for it", before, 0)
		f := t.of(object)
		t.is("its size", f.Limit, size)
		t.is("its flags", f.Flags, uint64(mach.Overcommit))
		_, ret = t.client.ObjectCreateFlags(object, page, mach.Overcommit)
		t.check("defpager_object_create to it", ret, mach.InvalidArgument)
		t.drop(object)
	}
	_, ret = t.client.ObjectCreateFlags(t.pager, 1<<40, 0)
	t.check("an object of 1 TiB without flags", ret, mach.ResourceShortage)
	_, ret = t.client.ObjectCreateFlags(t.pager, 1<<40, mach.Reserve)
	t.check("an object of 1 TiB that is to be reserved", ret, mach.ResourceShortage)
	plain, ret := t.client.ObjectCreate(t.pager, 100*page)
	t.check("default_pager_object_create", ret, mach.Success)
	t.promises("which promises frames", before, 100)
	t.is("and says so", t.of(plain).Reserved, 100*page)
	t.drop(plain)
}

// sizes: the limit of an overcommitted object moves both ways, mapped or not, and its contents with it.
func (t *tester) sizes() {
	object, before := t.object(0, mach.Overcommit), t.free()
	set := func(name string, size uint64) {
		t.check("default_pager_object_set_size: "+name, t.client.ObjectSetSize(object, size), mach.Success)
	}
	set("never mapped, grow", 1<<50)
	set("never mapped, shrink", 10*page)
	t.promises("no frames", before, 0)
	at := t.mapped(object, 20*page)
	memory := libmach.Memory(at, 20*page)
	memory[0], memory[9*page], memory[9*page+100] = 1, 2, 3
	t.check("the page behind the limit", t.readable(at+10*page), mach.MemoryError)
	set("mapped, grow", 20*page)
	memory[19*page] = 4
	copied, ret := t.client.VMMap(t.task, libmach.Map{Size: 20 * page, Anywhere: true, Object: object, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy})
	t.must("vm_map of a copy", ret)
	set("mapped, shrink", 9*page+50)
	t.check("the last page", t.readable(at+9*page), mach.Success)
	t.check("a page that was given up", t.readable(at+10*page), mach.MemoryError)
	set("mapped, grow again", 1<<60)
	t.is("what was within the limit", uint64(memory[0])+uint64(memory[9*page]), 3)
	t.is("what was behind it", uint64(memory[9*page+100])+uint64(memory[19*page]), 0)
	old := libmach.Memory(copied, 20*page)
	t.is("what a copy from before has", uint64(old[0])+uint64(old[9*page])+uint64(old[9*page+100])+uint64(old[19*page]), 10)
	t.is("pages resident", t.of(object).Resident, 3*page)
	t.unmap(at, 20*page)
	t.unmap(copied, 20*page)
	set("unmapped, shrink", 1)
	set("nothing", 0)
	t.is("no pages", t.of(object).Resident, 0)
	t.drop(object)
}

// share: mapped twice it is the same memory, and contents outlive the last mapping.
func (t *tester) share() {
	object := t.object(4*page, mach.Overcommit)
	a, b := t.mapped(object, 4*page), t.mapped(object, 4*page)
	libmach.Memory(a, page)[7] = 77
	t.is("two mappings show the same", uint64(libmach.Memory(b, page)[7]), 77)
	t.is("zeros", uint64(libmach.Memory(b, 4*page)[3*page]), 0)
	t.is("two mappings", t.of(object).Mappings, 2)
	t.unmap(a, 4*page)
	t.unmap(b, 4*page)
	a = t.mapped(object, 4*page)
	t.is("what was written is there after the last unmap", uint64(libmach.Memory(a, page)[7]), 77)
	t.drop(object)
	t.is("and after the last right went", uint64(libmach.Memory(a, page)[7]), 77)
	t.unmap(a, 4*page)
}

// policy: objects of a task that overcommits, and of its children.
func (t *tester) policy() {
	set := func(name string, host, task mach.Name, flags int32, want mach.Return) {
		t.check("defpager_task_set_limits: "+name, t.client.TaskSetLimits(host, task, flags, all, all), want)
	}
	t.is("nothing is set for this task", t.mine().Flags, 0)
	set("unknown flags", t.host, t.task, 2, mach.InvalidArgument)
	set("all flags", t.host, t.task, -1, mach.InvalidArgument)
	set("no task", t.host, mach.NameNull, 0, mach.InvalidTask)
	set("the pager as a task", t.host, t.pager, 0, mach.InvalidTask)
	set("to a task", t.task, t.task, 0, mach.InvalidHost)
	set("overcommit, by the host's name port", libmach.HostSelf(), t.task, mach.Overcommit, mach.NoAccess)
	t.is("still nothing", t.mine().Flags, 0)
	set("overcommit", t.host, t.task, mach.Overcommit, mach.Success)
	t.is("it is set", t.mine().Flags, uint64(mach.Overcommit))
	before := t.free()
	object, ret := t.client.ObjectCreate(t.pager, 1<<40)
	t.check("default_pager_object_create of 1 TiB", ret, mach.Success)
	t.promises("no frames for it", before, 0)
	reserved, ret := t.client.ObjectCreateFlags(t.pager, 50*page, mach.Reserve)
	t.check("an object that is to be reserved", ret, mach.Success)
	t.promises("frames for it", before, 50)
	f := t.mine()
	t.is("objects of this task", f.Objects, 2)
	t.is("one of them overcommitted", f.Overcommitted, 1)
	t.is("the other's frames", f.Reserved, 50*page)
	child, ret := t.client.TaskCreate(t.task, false)
	t.must("task_create", ret)
	g, ret := t.client.TaskFigures(child)
	t.check("figures of a child", ret, mach.Success)
	t.is("it has the policy", g.Flags, uint64(mach.Overcommit))
	t.is("and no objects", g.Objects+g.Reserved, 0)
	t.must("task_terminate", t.client.TaskTerminate(child))
	set("off, by the host's name port", libmach.HostSelf(), t.task, 0, mach.NoAccess)
	set("off", t.host, t.task, 0, mach.Success)
	t.drop(child, object, reserved)
	_, ret = t.client.ObjectCreate(t.pager, 1<<40)
	t.check("default_pager_object_create of 1 TiB again", ret, mach.ResourceShortage)
}

// limits: frames that may be promised to a task and to its children.
func (t *tester) limits() {
	set := func(name string, host, task mach.Name, reserved uint64, want mach.Return) {
		t.check("defpager_task_set_limits: "+name, t.client.TaskSetLimits(host, task, 0, reserved, all), want)
	}
	name := libmach.HostSelf()
	set("100 pages, by the host's name port", name, t.task, 100*page+1, mach.Success)
	set("101 pages, by the host's name port", name, t.task, 101*page, mach.NoAccess)
	t.is("the limit, in whole pages", t.mine().ReservedLimit, 100*page)
	object, ret := t.client.ObjectCreate(t.pager, 60*page)
	t.check("an object of 60 pages", ret, mach.Success)
	_, ret = t.client.ObjectCreate(t.pager, 41*page)
	t.check("another of 41", ret, mach.ResourceShortage)
	other, ret := t.client.ObjectCreate(t.pager, 39*page+1)
	t.check("another of 40", ret, mach.Success)
	_, ret = t.client.ObjectCreate(t.pager, all)
	t.check("another of all there is", ret, mach.ResourceShortage)
	t.check("one grows", t.client.ObjectSetSize(object, 61*page), mach.ResourceShortage)
	t.check("one shrinks", t.client.ObjectSetSize(object, 50*page), mach.Success)
	t.check("the other grows", t.client.ObjectSetSize(other, 50*page), mach.Success)
	t.is("as much as may be", t.mine().Reserved, 100*page)
	free, ret := t.client.ObjectCreateFlags(t.pager, 1<<30, mach.Overcommit)
	t.check("an overcommitted object does not count", ret, mach.Success)
	set("less than there is", name, t.task, 10*page, mach.Success)
	t.is("keeps what is promised", t.mine().Reserved, 100*page)
	child, ret := t.client.TaskCreate(t.task, true)
	t.must("task_create", ret)
	g, ret := t.client.TaskFigures(child)
	t.check("figures of a child", ret, mach.Success)
	t.is("it has the limit", g.ReservedLimit, 10*page)
	set("a child's limit, raised by the host's name port", name, child, 11*page, mach.NoAccess)
	set("a child's limit, raised", t.host, child, 11*page, mach.Success)
	t.must("task_terminate", t.client.TaskTerminate(child))
	t.drop(child, object, other, free)
	_, ret = t.client.ObjectCreate(t.pager, 11*page)
	t.check("an object of 11 pages", ret, mach.ResourceShortage)
	set("none, by the privileged port", t.host, t.task, all, mach.Success)
	t.is("no limit", t.mine().ReservedLimit, all)
}

// figures: as many numbers as the caller has room for, from those who have any.
func (t *tester) figures() {
	object := t.object(30*page, 0)
	at := t.mapped(object, 30*page)
	for i := range 5 {
		libmach.Memory(at, 30*page)[2*i*page] = 1
	}
	f := t.of(object)
	t.is("reserved", f.Reserved, 30*page)
	if f.Resident < 5*page || f.Resident > 30*page {
		t.is("resident", f.Resident, 5*page)
	}
	if f.Faults < 1 || f.Faults > 5 {
		t.is("faults", f.Faults, 5)
	}
	t.is("nothing of it is out", f.Words+f.Compressed+f.Waiting+f.OnDisk+f.Lost+f.Managed+f.PageIns+f.PageOuts+f.Waited, 0)
	list := (&f).List()
	for _, room := range []uint32{1, 2, 15, 16, 64} {
		a, ret := wire.DefpagerObjectFigures(t.client, object, room)
		t.check(fmt.Sprintf("defpager_object_figures with room for %d", room), ret, mach.Success)
		t.is("so many come", uint64(a.Count), uint64(min(int(room), len(list))))
		t.is("the object's number", binary.LittleEndian.Uint64(a.Data), f.ID)
	}
	_, ret := wire.DefpagerObjectFigures(t.client, object, 0)
	t.check("defpager_object_figures with room for nothing", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerObjectFigures(t.client, t.pager, 64)
	t.check("defpager_object_figures of the pager", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerObjectFigures(t.client, t.task, 64)
	t.check("defpager_object_figures of a task", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerTaskFigures(t.client, t.task, 0)
	t.check("defpager_task_figures with room for nothing", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerTaskFigures(t.client, t.pager, 64)
	t.check("defpager_task_figures of the pager", ret, mach.MIGBadID)
	a, ret := wire.DefpagerTaskFigures(t.client, t.task, 3)
	t.check("defpager_task_figures with room for 3", ret, mach.Success)
	t.is("so many come", uint64(a.Count), 3)
	g := t.mine()
	if g.Mapped < g.Resident || g.Resident == 0 || g.Faults == 0 || g.ZeroFills == 0 || g.ID == 0 {
		t.is(fmt.Sprintf("figures of this task: %+v", g), 0, 1)
	}
	t.is("what the task was promised", g.Reserved, 30*page)
	t.is("pages of it by where they are", g.Words+g.Compressed+g.Waiting+g.OnDisk+g.Lost+g.Managed, g.Out)
	t.unmap(at, 30*page)
	t.drop(object)
}
