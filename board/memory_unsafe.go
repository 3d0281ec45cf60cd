package board

import (
	"unsafe"

	"defpager/mach"
)

// Memory is the window through which the kernel reaches physical memory.
//
// On the machine it is the identity map: base is zero. On the host, under tests, base is the address of a byte array that
// plays physical memory. Every access to a frame's contents goes through a Memory, so the same code runs in both places.
// Invariant: the frames that a caller names lie in memory that mm/frame handed to it, or in a module the loader placed;
// Memory itself checks the upper bound only.
type Memory struct {
	base  unsafe.Pointer // nil on the machine; on the host it also keeps the array alive
	limit mach.PhysAddr
}

// Identity is the machine's own memory, up to limit (exclusive), for code that runs identity mapped.
func Identity(limit mach.PhysAddr) Memory { return Memory{limit: limit} }

// Simulated is memory played by size bytes of Go's heap (rounded up to pages), zeroed and page aligned.
func Simulated(size uint64) Memory {
	size = (size + mach.PageMask) &^ mach.PageMask
	b := make([]byte, size+mach.PageSize)
	base := unsafe.Pointer(unsafe.SliceData(b))
	base = unsafe.Add(base, -uintptr(base)&mach.PageMask)
	return Memory{base: base, limit: mach.PhysAddr(size)}
}

// Limit is the first address beyond the window.
func (m *Memory) Limit() mach.PhysAddr { return m.limit }

// Table views the frame at p as a page table of 512 entries. p must be frame aligned.
func (m *Memory) Table(p mach.PhysAddr) *[512]uint64 {
	if p >= m.limit || p&mach.PageMask != 0 {
		panic(outside(p))
	}
	return (*[512]uint64)(unsafe.Add(m.base, p))
}

// Frame views the frame at p as bytes. p must be frame aligned.
func (m *Memory) Frame(p mach.PhysAddr) *[mach.PageSize]byte {
	if p >= m.limit || p&mach.PageMask != 0 {
		panic(outside(p))
	}
	return (*[mach.PageSize]byte)(unsafe.Add(m.base, p))
}

// Address is where the byte at v lies, which one of the other methods showed.
func (m *Memory) Address(v unsafe.Pointer) mach.PhysAddr {
	return mach.PhysAddr(uintptr(v) - uintptr(m.base))
}

// Bytes views n bytes from p on.
func (m *Memory) Bytes(p mach.PhysAddr, n uint64) []byte {
	if p >= m.limit || n > uint64(m.limit-p) {
		panic(outside(p))
	}
	return unsafe.Slice((*byte)(unsafe.Add(m.base, p)), n)
}

func outside(p mach.PhysAddr) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[15-i] = digits[p>>(4*i)&15]
	}
	return "board: physical address 0x" + string(b[:]) + " is outside memory or not aligned"
}
