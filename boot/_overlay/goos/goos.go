// Package goos holds the hooks between the runtime and the machine, under the names that TamaGo's compiler gives them in
// its package of the same path; so one board package serves both compilers.
//
// The functions have no bodies: the image defines them by go:linkname. There is no assembly here because the go command
// cannot run the assembler in a folder that exists only in an overlay.
package goos

import "unsafe"

// RamStart is where the memory of the runtime begins: its heap, goroutine stacks and tables. Hwinit0 must set it.
//
//go:linkname RamStart
var RamStart uint

// RamSize is the size of the runtime's memory. Hwinit0 must set it.
//
//go:linkname RamSize
var RamSize uint

// RamStackOffset exists for TamaGo's packages and has no meaning here: the entry stub brings the first stack.
var RamStackOffset uint

// Hwinit0 runs on the first stack before the runtime has memory: it sets RamStart and RamSize, and may not allocate.
//
//go:linkname Hwinit0
func Hwinit0()

// Hwinit1 runs on the first stack when the scheduler is ready and no goroutine runs yet.
//
//go:linkname Hwinit1
func Hwinit1()

// InitRNG prepares GetRandomData. Both run before the runtime has memory and may not allocate.
//
//go:linkname InitRNG
func InitRNG()

// GetRandomData fills b with random bytes.
//
//go:linkname GetRandomData
func GetRandomData(b []byte)

// Nanotime is the time in nanoseconds. It must be nosplit: the runtime asks on every stack there is.
//
//go:linkname Nanotime
func Nanotime() int64

// Printk writes one byte to the console. It may not allocate.
//
//go:linkname Printk
func Printk(c byte)

// Exit ends the machine; code is the status of the program. It may stay nil.
//
//go:linkname Exit
var Exit func(code int32)

// Idle rests until the time until (as Nanotime counts) or an interrupt, whichever is first. It is entered and left with
// interrupts off, on a system stack, and may not allocate. It may return early, and may stay nil.
//
//go:linkname Idle
var Idle func(until int64)

// Hooks of TamaGo's packages that this runtime, on its one processor, does not use.
var (
	Bloc   uintptr
	ProcID func() uint64
	Task   func(sp, mp, gp, fn unsafe.Pointer)
	Wake   func(procid uint64)
)
