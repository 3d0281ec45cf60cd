package kern

import (
	"bytes"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// words views the 64-bit words of a struct in a reply.
func words64(b []byte) []uint64 {
	v := make([]uint64, len(b)/8)
	for i := range v {
		v[i] = le.Uint64(b[8*i:])
	}
	return v
}

// What is told of rights, and of regions of the kernel's own objects.
func TestDebugOfTask(t *testing.T) {
	m := newMachine(t)
	m.start("a", func(u *user) {
		self, port := u.self(), u.port()
		about := func(id mach.MsgID, name mach.Name) mig.Reader {
			return u.ask(0, self, id, func(w *mig.Writer) { w.Name(name) })
		}
		rights := func(name mach.Name) (uint64, mach.Return) {
			r := about(mach.IDPortGetSendRights, name)
			if code := r.RetCode(); code != mach.Success {
				return 0, code
			}
			return uint64(r.Uint32()), r.End()
		}
		n, code := rights(port)
		u.want(code, mach.Success)
		u.is("send rights", n, 0)
		made := u.ask(mach.Complex, self, mach.IDPortInsertRight, func(w *mig.Writer) { w.Name(port); w.Port(mach.MsgMakeSend, port) })
		u.want(made.RetCode(), mach.Success)
		n, _ = rights(port)
		u.is("send rights", n, 1)
		_, code = rights(self)
		u.want(code, mach.InvalidRight)
		_, code = rights(port + 1000)
		u.want(code, mach.InvalidName)

		requests := func(want uint64) {
			t.Helper()
			r := about(mach.IDPortDNRequestInfo, port)
			u.want(r.RetCode(), mach.Success)
			u.is("room for requests", uint64(r.Uint32()), want)
			u.is("requests", uint64(r.Uint32()), want)
			u.want(r.End(), mach.Success)
		}
		requests(0)
		asked := u.ask(mach.Complex, self, mach.IDPortRequestNotification, func(w *mig.Writer) {
			w.Name(port)
			w.Int32(int32(mach.NotifyDeadName))
			w.Uint32(0)
			w.Port(mach.MsgMakeSendOnce, port)
		})
		u.want(asked.RetCode(), mach.Success)
		requests(1)

		standsFor := func(name mach.Name, kind uint64) (number uint64) {
			t.Helper()
			r := about(mach.IDPortKernelObject, name)
			u.want(r.RetCode(), mach.Success)
			u.is("the kind", uint64(r.Uint32()), kind)
			number = r.Uint64()
			u.want(r.End(), mach.Success)
			return number
		}
		u.is("the task's number", standsFor(self, kotTask), 1)
		u.is("the thread's number", standsFor(mach.Name(u.Syscall(mach.TrapThreadSelf)), kotThread), 1)
		standsFor(mach.Name(u.Syscall(mach.TrapHostSelf)), kotHost)
		standsFor(port, kotNone)
		r := about(mach.IDPortKernelObject, port+1000)
		u.want(r.RetCode(), mach.InvalidName)

		region := func(at mach.VirtAddr) ([]uint64, mach.Return) {
			t.Helper()
			r := u.ask(0, self, mach.IDVMRegionInfo, func(w *mig.Writer) { w.Uint64(uint64(at)) })
			if code := r.RetCode(); code != mach.Success {
				return nil, code
			}
			v := words64(r.Bytes(mach.MsgInteger64, 64, 8))
			u.is("the object's name", uint64(r.Port(mach.MsgPortSend)), 0)
			return v, r.End()
		}
		at := u.pages(1, 2, 3)
		v, code := region(at + 5)
		u.want(code, mach.Success)
		u.is("the start", v[0], uint64(at))
		u.is("the end", v[1], uint64(at)+3*pageSize)
		u.is("protections", v[2], uint64(mach.ProtDefault)|uint64(mach.ProtAll)<<32)
		u.is("inheritance, not wired", v[3], uint64(mach.InheritCopy))
		if v[5] == 0 {
			t.Error("memory that was touched has no object")
		}
		u.is("copy-on-write and shared", v[7], 0)
		_, code = region(mach.MaxUser - 1)
		u.want(code, mach.NoSpace)
		// The same id to another port finds no task there, and half a request is none.
		u.want(u.code(mach.Name(u.Syscall(mach.TrapHostSelf)), mach.IDVMRegionInfo, nil), mach.InvalidTask)
		u.want(u.code(self, mach.IDVMRegionInfo, nil), mach.MIGBadArguments)
		u.want(u.code(self, mach.IDPortKernelObject, nil), mach.MIGBadArguments)
	})
	m.finish()
}

// What is told of a manager's object and its pages, in the message and beside it.
func TestDebugOfObject(t *testing.T) {
	const many = 100 // pages: more than go into a message
	m := newMachine(t)
	var port, name mach.Name
	done := false
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(true, mach.CopyDelay)
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		o.supply(0, mach.ProtNone, true, mach.NameNull, mach.MsgMakeSendOnce, 17, 18)
		o.wanted(mach.IDMemoryObjectDataRequest, 2*pageSize, mach.ProtRead)
		o.supply(2*pageSize, mach.ProtWrite, false, mach.NameNull, mach.MsgMakeSendOnce, make([]byte, many-2)...)
		for !done {
			u.Syscall(mach.TrapSwtch)
		}
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(name, many)
		u.is("what was supplied", uint64(u.Load(at)), 17)
		u.Store(at+pageSize, 28)
		pages := func(object mach.Name, id mach.MsgID, room uint32) []uint64 {
			t.Helper()
			r := u.ask(0, object, id, func(w *mig.Writer) { w.Uint32(room) })
			u.want(r.RetCode(), mach.Success)
			if r.Peek().Inline() {
				b, _ := r.Array(mach.MsgInteger64, 64, 256)
				u.want(r.End(), mach.Success)
				return words64(b)
			}
			data, n := r.OutOfLine(mach.MsgInteger64, 64)
			u.want(r.End(), mach.Success)
			v := make([]uint64, n)
			for i := range v {
				v[i] = u.Load64(mach.VirtAddr(data) + mach.VirtAddr(8*i))
			}
			u.want(u.trap(mach.TrapDeallocate, uint64(u.self()), data, uint64(8*n)), mach.Success)
			return v
		}
		r := u.ask(0, u.self(), mach.IDVMRegionInfo, func(w *mig.Writer) { w.Uint64(uint64(at)) })
		u.want(r.RetCode(), mach.Success)
		v := words64(r.Bytes(mach.MsgInteger64, 64, 8))
		object := r.Port(mach.MsgPortSend)
		u.want(r.End(), mach.Success)

		r = u.ask(0, object, mach.IDVMObjectInfo, nil)
		u.want(r.RetCode(), mach.Success)
		i := words64(r.Bytes(mach.MsgInteger64, 64, 12))
		u.is("the object's number", i[0], v[5])
		u.is("a page", i[1], pageSize)
		u.is("references and resident pages", i[3], 1|2<<32)
		u.is("the strategy", i[9]&0xff, uint64(mach.CopyDelay))
		u.is("the state", i[11]>>32, voiAlive|voiPagerCreated|voiPagerInitialized|voiPagerReady|voiCanPersist)
		u.is("the shadow's name", uint64(r.Port(mach.MsgPortSend)), 0)
		u.is("the copy's name", uint64(r.Port(mach.MsgPortSend)), 0)
		u.want(r.End(), mach.Success)

		for _, room := range []uint32{0, 1, 64, 1 << 31} {
			for _, id := range []mach.MsgID{mach.IDVMObjectPages, mach.IDVMObjectPagesPhys} {
				p := pages(object, id, room)
				u.is("words", uint64(len(p)), 8)
				u.is("offset of the first", p[0], 0)
				u.is("offset of the second", p[4], pageSize)
				u.is("state of the first", p[3]>>32, vpiTabled|vpiPrecious)
				u.is("state of the second", p[7]>>32, vpiTabled|vpiPrecious|vpiDirty)
				if p[1] == 0 || p[1] == p[5] || p[1]%pageSize != 0 {
					t.Errorf("the frames are %#x and %#x", p[1], p[5])
				}
			}
		}
		u.is("what was supplied", uint64(u.Load(at+2*pageSize)), 0)
		p := pages(object, mach.IDVMObjectPages, 64)
		u.is("pages", uint64(len(p)/4), many)
		for n := range many {
			u.is("the offset", p[4*n], uint64(n*pageSize))
		}
		u.is("the last page's lock", p[4*many-2]>>32, uint64(mach.ProtWrite))

		k := u.ask(0, u.self(), mach.IDPortKernelObject, func(w *mig.Writer) { w.Name(object) })
		u.want(k.RetCode(), mach.Success)
		u.is("the kind", uint64(k.Uint32()), kotPagingName)
		u.is("the number", k.Uint64(), v[5])
		u.want(u.code(object, mach.IDVMObjectPages, nil), mach.MIGBadArguments)
		u.want(u.code(object, mach.IDHostSlabInfo, nil), mach.InvalidHost)
		u.want(u.code(u.self(), mach.IDVMObjectInfo, nil), mach.InvalidArgument)
		done = true
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}

// What is told of the structures in frames: the same that there is.
func TestSlabInfo(t *testing.T) {
	const bytes64, nameBytes = 15, 32
	m := newMachine(t)
	m.start("a", func(u *user) {
		host := mach.Name(u.Syscall(mach.TrapHostSelf))
		list := func() map[string][]uint64 {
			t.Helper()
			r := u.ask(0, host, mach.IDHostSlabInfo, func(w *mig.Writer) { w.Uint32(17) })
			u.want(r.RetCode(), mach.Success)
			b, n := r.Array(mach.MsgInteger64, 64, 17*bytes64)
			u.want(r.End(), mach.Success)
			u.is("a part of a structure", uint64(n%bytes64), 0)
			kinds := map[string][]uint64{}
			for ; len(b) > 0; b = b[8*bytes64:] {
				text, _, _ := bytes.Cut(b[8*bytes64-nameBytes:8*bytes64], []byte{0})
				kinds[string(text)] = words64(b[:8*bytes64-nameBytes])
			}
			return kinds
		}
		before := list()["vm_map_entry"]
		const regions = 200
		for range regions {
			u.pages(1)
			u.call(u.self(), mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(pageSize); w.Bool(true) })
		}
		after := list()["vm_map_entry"]
		const objects, frames, perFrame = 7, 9, 6
		if got := after[objects] - before[objects]; got < 1 || got > 2*regions {
			t.Errorf("%d more map entries", got)
		}
		for _, v := range [][]uint64{before, after} {
			if v[objects] > v[frames]*v[perFrame] {
				t.Errorf("%d structures in %d frames of %d", v[objects], v[frames], v[perFrame])
			}
		}
	})
	m.finish()
}
