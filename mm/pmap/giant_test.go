package pmap

import (
	"testing"

	"defpager/mach"
)

// A page of 1 GiB takes one entry, is split where a part of it changes, into pages of 2 MiB and only around the part into those of 4 KiB, and takes
// the place of whatever was there.
func TestGiantPages(t *testing.T) {
	env, mmu := newEnv()
	env.Giant = true
	before := env.Frames.Stats()
	p, err := New(env)
	if err != nil {
		t.Fatal(err)
	}
	const giant, at, to = mach.GiantSize, mach.MinUser + 7<<30, 5 << 30
	const size mach.VirtAddr = giant
	shows := func(va mach.VirtAddr, want mach.Prot) {
		t.Helper()
		for _, access := range []mach.Prot{mach.ProtRead, mach.ProtWrite} {
			pa, err := mmu.Translate(p.Root(), va+5, access)
			if (err == nil) != want.Allows(access) || err == nil && pa != to+mach.PhysAddr(va-at)+5 {
				t.Fatalf("%v at %#x: %#x, %v; want %v", access, va, pa, err, want)
			}
			if _, ok := p.Translate(va, access); ok != (err == nil) {
				t.Fatalf("Translate at %#x: %v", va, ok)
			}
		}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
	}
	enter := func() {
		t.Helper()
		if err := p.Enter(at, to, mach.ProtDefault, giant); err != nil {
			t.Fatal(err)
		}
	}
	enter()
	for _, off := range []mach.VirtAddr{0, mach.PageSize, 3*mach.SuperSize + mach.PageSize, size - mach.PageSize} {
		shows(at+off, mach.ProtDefault)
	}
	if p.Tables() != 2 || p.Resident() != giant/mach.PageSize {
		t.Fatalf("%d tables, %d pages", p.Tables(), p.Resident())
	}
	if leaf, ok := p.Lookup(at + 12345); !ok || leaf.Size != giant || leaf.Address != to {
		t.Fatalf("%+v, %v", leaf, ok)
	}
	p.Protect(at, at+size, mach.ProtRead)
	shows(at+5*mach.SuperSize, mach.ProtRead)
	if p.Tables() != 2 {
		t.Fatalf("%d tables after a change of all", p.Tables())
	}
	p.Protect(at, at+size, mach.ProtDefault)

	const hole = at + 100*mach.SuperSize + 7*mach.PageSize
	p.Remove(hole, hole+mach.PageSize)
	shows(hole, mach.ProtNone)
	shows(hole-mach.PageSize, mach.ProtDefault)
	shows(hole+mach.PageSize, mach.ProtDefault)
	shows(at+size-mach.PageSize, mach.ProtDefault)
	if p.Tables() != 4 || p.Resident() != giant/mach.PageSize-1 {
		t.Fatalf("%d tables, %d pages after a hole", p.Tables(), p.Resident())
	}
	p.Protect(at+2*mach.SuperSize, at+4*mach.SuperSize, mach.ProtRead)
	shows(at+2*mach.SuperSize, mach.ProtRead)
	shows(at+4*mach.SuperSize, mach.ProtDefault)
	if p.Tables() != 4 {
		t.Fatalf("%d tables", p.Tables())
	}
	enter() // over what is left of it
	shows(hole, mach.ProtDefault)
	shows(at+2*mach.SuperSize, mach.ProtDefault)
	if p.Tables() != 2 || p.Resident() != giant/mach.PageSize {
		t.Fatalf("%d tables, %d pages", p.Tables(), p.Resident())
	}
	if err := p.Enter(at+mach.SuperSize, to+mach.SuperSize, mach.ProtRead, mach.SuperSize); err != nil {
		t.Fatal(err)
	}
	shows(at+mach.SuperSize, mach.ProtRead)
	shows(at, mach.ProtDefault)

	// Without a frame for the tables of the rest the whole page goes: a fault brings it back.
	enter()
	r, err := env.Frames.Reserve(env.Frames.Stats().Free)
	if err != nil {
		t.Fatal(err)
	}
	p.Remove(hole, hole+mach.PageSize)
	shows(at, mach.ProtNone)
	if p.Resident() != 0 {
		t.Fatalf("%d pages", p.Resident())
	}
	r.Release()
	enter()
	p.Destroy()
	if after := env.Frames.Stats(); after.Free != before.Free {
		t.Fatalf("%d frames before, %d after", before.Free, after.Free)
	}
}
