package pmap

import (
	"testing"

	"defpager/mach"
)

func TestPruneFreesWhatServesOneHole(t *testing.T) {
	env, mmu := newEnv()
	p, err := New(env)
	if err != nil {
		t.Fatal(err)
	}
	empty := p.Tables()
	at := mach.MinUser + mach.GiantSize + 5*mach.PageSize
	frame, _ := env.Frames.Alloc()
	for _, va := range []mach.VirtAddr{at, at + mach.PageSize} {
		if err := p.Enter(va, frame, mach.ProtRead, mach.PageSize); err != nil {
			t.Fatal(err)
		}
	}
	p.Remove(at+mach.PageSize, at+2*mach.PageSize)
	p.Prune(at+mach.PageSize, mach.MaxUser, at+mach.PageSize)
	if _, err := mmu.Translate(p.Root(), at, mach.ProtRead); err != nil || p.Tables() != empty+3 {
		t.Fatalf("a table with a leaf was freed: %v, %d tables", err, p.Tables())
	}
	p.Remove(at, at+mach.PageSize)
	if p.Tables() != empty+3 {
		t.Fatalf("%d tables after Remove, want the leaf table kept", p.Tables())
	}
	// A hole of 2 MiB frees the leaf table, all of the space the three of them.
	p.Prune(at.Trunc()&^(mach.SuperSize-1), at.Trunc()&^(mach.SuperSize-1)+mach.SuperSize, at)
	if p.Tables() != empty+2 {
		t.Fatalf("%d tables after pruning 2 MiB, want %d", p.Tables(), empty+2)
	}
	p.Prune(mach.MinUser, mach.MaxUser, at)
	if p.Tables() != empty {
		t.Fatalf("%d tables after pruning everything, want %d", p.Tables(), empty)
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if err := p.Enter(at, frame, mach.ProtRead, mach.PageSize); err != nil {
		t.Fatal(err)
	}
	if _, err := mmu.Translate(p.Root(), at, mach.ProtRead); err != nil {
		t.Fatal(err)
	}
}
