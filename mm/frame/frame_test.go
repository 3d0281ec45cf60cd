package frame

import (
	"bytes"
	"testing"

	"defpager/board"
	"defpager/mach"

	"pgregory.net/rapid"
)

// limit is the size of the simulated memory: three ranges with holes between, none of a round size.
const limit = 3 << 20

// dirt is what memory holds at first, zeros what a frame must hold. They are whole, because the race detector makes loops slow.
var (
	dirt  = bytes.Repeat([]byte{0xaa}, limit)
	zeros [mach.PageSize]byte
)

func newAllocator() (*Allocator, board.Memory) {
	mem := board.Simulated(limit)
	copy(mem.Bytes(0, limit), dirt)
	return New(mem, make([]Desc, limit>>mach.PageShift), []board.Range{
		{Start: 0x1000, Size: 0x9e000}, {Start: 0x100000, Size: 0x123000}, {Start: 0x280000, Size: limit - 0x280000},
	}), mem
}

// block is what the model knows of a block that was handed out.
type block struct {
	at    mach.PhysAddr
	order uint
	from  *Reservation
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, mem := newAllocator()
		total := a.Stats().Total
		var held []block
		var promises []*Reservation
		owned := map[mach.PhysAddr]bool{}
		take := func(p mach.PhysAddr, order uint, r *Reservation, wantZero bool) {
			for i := range mach.PhysAddr(1) << order {
				f := p + i<<mach.PageShift
				if owned[f] {
					t.Fatalf("frame %#x handed out twice", f)
				}
				owned[f] = true
				if wantZero && !bytes.Equal(mem.Frame(f)[:], zeros[:]) {
					t.Fatalf("frame %#x is not zeroed", f)
				}
				mem.Frame(f)[7] = 0x55
			}
			held = append(held, block{p, order, r})
		}
		promised := func() (n mach.PageNumber) {
			for _, r := range promises {
				n += r.Pages()
			}
			return n
		}
		unpromised := func() mach.PageNumber { return total - mach.PageNumber(len(owned)) - promised() }
		pick := func() (*Reservation, bool) {
			if len(promises) == 0 {
				return nil, false
			}
			return promises[rapid.IntRange(0, len(promises)-1).Draw(t, "reservation")], true
		}
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				dirty := rapid.Bool().Draw(t, "dirty")
				alloc := a.Alloc
				if dirty {
					alloc = a.AllocDirty
				}
				p, err := alloc()
				if (err == nil) != (unpromised() > 0) {
					t.Fatalf("alloc: %v with %d frames unpromised", err, unpromised())
				}
				if err == nil {
					take(p, 0, nil, !dirty)
				}
			},
			"order": func(t *rapid.T) {
				o := rapid.UintRange(0, 6).Draw(t, "order")
				if p, err := a.AllocOrder(o); err == nil {
					take(p, o, nil, true)
				}
			},
			"reserve": func(t *rapid.T) {
				n := mach.PageNumber(rapid.Uint64Range(0, 500).Draw(t, "pages"))
				left := unpromised()
				r, err := a.Reserve(n)
				if (err == nil) != (n <= left) {
					t.Fatalf("reserve %d of %d: %v", n, left, err)
				}
				if err == nil {
					promises = append(promises, &r)
				} else if mach.Code(err) != mach.ResourceShortage || r.Pages() != 0 {
					t.Fatalf("refused with %v, holding %d", err, r.Pages())
				}
			},
			"take": func(t *rapid.T) {
				if r, ok := pick(); ok && r.Pages() > 0 {
					take(r.Take(), 0, r, true)
				}
			},
			"take order": func(t *rapid.T) {
				if r, ok := pick(); ok {
					if p, ok := r.TakeOrder(5); ok {
						take(p, 5, r, true)
					}
				}
			},
			"release": func(t *rapid.T) {
				if r, ok := pick(); ok {
					r.Release()
				}
			},
			"give back": func(t *rapid.T) {
				if len(held) == 0 {
					return
				}
				i := rapid.IntRange(0, len(held)-1).Draw(t, "block")
				b := held[i]
				held[i] = held[len(held)-1]
				held = held[:len(held)-1]
				pieces := b.order > 0 && rapid.Bool().Draw(t, "in pieces")
				for i := range mach.PhysAddr(1) << b.order {
					f := b.at + i<<mach.PageShift
					delete(owned, f)
					if pieces {
						a.Free(f)
					}
				}
				switch {
				case pieces:
				case b.order == 0 && b.from != nil:
					b.from.Put(b.at)
				default:
					a.FreeOrder(b.at, b.order)
				}
			},
			"zero ahead": func(t *rapid.T) { a.ZeroSome(rapid.IntRange(0, 300).Draw(t, "frames")) },
			"scrub": func(t *rapid.T) {
				if a.Scrub(rapid.IntRange(1, 300).Draw(t, "frames")) != 0 {
					return
				}
				for p := mach.PhysAddr(0); p < limit; p += mach.PageSize {
					if !owned[p] && mem.Frame(p)[7] == 0x55 {
						t.Fatalf("frame %#x is free and holds what its last owner wrote", p)
					}
				}
			},
			"": func(t *rapid.T) {
				if err := a.Check(); err != nil {
					t.Fatal(err)
				}
				s := a.Stats()
				if s.Taken != mach.PageNumber(len(owned)) || s.Reserved != promised() || s.Free+s.Taken != s.Total || s.Total != total {
					t.Fatalf("%+v, model has %d taken, %d promised", s, len(owned), promised())
				}
			},
		})
	})
}

func TestKernelBugsPanic(t *testing.T) {
	a, _ := newAllocator()
	p, _ := a.Alloc()
	a.Free(p)
	for name, f := range map[string]func(){
		"freed twice": func() { a.Free(p) },
		"foreign":     func() { a.Free(0x300000) },
		"outside":     func() { a.Free(limit) },
		"unaligned":   func() { a.Free(p + 8) },
		"overtaken":   func() { r, _ := a.Reserve(0); r.Take() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func BenchmarkTakePut(b *testing.B) {
	a, _ := newAllocator()
	r, _ := a.Reserve(100)
	a.ZeroSome(300)
	b.ReportAllocs()
	for b.Loop() {
		p := r.Take()
		r.Put(p)
	}
}

func TestHotPathsAllocateNothing(t *testing.T) {
	a, _ := newAllocator()
	r, _ := a.Reserve(100)
	if n := testing.AllocsPerRun(100, func() {
		r.Put(r.Take())
		p, _ := a.Alloc()
		a.Free(p)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
