// Package pc drives what every PC has, and what the Go runtime needs of it: the serial console, the clock, the timer
// interrupt, rest, random numbers and the ways to end.
//
// The runtime calls its hooks (hooks.go) before main runs, so the state behind them is one variable, start; everything else
// hangs on the Machine that New returns. Interrupts are off in all of it but inside rest.
//
// Drivers of serial port, local APIC, I/O APIC and real-time clock are TamaGo's.
package pc

// Ports of the PC architecture.
const (
	portPIT      = 0x40 // 8254: three counters, then the control word
	portPITMode  = 0x43
	portKeyboard = 0x64  // 8042: status and command
	portCRTC     = 0x3d4 // a VGA adapter's registers: the number, then the contents
	portExit     = 0xf4  // QEMU's isa-debug-exit, where the launcher put it
	portCOM1     = 0x3f8

	irqKeyboard = 1
	irqCOM1     = 4

	lapicBase  = 0xfee00000
	ioapicBase = 0xfec00000
)
