package board

import (
	"bytes"
	"testing"

	"defpager/mach"
)

// TestClearPage clears a page that is full, between two that must stay full.
func TestClearPage(t *testing.T) {
	mem := Simulated(3 * mach.PageSize)
	all := mem.Bytes(0, 3*mach.PageSize)
	for i := range all {
		all[i] = 0xa5
	}
	ClearPage(mem.Frame(mach.PageSize))
	for i, b := range all {
		want := byte(0xa5)
		if i/mach.PageSize == 1 {
			want = 0
		}
		if b != want {
			t.Fatalf("byte %#x is %#x, want %#x", i, b, want)
		}
	}
}

// TestCopyPage copies a page that lies between two others to a page that does.
func TestCopyPage(t *testing.T) {
	mem := Simulated(6 * mach.PageSize)
	all := mem.Bytes(0, 6*mach.PageSize)
	for i := range all {
		all[i] = byte(i>>mach.PageShift*50 + i%49)
	}
	want := bytes.Clone(all)
	copy(want[4*mach.PageSize:5*mach.PageSize], want[mach.PageSize:2*mach.PageSize])
	CopyPage(mem.Frame(4*mach.PageSize), mem.Frame(mach.PageSize))
	if !bytes.Equal(all, want) {
		t.Fatal("memory is not what it should be")
	}
}
