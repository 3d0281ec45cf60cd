package kern

import (
	"testing"

	"defpager/mach"
	"defpager/mm/vm"
)

// refault has u's instruction fault again at the page at va.
func (u *user) refault(va mach.VirtAddr) {
	u.m.tasks.head.memory.Pmap().Remove(va, va+pageSize)
	u.Store(va, 1)
}

// full is paging storage that takes nothing.
type full struct{ vm.Backing }

func (full) Store(mach.PhysAddr) (vm.Token, bool) { return 0, false }
func (full) Room() bool                           { return false }
func (full) Busy() bool                           { return false }
func (full) Shrink() bool                         { return false }

// TestPagesOfStuckThreadAreHeld has an instruction fault again and again: what it gets is held, until the thread gets further or had its share.
func TestPagesOfStuckThreadAreHeld(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		at := u.pages(1)
		held := func(what string, want bool) {
			t.Helper()
			if m.env.Holds() != want || (m.stuck.thread != nil) != want {
				t.Errorf("%s: pages are held: %v", what, !want)
			}
		}
		tick := func() {
			m.clock += tick
			m.tickMemory()
		}
		for range 2 * stuckAfter {
			u.refault(at)
			held("while nothing is paged out", false)
		}
		m.env.Backing = full{}
		press := func() { m.env.MakeRoom(m.env.Frames.Stats().Total) }
		press()
		u.Syscall(mach.TrapTaskSelf)
		for range stuckAfter {
			u.refault(at)
			held("after so few faults", false)
		}
		u.refault(at)
		held("after one more", true)
		tick()
		held("after a tick", true)
		u.Syscall(mach.TrapTaskSelf)
		tick()
		held("after a tick elsewhere", false)

		for range stuckAfter + stuckFor {
			u.refault(at)
		}
		held("in its share", true)
		u.refault(at)
		held("beyond its share", false)
		for range stuckAfter + 1 {
			u.refault(at)
		}
		held("and again", true)
		for range stuckTicks + 1 {
			tick()
		}
		held("after long", false)

		press()
		other := m.newThread(m.tasks.head)
		m.stuck = stuck{thread: other}
		for range stuckAfter + 1 {
			u.refault(at)
		}
		if m.stuck.thread != other {
			t.Error("the pages of two threads are held")
		}
		m.terminateThread(other)
		m.settle()
		held("when the thread is dead", false)
		m.env.Backing = nil
	})
	m.finish()
}
