package pmap

import (
	"testing"

	"defpager/board"
	"defpager/board/sim"
	"defpager/mach"
	"defpager/mm/frame"

	"pgregory.net/rapid"
)

const memory = 16 << 20

func newEnv() (*Env, *sim.MMU) {
	mem := board.Simulated(memory)
	frames := frame.New(mem, make([]frame.Desc, memory>>mach.PageShift), []board.Range{{Start: 0x1000, Size: memory - 0x1000}})
	mmu := &sim.MMU{Mem: mem}
	return &Env{Mem: mem, Frames: frames, TLB: mmu, KernelPML4E: 0x7003, NX: true}, mmu
}

// The addresses the tests use: a few superpages in three distant places, among them the last of the address space.
var bases = []mach.VirtAddr{mach.MinUser, mach.MinUser + 3<<39 + 5<<30, mach.MaxUser - 2*mach.SuperSize}

type page struct {
	pa   mach.PhysAddr
	prot mach.Prot
}

var prots = []mach.Prot{mach.ProtNone, mach.ProtRead, mach.ProtRead | mach.ProtWrite, mach.ProtRead | mach.ProtExecute, mach.ProtAll}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		env, mmu := newEnv()
		before := env.Frames.Stats()
		p, err := New(env)
		if err != nil {
			t.Fatal(err)
		}
		model := map[mach.VirtAddr]page{}
		address := func(t *rapid.T) mach.VirtAddr {
			return rapid.SampledFrom(bases).Draw(t, "base") + mach.VirtAddr(rapid.IntRange(0, 2*512-1).Draw(t, "page"))<<mach.PageShift
		}
		span := func(t *rapid.T) (mach.VirtAddr, mach.VirtAddr) {
			a := address(t)
			n := rapid.SampledFrom([]int{1, 2, 31, 33, 512, 700, 1024}).Draw(t, "pages")
			return a, min(a+mach.VirtAddr(n)<<mach.PageShift, mach.MaxUser)
		}
		probe := func(va mach.VirtAddr) {
			want := model[va]
			for _, access := range []mach.Prot{mach.ProtRead, mach.ProtWrite, mach.ProtExecute} {
				allowed := want.prot != 0 && (access == mach.ProtRead || want.prot.Allows(access))
				pa, err := mmu.Translate(p.Root(), va+5, access)
				if (err == nil) != allowed || allowed && pa != want.pa+5 {
					t.Fatalf("%v of %#x: %#x, %v; the model has %+v", access, va, pa, err, want)
				}
				pa, ok := p.Translate(va+5, access)
				if ok != allowed || allowed && pa != want.pa+5 {
					t.Fatalf("Translate %v of %#x: %#x, %v; the model has %+v", access, va, pa, ok, want)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				va, prot := address(t), rapid.SampledFrom(prots).Draw(t, "prot")
				pa := mach.PhysAddr(rapid.IntRange(1, 4095).Draw(t, "frame")) << mach.PageShift
				if err := p.Enter(va, pa, prot, mach.PageSize); err != nil {
					t.Fatal(err)
				}
				delete(model, va)
				if prot != 0 {
					model[va] = page{pa, prot}
				}
				probe(va)
			},
			"enter super": func(t *rapid.T) {
				va, prot := address(t)&^(mach.SuperSize-1), rapid.SampledFrom(prots).Draw(t, "prot")
				pa := mach.PhysAddr(rapid.IntRange(0, 7).Draw(t, "frame")) << mach.SuperShift
				if err := p.Enter(va, pa, prot, mach.SuperSize); err != nil {
					t.Fatal(err)
				}
				for i := range mach.VirtAddr(512) {
					delete(model, va+i<<mach.PageShift)
					if prot != 0 {
						model[va+i<<mach.PageShift] = page{pa + mach.PhysAddr(i)<<mach.PageShift, prot}
					}
				}
				probe(va + 77<<mach.PageShift)
			},
			"remove": func(t *rapid.T) {
				start, end := span(t)
				p.Remove(start, end)
				for va := start; va < end; va += mach.PageSize {
					delete(model, va)
				}
				probe(start)
				probe(end - mach.PageSize)
			},
			"protect": func(t *rapid.T) {
				start, end := span(t)
				prot := rapid.SampledFrom(prots).Draw(t, "prot")
				p.Protect(start, end, prot)
				for va := start; va < end; va += mach.PageSize {
					if e, ok := model[va]; ok {
						delete(model, va)
						if prot != 0 {
							model[va] = page{e.pa, prot}
						}
					}
				}
				probe(start)
				probe(end - mach.PageSize)
			},
			"probe": func(t *rapid.T) { probe(address(t)) },
			"": func(t *rapid.T) {
				if err := p.Check(); err != nil {
					t.Fatal(err)
				}
				if int(p.Resident()) != len(model) {
					t.Fatalf("%d resident, the model has %d", p.Resident(), len(model))
				}
			},
		})
		n := 0
		p.Leaves(func(va mach.VirtAddr, l Leaf) bool {
			for i := mach.VirtAddr(0); i < mach.VirtAddr(l.Size); i += mach.PageSize {
				if e, ok := model[va+i]; !ok || e.pa != l.Address+mach.PhysAddr(i) || e.prot != l.Prot {
					t.Fatalf("leaf %#x %+v, the model has %+v", va+i, l, e)
				}
				n++
			}
			return true
		})
		if n != len(model) {
			t.Fatalf("%d leaves, the model has %d", n, len(model))
		}
		p.Destroy()
		if after := env.Frames.Stats(); after.Free != before.Free {
			t.Fatalf("%d frames free after Destroy, %d before", after.Free, before.Free)
		}
	})
}

func TestWithoutFrames(t *testing.T) {
	env, _ := newEnv()
	p, _ := New(env)
	if err := p.Enter(mach.MinUser, 0, mach.ProtAll, mach.SuperSize); err != nil {
		t.Fatal(err)
	}
	hold, err := env.Frames.Reserve(env.Frames.Stats().Free)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Enter(mach.MinUser+1<<40, 0, mach.ProtAll, mach.PageSize); mach.Code(err) != mach.ResourceShortage {
		t.Errorf("Enter without frames: %v", err)
	}
	p.Protect(mach.MinUser+mach.PageSize, mach.MinUser+2*mach.PageSize, mach.ProtRead)
	if _, ok := p.Lookup(mach.MinUser); ok {
		t.Error("a superpage that cannot be split is still mapped")
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if _, err := New(env); mach.Code(err) != mach.ResourceShortage {
		t.Errorf("New without frames: %v", err)
	}
	hold.Release()
}

func TestLevelsTellTheWalk(t *testing.T) {
	env, _ := newEnv()
	p, _ := New(env)
	if l := p.Levels(mach.MinUser); len(l) != 1 || l[0].Name != "PML4" || l[0].Index != 1 || l[0].Entry != 0 {
		t.Errorf("an empty map walks as %+v", l)
	}
	p.Enter(mach.MinUser+0x3000, 0x5000, mach.ProtRead, mach.PageSize)
	if l := p.Levels(mach.MinUser + 0x3000); len(l) != 4 || !l[3].Leaf || l[3].Index != 3 || l[3].Entry.Address() != 0x5000 {
		t.Errorf("a page walks as %+v", l)
	}
}

func TestHotPathsAllocateNothing(t *testing.T) {
	env, _ := newEnv()
	p, _ := New(env)
	if n := testing.AllocsPerRun(100, func() {
		p.Enter(mach.MinUser, 0x5000, mach.ProtRead, mach.PageSize)
		p.Translate(mach.MinUser, mach.ProtRead)
		p.Remove(mach.MinUser, mach.MinUser+mach.PageSize)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type noTLB struct{}

func (noTLB) InvalidatePage(mach.PhysAddr, mach.VirtAddr) {}
func (noTLB) InvalidateSpace(mach.PhysAddr)               {}

func BenchmarkEnterRemove(b *testing.B) {
	env, _ := newEnv()
	env.TLB = noTLB{}
	p, _ := New(env)
	b.ReportAllocs()
	for b.Loop() {
		p.Enter(mach.MinUser, 0x5000, mach.ProtRead, mach.PageSize)
		p.Remove(mach.MinUser, mach.MinUser+mach.PageSize)
	}
}

func BenchmarkTranslate(b *testing.B) {
	env, _ := newEnv()
	p, _ := New(env)
	p.Enter(mach.MinUser, 0x5000, mach.ProtRead, mach.PageSize)
	for b.Loop() {
		p.Translate(mach.MinUser, mach.ProtRead)
	}
}
