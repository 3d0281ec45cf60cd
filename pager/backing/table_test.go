package backing

import (
	"bytes"
	"testing"
)

// The frames that say where pages are go back with the last page that they say it of, whatever other pages are out; the numbers of what is gone are used again.
func TestTableGivesFramesBack(t *testing.T) {
	const pages = 3*entriesInFrame - 1 // number 0 is none
	m, a, tokens := written(t, pages)
	before := m.frames.Stats().Taken
	if n := m.b.table.frames; n != 3 {
		t.Fatalf("%d pages have %d frames of entries", pages, n)
	}
	drop := func(which func(n int) bool) {
		t.Helper()
		for _, token := range tokens {
			if which(int(token)) {
				m.b.Drop(token)
			}
		}
		m.check(t)
	}
	drop(func(n int) bool { return n%entriesInFrame != 1 })
	if n := m.frames.Stats().Taken; n != before {
		t.Fatalf("%d frames are taken, not %d: each has an entry", n, before)
	}
	drop(func(n int) bool { return n == 1 || n == 2*entriesInFrame+1 })
	if n := m.frames.Stats().Taken; n != before-2 || m.b.Pages() != 1 {
		t.Fatalf("%d frames are taken, not %d, for %d pages", n, before-2, m.b.Pages())
	}
	for i := range pages - entriesInFrame - 1 {
		if _, ok := m.store(t, page("noise", uint64(i))); !ok {
			t.Fatal("there is room")
		}
	}
	m.check(t)
	if n := &m.b.table; n.frames != 2 || n.count != 2 || m.b.Pages() != pages-entriesInFrame {
		t.Fatalf("%d frames of entries, numbered up to %d, for %d pages", n.frames, n.count, m.b.Pages())
	}
	const stayed = entriesInFrame + 1
	data, err := m.fetch(t, stayed)
	if err != nil || !bytes.Equal(data, page("noise", stayed-1)) {
		t.Fatalf("the page that stayed is another: %v", err)
	}
	for m.b.Poll(); m.b.Active(); m.b.Poll() {
	}
	if a.Slots()-a.Room() > m.b.Pages() {
		t.Fatalf("%d slots for %d pages", a.Slots()-a.Room(), m.b.Pages())
	}
}
