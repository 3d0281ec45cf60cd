package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// supply maps n pages of supplier's object that nobody saw before.
func (b *bench) supply(n uint64, access mach.Prot) (at mach.VirtAddr, offset uint64, err error) {
	if b.supplier == mach.NameNull {
		return 0, 0, errSkip
	}
	offset = b.supplied * mach.PageSize
	m := libmach.Map{
		Anywhere: true, Object: b.supplier, Offset: offset, Size: n * mach.PageSize, Cur: access, Max: access, Inherit: mach.InheritNone,
	}
	at, ret := b.client.VMMap(b.task, m)
	b.supplied += n
	return at, offset, failure(ret)
}

// unsupply unmaps them, but for the first ones: they keep the object until the program ends.
func (b *bench) unsupply(at mach.VirtAddr, offset, n uint64) error {
	if offset == 0 {
		return nil
	}
	return failure(libmach.VMDeallocate(b.task, at, n*mach.PageSize))
}

// pageIn touches n pages that the manager supplier has to supply.
func (b *bench) pageIn(n uint64) (uint64, error) {
	at, offset, err := b.supply(n, mach.ProtRead)
	if err != nil {
		return 0, err
	}
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
	return ticks, b.unsupply(at, offset, n)
}

// flushRequest is the message that asks supplier to have pages written back: an offset and a size, in bytes.
const flushRequest mach.MsgID = 7001

// dirtyFlush has n pages written back to supplier that were written to: until it has them all, and the kernel keeps no copy.
func (b *bench) dirtyFlush(n uint64) (uint64, error) {
	at, offset, err := b.supply(n, mach.ProtDefault)
	if err != nil {
		return 0, err
	}
	touch(at, n, ascending)
	w := mig.NewWriter(b.buf)
	w.Uint64(offset)
	w.Uint64(n * mach.PageSize)
	message := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), b.supplier, b.reply, flushRequest)
	start := libmach.Ticks()
	answer, ret := libmach.RPC(b.buf, len(message), b.reply, 0, 0)
	ticks := libmach.Ticks() - start
	if ret != mach.Success {
		return 0, ret
	}
	r := answer.Reader()
	if ret := r.RetCode(); ret != mach.Success {
		return 0, ret
	}
	if got := r.Uint64(); got != n {
		return 0, mach.MemoryFailure
	}
	return ticks, b.unsupply(at, offset, n)
}
