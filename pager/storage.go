package pager

import (
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
)

// Objects live in the frames that were reserved for them. There is no device that pages could go to: nothing can be added as paging storage,
// nothing is there to be removed, and whoever asks for what there is gets empty lists. The calls check their arguments as if there were.

// Codes of the device interface (device/device_types.h).
const deviceNone mach.Return = 2502 // D_NO_SUCH_DEVICE

// Descriptors of default_pager.defs.
const (
	typeFilename = mach.Type(mach.MsgString) | 8*nameMax<<8 | mach.TypeInline | mach.TypeLongForm | 1<<32
	typeRuns     = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | mach.TypeLongForm
	typeStorage  = mach.Type(mach.MsgString) | 8<<8 | mach.TypeInline | nameMax<<32
	nameMax      = 256 // bytes, with the null byte behind the text
	runsMax      = 256 // numbers inline
)

// ask ends the reading of a request to the default memory manager's port. InvalidArgument: it came to another.
func (p *Pager) ask(port *ipc.Port, r *mig.Reader) mach.Return {
	if code := r.End(); code != mach.Success {
		return code
	}
	if port != p.port {
		return mach.InvalidArgument
	}
	return mach.Success
}

// pagingFile answers default_pager_paging_file. InvalidArgument: not the device master port, an empty name, or a file to be removed
// that was never added. D_NO_SUCH_DEVICE: there is no such file.
func (p *Pager) pagingFile(port *ipc.Port, m *ipc.Message) mach.Return {
	r := m.Reader()
	handle, name, add := r.Port(mach.MsgPortSend), r.CString(typeFilename, nameMax), r.Bool()
	if code := p.ask(port, &r); code != mach.Success {
		return code
	}
	master := m.TakeRight(handle)
	defer master.Release()
	if master.Port == nil || master.Port != p.config.Devices || len(name) == 0 || !add {
		return mach.InvalidArgument
	}
	return deviceNone
}

// registerFileserver answers default_pager_register_fileserver. No file is paged to, so the file server is not kept.
// InvalidArgument: it is null or dead.
func (p *Pager) registerFileserver(port *ipc.Port, m *ipc.Message) mach.Return {
	r := m.Reader()
	handle := r.Port(mach.MsgPortSend)
	if code := p.ask(port, &r); code != mach.Success {
		return code
	}
	server := m.TakeRight(handle)
	defer server.Release()
	if server.Null() || server.Dead() {
		return mach.InvalidArgument
	}
	return mach.Success
}

// pagingStorage answers default_pager_paging_storage_new. InvalidArgument: the runs are not pairs, the name is empty or unknown, the port is
// not that of a device with records.
func (p *Pager) pagingStorage(port *ipc.Port, m *ipc.Message) mach.Return {
	r := m.Reader()
	r.Port(mach.MsgPortSend)
	r.Varying(typeRuns, runsMax, 1)
	r.CString(typeStorage, nameMax)
	r.Bool()
	if code := p.ask(port, &r); code != mach.Success {
		return code
	}
	return mach.InvalidArgument
}

// storageInfo answers default_pager_storage_info: sizes, free bytes and names of what there is of paging storage.
func (p *Pager) storageInfo(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	w := m.BeginReply(3 * 8)
	w.Inline(mach.ArrayType(mach.MsgInteger64, 64, 0))
	w.Inline(mach.ArrayType(mach.MsgInteger64, 64, 0))
	w.Inline(mach.ArrayType(mach.MsgChar, 8, 0))
	return m.FinishReply(&w)
}
