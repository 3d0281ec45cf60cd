package pager

import (
	"runtime"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Lists of runs that are none: an empty one is not all of the disk, and one that is too long is not read.
func TestListsOfRuns(t *testing.T) {
	w := newWorld(t, false)
	_, _, device := w.disks()
	w.pagingStorage(device, "x", true, runs())
	w.want(w.answer(), mach.InvalidArgument)

	const long = 1 << 20 // numbers
	va, err := w.memory.Allocate(0, 8*long, true)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.pagingStorage(device, "x", true, mig.Array{Pointer: uint64(va), Count: long})
	runtime.ReadMemStats(&after)
	w.want(w.answer(), mach.InvalidArgument)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4*long {
		t.Errorf("a list of %d numbers takes %d bytes of the heap", long, n)
	}

	w.check()
}
