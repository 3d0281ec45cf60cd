// Replaces runtime/rt0_linux_amd64.s: from the entry stub to the runtime.

#include "textflag.h"

// The ELF entry point of the Go image, where the entry stub jumps: 64-bit mode, identity mapped, interrupts off, a stack of
// more than 64 KiB, DI = boot record. The image keeps the record and goes on at _rt0_tamago_start; both names are
// TamaGo's, whose compiler enters an image the same way.
TEXT _rt0_amd64_linux(SB),NOSPLIT|NOFRAME,$0
	JMP	cpuinit(SB)

TEXT _rt0_tamago_start(SB),NOSPLIT|NOFRAME,$0
	CLD
	MOVQ	$1, DI				// argc
	LEAQ	runtime·bareArgs(SB), SI	// argv, envp and auxv, laid out as Linux does
	JMP	runtime·rt0_go(SB)

DATA	runtime·bareArg0+0(SB)/8, $"defpager"
DATA	runtime·bareArg0+8(SB)/8, $0
GLOBL	runtime·bareArg0(SB),RODATA,$16

DATA	runtime·bareArgs+0(SB)/8, $runtime·bareArg0(SB)
DATA	runtime·bareArgs+8(SB)/8, $0	// end of argv
DATA	runtime·bareArgs+16(SB)/8, $0	// end of envp
DATA	runtime·bareArgs+24(SB)/8, $6	// AT_PAGESZ
DATA	runtime·bareArgs+32(SB)/8, $4096
DATA	runtime·bareArgs+40(SB)/8, $0	// AT_NULL
DATA	runtime·bareArgs+48(SB)/8, $0
GLOBL	runtime·bareArgs(SB),NOPTR,$56
