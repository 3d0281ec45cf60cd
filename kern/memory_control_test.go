package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// What a manager says wrongly on the control port gets a code if it asks for one, and changes nothing.
func TestWrongWordsOfManagers(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(false, mach.CopyDelay)
		o.wanted(mach.IDMemoryObjectDataRequest, 0, mach.ProtRead)
		code := func(want mach.Return, id mach.MsgID, body func(w *mig.Writer)) {
			t.Helper()
			r := u.ask(mach.Complex, o.control, id, body)
			u.want(r.RetCode(), want)
		}
		at := u.pages(1, 2)
		supply := func(want mach.Return, offset uint64, from mach.VirtAddr, size uint32, lock int32, d mach.MsgType, reply mach.Name) {
			t.Helper()
			code(want, mach.IDMemoryObjectDataSupply, func(w *mig.Writer) {
				w.Uint64(offset)
				w.OutOfLine(mach.MsgByte, 8, size, uint64(from), false)
				w.Int32(lock)
				w.Bool(false)
				w.Port(d, reply)
			})
		}
		supply(mach.InvalidArgument, 1, at, pageSize, 0, mach.MsgMakeSendOnce, 0)
		supply(mach.InvalidArgument, 0, at, 100, 0, mach.MsgMakeSendOnce, 0)
		supply(mach.InvalidArgument, 0, at, 0, 0, mach.MsgMakeSendOnce, 0)
		supply(mach.InvalidArgument, 0, at, pageSize, 8, mach.MsgMakeSendOnce, 0)
		supply(mach.InvalidArgument, ^uint64(pageSize-1), at, 2*pageSize, 0, mach.MsgMakeSendOnce, u.port())
		supply(mach.MIGBadArguments, 0, at, pageSize, 0, mach.MsgMoveReceive, u.port())
		lock := func(want mach.Return, what, flush, lock int32, d mach.MsgType, reply mach.Name) {
			t.Helper()
			code(want, mach.IDMemoryObjectLockRequest, func(w *mig.Writer) {
				w.Uint64(0)
				w.Uint64(pageSize)
				w.Int32(what)
				w.Bool(flush != 0)
				w.Int32(lock)
				w.Port(d, reply)
			})
		}
		lock(mach.InvalidArgument, 3, 0, 0, mach.MsgMakeSendOnce, u.port())
		lock(mach.InvalidArgument, 0, 0, 16, mach.MsgMakeSend, u.port())
		lock(mach.MIGBadArguments, 0, 0, 0, mach.MsgMoveReceive, u.port())
		for _, id := range []mach.MsgID{mach.IDMemoryObjectDataUnavailable, mach.IDMemoryObjectDataError} {
			for _, pair := range [][2]uint64{{1, pageSize}, {0, 1}} {
				code(mach.InvalidArgument, id, func(w *mig.Writer) {
					w.Uint64(pair[0])
					w.Uint64(pair[1])
					if id == mach.IDMemoryObjectDataError {
						w.Int32(5)
					}
				})
			}
		}
		for _, strategy := range []int32{4, -1} {
			code(mach.InvalidArgument, mach.IDMemoryObjectReady, func(w *mig.Writer) { w.Bool(true); w.Int32(strategy) })
			code(mach.InvalidArgument, mach.IDMemoryObjectChangeAttributes, func(w *mig.Writer) {
				w.Bool(true)
				w.Int32(strategy)
				w.Port(mach.MsgMakeSendOnce, u.port())
			})
		}
		for id := mach.MsgID(2036); id < 2100; id++ {
			want := otherPortCode(id)
			switch id {
			case mach.IDMemoryObjectReady, mach.IDMemoryObjectChangeAttributes, mach.IDMemoryObjectGetAttributes, mach.IDMemoryObjectDataSupply,
				mach.IDMemoryObjectDataUnavailable, mach.IDMemoryObjectDataError, mach.IDMemoryObjectLockRequest, mach.IDMemoryObjectDestroy:
				want = mach.MIGBadArguments
			}
			code(want, id, func(w *mig.Writer) { w.Bool(true); w.Bool(true) })
			r := u.ask(0, o.name, id, nil)
			u.want(r.RetCode(), otherPortCode(id))
		}
		// Words about pages that nobody asked for do nothing.
		o.pair(mach.IDMemoryObjectDataError, 4*pageSize, pageSize, 1)
		o.pair(mach.IDMemoryObjectDataUnavailable, pageSize, ^uint64(2*pageSize-1))
		o.supply(2*pageSize, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 5) // early
		o.supply(0, mach.ProtNone, false, mach.NameNull, mach.MsgMakeSendOnce, 6)
		o.ended()
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(name, 4)
		u.is("what was supplied", uint64(u.Load(at)), 6)
		u.is("what was supplied early", uint64(u.Load(at+2*pageSize)), 5)
		u.unmap(at, 4)
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.finish()
}
