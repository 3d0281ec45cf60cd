//go:build !invariants

package kern

import (
	"testing"

	"defpager/board"
	"defpager/ipc/mig"
	"defpager/mach"
)

// allocates measures what f allocates on Go's heap within a program, in steady state.
func (u *user) allocates(what string, f func()) {
	u.m.t.Helper()
	u.m.cpu.Entered = nil
	defer func() { u.m.cpu.Entered = u.m.check }()
	for range 50 {
		f()
	}
	if n := testing.AllocsPerRun(200, f); n != 0 {
		u.m.t.Errorf("%s: %v allocations", what, n)
	}
}

// What tasks do most costs no garbage.
func TestHotPathsAllocateNothing(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self, at := uint64(u.self()), uint64(u.buffer)
		u.allocates("null trap", func() { u.Syscall(-1) })
		u.allocates("mach_task_self", func() { u.Syscall(mach.TrapTaskSelf) })
		u.allocates("swtch", func() { u.Syscall(mach.TrapSwtch) })
		u.allocates("interrupt", u.Loop)
		u.allocates("mach_reply_port and mach_port_deallocate", func() {
			name := u.Syscall(mach.TrapReplyPort)
			u.Syscall(mach.TrapPortDeallocate, self, name)
		})
		u.allocates("mach_port_allocate, insert_right", func() {
			u.Syscall(mach.TrapPortAllocate, self, uint64(mach.RightReceive), at)
			name := u.Load64(u.buffer) & 0xffff_ffff
			u.Syscall(mach.TrapPortInsertRight, self, name, name, uint64(mach.MsgMakeSend))
			u.Syscall(mach.TrapPortDeallocate, self, name)
		})
		u.Store64(u.buffer, 0)
		u.allocates("vm_allocate, faults, vm_deallocate", func() {
			u.Syscall(mach.TrapAllocate, self, at, 16*mach.PageSize, 1)
			a := mach.VirtAddr(u.Load64(u.buffer))
			for i := range mach.VirtAddr(16) {
				u.Store(a+i*mach.PageSize, 1)
			}
			u.Syscall(mach.TrapDeallocate, self, uint64(a), 16*mach.PageSize)
		})
		u.allocates("vm_map, read fault, vm_deallocate", func() {
			u.Syscall(mach.TrapMap, self, at, mach.PageSize, 0, 1, 0, 0, 0, uint64(mach.ProtRead), uint64(mach.ProtAll), uint64(mach.InheritCopy))
			a := mach.VirtAddr(u.Load64(u.buffer))
			u.Load(a)
			u.Syscall(mach.TrapDeallocate, self, uint64(a), mach.PageSize)
		})
		u.allocates("thread_switch that waits", func() { u.Syscall(mach.TrapThreadSwitch, 0, switchWait, 1) })
	})
	m.finish()
}

// Requests to the kernel by message.
func TestRequestsAllocateNothing(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		u.reply = u.port()
		for name, c := range map[string]struct {
			id   mach.MsgID
			body func(w *mig.Writer)
		}{
			"mach_port_type":         {mach.IDPortType, func(w *mig.Writer) { w.Name(self) }},
			"task_get_special_port":  {mach.IDTaskGetSpecialPort, func(w *mig.Writer) { w.Int32(mach.SpecialKernel) }},
			"vm_region":              {mach.IDVMRegion, func(w *mig.Writer) { w.Uint64(0) }},
			"vm_statistics":          {mach.IDVMStatistics, nil},
			"an unknown request":     {1, nil},
			"arguments that are bad": {mach.IDPortType, nil},
			"vm_protect": {mach.IDVMProtect, func(w *mig.Writer) {
				w.Uint64(uint64(stackTop - mach.PageSize))
				w.Uint64(mach.PageSize)
				w.Bool(false)
				w.Int32(int32(mach.ProtDefault))
			}},
			"vm_allocate": {mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(mach.PageSize); w.Bool(true) }},
		} {
			w := mig.NewWriter(make([]byte, 256))
			if c.body != nil {
				c.body(&w)
			}
			msg := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), self, u.reply, c.id)
			u.allocates(name, func() {
				u.Write(u.buffer, msg)
				u.want(u.msg(mach.OptSend|mach.OptRcv, uint64(len(msg)), u.reply, 0), mach.Success)
			})
		}
	})
	m.finish()
}

// A call from one task to another, there and back.
func TestRPCAllocatesNothing(t *testing.T) {
	var receive, send mach.Name
	m := newMachine(t)
	done := false
	server := m.start("server", func(u *user) {
		u.want(u.msg(mach.OptRcv, 0, receive, 0), mach.Success)
		for !done {
			h := u.header()
			u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgMoveSendOnce, 0), Remote: h.Remote, ID: h.ID + 100})
			u.want(u.msg(mach.OptSend|mach.OptRcv, mach.HeaderSize, receive, 0), mach.Success)
		}
	})
	client := m.start("client", func(u *user) {
		u.reply = u.port()
		call := func() {
			u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), Remote: uint64(send), Local: uint64(u.reply), ID: 1})
			u.want(u.msg(mach.OptSend|mach.OptRcv, mach.HeaderSize, u.reply, 0), mach.Success)
		}
		u.allocates("a call", call)
		done = true
		u.putHeader(mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(send), ID: 1})
		u.want(u.msg(mach.OptSend, mach.HeaderSize, 0, 0), mach.Success)
	})
	receive, send = m.share(server, client)
	m.finish()
}

// A fault that a handler in another task resolves.
func TestExceptionAllocatesNothing(t *testing.T) {
	m := newMachine(t)
	victim := m.start("victim", func(u *user) {
		u.allocates("an exception and its reply", func() { u.Raise(board.VectorBreakpoint, 0) })
	})
	var byThread mach.Name
	handler := m.start("handler", func(u *user) {
		w := mig.NewWriter(make([]byte, 256))
		w.RetCode(mach.Success)
		msg := w.SetHeader(0, 0, 0, mach.IDExceptionRaise+mach.ReplyOffset)
		for u.msg(mach.OptRcv, 0, byThread, 0) == mach.Success {
			h := u.header()
			mig.PutHeader(msg, mach.Header{Bits: mach.Bits(mach.MsgMoveSendOnce, 0), Remote: h.Remote, ID: int32(mach.IDExceptionRaise + mach.ReplyOffset)})
			u.Write(u.buffer, msg)
			u.want(u.msg(mach.OptSend, uint64(len(msg)), 0, 0), mach.Success)
		}
	})
	byThread, _ = m.handlers(handler, victim)
	m.run()
	m.Do(func() { m.terminateTask(handler) })
	m.finish()
}

// header reads the header in the buffer.
func (u *user) header() mach.Header {
	var b [mach.HeaderSize]byte
	u.Read(u.buffer, b[:])
	return mig.GetHeader(b[:])
}

// putHeader writes the header in the buffer.
func (u *user) putHeader(h mach.Header) {
	var b [mach.HeaderSize]byte
	mig.PutHeader(b[:], h)
	u.Write(u.buffer, b[:])
}
