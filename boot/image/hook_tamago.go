//go:build tamago

package image

import (
	"time"
	_ "unsafe" // for go:linkname

	"defpager/board"
	"defpager/mach"
)

// Hooks of TamaGo's own compiler; hook_bare.go is the stock compiler's.
//
// That compiler takes the bounds of the runtime's memory, image included, as link-time variables and asks for them before any Go code
// can run: they are the smallest region that every supported machine has.

//go:linkname ramStart runtime/goos.RamStart
var ramStart uint = 1 << 20

//go:linkname ramSize runtime/goos.RamSize
var ramSize uint = 48 << 20

//go:linkname ramStackOffset runtime/goos.RamStackOffset
var ramStackOffset uint = 1 << 20

// Heap is the memory of the Go runtime: what follows the image.
func Heap() board.Range {
	start := Current().Sections().Data.End()
	return board.Range{Start: start, Size: uint64(mach.PhysAddr(ramStart+ramSize) - start)}
}

// WaitInterrupt parks the calling goroutine for a tick: that compiler has no hook that an interrupt reaches.
func WaitInterrupt() { time.Sleep(4 * time.Millisecond) }

//go:linkname hwinit0 runtime/goos.Hwinit0
func hwinit0() {}
