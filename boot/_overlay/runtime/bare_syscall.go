// Added to package runtime: the system calls of packages syscall and os, and those that can only be refused.

package runtime

import "unsafe"

// Numbers of the calls that are answered (asm/unistd_64.h).
const (
	bareSysRead         = 0
	bareSysWrite        = 1
	bareSysClose        = 3
	bareSysSchedYield   = 24
	bareSysGetpid       = 39
	bareSysExit         = 60
	bareSysFcntl        = 72
	bareSysPrctl        = 157
	bareSysClockGettime = 228
	bareSysExitGroup    = 231
	bareSysOpenat       = 257
	bareSysGetrandom    = 318
)

// bareSyscall6 answers a system call: the three standard descriptors exist, files do not. The linkname lets the assembly of
// internal/runtime/syscall/linux refer to it.
//
//go:linkname bareSyscall6
//go:nosplit
func bareSyscall6(num, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr) {
	const failed = ^uintptr(0)
	const getfd, getfl, readWrite = 1, 3, 2
	switch num {
	case bareSysWrite:
		if n := bareWrite(a1, unsafe.Pointer(a2), int32(a3)); n >= 0 {
			return uintptr(n), 0, 0
		}
		return failed, 0, bareEBADF
	case bareSysRead:
		if a1 == 0 {
			return 0, 0, 0 // end of file
		}
		return failed, 0, bareEBADF
	case bareSysGetrandom:
		bareRandom(unsafe.Pointer(a1), a2)
		return a2, 0, 0
	case bareSysClockGettime:
		t := bareNanotime()
		*(*[2]int64)(unsafe.Pointer(a2)) = [2]int64{t / 1e9, t % 1e9}
		return 0, 0, 0
	case bareSysFcntl: // the runtime's start checks that 0, 1 and 2 are open
		switch {
		case a1 <= 2 && a2 == getfd:
			return 0, 0, 0
		case a1 <= 2 && a2 == getfl:
			return readWrite, 0, 0
		}
		return failed, 0, bareEBADF
	case bareSysSchedYield:
		bareOsyield()
		return 0, 0, 0
	case bareSysGetpid:
		return 1, 0, 0
	case bareSysExit, bareSysExitGroup:
		bareExit(int32(a1))
	case bareSysClose:
		return 0, 0, 0
	case bareSysOpenat:
		return failed, 0, bareENOENT
	case bareSysPrctl:
		return failed, 0, bareEINVAL // the runtime then stops naming its memory
	}
	return failed, 0, bareENOSYS
}

// ---- signals, processes, sockets, profiling timers: there are none ----

//go:nosplit
func bareSigprocmask(how int32, new, old *sigset, size int32) {}

//go:nosplit
func bareSigaction(sig uintptr, new, old *sigactiont, size uintptr) int32 { return 0 }

//go:nosplit
func bareSigaltstack(new, old *stackt) {}

// bareRaise: the runtime raises a signal only to die of it.
//
//go:nosplit
func bareRaise(sig uint32) { bareExit(2) }

//go:nosplit
func bareGetpid() int { return 1 }

//go:nosplit
func bareTgkill(tgid, tid, sig int) {}

//go:nosplit
func bareSetitimer(mode int32, new, old *itimerval) {}

//go:nosplit
func bareTimerCreate(clockid int32, sevp *sigevent, timerid *int32) int32 { return -bareENOSYS }

//go:nosplit
func bareTimerSettime(timerid int32, flags int32, new, old *itimerspec) int32 { return -bareENOSYS }

//go:nosplit
func bareTimerDelete(timerid int32) int32 { return -bareENOSYS }

//go:nosplit
func bareAccess(name *byte, mode int32) int32 { return -bareENOENT }

//go:nosplit
func bareConnect(fd int32, addr unsafe.Pointer, n int32) int32 { return -bareENOSYS }

//go:nosplit
func bareSocket(domain int32, typ int32, prot int32) int32 { return -bareENOSYS }

//go:nosplit
func barePipe2(flags int32) (r, w int32, errno int32) { return -1, -1, -bareENOSYS }
