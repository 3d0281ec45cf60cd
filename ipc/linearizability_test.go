package ipc

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"defpager/ipc/mig"
	"defpager/mach"
)

// operation is a mach_msg of one thread: a message sent to one of the ports, or one received from all of them.
type operation struct {
	receive bool
	poll    bool // with a timeout of 0
	port    int
	value   int32
}

// result is what it did.
type result struct {
	code  mach.Return
	port  int
	value int32
}

// queued is a message in the model's queue.
type queued struct {
	port  int
	value int32
}

// queues is the model: all ports are one queue, the oldest message first, with so many messages of each at most.
func queues(limit int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return []queued(nil) },
		Step: func(state, input, output any) (bool, any) {
			q, in, out := state.([]queued), input.(operation), output.(result)
			of := 0
			for _, m := range q {
				if m.port == in.port {
					of++
				}
			}
			switch {
			case in.receive && out.code == mach.Success:
				if len(q) == 0 || q[0] != (queued{out.port, out.value}) {
					return false, q
				}
				return true, q[1:]
			case in.receive:
				return in.poll && out.code == mach.RcvTimedOut && len(q) == 0, q
			case out.code == mach.Success:
				return of < limit, append(q[:len(q):len(q)], queued{in.port, in.value})
			default:
				return in.poll && out.code == mach.SendTimedOut && of == limit, q
			}
		},
		Equal:             func(a, b any) bool { return slices.Equal(a.([]queued), b.([]queued)) },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
	}
}

// many is threads of one task, which take the one lock for each step and wait outside of it, as the kernel's do.
type many struct {
	*task
	mu      sync.Mutex
	ports   []mach.Name
	from    mach.Name // what is received from: the port, or the set of all
	start   time.Time
	history []porcupine.Operation
}

// runner is one of the threads.
type runner struct {
	*many
	id   int
	mem  *memory
	wait Waiter
	woke chan struct{}
}

// do carries out an operation and notes it.
func (r *runner) do(op operation) result {
	args := MsgArgs{Addr: base, RcvSize: 0x1000}
	if op.receive {
		args.Option, args.RcvName = mach.OptRcv, r.from
	} else {
		w := mig.NewWriter(r.mem.bytes[:0x1000])
		w.Int32(op.value)
		args.Option = mach.OptSend
		args.SendSize = uint32(len(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0), r.ports[op.port], 0, 1)))
	}
	if op.poll {
		args.Option |= mach.OptSendTimeout | mach.OptRcvTimeout
	}
	call := time.Since(r.start)
	runtime.Gosched()
	r.mu.Lock()
	code, done := r.Msg(r.mem, &r.wait, &args)
	r.handOver(&r.wait)
	for !done {
		r.mu.Unlock()
		<-r.woke
		r.mu.Lock()
		code, done = r.Resume(r.mem, &r.wait)
		r.handOver(&r.wait)
	}
	out := result{code: code, port: op.port}
	if op.receive && code == mach.Success {
		h := mig.GetHeader(r.mem.bytes)
		body := mig.NewReader(r.mem.bytes[mach.HeaderSize:h.Size])
		out.port, out.value = slices.Index(r.ports, mach.Name(h.Local)), body.Int32()
	}
	r.mu.Unlock()
	back := time.Since(r.start)
	r.mu.Lock()
	r.history = append(r.history, porcupine.Operation{ClientId: r.id, Input: op, Call: int64(call), Output: out, Return: int64(back)})
	r.mu.Unlock()
	return out
}

// handOver wakes the thread that got the message.
func (m *many) handOver(w *Waiter) {
	if to := w.HandOff(); to != nil {
		to.Owner.(*runner).woke <- struct{}{}
	}
}

// Queues under concurrency behave as if each operation happened at one moment between its call and its return.
func TestLinearizable(t *testing.T) {
	const limit, senders, receivers, each, rounds = 3, 4, 3, 6, 25
	for _, ports := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d ports", ports), func(t *testing.T) {
			for round := range rounds {
				w := newWorld(t)
				w.sys = New(Config{Wake: func(th *Waiter) { th.Owner.(*runner).woke <- struct{}{} }})
				m := &many{task: w.task(), start: time.Now()}
				for range ports {
					name := m.receivePort()
					w.want(m.SetQLimit(name, limit), mach.Success)
					m.ports, m.from = append(m.ports, name), name
				}
				if ports > 1 {
					var code mach.Return
					if m.from, code = m.Allocate(mach.RightPortSet); code != mach.Success {
						t.Fatal(code)
					}
					for _, name := range m.ports {
						w.want(m.MoveMember(name, m.from), mach.Success)
					}
				}
				var threads sync.WaitGroup
				run := func(id int, f func(r *runner)) {
					r := &runner{many: m, id: id, woke: make(chan struct{}, 1), mem: &memory{bytes: make([]byte, 0x2000), live: &w.live}}
					r.wait.Init(r, r.mem)
					threads.Go(func() { f(r) })
				}
				for s := range senders {
					run(s, func(r *runner) {
						for i := 0; i < each; {
							op := operation{poll: (i+s+round)%2 == 0, port: (i + s) % ports, value: int32(100*s + i)}
							if r.do(op).code == mach.Success {
								i++
							}
						}
					})
				}
				for s := range receivers {
					run(senders+s, func(r *runner) {
						for i := 0; i < senders*each/receivers; {
							if r.do(operation{receive: true, poll: (i+s+round)%3 == 0}).code == mach.Success {
								i++
							}
						}
					})
				}
				threads.Wait()
				w.check()
				const patience = 10 * time.Second
				if got := porcupine.CheckOperationsTimeout(queues(limit), m.history, patience); got != porcupine.Ok {
					for _, o := range m.history {
						t.Logf("%d %7d-%7d %+v -> %+v", o.ClientId, o.Call, o.Return, o.Input, o.Output)
					}
					t.Fatalf("round %d: %v", round, got)
				}
			}
		})
	}
}
