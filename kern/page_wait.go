package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// A thread waits for a page that a memory manager has yet to supply in one of three ways. After a page fault it is as it was
// before the instruction, which runs again. In a trap that read its arguments it is as it was before the trap, which begins
// anew. When only the result of its trap, mostly a message, has no place yet, the kernel keeps that and writes it before
// the thread goes on. Each wait ends early by thread_abort and thread_terminate.

// pageWait is a thread's wait for a page.
type pageWait struct {
	vm.Waiter
	since int64        // nanoseconds of the clock, when it began
	code  mach.Return  // what the trap returns if the page cannot be had; Success: why it cannot
	late  []lateResult // what is to be written first
}

// lateResult is data for a thread's memory.
type lateResult struct {
	addr mach.VirtAddr
	data []byte
}

// awaitPage makes t wait, in the way w, for what the last operation needs.
func (k *Kernel) awaitPage(t *Thread, w wait, code mach.Return) {
	k.env.Await(&t.page.Waiter)
	t.page.code, t.page.since = code, k.config.Clock()
	t.wait = w
	t.awake = false
	if k.current == t {
		k.current = nil
	}
}

// countWait adds t's wait for a page, which ends now, to what its task and the page's object waited.
func (k *Kernel) countWait(t *Thread) {
	ns := k.config.Clock() - t.page.since
	t.task.waited += ns
	t.page.Waited(ns)
}

// pageCame goes on with t, whose wait for a page is over and whose turn it is.
func (k *Kernel) pageCame(t *Thread) {
	how, err := t.wait, t.page.Err()
	t.wait = waitNone
	k.retryThread(t, how, err)
	if !t.page.Waiting() {
		t.page.Done()
	}
}

func (k *Kernel) retryThread(t *Thread, how wait, err error) {
	switch how {
	case waitFault:
		if err != nil {
			k.raise(t, mach.ExcBadAccess, int32(mach.Code(err)), t.regs.Addr)
		}
	case waitTrap:
		if err != nil {
			code := t.page.code
			if code == mach.Success {
				code = mach.Code(err)
			}
			t.setResult(code)
			return
		}
		k.trap(t)
	case waitLate:
		if err == nil {
			err = k.writeLate(t)
		}
		if err == vm.Wait {
			k.awaitPage(t, waitLate, t.page.code)
		} else if err != nil {
			t.setResult(t.page.code)
		}
	}
}

// abortPage ends t's wait for a page early. A fault comes again when the instruction does.
func (k *Kernel) abortPage(t *Thread) {
	how := t.wait
	k.forgetPage(t)
	t.wait = waitNone
	switch {
	case how == waitLate:
		t.setResult(t.page.code)
	case how == waitTrap && mach.Trap(int32(t.regs.RAX)) == mach.TrapMsg:
		t.setResult(mach.SendInterrupted)
	case how == waitTrap:
		t.setResult(mach.Aborted)
	}
	k.makeReady(t)
}

// forgetPage takes t out of any queue for a page, and drops what was to be written.
func (k *Kernel) forgetPage(t *Thread) {
	if t.page.Waiting() {
		k.countWait(t)
	}
	t.page.Cancel()
	k.dropLate(t, len(t.page.late))
}

// dropLate drops the first n results.
func (k *Kernel) dropLate(t *Thread, n int) {
	for _, r := range t.page.late[:n] {
		k.lateBytes -= len(r.data)
	}
	if t.page.late = t.page.late[n:]; len(t.page.late) == 0 {
		t.page.late = nil
	}
}

// writeLate writes what is to be written to t's memory. After an error other than Wait nothing is left to write.
func (k *Kernel) writeLate(t *Thread) error {
	for i, r := range t.page.late {
		if err := t.task.memory.CopyOut(r.addr, r.data); err != nil {
			if err == vm.Wait {
				k.dropLate(t, i)
			} else {
				k.dropLate(t, len(t.page.late))
			}
			return err
		}
	}
	k.dropLate(t, len(t.page.late))
	return nil
}

// keepResult is ipc's way to write data when the page for them is there: see ipc.Config.Late.
func (k *Kernel) keepResult(memory ipc.UserMemory, addr mach.VirtAddr, data []byte) bool {
	if t := k.running; memory == ipc.UserMemory(&t.task.memory) {
		return k.keepLate(t, addr, data, mach.RcvInvalidData)
	}
	k.env.Forget()
	return false
}

// keepLate keeps data for the running thread's memory if that is worth while: if the page will come, and there is room.
func (k *Kernel) keepLate(t *Thread, addr mach.VirtAddr, data []byte, code mach.Return) bool {
	if !k.env.Waits() || uint64(k.lateBytes+len(data)) > k.config.Limits.Buffers/4 {
		k.env.Forget()
		return false
	}
	t.page.late = append(t.page.late, lateResult{addr, append([]byte(nil), data...)})
	k.lateBytes += len(data)
	if t.wait == waitLate {
		k.env.Forget()
	} else {
		k.awaitPage(t, waitLate, code)
	}
	return true
}

// putResult writes data to the memory of the thread whose trap is handled, now or before it runs again.
func (k *Kernel) putResult(t *Thread, at mach.VirtAddr, data []byte) bool {
	return t.task.memory.CopyOut(at, data) == nil || k.keepLate(t, at, data, mach.InvalidAddress)
}
