package pager

import (
	"errors"

	"defpager/board/disk"
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/pager/backing"
	"defpager/pager/disks"
	"defpager/pager/store"
)

// Storage is the machine's disks, and what is paged to. disks.Disks is one.
type Storage interface {
	// Add makes runs of a disk paging storage of a name; no runs: all of it; no name: the disk's.
	Add(disk, name string, runs []store.Run) error
	// Remove takes storage out of use; done is called later, when its pages are elsewhere or there is no room for them.
	Remove(name string, done func(error)) error
	// Areas yields the storage in use.
	Areas(yield func(backing.Area) bool)
}

// Disk is what the port of a device stands for that is a disk.
type Disk interface {
	DiskName() string
}

// Descriptors of default_pager.defs.
const (
	typeFilename = mach.Type(mach.MsgString) | 8*nameMax<<8 | mach.TypeInline | mach.TypeLongForm | 1<<32
	typeRuns     = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | mach.TypeLongForm
	typeString   = mach.Type(mach.MsgString) | 8<<8 | mach.TypeInline
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

// pagingFile answers default_pager_paging_file: all of a disk becomes paging storage, or ceases to be. InvalidArgument: not the device master port,
// a name that is empty or has no null byte behind it, or a file to be removed that was never added. D_NO_SUCH_DEVICE: there is no such disk. D_ALREADY_OPEN: it is in use.
// Failure: there is no room elsewhere for its pages, or it is being removed already.
func (p *Pager) pagingFile(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, name, add := r.Port(mach.MsgPortSend), string(r.CString(typeFilename, nameMax)), r.Bool()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	master := m.TakeRight(handle)
	defer master.Release()
	switch {
	case master.Port == nil || master.Port != p.config.Devices || !isName(name):
		return m.ReplyCode(mach.InvalidArgument)
	case add:
		return m.ReplyCode(p.addStorage(name, "", nil))
	}
	return p.removeStorage(m, name)
}

// addStorage makes runs of a disk paging storage.
func (p *Pager) addStorage(of, name string, runs []store.Run) mach.Return {
	err := disks.ErrNoDisk
	if p.config.Storage != nil {
		err = p.config.Storage.Add(of, name, runs)
	}
	if p.tracing() {
		p.config.Trace("pager: paging storage %q on %q, %d runs: %v", name, of, len(runs), result(err))
	}
	switch {
	case errors.Is(err, disks.ErrNoDisk):
		return mach.DeviceNone
	case errors.Is(err, disks.ErrInUse), errors.Is(err, backing.ErrKnown):
		return mach.DeviceAlreadyOpen
	case errors.Is(err, disk.ErrRange):
		return mach.InvalidArgument
	case errors.Is(err, backing.ErrTooMany):
		return mach.ResourceShortage
	}
	return mach.Code(err)
}

// removeStorage answers m when the pages of the storage are elsewhere. Other requests are served meanwhile.
func (p *Pager) removeStorage(m *ipc.Message, name string) *ipc.Message {
	err := backing.ErrUnknown
	if p.config.Storage != nil {
		err = p.config.Storage.Remove(name, func(err error) {
			if p.tracing() {
				p.config.Trace("pager: paging storage %q is to be removed: %v", name, result(err))
			}
			code := mach.Success
			if err != nil {
				code = mach.Failure
			}
			if reply := m.ReplyCode(code); reply != nil {
				p.config.Send(reply)
			}
		})
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backing.ErrUnknown):
		return m.ReplyCode(mach.InvalidArgument)
	}
	return m.ReplyCode(mach.Failure)
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

// pagingStorage answers default_pager_paging_storage_new: runs of the blocks of a disk, as pairs of first block and number, become paging storage
// of that name, or the storage of that name ceases to be, whatever the other arguments. A block is a page. InvalidArgument: the runs are not pairs, or
// not all on the disk, or have a block twice, or the name is unknown or as pagingFile refuses it, or the port is not a disk's. Other codes: as pagingFile.
func (p *Pager) pagingStorage(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, list := r.Port(mach.MsgPortSend), r.Varying(typeRuns, runsMax, 1)
	name, add := string(storageName(&r)), r.Bool()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	right := m.TakeRight(handle)
	defer right.Release()
	if !isName(name) {
		return m.ReplyCode(mach.InvalidArgument)
	}
	if !add {
		return p.removeStorage(m, name)
	}
	if right.Port == nil {
		return m.ReplyCode(mach.InvalidArgument)
	}
	device, ok := right.Port.Object().(Disk)
	if !ok {
		return m.ReplyCode(mach.InvalidArgument)
	}
	runs, code := p.runs(m, list)
	if code == mach.Success {
		code = p.addStorage(device.DiskName(), name, runs)
	}
	return m.ReplyCode(code)
}

// isName reports whether a name that was read can be one: clients have no room for one that fills its field, and so could never remove such storage.
func isName(name string) bool { return len(name) > 0 && len(name) < nameMax }

// storageName reads a name as a string of bytes, or as the one element that a default_pager_filename_t is: clients differ.
func storageName(r *mig.Reader) []byte {
	if r.Peek() == typeFilename&^mach.TypeLongForm {
		return r.CString(typeFilename, nameMax)
	}
	return r.CString(typeString, nameMax)
}

// runs reads pairs of first block and number. Out of line there may be more than a stub has room for.
func (p *Pager) runs(m *ipc.Message, list mig.Array) ([]store.Run, mach.Return) {
	const most = 1 << 13 // numbers
	if list.Count == 0 || list.Count%2 != 0 || list.Count > most {
		return nil, mach.InvalidArgument
	}
	data := list.Data
	if list.OutOfLine() {
		c, ok := m.TakeMemory(list.Pointer).(*vm.Copy)
		if !ok {
			return nil, mach.InvalidArgument
		}
		defer c.Discard()
		data = make([]byte, 8*list.Count)
		if err := c.ReadAt(data, 0); err != nil {
			p.config.Memory.Forget()
			if err == vm.Wait {
				return nil, mach.ResourceShortage // the list itself is on a disk
			}
			return nil, mach.Code(err)
		}
	}
	var runs []store.Run
	for ; len(data) >= 16; data = data[16:] {
		runs = append(runs, store.Run{First: disk.Block(le.Uint64(data)), Blocks: disk.Block(le.Uint64(data[8:]))})
	}
	return runs, mach.Success
}

// storageInfo answers default_pager_storage_info: sizes and free bytes of all paging storage, and its names, each with a null byte behind it.
func (p *Pager) storageInfo(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	var sizes, frees, names []byte
	if p.config.Storage != nil {
		for a := range p.config.Storage.Areas {
			sizes = le.AppendUint64(sizes, mach.PageNumber(a.Slots()).Bytes())
			frees = le.AppendUint64(frees, mach.PageNumber(a.Room()).Bytes())
			names = append(append(names, a.Name()...), 0)
		}
	}
	const most = 2048 // names within the message: the room of a stub
	var beside *vm.Copy
	if len(names) > most {
		var err error
		if beside, err = vm.NewCopy(p.config.Memory, names); err != nil {
			return m.ReplyCode(mach.Code(err))
		}
	}
	w := m.BeginReply(3*16 + len(sizes) + len(frees) + min(len(names), most))
	for _, list := range [][]byte{sizes, frees} {
		copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, uint32(len(list)/8))), list)
	}
	if beside != nil {
		w.OutOfLine(mach.MsgChar, 8, uint32(len(names)), m.PutMemory(beside), false)
	} else {
		copy(w.Inline(mach.ArrayType(mach.MsgChar, 8, uint32(len(names)))), names)
	}
	return m.FinishReply(&w)
}
