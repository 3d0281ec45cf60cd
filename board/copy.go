//go:build !amd64

package board

import (
	"unsafe"

	"defpager/mach"
)

// copyWords copies words from low addresses to high ones.
func copyWords(to, from unsafe.Pointer, words uint64) {
	copy(unsafe.Slice((*uint64)(to), words), unsafe.Slice((*uint64)(from), words))
}

// copyViews is CopyWords.
func copyViews(to *View, t mach.VirtAddr, from *View, f mach.VirtAddr, n uint64) (left uint64) {
	for n != 0 && (uint64(t|f)|n)%8 == 0 {
		a, b := to.Page(t), from.Page(f)
		if a == nil || b == nil {
			break
		}
		k := copy(a[t.Offset():], b[f.Offset():][:min(n, mach.PageSize-f.Offset())])
		t += mach.VirtAddr(k)
		f += mach.VirtAddr(k)
		n -= uint64(k)
	}
	return n
}
