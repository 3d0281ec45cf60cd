// Added to package runtime: the machine below the Linux port.
//
// The runtime stays the stock Linux one; what changes is the layer under it: the thirty system calls that it makes are Go
// functions here (bare*.go), and what those need of the machine they ask of package runtime/goos.
//
// Rules of this layer: there is one processor, interrupts are off whenever Go code runs, and threads give the processor up
// only of their own accord (in bareBlock and bareOsyield). So nothing here needs a lock. Functions may run without a P and
// on system stacks: they do not allocate and have no write barriers; addresses are kept as uintptr.

package runtime

import (
	"internal/cpu"
	"runtime/goos"
	"unsafe"
)

// Errors of Linux that the runtime tells apart (errno.h).
const (
	bareENOENT = 2
	bareEBADF  = 9
	bareEAGAIN = 11
	bareENOMEM = 12
	bareEINVAL = 22
	bareENOSYS = 38
)

func bareHwinit0()
func bareHwinit1()

// ---- console and end ----

//go:nosplit
func bareWrite(fd uintptr, p unsafe.Pointer, n int32) int32 {
	if fd != 1 && fd != 2 {
		return -bareEBADF
	}
	systemstack(func() {
		for i := int32(0); i < n; i++ {
			goos.Printk(*(*byte)(add(p, uintptr(i))))
		}
	})
	return n
}

//go:nosplit
func bareExit(code int32) {
	systemstack(func() {
		if goos.Exit != nil {
			goos.Exit(code)
		}
		print("runtime: exit ", code, " without a way to end the machine\n")
		for {
		}
	})
}

// ---- random bytes: a file that only open(/dev/urandom) gives ----

const bareRandomFd = 1000

//go:nosplit
func bareOpen(name *byte, mode, perm int32) int32 {
	if name != &urandom_dev[0] {
		return -bareENOENT
	}
	systemstack(func() { goos.InitRNG() })
	return bareRandomFd
}

//go:nosplit
func bareClose(fd int32) int32 { return 0 }

//go:nosplit
func bareRead(fd int32, p unsafe.Pointer, n int32) int32 {
	if fd != bareRandomFd || n < 0 {
		return -bareEBADF
	}
	bareRandom(p, uintptr(n))
	return n
}

//go:nosplit
func bareRandom(p unsafe.Pointer, n uintptr) {
	systemstack(func() {
		goos.GetRandomData(unsafe.Slice((*byte)(p), n))
	})
}

// ---- time ----

//go:nosplit
func bareNanotime() int64 { return goos.Nanotime() }

// Wall time and monotonic time are the same count: the board starts it at the real-time clock.
//
//go:nosplit
func bareTimeNow() (sec int64, nsec int32, mono int64) {
	t := goos.Nanotime()
	return t / 1e9, int32(t % 1e9), t
}

// ---- what TamaGo's packages expect of package runtime ----

// MemRegion returns the bounds of the runtime's memory.
func MemRegion() (start uint64, end uint64) {
	return uint64(goos.RamStart), uint64(goos.RamStart + goos.RamSize)
}

// TextRegion returns the bounds of the code.
func TextRegion() (start uint64, end uint64) {
	return uint64(firstmoduledata.text), uint64(firstmoduledata.etext)
}

// DataRegion returns the bounds of the global symbols.
func DataRegion() (start uint64, end uint64) {
	return uint64(firstmoduledata.data), uint64(firstmoduledata.enoptrbss)
}

// CPU returns the name of the processor.
func CPU() string { return cpu.Name() }
