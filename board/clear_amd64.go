package board

import "defpager/mach"

// ClearPage makes a page zeros. The page is aligned to 16 bytes.
//
// It stores 16 bytes at a time, which every processor of 64 bits can: on one of today this takes as long as the string instructions do
// (docs/decisions/0008), in an emulator
// it takes half as many instructions.
//
//go:noescape
func ClearPage(page *[mach.PageSize]byte)
