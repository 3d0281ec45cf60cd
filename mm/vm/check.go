package vm

import (
	"fmt"

	"defpager/mach"
	"defpager/mm/pmap"
)

// Check verifies every invariant of all maps and objects, and that no frame has two owners. It is slow and allocates: for
// tests and the monitor.
func (env *Env) Check() error {
	if env.nodes.frames == nil {
		return nil
	}
	if err := env.nodes.check(); err != nil {
		return err
	}
	owners := make(map[mach.PhysAddr]*Object)
	objects := 0
	var promised, used uint64
	accounts := make(map[*Account]Account)
	for o := range env.Objects {
		objects++
		if a := o.pages.payer; a != nil {
			sum := accounts[a]
			sum.held++
			sum.Reserved += o.Reserved()
			sum.Out += mach.PageNumber(o.pages.out)
			if o.overcommit {
				sum.Overcommitted++
			}
			if o.overcommit || o.kind == reserved {
				sum.Objects++
			}
			accounts[a] = sum
		}
		if err := o.check(owners); err != nil {
			return fmt.Errorf("object %d (%s): %w", o.id, o.kind, err)
		}
		used += uint64(o.pages.nodes)
		if o.kind == managed {
			used += uint64(o.pager.marks.nodes)
			if x := o.pager.external; x != nil {
				used += uint64(x.free.nodes + x.ghosts.nodes)
			}
		}
		if o.kind == reserved {
			promised += nodesFor(o.limit) - uint64(o.pages.nodes)
		}
	}
	if objects != env.pool.count {
		return fmt.Errorf("%d objects listed, %d counted", objects, env.pool.count)
	}
	if promised != env.nodes.promised || used != env.nodes.used {
		return fmt.Errorf("radix nodes: %d promised and %d used, the pool says %d and %d", promised, used, env.nodes.promised, env.nodes.used)
	}
	listed := 0
	for a := env.pool.charged; a != nil; a = a.next {
		listed++
		sum := accounts[a]
		if sum.Limits, sum.next, sum.prev = a.Limits, a.next, a.prev; *a != sum {
			return fmt.Errorf("an account is %+v, and its objects make %+v", *a, sum)
		}
	}
	if listed != len(accounts) {
		return fmt.Errorf("%d accounts are charged, %d listed", len(accounts), listed)
	}
	if err := env.pool.check(); err != nil {
		return err
	}
	if err := env.checkStock(); err != nil {
		return err
	}
	for m := env.maps; m != nil; m = m.next {
		if err := m.Check(); err != nil {
			return err
		}
	}
	return nil
}

// check verifies one object, and enters its frames into owners.
func (o *Object) check(owners map[mach.PhysAddr]*Object) error {
	if o.Refs() <= 0 && o.kind != managed {
		return fmt.Errorf("lives without a reference")
	}
	mapped := 0
	if err := o.mappings.check(func(s *interval[Entry]) error {
		mapped++
		if e := s.of; e.object != o || s != &e.place || s.end != s.first+e.pages() {
			return fmt.Errorf("mapping at %#x is linked wrongly", e.start)
		}
		return nil
	}); err != nil {
		return err
	}
	above, copySeen := 0, o.copy == nil
	if err := o.above.check(func(s *interval[Object]) error {
		a := s.of
		copySeen = copySeen || a == o.copy
		above++
		if a.shadow != o || s != &a.cover || s.first != a.shadowOffset || s.end != a.shadowOffset+a.shadowEnd {
			return fmt.Errorf("object %d above is linked wrongly", a.id)
		}
		return nil
	}); err != nil {
		return err
	}
	if mapped != o.Mapped() || above != o.aboveCount || !copySeen {
		return fmt.Errorf("%d mappings and %d objects above, counted %d and %d", mapped, above, o.mapped, o.aboveCount)
	}
	if o.shadowEnd > 0 && o.shadow == nil || o.shadowEnd > o.limit {
		return fmt.Errorf("shows %d pages of its shadow, with %d of its own", o.shadowEnd, o.limit)
	}
	if o.shadow != nil && o.kind != managed && (o.kind != anonymous || !o.behind && o.shadow.Refs() == 1 && o.shadow.kind == anonymous && !o.shadow.lost) {
		return fmt.Errorf("should have collapsed with object %d", o.shadow.id)
	}
	if err := o.pages.check(&o.env.nodes); err != nil {
		return err
	}
	if o.kind == managed {
		if err := o.pager.check(); err != nil {
			return err
		}
	}
	return o.checkPages(owners)
}

func (o *Object) checkPages(owners map[mach.PhysAddr]*Object) error {
	if o.kind == reserved && mach.PageNumber(o.promised+o.pages.count) != o.limit || o.pages.out != 0 && o.kind != anonymous {
		return fmt.Errorf("%d pages reserved and %d resident of %d", o.promised, o.pages.count, o.limit)
	}
	if o.kind == reserved && uint64(o.pages.nodes) > nodesFor(o.limit) {
		return fmt.Errorf("%d radix nodes for %d pages, more than were promised", o.pages.nodes, o.limit)
	}
	if o.kind == physical {
		return nil
	}
	for n, p := range o.Pages {
		if n >= o.limit {
			return fmt.Errorf("page %d is resident beyond the limit %d", n, o.limit)
		}
		if other := owners[p]; other != nil {
			return fmt.Errorf("frame %#x is also object %d's", uint64(p), other.id)
		}
		owners[p] = o
		if o.resident(n)&slotSuper == 0 {
			continue
		}
		first := n &^ (superPages - 1)
		if s := o.resident(first); s&slotSuper == 0 || s.frame()&(mach.SuperSize-1) != 0 || p != s.frame()+mach.PhysAddr((n-first).Bytes()) {
			return fmt.Errorf("page %d is not part of a superpage", n)
		}
	}
	return nil
}

// Check verifies the map's tree and entries, and holds every page-table leaf against what a fault would find.
func (m *Map) Check() error {
	if err := m.checkTree(); err != nil {
		return err
	}
	for e := m.head.next; e != nil; e = e.next {
		if err := m.checkEntry(e); err != nil {
			return fmt.Errorf("entry %#x-%#x: %w", uint64(e.start), uint64(e.end), err)
		}
	}
	if err := m.pmap.Check(); err != nil {
		return err
	}
	for va, leaf := range m.pmap.Leaves {
		for at := uint64(0); at < leaf.Size; at += mach.PageSize {
			if err := m.checkLeaf(va+mach.VirtAddr(at), leaf.Address+mach.PhysAddr(at), leaf); err != nil {
				return fmt.Errorf("page table at %#x: %w", uint64(va)+at, err)
			}
		}
	}
	return nil
}

func (m *Map) checkEntry(e *Entry) error {
	switch {
	case e.m != m:
		return fmt.Errorf("belongs to another map")
	case e.start >= e.end || e.start.Offset() != 0 || e.end.Offset() != 0 || e.start < mach.MinUser || e.end > mach.MaxUser:
		return fmt.Errorf("not a range of user pages")
	case !e.max.Allows(e.prot):
		return fmt.Errorf("protection %s, maximum %s", e.prot, e.max)
	case e.needsCopy && e.object == nil:
		return fmt.Errorf("needs a copy of nothing")
	case e.prev != &m.head && e.prev.like(e):
		return fmt.Errorf("not joined with its neighbour")
	}
	return nil
}

// checkLeaf verifies one mapped page.
func (m *Map) checkLeaf(va mach.VirtAddr, p mach.PhysAddr, leaf pmap.Leaf) error {
	e := m.find(va)
	if e == nil || e.object == nil {
		return fmt.Errorf("nothing is mapped here")
	}
	allowed := e.prot | mach.ProtRead
	if !m.env.Pmap.NX {
		allowed |= mach.ProtExecute
	}
	if e.prot == mach.ProtNone || !allowed.Allows(leaf.Prot) {
		return fmt.Errorf("%s where the entry allows %s", leaf.Prot, e.prot)
	}
	n := e.page(va)
	s, owner := e.object.shown(n)
	if owner == nil || s.frame() != p {
		return fmt.Errorf("frame %#x where a fault finds %#x", uint64(p), uint64(s.frame()))
	}
	if owner.kind == managed && owner == e.object && s.lock()&leaf.Prot != 0 {
		return fmt.Errorf("%s, though %s is locked", leaf.Prot, s.lock())
	}
	if leaf.Prot&mach.ProtWrite == 0 {
		return nil
	}
	if owner.kind == managed && s&slotDirty == 0 {
		return fmt.Errorf("writable, though page %d counts as clean", n)
	}
	if o := e.object; o.behind && owner == o.shadow && !e.needsCopy {
		return nil // o alone sees it, and was to take it over
	}
	if owner != e.object || e.needsCopy {
		return fmt.Errorf("writable, though page %d is not only the entry's", n)
	}
	for v := owner.mappings.at(n); v != nil; v = v.after(n) {
		if x := v.of; x.needsCopy {
			return fmt.Errorf("writable, though a copy of page %d is mapped at %#x", n, uint64(x.start))
		}
	}
	for v := owner.above.at(n); v != nil; v = v.after(n) {
		if a := v.of; !a.has(n-v.first) && !a.lost && a.kind != managed {
			return fmt.Errorf("writable, though object %d shows page %d", a.id, n)
		}
	}
	return nil
}

// shown is find for what is in the page tables already: a loss leaves it there, until it is superseded.
func (o *Object) shown(n mach.PageNumber) (slot, *Object) {
	for {
		s := o.resident(n)
		m, ok := o.below(n)
		switch {
		case s != 0:
			return s, o
		case !ok:
			return 0, nil
		}
		o, n = o.shadow, m
	}
}
