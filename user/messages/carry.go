package main

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

var le = binary.LittleEndian

// rightsInMessages: rights in bodies, alone and in arrays, and what their names become.
func (p *program) rightsInMessages() {
	port, other := p.port(), p.sendRight()
	bits := mach.Bits(mach.MsgMakeSend, 0) | mach.Complex
	p.ok("one of each", p.send(bits, port, 0, 40, func(w *mig.Writer) {
		w.Port(mach.MsgCopySend, other)
		w.Port(mach.MsgMakeSend, other)
		w.Port(mach.MsgMakeSendOnce, other)
		w.Port(mach.MsgCopySend, mach.NameNull)
		w.Port(mach.MsgCopySend, mach.NameDead)
		w.Port(mach.MsgMoveSend, other)
	}))
	p.refsAre("the moved right is gone", other, mach.RightSend, 0)
	_, r := p.poll("receive", port, 40)
	p.is("a copied right", uint64(r.Port(mach.MsgPortSend)), uint64(other))
	p.is("a made right", uint64(r.Port(mach.MsgPortSend)), uint64(other))
	once := r.Port(mach.MsgPortSendOnce)
	p.is("a null right", uint64(r.Port(mach.MsgPortSend)), uint64(mach.NameNull))
	p.is("a dead right", uint64(r.Port(mach.MsgPortSend)), uint64(mach.NameDead))
	p.is("a moved right", uint64(r.Port(mach.MsgPortSend)), uint64(other))
	p.ok("all read", r.End())
	p.refsAre("a reference each", other, mach.RightSend, 3)
	p.typeIs("a name of its own", once, mach.TypeSendOnce)
	p.ok("give it back", wire.MachPortDeallocate(p.client, p.task, once))
	p.poll("unused", other, mach.NotifySendOnce)

	// Nothing is taken of a message that is refused.
	refused := func(name string, want mach.Return, body func(w *mig.Writer)) {
		p.code(name, p.send(bits, port, 0, 41, body), want)
		p.refsAre(name+": rights stay", other, mach.RightSend, 3)
	}
	refused("a name that is not", mach.SendInvalidRight, func(w *mig.Writer) { w.Port(mach.MsgMoveSend, other); w.Port(mach.MsgCopySend, wild) })
	refused("a right that is not", mach.SendInvalidRight, func(w *mig.Writer) { w.Port(mach.MsgMoveSend, other); w.Port(mach.MsgMoveSendOnce, other) })
	refused("more than there are", mach.SendInvalidRight, func(w *mig.Writer) {
		for range 4 {
			w.Port(mach.MsgMoveSend, other)
		}
	})
	refused("rights of eight bits", mach.SendInvalidType, func(w *mig.Writer) {
		w.Port(mach.MsgMoveSend, other)
		w.Inline(mach.InlineType(mach.MsgMoveSend, 8, 8))
	})
	refused("memory that is not", mach.SendInvalidMemory, func(w *mig.Writer) {
		w.Port(mach.MsgMoveSend, other)
		w.OutOfLine(mach.MsgByte, 8, 4096, 4096, false)
	})

	// Arrays: inline, out of line, with null and dead names.
	p.ok("arrays", p.send(bits, port, 0, 42, func(w *mig.Writer) {
		b := w.Inline(mach.InlineType(mach.MsgCopySend, 64, 3))
		le.PutUint64(b, uint64(other))
		le.PutUint64(b[16:], uint64(mach.NameDead))
		names := make([]byte, 12)
		le.PutUint32(names, uint32(other))
		le.PutUint32(names[8:], uint32(mach.NameDead))
		w.OutOfLine(mach.MsgCopySend, 32, 3, uint64(libmach.Address(names)), false)
	}))
	_, r = p.poll("receive", port, 42)
	in := r.Varying(mach.InlineType(mach.MsgPortSend, 64, 0), 3, 1)
	at, n := r.OutOfLine(mach.MsgPortSend, 32)
	p.ok("all read", r.End())
	p.is("rights inline", uint64(in.Count), 3)
	p.is("rights out of line", uint64(n), 3)
	if in.Count == 3 && n == 3 {
		out := libmach.Memory(mach.VirtAddr(at), 12)
		for i, want := range []mach.Name{other, mach.NameNull, mach.NameDead} {
			p.is("inline", le.Uint64(in.Data[8*i:]), uint64(want))
			p.is("out of line", uint64(le.Uint32(out[4*i:])), uint64(want))
		}
		p.ok("the array's memory", libmach.VMDeallocate(p.task, mach.VirtAddr(at), 12))
	}
	p.refsAre("a reference each", other, mach.RightSend, 5)
	p.destroy(port, other)
}

// transit: receive rights on their way, in each other's queues and in their own.
func (p *program) transit() {
	c, task := p.client, p.task
	port, moved := p.port(), p.sendRight()
	bits := mach.Bits(mach.MsgMakeSend, 0) | mach.Complex
	p.ok("something queued", p.send(mach.Bits(mach.MsgCopySend, 0), moved, 0, 50, nil))
	p.ok("send it away", p.send(bits, port, 0, 51, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, moved) }))
	p.typeIs("a send right stays", moved, mach.TypeSend)
	p.ok("send to it", p.send(mach.Bits(mach.MsgCopySend, 0), moved, 0, 52, nil))
	_, r := p.poll("receive", port, 51)
	p.is("under its name", uint64(r.Port(mach.MsgPortReceive)), uint64(moved))
	h, _ := p.poll("what was queued", moved, 50)
	p.is("numbers begin anew", uint64(h.Seqno), 0)
	p.poll("what came meanwhile", moved, 52)

	// Into its own queue: nobody could ever receive it, so it is destroyed.
	before := p.names()
	p.ok("into itself", p.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, moved, 0, 53, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, moved) }))
	p.typeIs("dead", moved, mach.TypeDeadName)
	p.is("no name came or went", p.names(), before)
	p.ok("the dead name", wire.MachPortDeallocate(c, task, moved))

	// Cycles of two and of three.
	for n := 2; n <= 3; n++ {
		ring := make([]mach.Name, n)
		for i := range ring {
			ring[i] = p.sendRight()
		}
		for i := range ring {
			next := ring[(i+1)%n]
			p.ok("into the next one's queue", p.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, next, 0, 54, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, ring[i]) }))
		}
		for _, name := range ring {
			p.typeIs("the ring is dead", name, mach.TypeDeadName)
			p.ok("the dead name", wire.MachPortDeallocate(c, task, name))
		}
	}

	// Dead on its way.
	child := p.child()
	moved = p.sendRight()
	away := p.sendRight()
	p.ok("a receiver in the child", p.giveReceive(child, away, 7))
	p.ok("send it there", p.send(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, away, 0, 55, func(w *mig.Writer) { w.Port(mach.MsgMoveReceive, moved) }))
	p.ok("the child dies", wire.TaskTerminate(c, child))
	p.typeIs("so does what was on its way to it", moved, mach.TypeDeadName)
	p.destroy(port, moved, away, child)
}

// memory: out-of-line data of all sizes, by copy and by move.
func (p *program) memory() {
	c, task := p.client, p.task
	port := p.port()
	bits := mach.Bits(mach.MsgMakeSend, 0) | mach.Complex
	carry := func(at mach.VirtAddr, size uint32, away bool) (mach.VirtAddr, uint32) {
		p.ok("send", p.send(bits, port, 0, 60, func(w *mig.Writer) { w.OutOfLine(mach.MsgByte, 8, size, uint64(at), away) }))
		_, r := p.poll("receive", port, 60)
		got, n := r.OutOfLine(mach.MsgByte, 8)
		p.ok("all read", r.End())
		p.is("its size", uint64(n), uint64(size))
		return mach.VirtAddr(got), n
	}
	const most = 4 << 20
	at, code := libmach.VMAllocate(task, 0, most, true)
	p.ok("vm_allocate", code)
	from := libmach.Memory(at, most)
	for i := 0; i < most; i += mach.PageSize {
		from[i] = byte(1 + i>>12)
	}
	for _, s := range []struct{ off, size uint32 }{
		{0, 1}, {100, 8}, {4095, 2}, {0, 4096}, {1, 4096}, {5, 3 * 4096}, {0, 256 << 10}, {4096 - 3, 1<<20 + 7}, {0, most},
	} {
		got, n := carry(at+mach.VirtAddr(s.off), s.size, false)
		to := libmach.Memory(got, uint64(n))
		same := true
		for i := range to {
			same = same && to[i] == from[s.off+uint32(i)]
		}
		if !same {
			p.is("the bytes", 1, 0)
		}
		// Around the data nothing of the sender's shows.
		first := got &^ (mach.PageSize - 1)
		for i := first; i < got; i++ {
			if libmach.Memory(i, 1)[0] != 0 {
				p.is("a byte before", 1, 0)
			}
		}
		for i := got + mach.VirtAddr(n); i&(mach.PageSize-1) != 0; i++ {
			if libmach.Memory(i, 1)[0] != 0 {
				p.is("a byte behind", 1, 0)
			}
		}
		// Neither side sees what the other writes.
		to[0]++
		p.is("the sender's byte", uint64(from[s.off]), uint64(to[0]-1))
		from[s.off] ^= 0x80
		p.is("the receiver's byte", uint64(to[0]-1), uint64(from[s.off]^0x80))
		from[s.off] ^= 0x80
		p.ok("vm_deallocate", libmach.VMDeallocate(task, got, uint64(n)))
	}
	got, _ := carry(at, 0, false)
	p.is("no bytes have no address", uint64(got), 0)

	// Moved memory leaves the sender.
	got, n := carry(at, 64<<10, true)
	p.is("it came", uint64(libmach.Memory(got, uint64(n))[0]), 1)
	p.ok("vm_deallocate", libmach.VMDeallocate(task, got, uint64(n)))
	_, _, code = c.VMRead(task, at, 1) // unless it came where it had been
	p.code("it has left", code, mach.InvalidAddress)

	// A hole, and what may not be read.
	bad := func(name string, size uint32, want mach.Return) {
		p.code(name, p.send(bits, port, 0, 61, func(w *mig.Writer) { w.OutOfLine(mach.MsgByte, 8, size, uint64(at+60<<10), false) }), want)
	}
	bad("half of it is gone", 8<<10, mach.SendInvalidMemory)
	p.ok("vm_protect", c.VMProtect(task, at+128<<10, mach.PageSize, false, mach.ProtNone))
	p.code("a page that may not be read", p.send(bits, port, 0, 61, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 8<<10, uint64(at+127<<10), false)
	}), mach.SendInvalidMemory)
	p.code("beyond the end of the space", p.send(bits, port, 0, 61, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgByte, 8, 8<<10, ^uint64(0)-100, false)
	}), mach.SendInvalidMemory)
	p.nothing("nothing was sent", port)

	// No room at the receiver's: the memory is lost, the message comes.
	p.ok("send", p.send(bits, port, 0, 62, func(w *mig.Writer) { w.OutOfLine(mach.MsgByte, 8, 1<<20, uint64(at+256<<10), false) }))
	now, most2, code := wire.VmGetSizeLimit(c, task)
	p.ok("vm_get_size_limit", code)
	p.ok("vm_set_size_limit", wire.VmSetSizeLimit(c, p.host, task, 1<<20, most2))
	code = p.msg(mach.OptRcv|mach.OptRcvTimeout, 0, port, 0, 0)
	p.ok("vm_set_size_limit", wire.VmSetSizeLimit(c, p.host, task, now, most2))
	p.code("no room for the memory", code, mach.RcvBodyError|mach.MsgVMSpace)
	p.ok("vm_deallocate", libmach.VMDeallocate(task, at, most))
	p.destroy(port)
}

// large: bodies that carry ten thousand rights, if nothing else is said.
func (p *program) large() {
	port, other := p.port(), p.sendRight()
	n := p.many
	size := uint64(mach.HeaderSize + 16*n)
	all := size + 4*uint64(n)
	at, code := libmach.VMAllocate(p.task, 0, all, true)
	p.ok("vm_allocate", code)
	buf, names := libmach.Memory(at, size), libmach.Memory(at+mach.VirtAddr(size), 4*uint64(n))
	w := mig.NewWriter(buf)
	for range n {
		w.Port(mach.MsgCopySend, other)
	}
	w.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, port, 0, 70)
	p.ok("send many rights", libmach.Msg(at, mach.OptSend, uint32(size), 0, 0, 0, 0))
	clear(buf)
	p.ok("receive them", libmach.Msg(at, mach.OptRcv, 0, uint32(size), port, 0, 0))
	r := mig.NewReader(buf[mach.HeaderSize:])
	for range n {
		if name := r.Port(mach.MsgPortSend); name != other {
			p.is("a right", uint64(name), uint64(other))
			break
		}
	}
	p.ok("all read", r.End())
	p.refsAre("a reference each", other, mach.RightSend, uint32(n)+1)
	for i := range n {
		le.PutUint32(names[4*i:], uint32(other))
	}
	p.ok("as many more out of line", p.send(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, port, 0, 71, func(w *mig.Writer) {
		w.OutOfLine(mach.MsgMoveSend, 32, uint32(n), uint64(libmach.Address(names)), false)
	}))
	p.refsAre("moved away", other, mach.RightSend, 1)
	_, r = p.poll("receive them", port, 71)
	got, count := r.OutOfLine(mach.MsgPortSend, 32)
	p.is("rights", uint64(count), uint64(n))
	p.refsAre("back again", other, mach.RightSend, uint32(n)+1)
	p.ok("their memory", libmach.VMDeallocate(p.task, mach.VirtAddr(got), 4*uint64(n)))
	p.ok("vm_deallocate", libmach.VMDeallocate(p.task, at, all))
	p.destroy(port, other)
}
