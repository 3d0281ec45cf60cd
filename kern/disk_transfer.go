package kern

import (
	"slices"

	"defpager/board/disk"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

const (
	// diskMost is how much one request may read or write, in bytes: less of a larger one is done, as its reply says.
	diskMost = 256 << 10
	// diskWaiting bounds the requests of one disk that are not done.
	diskWaiting = 8
	// diskOrder is the size of the memory that transfers go through, as a power of two of frames.
	diskOrder = 4
	diskPiece = mach.PageSize << diskOrder
	// diskIdle bounds the bytes of a transfer that is over and kept for the next. Who pages to the disk in ring 3 then takes nothing from Go's heap.
	diskIdle = 128 << 10
)

// diskTransfer is a device_read or a device_write that waits for its turn or is under way.
type diskTransfer struct {
	m     *ipc.Message
	write bool
	first disk.Block
	data  []byte // what is written, or has been read
	done  int    // bytes
}

// transfer begins a request for n bytes.
func (d *diskDevice) transfer(m *ipc.Message, write bool, first uint64, n int) *diskTransfer {
	t := (*diskTransfer)(nil)
	for i, idle := range d.idle {
		if cap(idle.data) >= n {
			t = idle
			d.idle = slices.Delete(d.idle, i, i+1)
			break
		}
	}
	if t == nil {
		t = &diskTransfer{data: make([]byte, n)}
	}
	*t = diskTransfer{m: m, write: write, first: disk.Block(first), data: t.data[:n]}
	return t
}

// over ends a transfer, and keeps it for the next: if there are many, instead of the smallest. Its data are nobody's any more.
func (d *diskDevice) over(t *diskTransfer) {
	clear(t.data)
	if cap(t.data) > diskIdle {
		return
	}
	*t = diskTransfer{data: t.data[:0]}
	if len(d.idle) < diskWaiting {
		d.idle = append(d.idle, t)
		return
	}
	least := slices.MinFunc(d.idle, func(a, b *diskTransfer) int { return cap(a.data) - cap(b.data) })
	if cap(least.data) < cap(t.data) {
		*least = *t
	}
}

// read is device_read: it answers when the blocks are there.
func (d *diskDevice) read(m *ipc.Message, first uint64, wanted int32) *ipc.Message {
	n, code := d.extent(first, int64(wanted))
	if code != mach.Success {
		return m.ReplyCode(code)
	}
	return d.enqueue(d.transfer(m, false, first, n))
}

// write is device_write of data, which is consumed: it answers when the disk has them.
func (d *diskDevice) write(m *ipc.Message, first uint64, data ipc.OOL, size uint32) *ipc.Message {
	n, code := d.extent(first, int64(size))
	c, ok := data.(*vm.Copy)
	if code == mach.Success && (!ok || c.Size() != uint64(size)) {
		code = mach.InvalidArgument
	}
	if code != mach.Success {
		if data != nil {
			data.Discard()
		}
		return m.ReplyCode(code)
	}
	return d.writeCopy(m, first, n, c)
}

// writeCopy takes n bytes out of c, which may have to come from a memory manager first: no memory is kept for them meanwhile.
func (d *diskDevice) writeCopy(m *ipc.Message, first uint64, n int, c *vm.Copy) *ipc.Message {
	t := d.transfer(m, true, first, n)
	err := c.ReadAt(t.data, 0)
	if err == nil {
		c.Discard()
		return d.enqueue(t)
	}
	d.over(t)
	if err == vm.Wait {
		return d.kernel.later(nil, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				c.Discard()
				return m.ReplyCode(mach.Code(err))
			}
			return d.writeCopy(m, first, n, c)
		})
	}
	c.Discard()
	return m.ReplyCode(mach.Code(err))
}

// extent is how many of the wanted bytes from a block on one request transfers.
func (d *diskDevice) extent(first uint64, wanted int64) (int, mach.Return) {
	blocks := uint64(d.disk.Blocks())
	switch {
	case d.inUse != nil && d.inUse():
		return 0, mach.DeviceAlreadyOpen
	case wanted <= 0 || wanted%mach.PageSize != 0:
		return 0, mach.DeviceInvalidSize
	case first >= blocks:
		return 0, mach.DeviceInvalidRecord
	}
	return int(min(uint64(wanted), diskMost, (blocks-first)*mach.PageSize)), mach.Success
}

// enqueue has a transfer begin in its turn, or answers why not.
func (d *diskDevice) enqueue(t *diskTransfer) *ipc.Message {
	if code := d.mayEnqueue(); code != mach.Success {
		m := t.m
		d.over(t)
		return m.ReplyCode(code)
	}
	d.queue = append(d.queue, t)
	if len(d.queue) == 1 {
		d.begin()
	}
	return nil
}

// mayEnqueue is Success if there is room for a transfer. The disk may have become paging storage while the data came.
func (d *diskDevice) mayEnqueue() mach.Return {
	k := d.kernel
	if d.inUse != nil && d.inUse() {
		return mach.DeviceAlreadyOpen
	}
	if len(d.queue) == diskWaiting {
		return mach.DeviceWouldBlock
	}
	if d.buffer == nil {
		at, err := k.frames.AllocOrder(diskOrder)
		if err != nil {
			return mach.Code(err)
		}
		d.buffer = k.env.Mem.Bytes(at, diskPiece)
	}
	return mach.Success
}

// begin has the disk do the next piece of the first transfer. A disk that has no room for it is asked again by the next poll.
func (d *diskDevice) begin() {
	t := d.queue[0]
	piece := d.buffer[:min(diskPiece, len(t.data)-t.done)]
	if t.write {
		copy(piece, t.data[t.done:])
	}
	d.request = disk.Request{Write: t.write, First: t.first + disk.Block(t.done/mach.PageSize), Data: piece, Done: d.done}
	d.started = d.disk.Start(&d.request)
}

// finish is called when a piece is done.
func (d *diskDevice) finish(err error) {
	t, piece := d.queue[0], d.request.Data
	if err == nil {
		if !t.write {
			copy(t.data[t.done:], piece)
		}
		t.done += len(piece)
	}
	clear(piece) // nobody's data stay here
	if err == nil && t.done < len(t.data) {
		d.begin()
		return
	}
	d.queue = append(d.queue[:0], d.queue[1:]...)
	d.kernel.unsettled = true
	reply := d.reply(t, err)
	d.over(t)
	if reply != nil {
		d.kernel.send(reply)
	}
	if len(d.queue) != 0 {
		d.begin()
	}
}

// reply is the answer to a transfer that is over.
func (d *diskDevice) reply(t *diskTransfer, err error) *ipc.Message {
	m := t.m
	if err != nil {
		return m.ReplyCode(mach.DeviceIOError)
	}
	if t.write {
		return replyCount(m, t.done)
	}
	c, err := vm.NewCopy(d.kernel.env, t.data)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgByte, 8, uint32(t.done), m.PutMemory(c), true)
	return m.FinishReply(&w)
}

// poll completes what the disk has done.
func (d *diskDevice) poll() {
	if len(d.queue) == 0 {
		return
	}
	if !d.started {
		d.begin()
	}
	d.disk.Poll()
}

// pollDisks is poll for all disks. It reports whether one was doing something.
func (k *Kernel) pollDisks() (busy bool) {
	for _, d := range k.disks {
		busy = busy || len(d.queue) != 0
		d.poll()
	}
	return busy
}
