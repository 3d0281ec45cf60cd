package vm

import (
	"slices"
	"testing"

	"defpager/mach"
)

// other is where tests map a copy.
const other = base + 1<<30

func copyOf(o *Object, pages uint64) MapArgs {
	return MapArgs{
		Address: other, Size: pages * page, Object: o, Offset: page, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
	}
}

// A copy of an object whose manager is not ready waits, and the object does not end meanwhile although nobody maps it.
func TestManagedCopyWaitsForReady(t *testing.T) {
	w, g, _, m := managedWorld(t)
	must(t, m.Deallocate(base, 64*page))
	g.expect(t, "terminate")
	o, err := NewManaged(w.env, g)
	must(t, err)
	a := copyOf(o, 4)
	if _, err := m.Map(&a); err != Wait {
		t.Fatal(err)
	}
	x := new(Waiter)
	w.env.Await(x)
	o.Release()
	g.expect(t)
	must(t, o.Ready(false, mach.CopyDelay))
	if x.Waiting() || x.Err() != nil {
		t.Fatal("still waits")
	}
	g.expect(t)
	mapObject(t, m, a)
	x.Done()
	g.expect(t)
	must(t, m.Deallocate(other, 4*page))
	g.expect(t, "terminate")
}

// A delayed copy sees pages that come later, and what a page was before the first write to it.
func TestManagedCopyDelay(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, 1, 2, 3))
	w.mustStore(t, m, base+page, 12)
	mapObject(t, m, copyOf(o, 10))
	child, err := m.Fork()
	must(t, err)
	w.mustStore(t, m, base+page, 22)
	w.mustStore(t, m, base+2*page, 23)
	w.mustStore(t, m, other+page, 33)
	w.expect(t, m, base+page, 22)
	w.expect(t, m, base+2*page, 23)
	w.expect(t, m, other, 12)
	w.expect(t, m, other+page, 33)
	w.expect(t, child, other, 12)
	w.expect(t, child, other+page, 3)
	w.expect(t, child, base+page, 22) // shared
	x := w.waits(t, child, other+4*page, mach.ProtWrite)
	g.expect(t, "request 0x5000+0x1000 r--")
	must(t, w.supply(t, o, 5*page, 0, false, 6))
	x.mustEnd(t, nil)
	w.mustStore(t, child, other+4*page, 66)
	w.expect(t, m, other+4*page, 6)
	// The copy keeps the object.
	must(t, m.Deallocate(base, 64*page))
	must(t, m.Deallocate(other, 64*page))
	must(t, child.Deallocate(base, 64*page))
	g.expect(t)
	child.Destroy()
	g.expect(t, "return 0x1000+0x2000 dirty=true kept=false", "terminate")
}

// Without a strategy all pages come first, and then the copy is apart from whatever the manager does.
func TestManagedCopyNone(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyNone))
	const pages = maxAsked + 4
	a := copyOf(o, pages)
	try := func(want error) *Waiter {
		t.Helper()
		_, err := m.Map(&a)
		if err != want {
			t.Fatal(err)
		}
		if err != Wait {
			return nil
		}
		x := new(Waiter)
		w.env.Await(x)
		return x
	}
	x := try(Wait)
	if len(g.calls) != maxAsked {
		t.Fatal(g.calls)
	}
	g.calls = nil
	for i := range uint64(maxAsked) {
		must(t, w.supply(t, o, (1+i)*page, 0, false, byte(1+i)))
	}
	x.mustEnd(t, nil)
	x = try(Wait)
	g.expect(t, "request 0x11000+0x1000 r--", "request 0x12000+0x1000 r--", "request 0x13000+0x1000 r--", "request 0x14000+0x1000 r--")
	must(t, o.Refuse(0, pages*page)) // but not the last
	if !x.Waiting() {
		t.Error("that page was not meant")
	}
	must(t, o.Refuse(pages*page, page))
	x.mustEnd(t, mach.MemoryError)
	x = try(Wait)
	g.calls = nil
	must(t, o.Unavailable(0, 64*page))
	x.mustEnd(t, nil)
	try(nil)
	w.check(t)
	must(t, o.LockRequest(&LockRequest{Size: 64 * page, Flush: true}))
	must(t, w.supply(t, o, page, 0, false, 99))
	w.expect(t, m, base+page, 99)
	w.expect(t, m, other, 1)
	w.mustStore(t, m, other+(maxAsked-1)*page, 7)
	w.expect(t, m, other+maxAsked*page, 0)
	g.expect(t)
	// The same for messages and children.
	if _, err := m.CopyMapIn(base, 20*page, false); err != Wait {
		t.Error(err)
	}
	w.env.Forget()
	must(t, m.Inherit(base, 64*page, mach.InheritCopy))
	if _, err := m.Fork(); err != Wait {
		t.Error(err)
	}
	w.env.Forget()
	w.check(t)
	must(t, o.Unavailable(0, 64*page))
	for range 100 {
		if child, err := m.Fork(); err == nil {
			w.expect(t, child, base+page, 99)
			w.mustStore(t, child, base+page, 98)
			w.expect(t, m, base+page, 99)
			child.Destroy()
			return
		}
		w.env.Forget()
		must(t, o.Unavailable(0, 64*page))
	}
	t.Error("a task whose pages all came cannot fork")
}

// A manager that is asked for copies makes another object, whose pages are the original's where it has none.
func TestManagedCopyCall(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyCall))
	must(t, w.supply(t, o, 0, 0, false, 1, 2, 3))
	mapObject(t, m, copyOf(o, 4))
	g.expect(t, "copy 0x1000+0x4000")
	x := w.waits(t, m, other, mach.ProtRead)
	must(t, g.copied.Ready(false, mach.CopyDelay))
	x.mustEnd(t, nil)
	x = w.waits(t, m, other, mach.ProtWrite)
	y := w.waits(t, m, other+page, mach.ProtRead)
	g.copy.expect(t, "request 0x0+0x1000 r--", "request 0x1000+0x1000 r--")
	must(t, w.supply(t, g.copied, 0, 0, false, 42))
	must(t, g.copied.Unavailable(0, 4*page))
	x.mustEnd(t, nil)
	y.mustEnd(t, nil)
	w.mustStore(t, m, other, 43)
	w.expect(t, m, other+page, 3)
	w.expect(t, m, base+page, 2)
	y = w.waits(t, m, other+3*page, mach.ProtRead)
	must(t, g.copied.Unavailable(0, 4*page))
	y.mustEnd(t, nil)
	y = w.waits(t, m, other+3*page, mach.ProtRead) // now for the original's page
	g.expect(t, "request 0x4000+0x1000 r--")
	must(t, m.Deallocate(base, 64*page))
	g.expect(t)
	must(t, o.Unavailable(0, 64*page))
	y.mustEnd(t, nil)
	w.expect(t, m, other+3*page, 0)
	must(t, m.Deallocate(other, 4*page))
	g.calls, g.copy.calls = nil, nil
	w.env.Settle()
	g.expect(t, "terminate")
	if !slices.Equal(g.copy.calls, []string{"terminate"}) {
		t.Error(g.copy.calls)
	}
}
