package main

import (
	"errors"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// errSkip says that what an operation needs is not there.
var errSkip = errors.New("left out")

// failure is ret as an error, nil for Success.
func failure(ret mach.Return) error {
	if ret == mach.Success {
		return nil
	}
	return ret
}

func (b *bench) nullTrap(n uint64) (uint64, error) {
	start := libmach.Ticks()
	for range n {
		libmach.TaskSelf()
	}
	ticks := libmach.Ticks() - start
	return ticks, failure(b.client.PortModRefs(b.task, b.task, mach.RightSend, -int32(n)))
}

func (b *bench) kernelRPC(n uint64) (uint64, error) {
	start := libmach.Ticks()
	for range n {
		if _, ret := b.client.PortType(b.task, b.task); ret != mach.Success {
			return 0, ret
		}
	}
	return libmach.Ticks() - start, nil
}

// taskRPC sends echo messages of size bytes and waits for each to come back.
func (b *bench) taskRPC(n uint64, size int) (uint64, error) {
	if b.echo == mach.NameNull {
		return 0, errSkip
	}
	if size > mach.HeaderSize {
		w := mig.NewWriter(b.buf)
		w.Space(mach.MsgByte, 8, uint32(size-mach.HeaderSize-8))
	}
	bits := mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)
	start := libmach.Ticks()
	for range n {
		mig.PutHeader(b.buf, mach.Header{Bits: bits, Remote: uint64(b.echo), Local: uint64(b.reply), ID: 1})
		if ret := libmach.Exchange(b.buf, size, b.reply, 0, 0); ret != mach.Success {
			return 0, ret
		}
	}
	return libmach.Ticks() - start, nil
}

func (b *bench) portCycle(n uint64) (uint64, error) {
	start := libmach.Ticks()
	for range n {
		name, ret := b.client.PortAllocate(b.task, mach.RightReceive)
		if ret == mach.Success {
			ret = b.client.PortDestroy(b.task, name)
		}
		if ret != mach.Success {
			return 0, ret
		}
	}
	return libmach.Ticks() - start, nil
}

// taskCycle makes empty tasks and ends them. The dead name that is left is dropped outside of the measure.
func (b *bench) taskCycle(n uint64) (uint64, error) {
	var ticks uint64
	for range n {
		start := libmach.Ticks()
		task, ret := b.client.TaskCreate(b.task, false)
		if ret == mach.Success {
			ret = b.client.TaskTerminate(task)
		}
		ticks += libmach.Ticks() - start
		if ret == mach.Success {
			ret = b.client.PortDeallocate(b.task, task)
		}
		if ret != mach.Success {
			return 0, ret
		}
	}
	return ticks, nil
}
