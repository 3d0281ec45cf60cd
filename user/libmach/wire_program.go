package libmach

import (
	"fmt"

	"defpager/mach"
)

// WireProgram keeps the calling program itself in memory: its regions, and of those beyond 16 MiB, which are the heap's, the first heap bytes. So its own pages are
// not those that are paged out, or find no frame. They stay wired if garbage collection is off (debug.SetGCPercent(-1)): else Go's runtime gives pages of the heap
// that it does not need back now and then, and gets others for them. host is the host's privileged port, or its name port for few bytes.
func (c *Client) WireProgram(host mach.Name, heap uint64) error {
	const most = 16 << 20
	for at := mach.MinUser; ; {
		r, code := c.VMRegion(c.Task(), at)
		if code != mach.Success {
			return nil
		}
		if r.Object != mach.NameNull {
			c.PortDeallocate(c.Task(), r.Object)
		}
		size := r.Size
		if size > most {
			size = heap
		}
		if r.Cur != mach.ProtNone {
			if code := c.VMWire(host, c.Task(), r.Address, size, r.Cur); code != mach.Success {
				return fmt.Errorf("vm_wire of the region at %#x: %w", uint64(r.Address), code)
			}
		}
		at = r.Address + mach.VirtAddr(r.Size)
	}
}
