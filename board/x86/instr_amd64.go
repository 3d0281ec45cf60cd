package x86

import (
	"runtime"
	"unsafe"

	"defpager/board"
)

// Instructions and entry points in assembly (instr_amd64.s, enter_amd64.s).

func readCR0() uint64
func writeCR0(v uint64)
func readCR4() uint64
func writeCR4(v uint64)
func writeCR3(v uint64)
func writeXCR0(v uint64)
func readMSR(msr uint32) uint64
func writeMSR(msr uint32, v uint64)
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
func invalidate(va uint64)
func in8(port uint16) uint8
func out8(port uint16, v uint8)

// currentCPU is the state of the processor that executes.
func currentCPU() *percpu

// textAt views the image's code at pc, for the disassembler; nil if pc is not in the text of Go functions.
func textAt(pc uint64) []byte {
	const longest = 15 // bytes of an instruction
	if runtime.FuncForPC(uintptr(pc)) == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), uintptr(pc))), longest)
}

// loadTables loads GDTR and IDTR from pseudo-descriptors, the segment registers from the new table, and the task register.
func loadTables(gdt, idt unsafe.Pointer, task uint16)

// enter goes to ring 3 and returns at the next trap, the kind of which is in r.Event: on a processor without XSAVE.
//
//go:noescape
func enter(r *board.Regs)

// enterX is enter on a processor with XSAVE.
//
//go:noescape
func enterX(r *board.Regs)

// syscallAddress is where SYSCALL goes, without and with XSAVE.
func syscallAddress() (plain, xsave uintptr)

// stubTable is the address of a table of the stubs' addresses, one for each vector from 0 to 31, then for the tick, for the console's input, for disks, for
// spurious interrupts and for all others.
func stubTable() *[37]uintptr

// stubAddress is where the gate of a vector leads.
func stubAddress(vector int) uintptr {
	t := stubTable()
	switch {
	case vector < 32:
		return t[vector]
	case vector >= board.VectorTick && vector <= board.VectorDisk:
		return t[32+vector-board.VectorTick]
	case vector == vectorSpurious:
		return t[35]
	}
	return t[36]
}
