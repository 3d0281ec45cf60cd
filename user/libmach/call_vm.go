package libmach

import (
	"encoding/binary"

	"defpager/mach"
)

// Map is what vm_map is told, but the task.
type Map struct {
	Address  mach.VirtAddr // where, or with Anywhere from where on
	Size     uint64        // bytes, rounded up to pages
	Mask     mach.VirtAddr // with Anywhere: these bits of the address shall be 0
	Anywhere bool
	Object   mach.Name // memory object, or NameNull for zeroed memory
	Offset   uint64    // bytes into the object
	Copy     bool      // a private copy of the object, not the object itself
	Cur, Max mach.Prot
	Inherit  mach.Inherit
}

// Region is what vm_region tells of a range of memory.
type Region struct {
	Address  mach.VirtAddr
	Size     uint64
	Cur, Max mach.Prot
	Inherit  mach.Inherit
	Shared   bool
	Object   mach.Name // send right to the object's name port; NameNull for memory without a pager
	Offset   uint64    // bytes into the object
}

// VMMap is vm_map by message.
func (c *Client) VMMap(task mach.Name, m Map) (mach.VirtAddr, mach.Return) {
	return c.VMMapRight(task, m, mach.MsgCopySend)
}

// VMMapRight is VMMap with a disposition for the memory object's right: MsgMoveSend gives it away.
func (c *Client) VMMapRight(task mach.Name, m Map, disposition mach.MsgType) (mach.VirtAddr, mach.Return) {
	const items = 10
	b := c.Request().Words(items)
	if len(b) < 16*items {
		return 0, mach.MIGArrayTooLarge
	}
	r := (*[16 * items]byte)(b)
	putWord(r[0:16], oneInteger64, uint64(m.Address))
	putWord(r[16:32], oneInteger64, m.Size)
	putWord(r[32:48], oneInteger64, uint64(m.Mask))
	putWord(r[48:64], oneBoolean, uint64(flag(m.Anywhere)))
	putWord(r[64:80], oneOfRight|mach.Type(disposition), uint64(m.Object))
	putWord(r[80:96], oneInteger64, m.Offset)
	putWord(r[96:112], oneBoolean, uint64(flag(m.Copy)))
	putWord(r[112:128], oneInteger32, uint64(uint32(m.Cur)))
	putWord(r[128:144], oneInteger32, uint64(uint32(m.Max)))
	putWord(r[144:160], oneInteger32, uint64(uint32(m.Inherit)))
	v, ret := c.word(task, mach.IDVMMap, callBits|mach.Complex, oneInteger64)
	return mach.VirtAddr(v), ret
}

// VMAllocate is vm_allocate by message.
func (c *Client) VMAllocate(task mach.Name, at mach.VirtAddr, size uint64, anywhere bool) (mach.VirtAddr, mach.Return) {
	w := c.Request()
	w.Uint64(uint64(at))
	w.Uint64(size)
	w.Bool(anywhere)
	v, ret := c.word(task, mach.IDVMAllocate, callBits, oneInteger64)
	return mach.VirtAddr(v), ret
}

// VMDeallocate is vm_deallocate by message.
func (c *Client) VMDeallocate(task mach.Name, at mach.VirtAddr, size uint64) mach.Return {
	w := c.Request()
	w.Uint64(uint64(at))
	w.Uint64(size)
	return c.simple(task, mach.IDVMDeallocate)
}

// VMProtect changes the protection of a range, or with setMaximum the most that it may ever be.
func (c *Client) VMProtect(task mach.Name, at mach.VirtAddr, size uint64, setMaximum bool, prot mach.Prot) mach.Return {
	w := c.Request()
	w.Uint64(uint64(at))
	w.Uint64(size)
	w.Bool(setMaximum)
	w.Int32(int32(prot))
	return c.simple(task, mach.IDVMProtect)
}

// VMInherit changes what a child task will get of a range.
func (c *Client) VMInherit(task mach.Name, at mach.VirtAddr, size uint64, inherit mach.Inherit) mach.Return {
	w := c.Request()
	w.Uint64(uint64(at))
	w.Uint64(size)
	w.Int32(int32(inherit))
	return c.simple(task, mach.IDVMInherit)
}

// VMRegion tells of the region that contains the address, or else of the next one.
func (c *Client) VMRegion(task mach.Name, at mach.VirtAddr) (Region, mach.Return) {
	c.Request().Uint64(uint64(at))
	r, ret := c.Call(task, mach.IDVMRegion)
	if ret != mach.Success {
		return Region{}, ret
	}
	region := Region{
		Address: mach.VirtAddr(r.Uint64()),
		Size:    r.Uint64(),
		Cur:     mach.Prot(r.Int32()),
		Max:     mach.Prot(r.Int32()),
		Inherit: mach.Inherit(r.Int32()),
		Shared:  r.Bool(),
		Object:  r.Port(mach.MsgPortSend),
		Offset:  r.Uint64(),
	}
	return region, r.End()
}

// VMRead copies memory of a task into new memory of the caller, which the caller deallocates.
func (c *Client) VMRead(task mach.Name, at mach.VirtAddr, size uint64) (mach.VirtAddr, uint64, mach.Return) {
	w := c.Request()
	w.Uint64(uint64(at))
	w.Uint64(size)
	r, ret := c.Call(task, mach.IDVMRead)
	if ret != mach.Success {
		return 0, 0, ret
	}
	to, n := r.OutOfLine(mach.MsgByte, 8)
	return mach.VirtAddr(to), uint64(n), r.End()
}

// VMWrite copies size bytes of the caller at data over memory of a task.
func (c *Client) VMWrite(task mach.Name, at, data mach.VirtAddr, size uint32) mach.Return {
	w := c.Request()
	w.Uint64(uint64(at))
	w.OutOfLine(mach.MsgByte, 8, size, uint64(data), false)
	r, ret := c.CallComplex(task, mach.IDVMWrite)
	return end(r, ret)
}

// VMCopy copies memory within a task.
func (c *Client) VMCopy(task mach.Name, from mach.VirtAddr, size uint64, to mach.VirtAddr) mach.Return {
	w := c.Request()
	w.Uint64(uint64(from))
	w.Uint64(size)
	w.Uint64(uint64(to))
	return c.simple(task, mach.IDVMCopy)
}

// VMWire makes memory of a task present and keeps it so, for an access; ProtNone lets it go again. With the host's name port no more than 8 MiB of a
// task can be wired.
func (c *Client) VMWire(host, task mach.Name, at mach.VirtAddr, size uint64, access mach.Prot) mach.Return {
	w := c.Request()
	w.Port(mach.MsgCopySend, task)
	w.Uint64(uint64(at))
	w.Uint64(size)
	w.Int32(int32(access))
	r, ret := c.CallComplex(host, mach.IDVMWire)
	return end(r, ret)
}

// Statistics is a vm_statistics: counts of pages, and of events since the start.
type Statistics struct {
	PageSize                                                 uint32 // bytes
	Free, Active, Inactive, Wire                             uint32 // pages
	ZeroFill, Reactivations, Pageins, Pageouts, Faults, Copy uint32 // events
	Lookups, Hits                                            uint32 // events
}

const statisticsWords = 13

// VMStatistics asks any task's port for the statistics of the whole machine.
func (c *Client) VMStatistics(task mach.Name) (Statistics, mach.Return) {
	c.Request()
	r, ret := c.Call(task, mach.IDVMStatistics)
	if ret != mach.Success {
		return Statistics{}, ret
	}
	data := r.Bytes(mach.MsgInteger32, 32, statisticsWords)
	if ret := r.End(); ret != mach.Success {
		return Statistics{}, ret
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
	return Statistics{
		word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), word(8), word(9), word(10), word(11), word(12),
	}, mach.Success
}
