package board

import (
	"bytes"
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// TestCopyWords copies between two views of some pages, which lie anywhere, and compares with copies byte by byte.
func TestCopyWords(t *testing.T) {
	const frames = 12
	mem := Simulated(frames * mach.PageSize)
	rapid.Check(t, func(t *rapid.T) {
		all := mem.Bytes(0, frames*mach.PageSize)
		for i := range all {
			all[i] = byte(i * 7 >> (i / mach.PageSize % 3))
		}
		// Each view has pages from an address on. The first view's lie in the lower half of memory, the second's in the upper.
		var views [2]View
		var base [2]mach.VirtAddr
		var where [2]map[mach.VirtAddr]uint64 // page to frame
		for i := range views {
			base[i] = mach.VirtAddr(rapid.Uint64Range(1, 9).Draw(t, "base")) << mach.PageShift
			where[i] = map[mach.VirtAddr]uint64{}
			at := uint64(0)
			for page := range rapid.IntRange(1, viewSlots).Draw(t, "pages") {
				if at = (at + 1) % (frames / 2); rapid.IntRange(0, 9).Draw(t, "jump") == 0 {
					at = rapid.Uint64Range(0, frames/2-1).Draw(t, "frame")
				}
				va := base[i] + mach.VirtAddr(page)<<mach.PageShift
				switch rapid.IntRange(0, 8).Draw(t, "in view") {
				case 0: // is not
				case 1: // has its slot taken by another
					views[i].Open(va+viewSlots<<mach.PageShift, mem.Frame(mach.PhysAddr(at+uint64(i)*frames/2)<<mach.PageShift))
				default:
					where[i][va] = at + uint64(i)*frames/2
					views[i].Open(va, mem.Frame(mach.PhysAddr(where[i][va])<<mach.PageShift))
				}
			}
		}
		address := func(i int) mach.VirtAddr {
			a := base[i] + mach.VirtAddr(rapid.Uint64Range(0, 2*mach.PageSize/8).Draw(t, "word")*8)
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
				a += mach.VirtAddr(rapid.Uint64Range(1, 7).Draw(t, "bytes"))
			}
			return a
		}
		for range 5 {
			to, from := address(0), address(1)
			n := rapid.Uint64Range(1, 3*mach.PageSize/8).Draw(t, "words") * 8
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
				n += 4
			}

			reach := func(i int, at mach.VirtAddr) (offsets []uint64) {
				for k := range n {
					frame, ok := where[i][(at+mach.VirtAddr(k))&^mach.PageMask]
					offset := frame<<mach.PageShift | uint64(at+mach.VirtAddr(k))&mach.PageMask
					if !ok {
						break
					}
					offsets = append(offsets, offset)
				}
				return offsets
			}
			want := bytes.Clone(all)
			dst, src := reach(0, to), reach(1, from)
			length := min(len(dst), len(src))
			if to%8 != 0 || from%8 != 0 || n%8 != 0 {
				length = 0
			}
			for k := range length {
				want[dst[k]] = want[src[k]]
			}
			if got := views[0].CopyWords(to, &views[1], from, n); got != n-uint64(length) {
				t.Fatalf("%d bytes of %d are left, want %d", got, n, n-uint64(length))
			}
			if !bytes.Equal(all, want) {
				t.Fatal("memory is not what it should be")
			}
		}
	})
}
