package main

import (
	"fmt"

	"defpager/mach"
	"defpager/user/libmach"
)

// sweep measures some operations over one quantity.
func (b *bench) sweep(over string) error {
	switch over {
	case "size":
		return b.overSize()
	case "objects":
		return b.overCount(over, 100_000, b.moreObjects(), "object-create", "object-cycle", "first-touch-one-by-one", "task-rpc")
	case "entries":
		return b.overCount(over, 1_000_000, b.moreEntries(), "object-cycle", "zero-fill-one-by-one", "second-mapping", "task-rpc")
	}
	return fmt.Errorf("--sweep=%s: want size, objects or entries", over)
}

// runs is how often something is measured with n pages: memory that takes long is not measured again, and needs no warming up.
func runs(n uint64) int {
	if n > 16<<20/mach.PageSize {
		return 0
	}
	return 3
}

// overSize measures by page, and object-create by object, over sizes of four times the last one, up to the largest that there is room for.
// A copy needs as much again: it is measured up to half of that.
func (b *bench) overSize() error {
	b.client.ObjectCreate(b.pager, 0) // what the first object takes is not the largest one's to have
	info, ret := b.client.PagerInfo(b.pager)
	if ret != mach.Success {
		return ret
	}
	largest := info.Free / mach.PageSize
	largest -= largest / 100 // page tables, and the nodes of the object's tree
	for n := uint64(1); ; n = min(4*n, largest) {
		for _, name := range []string{"first-touch-clustered", "second-mapping", "unmap-destroy", "copy-on-write"} {
			o, err := operationOf(name)
			if err != nil {
				return err
			}
			if name == "copy-on-write" && 2*n > largest {
				continue
			}
			count, err := b.median(o, n, runs(n))
			if err != nil {
				return fmt.Errorf("%s with %d pages: %w", name, n, err)
			}
			fmt.Printf("bench %s@%d %d\n", name, n*mach.PageSize, count)
		}
		created, err := b.median(operation{measure: func(b *bench, times uint64) (uint64, error) { return b.createSized(times, n) }}, 4, 3)
		if err != nil {
			return fmt.Errorf("object-create with %d pages: %w", n, err)
		}
		fmt.Printf("bench object-create@%d %d\n", n*mach.PageSize, created)
		if n == largest {
			return nil
		}
	}
}

// overCount measures operations while there are 1, 10, 100 ... of something, up to most. more brings their number to what it is told; it answers an
// error when there is no room, which ends the measure but is none of the program's.
func (b *bench) overCount(what string, most int, more func(to int) error, names ...string) error {
	for n := 1; n <= most; n *= 10 {
		if err := more(n); err != nil {
			fmt.Printf("bench: limit %s: no more than %v\n", what, err)
			return nil
		}
		for _, name := range names {
			o, err := operationOf(name)
			if err != nil {
				return err
			}
			count, err := b.median(o, min(o.n, pages), 3)
			if err != nil {
				return fmt.Errorf("%s among %d %s: %w", name, n, what, err)
			}
			fmt.Printf("bench %s@%d %d\n", name, n, count)
		}
	}
	return nil
}

// moreObjects makes objects of one page, which is promised to each but never touched.
func (b *bench) moreObjects() func(to int) error {
	live := 0
	return func(to int) error {
		for ; live < to; live++ {
			if _, ret := b.client.ObjectCreate(b.pager, mach.PageSize); ret != mach.Success {
				return fmt.Errorf("%d: %w", live, ret)
			}
		}
		return nil
	}
}

// moreEntries cuts memory into pieces with different protections, each of which has an entry in the map.
func (b *bench) moreEntries() func(to int) error {
	entries := 1
	return func(to int) error {
		n := to - entries
		if n <= 0 {
			return nil
		}
		at, ret := libmach.VMAllocate(b.task, 0, uint64(n)*mach.PageSize, true)
		for i := 0; ret == mach.Success && i < n; i += 2 {
			ret = b.client.VMProtect(b.task, at+mach.VirtAddr(i)*mach.PageSize, mach.PageSize, false, mach.ProtRead)
		}
		if ret != mach.Success {
			return fmt.Errorf("%d and some: %w", entries, ret)
		}
		entries = to
		return nil
	}
}
