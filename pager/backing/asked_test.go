package backing

import (
	"testing"

	"defpager/mm/vm"
)

// A page that came from the disk keeps its frame for who asked for it, though others need one, but not for ever; frames are on their way meanwhile.
func TestPageThatWasAskedForIsKept(t *testing.T) {
	m, _, tokens := written(t, 2*cluster)
	for _, i := range []int{3, 50} {
		if _, err := m.b.Fetch(tokens[i]); err != vm.Wait {
			t.Fatal(err)
		}
	}
	if !m.b.Busy() {
		t.Error("nothing is on its way while pages are read")
	}
	m.b.Poll()
	m.check(t)
	if m.b.cleans.count != 2 || m.b.Shrink() || !m.b.Busy() {
		t.Fatalf("%d pages have come, and nobody fetched them yet; busy: %v", m.b.cleans.count, m.b.Busy())
	}
	m.expect(t, tokens, 3)
	for range fetchPolls {
		m.b.Poll()
	}
	m.check(t)
	if m.b.Busy() {
		t.Error("who never fetches his page keeps others waiting")
	}
	before := m.frames.Stats().Free
	if !m.b.Shrink() || m.frames.Stats().Free != before+1 || m.b.Shrink() {
		t.Error("the frame of a page that nobody fetches is not to be had")
	}
	m.expect(t, tokens, 50)
}

// Frames of pages that wait to be written are on their way, if there is somewhere to write them.
func TestPagesThatWaitAreOnTheirWay(t *testing.T) {
	m, a, _ := written(t, cluster)
	f, err := m.frames.Alloc()
	if err != nil {
		t.Fatal(err)
	}
	copy(m.mem.Frame(f)[:], page("noise", 1000))
	token, ok := m.b.Store(f)
	if !ok || !m.b.Busy() || !m.b.Active() {
		t.Errorf("stored: %v; busy: %v; active: %v", ok, m.b.Busy(), m.b.Active())
	}
	a.failing = true
	for range 2 * failuresMax {
		m.b.Poll()
	}
	if m.b.Busy() {
		t.Error("a page waits for a disk that takes none")
	}
	m.b.Drop(token)
	m.check(t)
}
