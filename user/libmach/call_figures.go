package libmach

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// ObjectCreateFlags is defpager_object_create: ObjectCreate with flags, such as mach.Overcommit, which promises no frames to the object.
func (c *Client) ObjectCreateFlags(pager mach.Name, size uint64, flags int32) (mach.Name, mach.Return) {
	return wire.DefpagerObjectCreate(c, pager, size, flags)
}

// ObjectFigures is what is known of a memory object, by a right to it or to its name port. What an older kernel does not know is 0.
func (c *Client) ObjectFigures(object mach.Name) (f mach.ObjectFigures, ret mach.Return) {
	a, ret := wire.DefpagerObjectFigures(c, object, mach.FiguresMax)
	if ret == mach.Success {
		record(f.List(), a)
	}
	return f, ret
}

// TaskFigures is what is known of a task's memory.
func (c *Client) TaskFigures(task mach.Name) (f mach.TaskFigures, ret mach.Return) {
	a, ret := wire.DefpagerTaskFigures(c, task, mach.FiguresMax)
	if ret == mach.Success {
		record(f.List(), a)
	}
	return f, ret
}

// HostFigures fills in the numbers of a mach.HostFigures, which its List is, by the host's privileged port: the books of the machine. It takes nothing of Go's heap.
func (c *Client) HostFigures(host mach.Name, list []*uint64) mach.Return {
	a, ret := wire.DefpagerHostFigures(c, host, mach.FiguresMax)
	if ret == mach.Success {
		record(list, a)
	}
	return ret
}

// record fills in what the array has of a record.
func record(list []*uint64, a mig.Array) {
	for i, v := range list[:min(len(list), int(a.Count))] {
		*v = binary.LittleEndian.Uint64(a.Data[8*i:])
	}
}

// TaskSetLimits is defpager_task_set_limits: the bytes that may be promised to a task and that it may have paged out, all ones for no limit, and with the flag
// mach.Overcommit that nothing is promised to objects that it makes. Only by the host's privileged port are limits raised and flags changed.
func (c *Client) TaskSetLimits(host, task mach.Name, flags int32, reserved, out uint64) mach.Return {
	return wire.DefpagerTaskSetLimits(c, host, task, flags, reserved, out)
}
