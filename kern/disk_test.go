package kern

import (
	"testing"

	"defpager/board"
	"defpager/board/disk"
	"defpager/ipc/mig"
	"defpager/mach"
)

// slowDisk takes one request at a time and does nothing with it before it is told to.
type slowDisk struct {
	asked *disk.Request
	err   error
	saw   func() // what happens when a request begins
}

func (d *slowDisk) Name() string       { return "slow" }
func (d *slowDisk) Blocks() disk.Block { return 100 }
func (d *slowDisk) Poll() {
	if r := d.asked; r != nil {
		d.asked = nil
		if !r.Write {
			for i := range r.Data {
				r.Data[i] = byte(r.First) + byte(i/mach.PageSize)
			}
		}
		r.Done(d.err)
	}
}

func (d *slowDisk) Start(r *disk.Request) bool {
	if d.asked != nil {
		return false
	}
	if d.asked = r; d.saw != nil {
		d.saw()
	}
	return true
}

// Requests wait for their turn, are done in pieces, and fail as the disk does; nothing is left of them.
func TestDisk(t *testing.T) {
	m := newMachine(t)
	d := &slowDisk{}
	used := false
	var port mach.Name
	var k *diskDevice
	task := m.paused("reader", func(u *user) {
		open := func(id mach.MsgID, size int32) {
			u.want(u.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), port, u.reply, id, func(w *mig.Writer) {
				w.Uint32(0)
				w.Uint64(3)
				w.Int32(size)
			}), mach.Success)
		}
		u.reply = u.port()
		for range diskWaiting + 1 {
			open(mach.IDDeviceRead, 20*mach.PageSize)
		}
		_, r := u.receive(u.reply, mach.IDDeviceRead+mach.ReplyOffset)
		u.want(r.RetCode(), mach.DeviceWouldBlock)
		for range diskWaiting {
			_, r := u.receive(u.reply, mach.IDDeviceRead+mach.ReplyOffset)
			u.want(r.RetCode(), mach.Success)
			at, n := r.OutOfLine(mach.MsgByte, 8)
			u.is("bytes", uint64(n), 20*mach.PageSize)
			for i := range uint64(20) {
				u.is("a byte", u.Load64(mach.VirtAddr(at+i*mach.PageSize))&0xff, 3+i)
			}
			u.want(u.code(u.self(), mach.IDVMDeallocate, func(w *mig.Writer) { w.Uint64(at); w.Uint64(uint64(n)) }), mach.Success)
		}
		d.err = disk.ErrRange
		open(mach.IDDeviceRead, mach.PageSize)
		_, r = u.receive(u.reply, mach.IDDeviceRead+mach.ReplyOffset)
		u.want(r.RetCode(), mach.DeviceIOError)
		used = true
		open(mach.IDDeviceRead, mach.PageSize)
		_, r = u.receive(u.reply, mach.IDDeviceRead+mach.ReplyOffset)
		u.want(r.RetCode(), mach.DeviceAlreadyOpen)
		used = false
		open(mach.IDDeviceRead, mach.PageSize) // nobody waits for this one's reply
	})
	m.Do(func() { m.AddDisk(d, func() bool { return used }) })
	k = m.disks[0]
	var all [][]byte
	d.saw = func() { all = append(all, k.queue[0].data) }
	m.ports.Ports++
	port = m.give(task, k.port.MakeSend())
	m.resume(task)
	m.finish()
	m.Do(func() {
		if len(k.queue) != 0 || k.buffer == nil {
			t.Errorf("%d requests are left", len(k.queue))
		}
		for _, data := range append(all, k.buffer) {
			for _, b := range data {
				if b != 0 {
					t.Fatal("what was read is still there")
				}
			}
		}
	})
}

// While one thread computes, another gets on with each interrupt of its disk; at ticks of the clock only when the first had its turn.
func TestDiskInterrupts(t *testing.T) {
	const reads = 20
	for _, x := range []struct {
		vector      uint64
		least, most int
	}{{board.VectorDisk, reads, reads + 2}, {board.VectorTick, reads * quantum, (reads + 2) * quantum}} {
		m := newMachine(t)
		var port mach.Name
		done, interrupts := false, 0
		task := m.paused("reader", func(u *user) {
			for range reads {
				r := u.ask(0, port, mach.IDDeviceRead, func(w *mig.Writer) {
					w.Uint32(0)
					w.Uint64(3)
					w.Int32(mach.PageSize)
				})
				u.want(r.RetCode(), mach.Success)
			}
			done = true
		})
		m.Do(func() { m.AddDisk(&slowDisk{}, func() bool { return false }) })
		m.ports.Ports++
		port = m.give(task, m.disks[0].port.MakeSend())
		m.resume(task)
		m.start("computes", func(u *user) {
			for !done {
				interrupts++
				u.Interrupt(x.vector)
			}
		})
		m.finish()
		if interrupts < x.least || interrupts > x.most {
			t.Errorf("vector %#x: %d interrupts for %d reads; want %d to %d", x.vector, interrupts, reads, x.least, x.most)
		}
	}
}

// Data that come late do not go to a disk that is paging storage by now, and take no memory meanwhile. A disk is busy while a program's transfer of it is under way.
func TestDiskBecomesStorage(t *testing.T) {
	m := newMachine(t)
	d := &slowDisk{}
	used := false
	var device mach.Name
	var client *Task
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		s.silent = true
		u.reply = u.port()
		write := func() {
			u.want(u.send(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, device, u.reply, mach.IDDeviceWrite, func(w *mig.Writer) {
				w.Uint32(0)
				w.Uint64(3)
				w.OutOfLine(mach.MsgByte, 8, 20*mach.PageSize, uint64(at), false)
			}), mach.Success)
		}
		write()
		u.rest()
		u.asked(s, "0 r--")
		used = true
		s.silent, s.late = false, true
		_, r := u.receive(u.reply, mach.IDDeviceWrite+mach.ReplyOffset)
		u.want(r.RetCode(), mach.DeviceAlreadyOpen)
		used = false
		if m.DiskBusy("slow") {
			t.Error("busy with nothing")
		}
		write()
		if !m.DiskBusy("slow") {
			t.Error("not busy while it writes")
		}
		_, r = u.receive(u.reply, mach.IDDeviceWrite+mach.ReplyOffset)
		u.want(r.RetCode(), mach.Success)
		u.unmap(at, 20)
	})
	m.Do(func() { m.AddDisk(d, func() bool { return used }) })
	m.ports.Ports++
	for task := m.tasks.head; task != nil; task = task.next {
		if task.name == "client" {
			client = task
		}
	}
	device = m.give(client, m.disks[0].port.MakeSend())
	m.finish()
}
