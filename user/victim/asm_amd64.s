// One forbidden thing each. None is meant to return; those that do are followed by a RET, so that the program can say so.

#include "textflag.h"

TEXT ·cli(SB),NOSPLIT|NOFRAME,$0-0
	CLI
	RET

TEXT ·sti(SB),NOSPLIT|NOFRAME,$0-0
	STI
	RET

TEXT ·hlt(SB),NOSPLIT|NOFRAME,$0-0
	HLT
	RET

TEXT ·in(SB),NOSPLIT|NOFRAME,$0-0
	MOVW	$0x3f8, DX
	INB
	RET

TEXT ·out(SB),NOSPLIT|NOFRAME,$0-0
	MOVW	$0xf4, DX
	MOVB	$1, AL
	OUTB
	RET

TEXT ·wrmsr(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	$0xc0000082, CX
	XORL	AX, AX
	XORL	DX, DX
	WRMSR
	RET

TEXT ·rdmsr(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	$0xc0000080, CX
	RDMSR
	RET

TEXT ·readcr3(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CR3, AX
	RET

TEXT ·writecr3(SB),NOSPLIT|NOFRAME,$0-0
	XORL	AX, AX
	MOVQ	AX, CR3
	RET

TEXT ·invlpg(SB),NOSPLIT|NOFRAME,$0-0
	INVLPG	(SP)
	RET

TEXT ·wbinvd(SB),NOSPLIT|NOFRAME,$0-0
	WBINVD
	RET

TEXT ·swapgs(SB),NOSPLIT|NOFRAME,$0-0
	SWAPGS
	RET

TEXT ·sysret(SB),NOSPLIT|NOFRAME,$0-0
	SYSRET
	RET

TEXT ·divide(SB),NOSPLIT|NOFRAME,$0-0
	XORL	CX, CX
	MOVL	$1, AX
	XORL	DX, DX
	DIVL	CX
	RET

TEXT ·int3(SB),NOSPLIT|NOFRAME,$0-0
	INT	$3
	RET

TEXT ·int80(SB),NOSPLIT|NOFRAME,$0-0
	INT	$0x80
	RET

TEXT ·int14(SB),NOSPLIT|NOFRAME,$0-0
	INT	$14
	RET

TEXT ·ud2(SB),NOSPLIT|NOFRAME,$0-0
	UNDEF
	RET

// func shortReturn(stack uint64)
//
// An interrupt return of 32 bits.
TEXT ·shortReturn(SB),NOSPLIT|NOFRAME,$0-8
	MOVQ	stack+0(FP), SP
	BYTE	$0xcf
	RET

// func segment()
//
// Loads the kernel's code segment as a data segment.
TEXT ·segment(SB),NOSPLIT|NOFRAME,$0-0
	MOVW	$0x08, AX
	MOVW	AX, DS
	RET

// func farReturn()
//
// A far return into ring 0 (selector 8).
TEXT ·farReturn(SB),NOSPLIT|NOFRAME,$0-0
	SUBQ	$16, SP
	LEAQ	·ud2(SB), AX
	MOVQ	AX, 0(SP)
	MOVQ	$0x08, 8(SP)
	BYTE	$0x48; BYTE $0xcb	// LRETQ
	ADDQ	$16, SP
	RET

// func iret()
//
// An interrupt return into ring 0.
TEXT ·iret(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	SP, BX
	SUBQ	$40, SP
	LEAQ	·ud2(SB), AX
	MOVQ	AX, 0(SP)
	MOVQ	$0x08, 8(SP)
	MOVQ	$0x202, 16(SP)
	MOVQ	BX, 24(SP)
	MOVQ	$0x10, 32(SP)
	IRETQ

// func callAt(address uint64)
TEXT ·callAt(SB),NOSPLIT,$8-8
	MOVQ	address+0(FP), AX
	CALL	AX
	RET

// func pushFrom(top uint64)
//
// Pushes downwards from top until something stops it.
TEXT ·pushFrom(SB),NOSPLIT|NOFRAME,$0-8
	MOVQ	top+0(FP), SP
again:
	SUBQ	$8, SP
	MOVQ	$0x55, 0(SP)
	JMP	again

// func argumentsAt(stack uint64) uint32
//
// Maps memory by vm_map (trap -64), whose arguments from the seventh on lie on a stack that the kernel cannot read.
TEXT ·argumentsAt(SB),NOSPLIT|NOFRAME,$0-12
	MOVQ	SP, BX
	MOVQ	stack+0(FP), CX
	XORL	DI, DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	XORL	R9, R9
	MOVQ	CX, SP
	MOVQ	$-64, AX
	SYSCALL
	MOVQ	BX, SP
	MOVL	AX, ret+8(FP)
	RET

// func setFlags(flags uint64) uint64
//
// Sets RFLAGS and answers what they then are.
TEXT ·setFlags(SB),NOSPLIT|NOFRAME,$0-16
	MOVQ	flags+0(FP), BX
	PUSHFQ
	POPQ	CX
	PUSHQ	BX
	POPFQ
	NOP
	PUSHFQ
	POPQ	AX
	PUSHQ	CX
	POPFQ
	MOVQ	AX, ret+8(FP)
	RET

// func misaligned()
//
// Asks for alignment checks (AC, which count only with CR0.AM) and reads a word across two.
TEXT ·misaligned(SB),NOSPLIT|NOFRAME,$0-0
	PUSHFQ
	POPQ	CX
	MOVQ	CX, BX
	ORQ	$(1<<18), BX
	PUSHQ	BX
	POPFQ
	MOVQ	-15(SP), AX
	PUSHQ	CX
	POPFQ
	RET

// func floatDivide()
//
// Divides 1 by 0 on the x87 with the exception for it unmasked (control word bit 2). SSE would do, but QEMU does not raise its
// exceptions.
TEXT ·floatDivide(SB),NOSPLIT|NOFRAME,$0-0
	PUSHQ	$0x37b
	FLDCW	0(SP)
	POPQ	AX
	FLDZ
	FLD1
	FDIVRDP	F0, F1
	WAIT
	FINIT
	RET

// func load(address uint64)
TEXT ·load(SB),NOSPLIT|NOFRAME,$0-8
	MOVQ	address+0(FP), AX
	MOVB	(AX), AX
	RET

// func store(address uint64)
TEXT ·store(SB),NOSPLIT|NOFRAME,$0-8
	MOVQ	address+0(FP), AX
	MOVB	$0xf4, (AX)
	RET
