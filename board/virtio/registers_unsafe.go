package virtio

import (
	"sync/atomic"
	"unsafe"

	"defpager/mach"
)

// window is a piece of physical memory with a device's registers, mapped where it lies. Registers are read and written with their own width.
// Invariant: the kernel's page tables map it, as Bus.Ranges asked, and nothing of Go's lies there.
type window mach.PhysAddr

func (w window) pointer(offset uint32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(nil), uintptr(w)+uintptr(offset))
}

//go:noinline
func (w window) load8(offset uint32) uint8 { return *(*uint8)(w.pointer(offset)) }

//go:noinline
func (w window) store8(offset uint32, v uint8) { *(*uint8)(w.pointer(offset)) = v }

//go:noinline
func (w window) load16(offset uint32) uint16 { return *(*uint16)(w.pointer(offset)) }

//go:noinline
func (w window) store16(offset uint32, v uint16) { *(*uint16)(w.pointer(offset)) = v }

func (w window) load32(offset uint32) uint32 { return atomic.LoadUint32((*uint32)(w.pointer(offset))) }

func (w window) store32(offset uint32, v uint32) {
	atomic.StoreUint32((*uint32)(w.pointer(offset)), v)
}

// store64 writes the halves, as 64-bit registers allow (4.1.3.1).
func (w window) store64(offset uint32, v uint64) {
	w.store32(offset, uint32(v))
	w.store32(offset+4, uint32(v>>32))
}

// load32 and store32 access a word of a page that a device accesses too, after and before all that the program does around it.
func load32(page *[mach.PageSize]byte, offset int) uint32 {
	return atomic.LoadUint32((*uint32)(unsafe.Pointer(&page[offset])))
}

func store32(page *[mach.PageSize]byte, offset int, v uint32) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&page[offset])), v)
}
