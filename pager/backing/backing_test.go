package backing

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"

	"pgregory.net/rapid"
)

// area is an Area whose disk answers when the test wants.
type area struct {
	name    string
	used    []bool
	pages   map[uint32][]byte
	asked   []func()
	failing bool // writes fail
	short   bool // there is no memory for what is to be read or written
	bad     map[uint32]bool
	flaky   int   // so many more reads fail
	full    bool  // takes no request
	slow    int   // calls of Poll between two that answer
	rests   int   // of those, how many there were
	failed  *int  // reads that failed
	reads   []int // pages of each request
	writes  int   // requests
}

func newArea(name string, slots int) *area {
	return &area{name: name, used: make([]bool, slots), pages: map[uint32][]byte{}, bad: map[uint32]bool{}, failed: new(int)}
}

func (a *area) Name() string { return a.name }
func (a *area) Slots() int   { return len(a.used) }

func (a *area) Held() mach.PageNumber { return 0 }

func (a *area) Room() (n int) {
	for _, u := range a.used {
		if !u {
			n++
		}
	}
	return n
}

func (a *area) Allocate(want int) (uint32, int) {
	for i := range a.used {
		if a.used[i] {
			continue
		}
		n := 0
		for n < want && i+n < len(a.used) && !a.used[i+n] {
			a.used[i+n] = true
			n++
		}
		return uint32(i), n
	}
	return 0, 0
}

func (a *area) Release(slot uint32) {
	if !a.used[slot] {
		panic("releasing a free slot")
	}
	a.used[slot] = false
	delete(a.pages, slot)
}

var errDisk = errors.New("the disk is broken")

func (a *area) Write(first uint32, pages [][]byte, done func(error)) bool {
	if a.full {
		return false
	}
	a.writes++
	var kept [][]byte
	for _, p := range pages {
		kept = append(kept, bytes.Clone(p))
	}
	a.asked = append(a.asked, func() {
		switch {
		case a.short:
			done(mach.ResourceShortage)
			return
		case a.failing:
			done(errDisk)
			return
		}
		for i, p := range kept {
			if !a.used[first+uint32(i)] {
				panic("writing to a free slot")
			}
			a.pages[first+uint32(i)] = p
		}
		done(nil)
	})
	return true
}

func (a *area) Read(first uint32, pages [][]byte, done func(error)) bool {
	if a.full {
		return false
	}
	a.reads = append(a.reads, len(pages))
	a.asked = append(a.asked, func() {
		if a.short {
			done(mach.ResourceShortage)
			return
		}
		var err error
		for i := range pages {
			slot := first + uint32(i)
			p, ok := a.pages[slot]
			if !ok {
				panic("reading what was not written")
			}
			if a.flaky > 0 || a.bad[slot] {
				a.flaky--
				*a.failed++
				err = errDisk
			}
			copy(pages[i], p)
		}
		done(err)
	})
	return true
}

func (a *area) Poll() {
	if a.rests++; a.rests <= a.slow {
		return
	}
	a.rests = 0
	asked := a.asked
	a.asked = nil
	for _, f := range asked {
		f()
	}
}

type machine struct {
	frames *frame.Allocator
	mem    board.Memory
	b      *Backing
	ready  map[vm.Token]bool
	now    int64
}

func newMachine(t fatal, size uint64) *machine {
	m := &machine{mem: board.Simulated(size), ready: map[vm.Token]bool{}}
	m.frames = frame.New(m.mem, make([]frame.Desc, size>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: size - mach.PageSize}})
	var err error
	m.b, err = New(Config{
		Mem: m.mem, Frames: m.frames, PageReady: func(t vm.Token) { m.ready[t] = true }, FramesReady: func() {},
		Now: func() int64 { m.now += 50e6; return m.now }, Log: func(string, ...any) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (m *machine) check(t fatal) {
	t.Helper()
	if err := m.b.Check(); err != nil {
		t.Fatal(err)
	}
	if err := m.frames.Check(); err != nil {
		t.Fatal(err)
	}
	if held := m.b.Held(); m.frames.Stats().Taken != held {
		t.Fatalf("%d frames are taken, the backing holds %d", m.frames.Stats().Taken, held)
	}
}

// page makes contents of a sort from a seed.
func page(sort string, seed uint64) []byte {
	b := make([]byte, mach.PageSize)
	r := rand.New(rand.NewPCG(seed, 1))
	switch sort {
	case "zero":
	case "word":
		for i := range b {
			b[i] = byte(bits.RotateLeft64(seed, -4) >> (i % 8 * 8)) // of small seeds a large word
		}
	case "text":
		words := []string{"memory ", "object ", "default ", "pager "}
		for i := 0; i < len(b); {
			i += copy(b[i:], words[r.IntN(len(words))])
		}
		copy(b, fmt.Sprint(seed))
	case "sparse":
		for range 20 {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	case "noise":
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

var sorts = []string{"zero", "word", "text", "sparse", "noise"}

func (m *machine) store(t fatal, data []byte) (vm.Token, bool) {
	f, err := m.frames.AllocDirty()
	if err != nil {
		t.Fatal(err)
	}
	copy(m.mem.Frame(f)[:], data)
	tok, ok := m.b.Store(f)
	if !ok {
		m.frames.Free(f)
	}
	return tok, ok
}

// fetch gets a page, and polls until it is there.
func (m *machine) fetch(t fatal, tok vm.Token) ([]byte, error) {
	for range 10 {
		f, err := m.b.Fetch(tok)
		if err == vm.Wait {
			m.b.Poll()
			continue
		}
		if err != nil {
			return nil, err
		}
		data := bytes.Clone(m.mem.Frame(f)[:])
		m.frames.Free(f)
		return data, nil
	}
	t.Fatalf("page %d does not come", tok)
	return nil, nil
}

func TestTiers(t *testing.T) {
	m := newMachine(t, 4<<20)
	want := []vm.Tier{vm.TierWord, vm.TierWord, vm.TierCompressed, vm.TierCompressed}
	var tokens []vm.Token
	for i, sort := range sorts[:4] {
		tok, ok := m.store(t, page(sort, 0x0102030405060708))
		if !ok || m.b.Where(tok) != want[i] {
			t.Fatalf("%s: %v, %v", sort, ok, m.b.Where(tok))
		}
		tokens = append(tokens, tok)
	}
	if _, ok := m.store(t, page("noise", 1)); ok {
		t.Fatal("noise was stored without a disk")
	}
	if err := m.b.AddArea(newArea("a", 100)); err != nil {
		t.Fatal(err)
	}
	tok, ok := m.store(t, page("noise", 1))
	if !ok || m.b.Where(tok) != vm.TierWaiting {
		t.Fatalf("noise: %v", ok)
	}
	m.b.Poll()
	m.b.Poll()
	if m.b.Where(tok) != vm.TierDisk {
		t.Fatalf("noise is %v", m.b.Where(tok))
	}
	m.check(t)
	if n := m.b.Stats().Words; n != 2 || m.b.Pages() != 5 {
		t.Errorf("%d pages are words, of %d", n, m.b.Pages())
	}
	for i, sort := range sorts[:4] {
		if got, err := m.fetch(t, tokens[i]); err != nil || !bytes.Equal(got, page(sort, 0x0102030405060708)) {
			t.Errorf("%s came back changed, %v", sort, err)
		}
	}
	if got, err := m.fetch(t, tok); err != nil || !bytes.Equal(got, page("noise", 1)) {
		t.Errorf("noise came back changed, %v", err)
	}
	m.check(t)
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, 1<<20)
		model := map[vm.Token][]byte{} // several tokens of one word are the same
		counts := map[vm.Token]int{}
		var areas []*area
		added, lost, failed := 0, 0, 0
		pick := func() (vm.Token, bool) {
			if len(model) == 0 {
				return 0, false
			}
			all := slices.Sorted(maps.Keys(model))
			return all[rapid.Uint64().Draw(t, "which")%uint64(len(all))], true
		}
		forget := func(tok vm.Token) {
			if counts[tok]--; counts[tok] == 0 {
				delete(model, tok)
				delete(counts, tok)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"store": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "pages") {
					if s := m.frames.Stats(); s.Free-s.Reserved < 2 {
						return
					}
					data := page(rapid.SampledFrom(sorts).Draw(t, "sort"), rapid.Uint64Range(0, 30).Draw(t, "seed"))
					if tok, ok := m.store(t, data); ok {
						model[tok] = data
						counts[tok]++
					}
				}
			},
			"fetch": func(t *rapid.T) {
				tok, ok := pick()
				if s := m.frames.Stats(); !ok || s.Free-s.Reserved < 2 {
					return
				}
				for _, a := range areas {
					a.full = false
				}
				got, err := m.fetch(t, tok)
				if err == nil && !bytes.Equal(got, model[tok]) {
					t.Fatalf("page %d (%v) came back changed", tok, m.b.Where(tok))
				}
				if err != nil {
					// Each failed read loses one page, be it read for a fault or to move it
					// from an area that is gone since.
					if lost++; m.b.Where(tok) != vm.TierLost || lost > failed {
						t.Fatalf("page %d (%v): %v; %d pages lost, %d reads failed", tok, m.b.Where(tok), err, lost, failed)
					}
					m.b.Drop(tok)
				}
				forget(tok)
			},
			"drop": func(*rapid.T) {
				if tok, ok := pick(); ok {
					m.b.Drop(tok)
					forget(tok)
				}
			},
			"begin to fetch": func(*rapid.T) {
				if tok, ok := pick(); ok && m.b.Where(tok) == vm.TierDisk {
					f, err := m.b.Fetch(tok)
					switch {
					case err == nil: // it came ahead
						if !bytes.Equal(m.mem.Frame(f)[:], model[tok]) {
							t.Fatalf("page %d came back changed", tok)
						}
						m.frames.Free(f)
						forget(tok)
					case err != vm.Wait:
						t.Fatal(err)
					}
				}
			},
			"poll": func(*rapid.T) { m.b.Poll() },
			"add": func(t *rapid.T) {
				if len(areas) < 2 {
					a := newArea(fmt.Sprint("area", added), rapid.IntRange(1, 200).Draw(t, "slots"))
					a.failed = &failed
					areas = append(areas, a)
					added++
					if err := m.b.AddArea(a); err != nil {
						t.Fatal(err)
					}
				}
			},
			"trouble": func(t *rapid.T) {
				for _, a := range areas {
					a.failing = rapid.IntRange(0, 3).Draw(t, "writes fail") == 0
					a.full = rapid.IntRange(0, 3).Draw(t, "full") == 0
					if rapid.IntRange(0, 3).Draw(t, "a bad slot") == 0 {
						a.bad[uint32(rapid.IntRange(0, 80).Draw(t, "slot"))] = true
					}
				}
			},
			"remove": func(t *rapid.T) {
				if len(areas) == 0 {
					return
				}
				a := areas[0]
				a.full = false
				var result error
				over := false
				if err := m.b.RemoveArea(a.name, func(err error) { over, result = true, err }); err != nil {
					t.Fatal(err)
				}
				for range 1000 {
					m.b.Poll()
					m.check(t)
					if over {
						break
					}
				}
				if !over {
					t.Fatal("the removal does not end")
				}
				if result == nil {
					if a.Room() != a.Slots() {
						t.Fatal("pages are left on an area that was removed")
					}
					areas = areas[1:]
				}
			},
			"": func(t *rapid.T) { m.check(t) },
		})
		for tok, n := range counts {
			for range n {
				m.b.Drop(tok)
			}
		}
		for range 5 {
			m.b.Poll()
			for _, a := range areas {
				a.failing, a.full = false, false
			}
		}
		m.check(t)
		if taken := m.frames.Stats().Taken; taken != 0 {
			t.Fatalf("%d frames are taken at the end", taken)
		}
	})
}

// Paging out, writing, reading and dropping take nothing of Go's heap, whatever the page.
func TestStoreAllocatesNothing(t *testing.T) {
	m := newMachine(t, 4<<20)
	quiet := &quietArea{area: newArea("a", 512)}
	if err := m.b.AddArea(quiet); err != nil {
		t.Fatal(err)
	}
	var pages [][]byte
	for _, sort := range sorts {
		pages = append(pages, page(sort, 5))
	}
	var tokens [64]vm.Token
	if n := testing.AllocsPerRun(50, func() {
		for i := range tokens {
			f, err := m.frames.AllocDirty()
			if err != nil {
				t.Fatal(err)
			}
			copy(m.mem.Frame(f)[:], pages[i%len(pages)])
			var ok bool
			if tokens[i], ok = m.b.Store(f); !ok {
				t.Fatal("there is room")
			}
		}
		m.b.Poll()
		m.b.Poll()
		for _, token := range tokens {
			f, err := m.b.Fetch(token)
			if err == vm.Wait {
				m.b.Poll()
				f, err = m.b.Fetch(token)
			}
			if err != nil {
				t.Fatal(err)
			}
			m.frames.Free(f)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if quiet.written == 0 {
		t.Error("nothing was written")
	}
	m.check(t)
}

// quietArea is an area that allocates nothing itself, and keeps no contents.
type quietArea struct {
	*area
	done    [64]func(error)
	asked   int
	written int
}

func (a *quietArea) Release(slot uint32) { a.used[slot] = false }

func (a *quietArea) Write(_ uint32, pages [][]byte, done func(error)) bool {
	a.written += len(pages)
	return a.ask(done)
}

func (a *quietArea) Read(_ uint32, _ [][]byte, done func(error)) bool { return a.ask(done) }

func (a *quietArea) ask(done func(error)) bool {
	if a.asked == len(a.done) {
		return false
	}
	a.done[a.asked] = done
	a.asked++
	return true
}

func (a *quietArea) Poll() {
	done, n := a.done, a.asked
	a.asked = 0
	for _, f := range done[:n] {
		f(nil)
	}
}
