package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// told is a manager that only counts what it is told, and how much data came with it.
type told struct{ calls, bytes int }

func (d *told) Init(_, _, _ mach.Name)                                      { d.calls++ }
func (d *told) DataRequest(_, _ mach.Name, _, _ uint64, _ mach.Prot)        { d.calls++ }
func (d *told) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot)         { d.calls++ }
func (d *told) DataReturn(_, _ mach.Name, _ uint64, data []byte, _, _ bool) { d.data(data) }
func (d *told) Terminate(_, _ mach.Name)                                    { d.calls++ }
func (d *told) DataInitialize(_, _ mach.Name, _ uint64, data []byte)        { d.data(data) }
func (d *told) Create(_, _ mach.Name, _ uint64, _, _ mach.Name, _ uint64)   { d.calls++ }

// data looks at all of it.
func (d *told) data(data []byte) {
	d.calls++
	for _, b := range data {
		d.bytes += int(b)
	}
}

// kernelMessage is a message as a kernel might send it.
type kernelMessage struct {
	name string
	id   mach.MsgID
	body func(w *mig.Writer)
	want mach.Return // of the demultiplexer
	data int         // bytes that its manager gets
}

// malformed: messages of every wrong kind are refused by the library's demultiplexers, which do not touch what is in them; of those that are right nothing is left.
func (t *tester) malformed() {
	mine, right := t.NewPort(), t.NewPort()
	memory := libmach.Memory(t.Pages(3), 3*page)
	for i := range memory {
		memory[i] = 1
	}
	const receive, send, once = mach.MsgMoveReceive, mach.MsgMakeSend, mach.MsgMakeSendOnce
	// items writes what it is given: rights, numbers, truths, so many bytes out of line, bytes in the message.
	items := func(list ...any) func(w *mig.Writer) {
		return func(w *mig.Writer) {
			for _, x := range list {
				switch x := x.(type) {
				case mach.MsgType:
					port := right
					if x == receive {
						port = t.receiveRight()
					}
					w.Port(x, port)
				case uint64:
					w.Uint64(x)
				case int32:
					w.Int32(x)
				case bool:
					w.Bool(x)
				case int: // from an odd place
					w.OutOfLine(mach.MsgByte, 8, uint32(x), uint64(libmach.Address(memory))+7, false)
				case string:
					w.Bytes(mach.MsgByte, 8, uint32(len(x)), []byte(x))
				case []mach.MsgType: // several rights in one item
					b := w.Inline(mach.InlineType(x[0], 64, uint32(len(x))))
					for ; len(b) != 0; b = b[8:] {
						le.PutUint64(b, uint64(right))
					}
				}
			}
		}
	}
	const create, initialize, back = mach.IDMemoryObjectCreate, mach.IDMemoryObjectDataInitialize, mach.IDMemoryObjectDataReturn
	const bad, good = mach.MIGBadArguments, mach.Success
	size, offset := uint64(5*page), uint64(2*page)
	list := []kernelMessage{
		{"create of a send right", create, items(send, size, send, send, size), bad, 0},
		{"create with a receive right as control", create, items(receive, size, receive, send, size), bad, 0},
		{"create with a send-once right as name", create, items(receive, size, send, once, size), bad, 0},
		{"create without the size of a page", create, items(receive, size, send, send), bad, 0},
		{"create with more", create, items(receive, size, send, send, size, size), bad, 0},
		{"create with a small number", create, items(receive, int32(5), send, send, size), bad, 0},
		{"create with two names", create, items(receive, size, send, []mach.MsgType{send, send}, size), bad, 0},
		{"create without a name", create, items(receive, size, send, size), bad, 0},
		{"create with numbers only", create, items(size, size, size, size, size), bad, 0},
		{"create with memory", create, items(receive, size, send, send, 100), bad, 0},
		{"initialize with data in the message", initialize, items(send, offset, "01234567"), bad, 0},
		{"initialize with two pieces", initialize, items(send, offset, page, page), bad, 0},
		{"initialize without data", initialize, items(send, offset), bad, 0},
		{"initialize with rights", initialize, items(send, offset, send), bad, 0},
		{"initialize of a receive right", initialize, items(receive, offset, page), bad, 0},
		{"initialize as data_return is", initialize, items(send, offset, page, true, false), bad, 0},
		{"initialize", initialize, items(send, offset, page), good, page},
		{"initialize of nothing", initialize, items(send, offset, 0), good, 0},
		{"initialize of a byte", initialize, items(send, offset, 1), good, 1},
		{"initialize of more than a page", initialize, items(send, offset, page+1), good, page + 1},
		{"create", create, items(receive, size, send, send, size), good, 0},
		{"data_return as initialize is", back, items(send, offset, page), bad, 0},
		{"data_return with numbers for truths", back, items(send, offset, page, int32(1), int32(0)), bad, 0},
		{"data_return with data in the message", back, items(send, offset, "01234567", true, false), bad, 0},
		{"data_return", back, items(send, offset, page, true, false), good, page},
		{"data_return of nothing", back, items(send, offset, 0, true, false), good, 0},
		{"data_return of an odd piece", back, items(send, offset, 2*page-1, true, false), good, 2*page - 1},
		{"terminate with send rights", mach.IDMemoryObjectTerminate, items(send, send), bad, 0},
		{"terminate with one right", mach.IDMemoryObjectTerminate, items(receive), bad, 0},
		{"terminate", mach.IDMemoryObjectTerminate, items(receive, receive), good, 0},
	}
	for _, id := range []mach.MsgID{create - 2, create - 1, initialize + 1, initialize + 2, create + mach.ReplyOffset, mach.IDMemoryObjectInit - 1, mach.IDMemoryObjectChangeCompleted + 1, 0, -1, 1<<31 - 1} {
		list = append(list, kernelMessage{fmt.Sprintf("message %d", id), id, items(receive, size, send, send, page), mach.MIGBadID, 0})
	}
	wrong := uint64(0)
	pass := func() {
		for _, x := range list {
			if !t.demultiplexed(mine, x) {
				wrong++
			}
		}
	}
	pass() // takes what is taken once
	names, before := t.held()
	pass()
	namesAfter, after := t.held()
	t.Is(fmt.Sprintf("the demultiplexers' answers to %d messages that are not those wanted", len(list)), wrong, 0)
	t.Is("names after them", namesAfter, names)
	t.Is("memory mapped after them", after, before)
	t.Unmap(libmach.Address(memory), 3*page)
	for _, p := range []mach.Name{mine, right} {
		t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, p))
	}
}

// demultiplexed sends a message to this program itself and has the library take it: shorter than it is, not complex, and at last as it is. It reports whether the
// answers and what the manager was told are right.
func (t *tester) demultiplexed(mine mach.Name, x kernelMessage) bool {
	w := mig.NewWriter(t.buf)
	x.body(&w)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, mine, mach.NameNull, x.id), 0, 0))
	m, ret := t.receive(mine)
	t.Must("mach_msg", ret)
	for _, cut := range []int{8, 24, len(m.Body)} { // of which nothing is to be touched either
		short := m
		short.Body = m.Body[:len(m.Body)-min(cut, len(m.Body))]
		if got, d := t.take(short); d.calls != 0 || got == mach.Success {
			fmt.Printf("FAIL %s, %d bytes shorter: %v\n", x.name, cut, got)
			return false
		}
	}
	plain := m
	plain.Header.Bits &^= mach.Complex
	if got, d := t.take(plain); d.calls != 0 || got == mach.Success {
		fmt.Printf("FAIL %s, not complex: %v\n", x.name, got)
		return false
	}
	got, d := t.take(m)
	if got != mach.Success {
		t.Client.DestroyMessage(m)
	} else if x.id == mach.IDMemoryObjectCreate || x.id == mach.IDMemoryObjectDataInitialize || x.id == mach.IDMemoryObjectDataReturn {
		t.giveUp(m) // of these the rights are the manager's
	}
	if got != x.want || d.bytes != x.data || d.calls != int(truth(got == mach.Success)) {
		fmt.Printf("FAIL %s: %v, %d calls, %d bytes\n", x.name, got, d.calls, d.bytes)
		return false
	}
	return true
}

// take is a default memory manager's loop.
func (t *tester) take(m libmach.Message) (ret mach.Return, d told) {
	if ret = t.Client.MemoryObjectServer(m, &d); ret == mach.MIGBadID {
		ret = t.Client.MemoryObjectDefaultServer(m, &d)
	}
	return ret, d
}

// giveUp gives up the rights, not the memory, in a message.
func (t *tester) giveUp(m libmach.Message) {
	libmach.Carried(m, m.Body, func(_, data []byte, kind mach.Type) {
		if kind.Inline() && kind.Name().IsPort() {
			t.Client.Give(kind.Name(), mach.Name(le.Uint64(data)))
		}
	})
}

// receiveRight makes a receive right that nobody has a send right to.
func (t *tester) receiveRight() mach.Name {
	name, ret := libmach.PortAllocate(t.Task, mach.RightReceive)
	t.Must("mach_port_allocate", ret)
	return name
}

// held is how many names the task has, and how much it has mapped.
func (t *tester) held() (names, mapped uint64) {
	names, ret := t.Client.PortCount(t.Task)
	t.Must("mach_port_names", ret)
	f, ret := t.Client.TaskFigures(t.Task)
	t.Must("defpager_task_figures", ret)
	return names, f.Mapped
}
