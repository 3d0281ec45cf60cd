package mach

// PhysAddr is an address in physical memory, in bytes.
type PhysAddr uint64

// VirtAddr is an address in a task's (or the kernel's) virtual address space, in bytes.
type VirtAddr uint64

// PageNumber counts pages of PageSize bytes: a page's index in a memory object, or an amount of pages.
type PageNumber uint64

// Page sizes of x86-64 (Intel SDM volume 3, section 4.5).
const (
	PageShift  = 12
	PageSize   = 1 << PageShift // bytes in a page and in a frame
	PageMask   = PageSize - 1
	SuperShift = 21
	SuperSize  = 1 << SuperShift // bytes in a superpage
	GiantShift = 30
	GiantSize  = 1 << GiantShift // bytes in a 1 GiB page
)

// Bounds of a task's address space. The kernel lies below, identity mapped; above are only non-canonical addresses.
const (
	MinUser VirtAddr = 1 << 39          // 512 GiB: first byte of PML4 slot 1
	MaxUser VirtAddr = 0x8000_0000_0000 // VM_MAX_ADDRESS, 128 TiB, exclusive
)

// Trunc rounds a down to a page boundary.
func (a VirtAddr) Trunc() VirtAddr { return a &^ PageMask }

// Round rounds a up to a page boundary; it wraps to 0 past the last page, which callers must check.
func (a VirtAddr) Round() VirtAddr { return (a + PageMask) &^ PageMask }

// Offset is a's distance in bytes from the start of its page.
func (a VirtAddr) Offset() uint64 { return uint64(a & PageMask) }

// Trunc rounds p down to a frame boundary.
func (p PhysAddr) Trunc() PhysAddr { return p &^ PageMask }

// Pages is the number of pages that size bytes need, rounded up. It does not overflow for any size.
func Pages(size uint64) PageNumber {
	n := size >> PageShift
	if size&PageMask != 0 {
		n++
	}
	return PageNumber(n)
}

// Bytes is the size of n pages in bytes; n must be below 2^52.
func (n PageNumber) Bytes() uint64 { return uint64(n) << PageShift }
