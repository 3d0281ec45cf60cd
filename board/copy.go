//go:build !amd64

package board

import "unsafe"

// copyWords copies words from low addresses to high ones.
func copyWords(to, from unsafe.Pointer, words uint64) {
	copy(unsafe.Slice((*uint64)(to), words), unsafe.Slice((*uint64)(from), words))
}
