package main

import (
	"bytes"

	"defpager/board/disk"
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// deviceMaster and device are what the ports of devices stand for. A device is a disk in this task's memory: pager.Disk.
type deviceMaster struct{}

type device struct{ disk.Disk }

// DiskName implements pager.Disk.
func (d device) DiskName() string { return d.Name() }

// addDisk makes a disk one that can be opened.
func (s *server) addDisk(d disk.Disk) {
	s.disks.Know(d)
	s.devices = append(s.devices, d)
}

// Flavors of device_get_status (device/device_types.h).
const (
	deviceSize    = 0 // bytes, and bytes of a record
	deviceRecords = 1 // records, and bytes of a record
)

// device answers calls of the device interface, and reports whether the message was one to a device's port.
func (s *server) device(p *port, m libmach.Message) bool {
	switch p.local.Object().(type) {
	case deviceMaster, device:
	default:
		return false
	}
	q := &mig.Request{Header: m.Header, Body: m.Body}
	out, code, _ := wire.DeviceDemux(deviceCalls{s, p}, q, s.answer)
	if out != nil {
		s.send(out, m)
	} else {
		w := mig.NewWriter(s.answer)
		w.RetCode(code)
		s.reply(&w, m)
	}
	s.client.EmptyMessage(m) // no call keeps what it brings
	return true
}

// deviceCalls are the calls to the port of a device, or to the master port.
type deviceCalls struct {
	s *server
	p *port
}

// DeviceOpen implements wire.DeviceServer.
func (c deviceCalls) DeviceOpen(_ mach.Name, _ uint32, name []byte) (mach.Name, mach.MsgType, mach.Return) {
	if _, ok := c.p.local.Object().(deviceMaster); !ok {
		return mach.NameNull, mach.MsgMakeSend, mach.MIGBadID
	}
	for _, d := range c.s.devices {
		if !bytes.Equal(name, []byte(d.Name())) {
			continue
		}
		for _, p := range c.s.ports { // opened before
			if o, ok := p.device(); ok && o.Disk == d {
				return p.name, mach.MsgMakeSend, mach.Success
			}
		}
		port, code := libmach.PortAllocate(c.s.task, mach.RightReceive)
		if code != mach.Success {
			return mach.NameNull, mach.MsgMakeSend, code
		}
		local := c.s.sys.NewKernelPort(nobody{}, device{d})
		if _, code = c.s.know(port, local); code != mach.Success {
			local.Destroy()
			_ = c.s.client.PortDestroy(c.s.task, port)
			port = mach.NameNull
		}
		return port, mach.MsgMakeSend, code
	}
	return mach.NameNull, mach.MsgMakeSend, mach.DeviceNone
}

// device is the device that the port stands for.
func (p *port) device() (d device, ok bool) {
	if p.local != nil {
		d, ok = p.local.Object().(device)
	}
	return d, ok
}

// DeviceClose implements wire.DeviceServer.
func (c deviceCalls) DeviceClose(mach.Name) mach.Return { return mach.Success }

// DeviceWrite implements wire.DeviceServer: nobody reads or writes this task's disks but the pager. DeviceWriteInband, DeviceRead, DeviceReadInband and DeviceMap
// likewise.
func (c deviceCalls) DeviceWrite(mach.Name, uint32, uint64, mig.Array) (int32, mach.Return) {
	return 0, mach.DeviceInvalidOperation
}

// DeviceWriteInband implements wire.DeviceServer.
func (c deviceCalls) DeviceWriteInband(mach.Name, uint32, uint64, mig.Array) (int32, mach.Return) {
	return 0, mach.DeviceInvalidOperation
}

// DeviceRead implements wire.DeviceServer.
func (c deviceCalls) DeviceRead(mach.Name, uint32, uint64, int32) (mig.Array, mach.Return) {
	return mig.Array{}, mach.DeviceInvalidOperation
}

// DeviceReadInband implements wire.DeviceServer.
func (c deviceCalls) DeviceReadInband(mach.Name, uint32, uint64, int32) (mig.Array, mach.Return) {
	return mig.Array{}, mach.DeviceInvalidOperation
}

// DeviceMap implements wire.DeviceServer.
func (c deviceCalls) DeviceMap(mach.Name, mach.Prot, uint64, uint64, int32) (mach.Name, mach.MsgType, mach.Return) {
	return mach.NameNull, mach.MsgMakeSend, mach.DeviceInvalidOperation
}

// DeviceGetStatus implements wire.DeviceServer. A record is a page.
func (c deviceCalls) DeviceGetStatus(_ mach.Name, flavor, room uint32) (status mig.Array, code mach.Return) {
	d, ok := c.p.device()
	if !ok || room < 2 || flavor != deviceSize && flavor != deviceRecords {
		return status, mach.DeviceInvalidOperation
	}
	n := uint64(d.Blocks())
	if flavor == deviceSize {
		n *= mach.PageSize
	}
	status.Data = le.AppendUint32(le.AppendUint32(nil, uint32(n)), mach.PageSize)
	status.Count = 2
	return status, mach.Success
}
