package board

import "unsafe"

// copyWords copies words from low addresses to high ones: where to lies within what is copied, words repeat. It saves what memmove does to find out how
// to copy, which for a page is a twelfth of the instructions.
//
// Both places are memory for that many words, without pointers into Go's heap.
//
//go:noescape
func copyWords(to, from unsafe.Pointer, words uint64)
