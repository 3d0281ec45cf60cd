//go:build !invariants

package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// A page that a manager in another task supplies, and a write that it allows, cost no garbage.
func TestPageInAllocatesNothing(t *testing.T) {
	m := newMachine(t)
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		o := u.manage(port)
		o.ready(false, mach.CopyDelay)
		data := u.pages(1)
		w := mig.NewWriter(make([]byte, 256))
		w.Uint64(0)
		w.OutOfLine(mach.MsgByte, 8, pageSize, uint64(data), false)
		w.Int32(int32(mach.ProtWrite))
		w.Bool(false)
		w.Port(mach.MsgMakeSendOnce, mach.NameNull)
		supply := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, o.control, 0, mach.IDMemoryObjectDataSupply)
		w = mig.NewWriter(make([]byte, 256))
		w.Uint64(0)
		w.Uint64(pageSize)
		w.Int32(int32(mach.ReturnNone))
		w.Bool(false)
		w.Int32(int32(mach.ProtNone))
		w.Port(mach.MsgMakeSendOnce, mach.NameNull)
		lock := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, o.control, 0, mach.IDMemoryObjectLockRequest)
		for u.msg(mach.OptRcv, 0, port, 0) == mach.Success {
			answer := supply
			if mach.MsgID(u.header().ID) == mach.IDMemoryObjectDataUnlock {
				answer = lock
			}
			le.PutUint64(answer[mach.HeaderSize+8:], u.Load64(u.buffer+mach.HeaderSize+16+8))
			u.Write(u.buffer, answer)
			u.want(u.msg(mach.OptSend, uint64(len(answer)), 0, 0), mach.Success)
		}
	})
	client := m.paused("client", func(u *user) {
		at := u.mapManaged(name, 1000)
		u.allocates("a read and a write of a page", func() {
			u.Load(at)
			u.Store(at, 1)
			at += pageSize
		})
	})
	port, names := m.managerOf(manager, client)
	name = names[0]
	m.resume(manager, client)
	m.run()
	m.Do(func() { m.terminateTask(manager) })
	m.finish()
}
