#include "textflag.h"
#include "percpu.h"

// The way to ring 3 and back comes in two kinds: for processors with XSAVE, and for those without. They differ in how the floating-point
// state is kept.
#define XRSTOR \
	MOVL	CPU_XMASK(BX), AX; \
	XORL	DX, DX; \
	BYTE	$0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x2e /* XRSTOR64 (SI) */
#define XSAVE \
	MOVL	CPU_XMASK(BX), AX; \
	XORL	DX, DX; \
	BYTE	$0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x26 /* XSAVE64 (SI) */
#define FXRSTOR BYTE $0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x0e /* FXRSTOR64 (SI) */
#define FXSAVE BYTE $0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x06 /* FXSAVE64 (SI) */

// KEEP_FS keeps Go's FS base, which may be another one each time: the goroutine may have come to another of the runtime's threads.
#ifdef GOOS_linux
// Our runtime has it where settls (boot/_overlay/runtime) puts it.
#define KEEP_FS \
	MOVQ	8(FS), AX; \
	MOVQ	AX, CPU_FS(BX)
#else
#define KEEP_FS \
	MOVL	$MSR_FS_BASE, CX; \
	RDMSR; \
	MOVL	AX, CPU_FS(BX); \
	MOVL	DX, (CPU_FS+4)(BX)
#endif

// func enter(r *board.Regs)
//
// Goes to ring 3 with the registers of *r. The next trap comes back through LEAVE (below), which returns from enter to its caller with
// the event in r.Event. The frame on the way to ring 3:
//
//	the goroutine's stack          percpu
//	+---------------------+        +------------------------+
//	| r                   |        | regs -> *r             |
//	| return address      | <----- | sp                     |
//	+---------------------+        | frame: what IRETQ pops |
//	                               +------------------------+
//
// BX holds the percpu, DI holds r until the last load.
TEXT ·enter(SB),NOSPLIT|NOFRAME,$0-8
#define RESTORE FXRSTOR
#include "enter.h"
#undef RESTORE

// func enterX(r *board.Regs)
TEXT ·enterX(SB),NOSPLIT|NOFRAME,$0-8
#define RESTORE XRSTOR
#include "enter.h"
#undef RESTORE

// LEAVE ends enter: BX holds the percpu, SI the thread's FPU area, which SAVE fills in.
//
// Go wants its FS base, an MXCSR with all exceptions masked, and the registers of its own convention: the wrapper around enter
// loads R14 and clears X15, and restores BP, as it keeps that on its stack.
#define LEAVE \
	MOVQ	CPU_SP(BX), SP; \
	SAVE; \
	MOVL	$MSR_FS_BASE, CX; \
	MOVL	CPU_FS(BX), AX; \
	MOVL	(CPU_FS+4)(BX), DX; \
	WRMSR; \
	LDMXCSR	mxcsr<>(SB); \
	RET

DATA	mxcsr<>+0(SB)/4, $0x1f80
GLOBL	mxcsr<>(SB),RODATA,$4

// syscall is where SYSCALL arrives: RCX holds RIP, R11 holds RFLAGS, the stack is still the thread's, interrupts are off.
TEXT syscall<>(SB),NOSPLIT|NOFRAME,$0-8
#define SAVE FXSAVE
#include "syscall.h"
#undef SAVE

TEXT syscallX<>(SB),NOSPLIT|NOFRAME,$0-8
#define SAVE XSAVE
#include "syscall.h"
#undef SAVE

// trap is where the stubs of exceptions and interrupts go on. The interrupt stack holds, upwards from SP:
//
//	vector, error code, RIP, CS, RFLAGS, RSP, SS
TEXT trap<>(SB),NOSPLIT|NOFRAME,$0-8
	CLD
	TESTB	$3, 24(SP)
	JEQ	kernel
user:
	SWAPGS
	MOVQ	DI, CPU_SCRATCH(GS)
	MOVQ	CPU_REGS(GS), DI
	MOVQ	AX, R_AX(DI)
	MOVQ	BX, R_BX(DI)
	MOVQ	CX, R_CX(DI)
	MOVQ	DX, R_DX(DI)
	MOVQ	SI, R_SI(DI)
	MOVQ	BP, R_BP(DI)
	MOVQ	R8, R_8(DI)
	MOVQ	R9, R_9(DI)
	MOVQ	R10, R_10(DI)
	MOVQ	R11, R_11(DI)
	MOVQ	R12, R_12(DI)
	MOVQ	R13, R_13(DI)
	MOVQ	R14, R_14(DI)
	MOVQ	R15, R_15(DI)
	MOVQ	CPU_SELF(GS), BX
	MOVQ	CPU_SCRATCH(BX), AX
	MOVQ	AX, R_DI(DI)
	MOVQ	0(SP), CX
	MOVQ	CX, R_VECTOR(DI)
	MOVQ	8(SP), AX
	MOVQ	AX, R_CODE(DI)
	MOVQ	16(SP), AX
	MOVQ	AX, R_IP(DI)
	MOVQ	32(SP), AX
	MOVQ	AX, R_FLAGS(DI)
	MOVQ	40(SP), AX
	MOVQ	AX, R_SP(DI)
	MOVQ	CR2, AX
	MOVQ	AX, R_ADDR(DI)
	MOVQ	R_FPU(DI), SI
	MOVQ	$EVENT_EXCEPTION, AX
	CMPQ	CX, $32
	JCS	known
	MOVQ	$EVENT_INTERRUPT, AX
	CMPQ	CX, $0xff		// the spurious one is not acknowledged
	JEQ	known
	MOVQ	$LAPIC_EOI, DX
	MOVL	$0, (DX)
known:
	MOVQ	AX, R_EVENT(DI)
	CMPL	CPU_XMASK(BX), $0
	JNE	xsave
#define SAVE FXSAVE
	LEAVE
#undef SAVE
xsave:
#define SAVE XSAVE
	LEAVE
#undef SAVE

kernel:
	// QEMU (7.2) lets ring 3 get into virtual-8086 mode by a 32-bit IRET, for which it reads the stack as ring 0 would; CS can be
	// anything then, and GS too.
	TESTL	$RFLAGS_VM, 32(SP)
	JNE	user
	CMPQ	0(SP), $32
	JCS	fault
	// The processor was at rest. Acknowledge, count, go on behind the HLT.
	CMPQ	0(SP), $0xff
	JEQ	served
	PUSHQ	AX
	MOVQ	$LAPIC_EOI, AX
	MOVL	$0, (AX)
	INCQ	CPU_UNSERVED(GS)
	POPQ	AX
served:
	ADDQ	$16, SP
	IRETQ

fault:
	JMP	kernelFault<>(SB)

// kernelFault notes the kernel's registers and arranges, in place of the instruction that faulted, a call of faulted on the
// same stack; on a second fault, or when the stack itself is what is wrong, it prints what it knows from here.
TEXT kernelFault<>(SB),NOSPLIT|NOFRAME,$0
	CMPQ	0(SP), $1
	JEQ	debug
	CMPQ	0(SP), $2
	JEQ	nmi
	PUSHQ	AX
	// What faults between trap and the stubs found no percpu: GS is wrong. To use it here too would be a fault without end.
	LEAQ	trap<>(SB), AX
	CMPQ	AX, 24(SP)
	JHI	kept
	LEAQ	stub0<>(SB), AX
	CMPQ	AX, 24(SP)
	JLS	kept
	LEAQ	astray<>(SB), AX
	MOVQ	$1, R_EVENT(AX)
	JMP	note
kept:
	MOVQ	CPU_SELF(GS), AX
	ADDQ	$CPU_FAULT, AX
note:
	MOVQ	BX, R_BX(AX)
	MOVQ	CX, R_CX(AX)
	MOVQ	DX, R_DX(AX)
	MOVQ	SI, R_SI(AX)
	MOVQ	DI, R_DI(AX)
	MOVQ	BP, R_BP(AX)
	MOVQ	R8, R_8(AX)
	MOVQ	R9, R_9(AX)
	MOVQ	R10, R_10(AX)
	MOVQ	R11, R_11(AX)
	MOVQ	R12, R_12(AX)
	MOVQ	R13, R_13(AX)
	MOVQ	R14, R_14(AX)
	MOVQ	R15, R_15(AX)
	POPQ	BX
	MOVQ	BX, R_AX(AX)
	MOVQ	0(SP), BX
	MOVQ	BX, R_VECTOR(AX)
	MOVQ	8(SP), BX
	MOVQ	BX, R_CODE(AX)
	MOVQ	16(SP), BX
	MOVQ	BX, R_IP(AX)
	MOVQ	32(SP), BX
	MOVQ	BX, R_FLAGS(AX)
	MOVQ	40(SP), BX
	MOVQ	BX, R_SP(AX)
	MOVQ	CR2, CX
	MOVQ	CX, R_ADDR(AX)
	INCQ	R_EVENT(AX)		// how many faults there were
	CMPQ	R_EVENT(AX), $1
	JNE	last
	CMPQ	0(SP), $8
	JEQ	last
	CMPQ	0(SP), $18
	JEQ	last
	// A page fault within a page of the stack pointer: the stack has met its guard.
	SUBQ	BX, CX
	ADDQ	$4096, CX
	CMPQ	CX, $8192
	JCS	last
	// Push the address behind the instruction's first byte, as a CALL there would: the traceback subtracts one.
	MOVQ	16(SP), CX
	INCQ	CX
	SUBQ	$8, BX
	MOVQ	CX, (BX)
	MOVQ	BX, 40(SP)
	MOVQ	$·faulted(SB), CX
	MOVQ	CX, 16(SP)
	MOVQ	R_BX(AX), BX
	MOVQ	R_CX(AX), CX
	MOVQ	R_AX(AX), AX
	ADDQ	$16, SP
	IRETQ

last:
	ANDQ	$~15, SP
	SUBQ	$32, SP
	MOVQ	AX, 0(SP)
	CALL	·lastWords(SB)
	CLI
	HLT
	JMP	-1(PC)

debug:
	// A single step that crossed into the kernel: no more of them, and on.
	ANDQ	$~0x100, 32(SP)
	ADDQ	$16, SP
	IRETQ

nmi:
	// It may come before SWAPGS or after: GS is of no use here. An NMI has nothing to say on the machines we know.
	ADDQ	$16, SP
	IRETQ

// astray takes the registers of a fault of the code above.
GLOBL	astray<>(SB),NOPTR,$R_SIZE

#define STUB(name, n) \
	TEXT name<>(SB),NOSPLIT|NOFRAME,$0; \
	PUSHQ	$0; \
	PUSHQ	$n; \
	JMP	trap<>(SB)

// Vectors for which the processor pushes an error code itself.
#define STUBE(name, n) \
	TEXT name<>(SB),NOSPLIT|NOFRAME,$0; \
	PUSHQ	$n; \
	JMP	trap<>(SB)

STUB(stub0, 0)
STUB(stub1, 1)
STUB(stub2, 2)
STUB(stub3, 3)
STUB(stub4, 4)
STUB(stub5, 5)
STUB(stub6, 6)
STUB(stub7, 7)
STUBE(stub8, 8)
STUB(stub9, 9)
STUBE(stub10, 10)
STUBE(stub11, 11)
STUBE(stub12, 12)
STUBE(stub13, 13)
STUBE(stub14, 14)
STUB(stub15, 15)
STUB(stub16, 16)
STUBE(stub17, 17)
STUB(stub18, 18)
STUB(stub19, 19)
STUB(stub20, 20)
STUBE(stub21, 21)
STUB(stub22, 22)
STUB(stub23, 23)
STUB(stub24, 24)
STUB(stub25, 25)
STUB(stub26, 26)
STUB(stub27, 27)
STUB(stub28, 28)
STUBE(stub29, 29)
STUBE(stub30, 30)
STUB(stub31, 31)
STUB(stub64, 64)
STUB(stub65, 65)
STUB(stub66, 66)
STUB(stub255, 255)
STUB(stub256, 256)

DATA	stubs<>+0(SB)/8, $stub0<>(SB)
DATA	stubs<>+8(SB)/8, $stub1<>(SB)
DATA	stubs<>+16(SB)/8, $stub2<>(SB)
DATA	stubs<>+24(SB)/8, $stub3<>(SB)
DATA	stubs<>+32(SB)/8, $stub4<>(SB)
DATA	stubs<>+40(SB)/8, $stub5<>(SB)
DATA	stubs<>+48(SB)/8, $stub6<>(SB)
DATA	stubs<>+56(SB)/8, $stub7<>(SB)
DATA	stubs<>+64(SB)/8, $stub8<>(SB)
DATA	stubs<>+72(SB)/8, $stub9<>(SB)
DATA	stubs<>+80(SB)/8, $stub10<>(SB)
DATA	stubs<>+88(SB)/8, $stub11<>(SB)
DATA	stubs<>+96(SB)/8, $stub12<>(SB)
DATA	stubs<>+104(SB)/8, $stub13<>(SB)
DATA	stubs<>+112(SB)/8, $stub14<>(SB)
DATA	stubs<>+120(SB)/8, $stub15<>(SB)
DATA	stubs<>+128(SB)/8, $stub16<>(SB)
DATA	stubs<>+136(SB)/8, $stub17<>(SB)
DATA	stubs<>+144(SB)/8, $stub18<>(SB)
DATA	stubs<>+152(SB)/8, $stub19<>(SB)
DATA	stubs<>+160(SB)/8, $stub20<>(SB)
DATA	stubs<>+168(SB)/8, $stub21<>(SB)
DATA	stubs<>+176(SB)/8, $stub22<>(SB)
DATA	stubs<>+184(SB)/8, $stub23<>(SB)
DATA	stubs<>+192(SB)/8, $stub24<>(SB)
DATA	stubs<>+200(SB)/8, $stub25<>(SB)
DATA	stubs<>+208(SB)/8, $stub26<>(SB)
DATA	stubs<>+216(SB)/8, $stub27<>(SB)
DATA	stubs<>+224(SB)/8, $stub28<>(SB)
DATA	stubs<>+232(SB)/8, $stub29<>(SB)
DATA	stubs<>+240(SB)/8, $stub30<>(SB)
DATA	stubs<>+248(SB)/8, $stub31<>(SB)
DATA	stubs<>+256(SB)/8, $stub64<>(SB)
DATA	stubs<>+264(SB)/8, $stub65<>(SB)
DATA	stubs<>+272(SB)/8, $stub66<>(SB)
DATA	stubs<>+280(SB)/8, $stub255<>(SB)
DATA	stubs<>+288(SB)/8, $stub256<>(SB)
GLOBL	stubs<>(SB),RODATA,$296

TEXT ·stubTable(SB),NOSPLIT,$0-8
	LEAQ	stubs<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·syscallAddress(SB),NOSPLIT,$0-16
	LEAQ	syscall<>(SB), AX
	MOVQ	AX, plain+0(FP)
	LEAQ	syscallX<>(SB), AX
	MOVQ	AX, xsave+8(FP)
	RET
