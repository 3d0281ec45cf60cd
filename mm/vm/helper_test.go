package vm

import (
	"errors"
	"testing"

	"defpager/board"
	"defpager/board/sim"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
)

const page = mach.PageSize

// base is where tests map: the start of a superpage.
const base = mach.MinUser + 4*mach.SuperSize

// world is a machine with a memory of its own.
type world struct {
	env *Env
	mmu *sim.MMU
}

// fatal is what tests and property tests have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newWorld(size uint64) *world {
	mem := board.Simulated(size)
	frames := frame.New(mem, make([]frame.Desc, size>>mach.PageShift), []board.Range{{Start: page, Size: size - page}})
	mmu := &sim.MMU{Mem: mem}
	env := &Env{Mem: mem, Frames: frames, Pmap: &pmap.Env{Mem: mem, Frames: frames, TLB: mmu, NX: true}}
	if err := env.init(); err != nil {
		panic(err)
	}
	return &world{env, mmu}
}

func (w *world) check(t fatal) {
	t.Helper()
	if err := w.env.Check(); err != nil {
		t.Fatal(err)
	}
	if err := w.env.Frames.Check(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) newMap(t fatal) *Map {
	t.Helper()
	m, err := NewMap(w.env)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// filled makes a map with n pages at base, each of which begins with its number and first.
func (w *world) filled(t fatal, n int, first byte) *Map {
	t.Helper()
	m := w.newMap(t)
	_, err := m.Allocate(base, uint64(n)*page, false)
	must(t, err)
	for i := range n {
		w.mustStore(t, m, at(i), byte(i)+first)
	}
	return m
}

// reserved makes an object of n pages as the default pager does.
func (w *world) reserved(t fatal, n mach.PageNumber) *Object {
	t.Helper()
	r, err := w.env.Frames.Reserve(n)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewReserved(w.env, n.Bytes(), r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// touch accesses va as ring 3 does: by the processor, with a fault in between where it has no translation.
func (w *world) touch(m *Map, va mach.VirtAddr, access mach.Prot) (mach.PhysAddr, error) {
	for range 4 {
		p, err := w.mmu.Translate(m.Pmap().Root(), va, access)
		if err == nil {
			return p, nil
		}
		if err := m.Resolve(va, access); err != nil {
			return 0, err
		}
	}
	return 0, errors.New("a resolved fault comes again and again")
}

func (w *world) store(m *Map, va mach.VirtAddr, b byte) error {
	p, err := w.touch(m, va, mach.ProtWrite)
	if err == nil {
		w.env.Mem.Bytes(p, 1)[0] = b
	}
	return err
}

func (w *world) load(m *Map, va mach.VirtAddr) (byte, error) {
	p, err := w.touch(m, va, mach.ProtRead)
	if err != nil {
		return 0, err
	}
	return w.env.Mem.Bytes(p, 1)[0], nil
}

func (w *world) mustStore(t fatal, m *Map, va mach.VirtAddr, b byte) {
	t.Helper()
	if err := w.store(m, va, b); err != nil {
		t.Fatalf("store at %#x: %v", uint64(va), err)
	}
}

func (w *world) expect(t fatal, m *Map, va mach.VirtAddr, want byte) {
	t.Helper()
	if got, err := w.load(m, va); err != nil || got != want {
		t.Fatalf("load at %#x: %#x, %v; want %#x", uint64(va), got, err, want)
	}
}

// mapShared maps all of o at va.
func mapShared(t fatal, m *Map, va mach.VirtAddr, o *Object) {
	t.Helper()
	mapObject(t, m, MapArgs{Address: va, Size: o.Limit(), Object: o})
}

func mapObject(t fatal, m *Map, a MapArgs) {
	t.Helper()
	if a.Max == 0 {
		a.Cur, a.Max, a.Inherit = mach.ProtDefault, mach.ProtAll, mach.InheritShare
	}
	if at, err := m.Map(&a); err != nil || at != a.Address {
		t.Fatalf("vm_map of %+v: %#x, %v", a, uint64(at), err)
	}
}

// returned runs f, which destroys what it makes, and checks that every frame came back.
func (w *world) returned(t *testing.T, f func()) {
	t.Helper()
	before := w.env.Frames.Stats()
	f()
	w.check(t)
	after := w.env.Frames.Stats()
	if after.Free != before.Free || after.Reserved != before.Reserved {
		t.Fatalf("frames before %+v, after %+v", before, after)
	}
}
