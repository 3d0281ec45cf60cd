package slab

import (
	"testing"

	"defpager/board"
	"defpager/mach"

	"pgregory.net/rapid"
)

type thing struct {
	value uint64
	room  [21]uint64
}

// frames is an allocator of the simplest kind.
type frames struct {
	free  []mach.PhysAddr
	taken map[mach.PhysAddr]bool
}

func (f *frames) AllocDirty() (mach.PhysAddr, error) {
	if len(f.free) == 0 {
		return 0, mach.ResourceShortage
	}
	p := f.free[len(f.free)-1]
	f.free = f.free[:len(f.free)-1]
	f.taken[p] = true
	return p, nil
}

func (f *frames) Free(p mach.PhysAddr) {
	if !f.taken[p] {
		panic("a frame that is not taken is freed")
	}
	delete(f.taken, p)
	f.free = append(f.free, p)
}

func source(pages mach.PageNumber) (*Source, *frames) {
	f := &frames{taken: map[mach.PhysAddr]bool{}}
	mem := board.Simulated(pages.Bytes())
	for i := range pages {
		b := mem.Frame(mach.PhysAddr(i.Bytes()))
		for j := range b {
			b[j] = 0xa5
		}
		f.free = append(f.free, mach.PhysAddr(i.Bytes()))
	}
	return &Source{Mem: mem, Frames: f}, f
}

// Random use of a pool, with frames and without: what is out is zero at first, keeps its contents, and its frames go back with the last.
func TestPool(t *testing.T) {
	for _, name := range []string{"frames", "heap"} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s, f := source(16)
				if name == "heap" {
					s = nil
				}
				p := New[thing](s)
				out := map[*thing]uint64{}
				next := uint64(0)
				t.Repeat(map[string]func(*rapid.T){
					"get": func(t *rapid.T) {
						for range rapid.IntRange(1, 60).Draw(t, "n") {
							x := p.Get()
							if x == nil {
								if s == nil || len(f.free) != 0 {
									t.Fatal("nothing although there is room")
								}
								return
							}
							if *x != (thing{}) {
								t.Fatal("not zero")
							}
							if _, ok := out[x]; ok {
								t.Fatal("handed out twice")
							}
							next++
							x.value, x.room[20] = next, next
							out[x] = next
						}
					},
					"put": func(t *rapid.T) {
						n := rapid.IntRange(1, 100).Draw(t, "n")
						for x := range out {
							if n--; n < 0 {
								break
							}
							delete(out, x)
							p.Put(x)
						}
					},
					"": func(t *rapid.T) {
						n := 0
						for x := range p.All {
							n++
							if v, ok := out[x]; !ok || x.value != v || x.room[20] != v {
								t.Fatalf("%d is out and holds %d, not %d", n, x.value, v)
							}
						}
						if n != len(out) {
							t.Fatalf("%d are out, want %d", n, len(out))
						}
						if s == nil {
							return
						}
						const per = 22 // of 176 bytes in a frame
						if p.Frames() < mach.PageNumber((len(out)+per-1)/per) || len(out) == 0 && p.Frames() != 0 {
							t.Fatalf("%d frames for %d", p.Frames(), len(out))
						}
						if got, want := p.Usage(), (Usage{Size: 176, Room: 176, PerFrame: per, Out: uint64(len(out)), Frames: p.Frames()}); got != want {
							t.Fatalf("the pool has %+v, want %+v", got, want)
						}
						if got := p.InUse(); got != p.Frames() {
							t.Fatalf("%d frames have structures, of %d", got, p.Frames())
						}
						if got := mach.PageNumber(len(f.taken)); got != p.Frames() {
							t.Fatalf("%d frames are taken, the pool says %d", got, p.Frames())
						}
					},
				})
			})
		})
	}
}

// Small structures: a frame holds more of them than one word of its bitmap has bits.
func TestSmall(t *testing.T) {
	s, f := source(4)
	p := New[uint64](s)
	var all []*uint64
	for x := p.Get(); x != nil; x = p.Get() {
		if *x != 0 {
			t.Fatal("not zero")
		}
		all = append(all, x)
		*x = uint64(len(all))
	}
	if len(all) != 4*64*words {
		t.Fatalf("%d in 4 frames", len(all))
	}
	for i, x := range all {
		if *x != uint64(i+1) {
			t.Fatalf("number %d holds %d", i+1, *x)
		}
	}
	for i, x := range all {
		if i%3 != 0 {
			p.Put(x)
		}
	}
	n := 0
	for x := range p.All {
		if n++; (*x-1)%3 != 0 {
			t.Fatalf("number %d was given back", *x)
		}
	}
	if n != (len(all)+2)/3 {
		t.Fatalf("%d are out", n)
	}
	for i := 0; i < len(all); i += 3 {
		p.Put(all[i])
	}
	if len(f.taken) != 0 {
		t.Fatalf("%d frames are held for nothing", len(f.taken))
	}
}

// A pool that holds a structure takes no frame for the first, and gives all others back.
func TestHold(t *testing.T) {
	s, f := source(4)
	p := New[thing](s)
	p.Hold()
	const per = 22 // of 176 bytes in a frame
	for range 3 {
		var all []*thing
		for i := range 2 * per {
			x := p.Get()
			if *x != (thing{}) {
				t.Fatal("not zero")
			}
			x.room[3] = 1
			all = append(all, x)
			if want := i/per + 1; len(f.taken) != want || p.Frames() != mach.PageNumber(want) {
				t.Fatalf("%d frames are taken for %d structures", len(f.taken), i+1)
			}
		}
		for _, x := range all {
			p.Put(x)
		}
		if len(f.taken) != 1 || p.Frames() != 1 {
			t.Fatalf("%d frames are held for the next", len(f.taken))
		}
		for x := range p.All {
			t.Fatalf("%d is out", x.value)
		}
	}
}

// A trimmed pool that holds a structure has frames for no more than what is out, wherever that lies, and holds the next that comes back.
func TestTrim(t *testing.T) {
	s, f := source(4)
	p := New[thing](s)
	p.Hold()
	p.Trim()
	if p.Trim(); len(f.taken) != 0 || p.Usage().Out != 0 {
		t.Fatalf("%d frames are taken for %d structures", len(f.taken), p.Usage().Out)
	}
	var all []*thing
	for range 23 { // one more than a frame has
		all = append(all, p.Get())
	}
	p.Put(all[22])
	if len(f.taken) != 2 || p.Usage().Out != 22 {
		t.Fatalf("%d frames are taken, %d structures counted, with one that is held", len(f.taken), p.Usage().Out)
	}
	if p.InUse() != 1 {
		t.Fatalf("%d frames have structures", p.InUse())
	}
	if p.Trim(); p.InUse() != 1 || len(f.taken) != 1 || p.Frames() != 1 || p.Usage().Out != 22 {
		t.Fatalf("%d frames are taken, %d structures counted, after a trim", len(f.taken), p.Usage().Out)
	}
	p.Put(all[0])
	if x := p.Get(); x != all[0] || *x != (thing{}) {
		t.Fatal("what comes back after a trim is not held")
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	s, _ := source(16)
	p := New[thing](s)
	if n := testing.AllocsPerRun(100, func() { p.Put(p.Get()) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
