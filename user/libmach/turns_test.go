package libmach

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"defpager/mach"
)

// queues are ports of a set, whose messages are given out one after the other.
type queues struct {
	mu   sync.Mutex
	left []mach.Name // of each message, its port, in order
	next map[mach.Name]uint32
}

func (q *queues) receive() (port mach.Name, seqno uint32, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.left) == 0 {
		return 0, 0, false
	}
	port = q.left[0]
	q.left = q.left[1:]
	seqno = q.next[port]
	q.next[port]++
	return port, seqno, true
}

// Many threads receive messages of several ports, and are overtaken. Each port's take effect in order, one at a time.
func TestTurns(t *testing.T) {
	const threads, ports, messages = 8, 5, 4000
	q := queues{next: map[mach.Name]uint32{}}
	for range messages {
		q.left = append(q.left, mach.Name(1+rand.IntN(ports)))
	}
	var turns Turns
	var effects [ports + 1][]uint32 // written by whoever has the port's turn: the race detector looks
	var all sync.WaitGroup
	overtaken := make([]int, threads)
	for i := range threads {
		all.Go(func() {
			for {
				port, seqno, ok := q.receive()
				if !ok {
					return
				}
				for range rand.IntN(5) {
					runtime.Gosched()
				}
				turns.Take(port, seqno)
				before := len(effects[port])
				runtime.Gosched()
				effects[port] = append(effects[port], seqno)
				if len(effects[port]) != before+1 {
					overtaken[i]++
				}
				turns.Done(port)
			}
		})
	}
	all.Wait()
	n := 0
	for port, list := range effects {
		for i, seqno := range list {
			if n++; seqno != uint32(i) {
				t.Fatalf("port %d: message %d takes effect as number %d", port, seqno, i)
			}
		}
	}
	for _, v := range overtaken {
		if v != 0 {
			t.Fatal("two threads had a turn")
		}
	}
	if n != messages {
		t.Fatalf("%d messages took effect", n)
	}
	turns.Forget(1)
	turns.Take(1, 0) // another port of that name
}
