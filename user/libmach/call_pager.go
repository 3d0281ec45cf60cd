package libmach

import (
	"encoding/binary"

	"defpager/mach"
)

// ObjectCreate is default_pager_object_create: it asks the default memory manager for a memory object of at most size bytes,
// zeroed, and answers a send right to it. The object ends with its last right and mapping.
//
// The pager is a send right to the default memory manager's port, which only privileged tasks hold. The seqnos_ form of the
// manual is the same message: its sequence number is the server's, from the header.
func (c *Client) ObjectCreate(pager mach.Name, size uint64) (mach.Name, mach.Return) {
	c.Request().Uint64(size)
	return c.port(pager, mach.IDDefaultPagerObjectCreate)
}

// ObjectSetSize changes the most that an object may hold, in bytes.
func (c *Client) ObjectSetSize(object mach.Name, size uint64) mach.Return {
	c.Request().Uint64(size)
	return c.simple(object, mach.IDDefaultPagerObjectSetSize)
}

// PagerInfo is a default_pager_info, in bytes.
type PagerInfo struct {
	Total, Free, PageSize uint64
}

// PagerInfo tells how much the default pager could hold and how much of it is not promised yet.
func (c *Client) PagerInfo(pager mach.Name) (PagerInfo, mach.Return) {
	c.Request()
	r, ret := c.Call(pager, mach.IDDefaultPagerInfo)
	if ret != mach.Success {
		return PagerInfo{}, ret
	}
	data := r.Bytes(mach.MsgInteger64, 64, 3)
	if ret := r.End(); ret != mach.Success {
		return PagerInfo{}, ret
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(data[8*i:]) }
	return PagerInfo{word(0), word(1), word(2)}, mach.Success
}

// DefaultManager is vm_set_default_memory_manager: by the host's privileged port it sets the default memory manager's port, to which the caller has and keeps
// a send right, and answers the one that was set, or NameNull. With NameNull as manager it only answers the one that is set.
func (c *Client) DefaultManager(hostPriv, manager mach.Name) (mach.Name, mach.Return) {
	c.Request().Port(mach.MsgCopySend, manager)
	r, ret := c.CallComplex(hostPriv, mach.IDVMSetDefaultManager)
	if ret != mach.Success {
		return mach.NameNull, ret
	}
	old := r.Port(mach.MsgPortSend)
	return old, r.End()
}

// RebootHalt is the option of HostReboot that powers off; without it the machine starts anew (sys/reboot.h).
const RebootHalt = 0x8

// HostReboot ends the machine. It returns only when it fails.
func (c *Client) HostReboot(hostPriv mach.Name, options int32) mach.Return {
	c.Request().Int32(options)
	return c.simple(hostPriv, mach.IDHostReboot)
}

// KernelVersion is the kernel's own name and version. (HostSelf will do as host.)
func (c *Client) KernelVersion(host mach.Name) (string, mach.Return) {
	const size = 512
	c.Request()
	r, ret := c.Call(host, mach.IDHostGetKernelVersion)
	if ret != mach.Success {
		return "", ret
	}
	text := r.Bytes(mach.MsgString, 8*size, 1)
	if ret := r.End(); ret != mach.Success {
		return "", ret
	}
	for i, b := range text {
		if b == 0 {
			return string(text[:i]), mach.Success
		}
	}
	return string(text), mach.Success
}
