package monitor

import (
	"io"
	"sync"
)

// Control characters: what the terminal sends for Ctrl-C, and the line editor's end of line and erase line.
const (
	interruptKey = 3
	endKey       = 5
	killKey      = 21
)

// console separates Ctrl-C from the rest of the input while a command runs.
//
// One goroutine reads the device for ever. While a command runs, Ctrl-C closes the command's stop channel and what was
// typed ahead is dropped; all other bytes wait in a buffer until the line editor asks for them.
type console struct {
	device io.ReadWriter

	mu    sync.Mutex
	ready *sync.Cond
	typed []byte
	err   error
	stop  chan struct{} // not nil while a command runs; closed by Ctrl-C

	first   chan struct{} // closed at the first key
	pressed bool
}

// typedMax bounds what may be typed ahead of a running command, in bytes; more is dropped.
const typedMax = 4096

func newConsole(device io.ReadWriter) *console {
	c := &console{device: device, first: make(chan struct{})}
	c.ready = sync.NewCond(&c.mu)
	go c.pump()
	return c
}

func (c *console) pump() {
	var b [64]byte
	for {
		n, err := c.device.Read(b[:])
		c.mu.Lock()
		for _, k := range b[:n] {
			c.key(k)
		}
		c.err = err
		c.ready.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// key takes one byte in; c.mu is held.
func (c *console) key(k byte) {
	if !c.pressed {
		c.pressed = true
		close(c.first)
	}
	if k == interruptKey && c.stop != nil {
		c.typed = c.typed[:0]
		close(c.stop)
		c.stop = nil
		return
	}
	if len(c.typed) >= typedMax {
		return
	}
	if k == interruptKey {
		c.typed = append(c.typed, endKey, killKey) // the line editor would take Ctrl-C for the end of its input
		return
	}
	c.typed = append(c.typed, k)
}

// begin marks the start of a command: the channel it returns is closed by Ctrl-C.
func (c *console) begin() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = make(chan struct{})
	return c.stop
}

// end marks the end of the command.
func (c *console) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = nil
}

// Read gives the line editor what was typed; it blocks until there is something.
func (c *console) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.typed) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.ready.Wait()
	}
	n := copy(p, c.typed)
	c.typed = append(c.typed[:0], c.typed[n:]...)
	return n, nil
}

func (c *console) Write(p []byte) (int, error) { return c.device.Write(p) }
