package vm

import "defpager/mach"

// Entry maps a range of a map's addresses to a range of an object. Entries of one map do not overlap, and neighbours that
// say the same are one entry. The entries of a Copy belong to no map; their addresses start at 0.
//
// Entries lie in frames, where the garbage collector does not see what they point to: Env lists all maps and all objects.
type Entry struct {
	m          *Map          // nil: of a Copy
	start, end mach.VirtAddr // page aligned, end exclusive

	object *Object         // nil: zeros that nobody has touched yet
	place  interval[Entry] // the pages of object that it shows; among its other mappings

	prot, max mach.Prot
	inherit   mach.Inherit
	spare     bool      // it lies on Go's heap, not in a frame
	stays     bool      // of a Copy: see Copy.Stay
	wired     mach.Prot // accesses that are not to fault; see Wire
	needsCopy bool      // others see the object's pages too: writing needs a shadow first

	// The page of the object after the last one that a fault filled or mapped: a fault right there is one of a run.
	ahead mach.PageNumber

	prev, next   *Entry // neighbours by address
	links[Entry]        // in the map's tree, see tree.go
	priority     uint32
	gap, maxGap  uint64
}

// nowhere is an ahead that no fault meets.
const nowhere = ^mach.PageNumber(0)

// fairEntries is how many entries a map may have as long as there is any left.
const fairEntries = 256

// newEntry takes an entry from the pool for a map that has own of them. It fails with ResourceShortage when there is none, and when the map has
// more than are left for all others: so a map that takes all it can get leaves half of them, and the next such half of that.
func (env *Env) newEntry(own int) (*Entry, error) {
	if left := env.MaxEntries - env.entryCount; left <= 0 || own >= fairEntries && own >= left || env.Frames.Fuse.Blows() {
		return nil, mach.ResourceShortage
	}
	e := env.entries.Get()
	if e == nil {
		return nil, mach.ResourceShortage
	}
	env.entryCount++
	e.ahead, e.place.of = nowhere, e
	return e, nil
}

// takeEntry is newEntry without the limit, and without a frame if need be.
func (env *Env) takeEntry() *Entry {
	env.entryCount++
	e := env.entries.Get()
	if e == nil {
		e = env.takeSpare()
	}
	e.ahead, e.place.of = nowhere, e
	return e
}

// freeEntry returns an entry that is in no list, tree or map to the pool.
func (env *Env) freeEntry(e *Entry) {
	env.entryCount--
	if e.spare {
		env.putSpare(e)
		return
	}
	env.entries.Put(e)
}

// newEntry is Env.newEntry for one more of the map's. A default memory manager's may lie in a frame that was set aside.
func (m *Map) newEntry() (*Entry, error) {
	e, err := m.env.newEntry(m.count)
	if err != nil && m.resident && m.env.entryCount < m.env.MaxEntries && m.env.UseSpare() {
		return m.env.newEntry(m.count)
	}
	return e, err
}

func (e *Entry) size() uint64 { return uint64(e.end - e.start) }

func (e *Entry) pages() mach.PageNumber { return mach.PageNumber(e.end-e.start) >> mach.PageShift }

// page is the page of the object that is mapped at va, an address of the entry.
func (e *Entry) page(va mach.VirtAddr) mach.PageNumber {
	return e.place.first + mach.PageNumber(va-e.start)>>mach.PageShift
}

// at is where page n of the object, one of those that e maps, is mapped.
func (e *Entry) at(n mach.PageNumber) mach.VirtAddr {
	return e.start + mach.VirtAddr((n - e.place.first).Bytes())
}

// mapObject makes e one of o's mappings. e has no object.
func (e *Entry) mapObject(o *Object, offset mach.PageNumber) {
	e.object = o
	o.mappings.add(&e.place, offset, offset+e.pages(), o.env)
	o.mapped++
}

// unmapObject takes e off its object's mappings. The caller then calls dropped on the object.
func (e *Entry) unmapObject() {
	o := e.object
	o.mappings.remove(&e.place)
	o.mapped--
	e.object = nil
}

// dispose drops e's object and frees e. No page table shows e's range.
func (e *Entry) dispose(env *Env) {
	e.drop()
	env.freeEntry(e)
}

// drop takes e off its object, with the pages that nobody else can see any more. No page table shows e's range.
func (e *Entry) drop() {
	o := e.object
	if o == nil {
		return
	}
	if o.mapped > 1 && !o.delayed() && e.alone() {
		o.discard(e.place.first, e.place.end)
	}
	e.unmapObject()
	o.dropped()
}

// backing is e's object, made now if e has none. It fails with ResourceShortage.
func (e *Entry) backing(env *Env) (*Object, error) {
	if e.object == nil {
		first := mach.PageNumber(0)
		if e.pages() >= superPages {
			first = mach.PageNumber(e.start>>mach.PageShift) & (superPages - 1) // addresses run parallel to superpages of the object
		}
		o, err := env.newObject(anonymous, first+e.pages())
		if err != nil {
			return nil, err
		}
		e.mapObject(o, first)
		if e.m != nil {
			e.m.own(o)
		}
	}
	return e.object, nil
}

// access is what the page tables allow at most. The processor reads whatever it may write or execute: without reading, a page
// that may only be written would be in no page table while it is copy-on-write, and a load of it would fault for ever.
func (e *Entry) access() mach.Prot {
	if e.prot == mach.ProtNone {
		return mach.ProtNone
	}
	return e.prot | mach.ProtRead
}

// writeProtect takes the write permission out of the page tables, so that the next write faults.
func (e *Entry) writeProtect() {
	if e.m != nil && e.prot&mach.ProtWrite != 0 {
		e.m.pmap.Protect(e.start, e.end, e.access()&^mach.ProtWrite)
	}
}

// like reports whether f, which begins where e ends, says the same as e, so that the two can be one.
func (e *Entry) like(f *Entry) bool {
	return e.end == f.start && e.object == f.object &&
		(e.object == nil || e.place.end == f.place.first) &&
		e.sameAttributes(f)
}

func (e *Entry) sameAttributes(f *Entry) bool {
	return e.prot == f.prot && e.max == f.max && e.inherit == f.inherit && e.needsCopy == f.needsCopy && e.wired == f.wired
}

// extends reports whether e's object can grow to cover f as well: f is zeros, and e alone maps the object up to its end.
func (e *Entry) extends(f *Entry) bool {
	o := e.object
	return e.end == f.start && o != nil && f.object == nil && e.sameAttributes(f) &&
		o.kind == anonymous && !o.shared && !o.lost && o.holders == 0 && o.mapped == 1 && o.aboveCount == 0 &&
		!e.needsCopy && e.place.end == o.limit
}
