package vm

import (
	"testing"

	"defpager/mach"
)

func TestMapArguments(t *testing.T) {
	const end = mach.MaxUser
	w := newWorld(16 << 20)
	o := w.reserved(t, 4)
	good := func(change func(*MapArgs)) MapArgs {
		a := MapArgs{Address: base, Size: 2 * page, Object: o, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy}
		change(&a)
		return a
	}
	for _, c := range []struct {
		name string
		args MapArgs
		want mach.Return
		at   mach.VirtAddr
	}{
		{"exact", good(func(a *MapArgs) {}), mach.Success, base},
		{"rounded", good(func(a *MapArgs) { a.Address += 5; a.Size = page + 1 }), mach.Success, base},
		{"anywhere", good(func(a *MapArgs) { a.Anywhere = true; a.Address = base + 1 }), mach.Success, base},
		{"size 0", good(func(a *MapArgs) { a.Size = 0 }), mach.InvalidArgument, 0},
		{"offset misaligned", good(func(a *MapArgs) { a.Offset = 1 }), mach.InvalidArgument, 0},
		{"offset overflows", good(func(a *MapArgs) { a.Offset = ^uint64(page - 1) }), mach.InvalidArgument, 0},
		{"current beyond maximum", good(func(a *MapArgs) { a.Max = mach.ProtRead }), mach.InvalidArgument, 0},
		{"unknown protection", good(func(a *MapArgs) { a.Cur = 8; a.Max = 15 }), mach.InvalidArgument, 0},
		{"unknown inheritance", good(func(a *MapArgs) { a.Inherit = 3 }), mach.InvalidArgument, 0},
		{"below the space", good(func(a *MapArgs) { a.Address = mach.MinUser - page }), mach.InvalidAddress, 0},
		{"address 0", good(func(a *MapArgs) { a.Address = 0 }), mach.InvalidAddress, 0},
		{"across the end", good(func(a *MapArgs) { a.Address = end - page }), mach.InvalidAddress, 0},
		{"beyond the end", good(func(a *MapArgs) { a.Address = end }), mach.InvalidAddress, 0},
		{"address overflows", good(func(a *MapArgs) { a.Address = ^mach.VirtAddr(0) }), mach.InvalidAddress, 0},
		{"size overflows", good(func(a *MapArgs) { a.Size = ^uint64(0) }), mach.InvalidAddress, 0},
		{"larger than the space", good(func(a *MapArgs) { a.Object = nil; a.Anywhere = true; a.Size = 1 << 47 }), mach.NoSpace, 0},
		{"last page", good(func(a *MapArgs) { a.Address = end - 2*page }), mach.Success, end - 2*page},
		{"against the mask", good(func(a *MapArgs) { a.Address = base + page; a.Mask = mach.SuperSize - 1 }), mach.NoSpace, 0},
		{"aligned by the mask", good(func(a *MapArgs) { a.Anywhere = true; a.Address = base + page; a.Mask = mach.SuperSize - 1 }), mach.Success, base + mach.SuperSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := w.newMap(t)
			at, err := m.Map(&c.args)
			if got := mach.Code(err); got != c.want || err == nil && at != c.at {
				t.Errorf("vm_map answers %v, %#x; want %v, %#x", got, uint64(at), c.want, uint64(c.at))
			}
			w.check(t)
			m.Destroy()
		})
	}
	o.Release()
	w.check(t)
}

// answers is a check of an operation's code, and of everything after it.
func (w *world) answers(t *testing.T) func(want mach.Return, err error) {
	return func(want mach.Return, err error) {
		t.Helper()
		if mach.Code(err) != want {
			t.Fatalf("got %v, want %v", err, want)
		}
		w.check(t)
	}
}

func TestTakenRanges(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	must := w.answers(t)
	_, err := m.Allocate(base+page, 2*page, false)
	must(mach.Success, err)
	for _, at := range []mach.VirtAddr{base, base + page, base + 2*page} {
		_, err = m.Allocate(at, 2*page, false)
		must(mach.NoSpace, err)
	}
	at, err := m.Allocate(base, 0, true)
	must(mach.Success, err)
	if at != 0 {
		t.Fatalf("vm_allocate of nothing is at %#x, want 0", uint64(at))
	}
	at, err = m.Allocate(base, 2*page, true)
	must(mach.Success, err)
	if at != mach.MinUser {
		t.Fatalf("vm_allocate anywhere is at %#x, want the lowest address", uint64(at))
	}
	must(mach.Success, m.Deallocate(base+2*page, page))
	must(mach.Success, m.Deallocate(base, 100*page)) // holes are fine
	must(mach.Success, m.Deallocate(base, 0))
	must(mach.Success, m.Deallocate(0, ^uint64(0)))
	if m.Size() != 0 {
		t.Fatalf("%d bytes are mapped still", m.Size())
	}
	m.Destroy()
	w.check(t)
}

func TestProtectInheritRegion(t *testing.T) {
	w := newWorld(16 << 20)
	m := w.newMap(t)
	must := w.answers(t)
	_, err := m.Allocate(base, 4*page, false)
	must(mach.Success, err)
	must(mach.InvalidArgument, m.Protect(base, page, false, 0x40))
	must(mach.InvalidArgument, m.Inherit(base, page, 7))
	must(mach.Success, m.Protect(base+page, page, true, mach.ProtRead))
	must(mach.ProtectionFailure, m.Protect(base, 4*page, false, mach.ProtDefault))
	if err := w.store(m, base, 1); err != nil {
		t.Fatalf("a refused vm_protect changed the first page: %v", err)
	}
	must(mach.ProtectionFailure, w.store(m, base+page, 1))
	must(mach.Success, m.Inherit(base+2*page, page, mach.InheritNone))
	var got []Region
	m.Entries(func(r Region) bool { got = append(got, r); return true })
	if len(got) != 4 || got[1].Prot != mach.ProtRead || got[1].MaxProt != mach.ProtRead || got[2].Inherit != mach.InheritNone {
		t.Fatalf("regions are %+v", got)
	}
	r, err := m.Region(0)
	must(mach.Success, err)
	if r.Address != base || r.Size != page {
		t.Fatalf("vm_region of 0 finds %+v", r)
	}
	_, err = m.Region(base + 4*page)
	must(mach.NoSpace, err)
	m.Destroy()
	w.check(t)
}
