package kern

import (
	"slices"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// gsync are the calls as a program makes them.
func (u *user) gsyncWait(task mach.Name, at mach.VirtAddr, want uint64, ms uint32, flags int32) mach.Return {
	return u.code(task, mach.IDGsyncWait, func(w *mig.Writer) {
		w.Uint64(uint64(at))
		w.Uint32(uint32(want))
		w.Uint32(uint32(want >> 32))
		w.Uint32(ms)
		w.Int32(flags)
	})
}

func (u *user) gsyncWake(task mach.Name, at mach.VirtAddr, value uint32, flags int32) mach.Return {
	return u.code(task, mach.IDGsyncWake, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint32(value); w.Int32(flags) })
}

func (u *user) gsyncRequeue(task mach.Name, from, to mach.VirtAddr, wake bool, flags int32) mach.Return {
	return u.code(task, mach.IDGsyncRequeue, func(w *mig.Writer) {
		w.Uint64(uint64(from))
		w.Uint64(uint64(to))
		w.Bool(wake)
		w.Int32(flags)
	})
}

// waiters are threads that wait for words, and how their waits ended.
type waiters struct {
	u       *user
	threads []mach.Name
	ended   []string
}

// add starts a thread that waits, and lets it begin.
func (g *waiters) add(name string, at mach.VirtAddr, flags int32) {
	u := g.u
	stack := u.pages(make([]byte, 32)...)
	th := u.newThread(u.self(), u.m.entry(func(c *user) {
		code := c.gsyncWait(c.self(), at, 0, 10, flags)
		g.ended = append(g.ended, name+" "+code.String())
		c.code(mach.Name(c.Syscall(mach.TrapThreadSelf)), mach.IDThreadTerminate, nil)
	}), uint64(stack)+32*pageSize)
	g.threads = append(g.threads, th)
	u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
	g.rest()
}

// rest lets the others run.
func (g *waiters) rest() { g.u.trap(mach.TrapThreadSwitch, 0, switchWait, 1) }

// want checks which waits ended since the last time, in order.
func (g *waiters) want(names ...string) {
	g.u.m.t.Helper()
	g.rest()
	if !slices.Equal(g.ended, names) {
		g.u.m.t.Fatalf("ended are %q, want %q", g.ended, names)
	}
	g.ended = nil
}

// The codes of each call, and waits that do not begin.
func TestGsyncCodes(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		at := u.pages(0, 0)
		me := u.self()
		u.Store64(at+8, 1<<32|7)
		for _, c := range []struct {
			name string
			got  mach.Return
			want mach.Return
		}{
			{"another value", u.gsyncWait(me, at, 1, 0, 0), mach.InvalidArgument},
			{"not aligned", u.gsyncWait(me, at+2, 0, 0, 0), mach.InvalidAddress},
			{"not mapped", u.gsyncWait(me, mach.MinUser+0x123000, 0, 0, 0), mach.InvalidAddress},
			{"not of the user", u.gsyncWait(me, ^mach.VirtAddr(0)-7, 0, 0, 0), mach.InvalidAddress},
			{"half mapped", u.gsyncWait(me, at+2*pageSize-4, 0, 0, gsyncQuad), mach.InvalidAddress},
			{"low half alone", u.gsyncWait(me, at+8, 9<<32|7, 5, gsyncTimed), mach.TimedOut},
			{"other high half", u.gsyncWait(me, at+8, 9<<32|7, 5, gsyncTimed|gsyncQuad), mach.InvalidArgument},
			{"both halves", u.gsyncWait(me, at+8, 1<<32|7, 5, gsyncTimed|gsyncQuad), mach.TimedOut},
			{"no time", u.gsyncWait(me, at, 0, 0, gsyncTimed), mach.TimedOut},
			{"wake nobody", u.gsyncWake(me, at, 0, 0), mach.Success},
			{"wake not aligned", u.gsyncWake(me, at+1, 0, 0), mach.InvalidAddress},
			{"wake not mapped", u.gsyncWake(me, mach.MinUser+0x123000, 0, gsyncMutate), mach.InvalidAddress},
			{"mutate", u.gsyncWake(me, at, 42, gsyncMutate), mach.Success},
			{"requeue not aligned", u.gsyncRequeue(me, at, at+6, false, 0), mach.InvalidAddress},
			{"requeue to itself", u.gsyncRequeue(me, at, at, false, 0), mach.InvalidArgument},
			{"requeue nobody", u.gsyncRequeue(me, at, at+4, true, 0), mach.Success},
		} {
			if c.got != c.want {
				t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
			}
		}
		u.is("the word", u.Load64(at), 42)
	})
	m.finish()
}

// Who is woken, moved, timed out and interrupted, in which order.
func TestGsyncOrder(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		at := u.pages(0)
		me := u.self()
		g := &waiters{u: u}
		start := func(names ...string) {
			for _, n := range names {
				g.add(n, at, 0)
			}
		}
		start("a", "b", "c", "d")
		g.want()
		u.want(u.gsyncWake(me, at, 0, 0), mach.Success)
		g.want("a KERN_SUCCESS")
		u.want(u.gsyncRequeue(me, at, at+8, false, 0), mach.Success) // b
		u.want(u.gsyncWake(me, at+8, 0, gsyncBroadcast), mach.Success)
		g.want("b KERN_SUCCESS")
		u.want(u.gsyncWake(me, at, 0, gsyncBroadcast), mach.Success)
		g.want("c KERN_SUCCESS", "d KERN_SUCCESS")

		start("a", "b", "c")
		u.want(u.gsyncRequeue(me, at, at+8, true, gsyncBroadcast), mach.Success)
		g.want("a KERN_SUCCESS")
		u.want(u.gsyncWake(me, at, 0, gsyncBroadcast), mach.Success)
		g.want()
		u.want(u.gsyncWake(me, at+8, 0, gsyncBroadcast), mach.Success)
		g.want("b KERN_SUCCESS", "c KERN_SUCCESS")

		g.threads = nil
		start("a", "b")
		u.want(u.code(g.threads[0], mach.IDThreadAbort, nil), mach.Success)
		g.want("a KERN_INTERRUPTED")
		start("c")
		u.want(u.code(g.threads[1], mach.IDThreadTerminate, nil), mach.Success) // b must not use up the wake
		u.want(u.gsyncWake(me, at, 0, 0), mach.Success)
		g.want("c KERN_SUCCESS")

		g.add("timed", at, gsyncTimed)
		g.rest()
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 20)
		g.want("timed KERN_TIMEDOUT")
	})
	m.finish()
}

// Two tasks wait and wake by the memory they share, which each has at another address; without GSYNC_SHARED they do not meet.
func TestGsyncShared(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, _ *store, object mach.Name) {
		at := u.mapManaged(object, 2) + pageSize
		g := &waiters{u: u}
		g.add("shared", at+16, gsyncShared)
		g.add("private", at+16, 0)
		other := u.mapManaged(object, 2) + pageSize
		u.want(u.gsyncWake(u.self(), other+16, 0, gsyncBroadcast), mach.Success)
		g.want()
		u.want(u.gsyncWake(u.self(), other+20, 0, gsyncShared|gsyncBroadcast), mach.Success)
		g.want()
		u.want(u.gsyncWake(u.self(), other+16, 0, gsyncShared|gsyncBroadcast), mach.Success)
		g.want("shared KERN_SUCCESS")
		u.want(u.gsyncWake(u.self(), at+16, 0, 0), mach.Success)
		g.want("private KERN_SUCCESS")
	})
	m.finish()
}

// A wait for a word whose page a manager has yet to supply is still that of the thread which asked: it ends with the thread's abort, and with its end.
func TestGsyncOnManagedPage(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		g := &waiters{u: u}
		begin := func(name string) mach.Name {
			u.Store64(at, 0)
			u.empty(s)
			g.add(name, at, 0)
			for range 10 {
				g.rest()
			}
			u.asked(s, "0 r--")
			return g.threads[len(g.threads)-1]
		}
		u.want(u.code(begin("a"), mach.IDThreadAbort, nil), mach.Success)
		g.want("a KERN_INTERRUPTED")
		u.want(u.code(begin("b"), mach.IDThreadTerminate, nil), mach.Success)
		g.add("c", at, 0)
		u.want(u.gsyncWake(u.self(), at, 0, 0), mach.Success)
		g.want("c KERN_SUCCESS")

		// The thread may be gone when the page comes.
		u.empty(s)
		s.silent = true
		g.add("d", at, 0)
		u.want(u.code(g.threads[len(g.threads)-1], mach.IDThreadTerminate, nil), mach.Success)
		s.silent, s.late = false, true
		for range 10 {
			g.rest()
		}
		g.add("e", at, 0)
		u.want(u.gsyncWake(u.self(), at, 0, 0), mach.Success)
		g.want("e KERN_SUCCESS")
	})
	m.finish()
}
