package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// gsync_wait stops a thread as long as a word of memory holds a value: it is what locks and condition variables are built of, as with
// Linux's futexes. A wait is a request whose reply comes when somebody wakes the word, so it costs a message and no thread.

// Flags of the gsync calls (mach/gnumach.h).
const (
	gsyncShared    = 1 << iota // the word is known by its memory, not by its address in one task
	gsyncQuad                  // the word has 64 bits
	gsyncTimed                 // the wait has an end
	gsyncBroadcast             // wake, or move, all that wait
	gsyncMutate                // write the word before waking
)

// gsyncKey is the word that is waited for.
type gsyncKey struct {
	owner  uint64 // the task's number, or with shared the object's
	at     uint64 // the address, or with shared the byte of the object
	shared bool
}

// gsyncWait is one wait: a request to whose sender the kernel owes the reply.
type gsyncWait struct {
	sleeper
	key    gsyncKey
	m      *ipc.Message
	target *Task
	thread *Thread // that sent the request
	links  [3]struct{ next, prev *gsyncWait }
}

// A wait is in three chains at once.
const (
	ofWord   = iota // of those whose words share a hash
	ofThread        // of those that the same thread asked for
	ofTask          // of those about the same task's memory
)

// gsyncChain is waits in the order in which they came.
type gsyncChain struct{ first, last *gsyncWait }

func (c *gsyncChain) add(w *gsyncWait, which int) {
	w.links[which].next, w.links[which].prev = nil, c.last
	if c.last == nil {
		c.first = w
	} else {
		c.last.links[which].next = w
	}
	c.last = w
}

func (c *gsyncChain) remove(w *gsyncWait, which int) {
	l := &w.links[which]
	if l.prev == nil {
		c.first = l.next
	} else {
		l.prev.links[which].next = l.next
	}
	if l.next == nil {
		c.last = l.prev
	} else {
		l.next.links[which].prev = l.prev
	}
	l.next, l.prev = nil, nil
}

// gsyncBuckets is how many chains the words are spread over, a power of two.
const gsyncBuckets = 1024

// gsyncs is all waits, by the hash of their word.
type gsyncs struct {
	buckets [gsyncBuckets]gsyncChain
	free    *gsyncWait
}

// bucket spreads words, which are 4 bytes apart and mostly on few pages.
func (g *gsyncs) bucket(key gsyncKey) *gsyncChain {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: Knuth's multiplicative hash
	return &g.buckets[(key.at>>2^key.owner<<32)*golden>>54%gsyncBuckets]
}

// each calls f for the waits of a word, the longest first, until it returns false. f may end the wait it is given, or move it.
func (g *gsyncs) each(key gsyncKey, f func(*gsyncWait) bool) {
	for w := g.bucket(key).first; w != nil; {
		next := w.links[ofWord].next
		if w.key == key && !f(w) {
			return
		}
		w = next
	}
}

// serveGsync answers gsync_wait, gsync_wake and gsync_requeue to a task's port.
func (k *Kernel) serveGsync(t *Task, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	at := mach.VirtAddr(r.Uint64())
	switch m.ID() {
	case mach.IDGsyncWait:
		low, high, ms, flags := r.Uint32(), r.Uint32(), r.Uint32(), r.Int32()
		if r.End() == mach.Success {
			return k.gsyncWait(t, k.running, m, at, uint64(high)<<32|uint64(low), ms, flags)
		}
	case mach.IDGsyncWake:
		value, flags := r.Uint32(), r.Int32()
		if r.End() == mach.Success {
			return k.gsyncWake(t, m, at, value, flags)
		}
	case mach.IDGsyncRequeue:
		to, wake, flags := mach.VirtAddr(r.Uint64()), r.Bool(), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(k.gsyncRequeue(t, at, to, wake, flags))
		}
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// gsyncKeyOf is the word at an address of t, which was just touched.
func gsyncKeyOf(t *Task, at mach.VirtAddr, flags int32) gsyncKey {
	if flags&gsyncShared != 0 {
		if object, offset, ok := t.memory.Identity(at); ok {
			return gsyncKey{object, offset, true}
		}
	}
	return gsyncKey{owner: uint64(t.id), at: uint64(at)}
}

// gsyncWait is gsync_wait of a word of t, which by asked for: without GSYNC_QUAD the high half of the value means nothing.
//
// InvalidAddress: not aligned to 4 bytes, or not readable. InvalidArgument: the word holds another value. TimedOut, Interrupted.
func (k *Kernel) gsyncWait(t *Task, by *Thread, m *ipc.Message, at mach.VirtAddr, want uint64, ms uint32, flags int32) *ipc.Message {
	size := 4
	if flags&gsyncQuad != 0 {
		size = 8
	} else {
		want = uint64(uint32(want))
	}
	if at%4 != 0 {
		return m.ReplyCode(mach.InvalidAddress)
	}
	var b [8]byte
	if err := t.memory.CopyIn(b[:size], at); err != nil {
		if !k.env.Waits() {
			return m.ReplyCode(mach.InvalidAddress)
		}
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			switch {
			case by.dead: // it must not use up what would wake another
				return m.ReplyCode(mach.Interrupted)
			case err != nil:
				return m.ReplyCode(mach.InvalidAddress)
			}
			return k.gsyncWait(t, by, m, at, want, ms, flags)
		})
	}
	if le.Uint64(b[:]) != want {
		return m.ReplyCode(mach.InvalidArgument)
	}
	if !m.Answerable() {
		return m.ReplyCode(mach.InvalidArgument) // to nobody
	}
	w := k.gsync.free
	if w != nil {
		k.gsync.free = w.links[ofWord].next
	} else {
		w = new(gsyncWait)
	}
	*w = gsyncWait{key: gsyncKeyOf(t, at, flags), m: m, target: t, thread: by, sleeper: sleeper{slot: -1, owner: w}}
	k.gsync.bucket(w.key).add(w, ofWord)
	w.thread.gsyncs.add(w, ofThread)
	t.gsyncs.add(w, ofTask)
	if flags&gsyncTimed != 0 {
		k.sleep.add(&w.sleeper, ms)
	}
	return nil
}

// endGsync ends a wait with a reply, if anybody is there to get it, and reports that.
func (k *Kernel) endGsync(w *gsyncWait, code mach.Return) bool {
	k.gsync.bucket(w.key).remove(w, ofWord)
	w.thread.gsyncs.remove(w, ofThread)
	w.target.gsyncs.remove(w, ofTask)
	k.sleep.remove(&w.sleeper)
	m := w.m
	*w = gsyncWait{}
	w.links[ofWord].next, k.gsync.free = k.gsync.free, w
	heard := m.Answerable()
	if reply := m.ReplyCode(code); reply != nil {
		k.send(reply)
	}
	return heard
}

// gsyncWake is gsync_wake: one wait ends, or all. Waits whose sender is gone do not count.
func (k *Kernel) gsyncWake(t *Task, m *ipc.Message, at mach.VirtAddr, value uint32, flags int32) *ipc.Message {
	if at%4 != 0 {
		return m.ReplyCode(mach.InvalidAddress)
	}
	var b [4]byte
	err := t.memory.CopyIn(b[:], at)
	if err == nil && flags&gsyncMutate != 0 {
		le.PutUint32(b[:], value)
		err = t.memory.CopyOut(at, b[:])
	}
	if err != nil {
		if !k.env.Waits() {
			return m.ReplyCode(mach.InvalidAddress)
		}
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.InvalidAddress)
			}
			return k.gsyncWake(t, m, at, value, flags)
		})
	}
	k.gsync.each(gsyncKeyOf(t, at, flags), func(w *gsyncWait) bool {
		return !k.endGsync(w, mach.Success) || flags&gsyncBroadcast != 0
	})
	return m.ReplyCode(mach.Success)
}

// gsyncRequeue is gsync_requeue: it moves one wait, or with GSYNC_BROADCAST all, from a word to another, after it woke one if wake says so.
func (k *Kernel) gsyncRequeue(t *Task, from, to mach.VirtAddr, wake bool, flags int32) mach.Return {
	if from%4 != 0 || to%4 != 0 || from < mach.MinUser || from >= mach.MaxUser || to < mach.MinUser || to >= mach.MaxUser {
		return mach.InvalidAddress
	}
	source, target := gsyncKeyOf(t, from, flags), gsyncKeyOf(t, to, flags)
	if source == target {
		return mach.InvalidArgument
	}
	// The ends of both chains may be one: those that were moved there are of the other word, and are not met again.
	k.gsync.each(source, func(w *gsyncWait) bool {
		if wake {
			wake = !k.endGsync(w, mach.Success)
			return true
		}
		k.gsync.bucket(source).remove(w, ofWord)
		w.key = target
		k.gsync.bucket(target).add(w, ofWord)
		return flags&gsyncBroadcast != 0
	})
	return mach.Success
}

// interruptGsyncs ends the waits of a thread, because of thread_abort or because it ends: then it must not use up what would wake another.
// It reports whether a reply came to the thread that waits for a message.
func (k *Kernel) interruptGsyncs(t *Thread) bool {
	for t.gsyncs.first != nil {
		k.endGsync(t.gsyncs.first, mach.Interrupted)
	}
	return t.awake || t.wait != waitMessage
}
