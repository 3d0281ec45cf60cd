package libmach

import (
	"sync"

	"defpager/mach"
)

// Turns has the messages of each port take effect in the order in which the port gave them out, whichever of a server's threads received them. That is
// what sequence numbers are for: a thread that has received a message waits for its turn, does what must not be overtaken, and gives the turn on. The
// zero Turns is ready for use.
//
//	for {
//		m, code := libmach.Receive(buf, set, 0, 0)
//		...
//		turns.Take(m.Port(), m.Header.Seqno)
//		client.SeqnosMemoryObjectDefaultServer(m, manager)
//		turns.Done(m.Port())
//	}
//
// All messages count: also those that nobody understands, and notifications. A thread may hold nothing that an earlier message needs while it waits. The
// numbers of a port begin at 0 when its receive right comes to the task, and after PortSetSeqno.
type Turns struct {
	mu    sync.Mutex
	moved *sync.Cond
	next  map[mach.Name]uint32 // the number whose turn it is; 0 if there is none
}

// Take waits until all messages of the port with lower numbers are done.
func (t *Turns) Take(port mach.Name, seqno uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = make(map[mach.Name]uint32)
		t.moved = sync.NewCond(&t.mu)
	}
	for t.next[port] != seqno {
		t.moved.Wait()
	}
}

// Done gives the turn on to the next message of the port.
func (t *Turns) Done(port mach.Name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next[port]++
	t.moved.Broadcast()
}

// Forget is Done with the last message of a port, whose name may soon be another's. The caller has the turn.
func (t *Turns) Forget(port mach.Name) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.next, port)
}
