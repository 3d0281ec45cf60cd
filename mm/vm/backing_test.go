package vm

import (
	"testing"

	"defpager/mach"
)

// store is a Backing that keeps pages in a table.
type store struct {
	env   *Env
	pages map[Token][mach.PageSize]byte
	last  Token
	room  int            // pages that it takes beside those that it has; negative: no bound
	slow  bool           // pages come when they are ready
	ready map[Token]bool // with slow
	lost  map[Token]bool
}

func newStore(env *Env) *store {
	return &store{env: env, pages: map[Token][mach.PageSize]byte{}, room: -1, ready: map[Token]bool{}, lost: map[Token]bool{}}
}

func (s *store) Store(f mach.PhysAddr) (Token, bool) {
	if s.room == 0 {
		return 0, false
	}
	s.room--
	s.last++
	s.pages[s.last] = *s.env.Mem.Frame(f)
	s.env.Frames.Free(f)
	return s.last, true
}

func (s *store) Fetch(t Token) (mach.PhysAddr, error) {
	switch {
	case s.lost[t]:
		return 0, mach.MemoryError
	case s.slow && !s.ready[t]:
		return 0, Wait
	}
	b, ok := s.pages[t]
	if !ok {
		panic("fetching what is not there")
	}
	f, err := s.env.Frames.AllocDirty()
	if err != nil {
		return 0, err
	}
	*s.env.Mem.Frame(f) = b
	delete(s.pages, t)
	return f, nil
}

func (s *store) Drop(t Token) {
	if _, ok := s.pages[t]; !ok {
		panic("dropping what is not there")
	}
	delete(s.pages, t)
}

func (s *store) Room() bool { return s.room != 0 }

func (s *store) Busy() bool { return false }

func (s *store) Shrink() bool { return false }

func (s *store) Where(t Token) Tier {
	if s.lost[t] {
		return TierLost
	}
	return TierCompressed
}

// paged is a machine with n pages, each with its number in it, that the hand may take, and a backing.
func paged(t *testing.T, n int) (*world, *Map, *store) {
	w := newWorld(2 << 20)
	s := newStore(w.env)
	w.env.Backing = s
	return w, w.filled(t, n, 1), s
}

func TestPageOutTakesWhatWasNotUsedLately(t *testing.T) {
	w, m, s := paged(t, 8)
	if n := w.env.sweep(8, 8).out; n != 0 {
		t.Fatalf("%d pages went that had just been used", n)
	}
	for i := range 4 {
		w.expect(t, m, at(i), byte(i+1))
	}
	w.env.sweep(4, 20)
	w.check(t)
	if len(s.pages) != 4 {
		t.Fatalf("%d pages went, want 4", len(s.pages))
	}
	for _, b := range s.pages {
		if b[0] <= 4 {
			t.Errorf("page %d went, which was used", b[0]-1)
		}
	}
	for i := range 8 {
		w.expect(t, m, at(i), byte(i+1))
	}
	if c := w.env.Counters(); c.PageOuts != 4 || c.PageIns != 4 {
		t.Errorf("counted %+v", c)
	}
}

// A machine where much is wired and there is no room for the rest must find out that paging out is hopeless, and with room that it is not.
func TestWiredPagesCountAmongThoseThatStay(t *testing.T) {
	w, m, _ := paged(t, 8)
	if err := m.Wire(at(0), 8*page, mach.ProtRead); err != nil {
		t.Fatal(err)
	}
	if s := w.env.sweep(8, 1); s.out != 0 || s.seen != 8 || s.stiff != 8 {
		t.Errorf("a step over 8 wired pages: %+v", s)
	}
	w, m, backing := paged(t, 400)
	if err := m.Wire(at(10), 390*page, mach.ProtRead); err != nil {
		t.Fatal(err)
	}
	hoard := w.hoard(t)
	backing.room = 0
	w.env.sweep(1, 1000) // all were used just now
	w.env.pageOut()
	if w.env.resting == 0 {
		t.Error("page-out does not rest though nothing can go")
	}
	w.env.FramesReady()
	for _, f := range hoard[:5] {
		w.env.Frames.Free(f)
	}
	backing.room = 1000
	w.env.pageOut()
	if w.env.resting != 0 || len(backing.pages) == 0 {
		t.Errorf("page-out rests for %d ticks though %d pages went", w.env.resting, len(backing.pages))
	}
}

// Pages that the hand passed while they were in use say nothing about a shortage that begins later: there are pages for who needs some then.
func TestWhatWasPassedEarlierDoesNotCount(t *testing.T) {
	const n = 300
	passed := func() (w *world, m *Map, s *store, hoard []mach.PhysAddr) {
		w, m, s = paged(t, n+1)
		if err := m.Deallocate(at(n), page); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Allocate(at(n), page, false); err != nil {
			t.Fatal(err)
		}
		hoard = w.hoard(t)
		use := func() {
			for i := range n {
				w.expect(t, m, at(i), byte(i+1))
			}
		}
		for enough := 2 * int(w.env.Frames.Stats().Total); w.env.hand.passed < enough-n/2; use() {
			if s := w.env.sweep(1, min(n, enough-w.env.hand.passed)); s.out != 0 {
				t.Fatal("a page went that had just been used")
			}
		}
		return w, m, s, hoard
	}
	w, m, _, _ := passed()
	w.mustStore(t, m, at(n), 1)
	w.check(t)

	w, _, s, hoard := passed()
	for _, f := range hoard {
		w.env.Frames.Free(f)
	}
	w.env.Tick()
	w.hoard(t)
	w.env.pageOut()
	if w.env.resting != 0 || len(s.pages) == 0 {
		t.Errorf("page-out rests for %d ticks though %d pages went", w.env.resting, len(s.pages))
	}
	w.check(t)
}

// What needs more frames at once than are left is refused, though there are enough for a single page: then others go, and it comes through when
// it is tried again.
func TestRefusalMakesRoom(t *testing.T) {
	const n = 60 // of a machine with 512 frames
	refused := map[string]func(w *world, m *Map) error{
		"a copy of wired memory": func(_ *world, m *Map) error {
			c, err := m.CopyMapIn(at(0), n*page, false)
			if err == nil {
				c.Discard()
			}
			return err
		},
		"a promise": func(w *world, _ *Map) error {
			r, err := w.env.Frames.Reserve(n)
			r.Release()
			return err
		},
	}
	for name, do := range refused {
		w, m, s := paged(t, 4*n)
		if err := m.Wire(at(0), n*page, mach.ProtRead); err != nil {
			t.Fatal(err)
		}
		var hoard []mach.PhysAddr
		for w.env.Frames.Stats().Free > n/2 {
			f, err := w.env.Frames.Alloc()
			if err != nil {
				t.Fatal(err)
			}
			hoard = append(hoard, f)
		}
		if w.env.Pending() {
			t.Fatalf("%d frames are left, and that is too few", n/2)
		}
		err := do(w, m)
		for tries := 0; err != nil && tries < n; tries++ {
			if err != Wait && name != "a promise" || mach.Code(err) != mach.ResourceShortage && name == "a promise" || !w.env.Pending() {
				t.Fatalf("%s: %v, and nothing is done about it", name, err)
			}
			var waiter Waiter
			if err == Wait {
				w.env.Await(&waiter)
			}
			for w.env.Pending() {
				w.env.Settle()
			}
			if waiter.Waiting() || waiter.Err() != nil {
				t.Fatalf("%s: nobody woke who waited", name)
			}
			waiter.Done()
			err = do(w, m)
		}
		if err != nil || len(s.pages) == 0 || len(s.pages) > 2*n {
			t.Errorf("%s: %v, with %d pages out", name, err, len(s.pages))
		}
		// Where nothing can go, the answer is that there are too few.
		s.room = 0
		more := w.hoard(t)
		for tries := 0; ; tries++ {
			if err = do(w, m); err != Wait {
				break
			}
			w.env.Forget()
			for w.env.Pending() {
				w.env.Settle()
			}
			if tries == n {
				t.Fatalf("%s: waits for ever", name)
			}
		}
		if mach.Code(err) != mach.ResourceShortage {
			t.Errorf("%s: %v, and no frame can be had", name, err)
		}
		for _, f := range more {
			w.env.Frames.Free(f)
		}
		w.env.FramesReady()
		w.env.Frames.Met()
		for _, f := range hoard {
			w.env.Frames.Free(f)
		}
		w.check(t)
		if _, err := w.env.Frames.Reserve(1 << 20); err == nil || w.env.Pending() {
			t.Errorf("%v, and page-out begins for more frames than there are", err)
		}
	}
}

func TestWiredPagesStay(t *testing.T) {
	w, m, s := paged(t, 8)
	if err := m.Wire(at(2), 2*page, mach.ProtRead); err != nil {
		t.Fatal(err)
	}
	w.env.sweep(100, 100)
	if len(s.pages) != 6 {
		t.Fatalf("%d pages went, want 6", len(s.pages))
	}
	w.check(t)
}

func TestFaultWaitsForItsPage(t *testing.T) {
	w, m, s := paged(t, 3)
	s.slow = true
	w.env.sweep(3, 100)
	woken := 0
	w.env.Wake = func(*Waiter) { woken++ }
	if err := m.Fault(at(1), mach.ProtRead); err != Wait || !w.env.Waits() {
		t.Fatalf("the fault answers %v", err)
	}
	var first, second Waiter
	w.env.Await(&first)
	if err := m.Fault(at(2), mach.ProtRead); err != Wait {
		t.Fatal(err)
	}
	w.env.Await(&second)
	for tok, b := range s.pages {
		if b[0] == 2 {
			s.ready[tok] = true
			w.env.PageReady(tok)
		}
	}
	if woken != 1 || first.Waiting() || !second.Waiting() {
		t.Fatalf("%d woken; the first waits: %v, the second: %v", woken, first.Waiting(), second.Waiting())
	}
	first.Done()
	w.expect(t, m, at(1), 2)
	m.Destroy() // takes the page that the second waits for away
	if woken != 2 || second.Waiting() {
		t.Fatal("nobody told the second")
	}
	w.check(t)
}

func TestLostPagesAreMemoryErrors(t *testing.T) {
	w, m, s := paged(t, 3)
	w.env.sweep(3, 100)
	for tok, b := range s.pages {
		s.lost[tok] = b[0] == 2
	}
	for i, want := range []mach.Return{mach.Success, mach.MemoryError, mach.Success} {
		if _, err := w.load(m, at(i)); mach.Code(err) != want {
			t.Errorf("page %d: %v, want %v", i, err, want)
		}
	}
	m.Destroy()
	w.check(t)
	if len(s.pages) != 0 {
		t.Errorf("%d pages are kept", len(s.pages))
	}
}

func TestMoreMemoryThanThereIs(t *testing.T) {
	w, m, s := paged(t, 1000) // of 511 frames
	for round := range 3 {
		for i := range 1000 {
			w.expect(t, m, at(i), byte(i+1))
			if i%100 == 0 {
				w.env.Settle()
				w.check(t)
			}
		}
		if round == 0 && len(s.pages) < 490 {
			t.Errorf("only %d pages are out", len(s.pages))
		}
	}
}

func TestNothingToPageOutRests(t *testing.T) {
	w, m, s := paged(t, 100)
	s.room = 0
	var hoard []mach.PhysAddr
	for {
		f, err := w.env.Frames.Alloc()
		if err != nil {
			break
		}
		hoard = append(hoard, f)
	}
	if !w.env.Pending() {
		t.Fatal("no frame is left, and nothing is to be done")
	}
	for range 10 {
		w.env.Settle()
	}
	if w.env.Pending() {
		t.Fatal("Settle goes on although nothing can be paged out")
	}
	if err := m.Fault(at(200), mach.ProtRead); mach.Code(err) != mach.InvalidAddress {
		t.Fatal(err)
	}
	for range 2 {
		w.env.Tick()
	}
	if !w.env.Pending() {
		t.Fatal("the tick changed nothing")
	}
	for _, f := range hoard {
		w.env.Frames.Free(f)
	}
	w.check(t)
}

// However many pages are out already, the hand finds those that are not.
func TestPageOutAmongManyPagesThatAreOut(t *testing.T) {
	const n = 6000 // of a machine with 512 frames
	w, m, _ := paged(t, n)
	for i := 0; i < n; i += 7 {
		w.expect(t, m, at(i), byte(i+1))
	}
	if out := w.env.Counters().PageOuts; out < n-512 {
		t.Errorf("%d pages went out", out)
	}
}

// A copy of a reserved object keeps what it shows while memory is short: a writer of the object waits until there are frames for that, if page-out can
// find some; and pages that the object loses with its end become the copy's, without another frame.
func TestCopiesOfReservedObjectsOutliveShortage(t *testing.T) {
	const n = 40
	for _, room := range []bool{true, false} {
		w, m, s := paged(t, 200)
		o := w.reserved(t, n)
		const object, copied = base + 1<<30, base + 1<<31
		mapShared(t, m, object, o)
		for i := range n {
			w.mustStore(t, m, object+mach.VirtAddr(i*page), byte(100+i))
		}
		mapObject(t, m, MapArgs{Address: copied, Size: n * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.mustStore(t, m, object+5*page, 6) // the copy has its radix nodes now
		hoard := w.hoard(t)
		if !room {
			s.room = 0
		}
		if err := o.SetLimit((n - 10) * page); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		hoard = append(hoard, w.hoard(t)...) // what was promised beyond the new end, and what was freed in case the copy should need nodes
		err := w.store(m, object, 7)
		if room {
			if err != Wait {
				t.Fatalf("a write that needs a frame for the copy: %v", err)
			}
			var waiter Waiter
			w.env.Await(&waiter)
			for w.env.Pending() {
				w.env.Settle()
			}
			if waiter.Waiting() || waiter.Err() != nil {
				t.Fatal("nobody woke the writer")
			}
			waiter.Done()
			err = w.store(m, object, 7)
		} else {
			for err == Wait {
				w.env.Forget()
				for w.env.Pending() {
					w.env.Settle()
				}
				err = w.store(m, object, 7)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, object, 7)
		w.check(t)
		if o.copy.lost == room {
			t.Errorf("the copy is lost: %v", o.copy.lost)
		}
		for _, f := range hoard {
			w.env.Frames.Free(f)
		}
		for i := range n {
			b, err := w.load(m, copied+mach.VirtAddr(i*page))
			if room && (err != nil || b != byte(100+i)) || err == nil && b != byte(100+i) {
				t.Errorf("page %d of the copy is %d, %v", i, b, err)
			}
		}
		w.check(t)
		o.Release()
	}
}
