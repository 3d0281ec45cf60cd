package vm

import "fmt"

// Page-out takes nothing from Go's heap: when memory is short the heap is, too. What it sends to managers outside the kernel are copies, each with an
// entry and an object. These lie in frames as long as there are any; what is needed without is made ahead and set aside (restock), where taking memory
// is allowed. Page-out asks first whether there is some (mayReturn), and leaves the page where it is if not.
//
// Copies come back when they are received. An entry and an object that went without a frame come back when the manager gives the memory up: who keeps
// that has no more than maxAside of them.

const (
	// aside is how many copies are set aside, and as many entries and objects.
	aside = 16
	// maxAside bounds the entries and the objects that were made for want of frames.
	maxAside = 1024
)

// stock is what is set aside.
type stock struct {
	copies     *Copy // free ones, of which aside are for page-out once there are so many
	copyCount  int
	entries    *Entry // free ones that lie on Go's heap, linked by next
	entryCount int
	stocked    bool // it is filled up again when something was used
}

// restock sets aside what is missing. It may take memory from Go's heap.
func (env *Env) restock() {
	s := &env.stock
	s.stocked = true
	for s.copyCount < aside {
		s.copies = &Copy{next: s.copies}
		s.copyCount++
	}
	for s.entryCount < aside && len(env.spares) < maxAside {
		env.putSpare(env.newSpare())
	}
	for env.pool.spares < aside && len(env.pool.heap)-env.managedCount < maxAside {
		env.putWhole(env.newWhole())
	}
}

// mayReturn reports whether page-out may give a page to a manager outside the kernel: it takes nothing from Go's heap then.
func (env *Env) mayReturn(m Manager) bool {
	return env.stock.copies != nil && env.stock.entries != nil && env.pool.spare != nil && m.MayReturn()
}

// takeCopy takes an empty copy from the pool.
func (env *Env) takeCopy(size, offset uint64) *Copy {
	s := &env.stock
	if s.copyCount == 0 || s.stocked && s.copyCount <= aside {
		return &Copy{env: env, size: size, offset: offset}
	}
	return s.take(env, size, offset)
}

// take takes the first free copy. There is one.
func (s *stock) take(env *Env, size, offset uint64) *Copy {
	c := s.copies
	s.copies = c.next
	s.copyCount--
	*c = Copy{env: env, size: size, offset: offset}
	return c
}

// takeReturn is takeCopy for page-out, and for what a manager asked to be returned.
func (env *Env) takeReturn() *Copy {
	if s := &env.stock; s.copyCount != 0 {
		return s.take(env, 0, 0)
	}
	return &Copy{env: env}
}

// putCopy gives a copy back.
func (env *Env) putCopy(c *Copy) {
	s := &env.stock
	*c = Copy{next: s.copies}
	s.copies = c
	s.copyCount++
}

// newSpare makes an entry on Go's heap. Entries in frames may be all that refers to it later: so env does.
func (env *Env) newSpare() *Entry {
	e := &Entry{spare: true}
	if env.spares == nil {
		env.spares = make(map[*Entry]bool)
	}
	env.spares[e] = true
	return e
}

// takeSpare takes an entry that lies on Go's heap.
func (env *Env) takeSpare() *Entry {
	s := &env.stock
	e := s.entries
	if e == nil {
		return env.newSpare()
	}
	s.entries = e.next
	s.entryCount--
	e.next = nil
	return e
}

// putSpare gives such an entry back. No more are kept than are to be set aside.
func (env *Env) putSpare(e *Entry) {
	s := &env.stock
	if s.entryCount >= aside {
		delete(env.spares, e)
		return
	}
	*e = Entry{spare: true, next: s.entries}
	s.entries = e
	s.entryCount++
}

// check verifies the counts, and that what is set aside is nobody's.
func (env *Env) checkStock() error {
	s, copies, entries, objects := &env.stock, 0, 0, 0
	for c := s.copies; c != nil; c = c.next {
		copies++
		if c.first != nil || c.stays || c.counted != 0 {
			return fmt.Errorf("a free copy is not empty")
		}
	}
	for e := s.entries; e != nil; e = e.next {
		entries++
		if !e.spare || !env.spares[e] || e.object != nil {
			return fmt.Errorf("a free entry is not one")
		}
	}
	for w := env.pool.spare; w != nil; w = w.next {
		objects++
		if w.env != nil {
			return fmt.Errorf("a free object is in use")
		}
	}
	if copies != s.copyCount || entries != s.entryCount || objects != env.pool.spares {
		return fmt.Errorf("%d copies, %d entries and %d objects are free, counted %d, %d and %d", copies, entries, objects, s.copyCount, s.entryCount, env.pool.spares)
	}
	return nil
}
