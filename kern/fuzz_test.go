//go:build !race

package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/pager"
)

// bits takes choices from a fuzzer's bytes; zeros when these are used up.
type bits struct{ b []byte }

func (c *bits) byte() byte {
	if len(c.b) == 0 {
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *bits) word() (v uint64) {
	for range 8 {
		v = v<<8 | uint64(c.byte())
	}
	return v
}

// value is an argument: mostly one that means something.
func (c *bits) value(u *user) uint64 {
	k := c.byte()
	small := uint64(k >> 4)
	switch k & 15 {
	case 0, 1, 2, 3: // a name
		return 1 + small
	case 4:
		return uint64(u.self())
	case 5, 6: // an address with memory behind it
		return uint64(u.buffer) + 512*small
	case 7:
		return small << mach.PageShift
	case 8, 9:
		return small
	case 10:
		return uint64(mach.MinUser) + small<<mach.PageShift
	case 11:
		return uint64(stackTop) - 4*small
	case 12:
		return -small
	case 13:
		return 16 + small // dispositions
	case 14:
		return 1 << (4 * small)
	}
	return c.word()
}

// requests are the ids that the kernel's servers know.
var requests = []mach.MsgID{
	mach.IDTaskCreate, mach.IDTaskSuspend, mach.IDTaskResume, mach.IDTaskGetSpecialPort, mach.IDTaskSetSpecialPort, mach.IDThreadCreate,
	mach.IDThreadTerminate, mach.IDThreadSuspend, mach.IDThreadResume, mach.IDThreadAbort, mach.IDThreadGetState, mach.IDThreadSetState,
	mach.IDThreadGetSpecialPort, mach.IDThreadSetSpecialPort, mach.IDVMAllocate, mach.IDVMDeallocate, mach.IDVMProtect, mach.IDVMInherit,
	mach.IDVMRead, mach.IDVMWrite, mach.IDVMCopy, mach.IDVMRegion, mach.IDVMStatistics, mach.IDVMMap, mach.IDPortNames, mach.IDPortType,
	mach.IDPortRename, mach.IDPortAllocateName, mach.IDPortAllocate, mach.IDPortDestroy, mach.IDPortDeallocate, mach.IDPortGetRefs,
	mach.IDPortModRefs, mach.IDPortSetQLimit, mach.IDPortGetSetStatus, mach.IDPortMoveMember, mach.IDPortRequestNotification,
	mach.IDPortInsertRight, mach.IDPortExtractRight, mach.IDPortGetReceiveStatus, mach.IDDefaultPagerObjectCreate, mach.IDDefaultPagerObjects,
	mach.IDDefaultPagerObjectPages, mach.IDDefaultPagerObjectSetSize, mach.IDDefaultPagerInfo, mach.IDTaskTerminate,
	mach.IDExceptionRaise + mach.ReplyOffset,
}

// mail sends a message with any items to any name, and receives.
func (c *bits) mail(u *user) {
	w := mig.NewWriter(make([]byte, 0x1000))
	for range c.byte() % 6 {
		switch c.byte() % 8 {
		case 0:
			w.Int32(int32(c.value(u)))
		case 1, 2:
			w.Uint64(c.value(u))
		case 3:
			w.Bool(c.byte()&1 != 0)
		case 4:
			w.Name(mach.Name(c.value(u)))
		case 5, 6:
			w.Port(mach.MsgMoveReceive+mach.MsgType(c.byte()%6), mach.Name(c.value(u)))
		case 7:
			k := c.byte()
			w.OutOfLine(mach.MsgByte, 8, uint32(k)<<5, c.value(u), k&1 != 0)
		}
	}
	k := c.byte()
	id := requests[int(c.byte())%len(requests)]
	remote := mach.MsgMoveSend + mach.MsgType(k%5)
	msg := w.SetHeader(mach.Bits(remote, mach.MsgMakeSendOnce)|mach.Complex, mach.Name(c.value(u)), u.reply, id)
	u.Write(u.buffer, msg)
	// Waits are short.
	u.msg(mach.OptSend|mach.OptSendTimeout|mach.OptRcv|mach.OptRcvTimeout|mach.Option(c.byte()&0x0a)<<8, uint64(len(msg)), u.reply, uint64(k>>6))
}

// act does one thing of those that a program can do.
func (c *bits) act(u *user) {
	switch k := c.byte(); k & 7 {
	case 0, 1:
		c.mail(u)
	case 2:
		u.Store(mach.VirtAddr(c.value(u)), 1)
	case 3:
		u.Loop()
	default:
		n := -mach.Trap(c.byte() % 80)
		args := make([]uint64, 11)
		for i := range args {
			args[i] = c.value(u)
		}
		switch n {
		case mach.TrapThreadSwitch:
			args[2] %= 10
		case mach.TrapMsg:
			args[1] |= uint64(mach.OptSendTimeout | mach.OptRcvTimeout)
			args[5] %= 10
		}
		u.Syscall(n, args...)
	}
}

// Whatever programs do: the kernel does not panic, its structures are in order after every trap, and when all tasks are gone nothing
// is left.
func FuzzPrograms(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 1, 1, 0x10, 0, 0, 0, 0x04})
	seed := uint32(1)
	for n := range 40 {
		b := make([]byte, 400+20*n)
		for i := range b {
			seed = seed*1664525 + 1013904223
			b[i] = byte(seed >> 24)
		}
		f.Add(b)
	}
	f.Fuzz(anything)
}

// anything runs three tasks whose programs do what b says.
func anything(t *testing.T, b []byte) {
	m := newMachine(t)
	p := pager.New(pager.Config{System: m.sys, Memory: m.env})
	m.ports.Ports++ // the pager's
	c := &bits{b[:min(len(b), 4000)]}
	program := func(u *user) {
		u.reply = u.port()
		for len(c.b) != 0 {
			c.act(u)
		}
	}
	var tasks [3]*Task
	for i := range tasks {
		tasks[i] = m.start("a", program)
		m.give(tasks[i], p.Port())
	}
	for i, t := range tasks {
		m.give(t, tasks[(i+1)%3].self.Copy())
		m.give(t, tasks[(i+1)%3].threads.self.Copy())
	}
	m.Do(func() {
		var code mach.Return
		if tasks[0].handler, code = tasks[1].space.Extract(mach.Name(1), mach.MsgCopySend); code != mach.Success {
			tasks[0].handler = p.Port() // an odd handler, but a port
		}
	})
	m.run()
	m.Do(func() {
		for t := m.tasks.head; t != nil; t = t.next {
			m.terminateTask(t)
		}
	})
	m.finish()
}
