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
//	overcommit --pager=PORT --host=PORT --family               compares the figures of two tasks that share memory, and of their objects, with the machine's
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
	"runtime/debug"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

const (
	page = mach.PageSize
	all  = ^uint64(0)
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	pager := args.SendRight("pager", "the default memory manager's port")
	host := args.SendRight("host", "the host's privileged port")
	exhaust := flag.Uint64("exhaust", 0, "size of an object to fill until that is refused, in `MiB`")
	out := flag.Uint64("out", 0, "with --exhaust: how much this task may have paged out, in `MiB`; then the reserved object is left out")
	reserve := flag.Uint64("reserve", 1, "size of a reserved object beside it, in `MiB`")
	family := flag.Bool("family", false, "compare the figures of tasks that share memory")
	args.Parse(pager, host)
	t := &tester{Tester: trial.New("overcommit"), pager: *pager, host: *host}
	if *family {
		t.Must("the program's own memory is wired", t.stay())
		t.family()
		t.End()
	}
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
	t.End()
}

// tester makes checks and counts them.
type tester struct {
	*trial.Tester
	pager, host mach.Name
}

// stay has the program's own memory be in its frames: what the figures are compared with is not to move.
func (t *tester) stay() mach.Return {
	if err := t.Client.WireProgram(t.host, 4<<20); err != nil {
		return mach.Code(err)
	}
	return mach.Success
}

// object makes an object.
func (t *tester) object(size uint64, flags int32) mach.Name {
	name, ret := t.Client.ObjectCreateFlags(t.pager, size, flags)
	t.Must("defpager_object_create", ret)
	return name
}

// free is how many bytes the pager could still promise.
func (t *tester) free() uint64 {
	info, ret := t.Client.PagerInfo(t.pager)
	t.Must("default_pager_info", ret)
	return info.Free
}

func (t *tester) of(object mach.Name) mach.ObjectFigures {
	f, ret := t.Client.ObjectFigures(object)
	t.Must("defpager_object_figures", ret)
	return f
}

func (t *tester) mine() mach.TaskFigures {
	f, ret := t.Client.TaskFigures(t.Task)
	t.Must("defpager_task_figures", ret)
	return f
}

// promises reports whether about so many pages less than before can be promised; Go's allocator and the kernel's tables take a few.
func (t *tester) promises(name string, before, pages uint64) {
	const few = 8
	got := int64(before-t.free()) / page
	if got >= int64(pages)-few && got <= int64(pages)+few {
		got = int64(pages)
	}
	t.Is(name, uint64(got), pages)
}

// create: flags that there are and that there are not, and sizes that no machine has.
func (t *tester) create() {
	for _, flags := range []int32{3, 4, 5, 1 << 16, 1<<31 - 1, -1, -1 << 31} {
		_, ret := t.Client.ObjectCreateFlags(t.pager, page, flags)
		t.Check(fmt.Sprintf("defpager_object_create with flags %#x", uint32(flags)), ret, mach.InvalidArgument)
	}
	_, ret := t.Client.ObjectCreateFlags(t.Task, page, mach.Overcommit)
	t.Check("defpager_object_create to a task", ret, mach.InvalidArgument)
	before := t.free()
	for _, size := range []uint64{0, 1, 1 << 40, 1 << 63, all} {
		object, ret := t.Client.ObjectCreateFlags(t.pager, size, mach.Overcommit)
		t.Check(fmt.Sprintf("an overcommitted object of %#x bytes", size), ret, mach.Success)
		t.promises("no frames for it", before, 0)
		f := t.of(object)
		t.Is("its size", f.Limit, size)
		t.Is("its flags", f.Flags, uint64(mach.Overcommit))
		_, ret = t.Client.ObjectCreateFlags(object, page, mach.Overcommit)
		t.Check("defpager_object_create to it", ret, mach.InvalidArgument)
		t.Drop(object)
	}
	_, ret = t.Client.ObjectCreateFlags(t.pager, 1<<40, 0)
	t.Check("an object of 1 TiB without flags", ret, mach.ResourceShortage)
	_, ret = t.Client.ObjectCreateFlags(t.pager, 1<<40, mach.Reserve)
	t.Check("an object of 1 TiB that is to be reserved", ret, mach.ResourceShortage)
	plain, ret := t.Client.ObjectCreate(t.pager, 100*page)
	t.Check("default_pager_object_create", ret, mach.Success)
	t.promises("which promises frames", before, 100)
	t.Is("and says so", t.of(plain).Reserved, 100*page)
	t.Drop(plain)
}

// sizes: the limit of an overcommitted object moves both ways, mapped or not, and its contents with it.
func (t *tester) sizes() {
	object, before := t.object(0, mach.Overcommit), t.free()
	set := func(name string, size uint64) {
		t.Check("default_pager_object_set_size: "+name, t.Client.ObjectSetSize(object, size), mach.Success)
	}
	set("never mapped, grow", 1<<50)
	set("never mapped, shrink", 10*page)
	t.promises("no frames", before, 0)
	at := t.MustMap(object, 20*page)
	memory := libmach.Memory(at, 20*page)
	memory[0], memory[9*page], memory[9*page+100] = 1, 2, 3
	t.Check("the page behind the limit", t.Readable(at+10*page), mach.MemoryError)
	set("mapped, grow", 20*page)
	memory[19*page] = 4
	copied, ret := t.Client.VMMap(t.Task, libmach.Map{Size: 20 * page, Anywhere: true, Object: object, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy})
	t.Must("vm_map of a copy", ret)
	set("mapped, shrink", 9*page+50)
	t.Check("the last page", t.Readable(at+9*page), mach.Success)
	t.Check("a page that was given up", t.Readable(at+10*page), mach.MemoryError)
	set("mapped, grow again", 1<<60)
	t.Is("what was within the limit", uint64(memory[0])+uint64(memory[9*page]), 3)
	t.Is("what was behind it", uint64(memory[9*page+100])+uint64(memory[19*page]), 0)
	old := libmach.Memory(copied, 20*page)
	t.Is("what a copy from before has", uint64(old[0])+uint64(old[9*page])+uint64(old[9*page+100])+uint64(old[19*page]), 10)
	t.Is("pages resident", t.of(object).Resident, 3*page)
	t.Unmap(at, 20*page)
	t.Unmap(copied, 20*page)
	set("unmapped, shrink", 1)
	set("nothing", 0)
	t.Is("no pages", t.of(object).Resident, 0)
	t.Drop(object)
}

// share: mapped twice it is the same memory, and contents outlive the last mapping.
func (t *tester) share() {
	object := t.object(4*page, mach.Overcommit)
	a, b := t.MustMap(object, 4*page), t.MustMap(object, 4*page)
	libmach.Memory(a, page)[7] = 77
	t.Is("two mappings show the same", uint64(libmach.Memory(b, page)[7]), 77)
	t.Is("zeros", uint64(libmach.Memory(b, 4*page)[3*page]), 0)
	t.Is("two mappings", t.of(object).Mappings, 2)
	t.Unmap(a, 4*page)
	t.Unmap(b, 4*page)
	a = t.MustMap(object, 4*page)
	t.Is("what was written is there after the last unmap", uint64(libmach.Memory(a, page)[7]), 77)
	t.Drop(object)
	t.Is("and after the last right went", uint64(libmach.Memory(a, page)[7]), 77)
	t.Unmap(a, 4*page)
}

// policy: objects of a task that overcommits, and of its children.
func (t *tester) policy() {
	set := func(name string, host, task mach.Name, flags int32, want mach.Return) {
		t.Check("defpager_task_set_limits: "+name, t.Client.TaskSetLimits(host, task, flags, all, all), want)
	}
	t.Is("nothing is set for this task", t.mine().Flags, 0)
	set("unknown flags", t.host, t.Task, 2, mach.InvalidArgument)
	set("all flags", t.host, t.Task, -1, mach.InvalidArgument)
	set("no task", t.host, mach.NameNull, 0, mach.InvalidTask)
	set("the pager as a task", t.host, t.pager, 0, mach.InvalidTask)
	set("to a task", t.Task, t.Task, 0, mach.InvalidHost)
	set("overcommit, by the host's name port", libmach.HostSelf(), t.Task, mach.Overcommit, mach.NoAccess)
	t.Is("still nothing", t.mine().Flags, 0)
	set("overcommit", t.host, t.Task, mach.Overcommit, mach.Success)
	t.Is("it is set", t.mine().Flags, uint64(mach.Overcommit))
	before := t.free()
	object, ret := t.Client.ObjectCreate(t.pager, 1<<40)
	t.Check("default_pager_object_create of 1 TiB", ret, mach.Success)
	t.promises("no frames for it", before, 0)
	reserved, ret := t.Client.ObjectCreateFlags(t.pager, 50*page, mach.Reserve)
	t.Check("an object that is to be reserved", ret, mach.Success)
	t.promises("frames for it", before, 50)
	f := t.mine()
	t.Is("objects of this task", f.Objects, 2)
	t.Is("one of them overcommitted", f.Overcommitted, 1)
	t.Is("the other's frames", f.Reserved, 50*page)
	child, ret := t.Client.TaskCreate(t.Task, false)
	t.Must("task_create", ret)
	g, ret := t.Client.TaskFigures(child)
	t.Check("figures of a child", ret, mach.Success)
	t.Is("it has the policy", g.Flags, uint64(mach.Overcommit))
	t.Is("and no objects", g.Objects+g.Reserved, 0)
	t.Must("task_terminate", t.Client.TaskTerminate(child))
	set("off, by the host's name port", libmach.HostSelf(), t.Task, 0, mach.NoAccess)
	set("off", t.host, t.Task, 0, mach.Success)
	t.Drop(child, object, reserved)
	_, ret = t.Client.ObjectCreate(t.pager, 1<<40)
	t.Check("default_pager_object_create of 1 TiB again", ret, mach.ResourceShortage)
}

// limits: frames that may be promised to a task and to its children.
func (t *tester) limits() {
	set := func(name string, host, task mach.Name, reserved uint64, want mach.Return) {
		t.Check("defpager_task_set_limits: "+name, t.Client.TaskSetLimits(host, task, 0, reserved, all), want)
	}
	name := libmach.HostSelf()
	set("100 pages, by the host's name port", name, t.Task, 100*page+1, mach.Success)
	set("101 pages, by the host's name port", name, t.Task, 101*page, mach.NoAccess)
	t.Is("the limit, in whole pages", t.mine().ReservedLimit, 100*page)
	object, ret := t.Client.ObjectCreate(t.pager, 60*page)
	t.Check("an object of 60 pages", ret, mach.Success)
	_, ret = t.Client.ObjectCreate(t.pager, 41*page)
	t.Check("another of 41", ret, mach.ResourceShortage)
	other, ret := t.Client.ObjectCreate(t.pager, 39*page+1)
	t.Check("another of 40", ret, mach.Success)
	_, ret = t.Client.ObjectCreate(t.pager, all)
	t.Check("another of all there is", ret, mach.ResourceShortage)
	t.Check("one grows", t.Client.ObjectSetSize(object, 61*page), mach.ResourceShortage)
	t.Check("one shrinks", t.Client.ObjectSetSize(object, 50*page), mach.Success)
	t.Check("the other grows", t.Client.ObjectSetSize(other, 50*page), mach.Success)
	t.Is("as much as may be", t.mine().Reserved, 100*page)
	free, ret := t.Client.ObjectCreateFlags(t.pager, 1<<30, mach.Overcommit)
	t.Check("an overcommitted object does not count", ret, mach.Success)
	set("less than there is", name, t.Task, 10*page, mach.Success)
	t.Is("keeps what is promised", t.mine().Reserved, 100*page)
	child, ret := t.Client.TaskCreate(t.Task, true)
	t.Must("task_create", ret)
	g, ret := t.Client.TaskFigures(child)
	t.Check("figures of a child", ret, mach.Success)
	t.Is("it has the limit", g.ReservedLimit, 10*page)
	set("a child's limit, raised by the host's name port", name, child, 11*page, mach.NoAccess)
	set("a child's limit, raised", t.host, child, 11*page, mach.Success)
	t.Must("task_terminate", t.Client.TaskTerminate(child))
	t.Drop(child, object, other, free)
	_, ret = t.Client.ObjectCreate(t.pager, 11*page)
	t.Check("an object of 11 pages", ret, mach.ResourceShortage)
	set("none, by the privileged port", t.host, t.Task, all, mach.Success)
	t.Is("no limit", t.mine().ReservedLimit, all)
}

// figures: as many numbers as the caller has room for, from those who have any.
func (t *tester) figures() {
	object := t.object(30*page, 0)
	at := t.MustMap(object, 30*page)
	for i := range 5 {
		libmach.Memory(at, 30*page)[2*i*page] = 1
	}
	f := t.of(object)
	t.Is("reserved", f.Reserved, 30*page)
	if f.Resident < 5*page || f.Resident > 30*page {
		t.Is("resident", f.Resident, 5*page)
	}
	if f.Faults < 1 || f.Faults > 5 {
		t.Is("faults", f.Faults, 5)
	}
	t.Is("nothing of it is out", f.Words+f.Compressed+f.Waiting+f.OnDisk+f.Lost+f.Managed+f.PageIns+f.PageOuts+f.Waited, 0)
	list := (&f).List()
	for _, room := range []uint32{1, 2, 15, 16, 64} {
		a, ret := wire.DefpagerObjectFigures(t.Client, object, room)
		t.Check(fmt.Sprintf("defpager_object_figures with room for %d", room), ret, mach.Success)
		t.Is("so many come", uint64(a.Count), uint64(min(int(room), len(list))))
		t.Is("the object's number", binary.LittleEndian.Uint64(a.Data), f.ID)
	}
	_, ret := wire.DefpagerObjectFigures(t.Client, object, 0)
	t.Check("defpager_object_figures with room for nothing", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerObjectFigures(t.Client, t.pager, 64)
	t.Check("defpager_object_figures of the pager", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerObjectFigures(t.Client, t.Task, 64)
	t.Check("defpager_object_figures of a task", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerTaskFigures(t.Client, t.Task, 0)
	t.Check("defpager_task_figures with room for nothing", ret, mach.InvalidArgument)
	_, ret = wire.DefpagerTaskFigures(t.Client, t.pager, 64)
	t.Check("defpager_task_figures of the pager", ret, mach.MIGBadID)
	a, ret := wire.DefpagerTaskFigures(t.Client, t.Task, 3)
	t.Check("defpager_task_figures with room for 3", ret, mach.Success)
	t.Is("so many come", uint64(a.Count), 3)
	for _, room := range []uint32{0, 1, mach.FiguresMax} {
		want := mach.Success
		if room == 0 {
			want = mach.InvalidArgument
		}
		a, ret := wire.DefpagerHostFigures(t.Client, t.host, room)
		t.Check(fmt.Sprintf("defpager_host_figures with room for %d", room), ret, want)
		t.Is("so many come", uint64(a.Count), uint64(min(int(room), len(new(mach.HostFigures).List()))))
	}
	_, ret = wire.DefpagerHostFigures(t.Client, libmach.HostSelf(), mach.FiguresMax)
	t.Check("defpager_host_figures without privilege", ret, mach.InvalidHost)
	_, ret = wire.DefpagerHostFigures(t.Client, t.pager, mach.FiguresMax)
	t.Check("defpager_host_figures of the pager", ret, mach.MIGBadID)
	g := t.mine()
	if g.Mapped < g.Resident || g.Resident == 0 || g.Faults == 0 || g.ZeroFills == 0 || g.ID == 0 {
		t.Is(fmt.Sprintf("figures of this task: %+v", g), 0, 1)
	}
	t.Is("what the task was promised", g.Reserved, 30*page)
	t.Is("pages of it by where they are", g.Words+g.Compressed+g.Waiting+g.OnDisk+g.Lost+g.Managed, g.Out)
	t.Unmap(at, 30*page)
	t.Drop(object)
}
