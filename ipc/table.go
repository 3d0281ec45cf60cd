package ipc

import (
	"math/bits"
	"slices"

	"defpager/board/slab"
	"defpager/mach"
)

// A space's table is cut into chunks of 45 names, which fill a frame. The chunks of the low names hang in a slice, those of high names that a task
// chose itself in a map, until the slice has grown so far. A new right gets the lowest free name: two levels of bitmaps find it
// (which names of a chunk are free, which chunks have a free name).
const chunkSize = 45

// maxRefs is the largest number of user references of one name.
const maxRefs = 0xffff

// entry is what a name denotes. A free entry has typ 0.
type entry struct {
	port       *Port // nil for dead names and sets
	set        *Set
	space      *Space
	next, prev *entry // names with a right to the same port
	hashNext   *entry // send rights of the space in the same bucket
	request    *Port  // dead-name request: a send-once right
	name       mach.Name
	typ        mach.PortType // TypeMARequest included, TypeDNRequest not
	refs       uint32        // user references of a send, send-once right or dead name

	// What the validation of a message found that the message takes: see validate.
	takes     uint32
	takesAway mach.PortType
	marked    bool
	touched   *entry
}

type chunk struct {
	entries [chunkSize]entry
	free    uint64 // one bit per free entry
}

// unused is the free of a chunk without names.
const unused = 1<<chunkSize - 1

// chunkPool owns all chunks. What their entries point to on the heap is a space, which its task holds; ports see to themselves.
type chunkPool struct {
	all   slab.Pool[chunk]
	used  uint32
	limit uint32
	back  uint32 // chunks that came back, modulo 2^32: while it is the same, an entry that was there lies where it lay
}

func (pool *chunkPool) take() *chunk {
	if pool.used >= pool.limit {
		return nil
	}
	c := pool.all.Get()
	if c != nil {
		pool.used++
		c.free = unused
	}
	return c
}

func (pool *chunkPool) put(c *chunk) {
	pool.used--
	pool.back++
	pool.all.Put(c)
}

// table is the names of a space.
type table struct {
	zero   *chunk            // that of the lowest names, which most tasks need no other than; System.noNames as long as there is none
	dense  []*chunk          // chunk i holds the names from chunkSize*i; nil where there is none
	open   []uint64          // one bit per element of dense: it is nil or has a free entry
	sparse map[uint32]*chunk // the chunks beyond dense
	hint   int               // no word of open before this one has a bit
	low    *chunk            // the first open chunk, if it is known and not missing
	first  uint32            // the first name of low
	count  int               // names in use
	chunks uint32
}

// lookup is the entry of a name in use, or nil.
func (s *Space) lookup(name mach.Name) *entry {
	if e := s.at(name); e.typ != 0 {
		return e
	}
	return nil
}

// at is the entry of a name. That of a name not in use has typ 0, and nothing else of it counts.
func (s *Space) at(name mach.Name) *entry {
	if name < chunkSize {
		return &s.table.zero.entries[name]
	}
	if i := uint(name / chunkSize); i < uint(len(s.table.dense)) {
		if c := s.table.dense[i]; c != nil {
			return &c.entries[name%chunkSize]
		}
	}
	return s.atFar(name)
}

// atFar is at for the names beyond dense, and those whose chunk is missing.
func (s *Space) atFar(name mach.Name) *entry {
	if c := s.table.sparse[uint32(name)/chunkSize]; c != nil {
		return &c.entries[name%chunkSize]
	}
	return &s.sys.noNames.entries[0]
}

// newEntry takes the lowest free name, nil when there is no room. The caller sets typ at once.
func (s *Space) newEntry() *entry {
	if c := s.table.low; c != nil && c.free != 0 {
		i := uint32(bits.TrailingZeros64(c.free))
		return s.useEntry(c, i, s.table.first+i)
	}
	return s.newEntrySlowly()
}

func (s *Space) newEntrySlowly() *entry {
	if !s.active {
		return nil
	}
	t := &s.table
	for {
		for ; t.hint < len(t.open); t.hint++ {
			if w := t.open[t.hint]; w != 0 {
				return s.entryIn(uint32(t.hint)*64 + uint32(bits.TrailingZeros64(w)))
			}
		}
		if !s.grow() {
			return nil
		}
	}
}

// entryIn takes the lowest free entry of a chunk in dense which has one or is missing.
func (s *Space) entryIn(i uint32) *entry {
	c := s.table.dense[i]
	if c == nil {
		if c = s.newChunk(i); c == nil {
			return nil
		}
		s.table.dense[i] = c
	}
	s.table.low = c
	s.table.first = i * chunkSize
	n := uint32(bits.TrailingZeros64(c.free))
	return s.useEntry(c, n, i*chunkSize+n)
}

// newChunk takes a chunk for the names from chunkSize*i.
func (s *Space) newChunk(i uint32) *chunk {
	pool := &s.sys.chunks
	if s.table.chunks >= fairChunks && s.table.chunks >= pool.limit-pool.used || s.sys.config.Fuse.Blows() {
		return nil
	}
	c := pool.take()
	for c == nil && s.stays && pool.used < pool.limit && s.sys.config.Spare() { // what it cannot be given is lost
		c = pool.take()
	}
	if c == nil {
		return nil
	}
	s.table.chunks++
	if i == 0 {
		c.free &^= 1 // MACH_PORT_NULL
		s.table.zero = c
	}
	return c
}

// A space may have more than fairChunks chunks, or make ports when it has more than fairNames names, only as long as there are as many left for all
// others: so a task that takes all it can get leaves half, and the next such half of that.
const (
	fairChunks = 8
	fairNames  = fairChunks * chunkSize
)

// useEntry takes the free entry i of c, which is that of name.
func (s *Space) useEntry(c *chunk, i, name uint32) *entry {
	c.free &^= 1 << i
	if c.free == 0 {
		s.table.setOpen(name/chunkSize, false)
	}
	s.table.count++
	s.sys.names++
	e := &c.entries[i]
	e.space = s
	e.name = mach.Name(name)
	return e
}

// setOpen notes that chunk i became full or got a free entry.
func (t *table) setOpen(i uint32, open bool) {
	t.low = nil
	if i >= uint32(len(t.dense)) {
		return
	}
	if open {
		t.open[i/64] |= 1 << (i % 64)
		t.hint = min(t.hint, int(i/64))
	} else {
		t.open[i/64] &^= 1 << (i % 64)
	}
}

// newEntryNamed takes a name of the task's choice, which is not null, not dead and free. nil when there is no room.
func (s *Space) newEntryNamed(name mach.Name) *entry {
	if !s.active {
		return nil
	}
	t := &s.table
	i := uint32(name) / chunkSize
	if len(t.dense) == 0 {
		s.grow() // the name null's chunk is always there
	}
	var c *chunk
	if i < uint32(len(t.dense)) {
		c = t.dense[i]
	} else {
		c = t.sparse[i]
	}
	if c == nil {
		if c = s.newChunk(i); c == nil {
			return nil
		}
		if i < uint32(len(t.dense)) {
			t.dense[i] = c
		} else {
			if t.sparse == nil {
				t.sparse = make(map[uint32]*chunk)
			}
			t.sparse[i] = c
		}
	}
	return s.useEntry(c, uint32(name)%chunkSize, uint32(name))
}

// maxDense keeps the name ~0 out of reach.
const maxDense = (1<<32 - 1) / chunkSize

// grow makes dense longer, and moves there what was too far away before.
func (s *Space) grow() bool {
	t := &s.table
	from := len(t.dense)
	if from == maxDense {
		return false
	}
	to := min(max(4, from*2), maxDense)
	t.dense = append(t.dense, make([]*chunk, to-from)...)
	for len(t.open)*64 < to {
		t.open = append(t.open, 0)
	}
	for i := from; i < to; i++ {
		if c := t.sparse[uint32(i)]; c != nil {
			t.dense[i] = c
			delete(t.sparse, uint32(i))
			if c.free == 0 {
				continue
			}
		}
		t.open[i/64] |= 1 << (i % 64)
	}
	t.hint = min(t.hint, from/64)
	return true
}

// freeEntry gives a name back. The entry has no right, no request and no mark of a message any more.
func (s *Space) freeEntry(e *entry) {
	t := &s.table
	name := uint32(e.name)
	if e.typ&mach.TypeMARequest != 0 {
		s.renameAccepted(e.name, mach.NameNull)
	}
	e.typ = 0
	e.refs = 0
	e.set = nil
	e.request = nil
	t.count--
	s.sys.names--
	if name < chunkSize {
		if t.zero.free == 0 {
			t.setOpen(0, true)
		}
		t.zero.free |= 1 << name
		return
	}
	i := name / chunkSize
	var c *chunk
	if i < uint32(len(t.dense)) {
		c = t.dense[i]
	} else {
		c = t.sparse[i]
	}
	if c.free == 0 {
		t.setOpen(i, true)
	}
	c.free |= 1 << (name % chunkSize)
	if c.free == unused { // the chunk of the name null stays: an idle task keeps that one
		s.dropChunk(i, c)
	}
}

// dropChunk returns an empty chunk to the pool.
func (s *Space) dropChunk(i uint32, c *chunk) {
	if i < uint32(len(s.table.dense)) {
		s.table.dense[i] = nil
	} else {
		delete(s.table.sparse, i)
	}
	s.table.low = nil
	s.table.chunks--
	s.sys.chunks.put(c)
}

// each calls f for all entries in use, in the order of their names. f may free the entry it is called for.
func (s *Space) each(f func(e *entry)) {
	t := &s.table
	for i := range t.dense {
		if c := t.dense[i]; c != nil {
			c.each(f)
		}
	}
	if len(t.sparse) == 0 {
		return
	}
	keys := make([]uint32, 0, len(t.sparse))
	for i := range t.sparse {
		keys = append(keys, i)
	}
	slices.Sort(keys)
	for _, i := range keys {
		if c := t.sparse[i]; c != nil {
			c.each(f)
		}
	}
}

func (c *chunk) each(f func(e *entry)) {
	for i := range c.entries {
		if c.entries[i].typ != 0 {
			f(&c.entries[i])
		}
	}
}
