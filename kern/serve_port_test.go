package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// The requests about names: each reaches its operation of ipc, which ipc's own tests look into.
func TestPortRequests(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self := u.self()
		type arguments = func(w *mig.Writer)
		args := func(name mach.Name, more ...int32) arguments {
			return func(w *mig.Writer) {
				w.Name(name)
				for _, v := range more {
					w.Int32(v)
				}
			}
		}
		number := func(id mach.MsgID, a arguments) uint64 {
			t.Helper()
			r := u.call(self, id, a)
			v := uint64(r.Uint32())
			u.want(r.End(), mach.Success)
			return v
		}
		allocate := func(right mach.Right) mach.Name {
			r := u.call(self, mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(int32(right)) })
			return r.Name()
		}
		do := func(want mach.Return, id mach.MsgID, a arguments) {
			t.Helper()
			u.want(u.code(self, id, a), want)
		}
		rights := func(id mach.MsgID, body arguments) mach.Return {
			r := u.ask(mach.Complex, self, id, body)
			return r.RetCode()
		}

		port, set := allocate(mach.RightReceive), allocate(mach.RightPortSet)
		do(mach.InvalidValue, mach.IDPortAllocate, func(w *mig.Writer) { w.Int32(55) })
		do(mach.Success, mach.IDPortAllocateName, func(w *mig.Writer) { w.Int32(int32(mach.RightDeadName)); w.Name(0x888) })
		u.is("the type", number(mach.IDPortType, args(0x888)), uint64(mach.TypeDeadName))
		do(mach.InvalidName, mach.IDPortType, args(0x999))
		do(mach.Success, mach.IDPortRename, func(w *mig.Writer) { w.Name(0x888); w.Name(0x999) })
		do(mach.InvalidName, mach.IDPortType, args(0x888))
		do(mach.Success, mach.IDPortModRefs, args(0x999, int32(mach.RightDeadName), 4))
		u.is("references", number(mach.IDPortGetRefs, args(0x999, int32(mach.RightDeadName))), 5)
		do(mach.Success, mach.IDPortDeallocate, args(0x999))
		u.is("references", number(mach.IDPortGetRefs, args(0x999, int32(mach.RightDeadName))), 4)
		do(mach.Success, mach.IDPortDestroy, args(0x999))
		do(mach.InvalidName, mach.IDPortDestroy, args(0x999))

		do(mach.Success, mach.IDPortSetQLimit, args(port, 3))
		do(mach.InvalidValue, mach.IDPortSetQLimit, args(port, mach.QLimitMax+1))
		do(mach.Success, mach.IDPortSetSeqno, args(port, 100))
		do(mach.Success, mach.IDPortSetMscount, args(port, 50))
		do(mach.Success, mach.IDPortMoveMember, func(w *mig.Writer) { w.Name(port); w.Name(set) })
		r := u.call(self, mach.IDPortGetSetStatus, args(set))
		at, n := r.OutOfLine(mach.MsgPortName, 32)
		u.want(r.End(), mach.Success)
		u.is("members", uint64(n), 1)
		u.is("the member", u.Load64(mach.VirtAddr(at))&0xffff_ffff, uint64(port))
		do(mach.InvalidRight, mach.IDPortGetSetStatus, args(port))

		u.want(rights(mach.IDPortInsertRight, func(w *mig.Writer) { w.Name(port); w.Port(mach.MsgMakeSend, port) }), mach.Success)
		u.want(rights(mach.IDPortInsertRight, func(w *mig.Writer) { w.Name(set); w.Port(mach.MsgMakeSend, port) }), mach.RightExists)
		r = u.call(self, mach.IDPortExtractRight, args(port, int32(mach.MsgMakeSend)))
		u.is("the extracted right", uint64(r.Port(mach.MsgPortSend)), uint64(port))
		do(mach.InvalidValue, mach.IDPortExtractRight, args(port, int32(mach.MsgInteger32)))
		do(mach.InvalidValue, mach.IDPortExtractRight, args(port, int32(mach.MsgMakeSend)|256))
		do(mach.InvalidRight, mach.IDPortExtractRight, args(set, int32(mach.MsgMakeSend)))

		request := func(name mach.Name, id mach.MsgID, sync int32) mig.Reader {
			return u.ask(mach.Complex, self, mach.IDPortRequestNotification, func(w *mig.Writer) {
				w.Name(name)
				w.Int32(int32(id))
				w.Int32(sync)
				w.Port(mach.MsgMakeSendOnce, port)
			})
		}
		r = request(port, mach.NotifyNoSenders, 1<<20)
		u.want(r.RetCode(), mach.Success)
		u.is("the previous request", uint64(r.Port(mach.MsgPortSendOnce)), 0)
		r = request(0x999, mach.NotifyDeadName, 0)
		u.want(r.RetCode(), mach.InvalidName)

		r = u.call(self, mach.IDPortGetReceiveStatus, args(port))
		b := r.Bytes(mach.MsgInteger32, 32, 9)
		u.want(r.End(), mach.Success)
		// Two rights were made since the count was set; the refused insertion made one more. The refused request came back as a message, which holds its send-once right.
		for i, want := range []uint32{uint32(set), 100, 53, 3, 1, 2, 1, 0, 1} {
			if got := le.Uint32(b[4*i:]); got != want {
				t.Errorf("word %d of the status is %d, want %d", i, got, want)
			}
		}
		do(mach.InvalidName, mach.IDPortGetReceiveStatus, args(0x999))
		do(mach.Success, mach.IDPortSetPayload, func(w *mig.Writer) { w.Name(port); w.Uint64(1 << 40) })
		do(mach.Success, mach.IDPortClearPayload, args(port))

		r = u.call(self, mach.IDPortNames, nil)
		at, n = r.OutOfLine(mach.MsgPortName, 32)
		types, n2 := r.OutOfLine(mach.MsgInteger32, 32)
		u.want(r.End(), mach.Success)
		u.is("types", uint64(n2), uint64(n))
		u.is("names", uint64(n), uint64(u.m.Tasks()[0].Names))
		names := make([]byte, 4*n)
		u.Read(mach.VirtAddr(at), names)
		found := 0
		for i := range int(n) {
			if le.Uint32(names[4*i:]) == uint32(set) {
				found = i
			}
		}
		u.is("the set's type", u.Load64(mach.VirtAddr(types)+mach.VirtAddr(4*found))&0xffff_ffff, uint64(mach.TypePortSet))
	})
	m.finish()
}

func TestHostRequests(t *testing.T) {
	m := newMachine(t)
	var priv mach.Name
	a := m.start("a", func(u *user) {
		host := mach.Name(u.Syscall(mach.TrapHostSelf))
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 3250)
		for _, port := range []mach.Name{host, priv} {
			r := u.call(port, mach.IDHostGetTime, nil)
			b := r.Bytes(mach.MsgInteger64, 64, 2)
			u.is("seconds", le.Uint64(b), 3)
			u.is("microseconds", uint64(le.Uint32(b[8:])), 250_000)
			for _, id := range []mach.MsgID{mach.IDHostGetTime64, mach.IDHostGetUptime64} {
				r = u.call(port, id, nil)
				b = r.Bytes(mach.MsgInteger64, 64, 2)
				u.is("seconds", le.Uint64(b), 3)
				u.is("nanoseconds", le.Uint64(b[8:]), 250_000_000)
			}
			r = u.call(port, mach.IDHostGetKernelVersion, nil)
			if b = r.Bytes(mach.MsgString, 8*512, 1); string(b[:len(Version)+1]) != Version+"\x00" {
				t.Errorf("version %q", b)
			}
			info := func(flavor, room int32) mig.Reader {
				return u.ask(0, port, mach.IDHostInfo, func(w *mig.Writer) { w.Int32(flavor); w.Int32(room) })
			}
			r = info(hostBasic, 6)
			u.want(r.RetCode(), mach.Success)
			b = r.Bytes(mach.MsgInteger32, 32, 6)
			u.is("bytes of memory", le.Uint64(b[8:]), memory/2-0x8000)
			for _, c := range [][2]int32{{hostBasic, 5}, {0, 100}, {hostLoad + 1, 100}} {
				r = info(c[0], c[1])
				u.want(r.RetCode(), mach.InvalidArgument)
			}
		}
		u.want(u.code(host, mach.IDHostReboot, nil), mach.InvalidHost)
		u.want(u.code(priv, mach.IDHostReboot, func(w *mig.Writer) { w.Int32(0) }), mach.Success)
		u.want(u.code(priv, mach.IDHostReboot, func(w *mig.Writer) { w.Int32(rebootHalt) }), mach.Success)
	})
	priv = m.give(a, m.hostPriv.MakeSend())
	m.finish()
	if len(m.ends) != 2 || m.ends[0] != EndReboot || m.ends[1] != EndHalt {
		t.Errorf("the machine ended with %v", m.ends)
	}
}
