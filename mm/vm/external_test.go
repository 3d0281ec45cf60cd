package vm

import (
	"testing"

	"defpager/mach"

	"pgregory.net/rapid"
)

// farPager is a default memory manager outside the kernel: it gets to what was asked of it when the test lets it, in order.
type farPager struct {
	w       *world
	x       *External
	content map[uint64][]byte
	had     map[uint64]bool // offsets of pages that came once
	queue   []func()
	forgets bool // it keeps nothing of a page that it gives back
	dead    bool
	ended   bool
}

func newFarPager(w *world) *farPager {
	return &farPager{w: w, content: make(map[uint64][]byte), had: make(map[uint64]bool)}
}

// begin is what Env.SetManager wants.
func (g *farPager) begin() *External {
	x, err := NewExternal(g.w.env, g)
	if err != nil {
		return nil
	}
	g.x = x
	return x
}

func (g *farPager) DataRequest(o *Object, offset, length uint64, access mach.Prot) error {
	g.queue = append(g.queue, func() {
		if g.ended {
			return // what it says then reaches nobody: another object may lie where o lay
		}
		b, ok := g.content[offset]
		if !ok {
			panic("the kernel asks for a page that was never returned")
		}
		if err := g.supply(o, offset, b); err != nil && err != mach.ResourceShortage && !g.ended && !g.dead {
			panic(err)
		}
	})
	return nil
}

func (g *farPager) supply(o *Object, offset uint64, b []byte) error {
	c, err := NewCopy(g.w.env, b)
	if err != nil {
		_ = o.Refuse(offset, page) // want of memory in a test
		return err
	}
	defer c.Discard()
	if _, err = o.Supply(offset, c, 0, 0, g.forgets); err == nil && g.forgets {
		delete(g.content, offset)
	}
	return err
}

// volunteer gives a page that nobody has asked for: that it has, that the kernel has taken back, or that never was.
func (g *farPager) volunteer(t *rapid.T) {
	if g.x == nil || g.dead {
		return
	}
	g.work(1000) // what is on its way may be newer
	if g.ended {
		return
	}
	offset := rapid.Uint64Range(0, uint64(g.x.fresh)+1).Draw(t, "page") * page
	b, has := g.content[offset]
	if !has {
		b = make([]byte, page)
	}
	if err := g.supply(g.x.object, offset, b); err == nil && !has {
		t.Fatalf("page %d is taken, which the manager has not", offset/page)
	}
}

func (g *farPager) DataUnlock(*Object, uint64, uint64, mach.Prot) error { panic("nothing is locked") }

func (g *farPager) DataReturn(o *Object, offset uint64, data *Copy, dirty, kept bool) {
	if !dirty && !g.forgets || kept {
		panic("an odd return")
	}
	g.keep(offset, data, true)
}

func (g *farPager) MayReturn() bool { return true }

func (g *farPager) DataInitialize(o *Object, offset uint64, data *Copy) { g.keep(offset, data, false) }

// keep takes pages later. The kernel must know which of them are here already.
func (g *farPager) keep(offset uint64, data *Copy, had bool) {
	if data.Size() > maxPiece*page {
		panic("a large piece")
	}
	g.queue = append(g.queue, func() {
		for off := uint64(0); off < data.Size(); off += page {
			b := make([]byte, page)
			if err := data.ReadAt(b, off); err != nil {
				panic(err)
			}
			if g.had[offset+off] != had {
				panic("data_initialize of a page that was here, or data_return of one that never was")
			}
			g.had[offset+off] = true
			g.content[offset+off] = b
		}
		data.Discard()
	})
}

func (g *farPager) Copy(*Object, uint64, uint64) (*Object, error) { panic("nobody maps it") }
func (g *farPager) LockCompleted(*Object, uint64, uint64, any)    { panic("nobody asked for a lock") }
func (g *farPager) Terminate(*Object)                             { g.ended = true }

// work lets it do up to n of the things that it was asked for.
func (g *farPager) work(n int) {
	for ; n > 0 && len(g.queue) != 0; n-- {
		do := g.queue[0]
		g.queue = g.queue[1:]
		do()
		g.w.env.Settle()
	}
}

// Pages go out to managers outside the kernel and to the storage within, whoever is the manager; managers are slow, are replaced, and die.
// What is read is what was written, or MemoryError where it was with a manager that died.
func TestExternalModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const pages = 40
		w := newWorld(1 << 20)
		local := newStore(w.env)
		if rapid.Bool().Draw(t, "local storage") {
			w.env.Backing = local
		}
		m := w.newMap(t)
		if _, err := m.Allocate(base, pages*page, false); err != nil {
			t.Fatal(err)
		}
		var want [pages]byte
		var all []*farPager
		var now *farPager
		mayBeLost := false
		settle := func() {
			w.env.Settle()
			w.check(t)
		}
		// access tries again as a thread does, while all managers work.
		access := func(do func() error) error {
			for range 1000 {
				err := do()
				if err != Wait {
					settle()
					return err
				}
				w.env.Forget()
				for _, g := range all {
					g.work(1)
				}
			}
			t.Fatal("it waits for ever")
			return nil
		}
		random := func(t *rapid.T) int { return rapid.IntRange(0, pages-1).Draw(t, "page") }
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { settle() },
			"write": func(t *rapid.T) {
				i, b := random(t), rapid.Byte().Draw(t, "byte")
				switch err := access(func() error { return w.store(m, at(i), b) }); {
				case err == nil:
					want[i] = b
				case !mayBeLost || err != mach.MemoryError:
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) {
				i := random(t)
				var got byte
				err := access(func() (err error) { got, err = w.load(m, at(i)); return err })
				if err == nil && got != want[i] || err != nil && (!mayBeLost || err != mach.MemoryError) {
					t.Fatalf("page %d is %d, %v; want %d", i, got, err, want[i])
				}
			},
			"begin to read": func(t *rapid.T) { // and give up
				if _, err := w.load(m, at(random(t))); err == Wait {
					w.env.Forget()
				}
			},
			"page out": func(t *rapid.T) {
				if w.env.Pages() {
					w.env.sweep(rapid.IntRange(1, 30).Draw(t, "pages"), 200)
				}
			},
			"drop": func(t *rapid.T) {
				i := random(t)
				n := rapid.IntRange(1, pages-i).Draw(t, "pages")
				if err := m.Deallocate(at(i), uint64(n)*page); err != nil {
					t.Fatal(err)
				}
				if _, err := m.Allocate(at(i), uint64(n)*page, false); err != nil {
					t.Fatal(err)
				}
				clear(want[i : i+n])
			},
			"work": func(t *rapid.T) {
				for _, g := range all {
					g.work(rapid.IntRange(0, 5).Draw(t, "things"))
				}
			},
			"volunteer": func(t *rapid.T) {
				for _, g := range all {
					g.volunteer(t)
				}
			},
			"age": func(t *rapid.T) {
				for x := range w.env.Externals {
					x.ticks = rapid.SampledFrom([]int{patient - 1, patient / 2}).Draw(t, "ticks")
					x.age()
				}
			},
			"replace": func(t *rapid.T) {
				if len(all) > 20 {
					return
				}
				now = newFarPager(w)
				now.forgets = rapid.Bool().Draw(t, "forgets")
				all = append(all, now)
				w.env.SetManager(now.begin)
			},
			"hand back": func(t *rapid.T) { w.env.SetManager(nil) },
			"die": func(t *rapid.T) {
				if len(all) == 0 {
					return
				}
				g := all[rapid.IntRange(0, len(all)-1).Draw(t, "who")]
				if g.x == nil || g.ended || g.dead {
					return
				}
				if g.x == w.env.external {
					w.env.SetManager(nil)
				}
				if g.ended {
					return
				}
				mayBeLost = mayBeLost || g.x.Kept() != 0
				g.dead = true
				if g.x.object.pager != nil {
					g.x.object.Sever()
				}
			},
		})
		// The books balance at the end.
		w.env.SetManager(nil)
		m.Destroy()
		for _, g := range all {
			if g.dead {
				g.queue = nil // their messages died with them
				continue
			}
			g.work(1000)
		}
		settle()
		for x := range w.env.Externals {
			t.Fatalf("a manager keeps %d pages that nobody has", x.Kept())
		}
		if len(local.pages) != 0 {
			t.Fatalf("the storage keeps %d pages that nobody has", len(local.pages))
		}
	})
}

// A manager that receives nothing is given no more than so many pages, and they can still be had.
func TestExternalSilence(t *testing.T) {
	w := newWorld(4 << 20)
	const pages = 600
	m := w.filled(t, pages, 0)
	g := newFarPager(w)
	w.env.SetManager(g.begin)
	for range 100 {
		w.env.sweep(outBatch, outLook)
		w.env.Settle()
		w.check(t)
	}
	if n := g.x.Kept(); n == 0 || n > maxReturning*maxPiece+maxWaiting {
		t.Fatalf("%d pages are out to a manager who never received one", n)
	}
	kept := 0
	for i := range pages {
		switch got, err := w.load(m, at(i)); {
		case err == nil && got == byte(i):
			kept++
		case err == Wait:
			w.env.Forget()
		default:
			t.Fatalf("page %d: %d, %v", i, got, err)
		}
	}
	if kept < pages-maxReturning*maxPiece {
		t.Fatalf("only %d pages can be had", kept)
	}
	w.check(t)
}

// What a manager gives back is not lost for want of a frame: it is taken when there is one.
func TestExternalSupplyWithoutFrames(t *testing.T) {
	t.Run("until there is one", func(t *testing.T) { supplyWithoutFrames(t, false) })
	t.Run("until nobody wants it", func(t *testing.T) { supplyWithoutFrames(t, true) })
}

// takeAll has so many pages go out to the manager, who does with each what it is told.
func (g *farPager) takeAll(pages int) {
	for g.x == nil || g.x.Kept() < pages {
		g.w.env.sweep(outBatch, outLook)
		g.w.env.Settle()
		g.work(1)
	}
	g.work(100)
}

func supplyWithoutFrames(t *testing.T, ends bool) {
	w := newWorld(1 << 20)
	const pages = 20
	m := w.filled(t, pages, 0)
	g := newFarPager(w)
	w.env.SetManager(g.begin)
	g.takeAll(pages)
	if _, err := w.load(m, at(pages-1)); err != Wait {
		t.Fatal(err)
	}
	w.env.Forget()
	o := g.x.Object()
	var n mach.PageNumber
	for n = 1; o.pager.marks.get(&w.env.nodes, n) != markRequested; n++ {
	}
	c, err := NewCopy(w.env, g.content[n.Bytes()])
	if err != nil {
		t.Fatal(err)
	}
	w.env.SetManager(nil) // so that no frames are set aside any more
	var hogged []mach.PhysAddr
	hog := func() {
		for f, err := w.env.Frames.AllocDirty(); err == nil; f, err = w.env.Frames.AllocDirty() {
			hogged = append(hogged, f)
		}
	}
	for hog(); w.env.UseSpare(); {
		hog()
	}
	// The copy's frame moves, and then there is none for a node.
	for w.env.nodes.free != 0 {
		w.env.nodes.promised++
		w.env.nodes.take()
	}
	done, err := o.Supply(n.Bytes(), c, 0, 0, false)
	if err != Wait || done != 0 {
		t.Fatal(done, err)
	}
	x := new(Waiter)
	w.env.Await(x)
	if ends {
		// With the last page the manager's object ends: no tick asks for it any more, and without storage nothing is paged out.
		m.Destroy()
		g.work(100)
		w.env.Settle()
		w.env.Tick()
		if x.Waiting() {
			t.Fatal("it waits for ever, and keeps its data")
		}
		x.Done()
		c.Discard()
		return
	}
	for _, f := range hogged {
		w.env.Frames.Free(f)
	}
	w.env.Tick()
	if x.Waiting() || x.Err() != nil {
		t.Fatal("it is not tried again")
	}
	x.Done()
	if _, err = o.Supply(n.Bytes(), c, done, 0, false); err != nil {
		t.Fatal(err)
	}
	c.Discard()
	if b, err := w.load(m, at(pages-1)); err != nil || b != pages-1 {
		t.Fatal(b, err)
	}
}

// A page that came back for somebody who gave up goes again when frames are short, whether the manager kept it or not; and when the last has come back the object ends,
// also if its manager wants it to be kept.
func TestExternalGivesBackWhatNobodyFetches(t *testing.T) {
	for _, forgets := range []bool{false, true} {
		w := newWorld(1 << 20)
		const pages = maxAsked
		m := w.filled(t, pages, 0)
		g := newFarPager(w)
		g.forgets = forgets
		w.env.SetManager(g.begin)
		g.takeAll(pages)
		must(t, g.x.Object().Ready(true, mach.CopyDelay))
		for i := range pages {
			if _, err := w.load(m, at(i)); err != Wait {
				t.Fatal(err)
			}
			w.env.Forget()
		}
		g.work(100)
		ticks := func() mach.PageNumber {
			for range 3 * patient {
				w.env.Tick()
				w.env.Settle()
				g.work(1)
			}
			w.check(t)
			return g.x.Object().Resident()
		}
		if n := ticks(); n != pages {
			t.Fatalf("%d pages are there, though there is room for all", n)
		}
		w.env.lowWater = 1 << 20
		if n := ticks(); n != 0 {
			t.Fatalf("%d pages are there that nobody wants", n)
		}
		w.env.SetManager(nil)
		for i := range pages {
			if _, err := w.load(m, at(i)); err != Wait {
				t.Fatal(err)
			}
			w.env.Forget()
			g.work(100)
			if b, err := w.load(m, at(i)); err != nil || b != byte(i) {
				t.Fatalf("page %d is %d: %v", i, b, err)
			}
			w.env.Settle()
		}
		if !g.ended {
			t.Fatal("the object has not ended")
		}
		w.check(t)
	}
}
