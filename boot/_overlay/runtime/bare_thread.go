// Added to package runtime: threads, futexes and sleep on one processor.
//
// A thread is what the runtime calls an M. One runs; the others wait, each for a word to change or a deadline to pass, or
// are ready. A futex needs no wait queue: a wake-up is nothing but the change of the word, which every waker makes before it
// calls futexwakeup, and which bareBlock sees when it looks for the next thread. There are a handful of threads (one
// per P and one more for each goroutine locked to its thread), so looking at all of them is cheap.

package runtime

import (
	"internal/abi"
	"internal/runtime/atomic"
	"runtime/goos"
	"unsafe"
)

type bareThread struct {
	sp       uintptr // saved stack pointer; valid unless running
	tls      uintptr // address of m.tls
	addr     uintptr // waits while *addr == val; 0: waits for the deadline only
	val      uint32
	state    uint32
	deadline int64 // ns, as goos.Nanotime counts
}

// States of a thread slot.
const (
	bareSlotFree = iota
	bareRunning
	bareWaiting
	bareReady
)

const (
	bareMaxThreads = 256
	bareForever    = 1<<63 - 1
)

var (
	bareThreads        = [bareMaxThreads]bareThread{{state: bareRunning}} // the first one is m0's
	bareUsed    uint32 = 1                                                // slots from here on were never used
	bareLast    uint32                                                    // the slot that was switched to last, for round robin
)

func bareSwitch(save *uintptr, sp uintptr, tls uintptr)
func bareThreadStart()

// bareSelf is the running thread's slot. m.tls[0] holds the g, m.tls[1] is ours, m.tls[2] settls's.
//
//go:nosplit
func bareSelf() *bareThread { return &bareThreads[getg().m.tls[1]] }

//go:nosplit
func bareGettid() uint32 { return uint32(getg().m.tls[1]) + 1 }

// bareClone makes a thread that will start with gp on the stack that ends at stk. It runs when the caller waits.
//
//go:nosplit
func bareClone(flags int32, stk, mp, gp, fn unsafe.Pointer) int32 {
	m := (*m)(mp)
	tid := uint32(0)
	for tid < bareUsed && bareThreads[tid].state != bareSlotFree {
		tid++
	}
	if m == nil || tid == bareMaxThreads {
		return -bareEAGAIN
	}
	bareUsed = max(bareUsed, tid+1)
	m.tls[0] = uintptr(gp)
	m.tls[1] = uintptr(tid)
	sp := (uintptr(stk) &^ 15) - 64
	*(*uintptr)(unsafe.Pointer(sp)) = 0 // BP, as bareSwitch pops it
	*(*uintptr)(unsafe.Pointer(sp + 8)) = abi.FuncPCABI0(bareThreadStart)
	bareThreads[tid] = bareThread{sp: sp, tls: uintptr(unsafe.Pointer(&m.tls)), state: bareReady}
	return int32(tid + 1)
}

//go:nosplit
func (t *bareThread) runnable(now int64) bool {
	switch t.state {
	case bareReady:
		return true
	case bareWaiting:
		return t.woken() || now >= t.deadline
	}
	return false
}

//go:nosplit
func (t *bareThread) woken() bool {
	return t.addr != 0 && atomic.Load((*uint32)(unsafe.Pointer(t.addr))) != t.val
}

// barePick finds a thread that can run; self comes last, so that everyone gets a turn.
//
//go:nosplit
func barePick(now int64) *bareThread {
	for i := uint32(1); i <= bareUsed; i++ {
		k := bareLast + i
		if k >= bareUsed {
			k -= bareUsed
		}
		if t := &bareThreads[k]; t.runnable(now) {
			bareLast = k
			return t
		}
	}
	return nil
}

// bareBlock waits until *addr != val (if addr is not nil) or the deadline. It runs on a system stack.
//
//go:nosplit
func bareBlock(addr *uint32, val uint32, deadline int64) {
	t := bareSelf()
	t.addr, t.val, t.deadline = uintptr(unsafe.Pointer(addr)), val, deadline
	t.state = bareWaiting
	bareNext(t)
}

// bareNext gives the processor to the next thread that can run, which may be self, and rests while there is none.
//
//go:nosplit
func bareNext(self *bareThread) {
	u := barePick(goos.Nanotime())
	for u == nil {
		bareRest()
		u = barePick(goos.Nanotime())
	}
	bareTo(self, u)
}

//go:nosplit
func bareTo(self, u *bareThread) {
	u.state = bareRunning
	if u == self {
		return
	}
	tls := u.tls
	if tls == 0 {
		tls = uintptr(unsafe.Pointer(&m0.tls))
	}
	bareSwitch(&self.sp, u.sp, tls)
}

// bareRest lets the processor rest until the earliest deadline or an interrupt.
//
//go:nosplit
func bareRest() {
	if goos.Idle == nil {
		return // before the board is ready: look again at once
	}
	until := int64(bareForever)
	for i := range bareThreads[:bareUsed] {
		if t := &bareThreads[i]; t.state == bareWaiting && t.deadline < until {
			until = t.deadline
		}
	}
	systemstack(func() { goos.Idle(until) })
	// The goroutine that serves devices waits in netpoll's care: make netpoll return.
	if bareWaiter != 0 {
		bareRested = 1
		bareBreak = 1
	}
}

//go:nosplit
func bareFutex(addr unsafe.Pointer, op int32, val uint32, ts, addr2 unsafe.Pointer, val3 uint32) int32 {
	const wake = 1
	if op&127 == wake || atomic.Load((*uint32)(addr)) != val {
		return 0
	}
	deadline := int64(bareForever)
	if ts != nil {
		t := (*timespec)(ts)
		deadline = goos.Nanotime() + t.tv_sec*1e9 + t.tv_nsec
	}
	systemstack(func() { bareBlock((*uint32)(addr), val, deadline) })
	return 0
}

//go:nosplit
func bareUsleep(us uint32) {
	deadline := goos.Nanotime() + int64(us)*1000
	systemstack(func() { bareBlock(nil, 0, deadline) })
}

//go:nosplit
func bareOsyield() {
	systemstack(func() {
		t := bareSelf()
		t.state = bareReady
		bareNext(t)
	})
}

// bareExitThread ends the running thread. *wait = 0 lets another thread free its stack: nobody runs between that store and
// the switch away from it.
//
//go:nosplit
func bareExitThread(wait *atomic.Uint32) {
	t := bareSelf()
	t.state = bareSlotFree
	u := barePick(goos.Nanotime())
	for u == nil {
		bareRest()
		u = barePick(goos.Nanotime())
	}
	wait.Store(freeMStack)
	bareTo(t, u)
}

//go:nosplit
func bareGetaffinity(pid, n uintptr, buf *byte) int32 {
	*buf = 1
	return 1
}
