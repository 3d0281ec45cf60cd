package pager

import (
	"encoding/binary"

	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

var le = binary.LittleEndian

// inlineMax is how many elements an array in a reply may have before it goes out of line.
const inlineMax = 128

// objects answers default_pager_objects: pairs of number and bytes in use, and as many rights. Arrays beyond the caller's room go out
// of line.
func (p *Pager) objects(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	room, portRoom := r.Uint32(), r.Uint32()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	if port != p.port {
		return m.ReplyCode(mach.InvalidArgument)
	}
	n := p.count
	list := make([]byte, 0, 16*n)
	for o := p.first; o != nil; o = o.next {
		list = le.AppendUint64(list, o.id)
		list = le.AppendUint64(list, o.memory.Resident().Bytes())
	}
	var data ipc.OOL
	if n > int(min(room, inlineMax)) {
		c, err := vm.NewCopy(p.config.Memory, list)
		if err != nil {
			return m.ReplyCode(mach.Code(err))
		}
		data = c
	}
	size := 16 + 16
	if data == nil {
		size += 16 * n
	}
	inlinePorts := n <= int(min(portRoom, inlineMax))
	if inlinePorts {
		size += 8 * n
	}
	w := m.BeginReply(size)
	if data != nil {
		w.OutOfLine(mach.MsgInteger64, 64, uint32(2*n), m.PutMemory(data), false)
	} else {
		copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, uint32(2*n))), list)
	}
	if inlinePorts {
		b := w.Inline(mach.ArrayType(mach.MsgPortSend, 64, uint32(n)))
		for o := p.first; o != nil; o = o.next {
			le.PutUint64(b, uint64(m.PutRight(o.port.MakeSend())))
			b = b[8:]
		}
	} else {
		rights := make([]ipc.Right, 0, n)
		for o := p.first; o != nil; o = o.next {
			rights = append(rights, o.port.MakeSend())
		}
		w.OutOfLine(mach.MsgPortSend, 32, uint32(n), m.PutRights(rights), false)
	}
	return m.FinishReply(&w)
}

// objectPages answers default_pager_object_pages: the offsets of the pages that an object has in memory.
func (p *Pager) objectPages(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, room := r.Port(mach.MsgPortSend), r.Uint32()
	if code := r.End(); code != mach.Success {
		return m.ReplyCode(code)
	}
	right := m.TakeRight(handle)
	defer right.Release()
	if port != p.port || right.Port == nil {
		return m.ReplyCode(mach.InvalidArgument)
	}
	o, ok := right.Port.Object().(*Object)
	if !ok {
		return m.ReplyCode(mach.InvalidArgument)
	}
	list := make([]byte, 0, 8*o.memory.Resident())
	o.memory.Pages(func(n mach.PageNumber, _ mach.PhysAddr) bool {
		list = le.AppendUint64(list, n.Bytes())
		return true
	})
	n := len(list) / 8
	if n <= int(min(room, 2*inlineMax)) {
		w := m.BeginReply(8 + len(list))
		copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, uint32(n))), list)
		return m.FinishReply(&w)
	}
	data, err := vm.NewCopy(p.config.Memory, list)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgInteger64, 64, uint32(n), m.PutMemory(data), false)
	return m.FinishReply(&w)
}
