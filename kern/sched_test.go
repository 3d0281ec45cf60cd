package kern

import (
	"slices"
	"testing"
	"time"

	"defpager/mach"

	"pgregory.net/rapid"
)

// The table of sleepers and the queue of the ready against a list: threads come, leave and expire in any order.
func TestSleepersAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now int64
		k := &Kernel{}
		k.sleep.now = func() int64 { return now }
		task := &Task{}
		threads := make([]*Thread, 12)
		for i := range threads {
			threads[i] = &Thread{id: uint32(i), task: task, wait: waitTimer}
			threads[i].sleeper = sleeper{slot: -1, owner: threads[i]}
		}
		deadlines := map[*Thread]int64{}
		var ready []*Thread
		woken := func(list ...*Thread) {
			for _, th := range list {
				delete(deadlines, th)
				ready = append(ready, th)
			}
		}
		pick := func(t *rapid.T) *Thread { return rapid.SampledFrom(threads).Draw(t, "thread") }
		t.Repeat(map[string]func(*rapid.T){
			"sleep": func(t *rapid.T) {
				th := pick(t)
				if th.slot >= 0 || th.queued {
					return
				}
				ms := rapid.Uint32Range(0, 20).Draw(t, "ms")
				th.awake = false
				k.sleep.add(&th.sleeper, ms)
				deadlines[th] = now + int64(ms)*int64(time.Millisecond)
			},
			"wake": func(t *rapid.T) {
				if th := pick(t); th.slot >= 0 {
					k.wakeThread(th)
					woken(th)
				}
			},
			"forget": func(t *rapid.T) {
				th := pick(t)
				k.sleep.remove(&th.sleeper)
				delete(deadlines, th)
			},
			"time": func(t *rapid.T) {
				now += int64(rapid.IntRange(0, 30).Draw(t, "ms")) * int64(time.Millisecond)
				k.sleep.expire(k)
				var due []*Thread
				for th, d := range deadlines {
					if d <= now {
						due = append(due, th)
					}
				}
				// The order of equal deadlines is the table's.
				got := due[:0:0]
				for th := k.ready.head; th != nil; th = th.next {
					if slices.Contains(due, th) {
						got = append(got, th)
					}
				}
				if len(got) != len(due) || !slices.IsSortedFunc(got, func(a, b *Thread) int { return int(a.deadline - b.deadline) }) {
					t.Fatalf("woke %d of %d threads, or out of order", len(got), len(due))
				}
				woken(got...)
			},
			"run": func(t *rapid.T) {
				th := k.next()
				if len(ready) == 0 {
					if th != nil {
						t.Fatal("a thread runs that is not ready")
					}
					return
				}
				if th != ready[0] || th.awake {
					t.Fatalf("%v runs", th)
				}
				ready = ready[1:]
			},
			"suspend": func(t *rapid.T) {
				if th := pick(t); th.queued {
					th.suspended = 1
					ready = slices.DeleteFunc(ready, func(x *Thread) bool { return x == th })
					if th == k.ready.head && k.ready.head == k.ready.tail {
						if k.next() != nil {
							t.Fatal("a suspended thread runs")
						}
					} else {
						k.ready.remove(th)
					}
					th.suspended = 0
				}
			},
			"": func(t *rapid.T) {
				if len(k.sleep.heap) != len(deadlines) {
					t.Fatalf("%d sleepers, want %d", len(k.sleep.heap), len(deadlines))
				}
				first := int64(1 << 62)
				for i, s := range k.sleep.heap {
					th := s.owner.(*Thread)
					if th.slot != i || th.deadline != deadlines[th] {
						t.Fatalf("thread %d in slot %d of %d wants %d", th.id, i, th.slot, deadlines[th])
					}
					first = min(first, th.deadline)
				}
				if wait, ok := k.sleep.first(); ok != (len(deadlines) != 0) || ok && int64(wait) != max(first-now, 0) {
					t.Fatalf("the first deadline is %v away", wait)
				}
				if k.ready.empty() != (len(ready) == 0) {
					t.Fatal("the queue is empty, or should be")
				}
			},
		})
	})
}

// Threads that compute get their turns in order; a thread may hand its turn to another.
func TestTurns(t *testing.T) {
	m := newMachine(t)
	var order []int
	for i := range 3 {
		m.start("a", func(u *user) {
			for range 3 {
				order = append(order, i)
				for range quantum {
					u.Loop()
				}
			}
			u.is("others that are ready", u.Syscall(mach.TrapSwtch), 1)
			order = append(order, 10+i)
		})
	}
	m.finish()
	if !slices.Equal(order, []int{0, 1, 2, 0, 1, 2, 0, 1, 2, 10, 11, 12}) {
		t.Error(order)
	}
}

func TestThreadSwitch(t *testing.T) {
	m := newMachine(t)
	var order []int
	var last mach.Name
	a := m.start("a", func(u *user) {
		u.want(u.trap(mach.TrapThreadSwitch, uint64(last), 0, 0), mach.Success)
		order = append(order, 0)
		u.want(u.trap(mach.TrapThreadSwitch, uint64(last), 0, 0), mach.Success)
		u.want(u.trap(mach.TrapThreadSwitch, uint64(u.Syscall(mach.TrapThreadSelf)), switchDepress, 5), mach.Success)
		u.want(u.trap(mach.TrapThreadSwitch, 0, 3, 0), mach.InvalidArgument)
		u.want(u.trap(mach.TrapThreadSwitch, 0, ^uint64(0), 0), mach.InvalidArgument)
	})
	for i := range 3 {
		b := m.start("b", func(u *user) { order = append(order, i+1) })
		if i == 2 {
			last = m.give(a, b.threads.self.Copy())
		}
	}
	m.finish()
	if !slices.Equal(order, []int{3, 1, 2, 0}) {
		t.Error(order)
	}
}
