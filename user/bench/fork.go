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

// pageIn touches n pages that the manager supplier has to supply.
func (b *bench) pageIn(n uint64) (uint64, error) {
	if b.supplier == mach.NameNull {
		return 0, errSkip
	}
	m := libmach.Map{
		Anywhere: true, Object: b.supplier, Offset: b.supplied * mach.PageSize, Size: n * mach.PageSize,
		Cur: mach.ProtRead, Max: mach.ProtRead, Inherit: mach.InheritNone,
	}
	at, ret := b.client.VMMap(b.task, m)
	if ret != mach.Success {
		return 0, ret
	}
	if b.supplied != 0 { // the first mapping keeps the object until the program ends
		defer libmach.VMDeallocate(b.task, at, n*mach.PageSize)
	}
	b.supplied += n
	memory := libmach.Memory(at, n*mach.PageSize)
	sum := byte(0)
	start := libmach.Ticks()
	for i := range n {
		sum += memory[i*mach.PageSize]
	}
	ticks := libmach.Ticks() - start
	if uint64(sum) != n&0xff {
		return 0, mach.MemoryFailure
	}
	return ticks, nil
}
