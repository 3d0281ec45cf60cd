// Command trackpager shares memory between tasks and knows which of its pages were written, and when. So does whoever copies a running
// program to another machine, collects garbage beside it, or draws only what has changed.
//
//	trackpager --receive=PORT --control=PORT
//
// The first PORT names the receive right of the memory object, the second that of a port for questions. Memory begins with zeros. Each
// page is locked against writing: the first write to it makes the kernel ask, and the pager notes the page and allows it. The question
// (message TrackCollect, no arguments) ends a round: all pages are locked again, and the answer is the bitmap of the first 64 pages
// that were written since the last one. When nobody maps the object any more, trackpager ends.
package main

import (
	"fmt"
	"math/bits"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

// trackCollect is the message id of the question. Its reply has a return code and a 64-bit number: bit n is set if page n was written.
const trackCollect mach.MsgID = 7000

func main() {
	object := args.ReceiveRight("receive", "the memory object")
	control := args.ReceiveRight("control", "the port for questions")
	args.Parse(object, control)
	t := tracker{client: libmach.NewClient(), completed: libmach.ReplyPort(), buf: libmach.NewBuffer(512), kept: make(map[uint64][]byte)}
	if ret := t.serve(*object, *control); ret != mach.Success {
		fmt.Printf("trackpager: FAILED: %v\n", ret)
		os.Exit(1)
	}
	fmt.Printf("trackpager: %d rounds, %d first writes\n", t.rounds, t.writes)
}

// tracker is the manager of the shared memory.
type tracker struct {
	client    *libmach.Client
	buf       libmach.Buffer
	kept      map[uint64][]byte // by offset: pages that came back, as the kernel was short of memory
	control   mach.Name         // the object's control port; null while nobody maps it
	completed mach.Name         // where the kernel tells that a lock request is done
	round     uint64            // pages written in this one
	rounds    int
	writes    int
	done      bool
}

// serve answers the kernel and the questions, whichever comes first.
func (t *tracker) serve(object, control mach.Name) mach.Return {
	task := t.client.Task()
	set, ret := libmach.PortAllocate(task, mach.RightPortSet)
	for _, member := range [...]mach.Name{object, control} {
		if ret == mach.Success {
			ret = t.client.PortMoveMember(task, member, set)
		}
	}
	for ret == mach.Success && !t.done {
		var m libmach.Message
		if m, ret = libmach.Receive(t.buf, set, 0, 0); ret != mach.Success {
			break
		}
		switch {
		case m.Port() == object:
			t.client.MemoryObjectServer(m, t) // a message that is none of the kernel's is nothing to us
		case m.ID() == trackCollect:
			ret = t.collect(m)
		default:
			libmach.Answer(libmach.NewBuffer(64), m, mach.MIGBadID)
		}
	}
	return ret
}

// collect ends a round. The answer waits until the kernel has locked all pages: what is written later belongs to the next round.
func (t *tracker) collect(question libmach.Message) mach.Return {
	if t.control != mach.NameNull {
		t.client.MemoryObjectLockRequest(t.control, libmach.Lock{Size: ^uint64(mach.PageMask), Lock: mach.ProtWrite, Reply: t.completed})
		if _, ret := libmach.Receive(libmach.NewBuffer(512), t.completed, 0, 0); ret != mach.Success {
			return ret
		}
	}
	w := mig.NewWriter(libmach.NewBuffer(128))
	w.RetCode(mach.Success)
	w.Uint64(t.round)
	t.writes += bits.OnesCount64(t.round)
	t.round = 0
	t.rounds++
	libmach.Reply(&w, question, 0) // who asks and does not wait gets no answer
	return mach.Success
}

// Init implements libmach.MemoryManager.
func (t *tracker) Init(_, control, _ mach.Name) {
	t.control = control
	t.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

// DataRequest implements libmach.MemoryManager: a page is new, or was kept. Locked, even if it is wanted for writing: then the kernel asks.
func (t *tracker) DataRequest(_, control mach.Name, offset, length uint64, _ mach.Prot) {
	data := t.kept[offset]
	if data == nil {
		data = make([]byte, length)
	}
	t.client.MemoryObjectAnswer(control, libmach.Supply{Offset: offset, Data: data, Lock: mach.ProtWrite})
}

// DataUnlock implements libmach.MemoryManager: a page is written for the first time in this round.
func (t *tracker) DataUnlock(_, control mach.Name, offset, length uint64, _ mach.Prot) {
	if n := offset / mach.PageSize; n < 64 {
		t.round |= 1 << n
	}
	t.client.MemoryObjectLockRequest(control, libmach.Lock{Offset: offset, Size: length, Lock: mach.ProtNone})
}

// DataReturn implements libmach.MemoryManager: the memory ends with the last mapping, but may be needed until then.
func (t *tracker) DataReturn(_, _ mach.Name, offset uint64, data []byte, _, _ bool) {
	for at := uint64(0); at < uint64(len(data)); at += mach.PageSize {
		t.kept[offset+at] = append([]byte(nil), data[at:at+mach.PageSize]...)
	}
}

// Terminate implements libmach.MemoryManager.
func (t *tracker) Terminate(_, _ mach.Name) { t.done = true }
