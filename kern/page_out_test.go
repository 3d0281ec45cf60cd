//go:build !invariants

package kern

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// pageOutManager is a default memory manager that forgets what it is given: all pages are alike. It says how many there were.
func pageOutManager(u *user, port mach.Name, pages *int) {
	_, r := u.receive(port, mach.IDMemoryObjectCreate)
	object := r.Port(mach.MsgPortReceive)
	r.Uint64()
	control := r.Port(mach.MsgPortSend)
	self := uint64(u.self())
	w := mig.NewWriter(make([]byte, 256))
	w.Uint64(0)
	w.OutOfLine(mach.MsgByte, 8, pageSize, uint64(u.pages(1)), false)
	w.Int32(int32(mach.ProtNone))
	w.Bool(true)
	w.Port(mach.MsgMakeSendOnce, mach.NameNull)
	supply := w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, control, 0, mach.IDMemoryObjectDataSupply)
	for u.msg(mach.OptRcv, 0, object, 0) == mach.Success {
		switch id := mach.MsgID(u.header().ID); id {
		case mach.IDMemoryObjectDataReturn, mach.IDMemoryObjectDataInitialize:
		case mach.IDMemoryObjectDataRequest:
			le.PutUint64(supply[mach.HeaderSize+8:], u.Load64(u.buffer+mach.HeaderSize+16+8))
			u.Write(u.buffer, supply)
			u.want(u.msg(mach.OptSend, uint64(len(supply)), 0, 0), mach.Success)
			continue
		default:
			u.m.t.Errorf("the manager gets message %d", id)
			return
		}
		data := u.Load64(u.buffer + mach.HeaderSize + 16 + 16 + 8)
		size := u.Load64(u.buffer+mach.HeaderSize+16+16) >> 32
		*pages += int(size / pageSize)
		u.Syscall(mach.TrapDeallocate, self, data, size)
	}
}

// A task writes to more memory than there is, which goes out to a manager in another task: after the first page, neither the faults nor the messages to the
// manager take anything from Go's heap.
func TestPageOutAllocatesNothing(t *testing.T) {
	m := newMachine(t)
	var port, priv mach.Name
	out := 0
	manager := m.paused("manager", func(u *user) { pageOutManager(u, port, &out) })
	client := m.paused("client", func(u *user) {
		r := u.call(u.self(), mach.IDVMAllocate, func(w *mig.Writer) { w.Uint64(0); w.Uint64(3 * memory / 2); w.Bool(true) })
		at := mach.VirtAddr(r.Uint64()) + 3*memory/2 // downwards, so that no pages are prepared ahead
		touch := func(pages int) {
			for range pages {
				at -= pageSize
				u.Store(at, 1)
			}
		}
		m.cpu.Entered = nil // a check takes long
		touch(memory / 2 / pageSize)
		before := out
		// Not an average: a single one in all that time is too many.
		if n := testing.AllocsPerRun(1, func() { touch(memory / 4 / pageSize) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		if n := out - before; n < memory/3/pageSize {
			t.Errorf("%d pages went out", n)
		}
		_, code := u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgCopySend, mach.NameDead)
		u.want(code, mach.InvalidArgument)
	})
	port, _ = m.managerOf(manager)
	m.Do(func() {
		right, code := manager.space.Extract(port, mach.MsgMakeSend)
		if code != mach.Success {
			t.Fatal(code)
		}
		old, code := m.SetDefaultManager(right)
		if code != mach.Success {
			t.Fatal(code)
		}
		old.Release()
	})
	priv = m.give(client, m.hostPriv.MakeSend())
	m.resume(manager, client)
	m.run()
	m.Do(func() { m.terminateTask(manager) })
	m.finish()
}

// A manager that was set and replaced before anything went out was told nothing, and nothing of what was made for it is left.
func TestManagerGivesWayBeforeTheFirstPage(t *testing.T) {
	m := newMachine(t)
	var priv mach.Name
	a := m.start("a", func(u *user) {
		for range 40 { // more than there may be at a time
			port := u.port()
			_, code := u.exchange(priv, mach.IDVMSetDefaultManager, mach.MsgMakeSend, port)
			u.want(code, mach.Success)
			u.want(u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, port, 0), mach.RcvTimedOut)
			u.want(u.code(u.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(port) }), mach.Success)
		}
	})
	priv = m.give(a, m.hostPriv.MakeSend())
	m.finish()
}

// Whoever is given the receive right of the manager's port has its memory stay at once.
func TestManagerMovesItsPorts(t *testing.T) {
	m := newMachine(t)
	var port mach.Name
	var tasks []*Task
	for _, name := range []string{"first", "second", "third"} {
		tasks = append(tasks, m.paused(name, func(*user) {}))
	}
	kept := func(want ...bool) {
		t.Helper()
		for i, task := range tasks {
			if task.space.StaysIn() != want[i] || task.memory.Spared(mach.ResourceShortage) != want[i] {
				t.Errorf("the memory of task %d, and in messages to it, is to stay: %v", i, want[i])
			}
		}
	}
	move := func(from, to *Task) {
		right, code := from.space.Extract(port, mach.MsgMoveReceive)
		if code == mach.Success {
			port, code = to.space.Insert(right)
		}
		if code != mach.Success {
			t.Fatal(code)
		}
	}
	port, _ = m.managerOf(tasks[0])
	other, _ := m.managerOf(tasks[0])
	set := func(name mach.Name) {
		right, code := tasks[0].space.Extract(name, mach.MsgMakeSend)
		if code != mach.Success {
			t.Fatal(code)
		}
		old, _ := m.SetDefaultManager(right)
		old.Release()
	}
	m.Do(func() {
		set(port)
		kept(true, false, false)
		move(tasks[0], tasks[1])
		kept(true, true, false)
		set(other)
		move(tasks[1], tasks[2]) // of what is the manager's port no more
		m.clock += tick
		m.tickMemory()
		kept(true, true, false)
	})
	m.resume(tasks...)
	m.finish()
}

// A default memory manager in ring 3 may page to a disk of the kernel's: its transfers take nothing from Go's heap either.
func TestTransfersAllocateNothing(t *testing.T) {
	m := newMachine(t)
	m.AddDisk(&slowDisk{}, nil)
	m.ports = m.sys.Stats()
	var port mach.Name
	task := m.paused("manager", func(u *user) {
		reply, data := u.port(), u.pages(1, 2)
		call := func(id mach.MsgID, extra mach.HeaderBits, body func(w *mig.Writer)) func() {
			w := mig.NewWriter(make([]byte, 256))
			w.Uint32(0)
			w.Uint64(3)
			body(&w)
			request := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|extra, port, reply, id)
			return func() {
				u.Write(u.buffer, request)
				u.want(u.msg(mach.OptSend|mach.OptRcv, uint64(len(request)), reply, 0), mach.Success)
				if id := u.header().ID; id != int32(mach.MsgID(le.Uint32(request[28:]))+mach.ReplyOffset) {
					t.Errorf("reply %d", id)
				}
			}
		}
		write := call(mach.IDDeviceWrite, mach.Complex, func(w *mig.Writer) { w.OutOfLine(mach.MsgByte, 8, 2*pageSize, uint64(data), false) })
		read := call(mach.IDDeviceRead, 0, func(w *mig.Writer) { w.Int32(2 * pageSize) })
		self := uint64(u.self())
		u.allocates("device_write and device_read", func() {
			write()
			read()
			u.Syscall(mach.TrapDeallocate, self, u.Load64(u.buffer+mach.HeaderSize+16+8), 2*pageSize)
		})
	})
	port = m.give(task, m.disks[0].port.MakeSend())
	m.resume(task)
	m.finish()
}
