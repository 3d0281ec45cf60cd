package info

import (
	"defpager/board"
	"defpager/mach"
)

// Sizes of the Go heap's region, and the size of machines that have it.
const (
	minHeap = 32 << 20
	maxHeap = 256 << 20
	perHeap = 8 // a machine's memory is this many times its heap, between the bounds

	superPage = mach.PhysAddr(2 << 20)
)

// PlaceHeap finds the region of the runtime's memory: the first free RAM at or behind from and below 4 GiB, clear of
// modules, the loader's structures and holes, aligned to 2 MiB. The size is an eighth of the machine's memory between 32
// and 256 MiB, less if there is no such gap. A size of 0 means that there is no room at all.
//
// It runs before the runtime has memory: it allocates nothing.
func PlaceHeap(mem *board.Memory, l Loader, at, from mach.PhysAddr) board.Range {
	r := raw{mem, l, at}
	total := uint64(0)
	r.eachMemory(func(e Entry) {
		if e.Kind == RAM {
			total += e.Size
		}
	})
	size := min(max(total/perHeap, minHeap), maxHeap) &^ uint64(superPage-1)
	for ; size >= uint64(superPage); size = size / 2 &^ uint64(superPage-1) {
		if start, ok := r.gap(from, size); ok {
			return board.Range{Start: start, Size: size}
		}
	}
	return board.Range{}
}

// gap finds size bytes of free RAM at or behind from and below 4 GiB, aligned to a super page.
//
// It moves a candidate upwards: past what it overlaps, and into the next RAM when it is in none, until nothing moves it.
func (r *raw) gap(from mach.PhysAddr, size uint64) (mach.PhysAddr, bool) {
	at := from
	for at = alignSuper(at); at < below4G && size <= uint64(below4G-at); at = alignSuper(at) {
		want := board.Range{Start: at, Size: size}
		ramEnd, nextRAM := mach.PhysAddr(0), maxPhys
		past := at // the end of something in the way
		avoid := func(o board.Range) {
			if overlap(want, o) && o.End() > past {
				past = o.End()
			}
		}
		r.eachMemory(func(e Entry) {
			switch {
			case e.Kind != RAM:
				avoid(e.Range)
			case e.Start <= at && at < e.End():
				ramEnd = max(ramEnd, e.End())
			case e.Start > at:
				nextRAM = min(nextRAM, e.Start)
			}
		})
		r.eachModule(func(m module) { avoid(m.data) })
		r.eachTaken(avoid)
		if past == at && want.End() <= ramEnd {
			return at, true
		}
		if want.End() > ramEnd {
			past = max(past, nextRAM)
		}
		at = past
	}
	return 0, false
}

func alignSuper(p mach.PhysAddr) mach.PhysAddr { return (p + superPage - 1) &^ (superPage - 1) }

// overlap reports whether two ranges share a byte. A range that ends beyond the address space overlaps what is behind it.
func overlap(a, b board.Range) bool {
	return a.Size != 0 && b.Size != 0 &&
		uint64(b.Start-a.Start) < a.Size || b.Size != 0 && a.Size != 0 && uint64(a.Start-b.Start) < b.Size
}
