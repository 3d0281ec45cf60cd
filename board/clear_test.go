package board

import (
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
