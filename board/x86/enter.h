// The way to ring 3: enter and enterX include it, with RESTORE as what loads the floating-point state at SI.
	MOVQ	CPU_SELF(GS), BX
	MOVQ	8(SP), DI
	// A return to an address outside the lower half would fault in ring 0 (SYSRETQ on Intel's processors, IRETQ on all).
	CMPL	(R_IP+4)(DI), $0x8000
	JCC	beyond
	MOVQ	SP, CPU_SP(BX)
	MOVQ	DI, CPU_REGS(BX)

	// CR3 is loaded only on a change: QEMU drops its whole TLB on every load.
	MOVQ	R_ROOT(DI), DX
	CMPQ	DX, CPU_ROOT(BX)
	JNE	space
fpu:
	MOVQ	R_FPU(DI), SI
	RESTORE
	KEEP_FS
	MOVL	$MSR_FS_BASE, CX
	MOVL	R_FS(DI), AX
	MOVL	(R_FS+4)(DI), DX
	WRMSR
	// The thread's GS base waits in the second register until SWAPGS. A program can make it 0, by loading a selector, but nothing else: when
	// it was 0 and is to be 0, it is.
	MOVQ	R_GS(DI), AX
	ORQ	CPU_GS(BX), AX
	JNE	gs
registers:
	MOVQ	R_FLAGS(DI), R11
	MOVQ	R_8(DI), R8
	MOVQ	R_9(DI), R9
	MOVQ	R_10(DI), R10
	MOVQ	R_12(DI), R12
	MOVQ	R_13(DI), R13
	MOVQ	R_14(DI), R14
	MOVQ	R_15(DI), R15
	MOVQ	R_BP(DI), BP
	MOVQ	R_SI(DI), SI
	MOVQ	R_DX(DI), DX
	MOVQ	R_AX(DI), AX
	MOVQ	R_IP(DI), CX
	CMPQ	R_EVENT(DI), $EVENT_SYSCALL
	JNE	full
	// The flags are those that SYSCALL found.
	MOVQ	R_BX(DI), BX
	MOVQ	R_SP(DI), SP
	MOVQ	R_DI(DI), DI
	SWAPGS
	BYTE	$0x48; BYTE $0x0f; BYTE $0x07	// SYSRETQ

full:
	ANDL	$RFLAGS_USER, R11
	ORL	$RFLAGS_FIXED, R11
	MOVQ	CX, (CPU_FRAME+0)(BX)
	MOVQ	$USER_CS, (CPU_FRAME+8)(BX)
	MOVQ	R11, (CPU_FRAME+16)(BX)
	MOVQ	R_SP(DI), CX
	MOVQ	CX, (CPU_FRAME+24)(BX)
	MOVQ	$USER_SS, (CPU_FRAME+32)(BX)
	LEAQ	CPU_FRAME(BX), SP
	MOVQ	R_CX(DI), CX
	MOVQ	R_11(DI), R11
	MOVQ	R_BX(DI), BX
	MOVQ	R_DI(DI), DI
	SWAPGS
	IRETQ

space:
	MOVQ	DX, CPU_ROOT(BX)
	MOVQ	DX, CR3
	JMP	fpu

gs:
	MOVQ	R_GS(DI), AX
	MOVQ	AX, CPU_GS(BX)
	MOVQ	AX, DX
	SHRQ	$32, DX
	MOVL	$MSR_KERNEL_GS_BASE, CX
	WRMSR
	JMP	registers

beyond:
	MOVQ	$13, R_VECTOR(DI)
	MOVQ	$0, R_CODE(DI)
	MOVQ	$EVENT_EXCEPTION, R_EVENT(DI)
	RET
