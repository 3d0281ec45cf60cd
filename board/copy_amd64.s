#include "textflag.h"

// func copyWords(to, from unsafe.Pointer, words uint64)
TEXT ·copyWords(SB),NOSPLIT,$0-24
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	words+16(FP), CX
	REP
	MOVSQ
	RET
