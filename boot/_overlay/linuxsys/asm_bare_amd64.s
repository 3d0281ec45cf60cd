// Replaces internal/runtime/syscall/linux/asm_linux_amd64.s: every system call of package syscall ends here.

#include "textflag.h"

// func Syscall6(num, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr)
//
// A tail jump: arguments and results stay in the registers where caller and callee expect them.
TEXT ·Syscall6<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	JMP	runtime·bareSyscall6<ABIInternal>(SB)
