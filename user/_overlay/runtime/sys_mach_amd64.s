// Replaces runtime/sys_linux_amd64.s: the floor of the Linux port, where system calls become calls of Go functions, and
// the Mach traps that those need.
//
// Frames are empty and the calls are tail jumps, so the Go function finds arguments and results where its caller put them.

#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

#define FORWARD(name, fn) \
TEXT name(SB),NOSPLIT|NOFRAME,$0 \
	JMP	fn(SB)

FORWARD(runtime·access, ·bareAccess)
FORWARD(runtime·clone, ·bareClone)
FORWARD(runtime·closefd, ·bareClose)
FORWARD(runtime·connect, ·bareConnect)
FORWARD(runtime·exit, ·bareExit)
FORWARD(runtime·exitThread, ·bareExitThread)
FORWARD(runtime·futex, ·bareFutex)
FORWARD(·getpid, ·bareGetpid)
FORWARD(runtime·gettid, ·bareGettid)
FORWARD(runtime·madvise, ·bareMadvise)
FORWARD(runtime·mincore, ·bareMincore)
FORWARD(runtime·nanotime1, ·bareNanotime)
FORWARD(runtime·open, ·bareOpen)
FORWARD(runtime·osyield, ·bareOsyield)
FORWARD(runtime·pipe2, ·barePipe2)
FORWARD(runtime·raise, ·bareRaise)
FORWARD(runtime·raiseproc, ·bareRaise)
FORWARD(runtime·read, ·bareRead)
FORWARD(runtime·rt_sigaction, ·bareSigaction)
FORWARD(runtime·rtsigprocmask, ·bareSigprocmask)
FORWARD(runtime·sbrk0, ·bareSbrk0)
FORWARD(runtime·sched_getaffinity, ·bareGetaffinity)
FORWARD(runtime·setitimer, ·bareSetitimer)
FORWARD(runtime·sigaltstack, ·bareSigaltstack)
FORWARD(runtime·socket, ·bareSocket)
FORWARD(runtime·sysMmap, ·bareMmap)
FORWARD(runtime·sysMunmap, ·bareMunmap)
FORWARD(·tgkill, ·bareTgkill)
FORWARD(runtime·timer_create, ·bareTimerCreate)
FORWARD(runtime·timer_delete, ·bareTimerDelete)
FORWARD(runtime·timer_settime, ·bareTimerSettime)
FORWARD(runtime·usleep, ·bareUsleep)
FORWARD(runtime·write1, ·bareWrite)

// Never reached: there is no C code, no signal frame and no vDSO. A breakpoint says so if that changes.
#define NEVER(name) \
TEXT name(SB),NOSPLIT|NOFRAME,$0 \
	INT	$3 \
	RET

NEVER(runtime·callCgoMmap)
NEVER(runtime·callCgoMunmap)
NEVER(runtime·callCgoSigaction)
NEVER(runtime·cgoSigtramp)
NEVER(runtime·sigfwd)
NEVER(runtime·sigreturn__sigaction)
NEVER(runtime·sigtramp)

TEXT runtime·vgetrandom1<ABIInternal>(SB),NOSPLIT,$0-48
	MOVQ	$-38, AX	// ENOSYS
	RET

#define thread_set_self_state	$-77
#define FSGS_BASE		$7
#define FSGS_BASE_COUNT		$4

// settls makes DI+8 the FS base: the g is at -8(FS). The state is two words, FS base and GS base.
TEXT runtime·settls(SB),NOSPLIT,$16
	ADDQ	$8, DI
	MOVQ	DI, 0(SP)
	MOVQ	$0, 8(SP)
	MOVQ	FSGS_BASE, DI
	MOVQ	SP, SI
	MOVQ	FSGS_BASE_COUNT, DX
	MOVQ	thread_set_self_state, AX
	SYSCALL
	TESTL	AX, AX
	JZ	ok
	INT	$3		// without it there is no g, and so nobody to tell
ok:
	RET

// func bareSwitch(save *uintptr, sp uintptr, tls uintptr)
//
// Leaves the running thread, keeping its stack pointer in *save, and goes on with the thread whose stack pointer was kept
// as sp. All other registers are the caller's to save, but BP, which is pushed:
//
//	sp -> saved BP
//	      return address of bareSwitch
TEXT ·bareSwitch(SB),NOSPLIT|NOFRAME,$0-24
	MOVQ	8(SP), R8
	MOVQ	16(SP), R9
	MOVQ	24(SP), DI
	PUSHQ	BP
	MOVQ	SP, (R8)
	MOVQ	R9, SP
	CALL	runtime·settls(SB)
	MOVQ	(TLS), R14
	POPQ	BP
	RET

// The first code of a new thread: bareSwitch comes here with the g in the thread's local storage.
TEXT ·bareThreadStart(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	XORL	BP, BP
	MOVQ	(TLS), R14
	CALL	runtime·mstart(SB)
	INT	$3
	RET

// func machTrap(number int32, a, b, c, d uintptr) uint32
//
// A trap with up to four arguments (RDI, RSI, RDX, R10). RCX and R11 are lost, only EAX counts.
TEXT ·machTrap(SB),NOSPLIT|NOFRAME,$0-44
	MOVLQSX	number+0(FP), AX
	MOVQ	a+8(FP), DI
	MOVQ	b+16(FP), SI
	MOVQ	c+24(FP), DX
	MOVQ	d+32(FP), R10
	SYSCALL
	MOVL	AX, ret+40(FP)
	RET

// func machReceive(msg unsafe.Pointer, size uint32, port uint32, ms uint32) uint32
//
// mach_msg(msg, MACH_RCV_MSG|MACH_RCV_TIMEOUT, 0, size, port, ms, 0). The seventh argument is read at 8(SP), above the place
// of a return address.
TEXT ·machReceive(SB),NOSPLIT,$16-28
	MOVQ	msg+0(FP), DI
	MOVL	$0x102, SI
	XORL	DX, DX
	MOVL	size+8(FP), R10
	MOVL	port+12(FP), R8
	MOVL	ms+16(FP), R9
	MOVQ	$0, 8(SP)
	MOVQ	$-25, AX
	SYSCALL
	MOVL	AX, ret+24(FP)
	RET

// func machTicks() uint64
TEXT ·machTicks(SB),NOSPLIT|NOFRAME,$0-8
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	MOVQ	AX, ret+0(FP)
	RET

// func machFeatures() uint32
//
// ECX of CPUID leaf 1.
TEXT ·machFeatures(SB),NOSPLIT|NOFRAME,$0-4
	MOVL	$1, AX
	CPUID
	MOVL	CX, ret+0(FP)
	RET

// func machRDRAND() (v uint64, ok bool)
TEXT ·machRDRAND(SB),NOSPLIT|NOFRAME,$0-9
	RDRANDQ	AX
	SETCS	ok+8(FP)
	MOVQ	AX, v+0(FP)
	RET
