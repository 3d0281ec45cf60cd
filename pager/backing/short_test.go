package backing

import (
	"testing"

	"defpager/mach"
	"defpager/mm/vm"
)

// A page that cannot be read for want of memory is not lost: who asks is told so once, and who asks again has it read again.
func TestNoMemoryToRead(t *testing.T) {
	m, a, tokens := written(t, 2*cluster)
	a.short = true
	for range 3 {
		reads := len(a.reads)
		if _, err := m.fetch(t, tokens[7]); mach.Code(err) != mach.MemoryError {
			t.Errorf("without memory to read it: %v", err)
		}
		if n := len(a.reads) - reads; n != 1 {
			t.Errorf("it was read %d times", n)
		}
		m.check(t)
	}
	if _, err := m.b.Fetch(tokens[9]); err != vm.Wait {
		t.Fatal(err)
	}
	m.b.Poll()
	m.check(t)
	m.b.Drop(tokens[9]) // before it is told
	m.check(t)
	a.short = false
	for i := range tokens {
		if i != 9 {
			m.expect(t, tokens, i)
		}
	}
	if m.b.stats.Lost != 0 {
		t.Errorf("%d pages are lost", m.b.stats.Lost)
	}
}

// Storage that takes pages later for want of memory is no storage that fails. Its pages wait in memory; it stays, if it is removed meanwhile.
func TestNoMemoryToWrite(t *testing.T) {
	m, a, tokens := written(t, 2*cluster)
	a.short = true
	f, err := m.frames.Alloc()
	if err != nil {
		t.Fatal(err)
	}
	copy(m.mem.Frame(f)[:], page("noise", 1000))
	token, ok := m.b.Store(f)
	if !ok {
		t.Fatal("there is no room")
	}
	for range 3 * failuresMax {
		m.b.Poll()
		m.check(t)
	}
	var ended error
	if err := m.b.RemoveArea("a", func(err error) { ended = err }); err != nil {
		t.Fatal(err)
	}
	for range 10 * refusedMax {
		m.b.Poll()
		m.now += 1e8
	}
	if ended != ErrFull {
		t.Errorf("removing it while nothing can be read: %v", ended)
	}
	a.short = false
	writes := a.writes
	m.b.Poll()
	m.b.Poll()
	if a.writes == writes && m.b.Where(token) != vm.TierDisk {
		t.Error("nothing is written any more")
	}
	m.b.Drop(token)
	for i := range tokens {
		m.expect(t, tokens, i)
	}
	m.check(t)
}
