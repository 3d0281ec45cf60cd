package kern

import (
	"time"

	"defpager/mach"
)

// An instruction may need several pages at once. When hardly any page can go out, or many threads wait for theirs, what one fault brings may be gone
// before the last has come, and the instruction never ends. So the pages of a thread that faults again and again at the same instruction are held
// (vm.Map.Hold). That is one thread at a time, and not for long: an instruction that does its work piece by piece, such as a copy of a megabyte, looks the same.

const (
	// stuckAfter is how many faults in a row an instruction gets through by itself: more than it needs pages.
	stuckAfter = 8
	// stuckFor is for how many more faults its pages are held at most, and stuckTicks for how long: it may wait for a manager that never answers.
	stuckFor   = 64
	stuckTicks = 10 * time.Second / Tick
)

// stuck is a thread whose pages are held.
type stuck struct {
	thread *Thread // nil: there is none
	ticks  time.Duration
}

// faulted counts t's faults at one instruction. It reports whether what this one brings is to be held.
func (k *Kernel) faulted(t *Thread) bool {
	if t.faultAt != t.regs.RIP {
		t.faultAt, t.faults = t.regs.RIP, 0
	}
	if t.faults++; t.faults <= stuckAfter {
		return false
	}
	if k.stuck.thread == nil {
		k.stuck = stuck{thread: t}
	}
	switch {
	case k.stuck.thread != t:
		return false
	case t.faults > stuckAfter+stuckFor:
		k.unstick()
		return false
	}
	return true
}

// unstick holds no more pages: another thread may need it.
func (k *Kernel) unstick() {
	k.env.Unhold()
	k.stuck.thread.faults = 0
	k.stuck = stuck{}
}

// tickStuck lets the pages go of a thread that got further. It is called for each tick.
func (k *Kernel) tickStuck() {
	s := &k.stuck
	if s.thread == nil {
		return
	}
	if s.ticks++; s.thread.regs.RIP != s.thread.faultAt || s.ticks > stuckTicks {
		k.unstick()
	}
}

// resolve has t's access to va resolved, as vm.Map.Resolve does.
func (k *Kernel) resolve(t *Thread, va mach.VirtAddr, access mach.Prot) error {
	m := t.task.memory.Map
	if !k.env.Pressed() {
		return m.Resolve(va, access)
	}
	hold := k.faulted(t)
	err := m.Resolve(va, access)
	if err != nil && k.stuck.thread != nil && !hold && mach.Code(err) == mach.ResourceShortage {
		k.unstick() // it is not to fail because of another's
		err = m.Resolve(va, access)
	}
	if err == nil && hold {
		m.Hold(va)
	}
	return err
}
