package backing

import (
	"bytes"
	"errors"
	"testing"

	"defpager/mach"
	"defpager/mm/vm"

	"pgregory.net/rapid"
)

// onDisk is a machine with n pages of noise on an area.
func onDisk(t *testing.T, size uint64, n int) (*machine, *area, []vm.Token) {
	t.Helper()
	m := newMachine(t, size)
	a := newArea("a", n)
	if err := m.b.AddArea(a); err != nil {
		t.Fatal(err)
	}
	var tokens []vm.Token
	for i := range n {
		tok, ok := m.store(t, page("noise", uint64(i)))
		if !ok {
			t.Fatal("there is room")
		}
		tokens = append(tokens, tok)
		m.b.Poll()
	}
	m.b.Poll()
	for _, tok := range tokens {
		if m.b.Where(tok) != vm.TierDisk {
			t.Fatalf("a page is %v", m.b.Where(tok))
		}
	}
	return m, a, tokens
}

// A read that fails is tried again, some times: then the page is lost, and no other.
func TestFailedReadsAreTriedAgain(t *testing.T) {
	m, a, tokens := onDisk(t, 4<<20, 3)
	a.flaky = readTries - 1
	if got, err := m.fetch(t, tokens[0]); err != nil || !bytes.Equal(got, page("noise", 0)) {
		t.Errorf("a page that came with the last try: %v", err)
	}
	a.flaky = readTries
	if _, err := m.fetch(t, tokens[1]); !errors.Is(err, mach.MemoryError) || m.b.Where(tokens[1]) != vm.TierLost {
		t.Errorf("a page that did not come: %v, it is %v", err, m.b.Where(tokens[1]))
	}
	if got, err := m.fetch(t, tokens[2]); err != nil || !bytes.Equal(got, page("noise", 2)) {
		t.Errorf("the page beside it: %v", err)
	}
	if s := m.b.Stats(); s.Retried != 2*(readTries-1) || s.Lost != 1 {
		t.Errorf("%d reads were tried again, %d pages are lost", s.Retried, s.Lost)
	}
	m.check(t)

	// Nobody waits any more: it is not tried again.
	tok, ok := m.store(t, page("noise", 9))
	m.b.Poll()
	m.b.Poll()
	if _, err := m.b.Fetch(tok); !ok || err != vm.Wait {
		t.Fatal(ok, err)
	}
	m.b.Drop(tok)
	before := m.b.Stats().Retried
	a.flaky = 1
	m.b.Poll()
	if m.b.Stats().Retried != before {
		t.Error("a page that nobody wants was read again")
	}
	m.check(t)
}

// The pages of an area that is removed wait for memory as long as a clock says, however often Poll is called; and a clock that jumps is not enough.
func TestRemovalWaitsForMemory(t *testing.T) {
	m, a, _ := onDisk(t, 1<<20, 40)
	var hoard []mach.PhysAddr
	for f, err := m.frames.Alloc(); err == nil; f, err = m.frames.Alloc() {
		hoard = append(hoard, f)
	}
	step := int64(1)
	m.b.config.Now = func() int64 { m.now += step; return m.now }
	var result error
	over := false
	remove := func() {
		over = false
		if err := m.b.RemoveArea("a", func(err error) { over, result = true, err }); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	for range 100 * stalledPolls {
		m.b.Poll()
	}
	if over {
		t.Fatalf("the removal was given up in no time: %v", result)
	}
	step = 2 * stalledTime
	m.b.Poll()
	if over = over && result == ErrFull; !over {
		t.Fatalf("the removal goes on without memory: %v", result)
	}
	m.b.Poll()

	remove()
	for range stalledPolls / 2 {
		m.b.Poll()
	}
	if over {
		t.Fatalf("the removal was given up at a jump of the clock: %v", result)
	}
	for _, f := range hoard {
		m.frames.Free(f)
	}
	for range 100 {
		m.b.Poll()
	}
	if !over || result != nil || a.Room() != a.Slots() {
		t.Fatalf("the removal did not go on when there was memory: %v, %v", over, result)
	}
	m.check(t)
}

// A removal is given up when pages go out for which there is no other room: they go to the area after all.
func TestRemovalGivesWayToPageOut(t *testing.T) {
	m, a, tokens := onDisk(t, 1<<20, 80)
	for _, tok := range tokens[:20] {
		m.b.Drop(tok)
	}
	var hoard []mach.PhysAddr
	for m.frames.Stats().Free > asideFrames+2 {
		f, err := m.frames.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		hoard = append(hoard, f)
	}
	var result error
	over := 0
	if err := m.b.RemoveArea("a", func(err error) { over++; result = err }); err != nil {
		t.Fatal(err)
	}
	m.b.Poll()
	refused := 0
	for ; refused <= 2*refusedMax; refused++ {
		if tok, ok := m.store(t, page("noise", 1000)); ok {
			tokens = append(tokens, tok)
			break
		}
	}
	if refused <= refusedMax || refused > refusedMax+1 || over != 0 {
		t.Errorf("%d pages found no room; the removal is over: %d", refused, over)
	}
	for range 3 {
		m.b.Poll()
	}
	if over != 1 || result != ErrFull || m.b.Where(tokens[len(tokens)-1]) != vm.TierDisk || a.Room() == a.Slots() {
		t.Errorf("the removal ended %d times with %v, and the page is %v", over, result, m.b.Where(tokens[len(tokens)-1]))
	}
	for _, f := range hoard {
		m.frames.Free(f)
	}
	m.check(t)
}

// A program goes on while storage is removed, with less memory than it has pages: its pages go to other storage that has room, however the disks and
// the program take turns, and the removal succeeds.
func TestRemovalUnderAProgramsEyes(t *testing.T) {
	var data [][]byte
	for n := range 500 {
		data = append(data, page("noise", uint64(n)))
	}
	rapid.Check(t, func(t *rapid.T) {
		pages := rapid.IntRange(200, len(data)).Draw(t, "pages")
		m := newMachine(t, 1<<20)
		from, to := newArea("from", pages), newArea("to", 2*pages)
		from.slow, to.slow = rapid.IntRange(0, 30).Draw(t, "rest of the one disk"), rapid.IntRange(0, 30).Draw(t, "rest of the other")
		if err := m.b.AddArea(from); err != nil {
			t.Fatal(err)
		}
		w := newWorking(m, data[:pages])
		for n := range pages {
			w.need(t, n)
		}
		if err := m.b.AddArea(to); err != nil {
			t.Fatal(err)
		}
		var result error
		over := false
		if err := m.b.RemoveArea("from", func(err error) { over, result = true, err }); err != nil {
			t.Fatal(err)
		}
		next, every := rapid.Uint64().Draw(t, "order"), rapid.IntRange(1, 40).Draw(t, "accesses between two polls")
		for turns := 0; !over; turns++ {
			if turns == 100_000 {
				t.Fatalf("the removal does not end: %d pages are left", from.Slots()-from.Room())
			}
			for range every {
				next = next*6364136223846793005 + 1442695040888963407
				w.try(t, int(next>>33)%pages)
			}
			m.b.Poll()
		}
		if result != nil || from.Room() != from.Slots() {
			t.Fatalf("the removal ended with %v, and %d pages are left; there is room for %d", result, from.Slots()-from.Room(), to.Room())
		}
		for n := range pages {
			w.need(t, n)
		}
		w.drop()
		m.check(t)
	})
}

// working is a program that works on pages of noise, and the page-out that makes room for it.
type working struct {
	m      *machine
	data   [][]byte        // what each page is to hold
	frames []mach.PhysAddr // of each page; 0: it is out, or was never written
	tokens []vm.Token      // of those that are out
	hand   int
}

func newWorking(m *machine, data [][]byte) *working {
	return &working{m, data, make([]mach.PhysAddr, len(data)), make([]vm.Token, len(data)), 0}
}

// try looks at a page, and reports whether it could; if not, it waits for a page or a frame.
func (w *working) try(t fatal, n int) bool {
	if w.frames[n] == 0 && !w.bring(t, n) {
		return false
	}
	if got := w.m.mem.Frame(w.frames[n])[:]; !bytes.Equal(got, w.data[n]) {
		t.Fatalf("page %d came back changed", n)
	}
	return true
}

func (w *working) bring(t fatal, n int) bool {
	w.makeRoom()
	if tok := w.tokens[n]; tok != 0 {
		f, err := w.m.b.Fetch(tok)
		if err == nil {
			w.frames[n], w.tokens[n] = f, 0
		} else if err != vm.Wait {
			t.Fatalf("page %d: %v", n, err)
		}
		return err == nil
	}
	f, err := w.m.frames.AllocDirty()
	if err != nil {
		return false
	}
	copy(w.m.mem.Frame(f)[:], w.data[n])
	w.frames[n] = f
	return true
}

// makeRoom pages out while few frames are free.
func (w *working) makeRoom() {
	for range w.frames {
		if s := w.m.frames.Stats(); s.Free-s.Reserved >= 2*asideFrames {
			return
		}
		w.hand = (w.hand + 1) % len(w.frames)
		f := w.frames[w.hand]
		if f == 0 {
			continue
		}
		tok, ok := w.m.b.Store(f)
		if !ok {
			return // and later again
		}
		w.frames[w.hand], w.tokens[w.hand] = 0, tok
	}
}

// need looks at a page, however long that takes.
func (w *working) need(t fatal, n int) {
	for range 10_000 {
		if w.try(t, n) {
			return
		}
		w.m.b.Poll()
	}
	t.Fatalf("page %d does not come", n)
}

func (w *working) drop() {
	for n, f := range w.frames {
		if f != 0 {
			w.m.frames.Free(f)
		} else {
			w.m.b.Drop(w.tokens[n])
		}
	}
}
