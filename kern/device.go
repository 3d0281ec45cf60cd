package kern

import (
	"time"

	"defpager/board"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// deviceMaster is what the device master port stands for: whoever has it may open devices.
type deviceMaster struct{ *Kernel }

// DeviceMaster is the device master port.
func (k *Kernel) DeviceMaster() *ipc.Port { return k.devices }

// clockDevice is the device "time": a page, to be mapped and read, in which the kernel keeps the time of day.
type clockDevice struct{ *Kernel }

// clockPage is what the port of the device's memory stands for.
type clockPage struct{ object *vm.Object }

// MemoryObject implements Mappable.
func (c clockPage) MemoryObject() *vm.Object { return c.object }

// deviceName is the length of a dev_name_t in bytes: one element on the wire.
const deviceName = 128

// serveDeviceMaster answers a request to the device master port.
func (k *Kernel) serveDeviceMaster(m *ipc.Message) *ipc.Message {
	if m.ID() != mach.IDDeviceOpen {
		return otherPort(m)
	}
	r := m.Reader()
	_ = r.Uint32() // the mode: who may open a device may do all with it
	name := r.Bytes(mach.MsgString, 8*deviceName, 1)
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	if d := k.disk(cString(name)); d != nil {
		return replyRight(m, d.port.MakeSend())
	}
	switch cString(name) {
	case "console":
		return replyRight(m, k.consolePort.MakeSend())
	case "time":
		if err := k.openClock(); err != nil {
			return m.ReplyCode(mach.Code(err))
		}
		return replyRight(m, k.clock.device.MakeSend())
	}
	return m.ReplyCode(mach.DeviceNone)
}

// serveClock answers a request to the device "time".
func (k *Kernel) serveClock(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDDeviceClose:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Success)
		}
	case mach.IDDeviceMap:
		prot, offset, size := mach.Prot(r.Int32()), r.Uint64(), r.Uint64()
		_ = r.Int32() // unmap, which means nothing
		if r.End() != mach.Success {
			break
		}
		if prot&^mach.ProtRead != 0 || offset >= mach.PageSize || size > mach.PageSize-offset {
			return m.ReplyCode(mach.InvalidArgument)
		}
		return replyRight(m, k.clock.memory.MakeSend())
	case mach.IDDeviceWrite, mach.IDDeviceWriteInband, mach.IDDeviceRead, mach.IDDeviceReadInband, mach.IDDeviceSetStatus, mach.IDDeviceGetStatus,
		mach.IDDeviceSetFilter, mach.IDDeviceIntrRegister, mach.IDDeviceIntrAck:
		return m.ReplyCode(mach.DeviceInvalidOperation)
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// clock is the device "time", once somebody opened it.
type clock struct {
	device, memory *ipc.Port
	page           []byte
}

// openClock makes the device at its first use: the page stays for ever.
func (k *Kernel) openClock() error {
	if k.clock.device != nil {
		return nil
	}
	frame, err := k.frames.Alloc()
	if err != nil {
		return err
	}
	object, err := vm.NewPhysical(k.env, board.Range{Start: frame, Size: mach.PageSize}, mach.ProtRead)
	if err != nil {
		k.frames.Free(frame)
		return err
	}
	k.clock.page = k.env.Mem.Bytes(frame, mach.PageSize)
	k.clock.device = k.sys.NewKernelPort(k, clockDevice{k})
	k.clock.memory = k.sys.NewKernelPort(k, clockPage{object})
	k.showTime()
	return nil
}

// Offsets in a mapped_time_value: 32-bit seconds, microseconds and seconds again; then the same in 64 bits and nanoseconds. The second count of
// seconds is written first, and read last: who finds both the same has read the microseconds of that second.
const (
	mappedSeconds   = 0
	mappedMicros    = 4
	mappedCheck     = 8
	mappedSeconds64 = 16
	mappedNanos64   = 24
	mappedCheck64   = 32
)

// showTime writes the time of day to the mapped page, if anybody has it. It is called at each tick.
func (k *Kernel) showTime() {
	if k.clock.page == nil {
		return
	}
	now := k.now()
	seconds, ns := uint64(now/int64(time.Second)), uint64(now%int64(time.Second))
	b := k.clock.page
	le.PutUint32(b[mappedCheck:], uint32(seconds))
	le.PutUint64(b[mappedCheck64:], seconds)
	le.PutUint32(b[mappedMicros:], uint32(ns/uint64(time.Microsecond)))
	le.PutUint64(b[mappedNanos64:], ns)
	le.PutUint32(b[mappedSeconds:], uint32(seconds))
	le.PutUint64(b[mappedSeconds64:], seconds)
}
