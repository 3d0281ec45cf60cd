package vm

import (
	"testing"

	"defpager/mach"
)

// instruction touches all of its pages, as the processor does that moves a word from the edge of two pages to that of two others: from the beginning, until none
// is missing. Between its faults the kernel settles. It returns how many faults there were, at most the number most.
func (w *world) instruction(t *testing.T, m *Map, pages []mach.VirtAddr, most int) (faults int) {
	t.Helper()
	for faults = range most {
		missing := -1
		for i, va := range pages {
			if _, err := w.mmu.Translate(m.Pmap().Root(), va, mach.ProtWrite); err != nil {
				missing = i
				break
			}
		}
		if missing < 0 {
			return faults
		}
		must(t, m.Resolve(pages[missing], mach.ProtWrite))
		if faults >= heldMax {
			m.Hold(pages[missing])
		}
		w.env.Settle()
	}
	return most
}

// TestInstructionGetsAllItsPages leaves hardly more pages that can go than an instruction needs at once: it ends all the same.
func TestInstructionGetsAllItsPages(t *testing.T) {
	for frames := heldMax; frames <= 3*heldMax; frames++ {
		w, m, _ := paged(t, 50)
		w.env.sweep(50, 200)
		hoard := w.hoard(t)
		for _, f := range hoard[:frames] {
			w.env.Frames.Free(f)
		}
		for round := range 50 {
			var pages []mach.VirtAddr
			for i := range heldMax {
				pages = append(pages, at((round*7+i*3)%50))
			}
			if n := w.instruction(t, m, pages, 100); n == 100 {
				t.Fatalf("with %d frames the instruction has not ended after 100 faults", frames)
			}
			for _, va := range pages {
				w.expect(t, m, va, byte(int(va-base)/page+1))
			}
			w.env.Unhold()
			w.check(t)
		}
		for _, f := range hoard[frames:] {
			w.env.Frames.Free(f)
		}
	}
}

// TestFaultCountsAsUse has the hand pass a page right after the fault, and before the instruction that touches it.
func TestFaultCountsAsUse(t *testing.T) {
	w, m, s := paged(t, 8)
	w.env.sweep(8, 100)
	must(t, m.Resolve(at(3), mach.ProtRead))
	if n := w.env.sweep(8, 8).out; n != 0 || len(s.pages) != 7 {
		t.Errorf("%d pages went that were on their way to an instruction", n)
	}
	w.env.sweep(8, 8)
	w.check(t)
	if len(s.pages) != 8 {
		t.Error("a page stays that nobody uses")
	}
}
