package ipc

import (
	"defpager/board"
	"defpager/mach"
)

// waitKind says what a thread waits for.
type waitKind uint8

const (
	waitNone waitKind = iota
	waitSend          // for room in a queue
	waitRcv           // for a message
)

// Waiter is one thread's place in the queues of ipc, embedded in the thread. One thread waits for one thing at a time.
type Waiter struct {
	Owner  any        // the thread: set once by kern, not used here
	Memory UserMemory // the thread's, see Init
	view   *board.View

	Args MsgArgs // of the thread's last mach_msg

	kind       waitKind // not waitNone: it is in queue
	sending    bool     // what Resume goes on with: the end of a send, or of a receive
	queue      *waitQueue
	next, prev *Waiter

	msg     *Message    // to be sent, or received
	code    mach.Return // how the wait ended, when it did not bring a message
	size    uint32      // with RcvTooLarge: of the message that stayed queued
	handOff *Waiter
	result  mach.Return // of Fast
}

// Init sets whose place it is, and the thread's memory.
func (w *Waiter) Init(owner any, memory UserMemory) {
	w.Owner, w.Memory, w.view = owner, memory, memory.View()
}

// Result is what mach_msg returns when Fast has Finished.
func (w *Waiter) Result() mach.Return { return w.result }

// waitQueue is a queue of threads, the one that waits longest first.
type waitQueue struct{ first, last *Waiter }

func (q *waitQueue) add(w *Waiter, kind waitKind) {
	w.kind = kind
	w.queue = q // next and prev are nil
	if q.last == nil {
		q.first, q.last = w, w
		return
	}
	w.prev = q.last
	q.last.next = w
	q.last = w
}

// end takes w out of its queue, with code as the outcome. A message that it wanted to send stays in w.msg.
func (w *Waiter) end(code mach.Return) {
	q := w.queue
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.queue = nil, nil, nil
	w.kind = waitNone
	w.code = code
	if code == mach.Success {
		w.msg = nil
	}
}

// endReceive is end for a thread that waits for a message, with Success.
func (w *Waiter) endReceive() {
	q := w.queue
	if q.first == w && q.last == w {
		q.first, q.last, w.queue = nil, nil, nil
		w.kind = waitNone
		w.code = mach.Success
		return
	}
	w.end(mach.Success)
}

// Waiting reports whether the thread waits for a message or for room in a queue.
func (w *Waiter) Waiting() bool { return w.kind != waitNone }

// Timeout is how long the thread may wait, in milliseconds; false if for ever. Valid while it waits.
func (w *Waiter) Timeout() (milliseconds uint32, ok bool) {
	option := mach.OptRcvTimeout
	if w.kind == waitSend {
		option = mach.OptSendTimeout
	}
	return w.Args.Timeout, w.Args.Option&option != 0
}

// Expire ends the wait because its time is over: the thread is runnable, and Resume says what mach_msg returns. It does nothing if it does
// not wait. Wake is not called.
func (w *Waiter) Expire() {
	switch w.kind {
	case waitSend:
		w.end(mach.SendTimedOut)
	case waitRcv:
		w.end(mach.RcvTimedOut)
	}
}

// Interrupt is like Expire, for thread_abort.
func (w *Waiter) Interrupt() {
	switch w.kind {
	case waitSend:
		w.end(mach.SendInterrupted)
	case waitRcv:
		w.end(mach.RcvInterrupted)
	}
}

// Cancel ends the wait of a thread that is destroyed: a message it wanted to send or had received is destroyed too.
func (w *Waiter) Cancel() {
	if w.kind != waitNone {
		w.end(mach.Aborted)
	}
	if m := w.msg; m != nil {
		w.msg = nil
		m.Free()
	}
	w.handOff = nil
}

// Delivered reports whether a wait for a message ended with the message in the receiver's memory: Resume has nothing to do.
func (w *Waiter) Delivered() bool { return !w.sending && w.msg == nil && w.code == mach.Success }

// HandOff is the receiver that got the message which this thread sent in Msg or Resume, once; nil if none waited. Wake was
// not called for it: the caller runs it now or later.
func (w *Waiter) HandOff() *Waiter {
	to := w.handOff
	w.handOff = nil
	return to
}
