package vm

import (
	"fmt"

	"defpager/board/slab"
	"defpager/mach"
)

// objectPool has all objects of an Env.
//
// They lie in frames, where the garbage collector does not see what they point to: maps, entries and objects are listed by Env, accounts
// that somebody is charged to by accounts. What only a managed object points to is its pagerState; so these lie on Go's heap, and so do
// objects that had to be made though no frame was free.
type objectPool struct {
	plain slab.Pool[Object]
	rests slab.Pool[rest]
	none  rest // of reserved objects that were never copied

	heap   []*whole // all that lie on Go's heap
	spare  *whole   // those of them that are free, linked by next; aside are for page-out
	spares int

	listed  *Object // those that are not reserved, newest first
	count   int
	lastID  uint64
	charged *Account // accounts with objects
}

// whole is an object on Go's heap with all that it has.
type whole struct {
	Object
	own  rest
	next *whole
}

// newObject takes an object from the pool. Nothing refers to it yet. ResourceShortage.
func (env *Env) newObject(k kind, limit mach.PageNumber) (*Object, error) {
	if err := env.init(); err != nil {
		return nil, err
	}
	if env.pool.count >= env.MaxObjects || env.Frames.Fuse.Blows() {
		return nil, mach.ResourceShortage
	}
	if k == managed {
		if w := &env.pool; w.spares == 0 || env.stock.stocked && w.spares <= aside {
			return env.begin(env.newWhole().use(), k, limit), nil
		}
		return env.begin(env.takeWhole(), k, limit), nil
	}
	o := env.inFrames(k)
	if o == nil {
		return nil, mach.ResourceShortage
	}
	return env.begin(o, k, limit), nil
}

// takeObject is newObject without the limit, and without a frame if need be.
func (env *Env) takeObject(k kind, limit mach.PageNumber) *Object {
	o := env.inFrames(k)
	if o == nil {
		o = env.takeWhole()
	}
	return env.begin(o, k, limit)
}

// inFrames takes an object that lies in frames; nil: none is free.
func (env *Env) inFrames(k kind) *Object {
	o := env.pool.plain.Get()
	if o == nil {
		return nil
	}
	if k == reserved {
		o.rest = &env.pool.none
	} else if o.rest = env.pool.rests.Get(); o.rest == nil {
		env.pool.plain.Put(o)
		return nil
	}
	return o
}

// takeWhole takes one that lies on Go's heap.
func (env *Env) takeWhole() *Object {
	w := env.pool.spare
	if w == nil {
		return env.newWhole().use()
	}
	env.pool.spare = w.next
	env.pool.spares--
	*w = whole{}
	return w.use()
}

// newWhole makes one.
func (env *Env) newWhole() *whole {
	w := new(whole)
	env.pool.heap = append(env.pool.heap, w)
	return w
}

func (w *whole) use() *Object {
	w.rest = &w.own
	w.whole = w
	return &w.Object
}

// putWhole makes one that is not used any more a free one.
func (env *Env) putWhole(w *whole) {
	*w = whole{next: env.pool.spare}
	w.rest = &w.own // who still holds the object of a manager sees that it is none
	env.pool.spare = w
	env.pool.spares++
}

// begin starts an object's life.
func (env *Env) begin(o *Object, k kind, limit mach.PageNumber) *Object {
	env.pool.count++
	env.pool.lastID++
	o.id, o.kind, o.limit = env.pool.lastID, k, limit
	if k == reserved {
		return o
	}
	o.env, o.max, o.cover.of = env, mach.ProtAll, o
	o.next = env.pool.listed
	if o.next != nil {
		o.next.prev = o
	}
	env.pool.listed = o
	return o
}

// complete gives an object that is about to be copied what it has besides, if it has not. It reports whether it could.
func (o *Object) complete() bool {
	pool := &o.env.pool
	if o.rest != &pool.none {
		return true
	}
	r := pool.rests.Get()
	if r == nil {
		return false
	}
	r.env, r.max, r.cover.of = o.env, mach.ProtAll, o
	o.rest = r
	return true
}

// freeObject returns an empty object, without any links but env's own, to the pool.
func (env *Env) freeObject(o *Object) {
	pool := &env.pool
	env.pool.count--
	if o.kind != reserved {
		if o.next != nil {
			o.next.prev = o.prev
		}
		if o.prev != nil {
			o.prev.next = o.next
		} else {
			pool.listed = o.next
		}
		if env.hand.object == o {
			env.hand.object, env.hand.page = o.next, 0
		}
		o.discharge()
	}
	if env.timed != 0 || env.wanted.object != nil {
		env.untime(o)
	}
	if w := o.whole; w != nil {
		env.putWhole(w)
		return
	}
	if o.rest != &pool.none {
		pool.rests.Put(o.rest)
	}
	pool.plain.Put(o)
}

// untime takes a freed object off whoever waits.
func (env *Env) untime(o *Object) {
	if env.wanted.object == o {
		env.wanted.object = nil
	}
	env.paging.untime(o)
	for _, x := range env.externals {
		if x != nil {
			x.object.pager.untime(o)
		}
	}
}

// Objects yields every object that lives: first those that are not reserved, newest first. The loop's body must not create or release objects.
func (env *Env) Objects(yield func(*Object) bool) {
	for o := env.pool.listed; o != nil; o = o.next {
		if !yield(o) {
			return
		}
	}
	for o := range env.pool.plain.All {
		if o.kind == reserved && !yield(o) {
			return
		}
	}
}

// objectFrames is the number of frames that hold objects.
func (env *Env) objectFrames() mach.PageNumber {
	return env.pool.plain.Frames() + env.pool.rests.Frames()
}

// check verifies what Check does not see by looking at each object.
func (pool *objectPool) check() error {
	if pool.none != (rest{env: pool.none.env, max: mach.ProtAll}) {
		return fmt.Errorf("somebody wrote to what is nobody's: %+v", pool.none)
	}
	return nil
}
