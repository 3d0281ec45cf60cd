#include "textflag.h"

// The runtime's entry point jumps here first, with the stub's record in DI, the stub's stack and no g. The name is
// TamaGo's.
TEXT cpuinit(SB),NOSPLIT|NOFRAME,$0
	MOVQ	DI, ·record(SB)
	JMP	_rt0_tamago_start(SB)
