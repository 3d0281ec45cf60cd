package pmap

import (
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// TestFillRunIsFillOfEach holds runs over tables and superpages against Fill, page by page.
func TestFillRunIsFillOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env, _ := newEnv()
		run, single := must(New(env)), must(New(env))
		const span = 4 * mach.SuperSize
		for range rapid.IntRange(1, 8).Draw(t, "runs") {
			if rapid.Bool().Draw(t, "superpage") {
				super := mach.MinUser + mach.VirtAddr(rapid.IntRange(0, 3).Draw(t, "which"))*mach.SuperSize
				for _, p := range []*Pmap{run, single} {
					if err := p.Enter(super, 4*mach.SuperSize, mach.ProtRead, mach.SuperSize); err != nil {
						t.Fatal(err)
					}
				}
			}
			first := rapid.IntRange(0, span/mach.PageSize-1).Draw(t, "first")
			n := min(rapid.IntRange(0, 700).Draw(t, "pages"), span/mach.PageSize-first)
			va := mach.MinUser + mach.VirtAddr(first)*mach.PageSize
			frames := make([]uint64, n)
			for i := range frames {
				frame := uint64(i+1)<<mach.PageShift | rapid.Uint64Range(0, mach.PageMask).Draw(t, "flags")
				frames[i] = rapid.SampledFrom([]uint64{frame, frame, frame, 0, frame | 1<<63, 1 << 63}).Draw(t, "slot")
			}
			prot := rapid.SampledFrom(prots[1:]).Draw(t, "prot")
			if err := run.FillRun(va, frames, prot); err != nil {
				t.Fatal(err)
			}
			for i, f := range frames {
				if f == 0 || f>>63 != 0 {
					continue
				}
				if err := single.Fill(va+mach.VirtAddr(i)*mach.PageSize, mach.PhysAddr(f&^mach.PageMask), prot); err != nil {
					t.Fatal(err)
				}
			}
			if err := run.Check(); err != nil {
				t.Fatal(err)
			}
			for at := mach.MinUser; at < mach.MinUser+span; at += mach.PageSize {
				got, there := run.Lookup(at)
				want, should := single.Lookup(at)
				if got != want || there != should {
					t.Fatalf("%#x: %+v, %v; page by page it is %+v, %v", uint64(at), got, there, want, should)
				}
			}
		}
	})
}

func must(p *Pmap, err error) *Pmap {
	if err != nil {
		panic(err)
	}
	return p
}
