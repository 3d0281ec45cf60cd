#include "textflag.h"

TEXT ·loseGS(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	$0xc0000101, CX // GS base
	MOVL	$0x10, AX
	XORL	DX, DX
	WRMSR
	UNDEF
