package pager

import (
	"cmp"
	"encoding/binary"
	"slices"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

var le = binary.LittleEndian

// How many elements the arrays of a reply have room for in the message: what the buffers of clients' stubs are made for.
const (
	objectsMax = 128
	portsMax   = 256
	pagesMax   = 256
)

// array is an array of 64-bit numbers on its way into a reply: in the message, or beside it when it has more elements than the caller's
// room, which does not count beyond the room of a stub.
type array struct {
	list   []byte
	number uint32  // of 64-bit numbers
	beside ipc.OOL // nil: in the message
}

// array makes one of a list whose elements have so many numbers. ResourceShortage.
func (p *Pager) array(list []byte, numbers, room, most uint32) (array, error) {
	a := array{list: list, number: uint32(len(list) / 8)}
	if a.number/numbers <= min(room, most) {
		return a, nil
	}
	c, err := vm.NewCopy(p.config.Memory, list)
	if err != nil {
		return a, err
	}
	a.beside = c
	return a, nil
}

// size is how many bytes of the message the array takes.
func (a *array) size() int {
	if a.beside != nil {
		return 16
	}
	return 8 + len(a.list)
}

func (a *array) write(m *ipc.Message, w *mig.Writer) {
	if a.beside != nil {
		w.OutOfLine(mach.MsgInteger64, 64, a.number, m.PutMemory(a.beside), false)
		return
	}
	copy(w.Inline(mach.ArrayType(mach.MsgInteger64, 64, a.number)), a.list)
}

// objects answers default_pager_objects: pairs of number and bytes that the object holds, in memory or out, and as many rights. The lists are those of one
// moment, however many objects came since the caller asked for their number.
func (p *Pager) objects(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	room, portRoom := r.Uint32(), r.Uint32()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	all := slices.SortedFunc(p.Objects, func(a, b *Object) int { return cmp.Compare(a.ID(), b.ID()) })
	n := len(all)
	list := make([]byte, 0, 16*n)
	for _, o := range all {
		list = le.AppendUint64(list, o.ID())
		list = le.AppendUint64(list, o.held().Bytes())
	}
	numbers, err := p.array(list, 2, room, objectsMax)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	inline := n <= int(min(portRoom, portsMax))
	size := numbers.size() + 16
	if inline {
		size += 8 * n
	}
	w := m.BeginReply(size)
	numbers.write(m, &w)
	if inline {
		m.PutRights(nil) // a message with an array of rights is complex, even if there are none: stubs look
		b := w.Inline(mach.ArrayType(mach.MsgPortSend, 64, uint32(n)))
		for _, o := range all {
			le.PutUint64(b, uint64(m.PutRight(o.port.MakeSend())))
			b = b[8:]
		}
		return m.FinishReply(&w)
	}
	rights := make([]ipc.Right, 0, n)
	for _, o := range all {
		rights = append(rights, o.port.MakeSend())
	}
	w.OutOfLine(mach.MsgPortSend, 32, uint32(n), m.PutRights(rights), false)
	return m.FinishReply(&w)
}

// held is how many pages the object has, in memory or out.
func (o *Object) held() mach.PageNumber {
	out, _, _ := o.memory.Paged()
	return o.memory.Resident() + out
}

// objectPages answers default_pager_object_pages: the offsets of the pages that an object has, in memory or out.
func (p *Pager) objectPages(port *ipc.Port, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, room := r.Port(mach.MsgPortSend), r.Uint32()
	if code := p.ask(port, &r); code != mach.Success {
		return m.ReplyCode(code)
	}
	right := m.TakeRight(handle)
	defer right.Release()
	if right.Port == nil {
		return m.ReplyCode(mach.InvalidArgument)
	}
	o, ok := right.Port.Object().(*Object)
	if !ok {
		return m.ReplyCode(mach.InvalidArgument)
	}
	list := make([]byte, 0, 8*o.held())
	for n := range o.memory.Contents {
		list = le.AppendUint64(list, n.Bytes())
	}
	pages, err := p.array(list, 1, room, pagesMax)
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	w := m.BeginReply(pages.size())
	pages.write(m, &w)
	return m.FinishReply(&w)
}
