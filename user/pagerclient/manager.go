package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// registration: the two calls that set the default memory manager are one.
func (t *tester) registration() {
	mine := t.NewPort()
	dead := t.DeadName()
	for _, x := range []struct {
		name string
		call func(mach.Name) (mach.Name, mach.Return)
	}{
		{"vm_set_default_memory_manager", func(manager mach.Name) (mach.Name, mach.Return) {
			return t.exchange(mach.IDVMSetDefaultManager, manager)
		}},
		{"host_default_memory_manager", func(manager mach.Name) (mach.Name, mach.Return) {
			return t.exchange(mach.IDHostDefaultManager, manager, page)
		}},
	} {
		now, ret := x.call(mach.NameNull)
		t.Check(x.name+" of null", ret, mach.Success)
		t.Is("is the manager", uint64(now), uint64(t.pager))
		t.Drop(now)
		old, ret := x.call(mine)
		t.Check(x.name+" of a port", ret, mach.Success)
		t.Is("is the manager before", uint64(old), uint64(t.pager))
		t.Drop(old)
		_, ret = x.call(dead)
		t.Check(x.name+" of a dead name", ret, mach.InvalidArgument)
		now, _ = x.call(mach.NameNull)
		t.Is("the manager stays", uint64(now), uint64(mine))
		t.Drop(now)
		t.restore(mine)
	}
	host := libmach.HostSelf()
	_, ret := t.Client.DefaultManager(host, mach.NameNull)
	t.Check("vm_set_default_memory_manager without privilege", ret, mach.InvalidHost)
	_, ret = t.Client.DefaultManager(host, mine)
	t.Check("vm_set_default_memory_manager of a port without privilege", ret, mach.InvalidHost)
	t.Drop(host, dead)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, mine))
}

// exchange sets the default memory manager by one of the two calls; OSF's has a number of bytes behind the port.
func (t *tester) exchange(id mach.MsgID, manager mach.Name, numbers ...uint64) (mach.Name, mach.Return) {
	w := t.Client.Request()
	w.Port(mach.MsgCopySend, manager)
	for _, n := range numbers {
		w.Uint64(n)
	}
	r, ret := t.Client.CallComplex(t.host, id)
	if ret != mach.Success {
		return mach.NameNull, ret
	}
	old := r.Port(mach.MsgPortSend)
	return old, r.End()
}

// restore makes the kernel's pager the manager again, in place of old.
func (t *tester) restore(old mach.Name) {
	name, ret := t.exchange(mach.IDVMSetDefaultManager, t.pager)
	t.Check("the kernel's pager is the manager again", ret, mach.Success)
	t.Is("in place of the other", uint64(name), uint64(old))
	if name != mach.NameNull {
		t.Drop(name)
	}
}

// substitute: a default pager in ring 3 gets the calls of whoever asks the kernel for the manager, and their order.
func (t *tester) substitute() {
	mine, reply := t.NewPort(), t.NewPort()
	old, ret := t.Client.DefaultManager(t.host, mine)
	t.Must("vm_set_default_memory_manager", ret)
	t.Drop(old)
	asked, ret := t.Client.DefaultManager(t.host, mach.NameNull)
	t.Must("vm_set_default_memory_manager", ret)
	s := server{t: t}
	for i := range uint32(2) {
		w := mig.NewWriter(t.buf)
		w.Uint64(3*page + uint64(i))
		msg := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), asked, reply, mach.IDDefaultPagerObjectCreate)
		t.Must("mach_msg", libmach.Send(msg, 0, 0))
	}
	answer := libmach.NewBuffer(512)
	for i := range uint32(2) {
		m, ret := t.receive(mine)
		t.Must("mach_msg", ret)
		out, code, ok := wire.SeqnosDefaultPagerDemux(&s, &mig.Request{Header: m.Header, Body: m.Body}, answer)
		t.Check("seqnos_default_pager_object_create in ring 3", code, mach.Success)
		t.Is("its number and size", truth(ok && s.seqno == i && s.size == 3*page+uint64(i)), 1)
		t.Must("mach_msg", libmach.Send(out, 0, 0))
		m, ret = t.receive(reply)
		t.Must("mach_msg", ret)
		r, code := mig.Reply(t.buf)
		t.Check("its reply", code, mach.Success)
		t.Is("carries the object", uint64(r.Port(mach.MsgPortSend)), uint64(s.object))
		t.Is("and has its id", uint64(m.ID()), uint64(mach.IDDefaultPagerObjectCreate+mach.ReplyOffset))
		t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, s.object))
	}
	t.Drop(asked)
	t.restore(mine)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, mine))
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, reply))
}

// server is a default pager that makes ports and says no to everything else.
type server struct {
	wire.SeqnosDefaultPagerServer
	t      *tester
	seqno  uint32
	size   uint64
	object mach.Name
}

// SeqnosDefaultPagerObjectCreate implements wire.SeqnosDefaultPagerServer.
func (s *server) SeqnosDefaultPagerObjectCreate(_ mach.Name, seqno uint32, size uint64) (mach.Name, mach.Return) {
	s.seqno, s.size, s.object = seqno, size, s.t.NewPort()
	return s.object, mach.Success
}

// diary is a default memory manager that keeps what it is told.
type diary struct {
	manager, object, control, name mach.Name
	size, pageSize, offset, sum    uint64
	seqno                          uint32
}

// SeqnosCreate implements libmach.SeqnosDefaultMemoryManager.
func (d *diary) SeqnosCreate(manager mach.Name, seqno uint32, object mach.Name, size uint64, control, name mach.Name, pageSize uint64) {
	d.manager, d.seqno, d.object, d.size, d.control, d.name, d.pageSize = manager, seqno, object, size, control, name, pageSize
}

// SeqnosDataInitialize implements libmach.SeqnosDefaultMemoryManager.
func (d *diary) SeqnosDataInitialize(object mach.Name, seqno uint32, control mach.Name, offset uint64, data []byte) {
	d.object, d.seqno, d.control, d.offset, d.sum = object, seqno, control, offset, 0
	for _, b := range data {
		d.sum += uint64(b)
	}
}

// demultiplexers: the library's, for messages that this program sends as a kernel would.
func (t *tester) demultiplexers() {
	mine, object, control, name := t.NewPort(), t.NewPort(), t.NewPort(), t.NewPort()
	var d diary
	next := func(what string, port mach.Name, want mach.Return) {
		m, ret := t.receive(port)
		t.Must("mach_msg", ret)
		t.Check(what, t.Client.SeqnosMemoryObjectDefaultServer(m, &d), want)
	}
	t.Must("memory_object_create", wire.MemoryObjectCreate(t.Client, mine, object, 5*page, control, name, page))
	next("seqnos_memory_object_default_server: memory_object_create", mine, mach.Success)
	t.Is("what it says", truth(d == diary{manager: mine, object: object, control: control, name: name, size: 5 * page, pageSize: page}), 1)
	data := make([]byte, page)
	data[3], data[page-1] = 4, 5
	for i := range uint32(2) {
		array := mig.Array{Pointer: uint64(libmach.Address(data)), Count: page}
		t.Must("memory_object_data_initialize", wire.MemoryObjectDataInitialize(t.Client, object, control, 2*page, array))
		next("seqnos_memory_object_default_server: memory_object_data_initialize", object, mach.Success)
		t.Is(fmt.Sprintf("with number %d", i), truth(d.seqno == i && d.object == object && d.control == control && d.offset == 2*page && d.sum == 9), 1)
	}
	w := mig.NewWriter(t.buf)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0), mine, mach.NameNull, mach.IDMemoryObjectDataInitialize), 0, 0))
	next("seqnos_memory_object_default_server: without arguments", mine, mach.MIGBadArguments)
	w = mig.NewWriter(t.buf)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgMakeSend, 0), mine, mach.NameNull, mach.IDDefaultPagerInfo), 0, 0))
	next("seqnos_memory_object_default_server: another's message", mine, mach.MIGBadID)
	for _, p := range []mach.Name{mine, object, control, name} {
		t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, p))
	}
}

// death: a default memory manager that dies, while somebody waits for it.
func (t *tester) death() {
	mine, reply := t.NewPort(), t.NewPort()
	old, ret := t.Client.DefaultManager(t.host, mine)
	t.Must("vm_set_default_memory_manager", ret)
	t.Drop(old)
	object := t.object(page)
	at := t.MustMap(object, page)
	libmach.Memory(at, page)[0] = 3
	w := mig.NewWriter(t.buf)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), mine, reply, mach.IDDefaultPagerInfo), 0, 0))
	_, ret = t.Client.PortRequestNotification(t.Task, mine, mach.NotifyDeadName, 0, reply)
	t.Must("mach_port_request_notification", ret)
	t.Must("mach_port_mod_refs", t.Client.PortModRefs(t.Task, mine, mach.RightReceive, -1))
	seen := map[mach.MsgID]bool{}
	for range 2 {
		m, ret := t.receive(reply)
		t.Check("a notification of the manager's death", ret, mach.Success)
		seen[m.ID()] = true
	}
	t.Is("whoever waits for its reply is told, and whoever asked to be", truth(seen[mach.NotifySendOnce] && seen[mach.NotifyDeadName]), 1)
	now, ret := t.Client.DefaultManager(t.host, mach.NameNull)
	t.Check("vm_set_default_memory_manager of null when the manager is dead", ret, mach.Success)
	t.Is("there is none", uint64(now), 0)
	t.Is("objects of the kernel's pager are as they were", sum(at, page), 3)
	t.restore(mach.NameNull)
	t.Unmap(at, page)
	t.Drop(object, mine, mine)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, reply))
	t.Check("default_pager_object_create after all", t.last(), mach.Success)
}

// last makes an object by the port that the kernel answers.
func (t *tester) last() mach.Return {
	pager, ret := t.Client.DefaultManager(t.host, mach.NameNull)
	if ret != mach.Success {
		return ret
	}
	object, ret := wire.DefaultPagerObjectCreate(t.Client, pager, page)
	if ret == mach.Success {
		t.Drop(object, pager)
	}
	return ret
}
