package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// The traps that say who one is, and those for names.
func TestTrapsForPorts(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := uint64(u.self())
		u.is("the task's port again", u.Syscall(mach.TrapTaskSelf), self)
		thread := u.Syscall(mach.TrapThreadSelf)
		if thread == self || thread == 0 || u.Syscall(mach.TrapHostSelf) == 0 {
			t.Error("a port is null or another one's")
		}
		u.want(u.trap(mach.TrapThreadDepressAbort, thread), mach.Success)
		u.want(u.trap(mach.TrapThreadDepressAbort, self), mach.InvalidArgument)
		at := uint64(u.buffer)
		u.want(u.trap(mach.TrapPortAllocate, self, uint64(mach.RightReceive), at), mach.Success)
		name := u.Load64(u.buffer) & 0xffff_ffff
		const above = 1 << 40 // what a caller leaves in the upper half of a register means nothing
		u.want(u.trap(mach.TrapPortInsertRight, self, name|above, name|above, above|1<<8|uint64(mach.MsgMakeSend)), mach.InvalidValue)
		u.want(u.trap(mach.TrapPortInsertRight, self, name|above, name|above, above|uint64(mach.MsgMakeSend)), mach.Success)
		u.want(u.trap(mach.TrapPortInsertRight, self, name, name, uint64(mach.MsgMakeSend)|1<<8), mach.InvalidValue)
		u.want(u.trap(mach.TrapPortInsertRight, self, name, name, uint64(mach.MsgInteger32)), mach.InvalidValue)
		u.want(u.trap(mach.TrapPortInsertRight, self, 0x4000, name, uint64(mach.MsgMakeSend)), mach.RightExists)
		u.want(u.trap(mach.TrapPortInsertRight, self, 0x4000, 0x5000, uint64(mach.MsgMakeSend)), mach.InvalidName)
		u.want(u.trap(mach.TrapPortDeallocate, self, name), mach.Success)
		u.want(u.trap(mach.TrapPortDeallocate, self, name), mach.InvalidRight)
		u.want(u.trap(mach.TrapPortAllocateName, self, uint64(mach.RightPortSet), 0x777), mach.Success)
		u.want(u.trap(mach.TrapPortAllocateName, self, uint64(mach.RightPortSet), 0x777), mach.NameExists)
		u.want(u.trap(mach.TrapPortAllocate, self, uint64(mach.RightDeadName), at), mach.Success)
		u.want(u.trap(mach.TrapPortAllocate, self, 99, at), mach.InvalidValue)
		u.want(u.trap(mach.TrapPortAllocate, thread, uint64(mach.RightReceive), at), notHandled)
		// A result that cannot be stored leaves nothing behind.
		n := u.m.Tasks()[0].Names
		for _, right := range []mach.Right{mach.RightReceive, mach.RightPortSet, mach.RightDeadName} {
			u.want(u.trap(mach.TrapPortAllocate, self, uint64(right), 16), mach.InvalidAddress)
		}
		u.is("the number of names", uint64(u.m.Tasks()[0].Names), uint64(n))
	})
	m.finish()
}

func TestTrapsForMemory(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	m.start("a", func(u *user) {
		self, at := uint64(u.self()), uint64(u.buffer)
		u.Store64(u.buffer, 0)
		u.want(u.trap(mach.TrapAllocate, self, at, 3*mach.PageSize, 1), mach.Success)
		a := mach.VirtAddr(u.Load64(u.buffer))
		u.is("new memory", u.Load64(a+2*mach.PageSize), 0)
		u.Store64(a+mach.PageSize-4, 0x1122334455667788)
		u.is("memory", u.Load64(a+mach.PageSize-4), 0x1122334455667788)
		u.want(u.trap(mach.TrapAllocate, self, at, mach.PageSize, 0), mach.NoSpace)
		u.want(u.trap(mach.TrapAllocate, self, 0, mach.PageSize, 0), mach.InvalidAddress)
		u.want(u.trap(mach.TrapAllocate, self, uint64(a), ^uint64(0), 1), mach.NoSpace)
		u.want(u.trap(mach.TrapDeallocate, self, uint64(a), 3*mach.PageSize), mach.Success)
		u.want(u.trap(mach.TrapDeallocate, 0, uint64(a), 3*mach.PageSize), notHandled)
		// Eleven arguments, five of them on the stack.
		vmMap := func(where uint64, object, offset, copied, cur, maxProt, inherit uint64) mach.Return {
			return u.trap(mach.TrapMap, self, where, 2*mach.PageSize, 0, 1, object, offset, copied, cur, maxProt, inherit)
		}
		u.want(vmMap(at, 0, 0, 0, uint64(mach.ProtRead), uint64(mach.ProtAll), uint64(mach.InheritCopy)), mach.Success)
		b := mach.VirtAddr(u.Load64(u.buffer))
		u.is("mapped memory", u.Load64(b), 0)
		u.want(vmMap(at, 0x4000, 0, 0, 1, 7, 1), notHandled)
		u.want(vmMap(at, self, 0, 0, 1, 7, 1), mach.InvalidArgument)
		u.want(vmMap(at, 0, 0, 0, 99, 7, 1), mach.InvalidArgument)
		u.want(vmMap(at, 0, 0, 0, 7, 1, 1), mach.InvalidArgument)
		u.want(vmMap(at, 0, 0, 0, 1, 7, 9), mach.InvalidArgument)
		u.want(vmMap(16, 0, 0, 0, 1, 7, 1), mach.InvalidAddress)
		u.want(u.trap(mach.TrapDeallocate, self, uint64(b), 2*mach.PageSize), mach.Success)
		// The last word of the arguments lies behind the stack: exception.
		u.RSP = uint64(stackTop) - 24
		u.trap(mach.TrapMap, self)
		t.Error("the program went on")
	})
	m.finish()
	m.says("task 1 (a) terminated: EXC_BAD_ACCESS, KERN_INVALID_ADDRESS at 0x7fffffdffff0, rip")
}

// mach_print stops at NUL, at its limit, and at a page that is not there.
func TestPrint(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		u.Write(u.buffer, []byte("hello\n\x00never"))
		u.want(u.trap(mach.TrapPrint, uint64(u.buffer)), mach.Success)
		end := stackTop - 5
		u.Write(end, []byte("edge!"))
		u.want(u.trap(mach.TrapPrint, uint64(end)), mach.InvalidAddress)
		for i := range mach.VirtAddr(3) {
			u.Write(u.buffer+i*mach.PageSize, make([]byte, mach.PageSize))
		}
		long := make([]byte, 2*mach.PageSize)
		for i := range long {
			long[i] = 'x'
		}
		u.Write(u.buffer, long)
		u.want(u.trap(mach.TrapPrint, uint64(u.buffer)), mach.Success)
	})
	m.finish()
	if n := m.text.Len(); n != len("hello\nedge!")+printMax {
		t.Errorf("%d bytes on the console", n)
	}
	m.says("hello\nedge!xxx")
	if m.Log().Text() != m.text.String() {
		t.Error("the log has another text than the console")
	}
}

func TestUnknownTraps(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	m.start("a", func(u *user) {
		u.want(u.trap(-1), mach.InvalidArgument)
		u.want(u.trap(1-mach.TrapTableSize), mach.InvalidArgument)
		u.trap(-mach.TrapTableSize)
		t.Error("the program went on")
	})
	m.start("b", func(u *user) {
		u.trap(0)
		t.Error("the program went on")
	})
	m.finish()
	m.says("task 1 (a) terminated: EXC_BAD_INSTRUCTION, code 1, rip")
	m.says("task 2 (b) terminated: EXC_BAD_INSTRUCTION, code 1, rip")
}

func TestSetSelfState(t *testing.T) {
	m := newMachine(t)
	there := false
	m.start("a", func(u *user) {
		at := uint64(u.buffer)
		u.Store64(u.buffer, 0x1234)
		u.Store64(u.buffer+8, uint64(mach.MaxUser)-1)
		set := func(flavor, at, count uint64) mach.Return {
			return u.trap(mach.TrapThreadSetSelfState, flavor, at, count)
		}
		u.want(set(mach.FlavorFSGSBase, at, mach.FSGSBaseCount), mach.Success)
		u.is("FS", u.FSBase, 0x1234)
		u.is("GS", u.GSBase, uint64(mach.MaxUser)-1)
		u.want(set(mach.FlavorFSGSBase, at, mach.FSGSBaseCount-1), mach.InvalidArgument)
		u.want(set(mach.FlavorThread, at, mach.ThreadStateCount-1), mach.InvalidArgument)
		u.want(set(mach.FlavorThread, 8, mach.ThreadStateCount), mach.InvalidAddress)
		u.want(set(mach.FlavorThread, at, stateWords+1), mach.InvalidArgument)
		u.want(set(99, at, mach.ThreadStateCount), mach.InvalidArgument)
		u.want(set(mach.FlavorFSGSBase, 8, mach.FSGSBaseCount), mach.InvalidAddress)
		u.Store64(u.buffer+8, uint64(mach.MaxUser))
		u.want(set(mach.FlavorFSGSBase, at, mach.FSGSBaseCount), mach.InvalidArgument)
		u.is("GS", u.GSBase, uint64(mach.MaxUser)-1)
		for i := range mach.VirtAddr(mach.ThreadStateCount / 2) {
			u.Store64(u.buffer+8*i, 0)
		}
		u.Store64(u.buffer+8*15, 0x1122334455667788)
		u.Store64(u.buffer+8*16, m.entry(func(c *user) {
			c.is("RAX", c.RAX, 0x1122334455667788)
			c.is("FS", c.FSBase, 0x1234)
			there = true
		}))
		u.Store64(u.buffer+8*19, u.RSP)
		set(mach.FlavorThread, at, mach.ThreadStateCount)
		t.Error("the program went on where it was")
	})
	m.finish()
	if !there {
		t.Error("the program did not go on where it was put")
	}
}

// Children by trap: with and without memory; the caller may end them, itself, and give them special ports.
func TestTrapsForTasks(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self, at := uint64(u.self()), uint64(u.buffer)
		u.Store64(u.buffer+64, 42)
		for _, inherit := range []uint64{0, 1} {
			u.want(u.trap(mach.TrapTaskCreate, self, inherit, at), mach.Success)
			child := u.Load64(u.buffer) & 0xffff_ffff
			info := u.m.Tasks()[1]
			u.is("inherited memory", info.Size, inherit*stackSize)
			u.want(u.trap(mach.TrapTaskSuspend, child), mach.Success)
			u.want(u.trap(mach.TrapTaskSetSpecialPort, child, mach.SpecialBootstrap, self), mach.Success)
			u.want(u.trap(mach.TrapTaskSetSpecialPort, child, mach.SpecialBootstrap, 0), mach.Success)
			u.want(u.trap(mach.TrapTaskSetSpecialPort, child, mach.SpecialKernel, self), mach.InvalidArgument)
			u.want(u.trap(mach.TrapTaskSetSpecialPort, child, 77, self), mach.InvalidArgument)
			u.want(u.trap(mach.TrapTaskSetSpecialPort, child, mach.SpecialException, 0x4000), notHandled)
			u.want(u.trap(mach.TrapTaskTerminate, child), mach.Success)
			u.want(u.trap(mach.TrapTaskTerminate, child), notHandled)
			u.is("the number of tasks", uint64(len(u.m.Tasks())), 1)
		}
		u.want(u.trap(mach.TrapTaskCreate, self, 0, 16), mach.InvalidAddress)
		u.want(u.trap(mach.TrapTaskCreate, 0, 0, at), notHandled)
		u.is("the number of tasks", uint64(len(u.m.Tasks())), 1)
		u.is("memory", u.Load64(u.buffer+64), 42)
	})
	m.finish()
}

// An address that can be read but not written: what was mapped or allocated goes away again.
func TestAddressThatCannotBeWritten(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := uint64(u.self())
		at := stackTop - stackSize
		u.Store64(at, 0)
		u.want(u.code(u.self(), mach.IDVMProtect, func(w *mig.Writer) {
			w.Uint64(uint64(at))
			w.Uint64(mach.PageSize)
			w.Bool(false)
			w.Int32(int32(mach.ProtRead))
		}), mach.Success)
		size := u.m.Tasks()[0].Size
		u.want(u.trap(mach.TrapAllocate, self, uint64(at), mach.PageSize, 1), mach.InvalidAddress)
		u.want(u.trap(mach.TrapMap, self, uint64(at), mach.PageSize, 0, 1, 0, 0, 0, 1, 7, 1), mach.InvalidAddress)
		u.is("the address space", u.m.Tasks()[0].Size, size)
	})
	m.finish()
}
