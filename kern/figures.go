package kern

import (
	"defpager/mach"
	"defpager/mm/vm"
)

// figures is what defpager_task_figures answers. It takes time in proportion to the number of objects and of pages that are out.
func (t *Task) figures() mach.TaskFigures {
	m, a := t.memory.Map, t.account
	c := m.Counters()
	f := mach.TaskFigures{
		ID: uint64(t.id), Reserved: a.Reserved.Bytes(), ReservedLimit: limitBytes(a.ReservedMax), Objects: uint64(a.Objects),
		Overcommitted: uint64(a.Overcommitted), Out: a.Out.Bytes(), OutLimit: limitBytes(a.OutMax),
		Mapped: m.Size(), Wired: m.Wired(), Resident: m.Resident().Bytes(), OutFigures: t.kernel.env.OutFigures(t.kernel.env.OutOf(a)),
		Faults: c.Faults, ZeroFills: c.ZeroFills, CopyFaults: c.CopyFaults, PageIns: c.PageIns, PageOuts: c.PageOuts, Waited: uint64(t.waited),
	}
	f.MappedLimit, _ = m.SizeLimit()
	if a.Overcommit {
		f.Flags = uint64(mach.Overcommit)
	}
	return f
}

// limitBytes is a limit of pages in bytes, and pageLimit one of bytes in whole pages. All ones are no limit.
func limitBytes(n mach.PageNumber) uint64 {
	if n == vm.NoLimit {
		return ^uint64(0)
	}
	return n.Bytes()
}

func pageLimit(bytes uint64) mach.PageNumber {
	if bytes == ^uint64(0) {
		return vm.NoLimit
	}
	return mach.PageNumber(bytes >> mach.PageShift)
}

// setLimits is defpager_task_set_limits: only the privileged may raise a limit or change how objects are made. InvalidTask, NoAccess, and InvalidArgument
// for flags that there are not. What the task has already it keeps.
func (k *Kernel) setLimits(t *Task, flags int32, reserved, out uint64, privileged bool) mach.Return {
	if t == nil {
		return mach.InvalidTask
	}
	if flags&^mach.Overcommit != 0 {
		return mach.InvalidArgument
	}
	to := vm.Limits{Overcommit: flags != 0, ReservedMax: pageLimit(reserved), OutMax: pageLimit(out)}
	if now := &t.account.Limits; !privileged && (to.ReservedMax > now.ReservedMax || to.OutMax > now.OutMax || to.Overcommit != now.Overcommit) {
		return mach.NoAccess
	}
	k.env.SetLimits(t.account, to)
	return mach.Success
}
