// Replaces runtime/netpoll_epoll.go: where the scheduler rests when it has nothing to run.
//
// There are no descriptors to wait for. The scheduler blocks here until the next timer, until some other thread wants it
// (netpollBreak), or until an interrupt ended the processor's rest: then the goroutine in bareWaitInterrupt, which serves
// the devices, becomes runnable.

package runtime

import (
	"internal/runtime/atomic"
	"runtime/goos"
	"unsafe"
)

var (
	bareBreak  uint32 // netpollBreak asks netpoll to return
	bareRested uint32 // goos.Idle has returned since netpoll looked last
	bareWaiter guintptr
)

func netpollinit() {
	// One waiter for ever: the scheduler then rests in netpoll, not in a futex, also when no timer runs.
	netpollAdjustWaiters(1)
}

func netpollIsPollDescriptor(fd uintptr) bool { return false }

func netpollopen(fd uintptr, pd *pollDesc) uintptr { return 1 /* EPERM */ }

func netpollclose(fd uintptr) uintptr { return 0 }

func netpollarm(pd *pollDesc, mode int) { throw("runtime: unused") }

func netpollBreak() { atomic.Store(&bareBreak, 1) }

func netpoll(delay int64) (gList, int32) {
	if delay != 0 {
		deadline := int64(bareForever)
		if delay > 0 {
			if now := goos.Nanotime(); delay < bareForever-now {
				deadline = now + delay
			}
		}
		systemstack(func() {
			bareBlock(&bareBreak, 0, deadline)
			bareBreak = 0
		})
	}
	var list gList
	if bareRested != 0 {
		bareRested = 0
		if gp := bareWaiter.ptr(); gp != nil {
			bareWaiter = 0
			list.push(gp)
		}
	}
	return list, 0
}

// bareWaitInterrupt parks the calling goroutine until goos.Idle has returned once more. The image reaches it by go:linkname.
//
//go:linkname bareWaitInterrupt
func bareWaitInterrupt() {
	netpollGenericInit()
	gopark(bareParkWaiter, nil, waitReasonIOWait, traceBlockNet, 1)
}

func bareParkWaiter(gp *g, _ unsafe.Pointer) bool {
	if bareWaiter != 0 {
		throw("bareWaitInterrupt: two goroutines wait")
	}
	bareWaiter.set(gp)
	return true
}
