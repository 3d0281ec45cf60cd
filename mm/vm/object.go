package vm

import (
	"math"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
)

// kind says where an object's frames come from and go to.
type kind uint8

const (
	anonymous kind = iota // from the allocator's unpromised frames
	reserved              // from the object's own reservation: a fault cannot fail
	physical              // they are a fixed range of memory and are never freed
	managed               // from a manager outside the kernel: see managed.go
)

func (k kind) String() string { return [...]string{"anonymous", "reserved", "physical", "managed"}[k] }

// Object is a vm_object: a run of pages that maps share, with the frames of those that are resident.
//
// An object lives as long as anything refers to it: holders (Reference), map entries, or shadow objects above it. When
// the last goes, its frames are freed at once.
//
// Objects lie in frames, as there may be a hundred thousand of them: see objectPool.
type Object struct {
	id   uint64
	kind kind

	// shared: pages may be written through more than one mapping, or are named from outside, so that a copy must be a
	// delayed one. Never unset.
	shared bool
	// lost: a page could not be pushed here for want of memory. What is not resident cannot be told any more.
	lost bool
	// behind: memory was short when the object should have merged with its shadow.
	behind bool
	// overcommit: the default pager made the object without a promise of frames.
	overcommit bool

	unused   uint16 // bytes of the last page that the limit as it was asked for leaves out
	promised uint32 // reserved objects only: frames that their reservation still has
	faults   uint32 // in mappings of the object; after 2^32 it begins again

	limit mach.PageNumber // pages at or beyond it fail with MemoryError

	pages pageTree

	holders, mapped int32
	mappings        viewers[Entry] // every entry that maps this object, of maps and of copies under way

	*rest
}

// rest is what an object has besides, unless it is a reserved one of which no copy was ever made: that one refers to Env.none, where
// everything is zero and is not written.
type rest struct {
	env *Env

	// Pages [0, shadowEnd) that are not resident here are page n+shadowOffset of shadow; the others are zero.
	shadow       *Object
	shadowOffset mach.PageNumber
	shadowEnd    mach.PageNumber
	// The objects whose shadow this one is, and this one's place among those of its own shadow.
	above      viewers[Object]
	aboveCount int
	cover      interval[Object]

	// copy is the newest copy object, one of above: it receives the old contents of pages before they are written.
	copy *Object

	base  mach.PhysAddr // physical objects only
	max   mach.Prot     // physical objects only: what the memory allows
	pager *pagerState   // managed objects only

	onItsWay  bool   // its pages are going out already: they do not go out again
	thawed    bool   // it was written through a mapping that had been copy-on-write; never unset
	ins, outs uint32 // see Paged
	waited    int64  // see Waited

	next, prev *Object // of Env's list: all objects that are not reserved
	whole      *whole  // where it lies if not in frames
}

// NewAnonymous makes an object of size bytes of zeros whose frames are taken when pages are touched. The caller holds
// its one reference. It fails with ResourceShortage.
func NewAnonymous(env *Env, size uint64) (*Object, error) {
	o, err := env.newObject(anonymous, mach.Pages(size))
	if err != nil {
		return nil, err
	}
	o.setBytes(size)
	o.shared, o.holders = true, 1
	return o, nil
}

// NewReserved makes the default pager's kind of object: limit bytes of zeros, whose frames r promises, so that no touch of
// a page below the limit fails for want of a frame. r must promise mach.Pages(limit) frames, none of them taken; it
// belongs to the object from now on. Limit 0 is an empty object. The caller holds its one reference.
//
// It fails with ResourceShortage, also when the frames for the object's radix tree cannot be promised; r is the caller's
// then.
func NewReserved(env *Env, limit uint64, r frame.Reservation) (*Object, error) {
	n := mach.Pages(limit)
	if r.Pages() != n {
		return nil, mach.InvalidArgument.With("object of %d pages with a reservation of %d", n, r.Pages())
	}
	if err := env.init(); err != nil {
		return nil, err
	}
	nodes := nodesFor(n)
	if nodes != 0 {
		if err := env.nodes.promise(nodes); err != nil {
			return nil, err
		}
	}
	// The last quarter of all objects is for what memory itself needs: see mayName.
	o, err := (*Object)(nil), error(mach.ResourceShortage)
	if env.mayName() && n <= math.MaxUint32 {
		o, err = env.newObject(reserved, n)
	}
	if err != nil {
		env.nodes.forget(nodes)
		return nil, err
	}
	o.setBytes(limit)
	o.promised, o.shared, o.holders = uint32(n), true, 1
	return o, nil
}

// NewPhysical makes an object of memory that exists already: a boot module, or a device's memory. It maps without
// copying, at most with the protection max, and the memory is never freed. r must be page aligned. The caller holds its
// one reference. It fails with InvalidArgument and ResourceShortage.
func NewPhysical(env *Env, r board.Range, max mach.Prot) (*Object, error) {
	if r.Start&mach.PageMask != 0 || r.End() < r.Start || r.End() > env.Mem.Limit() {
		return nil, mach.InvalidArgument.With("physical object at %#x, %#x bytes", uint64(r.Start), r.Size)
	}
	o, err := env.newObject(physical, mach.Pages(r.Size))
	if err != nil {
		return nil, err
	}
	// What nobody can write cannot change under a copy: such memory is never treated as shared.
	o.setBytes(r.Size)
	o.base, o.max, o.shared, o.holders = r.Start, max, max&mach.ProtWrite != 0, 1
	return o, nil
}

// ID is a number that no other object of this kernel ever has.
func (o *Object) ID() uint64 { return o.id }

// Kind is "anonymous", "reserved", "physical" or "managed".
func (o *Object) Kind() string { return o.kind.String() }

// Limit is the object's size in bytes, as it was asked for; 0 for managed objects, which have none.
func (o *Object) Limit() uint64 {
	return o.limit.Bytes() - uint64(o.unused)
}

// setBytes notes the limit as it was asked for, of which o.limit is the pages.
func (o *Object) setBytes(n uint64) { o.unused = uint16(-n & mach.PageMask) }

// Resident is the number of pages that have a frame.
func (o *Object) Resident() mach.PageNumber {
	if o.kind == physical {
		return o.limit
	}
	return o.pages.resident()
}

// Out yields the pages that were paged out, in order, with what names their contents. The loop's body must not touch the object.
func (o *Object) Out(yield func(mach.PageNumber, Token) bool) {
	for n := mach.PageNumber(0); o.pages.out != 0; n++ {
		var s slot
		var ok bool
		if n, s, ok = o.pages.next(&o.env.nodes, n); !ok || s.out() && !yield(n, s.token()) {
			return
		}
	}
}

// Contents yields the numbers of the pages that exist, in a frame or out, in order; not of a physical object. The loop's body must not touch the object.
func (o *Object) Contents(yield func(mach.PageNumber) bool) {
	for n, _, ok := o.pages.next(&o.env.nodes, 0); ok && yield(n); {
		n, _, ok = o.pages.next(&o.env.nodes, n+1)
	}
}

// NextContents is the first page from n on that exists, in a frame or out; not of a physical object. false: there is none.
func (o *Object) NextContents(n mach.PageNumber) (mach.PageNumber, bool) {
	n, _, ok := o.pages.next(&o.env.nodes, n)
	return n, ok
}

// Paged is the number of pages that are paged out now, and how many ever came back and went. A managed object's pages came when its manager supplied
// them, the first time too, and went when the kernel was short of frames; none of them is out, as the manager has them.
func (o *Object) Paged() (out mach.PageNumber, ins, outs uint32) {
	return mach.PageNumber(o.pages.out), o.ins, o.outs
}

// Refs is the number of references: holders, mappings, and shadow objects above.
func (o *Object) Refs() int { return int(o.holders+o.mapped) + o.aboveCount }

// Mapped is the number of map entries that map the object.
func (o *Object) Mapped() int { return int(o.mapped) }

// Shadow is the object in which pages are looked for that this one does not have; nil if there is none.
func (o *Object) Shadow() *Object { return o.shadow }

// Pages yields the resident pages in order, with their frames. The loop's body must not touch the object.
func (o *Object) Pages(yield func(mach.PageNumber, mach.PhysAddr) bool) {
	if o.kind == physical {
		for n := range o.limit {
			if !yield(n, o.base+mach.PhysAddr(n.Bytes())) {
				return
			}
		}
		return
	}
	for n := mach.PageNumber(0); ; n++ {
		var s slot
		var ok bool
		if n, s, ok = o.pages.next(&o.env.nodes, n); !ok || !s.out() && !yield(n, s.frame()) {
			return
		}
	}
}

// Reference adds a holder.
func (o *Object) Reference() { o.holders++ }

// Release takes a holder away. With the last reference the object goes, and its frames are free when Release returns.
func (o *Object) Release() {
	if o.holders == 0 {
		panic("vm: Release of an object without a holder")
	}
	o.holders--
	o.dropped()
}

// at is page n's slot, which may say where its contents are kept: 0 when the object itself does not have the page, or may not be read there.
func (o *Object) at(n mach.PageNumber) slot {
	if o.kind >= physical {
		return o.residentElsewhere(n)
	}
	return o.pages.get(&o.env.nodes, n)
}

// has reports whether the object itself has page n, with or without a frame.
func (o *Object) has(n mach.PageNumber) bool { return o.at(n) != 0 }

// resident is page n's slot if it has a frame, else 0.
func (o *Object) resident(n mach.PageNumber) slot {
	if s := o.at(n); !s.out() {
		return s
	}
	return 0
}

func (o *Object) residentElsewhere(n mach.PageNumber) slot {
	if o.kind == managed {
		if s := o.pages.get(&o.env.nodes, n); s.lock()&mach.ProtRead == 0 {
			return s
		}
		return 0
	}
	if n < o.limit {
		return slot(o.base) + slot(n.Bytes())
	}
	return 0
}

// take gets a zeroed frame for a page of the object. For a reserved object it cannot fail: every page below the limit
// that is not resident has its frame in the reservation.
func (o *Object) take() (mach.PhysAddr, error) {
	if o.kind != reserved {
		return o.env.Frames.Alloc()
	}
	r := o.reservation()
	f := r.Take()
	o.promised = uint32(r.Pages())
	return f, nil
}

// reservation is a reserved object's claim on frames. Whoever changes it notes in o.promised how many there are left.
func (o *Object) reservation() frame.Reservation {
	return o.env.Frames.Claim(mach.PageNumber(o.promised))
}

// give returns a frame that take handed out.
func (o *Object) give(p mach.PhysAddr) {
	if o.kind == reserved {
		r := o.reservation()
		r.Put(p)
		o.promised = uint32(r.Pages())
		return
	}
	o.env.Frames.Free(p)
}

// insert makes the frame p page n, which is not resident. On ResourceShortage the frame is given back.
func (o *Object) insert(n mach.PageNumber, p mach.PhysAddr) error {
	err := o.pages.put(&o.env.nodes, n, slot(p), o.kind == reserved)
	if err != nil {
		o.give(p)
	}
	return err
}

// dropped is called after a reference went away: it destroys the object with the last one, and everything that only this
// object kept; or collapses it into the one shadow that still sees it.
func (o *Object) dropped() {
	for o != nil {
		if o.holders+o.mapped > 0 || o.aboveCount > 1 {
			return
		}
		if o.aboveCount == 1 {
			o.above.root.of.collapse()
			return
		}
		if o.kind == managed {
			o.pager.schedule() // its end is a conversation
			return
		}
		below := o.shadow
		o.destroy()
		o = below
	}
}

// destroy frees everything of an object to which nothing refers.
func (o *Object) destroy() {
	env := o.env
	if env.Trace != nil {
		o.trace("ends, with %d pages", o.pages.count)
	}
	switch o.kind {
	case anonymous:
		o.pages.clear(env, false)
	case reserved:
		o.pages.clear(env, true)
		r := o.reservation()
		r.Release()
		if n := nodesFor(o.limit); n != 0 {
			env.nodes.forget(n)
		}
		o.discharge()
	}
	if o.shadow != nil {
		o.unshadow()
	}
	env.freeObject(o)
}
