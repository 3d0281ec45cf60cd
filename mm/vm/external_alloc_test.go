//go:build !invariants

package vm

import (
	"testing"

	"defpager/mach"
)

// sink is a default memory manager that takes what it is given, at the latest when four pieces wait, and forgets it.
type sink struct {
	x       *External
	waiting [maxReturning]*Copy
	count   int
	pages   int
	closed  bool // it does not let the kernel send anything
}

func (g *sink) DataReturn(_ *Object, _ uint64, c *Copy, _, _ bool) { g.take(c) }
func (g *sink) DataInitialize(_ *Object, _ uint64, c *Copy)        { g.take(c) }
func (g *sink) MayReturn() bool                                    { return !g.closed }

func (g *sink) take(c *Copy) {
	g.waiting[g.count] = c
	g.count++
}

func (g *sink) work() {
	for ; g.count != 0; g.count-- {
		c := g.waiting[g.count-1]
		g.pages += int(mach.Pages(c.Size()))
		c.Discard()
	}
}

func (g *sink) DataRequest(*Object, uint64, uint64, mach.Prot) error { panic("nothing is asked back") }
func (g *sink) DataUnlock(*Object, uint64, uint64, mach.Prot) error  { panic("nothing is locked") }
func (g *sink) Copy(*Object, uint64, uint64) (*Object, error)        { panic("nobody maps it") }
func (g *sink) LockCompleted(*Object, uint64, uint64, any)           { panic("nobody asked for a lock") }
func (g *sink) Terminate(*Object)                                    {}

// besieged is a world whose memory is full of pages that may go out to a manager, which was prepared, and where others take every frame that comes free.
type besieged struct {
	*world
	*sink
	hogged []mach.PhysAddr
}

func besiege(t *testing.T, pages int) *besieged {
	w := &besieged{world: newWorld(16 << 20), sink: &sink{}, hogged: make([]mach.PhysAddr, 0, 4096)}
	m := w.newMap(t)
	if _, err := m.Allocate(base, uint64(pages)*page, false); err != nil {
		t.Fatal(err)
	}
	for i := range pages {
		w.mustStore(t, m, at(i), byte(i))
	}
	x, err := NewExternal(w.env, w.sink)
	if err != nil {
		t.Fatal(err)
	}
	w.x = x
	w.env.SetManager(func() *External { return x })
	w.hog()
	return w
}

// hog takes all frames that are free and promised to nobody, and the room for entries and objects in those that are not.
func (w *besieged) hog() {
	for {
		f, err := w.env.Frames.AllocDirty()
		if err != nil {
			break
		}
		w.hogged = append(w.hogged, f)
	}
	for w.env.entries.Get() != nil {
	}
	for w.env.pool.plain.Get() != nil {
	}
}

// Page-out to a manager outside the kernel takes nothing from Go's heap, however long it goes on without a free frame.
func TestExternalAllocatesNothing(t *testing.T) {
	const pages = 3000
	w := besiege(t, pages)
	n := testing.AllocsPerRun(400, func() {
		w.env.sweep(4, outLook)
		w.env.Settle()
		w.work()
		w.hog()
	})
	if n != 0 {
		t.Fatalf("%v allocations in each round", n)
	}
	if w.pages < 1000 || w.env.Frames.Stats().Free != w.env.Frames.Stats().Reserved {
		t.Fatalf("the manager got %d pages", w.pages)
	}
	w.check(t)
}

// What is set aside is bounded, comes back, and without it page-out lets pages stay where they are until a tick.
func TestExternalStock(t *testing.T) {
	w := besiege(t, 3000)
	full := func() {
		t.Helper()
		s, p := &w.env.stock, &w.env.pool
		if s.copyCount < aside || s.entryCount != aside || p.spares < aside || s.copyCount > 2*aside || len(p.heap) > 3*aside || len(w.env.spares) > 2*aside {
			t.Fatalf("%d copies, %d entries and %d objects are set aside, of %d and %d", s.copyCount, s.entryCount, p.spares, len(w.env.spares), len(p.heap))
		}
	}
	full()
	var kept []*Object
	for rounds := 0; w.env.pool.spare != nil; rounds++ {
		if rounds > 2000 {
			t.Fatal("nothing is used")
		}
		w.env.sweep(4, outLook)
		w.env.Settle()
		for i := range w.count {
			o := w.waiting[i].first.object // the manager keeps what it got
			o.Reference()
			kept = append(kept, o)
		}
		w.work()
		w.hog()
	}
	w.check(t)
	pages := w.pages
	for range 5 {
		w.env.sweep(4, outLook)
		w.env.Settle()
	}
	if w.count != 0 || w.x.Object().Resident() == 0 {
		t.Fatal("it goes on without what it needs")
	}
	w.env.Tick()
	w.env.Settle()
	w.work()
	if w.pages == pages {
		t.Fatal("it does not go on")
	}
	for _, o := range kept {
		o.Release()
	}
	w.env.Tick()
	full()
	w.check(t)
}

// A manager to whom nothing can be sent gets nothing, and the pages are there.
func TestExternalCannotBeTold(t *testing.T) {
	w := besiege(t, 500)
	w.closed = true
	for range 50 {
		w.env.sweep(16, outLook)
		w.env.Settle()
	}
	if w.count != 0 || w.x.Kept() > maxWaiting {
		t.Fatalf("%d pieces were sent, %d pages are out", w.count, w.x.Kept())
	}
	w.closed = false
	w.env.Tick()
	w.env.Settle()
	if w.count == 0 {
		t.Fatal("it does not go on")
	}
	w.check(t)
}
