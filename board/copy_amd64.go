package board

import (
	"unsafe"

	"defpager/mach"
)

// copyWords copies words from low addresses to high ones: where to lies within what is copied, words repeat. It saves what memmove does to find out how
// to copy, which for a page is a twelfth of the instructions.
//
// Both places are memory for that many words, without pointers into Go's heap.
//
//go:noescape
func copyWords(to, from unsafe.Pointer, words uint64)

// copyViews is CopyWords. It is in assembly because the compiler keeps nothing in registers over the copy of a piece, so that for a page the rest would cost as much as an eighth of it.
//
//go:noescape
func copyViews(to *View, t mach.VirtAddr, from *View, f mach.VirtAddr, n uint64) (left uint64)

// What copyViews knows of View: an index that is not 0 does not compile.
var _ = [1]struct{}{}[unsafe.Offsetof(View{}.slots)+unsafe.Sizeof(viewSlot{})-16+unsafe.Offsetof(viewSlot{}.frame)-8+viewSlots-4]
