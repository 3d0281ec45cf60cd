package kern

import "fmt"

// logSize is how many bytes of text the log keeps.
const logSize = 64 << 10

// Log is what the kernel and mach_print wrote: the last bytes, and all of it on the console.
type Log struct {
	ring    [logSize]byte
	written uint64
	console func([]byte)
}

// Write adds text.
func (l *Log) Write(b []byte) {
	for i, c := range b {
		l.ring[(l.written+uint64(i))%logSize] = c
	}
	l.written += uint64(len(b))
	if l.console != nil {
		l.console(b)
	}
}

// Text is what the log holds, oldest first.
func (l *Log) Text() string {
	if l.written <= logSize {
		return string(l.ring[:l.written])
	}
	at := l.written % logSize
	return string(l.ring[at:]) + string(l.ring[:at])
}

// Log is the kernel's log.
func (k *Kernel) Log() *Log { return &k.log }

// Logf adds a line of the kernel's.
func (k *Kernel) Logf(format string, args ...any) {
	k.log.Write(fmt.Appendf(nil, "kernel: "+format+"\n", args...))
}
