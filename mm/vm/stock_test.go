package vm

import "testing"

// Page-out asks for each thing that it needs: without an entry set aside pages stay where they are, until a tick.
func TestPageOutWithoutEntries(t *testing.T) {
	w := besiege(t, 500)
	s := &w.env.stock
	for e := s.entries; e != nil; e = e.next {
		delete(w.env.spares, e)
	}
	s.entries, s.entryCount = nil, 0
	for range 50 {
		w.env.sweep(16, outLook)
		w.env.Settle()
	}
	if w.count != 0 {
		t.Errorf("%d messages went without an entry", w.count)
	}
	w.check(t)
	w.env.Tick()
	w.env.Settle()
	if w.count == 0 || s.entryCount > aside {
		t.Errorf("%d messages went when %d entries were set aside", w.count, s.entryCount)
	}
	w.work()
	w.check(t)
}

// Entries that come back are kept as long as they are fewer than are to be set aside, and those that do not come back are bounded.
func TestEntriesThatAreSetAside(t *testing.T) {
	w := besiege(t, 10)
	s := &w.env.stock
	var taken []*Entry
	for range aside + 10 {
		taken = append(taken, w.env.takeSpare())
	}
	for _, e := range taken {
		w.env.putSpare(e)
	}
	w.check(t)
	if s.entryCount != aside || len(w.env.spares) != aside {
		t.Errorf("%d entries are set aside, of %d that there are", s.entryCount, len(w.env.spares))
	}
	taken = nil
	for range maxAside {
		taken = append(taken, w.env.takeSpare())
	}
	w.env.Tick()
	if s.entryCount != 0 || len(w.env.spares) != maxAside {
		t.Errorf("%d entries are set aside, of %d that there are", s.entryCount, len(w.env.spares))
	}
	w.env.putSpare(taken[0])
	w.env.Tick()
	if s.entryCount != 1 {
		t.Errorf("%d entries are set aside when one came back", s.entryCount)
	}
	for _, e := range taken[1:] {
		w.env.putSpare(e)
	}
	w.env.Tick()
	w.check(t)
}
