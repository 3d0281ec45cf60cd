package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// States of an object (mach_debug/vm_info.h).
const (
	voiPagerCreated = 1 << iota
	voiPagerInitialized
	voiPagerReady
	voiCanPersist
	voiInternal
	voiTemporary
	voiAlive
	voiLockInProgress
)

// States of a page (mach_debug/vm_info.h). Whether it was used lately is known of mappings, not of pages.
const (
	vpiTabled   = 0x4
	vpiDirty    = 0x80
	vpiPrecious = 0x100
)

// Inspect answers a request about an object that its name port, or the pager that it is from, got: mach_vm_object_info, mach_vm_object_pages and
// mach_vm_object_pages_phys. ok: the request is one of these.
func (k *Kernel) Inspect(o *vm.Object, m *ipc.Message) (reply *ipc.Message, ok bool) {
	r := m.Reader()
	switch m.ID() {
	case mach.IDVMObjectInfo:
		if r.End() != mach.Success {
			return m.ReplyCode(mach.MIGBadArguments), true
		}
		return objectInfo(o, m), true
	case mach.IDVMObjectPages, mach.IDVMObjectPagesPhys:
		room := r.Uint32()
		if r.End() != mach.Success {
			return m.ReplyCode(mach.MIGBadArguments), true
		}
		return k.objectPages(o, m, room), true
	}
	return nil, false
}

func objectInfo(o *vm.Object, m *ipc.Message) *ipc.Message {
	const bytes = 96 // of a vm_object_info_t
	i := o.Info()
	id := func(o *vm.Object) uint64 {
		if o == nil {
			return 0
		}
		return o.ID()
	}
	state := uint32(voiAlive)
	for _, s := range [...]struct {
		is  bool
		bit uint32
	}{
		{i.Managed && !i.Severed, voiPagerCreated | voiPagerInitialized},
		{i.Managed && i.Ready && !i.Severed, voiPagerReady},
		{i.MayCache, voiCanPersist},
		{!i.Managed, voiInternal},
		{i.Temporary, voiTemporary},
		{i.AwaitingLocks, voiLockInProgress},
	} {
		if s.is {
			state |= s.bit
		}
	}
	b := make([]byte, 0, bytes)
	for _, v := range [...]uint64{i.ID, mach.PageSize, i.Limit} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range [...]uint32{uint32(i.Refs), uint32(i.Resident), uint32(i.Absent), 0} {
		b = le.AppendUint32(b, v) // the last aligns what follows
	}
	for _, v := range [...]uint64{id(i.Copy), id(i.Shadow), i.ShadowOffset, 0} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint64(b, uint64(i.Strategy))
	b = le.AppendUint64(b, 0) // the last allocation is not known
	b = le.AppendUint32(b, uint32(i.Paging))
	b = le.AppendUint32(b, state)
	w := m.BeginReply(8 + bytes + 2*16)
	w.Bytes(mach.MsgInteger64, 64, bytes/8, b)
	w.Port(mach.MsgPortSend, m.PutRight(realName(i.Shadow)))
	w.Port(mach.MsgPortSend, m.PutRight(realName(i.Copy)))
	return m.FinishReply(&w)
}

// objectPages is mach_vm_object_pages, and mach_vm_object_pages_phys, which differs for 32-bit tasks only. More pages than room, or than a stub's own buffer
// holds, go beside the message.
func (k *Kernel) objectPages(o *vm.Object, m *ipc.Message, room uint32) *ipc.Message {
	const bytes, words = 32, 4 // of a vm_page_info_t
	const inline = 2048 / bytes
	n := uint32(o.Resident())
	next := mach.PageNumber(0)
	fill := func(dst []byte) error {
		for ; len(dst) >= bytes; dst = dst[bytes:] {
			i, _ := o.NextPage(next)
			next = i.Number + 1
			state := uint32(vpiTabled)
			if i.Dirty {
				state |= vpiDirty
			}
			if i.Precious {
				state |= vpiPrecious
			}
			le.PutUint64(dst, i.Number.Bytes())
			le.PutUint64(dst[8:], uint64(i.Frame))
			le.PutUint32(dst[16:], truth(i.Wired))
			le.PutUint32(dst[20:], uint32(i.Lock))
			le.PutUint32(dst[24:], uint32(i.Asked))
			le.PutUint32(dst[28:], state)
		}
		return nil
	}
	if n <= min(room, inline) {
		w := m.BeginReply(8 + int(n)*bytes)
		_ = fill(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, n*words)))
		return m.FinishReply(&w)
	}
	c, err := vm.NewCopyOf(k.env, uint64(n)*bytes, fill)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgInteger64, 64, n*words, m.PutMemory(c), false)
	return m.FinishReply(&w)
}
