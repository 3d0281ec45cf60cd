package vm

import (
	"fmt"
	"testing"

	"defpager/mach"
)

// failing is an operation whose every allocation is made to fail in turn. Each gets a world of its own.
type failing struct {
	name string
	// prepare makes what the operation needs. do is called again and again, and fails with ResourceShortage until it has all it
	// wants; undo ends what it made.
	prepare func(t *testing.T, w *world) (do func() error, undo func())
}

func failings() []failing {
	// filled is a map with n pages that were all written.
	filled := func(t *testing.T, w *world, n int) *Map {
		m := w.newMap(t)
		if _, err := m.Allocate(base, uint64(n)*page, false); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			w.mustStore(t, m, at(i), byte(i+1))
		}
		return m
	}
	none := func() {}
	return []failing{
		{"vm_allocate", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 1)
			return func() error { _, err := m.Allocate(at(8), 5*page, false); return err }, m.Destroy
		}},
		{"task_create's map", func(t *testing.T, w *world) (func() error, func()) {
			var m *Map
			return func() (err error) { m, err = NewMap(w.env); return err }, func() { m.Destroy() }
		}},
		{"zero fill", func(t *testing.T, w *world) (func() error, func()) {
			m := w.newMap(t)
			if _, err := m.Allocate(base, 100*page, false); err != nil {
				t.Fatal(err)
			}
			return func() error { return w.store(m, at(70), 1) }, m.Destroy
		}},
		{"copy-on-write fault", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 100)
			child, err := m.Fork()
			if err != nil {
				t.Fatal(err)
			}
			return func() error { return w.store(child, at(70), 99) }, func() {
				w.expect(t, m, at(70), 71)
				w.expect(t, child, at(70), 99)
				w.expect(t, child, at(71), 72)
				m.Destroy()
				child.Destroy()
			}
		}},
		{"push to a delayed copy", func(t *testing.T, w *world) (func() error, func()) {
			m := w.newMap(t)
			o, err := NewAnonymous(w.env, 100*page)
			if err != nil {
				t.Fatal(err)
			}
			mapShared(t, m, base, o)
			w.mustStore(t, m, at(70), 1)
			c, err := m.CopyMapIn(base, 100*page, false)
			if err != nil {
				t.Fatal(err)
			}
			return func() error { return w.store(m, at(70), 2) }, func() {
				var b [1]byte
				if err := c.ReadAt(b[:], 70*page); err != nil || b[0] != 1 {
					t.Errorf("the copy holds %d, %v", b[0], err)
				}
				c.Discard()
				m.Destroy()
				o.Release()
			}
		}},
		{"fork", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 20)
			if err := m.Inherit(at(3), 2*page, mach.InheritShare); err != nil {
				t.Fatal(err)
			}
			if err := m.Protect(at(9), 3*page, false, mach.ProtRead); err != nil {
				t.Fatal(err)
			}
			var child *Map
			return func() (err error) { child, err = m.Fork(); return err }, func() {
				for i := range 20 {
					w.expect(t, child, at(i), byte(i+1))
				}
				child.Destroy()
				m.Destroy()
			}
		}},
		{"vm_deallocate in the middle", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 20)
			return func() error { return m.Deallocate(at(4), 3*page) }, func() {
				w.expect(t, m, at(3), 4)
				m.Destroy()
			}
		}},
		{"vm_protect", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 20)
			return func() error { return m.Protect(at(4), 3*page, false, mach.ProtRead) }, m.Destroy
		}},
		{"vm_inherit", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 20)
			return func() error { return m.Inherit(at(4), 3*page, mach.InheritNone) }, m.Destroy
		}},
		{"vm_wire", func(t *testing.T, w *world) (func() error, func()) {
			m := w.newMap(t)
			if _, err := m.Allocate(base, 100*page, false); err != nil {
				t.Fatal(err)
			}
			return func() error { return m.Wire(at(60), 10*page, mach.ProtDefault) }, m.Destroy
		}},
		{"vm_copy", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 40)
			return func() error { return m.Copy(at(0), 20*page, at(20)) }, func() {
				w.expect(t, m, at(25), 6)
				m.Destroy()
			}
		}},
		{"copy of an object", func(t *testing.T, w *world) (func() error, func()) {
			m, o := w.newMap(t), w.reserved(t, 20)
			return func() error {
					_, err := m.Map(&MapArgs{Address: base, Size: 20 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy})
					return err
				}, func() {
					m.Destroy()
					o.Release()
				}
		}},
		{"out of line, few bytes", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 4)
			var c *Copy
			return func() (err error) { c, err = m.CopyMapIn(at(0)+100, 2*page, false); return err }, func() {
				c.Discard()
				m.Destroy()
			}
		}},
		{"out of line, many pages, and in", func(t *testing.T, w *world) (func() error, func()) {
			m, other := filled(t, w, 40), w.newMap(t)
			var va mach.VirtAddr
			return func() error {
					c, err := m.CopyMapIn(at(0), 40*page, false)
					if err != nil {
						return err
					}
					if va, err = other.CopyMapOut(c); err != nil {
						c.Discard()
					}
					return err
				}, func() {
					w.expect(t, other, va+7*page, 8)
					m.Destroy()
					other.Destroy()
				}
		}},
		{"a copy of bytes", func(t *testing.T, w *world) (func() error, func()) {
			var c *Copy
			return func() (err error) { c, err = NewCopy(w.env, make([]byte, 5*page)); return err }, func() { c.Discard() }
		}},
		{"an object that is reserved", func(t *testing.T, w *world) (func() error, func()) {
			var o *Object
			return func() error {
				r, err := w.env.Frames.Reserve(70)
				if err != nil {
					return err
				}
				if o, err = NewReserved(w.env, 70*page, r); err != nil {
					r.Release()
				}
				return err
			}, func() { o.Release() }
		}},
		{"set_size", func(t *testing.T, w *world) (func() error, func()) {
			o := w.reserved(t, 3)
			return func() error { return o.SetLimit(200 * page) }, o.Release
		}},
		{"contiguous memory", func(t *testing.T, w *world) (func() error, func()) {
			m := w.newMap(t)
			return func() error { _, _, err := m.AllocateContiguous(4*page, 0, w.env.Mem.Limit(), page); return err }, m.Destroy
		}},
		{"vm_remap's object", func(t *testing.T, w *world) (func() error, func()) {
			m := filled(t, w, 4)
			var o *Object
			return func() (err error) { o, _, err = m.Share(at(1), 2*page, mach.ProtDefault); return err }, func() {
				o.Release()
				m.Destroy()
			}
		}},
		{"nothing", func(*testing.T, *world) (func() error, func()) { return func() error { return nil }, none }},
	}
}

// TestEveryAllocationFails gives each operation no frame, then one, and so on, and no object or entry likewise: until it has what it needs it
// fails with ResourceShortage, nothing is lost, and what it did not do it can do later.
func TestEveryAllocationFails(t *testing.T) {
	for _, f := range failings() {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(4 << 20)
			do, undo := f.prepare(t, w)
			w.check(t)
			w.exhaust(t, "frames", do, func(n int) (restore func()) {
				for w.env.Frames.ZeroSome(64) != 0 {
				}
				hoard := w.hoard(t)
				for range min(n, len(hoard)) {
					w.env.Frames.Free(hoard[len(hoard)-1])
					hoard = hoard[:len(hoard)-1]
				}
				return func() {
					for _, p := range hoard {
						w.env.Frames.Free(p)
					}
				}
			})
			undo()
			w.check(t)
			if left := w.env.Frames.Stats().Taken - w.env.Ledger().Total(); left != 0 {
				t.Errorf("%d frames have no owner", left)
			}
		})
	}
}

func TestEveryStructureFails(t *testing.T) {
	for _, f := range failings() {
		for _, what := range []string{"objects", "entries"} {
			t.Run(f.name+", "+what, func(t *testing.T) {
				w := newWorld(4 << 20)
				do, undo := f.prepare(t, w)
				if err := w.env.init(); err != nil {
					t.Fatal(err)
				}
				limit, used := &w.env.MaxObjects, w.env.objectCount
				if what == "entries" {
					limit, used = &w.env.MaxEntries, w.env.entryCount
				}
				w.exhaust(t, what, do, func(n int) func() {
					old := *limit
					*limit = used + n
					return func() { *limit = old }
				})
				undo()
				w.check(t)
			})
		}
	}
}

// exhaust calls do with 0, 1, 2 ... of something left, until it succeeds.
func (w *world) exhaust(t *testing.T, what string, do func() error, leave func(n int) (restore func())) {
	t.Helper()
	for n := range 400 {
		restore := leave(n)
		before := w.env.Ledger()
		err := do()
		after := w.env.Ledger()
		restore()
		if err := w.env.Check(); err != nil {
			t.Fatalf("with %d %s left: %v", n, what, err)
		}
		w.check(t)
		if err == nil {
			return
		}
		if mach.Code(err) != mach.ResourceShortage {
			t.Fatalf("with %d %s left: %v", n, what, err)
		}
		// A table, a node or pages that were filled already may stay, as the next try wants them.
		if lost := int(after.Total()) - int(before.Total()); lost > n && what == "frames" {
			t.Fatalf("with %d %s left: %s", n, what, fmt.Sprintf("%+v, before %+v", after, before))
		}
	}
	t.Fatalf("it wants more than 400 %s", what)
}
