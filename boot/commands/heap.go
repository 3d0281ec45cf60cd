package commands

import (
	"runtime"

	"defpager/boot/monitor"
)

// heap says what the kernel has on Go's heap when all garbage is gone.
func (t *Target) heap(c *monitor.Context) error {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	c.Printf("%d bytes in use on Go's heap, in %d pieces; %d bytes of stacks; %s taken of the machine\n", s.HeapAlloc, s.HeapObjects, s.StackInuse, bytes(s.Sys))
	return nil
}
