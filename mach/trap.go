package mach

import "strconv"

// Trap is a system-call number: RAX at SYSCALL, only its lower 32 bits count.
type Trap int32

// Traps (mach/syscall_sw.h of GNU Mach, x86_64).
const (
	TrapMsg                Trap = -25
	TrapReplyPort          Trap = -26
	TrapThreadSelf         Trap = -27
	TrapTaskSelf           Trap = -28
	TrapHostSelf           Trap = -29
	TrapPrint              Trap = -30
	TrapSwtchPri           Trap = -59
	TrapSwtch              Trap = -60
	TrapThreadSwitch       Trap = -61
	TrapMap                Trap = -64
	TrapAllocate           Trap = -65
	TrapDeallocate         Trap = -66
	TrapTaskCreate         Trap = -68
	TrapTaskTerminate      Trap = -69
	TrapTaskSuspend        Trap = -70
	TrapTaskSetSpecialPort Trap = -71
	TrapPortAllocate       Trap = -72
	TrapPortDeallocate     Trap = -73
	TrapPortInsertRight    Trap = -74
	TrapPortAllocateName   Trap = -75
	TrapThreadDepressAbort Trap = -76
	TrapThreadSetSelfState Trap = -77

	// TrapTableSize bounds the table: numbers at or below -TrapTableSize raise EXC_BAD_INSTRUCTION.
	TrapTableSize = 130
)

// String is the C name of n.
func (n Trap) String() string {
	switch n {
	case TrapMsg:
		return "mach_msg"
	case TrapReplyPort:
		return "mach_reply_port"
	case TrapThreadSelf:
		return "mach_thread_self"
	case TrapTaskSelf:
		return "mach_task_self"
	case TrapHostSelf:
		return "mach_host_self"
	case TrapPrint:
		return "mach_print"
	case TrapSwtchPri:
		return "swtch_pri"
	case TrapSwtch:
		return "swtch"
	case TrapThreadSwitch:
		return "thread_switch"
	case TrapMap:
		return "vm_map"
	case TrapAllocate:
		return "vm_allocate"
	case TrapDeallocate:
		return "vm_deallocate"
	case TrapTaskCreate:
		return "task_create"
	case TrapTaskTerminate:
		return "task_terminate"
	case TrapTaskSuspend:
		return "task_suspend"
	case TrapTaskSetSpecialPort:
		return "task_set_special_port"
	case TrapPortAllocate:
		return "mach_port_allocate"
	case TrapPortDeallocate:
		return "mach_port_deallocate"
	case TrapPortInsertRight:
		return "mach_port_insert_right"
	case TrapPortAllocateName:
		return "mach_port_allocate_name"
	case TrapThreadDepressAbort:
		return "thread_depress_abort"
	case TrapThreadSetSelfState:
		return "thread_set_self_state"
	}
	return "trap " + strconv.Itoa(int(n))
}

// Flavors of thread state, and their sizes in 32-bit units.
const (
	FlavorList       = 0
	FlavorThread     = 1
	FlavorFloat      = 2
	FlavorRegsSegs   = 5
	FlavorDebug      = 6
	FlavorFSGSBase   = 7
	FlavorXFloat     = 8
	ThreadStateCount = 168 / 4
	FSGSBaseCount    = 16 / 4
)

// Exception is an exception type (mach/exception.h).
type Exception int32

// Exceptions.
const (
	ExcBadAccess      Exception = 1 // code: a Return, subcode: the address
	ExcBadInstruction Exception = 2
	ExcArithmetic     Exception = 3
	ExcEmulation      Exception = 4
	ExcSoftware       Exception = 5
	ExcBreakpoint     Exception = 6
)

// String is the C name of e.
func (e Exception) String() string {
	switch e {
	case ExcBadAccess:
		return "EXC_BAD_ACCESS"
	case ExcBadInstruction:
		return "EXC_BAD_INSTRUCTION"
	case ExcArithmetic:
		return "EXC_ARITHMETIC"
	case ExcEmulation:
		return "EXC_EMULATION"
	case ExcSoftware:
		return "EXC_SOFTWARE"
	case ExcBreakpoint:
		return "EXC_BREAKPOINT"
	}
	return "exception"
}

// Special ports of tasks and threads.
const (
	SpecialKernel    = 1
	SpecialException = 3
	SpecialBootstrap = 4 // tasks only
)
