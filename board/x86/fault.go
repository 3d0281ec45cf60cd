package x86

import (
	"defpager/board"

	"golang.org/x/arch/x86/x86asm"
)

// faultRecord is what kernelFault notes of the kernel's own fault. The registers come first; their Event counts faults.
type faultRecord struct {
	board.Regs
}

// Names of the exceptions that the kernel itself can meet (Intel SDM volume 3, table 6-1).
func exceptionName(vector uint64) string {
	switch vector {
	case board.VectorDivide:
		return "divide error"
	case board.VectorBreakpoint:
		return "breakpoint"
	case board.VectorInvalidOpcode:
		return "invalid opcode"
	case board.VectorNoDevice:
		return "no floating-point unit"
	case board.VectorDoubleFault:
		return "double fault"
	case board.VectorStack:
		return "stack fault"
	case board.VectorProtection:
		return "general protection"
	case board.VectorPageFault:
		return "page fault"
	case board.VectorFPU, board.VectorSIMD:
		return "floating-point error"
	case board.VectorAlignment:
		return "alignment check"
	case board.VectorMachineCheck:
		return "machine check"
	}
	return "exception"
}

// faulted is called by kernelFault as if the instruction that faulted had called it, on the stack of the goroutine that ran. It
// shows the registers, then the instruction, and leaves the rest to the runtime: a traceback, and the end of the machine.
//
//lint:ignore U1000 kernelFault, in assembly, calls it
func faulted() {
	r := &currentCPU().fault.Regs
	print("\ndefpager: ", exceptionName(r.Vector), " in the kernel\n")
	print("rip ")
	printHex(r.RIP)
	print(" vector ", r.Vector, " code ")
	printHex(r.Code)
	print(" cr2 ")
	printHex(r.Addr)
	print("\n")
	for i, v := range [...]struct {
		name  string
		value uint64
	}{
		{"rax", r.RAX},
		{"rbx", r.RBX},
		{"rcx", r.RCX},
		{"rdx", r.RDX},
		{"rsi", r.RSI},
		{"rdi", r.RDI},
		{"rbp", r.RBP},
		{"rsp", r.RSP},
		{"r8 ", r.R8},
		{"r9 ", r.R9},
		{"r10", r.R10},
		{"r11", r.R11},
		{"r12", r.R12},
		{"r13", r.R13},
		{"r14", r.R14},
		{"r15", r.R15},
	} {
		print(v.name, " ")
		printHex(v.value)
		if i%4 == 3 {
			print("\n")
		} else {
			print("  ")
		}
	}
	if code := textAt(r.RIP); code != nil {
		if inst, err := x86asm.Decode(code, 64); err == nil {
			print("instruction ", x86asm.GNUSyntax(inst, r.RIP, nil), "\n")
		}
	}
	panic("fault in the kernel")
}

func printHex(v uint64) {
	for shift := 60; shift >= 0; shift -= 4 {
		print("0123456789abcdef"[v>>shift&15 : v>>shift&15+1])
	}
}
