//go:build !tamago

package image

import (
	_ "unsafe" // for go:linkname

	"defpager/board"
	"defpager/boot/info"
	"defpager/mach"
)

// Hooks of the stock compiler's runtime (the overlay's package runtime/goos); hook_tamago.go is the other compiler's.

//go:linkname ramStart runtime/goos.RamStart
var ramStart uint

//go:linkname ramSize runtime/goos.RamSize
var ramSize uint

// Heap is the memory of the Go runtime.
func Heap() board.Range {
	return board.Range{Start: mach.PhysAddr(ramStart), Size: uint64(ramSize)}
}

// WaitInterrupt parks the calling goroutine until the idle processor was woken by an interrupt. One goroutine at a time
// may wait.
//
//go:linkname WaitInterrupt runtime.bareWaitInterrupt
func WaitInterrupt()

// placeHeap runs on the first stack before the runtime has memory: it may not allocate.
//
//go:linkname placeHeap runtime/goos.Hwinit0
func placeHeap() {
	mem := board.Identity(Mapped)
	r := Current()
	loader, at := r.Loader()
	heap := info.PlaceHeap(&mem, loader, at, r.Sections().Data.End())
	if heap.Size == 0 {
		println("defpager: the memory map of loader", loader, "has no room for a heap behind the image")
	}
	ramStart, ramSize = uint(heap.Start), uint(heap.Size)
}
