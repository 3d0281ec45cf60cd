package libmach

import (
	"sync/atomic"
	"unsafe"

	"defpager/mach"
)

//go:noescape
func trapMsg(msg unsafe.Pointer, option mach.Option, send, rcv uint32, name mach.Name, ms uint32, notify mach.Name) mach.Return

//go:noescape
func trap11(number mach.Trap, arg *[11]uintptr) uint32

// Memory is the memory at an address as bytes. It is the caller's to know that it is mapped, and to forget the slice before
// unmapping: a touch of unmapped memory ends the task.
func Memory(at mach.VirtAddr, size uint64) []byte {
	if size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(at)), size)
}

// touch writes to a page what it holds, whoever else writes there meanwhile.
func touch(at mach.VirtAddr) { atomic.AddUint64((*uint64)(pointer(at)), 0) }

// Address is where b begins. The garbage collector does not move b as long as it is in use.
func Address(b []byte) mach.VirtAddr { return mach.VirtAddr(address(b)) }

// pointer makes a pointer of a number. The memory behind it is not Go's, so the collector ignores it.
func pointer(at mach.VirtAddr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func addressOf(at *mach.VirtAddr) uintptr { return uintptr(unsafe.Pointer(at)) }

func nameAddress(name *uint32) uintptr { return uintptr(unsafe.Pointer(name)) }

func stateAddress(state []uint32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(state))) }

// bytesOf is the memory of words: bytes that begin at a multiple of 8.
func bytesOf(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}

// exchange is mach_msg that sends the first size bytes of buf and receives the answer into it.
func exchange(buf Buffer, option mach.Option, size uint32, reply mach.Name, ms uint32) mach.Return {
	return trapMsg(unsafe.Pointer(unsafe.SliceData(buf)), option, size, uint32(len(buf)), reply, ms, mach.NameNull)
}

// trap is exchange of the first size bytes of the client's buffer and its reply port, for ever.
func (c *Client) trap(size uint32) mach.Return {
	return trapMsg(unsafe.Pointer(unsafe.SliceData(c.buf)), mach.OptSend|mach.OptRcv, size, uint32(len(c.buf)), c.reply, 0, mach.NameNull)
}

// words are the first words in the client's buffer: the header (bits and size, remote port, local port, sequence number and id), then items.
func (c *Client) words() *[sizeWord / 8]uint64 {
	return (*[sizeWord / 8]uint64)(unsafe.Pointer(unsafe.SliceData(c.buf)))
}
