package board

import (
	"unsafe"

	"defpager/mach"
)

// CopyPage makes one page what another is.
func CopyPage(to, from *[mach.PageSize]byte) {
	copyWords(unsafe.Pointer(to), unsafe.Pointer(from), mach.PageSize/8)
}
