package x86

import "defpager/board"

// lastWords reports a fault of the kernel from an interrupt stack: when the goroutine's stack is what is wrong, or a fault met
// another. It calls nothing that could want a larger stack, uses the serial port and the exit device directly, and does not return.
//
//lint:ignore U1000 kernelFault, in assembly, calls it
//go:nosplit
func lastWords(r *board.Regs) {
	say("\r\ndefpager: the kernel cannot go on: exception ")
	sayHex(r.Vector)
	say(" rip ")
	sayHex(r.RIP)
	say(" rsp ")
	sayHex(r.RSP)
	say(" code ")
	sayHex(r.Code)
	say(" cr2 ")
	sayHex(r.Addr)
	say("\r\n")
	if in8(portExit) != 0xff { // a port without a device reads as all ones
		out8(portExit, 1)
	}
}

const (
	portSerial = 0x3f8 // the first serial port's data
	portLine   = portSerial + 5
	lineEmpty  = 0x20
	portExit   = 0xf4 // isa-debug-exit
)

//go:nosplit
func say(text string) {
	for i := 0; i < len(text); i++ {
		for in8(portLine)&lineEmpty == 0 {
		}
		out8(portSerial, text[i])
	}
}

//go:nosplit
func sayHex(v uint64) {
	for shift := 60; shift >= 0; shift -= 4 {
		for in8(portLine)&lineEmpty == 0 {
		}
		d := byte(v >> shift & 15)
		if d > 9 {
			d += 'a' - '9' - 1
		}
		out8(portSerial, '0'+d)
	}
}
