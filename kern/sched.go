package kern

import (
	"time"

	"defpager/ipc"
	"defpager/mach"
)

// queue is the threads that are ready, in the order of their turns.
type queue struct{ head, tail *Thread }

func (q *queue) empty() bool { return q.head == nil }

func (q *queue) push(t *Thread) {
	t.queued = true
	t.next, t.prev = nil, q.tail
	if q.tail != nil {
		q.tail.next = t
	} else {
		q.head = t
	}
	q.tail = t
}

func (q *queue) remove(t *Thread) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		q.head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		q.tail = t.prev
	}
	t.next, t.prev, t.queued = nil, nil, false
}

// makeReady gives t a turn, if it may run and has none yet.
func (k *Kernel) makeReady(t *Thread) {
	if t.runnable() && !t.queued && k.handOff != t && k.current != t {
		k.ready.push(t)
	}
}

// wakeThread ends t's wait: it gets a turn, in which its trap ends.
func (k *Kernel) wakeThread(t *Thread) {
	t.awake = true
	k.sleep.remove(&t.sleeper)
	k.makeReady(t)
}

// wakeWaiter is ipc's way to wakeThread.
func (k *Kernel) wakeWaiter(w *ipc.Waiter) { k.wakeThread(w.Owner.(*Thread)) }

// next is the thread that runs next, nil if none can.
func (k *Kernel) next() *Thread {
	if t := k.handOff; t != nil {
		k.handOff = nil
		if t.runnable() {
			t.awake = false
			return t
		}
	}
	k.turn = 0
	for {
		t := k.ready.head
		if t == nil {
			return nil
		}
		k.ready.remove(t)
		if t.runnable() {
			t.awake = false
			return t
		}
	}
}

// yield ends t's turn; it gets another behind all that are ready.
func (k *Kernel) yield(t *Thread) {
	k.current = nil
	k.makeReady(t)
}

// sleeper is whoever waits no longer than to a deadline: a thread, or a request that waits for a word of memory.
type sleeper struct {
	deadline int64 // nanoseconds of the clock
	slot     int   // in the table of sleepers, or -1
	owner    any   // *Thread or *gsyncWait
}

// sleepers are those whose wait has an end, as a heap: the first deadline stands first. The table grows to the largest number
// that ever slept at once, and stays so.
type sleepers struct {
	heap []*sleeper
	now  func() int64
}

// add makes t wait no longer than ms milliseconds.
func (s *sleepers) add(t *sleeper, ms uint32) {
	t.deadline = s.now() + int64(ms)*int64(time.Millisecond)
	t.slot = len(s.heap)
	s.heap = append(s.heap, t)
	s.up(t.slot)
}

func (s *sleepers) remove(t *sleeper) {
	i := t.slot
	if i < 0 {
		return
	}
	last := len(s.heap) - 1
	s.swap(i, last)
	s.heap[last] = nil
	s.heap = s.heap[:last]
	t.slot = -1
	if i < last {
		s.up(i)
		s.down(i)
	}
}

func (s *sleepers) swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.heap[i].slot, s.heap[j].slot = i, j
}

func (s *sleepers) up(i int) {
	for i > 0 && s.heap[i].deadline < s.heap[(i-1)/2].deadline {
		s.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (s *sleepers) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(s.heap); c++ {
			if s.heap[c].deadline < s.heap[least].deadline {
				least = c
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

// first is the time until the first deadline.
func (s *sleepers) first() (time.Duration, bool) {
	if len(s.heap) == 0 {
		return 0, false
	}
	return time.Duration(max(s.heap[0].deadline-s.now(), 0)), true
}

// expire ends the waits whose time is over.
func (s *sleepers) expire(k *Kernel) {
	if len(s.heap) == 0 {
		return
	}
	now := s.now()
	for len(s.heap) != 0 && s.heap[0].deadline <= now {
		switch t := s.heap[0].owner.(type) {
		case *Thread:
			if t.wait == waitMessage && !t.awake {
				t.waiter.Expire()
			}
			k.wakeThread(t)
		case *gsyncWait:
			k.endGsync(t, mach.TimedOut)
		}
	}
}
