package kern

import (
	"time"

	"defpager/ipc"
	"defpager/mach"
)

// Version is what host_get_kernel_version says.
const Version = "defpager 0.1 (GNU Mach interface, x86_64)"

// versionBytes is the length of a kernel_version_t, which is one element on the wire.
const versionBytes = 512

// serveHost answers a request to the host's name port.
func (k *Kernel) serveHost(m *ipc.Message) *ipc.Message {
	switch m.ID() {
	case mach.IDHostReboot, mach.IDHostDefaultManager, mach.IDVMSetDefaultManager:
		return m.ReplyCode(mach.InvalidHost)
	}
	r := m.Reader()
	switch m.ID() {
	case mach.IDHostInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return k.hostInfo(m, flavor, room)
		}
	case mach.IDHostGetTime:
		if r.End() == mach.Success {
			now := k.config.Clock()
			var b [16]byte
			le.PutUint64(b[:], uint64(now/int64(time.Second)))
			le.PutUint32(b[8:], uint32(now%int64(time.Second)/int64(time.Microsecond)))
			w := m.BeginReply(24)
			w.Bytes(mach.MsgInteger64, 64, 2, b[:])
			return m.FinishReply(&w)
		}
	case mach.IDHostGetTime64, mach.IDHostGetUptime64:
		if r.End() == mach.Success {
			now := k.config.Clock()
			var b [16]byte
			le.PutUint64(b[:], uint64(now/int64(time.Second)))
			le.PutUint64(b[8:], uint64(now%int64(time.Second)))
			w := m.BeginReply(24)
			w.Bytes(mach.MsgInteger64, 64, 2, b[:])
			return m.FinishReply(&w)
		}
	case mach.IDHostGetKernelVersion:
		if r.End() == mach.Success {
			w := m.BeginReply(8 + versionBytes)
			copy(w.Inline(mach.ArrayType(mach.MsgString, 8*versionBytes, 1)), Version)
			return m.FinishReply(&w)
		}
	default:
		return m.ReplyCode(mach.MIGBadID)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveHostPriv answers a request to the host's privileged port.
func (k *Kernel) serveHostPriv(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDHostReboot:
		options := r.Int32()
		if r.End() == mach.Success {
			k.reboot(options)
			return m.ReplyCode(mach.Success)
		}
	case mach.IDVMSetDefaultManager:
		handle := r.Port(mach.MsgPortSend)
		if r.End() == mach.Success {
			return k.exchangeManager(m, handle)
		}
	case mach.IDHostDefaultManager:
		handle := r.Port(mach.MsgPortSend)
		_ = r.Uint64() // the cluster size: pages go to the manager one by one
		if r.End() == mach.Success {
			return k.exchangeManager(m, handle)
		}
	default:
		return k.serveHost(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// Options of host_reboot (sys/reboot.h).
const rebootHalt = 0x8

// reboot ends the machine: with the halt option it powers off, else it starts anew.
func (k *Kernel) reboot(options int32) {
	end := EndReboot
	if options&rebootHalt != 0 {
		end = EndHalt
	}
	k.config.End(end)
}

// exchangeManager is vm_set_default_memory_manager and host_default_memory_manager: the new port goes in, the old one comes out; null
// only reads it.
func (k *Kernel) exchangeManager(m *ipc.Message, handle mach.Name) *ipc.Message {
	right := m.TakeRight(handle)
	if right.Dead() {
		return m.ReplyCode(mach.InvalidArgument)
	}
	if right.Null() {
		return replyRight(m, k.manager.Copy())
	}
	return replyRight(m, k.SetDefaultManager(right))
}

// Flavors of host_info (mach/host_info.h).
const hostBasic = 1

// hostInfo is host_info, of which the basic flavor exists: six 32-bit words.
func (k *Kernel) hostInfo(m *ipc.Message, flavor int32, room uint32) *ipc.Message {
	const words = 6
	if flavor != hostBasic || room < words {
		return m.ReplyCode(mach.InvalidArgument)
	}
	const cpuX86_64, subtype = 24, 0
	var b [4 * words]byte
	memory := min(uint64(k.frames.Stats().Total)<<mach.PageShift, 1<<32-1)
	for i, v := range [words]uint32{1, 1, uint32(memory), cpuX86_64, subtype, 0} {
		le.PutUint32(b[4*i:], v)
	}
	w := m.BeginReply(8 + len(b))
	w.Bytes(mach.MsgInteger32, 32, words, b[:])
	return m.FinishReply(&w)
}
