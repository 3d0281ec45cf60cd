package vm

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"defpager/mach"
)

// manager is a memory manager that notes what it is asked. It keeps the contents that are returned.
type manager struct {
	w       *world
	calls   []string
	refuse  error
	hold    bool // received copies are not read
	held    []*Copy
	content map[uint64]byte // the first byte of each page
	copy    *manager        // of the last object that Copy made
	copied  *Object
}

func (g *manager) note(format string, args ...any) {
	g.calls = append(g.calls, fmt.Sprintf(format, args...))
}

func (g *manager) DataRequest(o *Object, offset, length uint64, access mach.Prot) error {
	g.note("request %#x+%#x %s", offset, length, access)
	return g.refuse
}

func (g *manager) DataUnlock(o *Object, offset, length uint64, access mach.Prot) error {
	g.note("unlock %#x+%#x %s", offset, length, access)
	return g.refuse
}

func (g *manager) MayReturn() bool { return true }

func (g *manager) DataInitialize(*Object, uint64, *Copy) {
	panic("that is for a default memory manager")
}

func (g *manager) DataReturn(o *Object, offset uint64, data *Copy, dirty, kept bool) {
	g.note("return %#x+%#x dirty=%v kept=%v", offset, data.Size(), dirty, kept)
	for off := uint64(0); off < data.Size(); off += page {
		var b [1]byte
		if err := data.ReadAt(b[:], off); err != nil {
			panic(err)
		}
		g.content[offset+off] = b[0]
	}
	if g.hold {
		g.held = append(g.held, data)
		return
	}
	data.Discard()
}

func (g *manager) Copy(o *Object, offset, length uint64) (*Object, error) {
	g.note("copy %#x+%#x", offset, length)
	if g.refuse != nil {
		return nil, g.refuse
	}
	g.copy = &manager{w: g.w, content: make(map[uint64]byte)}
	var err error
	g.copied, err = NewManaged(g.w.env, g.copy)
	return g.copied, err
}

func (g *manager) LockCompleted(o *Object, offset, size uint64, reply any) {
	g.note("locked %#x+%#x %v", offset, size, reply)
}

func (g *manager) Terminate(o *Object) { g.note("terminate") }

// expect checks what the manager was asked since the last time.
func (g *manager) expect(t fatal, want ...string) {
	t.Helper()
	g.w.env.Settle()
	if !slices.Equal(g.calls, want) {
		t.Fatalf("the manager got %q, not %q", g.calls, want)
	}
	g.calls = g.calls[:0]
	g.w.check(t)
}

// managedWorld has an object of a manager, mapped at base by one reference, and whose end is checked.
func managedWorld(t *testing.T) (*world, *manager, *Object, *Map) {
	w := newWorld(8 << 20)
	g := &manager{w: w, content: make(map[uint64]byte)}
	o, err := NewManaged(w.env, g)
	if err != nil {
		t.Fatal(err)
	}
	m := w.newMap(t)
	mapObject(t, m, MapArgs{Address: base, Size: 64 * page, Object: o})
	o.Release()
	t.Cleanup(func() {
		m.Destroy()
		w.env.Settle()
		w.check(t)
		// A frame each is held for the next object and the next map entry.
		if owned := w.env.Ledger().Total(); owned != 2 || w.env.managedCount != w.env.cachedCount {
			t.Errorf("%d frames and %d objects are left", owned, w.env.managedCount)
		}
	})
	return w, g, o, m
}

// supply sends one byte for each page from offset on, as its first. A single page goes by SupplyPage, as long as that takes it.
func (w *world) supply(t fatal, o *Object, offset uint64, lock mach.Prot, precious bool, bytes ...byte) error {
	t.Helper()
	b := make([]byte, len(bytes)*page)
	for i, v := range bytes {
		b[i*page] = v
	}
	if len(bytes) == 1 && o.SupplyPage(offset, (*[page]byte)(b), lock, precious) {
		return nil
	}
	c, err := NewCopy(w.env, b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Supply(offset, c, 0, lock, precious)
	c.Discard()
	return err
}

// waits checks that an access has to wait, and puts the waiter that it returns into the queue.
func (w *world) waits(t fatal, m *Map, va mach.VirtAddr, access mach.Prot) *Waiter {
	t.Helper()
	if err := m.Fault(va, access); err != Wait {
		t.Fatalf("fault at %#x: %v", uint64(va), err)
	}
	if !w.env.Waits() {
		t.Fatal("nothing to wait for")
	}
	x := new(Waiter)
	w.env.Await(x)
	return x
}

func (x *Waiter) mustEnd(t fatal, want error) {
	t.Helper()
	if x.Waiting() || !errors.Is(x.Err(), want) {
		t.Fatalf("waits %v, %v; want %v", x.Waiting(), x.Err(), want)
	}
	x.Done()
}

func must(t fatal, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
