package libmach

import "defpager/mach"

// TouchHeap gives Go's heap the frames of its first size bytes now, while there are some. The heap grows from low addresses on.
func (c *Client) TouchHeap(size uint64) {
	at := Address(c.buf)
	r, code := c.VMRegion(c.Task(), at)
	if code != mach.Success {
		return
	}
	if r.Object != mach.NameNull {
		c.PortDeallocate(c.Task(), r.Object)
	}
	for p := r.Address; p < r.Address+mach.VirtAddr(min(size, r.Size)); p += mach.PageSize {
		touch(p)
	}
}
