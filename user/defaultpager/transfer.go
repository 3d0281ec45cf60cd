package main

import (
	"fmt"
	"runtime"

	"defpager/board/disk"
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// deviceDisk is a disk of the kernel's, which this task reads and writes by device_read and device_write. The kernel answers when a transfer is done: so each
// transfer has a reply port of its own, a member of the server's set, and nothing waits for it.
type deviceDisk struct {
	s         *server
	name      string
	device    mach.Name
	blocks    disk.Block
	transfers [transfersMax]transfer
}

// transfersMax is how many requests the kernel keeps for a disk: more would be D_WOULD_BLOCK.
const transfersMax = 8

// transfer is a request on its way.
type transfer struct {
	disk    *deviceDisk
	port    *port
	request *disk.Request // nil: none
	done    int           // bytes
	asked   bool          // the kernel has the rest of it
	over    bool
	err     error
	short   shortage
}

// openDisk opens a disk by a send right to the kernel's device master port.
func (s *server) openDisk(master mach.Name, name string) error {
	device, code := wire.DeviceOpen(s.client, master, 0, []byte(name))
	if code != mach.Success {
		return fmt.Errorf("device_open %s: %w", name, code)
	}
	status, code := wire.DeviceGetStatus(s.client, device, deviceRecords, 2)
	if code != mach.Success || len(status.Data) < 8 || le.Uint32(status.Data[4:]) != mach.PageSize {
		return fmt.Errorf("device_get_status %s: %w", name, code)
	}
	d := &deviceDisk{s: s, name: name, device: device, blocks: disk.Block(le.Uint32(status.Data))}
	for i := range d.transfers {
		reply, code := libmach.PortAllocate(s.task, mach.RightReceive)
		if code != mach.Success {
			return code
		}
		t := &d.transfers[i]
		t.disk = d
		if t.port, code = s.know(reply, nil); code != mach.Success {
			return code
		}
		t.port.transfer = t
	}
	s.addDisk(d)
	s.opened = append(s.opened, d)
	return nil
}

// Name implements disk.Disk.
func (d *deviceDisk) Name() string { return d.name }

// Blocks implements disk.Disk.
func (d *deviceDisk) Blocks() disk.Block { return d.blocks }

// Start implements disk.Disk.
func (d *deviceDisk) Start(r *disk.Request) bool {
	for i := range d.transfers {
		if t := &d.transfers[i]; t.request == nil {
			t.request, t.done, t.over, t.err, t.short = r, 0, false, nil, shortage{}
			t.ask()
			return true
		}
	}
	return false
}

// Poll implements disk.Disk.
func (d *deviceDisk) Poll() {
	for i := range d.transfers {
		t := &d.transfers[i]
		if t.request != nil && !t.over && !t.asked && t.short.due() {
			t.ask()
		}
		if r := t.request; r != nil && t.over {
			t.request = nil
			r.Done(t.err)
		}
	}
}

// ask sends the request for what is not done. If the kernel has no memory for it now, Poll tries again, for some time.
func (t *transfer) ask() {
	r := t.request
	data := r.Data[t.done:]
	id, extra := mach.IDDeviceRead, mach.HeaderBits(0)
	w := mig.NewWriter(t.disk.s.ask)
	w.Uint32(0)
	w.Uint64(uint64(r.First) + uint64(t.done/mach.PageSize))
	if r.Write {
		id, extra = mach.IDDeviceWrite, mach.Complex
		w.OutOfLine(mach.MsgByte, 8, uint32(len(data)), uint64(libmach.Address(data)), false)
	} else {
		w.Int32(int32(len(data)))
	}
	code := libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|extra, t.disk.device, t.port.name, id), mach.OptSendTimeout, 0)
	t.asked = code == mach.Success
	t.over = code == mach.SendInvalidDest
	t.err = code
	if !t.asked && !t.over {
		t.later()
	}
}

// later has Poll ask again, or ends the transfer with ResourceShortage.
func (t *transfer) later() {
	if !t.short.again(t.disk.s.config.patience) {
		t.over, t.err = true, mach.ResourceShortage
		t.disk.s.starved++
	}
}

// replied takes the kernel's answer. Without memory for it the kernel says so, and Poll asks again, for some time.
func (t *transfer) replied(m libmach.Message) {
	if t.request == nil || !t.asked {
		t.disk.s.client.DestroyMessage(m) // nobody has a right to the port by which it could come
		return
	}
	t.asked = false
	r := mig.NewReplyReader(m.Body)
	code := r.RetCode()
	n := uint32(0)
	switch {
	case m.ID() != mach.IDDeviceRead+mach.ReplyOffset && m.ID() != mach.IDDeviceWrite+mach.ReplyOffset:
		code = mach.MIGServerDied
	case code == mach.DeviceWouldBlock || code == mach.ResourceShortage:
		t.later()
		return
	case code != mach.Success:
	case t.request.Write:
		n = uint32(r.Int32())
	default:
		var at uint64
		if at, n = r.OutOfLine(mach.MsgByte, 8); n != 0 {
			memory := libmach.Memory(mach.VirtAddr(at), uint64(n))
			copy(t.request.Data[t.done:], memory)
			_ = libmach.VMDeallocate(t.disk.s.task, mach.VirtAddr(at), uint64(n))
		}
	}
	if code == mach.Success && n == 0 {
		code = mach.DeviceIOError
	}
	t.done += int(n)
	if t.over = code != mach.Success || t.done >= len(t.request.Data); code != mach.Success {
		t.err = code
	} else {
		t.err, t.short, t.disk.s.starved = nil, shortage{}, 0
	}
	if !t.over {
		t.ask()
	}
}

// written waits until a page may have been written that waits in its frame. It reports whether that can help who needs one. Others may be served meanwhile, in
// their turns.
func (s *server) written() bool {
	s.store.Poll()
	if !s.store.Busy() || s.starved != 0 {
		return false
	}
	t := s.moving()
	if t == nil {
		if s.waits() { // until the kernel has memory for it
			s.mu.Unlock()
			s.client.Sleep(1)
			s.mu.Lock()
		}
		return true // or to a disk in this task's memory: the next Poll is enough
	}
	// Out of the set: so nobody else gets the answer.
	buf := libmach.NewBuffer(256)
	if code := s.client.PortMoveMember(s.task, t.port.name, mach.NameNull); code != mach.Success {
		return false
	}
	m, code := libmach.Receive(buf, t.port.name, mach.OptRcvTimeout, 1)
	if s.client.PortMoveMember(s.task, t.port.name, s.set) != mach.Success {
		return false
	}
	if code == mach.Success {
		t.replied(m)
		return true
	}
	s.mu.Unlock() // somebody may have got it before
	runtime.Gosched()
	s.mu.Lock()
	return true
}

// moving is a transfer that the kernel has not answered yet, a write if there is one; nil if there is none.
func (s *server) moving() (t *transfer) {
	for _, d := range s.opened {
		for i := range d.transfers {
			switch x := &d.transfers[i]; {
			case !x.asked:
			case x.request.Write:
				return x
			default:
				t = x
			}
		}
	}
	return t
}

// waits reports whether a transfer is to be asked for again.
func (s *server) waits() bool {
	for _, d := range s.opened {
		for i := range d.transfers {
			if t := &d.transfers[i]; t.request != nil && !t.asked && !t.over {
				return true
			}
		}
	}
	return false
}
