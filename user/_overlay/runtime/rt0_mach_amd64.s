// Replaces runtime/rt0_linux_amd64.s: from a Mach task's first instruction to the runtime.

#include "textflag.h"

// The ELF entry point. A Mach stack has no auxiliary vector, which the runtime wants; so the vector of words is copied
// downwards and a short auxiliary vector goes behind it. The strings stay where they are.
//
//	SP -> argc                        new SP -> argc
//	      argv pointers, 0                      argv pointers, 0
//	      environment pointers, 0               environment pointers, 0
//	      strings                               AT_PAGESZ, 4096, AT_NULL, 0
//	                                  old SP -> ...
TEXT _rt0_amd64_linux(SB),NOSPLIT|NOFRAME,$0
	CLD
	MOVQ	SP, SI			// SI: the old vector
	MOVQ	(SI), DI		// DI: argc
	LEAQ	16(SI)(DI*8), BX	// BX: walks the environment, which begins behind argv's 0
env:
	MOVQ	(BX), AX
	ADDQ	$8, BX
	TESTQ	AX, AX
	JNZ	env
	MOVQ	BX, CX
	SUBQ	SI, CX			// CX: bytes of the vector
	SUBQ	CX, SP
	SUBQ	$32, SP
	ANDQ	$~15, SP
	MOVQ	DI, R8			// R8: argc
	MOVQ	SP, DI
	SHRQ	$3, CX
	REP; MOVSQ
	MOVQ	$6, 0(DI)		// AT_PAGESZ
	MOVQ	$4096, 8(DI)
	MOVQ	$0, 16(DI)		// AT_NULL
	MOVQ	$0, 24(DI)
	MOVQ	R8, DI
	LEAQ	8(SP), SI
	JMP	runtime·rt0_go(SB)
