// Added to package runtime: mmap and munmap over one fixed region of physical memory, [RamStart, RamStart+RamSize).
//
// Free memory is a list of pieces in order of address, each described by a record in its own first bytes; neighbours are
// always merged. There are few pieces (the runtime keeps what it gets and returns little), so the list is searched
// front to back. Linux gives zeroed pages and the allocator counts on it: what is handed out readable is cleared, when it is
// handed out; what is only reserved is cleared when it is mapped over the reservation.

package runtime

import (
	"runtime/goos"
	"unsafe"
)

const barePage = 4096

// barePiece is the record at the start of a free piece.
type barePiece struct {
	size uintptr // bytes, a multiple of barePage
	next uintptr // address of the next free piece, 0 at the end
}

var (
	bareFree    barePiece // head of the list; size is not used
	bareStarted bool
)

//go:nosplit
func barePieceAt(p uintptr) *barePiece { return (*barePiece)(unsafe.Pointer(p)) }

//go:nosplit
func bareMmap(addr unsafe.Pointer, n uintptr, prot, flags, fd int32, off uint32) (p unsafe.Pointer, err int) {
	n = (n + barePage - 1) &^ (barePage - 1)
	if addr != nil {
		if flags&_MAP_FIXED == 0 {
			return nil, bareENOMEM // a wish: the caller goes on without
		}
		p = addr // a part of an earlier reservation
	} else if p = bareTake(n); p == nil {
		return nil, bareENOMEM
	}
	if prot != _PROT_NONE {
		memclrNoHeapPointers(p, n)
	}
	return p, 0
}

// bareTake cuts n bytes from the first piece that has them.
//
//go:nosplit
func bareTake(n uintptr) unsafe.Pointer {
	if !bareStarted {
		bareStarted = true
		lo := (uintptr(goos.RamStart) + barePage - 1) &^ (barePage - 1)
		hi := uintptr(goos.RamStart+goos.RamSize) &^ (barePage - 1)
		bareGive(lo, hi-lo)
	}
	for prev := &bareFree; prev.next != 0; prev = barePieceAt(prev.next) {
		at := prev.next
		piece := barePieceAt(at)
		if piece.size < n {
			continue
		}
		if piece.size == n {
			prev.next = piece.next
		} else {
			*barePieceAt(at + n) = barePiece{piece.size - n, piece.next}
			prev.next = at + n
		}
		return unsafe.Pointer(at)
	}
	return nil
}

// bareGive puts n bytes at p into the list and merges them with their neighbours.
//
//go:nosplit
func bareGive(p, n uintptr) {
	if n == 0 {
		return
	}
	prev := &bareFree
	for prev.next != 0 && prev.next < p {
		prev = barePieceAt(prev.next)
	}
	piece := barePieceAt(p)
	*piece = barePiece{n, prev.next}
	prev.next = p
	if piece.next == p+n {
		next := barePieceAt(piece.next)
		piece.size += next.size
		piece.next = next.next
	}
	if prev != &bareFree && uintptr(unsafe.Pointer(prev))+prev.size == p {
		prev.size += piece.size
		prev.next = piece.next
	}
}

//go:nosplit
func bareMunmap(addr unsafe.Pointer, n uintptr) {
	bareGive(uintptr(addr), (n+barePage-1)&^(barePage-1))
}

// bareMadvise clears what the runtime declares unneeded: it believes such pages come back zero (mem_linux.go,
// needZeroAfterSysUnusedOS). Without it the heap is corrupted, rarely and at random.
//
//go:nosplit
func bareMadvise(addr unsafe.Pointer, n uintptr, flags int32) int32 {
	if flags == _MADV_DONTNEED {
		memclrNoHeapPointers(addr, n)
	}
	return 0
}

// bareMemoryLimit is what the collector tries to stay under, in bytes (as debug.SetMemoryLimit counts). The rest of the region is for
// arenas of 4 MiB that are in use in part.
func bareMemoryLimit() int64 { return int64(goos.RamSize / 4 * 3) }

//go:nosplit
func bareMincore(addr unsafe.Pointer, n uintptr, dst *byte) int32 { return -bareENOMEM }

//go:nosplit
func bareSbrk0() uintptr { return 0 }
