package main

import (
	"fmt"

	"defpager/mach"
	"defpager/user/internal/books"
	"defpager/user/libmach"
)

// family is two tasks, of which one is the other's copy, and their objects.
type family struct {
	t       *tester
	books   *books.Keeper
	tasks   []mach.Name // that pay for something
	objects []mach.Name
	noise   []byte
	seed    uint64
}

// family has a task and its copy write and read more than there are frames for, alone and together, and looks whether all figures agree at each step.
func (t *tester) family() {
	const own, shared, extra = 800, 100, 200 // pages
	f := &family{t: t, books: books.New(t.Client, t.host, t.pager), tasks: []mach.Name{t.Task}, noise: libmach.Memory(t.Pages(1), page)}
	t.Must("vm_wire", t.Client.VMWire(t.host, t.Task, libmach.Address(f.noise), page, mach.ProtDefault))
	before, err := f.books.Look()
	t.Holds("the books add up", err == nil)
	hog := (uint64(t.statistics().Free) - 900) * page
	hogged := t.Pages(hog / page)
	t.Must("vm_wire", t.Client.VMWire(t.host, t.Task, hogged, hog, mach.ProtDefault))

	parent, ret := t.Client.TaskCreate(t.Task, false)
	t.Must("task_create", ret)
	f.tasks = append(f.tasks, parent)
	at := f.allocate(parent, own)
	common := f.allocate(parent, shared)
	w := t.Client.Request()
	w.Uint64(uint64(common))
	w.Uint64(shared * page)
	w.Int32(int32(mach.InheritShare))
	_, ret = t.Client.Call(parent, mach.IDVMInherit)
	t.Must("vm_inherit", ret)
	over, reserved := t.object(extra*page, mach.Overcommit), t.object(extra/4*page, 0)
	f.objects = []mach.Name{over, reserved}
	overAt, reservedAt := f.mapped(parent, over, extra, false), f.mapped(parent, reserved, extra/4, false)
	f.write(parent, at, own)
	f.write(parent, common, shared)
	f.write(parent, overAt, extra)
	f.write(parent, reservedAt, extra/4)
	f.agree("a task has written more than there are frames", extra)

	child, ret := t.Client.TaskCreate(parent, true)
	t.Must("task_create", ret)
	f.tasks = append(f.tasks, child)
	f.write(child, at+100*page, 300)
	f.write(child, common+shared/2*page, shared/2)
	f.agree("its copy has written to some of it", extra)
	for _, task := range [...]mach.Name{parent, child} {
		f.read(task, at, own)
		f.read(task, common, shared)
	}
	f.read(parent, overAt, extra)
	f.agree("both have read all", extra)
	g, ret := t.Client.TaskFigures(child)
	t.Must("defpager_task_figures", ret)
	t.Holds("pages have gone out and come back", g.Out != 0 && g.PageIns != 0 && g.PageOuts != 0 && g.Waited != 0)

	t.Must("default_pager_object_set_size", f.insist(func() mach.Return { return t.Client.ObjectSetSize(over, extra/2*page-5) }))
	t.Must("default_pager_object_set_size", t.Client.ObjectSetSize(reserved, page+1))
	f.agree("the objects are smaller", extra/2)
	copied := f.mapped(child, over, extra/2, true)
	f.write(child, copied, extra/4)
	f.write(parent, overAt, extra/2-1)
	f.agree("one is copied", extra/2)
	for _, task := range [...]mach.Name{parent, child} { // what both see would be the one's still that is gone
		t.Must("vm_deallocate", t.Client.VMDeallocate(task, common, shared*page))
	}
	t.Must("task_terminate", t.Client.TaskTerminate(parent))
	f.tasks = []mach.Name{t.Task, child}
	f.agree("the copy has all for itself", extra/2)
	f.read(child, at, own)
	f.agree("the copy has read it", extra/2)
	t.Must("task_terminate", t.Client.TaskTerminate(child))
	f.tasks = f.tasks[:1]
	f.agree("both are gone", extra/2)
	t.Drop(parent, child, over, reserved)
	f.objects = nil
	t.Unmap(hogged, hog)
	f.agree("all is gone", 0)
	after, err := f.books.Look()
	for i := 0; i < 100 && !after.Same(before); i++ {
		t.Client.Sleep(10)
		after, err = f.books.Look()
	}
	if s := after.Differ(before); s != "" {
		fmt.Println("overcommit:", s)
	}
	t.Holds("the books are what they were", err == nil && after.Same(before))
}

// agree compares what is told of tasks, of objects, of the machine and of the pager. over is how many pages the overcommitted object has. Pages may go out between two of
// the questions: then all are asked again.
func (f *family) agree(when string, over uint64) {
	const attempts, pause = 50, 10 // ms
	good := f.same(over)
	for i := 0; i < attempts && !good; i++ {
		f.t.Client.Sleep(pause)
		good = f.same(over)
	}
	f.t.Holds(when+": all figures agree", good)
}

func (f *family) same(over uint64) bool {
	t := f.t
	var out uint64
	good := true
	for _, task := range f.tasks {
		g, ret := t.Client.TaskFigures(task)
		t.Must("defpager_task_figures", ret)
		out += g.Out
		good = good && where(g.OutFigures) == g.Out && g.Resident <= g.Mapped && (g.PageIns == 0 || g.PageOuts != 0)
	}
	b, err := f.books.Look()
	info, ret := t.Client.PagerInfo(t.pager)
	t.Must("default_pager_info", ret)
	good = good && err == nil && out/page == b.PagesOut+b.PagesManaged && info.Free/page == b.Free-b.Promised && info.Total/page == b.Frames
	if f.objects != nil {
		o, r := t.of(f.objects[0]), t.of(f.objects[1])
		good = good && o.Resident+where(o.OutFigures) == over*page && o.Reserved == 0 && r.Reserved == t.mine().Reserved && r.Resident <= r.Reserved && where(r.OutFigures) == 0 && b.Reserved*page == r.Resident
	}
	return good
}

// where is how much is out, wherever it is.
func where(f mach.OutFigures) uint64 {
	return f.Words + f.Compressed + f.Waiting + f.OnDisk + f.Lost + f.Managed
}

func (f *family) allocate(task mach.Name, pages uint64) mach.VirtAddr {
	at, ret := f.t.Client.VMAllocate(task, 0, pages*page, true)
	f.t.Must("vm_allocate", ret)
	return at
}

func (f *family) mapped(task, object mach.Name, pages uint64, private bool) mach.VirtAddr {
	at, ret := f.t.Client.VMMap(task, libmach.Map{
		Size: pages * page, Anywhere: true, Object: object, Copy: private, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	f.t.Must("vm_map", ret)
	return at
}

// insist tries again while there is no frame.
func (f *family) insist(do func() mach.Return) (ret mach.Return) {
	for range 5000 {
		if ret = do(); ret != mach.ResourceShortage && ret != mach.SendNoBuffer {
			return ret
		}
		f.t.Client.Sleep(1)
	}
	return ret
}

// write writes to pages what does not compress.
func (f *family) write(task mach.Name, at mach.VirtAddr, pages int) {
	for ; pages != 0; at, pages = at+page, pages-1 {
		for i := range f.noise {
			f.seed = f.seed*6364136223846793005 + 1442695040888963407
			f.noise[i] = byte(f.seed >> 56)
		}
		f.t.Must("vm_write", f.insist(func() mach.Return { return f.t.Client.VMWrite(task, at, libmach.Address(f.noise), page) }))
	}
}

// read has pages come back.
func (f *family) read(task mach.Name, at mach.VirtAddr, pages int) {
	for ; pages != 0; at, pages = at+page, pages-1 {
		f.t.Must("vm_read", f.insist(func() mach.Return {
			data, size, ret := f.t.Client.VMRead(task, at, page)
			if ret == mach.Success {
				f.t.Unmap(data, size)
			}
			return ret
		}))
	}
}

func (t *tester) statistics() libmach.Statistics {
	s, ret := t.Client.VMStatistics(t.Task)
	t.Must("vm_statistics", ret)
	return s
}
