package main

import (
	"testing"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"
)

// A lost page ends a run of pages that hold nothing, as a page with contents does; where there is neither, they go on to the object's end.
func TestEmptyPages(t *testing.T) {
	const frames, size = 64, 1 << 40
	mem := board.Simulated(frames * mach.PageSize)
	env := &vm.Env{Mem: mem, Frames: frame.New(mem, make([]frame.Desc, frames), []board.Range{{Start: mach.PageSize, Size: (frames - 1) * mach.PageSize}})}
	o, err := vm.NewOvercommitted(env, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.WritePage(1000, make([]byte, mach.PageSize)); err != nil {
		t.Fatal(err)
	}
	p := &port{conversation: &conversation{memory: o, lost: map[mach.PageNumber]bool{5: true, 2000: true, 3000: true}}}
	for n, want := range map[mach.PageNumber]mach.PageNumber{0: 5, 6: 994, 1001: 999, 2001: 999, 3001: size>>mach.PageShift - 3001} {
		if got := p.empty(n); got != want {
			t.Errorf("%d pages from page %d on, not %d", got, n, want)
		}
	}
}
