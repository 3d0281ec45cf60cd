package pc

import (
	"defpager/board/pc/screen"

	"github.com/usbarmory/tamago/soc/intel/uart"
)

// console is the first serial port, 115,200 baud, 8 data bits, no parity, and beside it, when there is one, a screen with its keyboard.
type console struct {
	port   uart.UART
	ready  chan bool // holds one element when input may have come
	screen *screen.Terminal
	keys   *keys
}

// Values of the 16550's registers (PC16550D data sheet, table II).
const (
	lcrDivisor = 0x80
	lcr8N1     = 0x03
	fcrEnable  = 0x07 // FIFOs on and empty, interrupt at the first byte
	lsrData    = 0x01
	baud115200 = 1 // divisor
)

// init brings the port from any state into ours; loaders may have left another speed.
func (c *console) init() {
	const divisorLow, divisorHigh = portCOM1, portCOM1 + 1
	out8(portCOM1+uart.IER, 0)
	out8(portCOM1+uart.LCR, lcrDivisor)
	out8(divisorLow, baud115200)
	out8(divisorHigh, 0)
	out8(portCOM1+uart.LCR, lcr8N1)
	out8(portCOM1+uart.FCR, fcrEnable)
	c.port = uart.UART{Index: 1, Base: portCOM1, IRQ: irqCOM1, DTR: true, RTS: true}
	c.port.Init()
}

// print writes one byte, for the runtime: it allocates nothing and works before init. Terminals want a return before a
// line feed.
func (c *console) print(b byte) {
	port := uart.UART{Base: portCOM1}
	if b == '\n' {
		port.Tx('\r')
	}
	port.Tx(b)
	if c.screen != nil {
		c.screen.Print(b)
	}
}

// Write sends p, as it is: line editors write their own carriage returns. It never fails.
func (c *console) Write(p []byte) (int, error) {
	for _, b := range p {
		c.port.Tx(b)
	}
	if c.screen != nil {
		return c.screen.Write(p)
	}
	return len(p), nil
}

// Read waits for input and returns what is there. It never fails.
func (c *console) Read(p []byte) (int, error) {
	for len(p) != 0 {
		n := 0
		for n < len(p) {
			b, ok := c.port.Rx(false)
			if !ok {
				break
			}
			p[n] = b
			n++
		}
		n += c.keys.read(p[n:])
		if n != 0 {
			return n, nil
		}
		<-c.ready
	}
	return 0, nil
}

// poll wakes the reader if input has come.
func (c *console) poll() {
	if typed := c.keys.poll(); !typed && in8(portCOM1+uart.LSR)&lsrData == 0 {
		return
	}
	select {
	case c.ready <- true:
	default:
	}
}
