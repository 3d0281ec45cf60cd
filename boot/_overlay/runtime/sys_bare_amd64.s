// Replaces runtime/sys_linux_amd64.s: the floor of the Linux port, where system calls become calls of Go functions.
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

// settls makes DI+8 the FS base: the g is at -8(FS), the number of the thread at 0(FS), and at 8(FS), a word that nothing else uses, the base
// itself: the way back from ring 3 restores it from there (board/x86).
TEXT runtime·settls(SB),NOSPLIT,$0
	ADDQ	$8, DI
	MOVQ	DI, 8(DI)
	MOVQ	DI, AX
	MOVQ	DI, DX
	SHRQ	$32, DX
	MOVL	$0xc0000100, CX	// IA32_FS_BASE (Intel SDM volume 4, table 2-2)
	WRMSR
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

// func bareHwinit0()
TEXT ·bareHwinit0(SB),NOSPLIT,$0
	JMP	runtime∕goos·Hwinit0(SB)

// func bareHwinit1()
TEXT ·bareHwinit1(SB),NOSPLIT,$0
	JMP	runtime∕goos·Hwinit1(SB)
