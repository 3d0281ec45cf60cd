package vm

import (
	"defpager/mach"
	"defpager/mm/pmap"
)

// Map is a task's address space, from mach.MinUser to mach.MaxUser.
type Map struct {
	env  *Env
	pmap *pmap.Pmap

	head  Entry  // stands before the first entry
	root  *Entry // nil: there is no tree, see tree.go
	hint  *Entry // where the last fault was
	count int    // entries
	size  uint64 // bytes mapped
	none  uint64 // of them, those with the maximum protection none
	wired uint64 // of them, those that are wired
	limit sizeLimit
	seed  uint32 // of the tree's priorities

	wireFuture bool // what is mapped from now on is wired
	resident   bool // see KeepResident

	counters Counters // events in this map: see Counters
	payer    *Account // see SetAccount

	next, prev *Map // all maps of env
}

// MapArgs are the arguments of vm_map.
type MapArgs struct {
	Address  mach.VirtAddr // exact, or where to search from with Anywhere; rounded down to a page
	Size     uint64        // bytes, rounded up to a page
	Mask     mach.VirtAddr // bits that must be 0 in the address
	Anywhere bool
	Object   *Object // nil: zero fill; Offset and Copy are ignored then
	Offset   uint64  // in the object, in bytes
	Copy     bool    // map a copy of the object as it is now
	Cur, Max mach.Prot
	Inherit  mach.Inherit
}

// NewMap makes an empty address space. It fails with ResourceShortage.
func NewMap(env *Env) (*Map, error) {
	if err := env.init(); err != nil {
		return nil, err
	}
	p, err := pmap.New(env.Pmap)
	if err != nil {
		return nil, err
	}
	m := &Map{env: env, pmap: p, seed: 0x9e3779b9, limit: sizeLimit{Unlimited, Unlimited}}
	m.head = Entry{m: m, start: mach.MinUser, end: mach.MinUser}
	m.hint = &m.head
	m.regap(&m.head)
	m.next = env.maps
	if m.next != nil {
		m.next.prev = m
	}
	env.maps = m
	return m, nil
}

// Destroy unmaps everything and frees the page tables. No processor uses them any more.
func (m *Map) Destroy() {
	// The tables go first: then nothing shows the frames that the entries give up.
	m.env.wired -= m.wired
	m.pmap.Destroy()
	for e := m.head.next; e != nil; {
		next := e.next
		e.m = nil
		e.dispose(m.env)
		e = next
	}
	if m.next != nil {
		m.next.prev = m.prev
	}
	if m.prev != nil {
		m.prev.next = m.next
	} else {
		m.env.maps = m.next
	}
	*m = Map{}
}

// Pmap is the map's page tables.
func (m *Map) Pmap() *pmap.Pmap { return m.pmap }

// Size is the number of bytes of address space that are mapped.
func (m *Map) Size() uint64 { return m.size }

// Resident is the number of pages that the page tables show.
func (m *Map) Resident() mach.PageNumber { return m.pmap.Resident() }

// Map is vm_map: it maps Size bytes of the object at Offset, or zeros, and returns the address.
//
// InvalidArgument: size 0, an unknown protection or inheritance, current protection not within the maximum, an offset that
// is not page aligned or overflows. ProtectionFailure: more than the object's memory allows. NoSpace: taken, against the
// mask, no room anywhere, or beyond the map's size limit. InvalidAddress: an exact range that is not all in the user's space. ResourceShortage.
func (m *Map) Map(a *MapArgs) (mach.VirtAddr, error) {
	if a.Size == 0 || !a.Cur.Valid() || !a.Max.Valid() || !a.Inherit.Valid() || !a.Max.Allows(a.Cur) {
		return 0, mach.InvalidArgument
	}
	maximum := a.Max
	if o := a.Object; o != nil {
		if a.Offset&mach.PageMask != 0 || a.Offset+a.Size < a.Offset {
			return 0, mach.InvalidArgument
		}
		if a.Copy && !o.max.Allows(mach.ProtRead) {
			return 0, mach.ProtectionFailure
		}
		if !a.Copy {
			maximum &= o.max
		}
		if !maximum.Allows(a.Cur) {
			return 0, mach.ProtectionFailure
		}
	}
	start, prev, err := m.place(a)
	if err != nil {
		return 0, err
	}
	if !m.fits(mach.Pages(a.Size).Bytes(), maximum) {
		return 0, mach.NoSpace
	}
	e, err := m.newEntry()
	if err != nil {
		return 0, err
	}
	e.start, e.end = start, start+mach.VirtAddr(mach.Pages(a.Size).Bytes())
	e.prot, e.max, e.inherit = a.Cur, maximum, a.Inherit
	if o := a.Object; o != nil {
		offset := mach.PageNumber(a.Offset >> mach.PageShift)
		if a.Copy {
			if o, offset, err = o.asCopy(offset, e.pages()); err != nil {
				m.env.freeEntry(e)
				return 0, err
			}
			e.needsCopy = true
		} else {
			o.share()
		}
		e.mapObject(o, offset)
	}
	m.add(prev, e)
	if err = m.wireNew(start, a.Size, a.Cur); err != nil {
		_ = m.Deallocate(start, a.Size) // whole entries: no other is needed
		return 0, err
	}
	return start, nil
}

// asCopy is an object, and a page of it, that can be mapped needsCopy to show what n pages of o, an object with a name, hold now.
func (o *Object) asCopy(first, n mach.PageNumber) (*Object, mach.PageNumber, error) {
	switch {
	case o.kind == managed:
		return o.strategicCopy(first, n)
	case !o.shared:
		return o, first, nil // physical memory that nobody can write
	}
	c, err := o.delayedCopy()
	return c, first, err
}

// share notes that several mappings may write to o.
func (o *Object) share() {
	// What nobody can write cannot change under a copy: NewPhysical has decided.
	if o.kind != physical {
		o.shared = true
	}
	if o.kind == managed {
		o.pager.wantedAgain()
	}
}

// place finds the address for a new mapping, and the entry before it.
func (m *Map) place(a *MapArgs) (mach.VirtAddr, *Entry, error) {
	size := mach.Pages(a.Size).Bytes() // 0 if it overflows
	f, ok := parseMask(a.Mask, size)
	if !ok {
		return 0, nil, mach.NoSpace
	}
	start := a.Address.Trunc()
	if !a.Anywhere {
		if start&f.mask != 0 {
			return 0, nil, mach.NoSpace
		}
		if size == 0 {
			return 0, nil, mach.InvalidAddress
		}
		prev, err := m.free(start, size)
		if err == nil && start+mach.VirtAddr(size) > f.limit {
			err = mach.NoSpace
		}
		return start, prev, err
	}
	if size == 0 {
		return 0, nil, mach.NoSpace
	}
	if a.Mask == 0 && size >= mach.SuperSize {
		// Addresses that run parallel to the object's frames let superpages fit.
		super := f
		super.mask = mach.SuperSize - 1
		if a.Object != nil {
			super.phase = a.Object.phase(a.Offset)
		}
		if va, prev, ok := m.vacant(&super, start); ok {
			return va, prev, nil
		}
	}
	va, prev, ok := m.vacant(&f, start)
	if !ok {
		return 0, nil, mach.NoSpace
	}
	return va, prev, nil
}

// phase is the place within a superpage that the page at offset has, or will have.
func (o *Object) phase(offset uint64) mach.VirtAddr {
	return mach.VirtAddr(uint64(o.base)+offset) & (mach.SuperSize - 1) // base is 0 for all but physical objects
}

// add puts a new entry into the map, as part of a neighbour if that says the same.
func (m *Map) add(prev, e *Entry) {
	if prev.extends(e) {
		prev.object.limit += e.pages()
		m.resize(prev, prev.start, e.end)
		m.env.freeEntry(e)
		return
	}
	m.insert(prev, e)
	m.merge(e)
}

// merge joins e with its neighbours where they say the same.
func (m *Map) merge(e *Entry) {
	if next := e.next; next != nil && e.like(next) {
		m.join(e, next)
	}
	if prev := e.prev; prev != &m.head && prev.like(e) {
		m.join(prev, e)
	}
}

// join makes the second entry part of the first.
func (m *Map) join(e, next *Entry) {
	end := next.end
	m.remove(next)
	m.resize(e, e.start, end)
	if o := next.object; o != nil {
		next.unmapObject()
	}
	m.env.freeEntry(next)
}

// Allocate is vm_allocate: zero-filled memory, readable and writable. Anywhere ignores addr. Size 0 succeeds with address
// 0. It fails with NoSpace, InvalidAddress (an exact range outside the user's space) and ResourceShortage.
func (m *Map) Allocate(addr mach.VirtAddr, size uint64, anywhere bool) (mach.VirtAddr, error) {
	if size == 0 {
		return 0, nil
	}
	a := MapArgs{
		Address: addr, Size: size, Anywhere: anywhere,
		Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
	}
	if anywhere {
		a.Address = mach.MinUser
	}
	return m.Map(&a)
}
