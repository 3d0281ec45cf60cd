// Added to package runtime: a Mach task below the Linux port.
//
// The runtime stays the stock Linux one; the layer under it, its thirty system calls, are Go functions here and in the files
// shared with the kernel's runtime (bare_thread.go, bare_syscall.go), and what those need they ask of Mach by traps.
//
// All Ms of the program are cooperative threads inside the one Mach thread that the task starts with: they give it up only
// of their own accord, so nothing here needs a lock. When none can run, the Mach thread waits in mach_msg. A goroutine that
// itself waits in mach_msg stops all others meanwhile. Functions may run without a P and on system stacks: they do not
// allocate and have no write barriers.

package runtime

import (
	"internal/runtime/math"
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

// Traps (mach/syscall_sw.h of GNU Mach, x86_64).
const (
	machReplyPort     = -26
	machTaskSelf      = -28
	machPrint         = -30
	machSwtchPri      = -59
	machVMAllocate    = -65
	machVMDeallocate  = -66
	machTaskTerminate = -69
)

func machTrap(number int32, a, b, c, d uintptr) uint32

//go:noescape
func machReceive(msg unsafe.Pointer, size uint32, port uint32, ms uint32) uint32
func machTicks() uint64
func machFeatures() uint32
func machRDRAND() (v uint64, ok bool)

var (
	machTask     uint32                           // name of the task's own port
	machIdlePort uint32                           // nobody sends to it: receiving there is sleeping
	machScale    uint64                 = 1 << 32 // nanoseconds per tick of the time-stamp counter, times 2^32
	machHardware bool                             // the processor has RDRAND
	machState    uint64                           // of the generator that stands in for RDRAND
	machLine     [machLineSize + 1]byte           // a piece of console text and the NUL behind it
	machUsed     int                              // bytes in machLine
)

// machLineSize is how much console text goes to the kernel in one trap, in bytes.
const machLineSize = 256

// machStart prepares what the scheduler needs before it exists.
func machStart() {
	machTask = machTrap(machTaskSelf, 0, 0, 0, 0)
	if hz := machHertz(); hz != 0 {
		machScale = (1e9 << 32) / hz
	}
	goos.Idle = machIdle
}

// machHertz is the frequency of the time-stamp counter as the kernel wrote it into the environment, TSC_HZ=2400000000, or 0.
// Under QEMU's -icount it is 1 GHz, which is also what machScale begins with.
func machHertz() uint64 {
	const key = "TSC_HZ="
	for i := argc + 1; argv_index(argv, i) != nil; i++ {
		s := unsafe.Slice(argv_index(argv, i), findnull(argv_index(argv, i)))
		if len(s) <= len(key) || string(s[:len(key)]) != key {
			continue
		}
		hz := uint64(0)
		for _, c := range s[len(key):] {
			if c < '0' || c > '9' || hz > 1<<40 {
				return 0
			}
			hz = hz*10 + uint64(c-'0')
		}
		return hz
	}
	return 0
}

// ---- console and end ----

// bareWrite prints n bytes; NULs are left out, as the trap takes C strings. What comes to descriptor 2 is the runtime's own, a few
// letters at a time: it is kept until its line ends, so that lines of several tasks do not mix.
//
//go:nosplit
func bareWrite(fd uintptr, p unsafe.Pointer, n int32) int32 {
	if fd != 1 && fd != 2 {
		return -bareEBADF
	}
	if fd == 1 {
		machFlush()
	}
	for i := int32(0); i < n; i++ {
		c := *(*byte)(add(p, uintptr(i)))
		if c == 0 {
			continue
		}
		machLine[machUsed] = c
		machUsed++
		if machUsed == machLineSize || fd == 2 && c == '\n' {
			machFlush()
		}
	}
	if fd == 1 {
		machFlush()
	}
	return n
}

//go:nosplit
func machFlush() {
	if machUsed > 0 {
		machLine[machUsed] = 0
		machUsed = 0
		machTrap(machPrint, uintptr(unsafe.Pointer(&machLine)), 0, 0, 0)
	}
}

// bareExit ends the task. Nobody waits for a task's status in Mach, so one that is not 0 goes to the console.
//
//go:nosplit
func bareExit(code int32) {
	systemstack(func() {
		if code != 0 {
			print(gostringnocopy(argv_index(argv, 0)), ": exit status ", code, "\n")
		}
	})
	machFlush()
	for {
		machTrap(machTaskTerminate, uintptr(machTask), 0, 0, 0)
	}
}

// ---- random bytes: a file that only open(/dev/urandom) gives ----

const bareRandomFd = 1000

//go:nosplit
func bareOpen(name *byte, mode, perm int32) int32 {
	if name != &urandom_dev[0] {
		return -bareENOENT
	}
	const featureRDRAND = 1 << 30 // CPUID 1, ECX
	machHardware = machFeatures()&featureRDRAND != 0
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
	for i := uintptr(0); i < n; {
		v := machRandom()
		for k := 0; k < 8 && i < n; k++ {
			*(*byte)(add(p, i)) = byte(v)
			v >>= 8
			i++
		}
	}
}

// machRandom is the processor's random number, or without RDRAND one of a generator (SplitMix64) stirred by the
// time-stamp counter: good for hash seeds, not for secrets.
//
//go:nosplit
func machRandom() uint64 {
	if machHardware {
		for range 16 {
			if v, ok := machRDRAND(); ok {
				return v
			}
		}
	}
	machState += 0x9e3779b97f4a7c15
	z := machState ^ machTicks()
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// ---- time ----

//go:nosplit
func bareNanotime() int64 {
	hi, lo := math.Mul64(machTicks(), machScale)
	return int64(hi<<32 | lo>>32)
}

// Wall time is the time since the machine started: a task that wants the date asks the host.
//
//go:nosplit
func bareTimeNow() (sec int64, nsec int32, mono int64) {
	t := bareNanotime()
	return t / 1e9, int32(t % 1e9), t
}

// machIdle sleeps until the given time: in mach_msg, on a port to which nobody has a right, or, for less than a
// millisecond, by letting other threads run once.
func machIdle(until int64) {
	const maxSleep = 1 << 30 // ms
	now := bareNanotime()
	if until <= now {
		return
	}
	ms := (until - now) / 1e6
	if ms == 0 {
		machTrap(machSwtchPri, 0, 0, 0, 0)
		return
	}
	if machIdlePort == 0 {
		machIdlePort = machTrap(machReplyPort, 0, 0, 0, 0)
	}
	var msg [64]byte
	machReceive(unsafe.Pointer(&msg), uint32(len(msg)), machIdlePort, uint32(min(ms, maxSleep)))
}
