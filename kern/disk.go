package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// diskDevice is a disk. Programs neither read nor write disks: who has its port may name it to the default pager, and learn its size.
type diskDevice struct {
	name   string
	blocks uint64 // of mach.PageSize bytes
	port   *ipc.Port
}

// DiskName is the name by which the disk was opened. It makes the port that of a disk for the default pager.
func (d *diskDevice) DiskName() string { return d.name }

// AddDisk makes a disk one of the devices that can be opened. Blocks are pages.
func (k *Kernel) AddDisk(name string, blocks uint64) {
	d := &diskDevice{name: name, blocks: blocks}
	d.port = k.sys.NewKernelPort(k, d)
	k.disks = append(k.disks, d)
}

// disk is the disk of that name, nil if there is none.
func (k *Kernel) disk(name string) *diskDevice {
	for _, d := range k.disks {
		if d.name == name {
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
	case mach.IDDeviceMap, mach.IDDeviceWrite, mach.IDDeviceWriteInband, mach.IDDeviceRead, mach.IDDeviceReadInband, mach.IDDeviceSetStatus:
		return m.ReplyCode(deviceInvalidOp)
	default:
		return m.ReplyCode(mach.MIGBadID)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// status is device_get_status. Of a disk that is too large for the interface's numbers it tells the largest.
func (d *diskDevice) status(m *ipc.Message, flavor, room uint32) *ipc.Message {
	n := d.blocks
	switch flavor {
	case deviceSize:
		n *= mach.PageSize
	case deviceRecords:
	default:
		return m.ReplyCode(deviceInvalidOp)
	}
	if room < 2 {
		return m.ReplyCode(deviceInvalidOp)
	}
	const most = 1<<31 - 1
	w := words{make([]byte, 0, 8)}
	w.int(int32(min(n, most)), mach.PageSize)
	out := m.BeginReply(8 + len(w.b))
	out.Bytes(mach.MsgInteger32, 32, 2, w.b)
	return m.FinishReply(&out)
}
