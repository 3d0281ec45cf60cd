//go:build bare

package image

import (
	"runtime/goos"
	_ "unsafe" // for go:linkname

	"defpager/board"
	"defpager/boot/info"
	"defpager/mach"
)

// Hooks of the stock compiler's runtime (the overlay's package runtime/goos); hook_tamago.go is the other compiler's.

// Heap is the memory of the Go runtime.
func Heap() board.Range {
	return board.Range{Start: mach.PhysAddr(goos.RamStart), Size: uint64(goos.RamSize)}
}

// WaitInterrupt parks the calling goroutine until the idle processor was woken by an interrupt. One goroutine at a time
// may wait.
func WaitInterrupt() { goos.WaitInterrupt() }

// placeHeap runs on the first stack before the runtime has memory: it may not allocate.
//
//go:linkname placeHeap runtime/goos.Hwinit0
func placeHeap() {
	mem := board.Identity(mapped)
	r := Current()
	loader, at := r.Loader()
	heap := info.PlaceHeap(&mem, loader, at, r.Sections().Data.End())
	goos.RamStart, goos.RamSize = uint(heap.Start), uint(heap.Size)
}
