package kern

import (
	"defpager/board/disk"
	"defpager/ipc"
	"defpager/mach"
)

// diskDevice is a disk. Who has its port may read and write its blocks, learn its size, and name it to the default pager; while it is paging
// storage, nobody else reads or writes it.
type diskDevice struct {
	kernel *Kernel
	disk   disk.Disk
	inUse  func() bool // reports whether the disk is paging storage; nil: never
	port   *ipc.Port

	queue   []*diskTransfer // the first is under way
	idle    []*diskTransfer // that are over, to be used again
	buffer  []byte          // that transfers go through; nil before the first one
	request disk.Request    // of the first transfer
	done    func(error)     // finish
	started bool            // the disk has taken it
}

// DiskName is the name by which the disk was opened. It makes the port that of a disk for the default pager.
func (d *diskDevice) DiskName() string { return d.disk.Name() }

// AddDisk makes a disk one of the devices that can be opened. inUse reports whether it is paging storage.
func (k *Kernel) AddDisk(of disk.Disk, inUse func() bool) {
	d := &diskDevice{kernel: k, disk: of, inUse: inUse}
	d.done = d.finish
	d.port = k.sys.NewKernelPort(k, d)
	k.disks = append(k.disks, d)
	k.KeepCount("transfers of "+of.Name(), func() mach.PageNumber { return mach.PageNumber(len(d.buffer) / mach.PageSize) })
}

// DiskBusy reports whether a program's transfers of a disk are under way or wait for their turn.
func (k *Kernel) DiskBusy(name string) bool {
	d := k.disk(name)
	return d != nil && len(d.queue) != 0
}

// disk is the disk of that name, nil if there is none.
func (k *Kernel) disk(name string) *diskDevice {
	for _, d := range k.disks {
		if d.DiskName() == name {
			return d
		}
	}
	return nil
}

// Flavors of device_get_status (device/device_types.h). Either is two numbers.
const (
	deviceSize    = 0 // bytes, and bytes of a record
	deviceRecords = 1 // records, and bytes of a record
)

// serveDisk answers a request to a disk's port.
func (k *Kernel) serveDisk(d *diskDevice, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDDeviceClose:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Success)
		}
	case mach.IDDeviceGetStatus:
		flavor, room := r.Uint32(), r.Uint32()
		if r.End() == mach.Success {
			return d.status(m, flavor, room)
		}
	case mach.IDDeviceRead:
		_, first, wanted := r.Uint32(), r.Uint64(), r.Int32()
		if r.End() == mach.Success {
			return d.read(m, first, wanted)
		}
	case mach.IDDeviceWrite:
		_, first := r.Uint32(), r.Uint64()
		handle, size := r.OutOfLine(mach.MsgByte, 8)
		if r.End() == mach.Success {
			return d.write(m, first, m.TakeMemory(handle), size)
		}
	case mach.IDDeviceReadInband, mach.IDDeviceWriteInband: // not as much as a block goes into these
		return m.ReplyCode(mach.DeviceInvalidSize)
	case mach.IDDeviceMap, mach.IDDeviceSetStatus, mach.IDDeviceSetFilter, mach.IDDeviceIntrRegister, mach.IDDeviceIntrAck:
		return m.ReplyCode(mach.DeviceInvalidOperation)
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// status is device_get_status. Of a disk that is too large for the interface's numbers it tells the largest.
func (d *diskDevice) status(m *ipc.Message, flavor, room uint32) *ipc.Message {
	n := uint64(d.disk.Blocks())
	switch flavor {
	case deviceSize:
		n *= mach.PageSize
	case deviceRecords:
	default:
		return m.ReplyCode(mach.DeviceInvalidOperation)
	}
	if room < 2 {
		return m.ReplyCode(mach.DeviceInvalidOperation)
	}
	const most = 1<<31 - 1
	w := words{make([]byte, 0, 8)}
	w.int(int32(min(n, most)), mach.PageSize)
	out := m.BeginReply(8 + len(w.b))
	out.Bytes(mach.MsgInteger32, 32, 2, w.b)
	return m.FinishReply(&out)
}
