package vm

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

func TestFailingCopies(t *testing.T) {
	for name, c := range map[string]struct {
		off, size uint64
		dealloc   bool
	}{
		"a few bytes":                  {page - 3, 100, false},
		"a few pages":                  {0, 8 * page, false},
		"whole pages":                  {0, 12 * page, false},
		"pages in the middle":          {page, 10 * page, false},
		"bytes at both ends":           {100, 11*page + 5, false},
		"bytes at both ends, taken":    {100, 11*page + 5, true},
		"pages in the middle, taken":   {page, 10 * page, true},
		"a few bytes, and pages taken": {page + 3, page, true},
	} {
		failInTurn(t, "vm_map_copyin of "+name, func(t *testing.T, w *world) attempt {
			m := w.twelve(t)
			var copy *Copy
			return attempt{
				do:     func() (err error) { copy, err = m.CopyMapIn(base+mach.VirtAddr(c.off), c.size, c.dealloc); return err },
				before: w.holds(t, m, base, 1, 12),
				after: func() {
					if !c.dealloc {
						w.holds(t, m, base, 1, 12)()
					}
					b := make([]byte, c.size)
					must(t, copy.ReadAt(b, 0))
					for i := range uint64(12) {
						if at := i*page - c.off; at < c.size && b[at] != byte(i+1) {
							t.Fatalf("page %d of the copy holds %d", i, b[at])
						}
					}
				},
				end: func() { copy.Discard() },
			}
		})
	}
	failInTurn(t, "vm_map_copyin of shared memory", func(t *testing.T, w *world) attempt {
		m := w.twelve(t)
		must(t, m.Inherit(base, 12*page, mach.InheritShare))
		sharer, err := m.Fork()
		must(t, err)
		var copy *Copy
		return attempt{
			do:     func() (err error) { copy, err = m.CopyMapIn(base, 12*page, false); return err },
			before: w.holds(t, sharer, base, 1, 12),
			after:  func() { w.mustStore(t, sharer, base, 50); w.expect(t, m, base, 50) },
			end:    func() { copy.Discard() },
		}
	})
	failInTurn(t, "a copy that the kernel writes", func(t *testing.T, w *world) attempt {
		var copy *Copy
		return attempt{
			do:  func() (err error) { copy, err = NewCopy(w.env, make([]byte, 3*page)); return err },
			end: func() { copy.Discard() },
		}
	})
	failInTurn(t, "vm_map of a copy of a reserved object", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 4)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base, 1)
		a := MapArgs{Address: base + 1<<30, Size: 4 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll}
		return attempt{
			do:    func() error { _, err := m.Map(&a); return err },
			after: func() { w.mustStore(t, m, base, 2); w.expect(t, m, base+1<<30, 1) },
			end:   o.Release,
		}
	})
	for name, pages := range map[string]mach.VirtAddr{"few": 3, "all": 12} {
		target := func(t *testing.T, w *world) *Map {
			m := w.twelve(t)
			_, err := m.Allocate(base+1<<30-page, 14*page, false) // a write over part of it cuts it
			must(t, err)
			for i := range mach.VirtAddr(12) {
				w.mustStore(t, m, base+1<<30+i*page, byte(101+i))
			}
			return m
		}
		// A write may stop in the middle: each page is what it was or what it is to be.
		half := func(t *testing.T, w *world, m *Map) func() {
			return func() {
				for i := range pages {
					old, now := byte(101+i), byte(1+i)
					if b, err := w.load(m, base+1<<30+i*page); err != nil || b != old && b != now {
						t.Fatalf("page %d holds %d, %v", i, b, err)
					}
				}
				for i := pages; i < 12; i++ {
					w.expect(t, m, base+1<<30+i*page, byte(101+i))
				}
			}
		}
		failInTurn(t, "vm_copy of "+name+" pages", func(t *testing.T, w *world) attempt {
			m := target(t, w)
			return attempt{
				do:     func() error { return m.Copy(base, uint64(pages)*page, base+1<<30) },
				before: half(t, w, m),
				after:  w.holds(t, m, base+1<<30, 1, int(pages)),
			}
		})
		failInTurn(t, "vm_write of "+name+" pages over copy-on-write memory", func(t *testing.T, w *world) attempt {
			m := target(t, w)
			child, err := m.Fork()
			must(t, err)
			c, err := m.CopyMapIn(base, uint64(pages)*page, false)
			must(t, err)
			return attempt{
				do:     func() error { return child.Write(base+1<<30, c) },
				before: half(t, w, child),
				after:  func() { w.holds(t, child, base+1<<30, 1, int(pages))(); w.holds(t, m, base+1<<30, 101, 12)() },
			}
		})
		failInTurn(t, "vm_write of "+name+" pages over shared memory that was copied", func(t *testing.T, w *world) attempt {
			m := target(t, w)
			must(t, m.Inherit(base+1<<30, 12*page, mach.InheritShare))
			child, err := m.Fork()
			must(t, err)
			old, err := m.CopyMapIn(base+1<<30, 12*page, false)
			must(t, err)
			c, err := m.CopyMapIn(base, uint64(pages)*page, false)
			must(t, err)
			return attempt{
				do:     func() error { return child.Write(base+1<<30, c) },
				before: half(t, w, m),
				after: func() {
					w.holds(t, m, base+1<<30, 1, int(pages))()
					va, err := m.CopyMapOut(old)
					must(t, err)
					w.holds(t, m, va, 101, 12)()
				},
			}
		})
		if pages < 12 {
			continue // in place
		}
		failInTurn(t, "vm_write of "+name+" pages", func(t *testing.T, w *world) attempt {
			m := target(t, w)
			c, err := m.CopyMapIn(base, uint64(pages)*page, false)
			must(t, err)
			return attempt{
				do:     func() error { return m.Write(base+1<<30, c) },
				before: half(t, w, m),
				after:  w.holds(t, m, base+1<<30, 1, int(pages)),
			}
		})
	}
	// What came in a message is mapped whatever happens: only wiring it may have to wait.
	failing := newWorld(16 << 20)
	failing.env.Frames.Fuse = new(board.Fuse)
	m := failing.twelve(t)
	must(t, m.WireAll(false, true))
	c, err := m.CopyMapIn(base, 12*page, false)
	must(t, err)
	failing.env.Frames.Fuse.Light(1)
	va, err := m.CopyMapOut(c)
	must(t, err)
	failing.env.Frames.Fuse.Light(0)
	failing.holds(t, m, va, 1, 12)()
	failing.allOwned(t)
}

func TestFailingObjects(t *testing.T) {
	failInTurn(t, "a reserved object", func(t *testing.T, w *world) attempt {
		var o *Object
		return attempt{
			do: func() error {
				r, err := w.env.Frames.Reserve(600)
				if err == nil {
					if o, err = NewReserved(w.env, 600*page, r); err != nil {
						r.Release()
					}
				}
				return err
			},
			end: func() { o.Release() },
		}
	})
	failInTurn(t, "more of a reserved object", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 4)
		m := w.newMap(t)
		mapObject(t, m, MapArgs{Address: base, Size: 600 * page, Object: o})
		return attempt{
			do: func() error { return o.SetLimit(600 * page) },
			before: func() {
				if o.Limit() != 4*page {
					t.Fatalf("the object that could not grow has %d bytes", o.Limit())
				}
			},
			after: func() { w.mustStore(t, m, base+599*page, 1) },
			end:   o.Release,
		}
	})
	failInTurn(t, "less of a reserved object that was copied", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 600)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base+7*page, 7)
		mapObject(t, m, MapArgs{Address: base + 1<<30, Size: 600 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		return attempt{
			do: func() error { return o.SetLimit(5 * page) },
			after: func() {
				// The copy holds the page, or says that it is lost: it never shows zeros.
				if b, err := w.load(m, base+1<<30+7*page); err == nil && b != 7 || err != nil && mach.Code(err) != mach.MemoryError {
					t.Fatalf("the copy shows %d, %v", b, err)
				}
			},
			end: o.Release,
		}
	})
	failInTurn(t, "a writer of a reserved object that was copied", func(t *testing.T, w *world) attempt {
		o := w.reserved(t, 600)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base+7*page, 7)
		mapObject(t, m, MapArgs{Address: base + 1<<30, Size: 600 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		return attempt{
			do:    func() error { return w.store(m, base+7*page, 8) },
			after: func() { w.expect(t, m, base+7*page, 8) },
			end:   o.Release,
		}
	})
	failInTurn(t, "an anonymous object", func(t *testing.T, w *world) attempt {
		var o *Object
		return attempt{do: func() (err error) { o, err = NewAnonymous(w.env, 5*page); return err }, end: func() { o.Release() }}
	})
	failInTurn(t, "an object of memory that is there", func(t *testing.T, w *world) attempt {
		var o *Object
		return attempt{
			do: func() (err error) {
				o, err = NewPhysical(w.env, board.Range{Start: page, Size: page}, mach.ProtRead)
				return err
			},
			end: func() { o.Release() },
		}
	})
	failInTurn(t, "the end of a copy, joined with what is below", func(t *testing.T, w *world) attempt {
		m := w.newMap(t)
		_, err := m.Allocate(base, 1024*page, false)
		must(t, err)
		for i := mach.VirtAddr(0); i < 1024; i += 70 {
			w.mustStore(t, m, base+i*page, byte(i))
		}
		c, err := m.CopyMapIn(base, 1024*page, false)
		must(t, err)
		for i := mach.VirtAddr(5); i < 1024; i += 130 {
			w.mustStore(t, m, base+i*page, byte(i))
		}
		return attempt{
			do: func() error {
				if c != nil {
					c.Discard()
					c = nil
				}
				return w.store(m, base+1000*page, 9)
			},
			after: func() {
				for i := mach.VirtAddr(0); i < 1024; i += 70 {
					w.expect(t, m, base+i*page, byte(i))
				}
				for i := mach.VirtAddr(5); i < 1024; i += 130 {
					w.expect(t, m, base+i*page, byte(i))
				}
			},
		}
	})
}
