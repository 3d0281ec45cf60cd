package vm

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

func TestSharedObject(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 6)
		a, b := w.newMap(t), w.newMap(t)
		mapShared(t, a, base, o)
		mapShared(t, b, base+64*page, o)
		for i := range mach.VirtAddr(6) {
			w.expect(t, a, base+i*page+9, 0)
			w.mustStore(t, b, base+(64+i)*page+9, byte(i+1))
			w.expect(t, a, base+i*page+9, byte(i+1))
		}
		// The mapping is larger than the object.
		mapObject(t, a, MapArgs{Address: base + 128*page, Size: 9 * page, Object: o})
		w.expect(t, a, base+133*page+9, 6)
		for _, access := range []mach.Prot{mach.ProtRead, mach.ProtWrite} {
			if _, err := w.touch(a, base+134*page, access); mach.Code(err) != mach.MemoryError {
				t.Errorf("%v beyond the object: %v, want KERN_MEMORY_ERROR", access, err)
			}
		}
		// A mapping that may only be read.
		mapObject(t, b, MapArgs{Address: base, Size: 6 * page, Object: o, Cur: mach.ProtRead, Max: mach.ProtRead})
		w.expect(t, b, base+9, 1)
		if err := w.store(b, base+9, 3); mach.Code(err) != mach.ProtectionFailure {
			t.Errorf("store to a read-only mapping: %v", err)
		}
		if _, err := w.touch(b, base+9, mach.ProtExecute); mach.Code(err) != mach.ProtectionFailure {
			t.Errorf("execution of data: %v", err)
		}
		if _, err := w.touch(b, base+300*page, mach.ProtRead); mach.Code(err) != mach.InvalidAddress {
			t.Errorf("load where nothing is mapped: %v", err)
		}
		w.check(t)
		o.Release() // the mappings keep it
		w.check(t)
		a.Destroy()
		w.expect(t, b, base+9, 1)
		b.Destroy()
	})
}

func TestSetLimit(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 4)
		m := w.newMap(t)
		mapObject(t, m, MapArgs{Address: base, Size: 10 * page, Object: o})
		for i := range mach.VirtAddr(4) {
			w.mustStore(t, m, base+i*page, 0x40+byte(i))
		}
		mapObject(t, m, MapArgs{Address: base + 20*page, Size: 4 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		if err := o.SetLimit(2 * page); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		if err := w.store(m, base+2*page, 1); mach.Code(err) != mach.MemoryError {
			t.Errorf("store beyond the lowered limit: %v", err)
		}
		w.expect(t, m, base+page, 0x41)
		w.expect(t, m, base+23*page, 0x43) // the copy keeps what it was made of
		if err := o.SetLimit(8 * page); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.expect(t, m, base+2*page, 0)
		w.mustStore(t, m, base+7*page, 7)
		w.expect(t, m, base+22*page, 0x42)
		free := w.env.Frames.Stats()
		if err := o.SetLimit(1 << 40); mach.Code(err) != mach.ResourceShortage {
			t.Errorf("a limit of 1 TiB: %v", err)
		}
		if after := w.env.Frames.Stats(); after != free {
			t.Errorf("a refused limit changed the frames from %+v to %+v", free, after)
		}
		w.check(t)
		o.Release()
		m.Destroy()
	})
}

// TestReservationNeverFails fills all other memory before an object is touched.
func TestReservationNeverFails(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	o := w.reserved(t, 700)
	mapObject(t, m, MapArgs{Address: base + 9*page, Size: o.Limit(), Object: o})
	// The page tables are the task's own cost: they are there before the memory is gone.
	for i := mach.VirtAddr(0); i < 700; i += 100 {
		w.expect(t, m, base+(9+i)*page, 0)
	}
	for {
		if _, err := w.env.Frames.Alloc(); err != nil {
			break
		}
	}
	for i := range mach.VirtAddr(700) {
		w.mustStore(t, m, base+(9+i)*page, byte(i))
	}
	w.check2(t)
}

// check2 is check for a world whose frames are partly the test's own.
func (w *world) check2(t fatal) {
	t.Helper()
	if err := w.env.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestSuperpages(t *testing.T) {
	w := newWorld(32 << 20)
	w.returned(t, func() {
		const super = mach.SuperSize / page
		o := w.reserved(t, 2*super)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base+3*page, 3)
		if leaf, ok := m.Pmap().Lookup(base); !ok || leaf.Size != mach.SuperSize {
			t.Errorf("an aligned object of 4 MiB is mapped by %+v", leaf)
		}
		if o.Resident() != super {
			t.Errorf("%d pages are resident after one touch, want %d", o.Resident(), super)
		}
		w.check(t)
		// Another mapping, out of step: small pages of the same frames.
		mapShared(t, m, base+8*mach.SuperSize+page, o)
		w.expect(t, m, base+8*mach.SuperSize+4*page, 3)
		// Parts of it are protected, unmapped and cut off.
		if err := m.Protect(base+5*page, page, false, mach.ProtRead); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		if err := w.store(m, base+5*page, 1); mach.Code(err) != mach.ProtectionFailure {
			t.Errorf("store to a protected page of a superpage: %v", err)
		}
		w.mustStore(t, m, base+6*page, 6)
		if err := o.SetLimit(100 * page); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		w.expect(t, m, base+6*page, 6)
		o.Release()
		m.Destroy()
	})
}

func TestPhysicalObject(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		// Frames that play a boot module.
		at, err := w.env.Frames.AllocOrder(2)
		if err != nil {
			t.Fatal(err)
		}
		w.env.Mem.Bytes(at, 4*page)[2*page+7] = 0x77
		o, err := NewPhysical(w.env, board.Range{Start: at, Size: 3 * page}, mach.ProtRead|mach.ProtExecute)
		if err != nil {
			t.Fatal(err)
		}
		m := w.newMap(t)
		mapObject(t, m, MapArgs{Address: base, Size: 3 * page, Object: o, Cur: mach.ProtRead, Max: mach.ProtRead})
		w.expect(t, m, base+2*page+7, 0x77)
		if _, err := m.Map(&MapArgs{Address: base + 8*page, Size: page, Object: o, Cur: mach.ProtDefault, Max: mach.ProtDefault}); mach.Code(err) != mach.ProtectionFailure {
			t.Errorf("a writable mapping of read-only memory: %v", err)
		}
		mapObject(t, m, MapArgs{Address: base + 16*page, Size: 3 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		w.mustStore(t, m, base+18*page+7, 1)
		w.expect(t, m, base+2*page+7, 0x77)
		if _, err := NewPhysical(w.env, board.Range{Start: at + 1, Size: page}, mach.ProtRead); err == nil {
			t.Error("a misaligned physical object was made")
		}
		o.Release()
		m.Destroy()
		w.env.Frames.FreeOrder(at, 2)
	})
}

// TestCopyOfShrunkObject: what comes into an object that grows again is not the copy's, whatever objects merge.
func TestCopyOfShrunkObject(t *testing.T) {
	w := newWorld(16 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 8)
		m := w.newMap(t)
		mapShared(t, m, base, o)
		w.mustStore(t, m, base+page, 1)
		copied := base + 16*page
		mapObject(t, m, MapArgs{Address: copied, Size: 8 * page, Object: o, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll})
		for _, limit := range []uint64{2 * page, 8 * page} {
			if err := o.SetLimit(limit); err != nil {
				t.Fatal(err)
			}
			w.check(t)
		}
		w.mustStore(t, m, base+3*page, 3)
		w.mustStore(t, m, copied, 4) // the copy and its shadow become one
		w.check(t)
		w.expect(t, m, copied+page, 1)
		w.expect(t, m, copied+3*page, 0)
		w.mustStore(t, m, base+page, 5)
		w.expect(t, m, copied+page, 1)
		w.check(t)
		o.Release()
		m.Destroy()
	})
}

// TestTreeShrinks: an object that was large needs no more radix nodes than a small one has, and grows from there.
func TestTreeShrinks(t *testing.T) {
	w := newWorld(48 << 20)
	w.returned(t, func() {
		o := w.reserved(t, 5000)
		m := w.newMap(t)
		mapShared(t, m, base+page, o) // out of step with superpages
		for _, n := range []mach.VirtAddr{0, 70, 700, 4999} {
			w.mustStore(t, m, base+(n+1)*page, byte(n+1))
		}
		for _, n := range []uint64{4500, 710, 90, 30, 1} {
			for _, limit := range []uint64{n, 5000} {
				if err := o.SetLimit(limit * page); err != nil {
					t.Fatal(err)
				}
				w.check(t)
				w.expect(t, m, base+page, 1)
			}
			for at := mach.VirtAddr(n); at < 5000; at = 2*at + 1 { // what comes again is zero
				w.expect(t, m, base+(at+1)*page, 0)
				w.mustStore(t, m, base+(at+1)*page, 9)
				w.check(t)
			}
		}
		o.Release()
		m.Destroy()
	})
}
