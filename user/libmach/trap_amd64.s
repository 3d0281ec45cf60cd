// The doors to the kernel (mach/trap.go has the numbers).
//
// SYSCALL takes the trap's number in RAX and arguments in RDI, RSI, RDX, R10, R8, R9; from the seventh on they lie at
// RSP+8, RSP+16 and so on, as if a C stub's return address were at RSP. The kernel keeps all registers but RAX, RCX, R11;
// of RAX the lower half counts.

#include "textflag.h"

// func trap0(number mach.Trap) uint32
TEXT ·trap0(SB),NOSPLIT|NOFRAME,$0-12
	MOVLQSX	number+0(FP), AX
	SYSCALL
	MOVL	AX, ret+8(FP)
	RET

// func TaskSelf() mach.Name
TEXT ·TaskSelf(SB),NOSPLIT|NOFRAME,$0-4
	MOVQ	$-28, AX
	SYSCALL
	MOVL	AX, ret+0(FP)
	RET

// func trap4(number mach.Trap, a, b, c, d uintptr) uint32
TEXT ·trap4(SB),NOSPLIT|NOFRAME,$0-44
	MOVLQSX	number+0(FP), AX
	MOVQ	a+8(FP), DI
	MOVQ	b+16(FP), SI
	MOVQ	c+24(FP), DX
	MOVQ	d+32(FP), R10
	SYSCALL
	MOVL	AX, ret+40(FP)
	RET

// func trapMsg(msg unsafe.Pointer, option mach.Option, send, rcv uint32, name mach.Name, ms uint32, notify mach.Name) mach.Return
TEXT ·trapMsg(SB),NOSPLIT,$16-36
	MOVQ	msg+0(FP), DI
	MOVL	option+8(FP), SI
	MOVL	send+12(FP), DX
	MOVL	rcv+16(FP), R10
	MOVL	name+20(FP), R8
	MOVL	ms+24(FP), R9
	MOVL	notify+28(FP), AX
	MOVQ	AX, 8(SP)
	MOVQ	$-25, AX
	SYSCALL
	MOVL	AX, ret+32(FP)
	RET

// func trap11(number mach.Trap, arg *[11]uintptr) uint32
TEXT ·trap11(SB),NOSPLIT,$48-20
	MOVLQSX	number+0(FP), AX
	MOVQ	arg+8(FP), BX
	MOVQ	0(BX), DI
	MOVQ	8(BX), SI
	MOVQ	16(BX), DX
	MOVQ	24(BX), R10
	MOVQ	32(BX), R8
	MOVQ	40(BX), R9
	MOVQ	48(BX), CX
	MOVQ	CX, 8(SP)
	MOVQ	56(BX), CX
	MOVQ	CX, 16(SP)
	MOVQ	64(BX), CX
	MOVQ	CX, 24(SP)
	MOVQ	72(BX), CX
	MOVQ	CX, 32(SP)
	MOVQ	80(BX), CX
	MOVQ	CX, 40(SP)
	SYSCALL
	MOVL	AX, ret+16(FP)
	RET

// func Ticks() uint64
TEXT ·Ticks(SB),NOSPLIT|NOFRAME,$0-8
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	MOVQ	AX, ret+0(FP)
	RET
