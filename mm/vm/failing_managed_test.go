package vm

import (
	"testing"

	"defpager/mach"
)

// managedBy is an object of a manager, mapped at base, with a page for each byte given; first says where they are.
func (w *world) managedBy(t *testing.T, strategy mach.CopyStrategy, first mach.PageNumber, bytes ...byte) (*manager, *Object, *Map) {
	t.Helper()
	g := &manager{w: w, content: make(map[uint64]byte)}
	o, err := NewManaged(w.env, g)
	must(t, err)
	m := w.newMap(t)
	mapObject(t, m, MapArgs{Address: base, Size: 600 * page, Object: o})
	o.Release()
	must(t, o.Ready(false, strategy))
	must(t, w.supply(t, o, first.Bytes(), 0, false, bytes...))
	return g, o, m
}

// asks is a fault that has a question to the manager as its outcome: that counts as done.
func asks(m *Map, va mach.VirtAddr, access mach.Prot) func() error {
	return func() error {
		err := m.Fault(va, access)
		if err == Wait {
			m.env.Forget()
			return nil
		}
		return err
	}
}

func TestFailingManagers(t *testing.T) {
	failInTurn(t, "a managed object", func(t *testing.T, w *world) attempt {
		var o *Object
		return attempt{
			do: func() (err error) {
				o, err = NewManaged(w.env, &manager{w: w, content: make(map[uint64]byte)})
				return err
			},
			end: func() { o.Release() },
		}
	})
	failInTurn(t, "memory_object_data_request", func(t *testing.T, w *world) attempt {
		g, o, m := w.managedBy(t, mach.CopyDelay, 0)
		return attempt{do: asks(m, base+500*page, mach.ProtRead), after: func() {
			must(t, w.supply(t, o, 500*page, 0, false, 5))
			w.expect(t, m, base+500*page, 5)
			if len(g.calls) != 1 {
				t.Fatalf("the manager was asked %d times for one page: %q", len(g.calls), g.calls)
			}
		}}
	})
	failInTurn(t, "memory_object_data_supply", func(t *testing.T, w *world) attempt {
		_, o, m := w.managedBy(t, mach.CopyDelay, 0)
		source := w.twelve(t)
		c, err := source.CopyMapIn(base, 12*page, false)
		must(t, err)
		from := uint64(0)
		return attempt{
			do:    func() (err error) { from, err = o.Supply(60*page, c, from, 0, true); return err },
			after: func() { w.holds(t, m, base+60*page, 1, 12)(); w.holds(t, source, base, 1, 12)() },
			end:   c.Discard,
		}
	})
	failInTurn(t, "zeros for what the manager has not", func(t *testing.T, w *world) attempt {
		_, o, m := w.managedBy(t, mach.CopyDelay, 0)
		must(t, asks(m, base+500*page, mach.ProtWrite)())
		must(t, o.Unavailable(500*page, page))
		return attempt{do: func() error { return w.store(m, base+500*page, 3) }, after: func() { w.expect(t, m, base+500*page, 3) }}
	})
	failInTurn(t, "a page that is there", func(t *testing.T, w *world) attempt {
		_, _, m := w.managedBy(t, mach.CopyDelay, 0, 1, 2, 3)
		return attempt{do: func() error { return w.store(m, base+page, 3) }, after: func() { w.holds(t, m, base+page, 3, 1)() }}
	})
	for name, what := range map[string]LockRequest{
		"kept":   {Size: 600 * page, Return: mach.ReturnAll, Lock: mach.ProtNone},
		"locked": {Size: 600 * page, Return: mach.ReturnDirty, Lock: mach.ProtWrite},
	} {
		// What was written reaches the manager, whatever is short.
		failInTurn(t, "pages that are returned and "+name, func(t *testing.T, w *world) attempt {
			g, o, m := w.managedBy(t, mach.CopyDelay, 62, 1, 2, 3, 4)
			for i := range mach.VirtAddr(4) {
				w.mustStore(t, m, base+(62+i)*page, byte(21+i))
			}
			return attempt{
				do: func() error {
					r := what
					return o.LockRequest(&r)
				},
				after: func() {
					for i := range uint64(4) {
						if got := g.content[(62+i)*page]; got != byte(21+i) {
							t.Fatalf("the manager has %d of page %d", got, 62+i)
						}
					}
				},
			}
		})
	}
	failInTurn(t, "the last mapping of written pages", func(t *testing.T, w *world) attempt {
		g, _, m := w.managedBy(t, mach.CopyDelay, 0, 1, 2, 3)
		w.mustStore(t, m, base+page, 22)
		return attempt{
			do: func() error {
				if err := m.Deallocate(base, 600*page); err != nil {
					return err
				}
				w.env.Settle()
				_, err := m.Allocate(base+1<<30, page, false)
				return err
			},
			after: func() {
				if g.content[page] != 22 {
					t.Fatalf("the manager has %d", g.content[page])
				}
			},
		}
	})
	for name, strategy := range map[string]mach.CopyStrategy{"delay": mach.CopyDelay, "none": mach.CopyNone, "call": mach.CopyCall} {
		failInTurn(t, "a copy by the strategy "+name, func(t *testing.T, w *world) attempt {
			_, o, m := w.managedBy(t, strategy, 1, 1, 2, 3, 4)
			a := copyOf(o, 4)
			return attempt{
				do: func() error { _, err := m.Map(&a); return err },
				after: func() {
					if strategy != mach.CopyCall {
						w.holds(t, m, other, 1, 4)()
						w.mustStore(t, m, base+page, 50)
						w.expect(t, m, other, 1)
					}
				},
			}
		})
	}
	failInTurn(t, "a copy of a copy that the manager made", func(t *testing.T, w *world) attempt {
		g, o, m := w.managedBy(t, mach.CopyCall, 1, 1, 2, 3, 4)
		mapObject(t, m, copyOf(o, 4))
		must(t, g.copied.Ready(false, mach.CopyDelay))
		must(t, asks(m, other+page, mach.ProtRead)())
		must(t, g.copied.Unavailable(page, page))
		return attempt{do: func() error { return w.store(m, other+page, 70) }, after: func() {
			w.expect(t, m, other+page, 70)
			w.expect(t, m, base+2*page, 2)
		}}
	})
	failInTurn(t, "vm_msync", func(t *testing.T, w *world) attempt {
		g, _, m := w.managedBy(t, mach.CopyDelay, 0, 1, 2, 3)
		w.mustStore(t, m, base+page, 22)
		return attempt{
			do: func() error {
				if err := m.Sync(base, 600*page, true, false); err != nil {
					return err
				}
				_, err := m.Allocate(base+1<<30, page, false)
				return err
			},
			after: func() {
				if g.content[page] != 22 {
					t.Fatalf("the manager has %d", g.content[page])
				}
			},
		}
	})
}
