package main

import (
	"time"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// starve hands over to the other manager and back, and takes all memory that the kernel has left: then the page that somebody needs cannot come from the other manager. That
// one tries for some time, says then that there is an error, and has the page still.
func (t *tester) starve(kernel mach.Name) {
	t.exchange(t.to)
	more := libmach.Memory(t.Pages(t.over/page), t.over)
	for n := range t.over / page {
		more[n*page] = 1
	}
	t.unmap(more)
	returned, _ := t.stats()
	t.Holds("pages went to the manager of ring 3", returned > 100)
	handler := t.NewPort()
	manager := t.otherTask()
	t.Must("task_suspend of the manager", t.Client.TaskSuspend(manager)) // until there is no memory
	x := t.Thread(t.Task, reads, libmach.ThreadState{RDI: uint64(libmach.Address(t.memory)), RCX: uint64(len(t.versions))}, handler)
	t.Client.Sleep(30)
	t.Is("the manager gives way", uint64(t.exchange(kernel)), uint64(t.to))

	promised, many, entries := t.takeAll(kernel)
	since := time.Now()
	t.Must("task_resume of the manager", t.Client.TaskResume(manager))
	t.Check("who waits for a page that the kernel has no memory for", t.Raised(handler), mach.MemoryError)
	t.Holds("it was tried again and again", time.Since(since) > leastPatience)
	t.Must("vm_deallocate", libmach.VMDeallocate(t.Task, entries, entriesSize))
	for _, name := range promised[:many] {
		t.Must("mach_port_deallocate", libmach.PortDeallocate(t.Task, name))
	}
	t.Check("thread_terminate", x.End(), mach.Success)
	t.Is("pages after the shortage that are not as they were", t.wrong(1), 0)
}

// leastPatience is less than what the other manager is started with.
const leastPatience = 300 * time.Millisecond

// entriesSize is how much memory there is whose every page is to be another map entry.
const entriesSize = 1 << 30

// takeAll takes all memory that nobody has: what is free is promised, and what is free in the frames of the kernel's structures are map entries, and objects to which nothing
// is promised.
func (t *tester) takeAll(kernel mach.Name) (objects [256]mach.Name, many int, entries mach.VirtAddr) {
	entries, code := t.Client.VMAllocate(t.Task, 0, entriesSize, true)
	t.Must("vm_allocate", code)
	for size := uint64(entriesSize); size >= page && many < len(objects); {
		if objects[many], code = wire.DefaultPagerObjectCreate(t.Client, kernel, size); code == mach.Success {
			many++
		} else {
			size /= 2
		}
	}
	for at, code := entries, mach.Success; code == mach.Success && at < entries+entriesSize; at += 2 * page {
		code = t.Client.VMProtect(t.Task, at, page, false, mach.ProtRead)
	}
	for code = mach.Success; code == mach.Success && many < len(objects); {
		if objects[many], code = wire.DefpagerObjectCreate(t.Client, kernel, page, mach.Overcommit); code == mach.Success {
			many++
		}
	}
	t.Check("an object when there is no memory", code, mach.ResourceShortage)
	return objects, many, entries
}
