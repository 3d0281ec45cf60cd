package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// Version is what host_get_kernel_version says.
const Version = "defpager 0.1 (GNU Mach interface, x86_64)"

// versionBytes is the length of a kernel_version_t, bootInfoBytes that of a kernel_boot_info_t: one element on the wire each.
const (
	versionBytes  = 512
	bootInfoBytes = 4096
)

// serveHost answers a request to the host's name port.
func (k *Kernel) serveHost(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDHostInfo:
		flavor, room := r.Int32(), r.Uint32()
		if r.End() == mach.Success {
			return k.hostInfo(m, flavor, room)
		}
	case mach.IDHostSlabInfo:
		room := r.Uint32()
		if r.End() == mach.Success {
			return k.slabInfo(m, room)
		}
	case mach.IDHostGetTime, mach.IDHostGetTime64, mach.IDHostGetUptime64:
		return k.serveGetTime(m)
	case mach.IDHostGetKernelVersion, mach.IDHostKernelVersion:
		if r.End() == mach.Success {
			w := m.BeginReply(8 + versionBytes)
			copy(w.Inline(mach.ArrayType(mach.MsgString, 8*versionBytes, 1)), Version)
			return m.FinishReply(&w)
		}
	case mach.IDTaskMaxPriority:
		return k.serveMaxPriority(m, false)
	case mach.IDXStateSize:
		if r.End() == mach.Success {
			w := m.BeginReply(16)
			w.Uint64(uint64(xfloatImage + k.fpuSize))
			return m.FinishReply(&w)
		}
	case mach.IDProcessorSetDefault:
		if r.End() == mach.Success {
			return replyRight(m, k.setName.MakeSend())
		}
	case mach.IDHostProcessorSets:
		if r.End() == mach.Success {
			return replyRights(m, []ipc.Right{k.setName.MakeSend()})
		}
	default:
		return otherPort(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveHostPriv answers a request to the host's privileged port, which allows what the name port does, too.
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
	case mach.IDHostSetTime, mach.IDHostSetTime64, mach.IDHostAdjustTime, mach.IDHostAdjustTime64:
		return k.serveSetTime(m)
	case mach.IDPagerHostFigures:
		room := r.Uint32()
		if r.End() == mach.Success {
			return k.hostFigures(m, room)
		}
	case mach.IDHostGetBootInfo:
		if r.End() == mach.Success {
			w := m.BeginReply(8 + bootInfoBytes)
			copy(w.Inline(mach.ArrayType(mach.MsgString, 8*bootInfoBytes, 1))[:bootInfoBytes-1], k.config.Strings["kernel-command-line"])
			return m.FinishReply(&w)
		}
	case mach.IDPortSetKtype:
		handle, name, right, ktype := r.Port(mach.MsgPortSend), r.Name(), r.Int32(), r.Int32()
		if r.End() == mach.Success {
			return m.ReplyCode(setKtype(m, handle, name, right, ktype))
		}
	case mach.IDTaskNotification:
		handle := r.Port(mach.MsgPortSend)
		if r.End() == mach.Success {
			return m.ReplyCode(k.registerNewTask(m.TakeRight(handle)))
		}
	default:
		return k.serveHostScheduling(m)
	}
	return m.ReplyCode(mach.MIGBadArguments)
}

// serveHostScheduling is serveHostPriv for the calls about the processor, its set, and who runs on it.
func (k *Kernel) serveHostScheduling(m *ipc.Message) *ipc.Message {
	r := m.Reader()
	switch m.ID() {
	case mach.IDTaskMaxPriority:
		return k.serveMaxPriority(m, true)
	case mach.IDProcessorSetPriv:
		handle := r.Port(mach.MsgPortSend)
		if r.End() == mach.Success {
			name := m.TakeRight(handle)
			known := name.Port == k.setName
			name.Release()
			if !known {
				return m.ReplyCode(mach.InvalidArgument)
			}
			return replyRight(m, k.setControl.MakeSend())
		}
	case mach.IDThreadWire:
		handle, _ := r.Port(mach.MsgPortSend), r.Bool()
		if r.End() == mach.Success {
			right := m.TakeRight(handle)
			known := right.Port != nil && isThread(right.Port.Object())
			right.Release()
			if !known {
				return m.ReplyCode(mach.InvalidArgument)
			}
			return m.ReplyCode(mach.Success) // no thread waits for memory: there is no reserve to draw on
		}
	case mach.IDHostProcessors:
		if r.End() == mach.Success {
			return replyRights(m, []ipc.Right{k.processor.MakeSend()})
		}
	case mach.IDProcessorSetCreate:
		if r.End() == mach.Success {
			return m.ReplyCode(mach.Failure) // there is one, for good
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

func isThread(object any) bool {
	_, ok := object.(*Thread)
	return ok
}
