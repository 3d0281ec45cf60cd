package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// ascending and scattered are orders to touch n pages in: the i-th page touched. A scattered one never touches the page behind the
// last one, so that no fault can guess the next.
func ascending(i, _ uint64) uint64 { return i }

func scattered(i, n uint64) uint64 {
	const step = 37 // has no factor with the powers of two that n is
	return i * step % n
}

// touch writes to n pages.
func touch(at mach.VirtAddr, n uint64, order func(i, n uint64) uint64) uint64 {
	memory := libmach.Memory(at, n*mach.PageSize)
	start := libmach.Ticks()
	for i := range n {
		memory[order(i, n)*mach.PageSize] = 1
	}
	return libmach.Ticks() - start
}

// object makes an object of n pages.
func (b *bench) object(n uint64) (mach.Name, error) {
	if b.pager == mach.NameNull {
		return mach.NameNull, errSkip
	}
	object, ret := b.client.ObjectCreate(b.pager, n*mach.PageSize)
	return object, failure(ret)
}

// mapObject maps n pages of an object, or a copy of them.
func (b *bench) mapObject(object mach.Name, n uint64, copied bool) (mach.VirtAddr, mach.Return) {
	return b.client.VMMap(b.task, libmach.Map{
		Size: n * mach.PageSize, Anywhere: true, Object: object, Copy: copied, Cur: mach.ProtDefault, Max: mach.ProtDefault,
		Inherit: mach.InheritNone,
	})
}

// drop unmaps n pages of an object and gives its right up.
func (b *bench) drop(object mach.Name, at mach.VirtAddr, n uint64) mach.Return {
	if ret := libmach.VMDeallocate(b.task, at, n*mach.PageSize); ret != mach.Success {
		return ret
	}
	return libmach.PortDeallocate(b.task, object)
}

func (b *bench) objectCreate(n uint64) (uint64, error) { return b.createSized(n, 1) }

// createSized creates n objects, one after the other, each of so many pages.
func (b *bench) createSized(n, pages uint64) (uint64, error) {
	var ticks uint64
	for range n {
		start := libmach.Ticks()
		object, err := b.object(pages)
		ticks += libmach.Ticks() - start
		if err != nil {
			return 0, err
		}
		if ret := libmach.PortDeallocate(b.task, object); ret != mach.Success {
			return 0, ret
		}
	}
	return ticks, nil
}

// populated makes and maps an object of n pages and touches them all, for which it tells the ticks.
func (b *bench) populated(n uint64, order func(i, n uint64) uint64) (object mach.Name, at mach.VirtAddr, ticks uint64, err error) {
	if object, err = b.object(n); err != nil {
		return 0, 0, 0, err
	}
	at, ret := b.mapObject(object, n, false)
	if ret != mach.Success {
		return 0, 0, 0, ret
	}
	return object, at, touch(at, n, order), nil
}

func (b *bench) firstTouch(n uint64, order func(i, n uint64) uint64) (uint64, error) {
	object, at, ticks, err := b.populated(n, order)
	if err != nil {
		return 0, err
	}
	return ticks, failure(b.drop(object, at, n))
}

func (b *bench) zeroFill(n uint64, order func(i, n uint64) uint64) (uint64, error) {
	at, ret := libmach.VMAllocate(b.task, 0, n*mach.PageSize, true)
	if ret != mach.Success {
		return 0, ret
	}
	ticks := touch(at, n, order)
	return ticks, failure(libmach.VMDeallocate(b.task, at, n*mach.PageSize))
}

func (b *bench) unmapDestroy(n uint64) (uint64, error) {
	object, at, _, err := b.populated(n, ascending)
	if err != nil {
		return 0, err
	}
	start := libmach.Ticks()
	ret := b.drop(object, at, n)
	return libmach.Ticks() - start, failure(ret)
}

// again maps a populated object once more, shared or copied, and writes to it through the new mapping.
func (b *bench) again(n uint64, copied bool) (uint64, error) {
	object, at, _, err := b.populated(n, ascending)
	if err != nil {
		return 0, err
	}
	start := libmach.Ticks()
	second, ret := b.mapObject(object, n, copied)
	ticks := libmach.Ticks() - start
	if ret != mach.Success {
		return 0, ret
	}
	ticks += touch(second, n, ascending)
	if ret := libmach.VMDeallocate(b.task, second, n*mach.PageSize); ret != mach.Success {
		return 0, ret
	}
	return ticks, failure(b.drop(object, at, n))
}

func (b *bench) secondMapping(n uint64) (uint64, error) { return b.again(n, false) }

func (b *bench) copyOnWrite(n uint64) (uint64, error) { return b.again(n, true) }

// remap maps an object again whose last mapping went, and finds its pages.
func (b *bench) remap(n uint64) (uint64, error) {
	object, at, _, err := b.populated(n, ascending)
	if err != nil {
		return 0, err
	}
	if ret := libmach.VMDeallocate(b.task, at, n*mach.PageSize); ret != mach.Success {
		return 0, ret
	}
	start := libmach.Ticks()
	at, ret := b.mapObject(object, n, false)
	ticks := libmach.Ticks() - start
	if ret != mach.Success {
		return 0, ret
	}
	ticks += touch(at, n, scattered)
	return ticks, failure(b.drop(object, at, n))
}

// objectCycle is the whole life of an object of one page.
func (b *bench) objectCycle(n uint64) (uint64, error) {
	start := libmach.Ticks()
	for range n {
		object, at, _, err := b.populated(1, ascending)
		if err != nil {
			return 0, err
		}
		if ret := b.drop(object, at, 1); ret != mach.Success {
			return 0, ret
		}
	}
	return libmach.Ticks() - start, nil
}
