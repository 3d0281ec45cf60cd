//go:build !amd64

package board

import "defpager/mach"

// ClearPage makes a page zeros.
func ClearPage(page *[mach.PageSize]byte) { clear(page[:]) }
