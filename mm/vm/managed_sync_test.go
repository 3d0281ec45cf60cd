package vm

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"defpager/mach"
)

// sizedPager is a manager whose object becomes smaller and larger, and that answers when it is told to.
type sizedPager struct {
	w         *world
	o         *Object
	limit     uint64 // bytes
	content   map[uint64]byte
	lost      map[uint64]bool
	asked     []uint64
	completed int
}

func (g *sizedPager) DataRequest(_ *Object, offset, _ uint64, _ mach.Prot) error {
	g.asked = append(g.asked, offset)
	return nil
}

func (g *sizedPager) DataReturn(_ *Object, offset uint64, data *Copy, _, _ bool) {
	for off := uint64(0); off < data.Size(); off += page {
		var b [1]byte
		if err := data.ReadAt(b[:], off); err != nil {
			panic(err)
		}
		if at := offset + off; at < g.limit {
			g.content[at] = b[0]
			delete(g.lost, at)
		}
	}
	data.Discard()
}

func (g *sizedPager) DataUnlock(*Object, uint64, uint64, mach.Prot) error { panic("nothing is locked") }

func (g *sizedPager) DataInitialize(*Object, uint64, *Copy)         { panic("an object of others") }
func (g *sizedPager) MayReturn() bool                               { return true }
func (g *sizedPager) Copy(*Object, uint64, uint64) (*Object, error) { panic("copies are delayed") }
func (g *sizedPager) LockCompleted(_ *Object, _, _ uint64, _ any)   { g.completed++ }
func (g *sizedPager) Terminate(*Object)                             {}
func (g *sizedPager) has(offset uint64) bool                        { _, ok := g.content[offset]; return ok }

// answer answers n requests, in the order that pick says. wide: it says of whole ranges that it has nothing.
func (g *sizedPager) answer(t fatal, n int, pick func(n int) int, wide bool) {
	for ; n > 0 && len(g.asked) != 0; n-- {
		i := pick(len(g.asked))
		offset := g.asked[i]
		g.asked = append(g.asked[:i], g.asked[i+1:]...)
		size := uint64(page)
		switch {
		case offset >= g.limit:
			if wide {
				size = max(-offset, page)
			}
			must(t, g.o.Refuse(offset, size))
		case g.lost[offset]:
			must(t, g.o.Refuse(offset, page))
		case g.has(offset):
			// It may have come meanwhile: an answer for a range is one to requests that are still to be answered.
			if err := g.w.supply(t, g.o, offset, 0, false, g.content[offset]); err != mach.MemoryPresent {
				must(t, err)
			}
		default:
			for wide && offset+size < g.limit && !g.has(offset+size) && !g.lost[offset+size] {
				size += page
			}
			must(t, g.o.Unavailable(offset, size))
		}
		g.w.env.Settle()
	}
}

// Copies of an object keep what it had when its manager makes it smaller, with CopySync before, whatever else goes on meanwhile.
func TestCopySyncModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const pages = 20
		w := newWorld(2 << 20)
		g := &sizedPager{w: w, limit: pages * page, content: map[uint64]byte{}, lost: map[uint64]bool{}}
		o, err := NewManaged(w.env, g)
		must(t, err)
		g.o = o
		must(t, o.Ready(false, mach.CopyDelay))
		m := w.newMap(t)
		at := []mach.VirtAddr{base} // the object, and its copies
		mapObject(t, m, MapArgs{Address: base, Size: pages * page, Object: o})
		const lost = 256 // in want: MemoryError; beyond: anything
		want := [][]int{make([]int, pages)}
		wide := rapid.Bool().Draw(t, "wide")
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "answer") }
		answer := func(n int) { g.answer(t, n, pick, wide) }
		access := func(i, n int, write bool, v byte) {
			va, x := at[i]+mach.VirtAddr(n)*page, new(Waiter)
			do := func() error {
				if write {
					return w.store(m, va, v)
				}
				b, err := w.load(m, va)
				if err == nil && want[i][n] < lost && int(b) != want[i][n] {
					t.Fatalf("page %d of %d holds %d, not %d", n, i, b, want[i][n])
				}
				return err
			}
			for range 200 {
				err := do()
				if err == Wait {
					w.env.Await(x)
					w.env.Settle()
					for x.Waiting() && len(g.asked) != 0 {
						answer(1)
					}
					if x.Waiting() {
						t.Fatalf("page %d of %d: nobody was asked", n, i)
					}
					if err = x.Err(); err == nil {
						continue
					}
				}
				x.Done()
				w.env.Settle()
				switch isError := errors.Is(err, mach.MemoryError); {
				case err != nil && !isError:
					t.Fatalf("page %d of %d: %v", n, i, err)
				case want[i][n] > lost:
				case isError != (want[i][n] == lost):
					t.Fatalf("page %d of %d: %v, not %d", n, i, err, want[i][n])
				}
				if write && err == nil {
					want[i][n] = int(v)
				}
				return
			}
			t.Fatalf("page %d of %d does not come", n, i)
		}
		some := func() (i, n int) {
			return rapid.IntRange(0, len(at)-1).Draw(t, "which"), rapid.IntRange(0, pages-1).Draw(t, "page")
		}
		touch := func(write bool) {
			i, n := some()
			access(i, n, write, byte(rapid.IntRange(1, 255).Draw(t, "value")))
		}
		copied := func() {
			if len(at) == 6 {
				return
			}
			i := rapid.IntRange(0, len(at)-1).Draw(t, "of")
			c, err := m.CopyMapIn(at[i], pages*page, false)
			must(t, err)
			to, err := m.CopyMapOut(c)
			must(t, err)
			at = append(at, to)
			want = append(want, append([]int{}, want[i]...))
			for n := int(g.limit / page); n < pages; n++ {
				if want[len(at)-1][n] == lost {
					want[len(at)-1][n]++ // what is behind the object in a copy is nobody's promise
				}
			}
			w.env.Settle()
		}
		shrink := func() {
			to := uint64(rapid.IntRange(0, int(g.limit/page)).Draw(t, "limit"))
			g.completed = 0
			size := g.limit - to*page
			if wide {
				size = ^uint64(0) - to*page
			}
			must(t, o.LockRequest(&LockRequest{Offset: to * page, Size: size, CopySync: true, Lock: mach.ProtNoChange, Reply: 1}))
			for tries := 0; g.completed == 0; tries++ {
				w.env.Settle()
				switch rapid.IntRange(0, 9).Draw(t, "meanwhile") {
				case 0:
					touch(true)
				case 9:
					w.env.force()
				case 1:
					touch(false)
				case 2:
					if tries < 3 {
						copied()
					}
				default:
					if len(g.asked) == 0 && g.completed == 0 {
						t.Fatal("the copies wait, and nobody was asked")
					}
					answer(1)
				}
				w.check(t)
			}
			g.limit = to * page
			must(t, o.LockRequest(&LockRequest{Offset: to * page, Size: ^uint64(0) - to*page, Flush: true, Lock: mach.ProtNoChange}))
			for n := to; n < pages; n++ {
				delete(g.content, n*page)
				delete(g.lost, n*page)
				want[0][n] = lost
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(*rapid.T) { touch(true) },
			"read":  func(*rapid.T) { touch(false) },
			"copy":  func(*rapid.T) { copied() },
			"shrink": func(*rapid.T) {
				shrink()
			},
			"grow": func(*rapid.T) {
				to := uint64(rapid.IntRange(int(g.limit/page), pages).Draw(t, "limit")) * page
				for n := g.limit / page; n < to/page; n++ {
					want[0][n] = 0
				}
				g.limit = to
			},
			"flush": func(*rapid.T) {
				n := rapid.Uint64Range(0, pages-1).Draw(t, "from")
				must(t, o.LockRequest(&LockRequest{Offset: n * page, Size: 5 * page, Return: mach.ReturnDirty, Flush: true, Lock: mach.ProtNoChange}))
				w.env.Settle()
			},
			"page out": func(*rapid.T) {
				w.env.force()
				w.env.Settle()
			},
			"answer": func(*rapid.T) { answer(1) },
			"":       func(t *rapid.T) { w.check(t) },
		})
		for i := range at {
			for n := range pages {
				access(i, n, false, 0)
			}
		}
		m.Destroy()
		o.Release()
		w.env.Settle()
		w.check(t)
	})
}

// copiedWorld has a manager's object whose pages 1 to 4 are at base, and at other a copy of pages 1 to 10.
func copiedWorld(t *testing.T) (*world, *manager, *Object, *Map) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, page, 0, false, 1, 2, 3, 4))
	mapObject(t, m, copyOf(o, 10))
	return w, g, o, m
}

func syncAndFlush(from, size uint64) *LockRequest {
	return &LockRequest{Offset: from, Size: size, CopySync: true, Flush: true, Lock: mach.ProtNoChange, Reply: "done"}
}

// The manager is asked for what the kernel has not, and may say of many pages at a time that it has none. A page that it cannot give is lost for the copy, by itself.
func TestCopySync(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	w.mustStore(t, m, base+page, 11) // which the copy gets
	must(t, o.LockRequest(syncAndFlush(page, ^uint64(0)-page)))
	if len(g.calls) == 0 || g.calls[0] != "request 0x5000+0x1000 r--" || o.Resident() != 4 {
		t.Fatalf("%q, and %d pages", g.calls, o.Resident())
	}
	g.calls = g.calls[:0]
	must(t, w.supply(t, o, 5*page, 0, false, 5))
	must(t, o.Refuse(6*page, page))
	must(t, o.Unavailable(7*page, 2*page))
	must(t, w.supply(t, o, 9*page, 0, false, 9))
	w.env.Settle()
	g.calls = g.calls[:0]
	must(t, o.Refuse(10*page, ^uint64(10*page-1)))
	g.expect(t, "locked 0x1000+0xffffffffffffefff done")
	if o.Resident() != 0 {
		t.Errorf("%d pages are left", o.Resident())
	}
	must(t, w.supply(t, o, page, 0, false, 101, 102, 103, 104, 105, 106, 107, 108, 109))
	for i, want := range []byte{1, 2, 3, 4, 5, 0, 0, 0, 9} {
		if i != 5 {
			w.expect(t, m, other+mach.VirtAddr(i)*page, want)
		}
	}
	w.expect(t, m, base+6*page, 106)
	if err := m.Fault(other+5*page, mach.ProtRead); mach.Code(err) != mach.MemoryError {
		t.Fatalf("the page that was refused: %v", err)
	}
	c := m.find(other).object
	if lost := w.env.OutFigures(func(yield func(Token) bool) {
		for _, t := range c.Out {
			yield(t)
		}
	}).Lost; lost != page {
		t.Errorf("%d bytes are lost", lost)
	}
	if err := m.Fault(other+9*page, mach.ProtRead); mach.Code(err) != mach.MemoryError {
		t.Fatalf("behind the end: %v", err)
	}
	g.expect(t)
}

// A range in the middle: what the manager has not is zeros in the copy there, and nowhere else.
func TestCopySyncOfSome(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, o.LockRequest(syncAndFlush(4*page, 3*page)))
	g.expect(t, "request 0x5000+0x1000 r--", "request 0x6000+0x1000 r--")
	must(t, o.Unavailable(5*page, 4*page))
	g.expect(t, "locked 0x4000+0x3000 done")
	must(t, w.supply(t, o, 5*page, 0, false, 105, 106, 107))
	for i, want := range []byte{1, 2, 3, 4, 0, 0, 107} {
		w.expect(t, m, other+mach.VirtAddr(i)*page, want)
	}
}

// A manager that dies is waited for no longer.
func TestCopySyncAndDeath(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, o.LockRequest(syncAndFlush(page, ^uint64(0)-page)))
	if g.calls = g.calls[:0]; o.pager.locks == nil {
		t.Fatal("it is done already")
	}
	o.Sever()
	g.expect(t, "locked 0x1000+0xffffffffffffefff done")
	w.expect(t, m, other+page, 2)
	if err := m.Fault(other+5*page, mach.ProtRead); mach.Code(err) != mach.MemoryError {
		t.Fatal(err)
	}
}

// Without frames it waits for some, but not for ever: then the copy has lost what it did not get.
func TestCopySyncWithoutFrames(t *testing.T) {
	for _, come := range []bool{true, false} {
		w, g, o, m := copiedWorld(t)
		must(t, m.Wire(base+page, 4*page, mach.ProtRead))
		frames := w.hoard(t)
		free := func() {
			for _, f := range frames {
				w.env.Frames.Free(f)
			}
			frames = nil
		}
		must(t, o.LockRequest(syncAndFlush(page, 4*page)))
		tick := func(n int) {
			for range n {
				w.env.Tick()
				w.env.Settle()
			}
		}
		tick(patient / 4)
		if g.expect(t); !w.env.Expecting() {
			t.Fatal("nobody waits for frames")
		}
		if come {
			free()
		}
		tick(patient)
		g.expect(t, "locked 0x1000+0x4000 done")
		free()
		if w.env.Expecting() {
			t.Error("somebody waits for frames still")
		}
		for i := range mach.VirtAddr(4) {
			if come {
				w.expect(t, m, other+i*page, byte(1+i))
			} else if err := m.Fault(other+i*page, mach.ProtRead); mach.Code(err) != mach.MemoryError {
				t.Fatalf("page %d: %v", i, err)
			}
		}
	}
}
