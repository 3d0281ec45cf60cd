package libmach

import "defpager/mach"

// The stubs of trap_amd64.s. Their pointers need live only as long as the trap.

func trap0(number mach.Trap) uint32

func trap4(number mach.Trap, a, b, c, d uintptr) uint32

// Ticks is the time-stamp counter: instructions under QEMU's -icount, else cycles at the frequency of the environment's TSC_HZ.
func Ticks() uint64

// Trap enters the kernel with any number and up to four arguments, for traps that this package does not name.
func Trap(number mach.Trap, a, b, c, d uint64) mach.Return {
	return mach.Return(trap4(number, uintptr(a), uintptr(b), uintptr(c), uintptr(d)))
}

// TaskSelf names a send right to the calling task's port. Each call adds a user reference to the name.
func TaskSelf() mach.Name

// ThreadSelf names a send right to the calling thread's port. Each call adds a user reference to the name.
func ThreadSelf() mach.Name { return mach.Name(trap0(mach.TrapThreadSelf)) }

// HostSelf names a send right to the host's name port, which is not the privileged one. Each call adds a user reference.
func HostSelf() mach.Name { return mach.Name(trap0(mach.TrapHostSelf)) }

// ReplyPort makes a new receive right, fit for replies. It is NameNull when there is no room.
func ReplyPort() mach.Name { return mach.Name(trap0(mach.TrapReplyPort)) }

// Print writes text to the kernel's console. Text ends at its first NUL.
func Print(text string) {
	b := append([]byte(text), 0)
	trap4(mach.TrapPrint, address(b), 0, 0, 0)
}

// Swtch lets another thread run, if there is one, and reports whether there are more that could.
func Swtch() bool { return trap0(mach.TrapSwtch) != 0 }

// SwtchPri is Swtch with a depressed priority. The priority itself is not used.
func SwtchPri(priority int) bool {
	return trap4(mach.TrapSwtchPri, uintptr(priority), 0, 0, 0) != 0
}

// Options of ThreadSwitch (mach/thread_switch.h).
const (
	SwitchNone    = 0 // the time is ignored
	SwitchDepress = 1 // runs with the lowest priority for the time
	SwitchWait    = 2 // waits for the time
)

// ThreadSwitch gives the processor to a thread, or with NameNull to any. The time is in milliseconds.
func ThreadSwitch(thread mach.Name, option int, ms uint32) mach.Return {
	return mach.Return(trap4(mach.TrapThreadSwitch, uintptr(thread), uintptr(option), uintptr(ms), 0))
}

// ThreadDepressAbort ends a thread's depressed priority.
func ThreadDepressAbort(thread mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapThreadDepressAbort, uintptr(thread), 0, 0, 0))
}

// ThreadSetSelfState sets a part of the calling thread's own registers: state in 32-bit units, as flavor lays it out.
func ThreadSetSelfState(flavor int, state []uint32) mach.Return {
	return mach.Return(trap4(mach.TrapThreadSetSelfState, uintptr(flavor), stateAddress(state), uintptr(len(state)), 0))
}

// VMAllocate makes size bytes of zeroed memory, anywhere or exactly at address, and answers where. Pages take frames when they
// are touched.
func VMAllocate(task mach.Name, at mach.VirtAddr, size uint64, anywhere bool) (mach.VirtAddr, mach.Return) {
	ret := trap4(mach.TrapAllocate, uintptr(task), addressOf(&at), uintptr(size), flag(anywhere))
	return at, mach.Return(ret)
}

// VMDeallocate unmaps the pages of a range.
func VMDeallocate(task mach.Name, at mach.VirtAddr, size uint64) mach.Return {
	return mach.Return(trap4(mach.TrapDeallocate, uintptr(task), uintptr(at), uintptr(size), 0))
}

// VMMap maps a memory object, or zeroed memory, and answers where.
func VMMap(task mach.Name, m Map) (mach.VirtAddr, mach.Return) {
	at := m.Address
	arg := [11]uintptr{
		uintptr(task), addressOf(&at), uintptr(m.Size), uintptr(m.Mask), flag(m.Anywhere), uintptr(m.Object), uintptr(m.Offset),
		flag(m.Copy), uintptr(m.Cur), uintptr(m.Max), uintptr(m.Inherit),
	}
	ret := trap11(mach.TrapMap, &arg)
	return at, mach.Return(ret)
}

// TaskCreate makes a task without threads. With inherit its memory is the parent's, by each entry's inheritance; else empty.
func TaskCreate(parent mach.Name, inherit bool) (mach.Name, mach.Return) {
	var child uint32
	ret := trap4(mach.TrapTaskCreate, uintptr(parent), flag(inherit), nameAddress(&child), 0)
	return mach.Name(child), mach.Return(ret)
}

// TaskTerminate ends a task. It returns only when the task is another one, or on failure.
func TaskTerminate(task mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapTaskTerminate, uintptr(task), 0, 0, 0))
}

// TaskSuspend stops a task's threads until as many TaskResume follow.
func TaskSuspend(task mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapTaskSuspend, uintptr(task), 0, 0, 0))
}

// TaskSetSpecialPort gives a task one of its special ports.
func TaskSetSpecialPort(task mach.Name, which int, port mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapTaskSetSpecialPort, uintptr(task), uintptr(which), uintptr(port), 0))
}

// PortAllocate makes a receive right, a port set or a dead name.
func PortAllocate(task mach.Name, right mach.Right) (mach.Name, mach.Return) {
	var name uint32
	ret := trap4(mach.TrapPortAllocate, uintptr(task), uintptr(right), nameAddress(&name), 0)
	return mach.Name(name), mach.Return(ret)
}

// PortAllocateName is PortAllocate with a name of the caller's choice.
func PortAllocateName(task mach.Name, right mach.Right, name mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapPortAllocateName, uintptr(task), uintptr(right), uintptr(name), 0))
}

// PortDeallocate drops one user reference of a send, send-once or dead name.
func PortDeallocate(task mach.Name, name mach.Name) mach.Return {
	return mach.Return(trap4(mach.TrapPortDeallocate, uintptr(task), uintptr(name), 0, 0))
}

// PortInsertRight puts a right into a task under a name: the right that the caller has as right, passed on with the
// disposition.
func PortInsertRight(task, name, right mach.Name, disposition mach.MsgType) mach.Return {
	return mach.Return(trap4(mach.TrapPortInsertRight, uintptr(task), uintptr(name), uintptr(right), uintptr(disposition)))
}

// Msg is mach_msg over a message at any address, valid or not. Send and rcv are sizes in bytes, ms a time limit in
// milliseconds that counts with the options OptSendTimeout and OptRcvTimeout.
func Msg(at mach.VirtAddr, option mach.Option, send, rcv uint32, name mach.Name, ms uint32, notify mach.Name) mach.Return {
	return trapMsg(pointer(at), option, send, rcv, name, ms, notify)
}

func flag(b bool) uintptr {
	if b {
		return 1
	}
	return 0
}
