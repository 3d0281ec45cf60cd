package vm

import "defpager/mach"

// Wait is what an operation returns that needs a page of a managed object which its manager has not supplied yet. Nothing
// has changed that trying again would spoil. The caller says with Await who waits, and tries again when Wake is called
// for that; or it says with Forget that nobody does.
const Wait = waiting(0)

type waiting uint8

func (waiting) Error() string { return "waiting for the pager" }

// Waiter is the place of one thread, or of one request, in the queue for a page of a managed object. Whoever waits embeds
// it. The zero Waiter waits for nothing.
//
// It holds the object from Await until Done or Cancel: the object of a copy that waits is mapped nowhere yet, and must not
// end between the wait and the new try.
type Waiter struct {
	Owner any // who waits: set by the owner, not used here

	held       *Object
	object     *Object    // whose page it waits for, or for whose page it finds no frame; nil: none, or that is gone
	queue      *waitQueue // nil: it does not wait
	page       mach.PageNumber
	err        error
	next, prev *Waiter
}

// anyPage is the page of those that wait for the object rather than for a page of it.
const anyPage = ^mach.PageNumber(0)

// waitQueue is those who wait for pages of a managed object, or for pages that the backing keeps.
type waitQueue struct {
	of          *Object // nil: the backing
	first, last *Waiter
}

// wanted is what the last operation that returned Wait needs.
type wanted struct {
	queue  *waitQueue // nil: no operation waits
	page   mach.PageNumber
	object *Object
}

// waitFor notes that page n of o is needed before the operation under way can go on.
func (o *Object) waitFor(n mach.PageNumber) error {
	o.env.wanted = wanted{&o.pager.waitQueue, n, o}
	return Wait
}

// Waits reports whether an operation returned Wait and neither Await nor Forget was called since.
func (env *Env) Waits() bool { return env.wanted.queue != nil }

// Forget drops the last Wait: nobody is going to try again.
func (env *Env) Forget() { env.wanted = wanted{} }

// Await puts w in the queue for what the last operation that returned Wait needs. Call it before Settle, once for each
// Wait. Env.Wake is called when trying again may help; Err tells then whether it can. w may be one that was
// woken and is not Done.
func (env *Env) Await(w *Waiter) {
	q, object := env.wanted.queue, env.wanted.object
	w.queue, w.page, w.err = q, env.wanted.page, nil
	w.next, w.prev = nil, q.last
	if w.prev != nil {
		w.prev.next = w
	} else {
		q.first = w
	}
	q.last = w
	env.wanted = wanted{}
	if q.of != nil {
		q.of.Reference()
	}
	w.Done()
	w.held = q.of
	if w.object = object; object != nil {
		env.timed++
	}
}

// Waiting reports whether w is in a queue.
func (w *Waiter) Waiting() bool { return w.queue != nil }

// Err is how the wait ended: nil to try again, MemoryError when the page cannot be had.
func (w *Waiter) Err() error { return w.err }

// Done says that the new try after a wait is over.
func (w *Waiter) Done() {
	w.Waited(0)
	if o := w.held; o != nil {
		w.held = nil
		o.Release()
	}
}

// Waited says for how many nanoseconds w waited, from Await until now, for its object to count: once for each Await, before anything else is done.
func (w *Waiter) Waited(ns int64) {
	o := w.object
	if o == nil {
		return
	}
	w.object = nil
	o.env.timed--
	if o.rest != &o.env.pool.none {
		o.waited += ns // a reserved object's pages are never waited for: it was a page table's frame
	}
}

// untime is for an object that goes while others wait for what it was to give.
func (q *waitQueue) untime(o *Object) {
	for w := q.first; w != nil; w = w.next {
		if w.object == o {
			w.Waited(0)
		}
	}
}

// Cancel takes w out of its queue, if it is in one, and is Done. Wake is not called.
func (w *Waiter) Cancel() {
	if w.queue != nil {
		w.leave()
	}
	w.Done()
}

// leave takes w out of its queue.
func (w *Waiter) leave() {
	q := w.queue
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	w.queue, w.next, w.prev = nil, nil, nil
}

// wake ends the waits for the pages [from, to) with err, and those for the object with nil, as something about it has
// changed. A wait begun by the call is not ended by it.
func (q *waitQueue) wake(env *Env, from, to mach.PageNumber, err error) {
	for w, last := q.first, q.last; w != nil; {
		next := w.next
		if w == last {
			next = nil
		}
		if general := w.page == anyPage; general || w.page >= from && w.page < to {
			w.leave()
			if !general {
				w.err = err
			}
			env.Wake(w)
			w.Waited(0) // if nobody counted it: the object may go now
		}
		w = next
	}
}
