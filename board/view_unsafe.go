package board

import (
	"unsafe"

	"defpager/mach"
)

// View is the kernel's sight of some pages of one address space: pages that are there and may be written, each until a translation of that
// space is changed or taken away. Messages lie in the same few pages again and again, so a look here is mostly all that it takes to reach one.
//
// Whoever changes translations calls Drop; page numbers choose the slot.
type View struct {
	slots [viewSlots]viewSlot
	open  bool // some slot is in use
}

type viewSlot struct {
	last  mach.VirtAddr // the page's last byte; 0: none
	frame *[mach.PageSize]byte
}

const viewSlots = 4

// Words are the first words of something in memory, a message for one. Another thread of the task that owns the memory may write them at any
// time: what is checked must be read only once.
type Words [24]uint64

const wordsSize = uint64(unsafe.Sizeof(Words{}))

// Words views what lies at va; nil if that page is not in view, or not all of the words lie in it.
func (v *View) Words(va mach.VirtAddr) *Words {
	if s := &v.slots[va>>mach.PageShift%viewSlots]; s.last == va|mach.PageMask && va&mach.PageMask <= mach.VirtAddr(mach.PageSize-wordsSize) {
		return (*Words)(unsafe.Add(unsafe.Pointer(s.frame), va&mach.PageMask))
	}
	return nil
}

// Page is the page of va; nil if it is not in view.
func (v *View) Page(va mach.VirtAddr) *[mach.PageSize]byte {
	if s := &v.slots[va>>mach.PageShift%viewSlots]; s.last == va|mach.PageMask {
		return s.frame
	}
	return nil
}

// CopyWords copies n bytes from address f of a view to address t of this one, from low addresses to high ones, and returns how many are left: it ends
// where a page is not in view. All are left if an address or n is no multiple of 8.
func (v *View) CopyWords(t mach.VirtAddr, from *View, f mach.VirtAddr, n uint64) (left uint64) {
	return copyViews(v, t, from, f, n)
}

// Open takes the page of va into view.
func (v *View) Open(va mach.VirtAddr, frame *[mach.PageSize]byte) {
	v.slots[va>>mach.PageShift%viewSlots] = viewSlot{va | mach.PageMask, frame}
	v.open = true
}

// Drop takes all pages out of view.
func (v *View) Drop() {
	if v.open {
		*v = View{}
	}
}
