package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// fork is task_create with inheritance, n times, while the task has so many bytes resident besides its own.
func (b *bench) fork(n, resident uint64) (uint64, error) {
	at, ret := libmach.VMAllocate(b.task, 0, resident, true)
	if ret != mach.Success {
		return 0, ret
	}
	touch(at, resident/mach.PageSize, ascending)
	var ticks uint64
	for range n {
		start := libmach.Ticks()
		task, ret := b.client.TaskCreate(b.task, true)
		ticks += libmach.Ticks() - start
		if ret == mach.Success {
			ret = b.client.TaskTerminate(task)
		}
		if ret == mach.Success {
			ret = b.client.PortDeallocate(b.task, task)
		}
		if ret != mach.Success {
			return 0, ret
		}
		libmach.Memory(at, mach.PageSize)[0]++ // a task that forks writes again, and its memory is whole again
	}
	return ticks, failure(libmach.VMDeallocate(b.task, at, resident))
}
