package disk

import (
	"bytes"
	"testing"

	"defpager/board"
	"defpager/mach"
)

// A disk of a rate does what the disk below does, a page in 10 microseconds here, one transfer after the other, and takes nothing of the heap.
func TestRated(t *testing.T) {
	mem := board.Simulated(2 * mach.SuperSize)
	now := int64(0)
	d := NewRated(NewRAM("ram0", mem, []mach.PhysAddr{mach.SuperSize}), mach.PageSize*100_000, func() int64 { return now })
	data, back := bytes.Repeat([]byte{7}, 2*mach.PageSize), make([]byte, mach.PageSize)
	done := 0
	count := func(err error) {
		if err != nil {
			t.Error(err)
		}
		done++
	}
	write, read := Request{Write: true, First: 3, Data: data, Done: count}, Request{First: 4, Data: back, Done: count}
	at := func(time int64, want int) {
		t.Helper()
		now = time
		if d.Poll(); done != want {
			t.Errorf("at %d ns %d transfers are done, want %d", time, done, want)
		}
	}
	if !d.Start(&write) || !d.Start(&read) {
		t.Fatal("there is room")
	}
	at(0, 0)
	at(19_999, 0)
	at(20_000, 1)
	at(29_999, 1)
	at(30_000, 2)
	if !bytes.Equal(back, data[:mach.PageSize]) {
		t.Error("what was written does not come back")
	}
	now = 100_000 // nothing is saved up while the disk has nothing to do
	d.Start(&write)
	at(119_999, 2)
	at(120_000, 3)
	beyond := Request{First: d.Blocks(), Data: back, Done: func(err error) {
		if err != ErrRange {
			t.Error(err)
		}
		done++
	}}
	d.Start(&beyond)
	at(1_000_000, 4)
	for range ramRequests {
		if !d.Start(&write) {
			t.Fatal("there is room")
		}
	}
	if d.Start(&write) {
		t.Error("there is no end of room")
	}
	at(1e9, 4+ramRequests)
	if n := testing.AllocsPerRun(10, func() {
		d.Start(&write)
		now += 1e6
		d.Poll()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
