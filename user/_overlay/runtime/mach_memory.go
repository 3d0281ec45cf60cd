// Added to package runtime: mmap and munmap are vm_allocate and vm_deallocate.
//
// Mach gives a frame to a page when it is touched, and it gives it zeroed. So reserving address space is allocating it, and
// mapping memory over a reservation is nothing at all.

package runtime

import "unsafe"

const (
	machPage    = 4096
	machHighest = 1 << 40 // heapAddrBits: the allocator cannot use addresses from here on
)

//go:nosplit
func bareMmap(addr unsafe.Pointer, n uintptr, prot, flags, fd int32, off uint32) (p unsafe.Pointer, err int) {
	if addr == nil {
		return machAllocate(0, n, true)
	}
	if flags&_MAP_FIXED != 0 {
		return addr, 0 // a part of an earlier reservation
	}
	if uintptr(addr)+n > machHighest {
		return nil, bareENOMEM // a wish: the caller goes on without
	}
	return machAllocate(uintptr(addr), n, false)
}

//go:nosplit
func machAllocate(at, n uintptr, anywhere bool) (p unsafe.Pointer, err int) {
	flag := uintptr(0)
	if anywhere {
		flag = 1
	}
	n = (n + machPage - 1) &^ (machPage - 1)
	if machTrap(machVMAllocate, uintptr(machTask), uintptr(unsafe.Pointer(&at)), n, flag) != 0 {
		return nil, bareENOMEM
	}
	return unsafe.Pointer(at), 0
}

//go:nosplit
func bareMunmap(addr unsafe.Pointer, n uintptr) {
	machTrap(machVMDeallocate, uintptr(machTask), uintptr(addr), n, 0)
}

// bareMadvise gives unneeded pages back. The runtime believes that they come back zero (mem_linux.go,
// needZeroAfterSysUnusedOS), and so they do. Of a program without automatic collections they stay, with zeros: what it has is
// not to change by itself, and it may have wired them. The runtime's scavenger gives pages of such a program back, too, some
// time after it asked for a collection.
//
//go:nosplit
func bareMadvise(addr unsafe.Pointer, n uintptr, flags int32) int32 {
	if flags != _MADV_DONTNEED {
		return 0
	}
	if gcController.gcPercent.Load() < 0 {
		memclrNoHeapPointers(addr, n)
		return 0
	}
	bareMunmap(addr, n)
	if _, err := machAllocate(uintptr(addr), n, false); err != 0 {
		throw("runtime: pages that were given back cannot be had again")
	}
	return 0
}

//go:nosplit
func bareMincore(addr unsafe.Pointer, n uintptr, dst *byte) int32 { return -bareENOMEM }

//go:nosplit
func bareSbrk0() uintptr { return 0 }
