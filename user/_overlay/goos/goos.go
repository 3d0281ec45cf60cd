// Package goos holds the two hooks that the thread layer shared with the kernel's runtime asks for. In ring 3 both are
// functions of package runtime (mach.go).
package goos

import _ "unsafe" // for go:linkname

// Nanotime is the time in nanoseconds, from the time-stamp counter.
//
//go:linkname Nanotime runtime.bareNanotime
func Nanotime() int64

// Idle gives the processor to other tasks until the time until, as Nanotime counts. It may return early.
var Idle func(until int64)
