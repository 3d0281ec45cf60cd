#include "textflag.h"
#include "percpu.h"

TEXT ·readCR0(SB),NOSPLIT,$0-8
	MOVQ	CR0, AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·writeCR0(SB),NOSPLIT,$0-8
	MOVQ	v+0(FP), AX
	MOVQ	AX, CR0
	RET

TEXT ·readCR4(SB),NOSPLIT,$0-8
	MOVQ	CR4, AX
	MOVQ	AX, ret+0(FP)
	RET

TEXT ·writeCR4(SB),NOSPLIT,$0-8
	MOVQ	v+0(FP), AX
	MOVQ	AX, CR4
	RET

TEXT ·writeCR3(SB),NOSPLIT,$0-8
	MOVQ	v+0(FP), AX
	MOVQ	AX, CR3
	RET

TEXT ·writeXCR0(SB),NOSPLIT,$0-8
	MOVQ	v+0(FP), AX
	MOVQ	AX, DX
	SHRQ	$32, DX
	XORL	CX, CX
	BYTE	$0x0f; BYTE $0x01; BYTE $0xd1	// XSETBV
	RET

TEXT ·readMSR(SB),NOSPLIT,$0-16
	MOVL	msr+0(FP), CX
	RDMSR
	SHLQ	$32, DX
	ORQ	DX, AX
	MOVQ	AX, ret+8(FP)
	RET

TEXT ·writeMSR(SB),NOSPLIT,$0-16
	MOVL	msr+0(FP), CX
	MOVQ	v+8(FP), AX
	MOVQ	AX, DX
	SHRQ	$32, DX
	WRMSR
	RET

TEXT ·cpuid(SB),NOSPLIT,$0-24
	MOVL	leaf+0(FP), AX
	MOVL	subleaf+4(FP), CX
	CPUID
	MOVL	AX, eax+8(FP)
	MOVL	BX, ebx+12(FP)
	MOVL	CX, ecx+16(FP)
	MOVL	DX, edx+20(FP)
	RET

TEXT ·invalidate(SB),NOSPLIT,$0-8
	MOVQ	va+0(FP), AX
	INVLPG	(AX)
	RET

TEXT ·loadTables(SB),NOSPLIT,$16-18
	MOVQ	gdt+0(FP), AX
	BYTE	$0x0f; BYTE $0x01; BYTE $0x10	// LGDT (AX)
	MOVQ	idt+8(FP), AX
	BYTE	$0x0f; BYTE $0x01; BYTE $0x18	// LIDT (AX)
	// FS and GS bases survive: only selectors that are not loaded here could change them.
	MOVW	$0x10, AX
	BYTE	$0x8e; BYTE $0xd8	// MOVW AX, DS
	BYTE	$0x8e; BYTE $0xc0	// MOVW AX, ES
	BYTE	$0x8e; BYTE $0xd0	// MOVW AX, SS
	MOVW	task+16(FP), AX
	BYTE	$0x0f; BYTE $0x00; BYTE $0xd8	// LTR AX
	// The code selector is 0x08 in the loader's table and in ours alike (boot/entry/start.S): no far return is needed.
	RET

TEXT ·in8(SB),NOSPLIT,$0-9
	MOVW	port+0(FP), DX
	INB
	MOVB	AX, ret+8(FP)
	RET

TEXT ·out8(SB),NOSPLIT,$0-3
	MOVW	port+0(FP), DX
	MOVB	v+2(FP), AX
	OUTB
	RET

TEXT ·currentCPU(SB),NOSPLIT,$0-8
	MOVQ	CPU_SELF(GS), AX
	MOVQ	AX, ret+0(FP)
	RET
