package kern

import (
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
)

// setManager is SetDefaultManager, and gives up the right to the one before.
func (m *machine) setManager(right ipc.Right) {
	m.t.Helper()
	m.Do(func() {
		old, code := m.SetDefaultManager(right)
		if code != mach.Success {
			m.t.Fatal(code)
		}
		old.Release()
	})
}

// exchange sets the default memory manager by one of the two calls, or reads it with a null name.
func (u *user) exchange(priv mach.Name, id mach.MsgID, d mach.MsgType, name mach.Name) (mach.Name, mach.Return) {
	r := u.ask(mach.Complex, priv, id, func(w *mig.Writer) {
		w.Port(d, name)
		if id == mach.IDHostDefaultManager {
			w.Uint64(4096)
		}
	})
	if code := r.RetCode(); code != mach.Success {
		return 0, code
	}
	return u.right(r), mach.Success
}

// The two calls are one: they set and read the same manager.
func TestDefaultManagerIsReplaced(t *testing.T) {
	m := newMachine(t)
	var priv mach.Name
	a := m.start("a", func(u *user) {
		one, two := u.port(), u.port()
		previous := mach.NameNull
		starve := func(why string) {
			m.text.Reset()
			m.starve(m.running, 0x1000)
			m.says(why)
		}
		starve("there is no paging storage")
		for i, next := range []mach.Name{one, two, two, one} {
			id := []mach.MsgID{mach.IDVMSetDefaultManager, mach.IDHostDefaultManager}[i&1]
			old, code := u.exchange(priv, id, mach.MsgMakeSend, next)
			u.want(code, mach.Success)
			u.is("the manager before", uint64(old), uint64(previous))
			previous = next
			starve("no page can be paged out")
			for _, id := range []mach.MsgID{mach.IDVMSetDefaultManager, mach.IDHostDefaultManager} {
				now, code := u.exchange(priv, id, mach.MsgCopySend, mach.NameNull)
				u.want(code, mach.Success)
				u.is("the manager", uint64(now), uint64(next))
			}
			_, code = u.exchange(priv, id, mach.MsgCopySend, mach.NameDead)
			u.want(code, mach.InvalidArgument)
		}
		// The one that was replaced can die: it is nobody's manager.
		u.want(u.code(u.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(two) }), mach.Success)
		now, _ := u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgCopySend, mach.NameNull)
		u.is("the manager", uint64(now), uint64(one))
	})
	priv = m.give(a, m.hostPriv.MakeSend())
	m.finish()
	m.says("the default memory manager is dead")
}

// A manager that dies, by itself or with its task, leaves none behind, and whoever waits for its reply is told. Another may be set.
func TestDefaultManagerDies(t *testing.T) {
	m := newMachine(t)
	var priv, owner mach.Name
	var dies mach.Name
	served := m.sys.NewKernelPort(m, nil)
	a := m.start("a", func(u *user) {
		mine := u.port()
		_, code := u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgMakeSend, mine)
		u.want(code, mach.Success)
		reply := u.port()
		u.want(u.send(mach.Bits(mach.MsgMakeSend, mach.MsgMakeSendOnce), mine, reply, mach.IDDefaultPagerInfo, nil), mach.Success)
		u.want(u.code(u.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(mine) }), mach.Success)
		u.receive(reply, mach.NotifySendOnce)
		for _, id := range []mach.MsgID{mach.IDVMSetDefaultManager, mach.IDHostDefaultManager} {
			now, code := u.exchange(priv, id, mach.MsgCopySend, mach.NameNull)
			u.want(code, mach.Success)
			u.is("the manager after its death", uint64(now), 0)
		}

		old, code := u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgCopySend, dies)
		u.want(code, mach.Success)
		u.is("the manager before", uint64(old), 0)
		u.want(u.code(owner, mach.IDTaskTerminate, nil), mach.Success)
		old, code = u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgMakeSend, u.port())
		u.want(code, mach.Success)
		u.is("the manager before", uint64(old), 0)
	})
	b := m.paused("b", func(*user) { t.Error("a suspended task runs") })
	priv = m.give(a, m.hostPriv.MakeSend())
	owner = m.give(a, b.self.Copy())
	m.Do(func() {
		name, code := b.space.Allocate(mach.RightReceive)
		if code != mach.Success {
			t.Fatal(code)
		}
		right, code := b.space.Extract(name, mach.MsgMakeSend)
		if code != mach.Success {
			t.Fatal(code)
		}
		if dies, code = a.space.Insert(right); code != mach.Success {
			t.Fatal(code)
		}
	})
	m.run()
	m.setManager(served.MakeSend())
	m.Do(func() {
		right := m.DefaultManager()
		if right.Port != served {
			t.Error("the manager is not the one that was set")
		}
		right.Release()
	})
	m.setManager(ipc.Right{})
	m.Do(served.Destroy)
	m.finish()
}
