package vm

import (
	"testing"

	"defpager/mach"
)

// family is a map whose 16 pages at base were copied from a parent's that lives, and are shared with a child since: the
// shared object has a shadow below it.
func family(t *testing.T, w *world) (parent, m, child *Map) {
	t.Helper()
	fork := func(m *Map) *Map {
		t.Helper()
		child, err := m.Fork()
		if err != nil {
			t.Fatal(err)
		}
		w.check(t)
		return child
	}
	parent = w.newMap(t)
	if _, err := parent.Allocate(base, 16*page, false); err != nil {
		t.Fatal(err)
	}
	for i := range mach.VirtAddr(16) {
		w.mustStore(t, parent, base+i*page, 0x10+byte(i))
	}
	m = fork(parent)
	w.mustStore(t, m, base, 0x20)
	if err := m.Inherit(base, 16*page, mach.InheritShare); err != nil {
		t.Fatal(err)
	}
	child = fork(m)
	w.mustStore(t, child, base+page, 0x21)
	w.expect(t, m, base+page, 0x21)
	w.expect(t, parent, base+page, 0x11)
	return parent, m, child
}

// TestCopyOfSharedShadow: a copy of shared memory keeps pages that lie below it when they are written.
func TestCopyOfSharedShadow(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		parent, m, child := family(t, w)
		c, err := m.CopyMapIn(base, 16*page, false)
		if err != nil {
			t.Fatal(err)
		}
		at, err := parent.CopyMapOut(c)
		if err != nil {
			t.Fatal(err)
		}
		w.expect(t, parent, at+2*page, 0x12)
		w.check(t)
		for i := range mach.VirtAddr(16) {
			w.mustStore(t, child, base+i*page, 0x40+byte(i))
			w.check(t)
		}
		for i := range mach.VirtAddr(16) {
			w.expect(t, m, base+i*page, 0x40+byte(i))
			want := 0x10 + byte(i)
			if i < 2 {
				want = 0x20 + byte(i)
			}
			w.expect(t, parent, at+i*page, want)
			w.expect(t, parent, base+i*page, 0x10+byte(i))
		}
		w.check(t)
		parent.Destroy()
		w.check(t)
		m.Destroy()
		w.check(t)
		child.Destroy()
	})
}

// TestOverwriteShared: vm_copy over memory that is shared changes it for all, and lets it stay shared.
func TestOverwriteShared(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		parent, m, child := family(t, w)
		from := base + 32*page
		if _, err := m.Allocate(from, 16*page, false); err != nil {
			t.Fatal(err)
		}
		w.mustStore(t, m, from+3*page, 0x33)
		if err := m.Copy(from, 16*page, base); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.expect(t, child, base, 0)
		w.expect(t, child, base+3*page, 0x33)
		w.mustStore(t, child, base+4*page, 0x44)
		w.expect(t, m, base+4*page, 0x44)
		w.expect(t, m, from+4*page, 0)
		w.expect(t, parent, base+4*page, 0x14)
		for _, m := range []*Map{child, parent, m} {
			m.Destroy()
			w.check(t)
		}
	})
}

// TestRunInCopiedObject: pages that come in a run into an object with a copy are saved for it one by one.
func TestRunInCopiedObject(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 40)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		copied := base + 64*page
		mapObject(t, m, MapArgs{Address: copied, Size: 40 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		for i := range mach.VirtAddr(40) {
			w.mustStore(t, m, base+i*page, byte(i+1))
			w.check(t)
		}
		for i := range mach.VirtAddr(40) {
			w.expect(t, m, copied+i*page, 0)
		}
		o.Release()
		m.Destroy()
	})
}

// TestWriteFailsHalfWay: what vm_write could not finish stays the sender's, and is nobody else's afterwards.
func TestWriteFailsHalfWay(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		m := w.newMap(t)
		o := w.reserved(t, 2)
		if _, err := m.Allocate(base, 12*page, false); err != nil {
			t.Fatal(err)
		}
		mapObject(t, m, MapArgs{Address: base + 12*page, Size: 4 * page, Object: o})
		b := make([]byte, 16*page)
		for i := range b {
			b[i] = byte(i / page)
		}
		c, err := NewCopy(w.env, b)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Write(base, c); mach.Code(err) != mach.MemoryError {
			t.Errorf("vm_write across the end of an object: %v", err)
		}
		w.check(t)
		w.expect(t, m, base+5*page, 5)
		w.expect(t, m, base+13*page, 13)
		at, err := m.CopyMapOut(c)
		if err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.mustStore(t, m, at+5*page, 50)
		w.mustStore(t, m, base+6*page, 60)
		w.expect(t, m, base+5*page, 5)
		w.expect(t, m, at+6*page, 6)
		w.expect(t, m, at+15*page, 15)
		w.check(t)
		o.Release()
		m.Destroy()
	})
}
