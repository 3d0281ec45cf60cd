// Offsets into percpu (percpu.go), board.Regs (board/cpu.go) and faultRecord (fault.go); percpu_test.go compares them.

#define CPU_SELF     0x00
#define CPU_REGS     0x08
#define CPU_SP       0x10
#define CPU_FS       0x18
#define CPU_GS       0x20
#define CPU_ROOT     0x28
#define CPU_XMASK    0x30
#define CPU_SCRATCH  0x38
#define CPU_UNSERVED 0x40
#define CPU_FRAME    0x50
#define CPU_FAULT    0x80

#define R_AX     0x00
#define R_BX     0x08
#define R_CX     0x10
#define R_DX     0x18
#define R_SI     0x20
#define R_DI     0x28
#define R_BP     0x30
#define R_SP     0x38
#define R_8      0x40
#define R_9      0x48
#define R_10     0x50
#define R_11     0x58
#define R_12     0x60
#define R_13     0x68
#define R_14     0x70
#define R_15     0x78
#define R_IP     0x80
#define R_FLAGS  0x88
#define R_FS     0x90
#define R_GS     0x98
#define R_VECTOR 0xa0
#define R_CODE   0xa8
#define R_ADDR   0xb0
#define R_EVENT  0xb8
#define R_ROOT   0xc0
#define R_FPU    0xc8
#define R_SIZE   0xe0

// Model-specific registers (Intel SDM volume 4).
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

// Selectors for ring 3, and events (board.Event).
#define USER_CS 0x23
#define USER_SS 0x1b

#define EVENT_SYSCALL   0
#define EVENT_EXCEPTION 1
#define EVENT_INTERRUPT 2

#define RFLAGS_USER  0x240dd5
#define RFLAGS_FIXED 0x202
#define RFLAGS_VM    0x20000

#define LAPIC_EOI 0xfee000b0	// the local APIC's end of interrupt (Intel SDM volume 3, 11.8.5)
