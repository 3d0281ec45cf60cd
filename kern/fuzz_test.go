package kern

import (
	"strings"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/pager"
)

// choices takes choices from a fuzzer's bytes; zeros when these are used up.
type choices struct{ b []byte }

func (c *choices) byte() byte {
	if len(c.b) == 0 {
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *choices) word() (v uint64) {
	for range 8 {
		v = v<<8 | uint64(c.byte())
	}
	return v
}

// value is an argument: mostly one that means something.
func (c *choices) value(u *user) uint64 {
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

// requests are those that the kernel's servers know, with the items of their bodies: b a boolean, i a 32-bit integer, q a 64-bit one,
// n a name, p a right, m out-of-line memory, s the state of a thread.
var requests = []struct {
	id   mach.MsgID
	body string
}{
	{mach.IDTaskCreate, "b"},
	{mach.IDTaskSuspend, ""},
	{mach.IDTaskResume, ""},
	{mach.IDTaskResume, ""},
	{mach.IDTaskGetSpecialPort, "i"},
	{mach.IDTaskSetSpecialPort, "ip"},
	{mach.IDThreadCreate, ""},
	{mach.IDThreadTerminate, ""},
	{mach.IDThreadSuspend, ""},
	{mach.IDThreadResume, ""},
	{mach.IDThreadResume, ""},
	{mach.IDThreadAbort, ""},
	{mach.IDThreadGetState, "ii"},
	{mach.IDThreadSetState, "is"},
	{mach.IDThreadGetSpecialPort, "i"},
	{mach.IDThreadSetSpecialPort, "ip"},
	{mach.IDVMAllocate, "qqb"},
	{mach.IDVMAllocate, "qqb"},
	{mach.IDVMDeallocate, "qq"},
	{mach.IDVMProtect, "qqbi"},
	{mach.IDVMInherit, "qqi"},
	{mach.IDVMRead, "qq"},
	{mach.IDVMWrite, "qm"},
	{mach.IDVMCopy, "qqq"},
	{mach.IDVMRegion, "q"},
	{mach.IDVMStatistics, ""},
	{mach.IDVMMap, "qqqbpqbiii"},
	{mach.IDVMMap, "qqqbpqbiii"},
	{mach.IDPortNames, ""},
	{mach.IDPortType, "n"},
	{mach.IDPortRename, "nn"},
	{mach.IDPortAllocateName, "in"},
	{mach.IDPortAllocate, "i"},
	{mach.IDPortAllocate, "i"},
	{mach.IDPortDestroy, "n"},
	{mach.IDPortDeallocate, "n"},
	{mach.IDPortGetRefs, "ni"},
	{mach.IDPortModRefs, "nii"},
	{mach.IDPortSetQLimit, "ni"},
	{mach.IDPortSetSeqno, "ni"},
	{mach.IDPortSetMscount, "ni"},
	{mach.IDPortGetSetStatus, "n"},
	{mach.IDPortMoveMember, "nn"},
	{mach.IDPortMoveMember, "nn"},
	{mach.IDPortRequestNotification, "niip"},
	{mach.IDPortRequestNotification, "niip"},
	{mach.IDPortInsertRight, "np"},
	{mach.IDPortInsertRight, "np"},
	{mach.IDPortExtractRight, "ni"},
	{mach.IDPortGetReceiveStatus, "n"},
	{mach.IDPortSetPayload, "nq"},
	{mach.IDPortClearPayload, "n"},
	{mach.IDDefaultPagerObjectCreate, "q"},
	{mach.IDDefaultPagerObjectCreate, "q"},
	{mach.IDDefaultPagerObjects, "ii"},
	{mach.IDDefaultPagerObjectPages, "pi"},
	{mach.IDDefaultPagerObjectSetSize, "q"},
	{mach.IDDefaultPagerInfo, ""},
	{mach.IDPortSetKtype, "pnii"},
	{mach.IDTaskGetEmulationVector, ""},
	{mach.IDTaskSetEmulationVector, "im"},
	{mach.IDTaskAssign, "pb"},
	{mach.IDThreadMaxPriority, "pi"},
	{mach.IDThreadPolicy, "ii"},
	{mach.IDHostProcessors, ""},
	{mach.IDProcessorInfo, "ii"},
	{mach.IDProcessorSetMaxPriority, "ib"},
	{mach.IDProcessorSetPolicyDisable, "ib"},
	{mach.IDTaskTerminate, ""},
	{mach.IDExceptionRaise + mach.ReplyOffset, "i"},
	{1, "pppp"},
	{2, "pmqm"},
}

// item writes one item, with a value that may well be wrong.
func (c *choices) item(u *user, w *mig.Writer, kind byte) {
	switch kind {
	case 'b':
		w.Bool(c.byte()&1 != 0)
	case 'i':
		if k := c.byte(); k < 200 {
			w.Int32(int32(k % 8))
		} else if k < 230 {
			w.Int32(int32(mach.NotifyDeadName) - int32(k%8))
		} else {
			w.Int32(int32(c.value(u)))
		}
	case 'q':
		w.Uint64(c.value(u))
	case 'n':
		w.Name(mach.Name(c.name(u)))
	case 'p':
		w.Port(mach.MsgMoveReceive+mach.MsgType(c.byte()%6), c.name(u))
	case 'm':
		k := c.byte()
		w.OutOfLine(mach.MsgByte, 8, uint32(k)<<5, c.value(u), k&1 != 0)
	case 's':
		b := w.Space(mach.MsgInteger32, 32, mach.ThreadStateCount)
		le.PutUint64(b[8*16:], u.RIP&^0xffff_ffff) // the program again
		le.PutUint64(b[8*19:], uint64(stackTop)-0x10000)
	}
}

// name is mostly one that exists.
func (c *choices) name(u *user) mach.Name {
	switch k := c.byte(); {
	case k < 200:
		return mach.Name(1 + k%16)
	case k < 220:
		return u.self()
	}
	return mach.Name(c.value(u))
}

// mail sends a request, mostly with the items that it wants, to any name, and receives.
func (c *choices) mail(u *user) {
	w := mig.NewWriter(make([]byte, 0x1000))
	q := requests[int(c.byte())%len(requests)]
	k := c.byte()
	for i := range q.body {
		c.item(u, &w, q.body[i])
	}
	if k&31 == 0 {
		c.item(u, &w, "biqnpms"[c.byte()%7])
	}
	to := u.self()
	switch {
	case q.id >= mach.IDDefaultPagerObjectCreate && q.id <= mach.IDDefaultPagerObjectSetSize:
		to = u.pager
	case k&2 != 0:
		to = c.name(u)
	}
	remote := mach.MsgCopySend
	if k&0x1c == 4 {
		remote = mach.MsgMoveSend + mach.MsgType(c.byte()%5)
	}
	reply := u.reply
	if k&0xe0 == 0x20 {
		reply = c.name(u)
	}
	bits := mach.Bits(remote, mach.MsgMakeSendOnce)
	if strings.ContainsAny(q.body, "pm") || k&31 == 0 {
		bits |= mach.Complex
	}
	msg := w.SetHeader(bits, to, reply, q.id)
	u.Write(u.buffer, msg)
	// Waits are short.
	option := mach.OptSend | mach.OptSendTimeout | mach.OptRcv | mach.OptRcvTimeout
	if k&0xe0 == 0x40 {
		option ^= mach.Option(c.byte()&0x2f)<<6 | mach.OptRcv
	}
	u.msg(option, uint64(len(msg)), reply, uint64(k>>6))
}

// act does one thing of those that a program can do.
func (c *choices) act(u *user) {
	switch k := c.byte(); k & 7 {
	case 0, 1:
		c.mail(u)
	case 2:
		va := mach.VirtAddr(c.value(u))
		if c.byte() < 250 { // mostly where there is memory
			g, err := u.m.current.task.memory.Region(va)
			if err != nil || !g.Prot.Allows(mach.ProtWrite) {
				return
			}
			va = max(va, g.Address)
		}
		u.Store(va, 1)
	case 3:
		if n := c.byte(); n&1 != 0 {
			u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, c.name(u), uint64(n>>4))
		} else {
			u.Loop()
		}
	default:
		n := -mach.Trap(c.byte() % 80)
		args := make([]uint64, 11)
		for i := range args {
			args[i] = c.value(u)
		}
		switch n {
		case 0, mach.TrapTaskTerminate, -mach.TrapTableSize:
			return
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
	m.mayDie()
	p := pager.New(pager.Config{System: m.sys, Memory: m.env})
	m.KeepCount("pager", p.Frames)
	m.ports.Ports++ // the pager's
	c := &choices{b[:min(len(b), 4000)]}
	program := func(u *user) {
		u.pager, u.reply = 1, u.port()
		for _, right := range []mach.Right{mach.RightReceive, mach.RightReceive, mach.RightPortSet, mach.RightPortSet} {
			u.trap(mach.TrapPortAllocate, uint64(u.self()), uint64(right), uint64(u.buffer))
			name := u.Load64(u.buffer) & 0xffff_ffff
			u.trap(mach.TrapPortInsertRight, uint64(u.self()), name, name, uint64(mach.MsgMakeSend))
		}
		for len(c.b) != 0 {
			c.act(u)
		}
	}
	for len(c.b) != 0 {
		c.byte()
		var tasks [3]*Task
		for i := range tasks {
			tasks[i] = m.start("a", program)
			m.give(tasks[i], p.Port())
		}
		for i, t := range tasks {
			m.give(t, tasks[(i+1)%3].self.Copy())
			m.give(t, tasks[(i+1)%3].threads.self.Copy())
			m.share(tasks[(i+2)%3], t)
		}
		m.Do(func() { tasks[0].threads.handler = tasks[1].port.MakeSend() }) // an odd handler, but a port
		m.run()
		if len(m.Tasks()) > 20 {
			break
		}
	}
	m.Do(func() {
		for t := m.tasks.head; t != nil; t = t.next {
			m.terminateTask(t)
		}
	})
	m.finish()
}
