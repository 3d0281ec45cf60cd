package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// ports gives the calls on names wrong names and rights.
func (t *tester) ports() {
	c := t.Client
	port, dead, unused := t.NewPort(), t.DeadName(), t.unusedName()
	set, ret := c.PortAllocate(t.Task, mach.RightPortSet)
	t.Must("mach_port_allocate", ret)
	name := func(_ mach.Name, ret mach.Return) mach.Return { return ret }
	kind := func(_ mach.PortType, ret mach.Return) mach.Return { return ret }
	refs := func(_ uint32, ret mach.Return) mach.Return { return ret }
	status := func(_ libmach.PortStatus, ret mach.Return) mach.Return { return ret }
	extract := func(_ mach.Name, _ mach.MsgType, ret mach.Return) mach.Return { return ret }
	for _, x := range [...]struct {
		name      string
		got, want mach.Return
	}{
		{"mach_port_allocate: a send right", name(c.PortAllocate(t.Task, mach.RightSend)), mach.InvalidValue},
		{"mach_port_allocate: right 99", name(c.PortAllocate(t.Task, 99)), mach.InvalidValue},
		{"mach_port_allocate_name: a name in use", c.PortAllocateName(t.Task, mach.RightReceive, port), mach.NameExists},
		{"mach_port_allocate_name: null", c.PortAllocateName(t.Task, mach.RightReceive, 0), mach.InvalidValue},
		{"mach_port_allocate_name: dead", c.PortAllocateName(t.Task, mach.RightReceive, mach.NameDead), mach.InvalidValue},
		{"mach_port_type: an unused name", kind(c.PortType(t.Task, unused)), mach.InvalidName},
		{"mach_port_type: null", kind(c.PortType(t.Task, 0)), mach.InvalidName},
		{"mach_port_rename: an unused name", c.PortRename(t.Task, unused, unused+1000), mach.InvalidName},
		{"mach_port_rename: to a name in use", c.PortRename(t.Task, port, set), mach.NameExists},
		{"mach_port_rename: to null", c.PortRename(t.Task, port, 0), mach.InvalidValue},
		{"mach_port_deallocate: an unused name", c.PortDeallocate(t.Task, unused), mach.InvalidName},
		{"mach_port_deallocate: a port set", c.PortDeallocate(t.Task, set), mach.InvalidRight},
		{"mach_port_destroy: an unused name", c.PortDestroy(t.Task, unused), mach.InvalidName},
		{"mach_port_get_refs: an unused name", refs(c.PortGetRefs(t.Task, unused, mach.RightSend)), mach.InvalidName},
		{"mach_port_get_refs: right 99", refs(c.PortGetRefs(t.Task, port, 99)), mach.InvalidValue},
		{"mach_port_mod_refs: below zero", c.PortModRefs(t.Task, port, mach.RightSend, -2), mach.InvalidValue},
		{"mach_port_mod_refs: a right that it has not", c.PortModRefs(t.Task, port, mach.RightSendOnce, -1), mach.InvalidRight},
		{"mach_port_mod_refs: two receive rights", c.PortModRefs(t.Task, port, mach.RightReceive, 1), mach.InvalidValue},
		{"mach_port_mod_refs: right 99", c.PortModRefs(t.Task, port, 99, -1), mach.InvalidValue},
		{"mach_port_set_qlimit: 17", c.PortSetQLimit(t.Task, port, mach.QLimitMax+1), mach.InvalidValue},
		{"mach_port_set_qlimit: a send right", c.PortSetQLimit(t.Task, t.Task, 1), mach.InvalidRight},
		{"mach_port_set_seqno: an unused name", c.PortSetSeqno(t.Task, unused, 1), mach.InvalidName},
		{"mach_port_set_mscount: a port set", c.PortSetMscount(t.Task, set, 1), mach.InvalidRight},
		{"mach_port_get_receive_status: a send right", status(c.PortGetReceiveStatus(t.Task, t.Task)), mach.InvalidRight},
		{"mach_port_move_member: a send right", c.PortMoveMember(t.Task, t.Task, set), mach.InvalidRight},
		{"mach_port_move_member: into a port", c.PortMoveMember(t.Task, port, port), mach.InvalidRight},
		{"mach_port_move_member: out of no set", c.PortMoveMember(t.Task, port, 0), mach.NotInSet},
		{"mach_port_request_notification: id 99", name(c.PortRequestNotification(t.Task, port, 99, 0, port)), mach.InvalidValue},
		{"mach_port_request_notification: no senders of a set", name(c.PortRequestNotification(t.Task, set, mach.NotifyNoSenders, 0, port)), mach.InvalidRight},
		{"mach_port_request_notification: of an unused name", name(c.PortRequestNotification(t.Task, unused, mach.NotifyDeadName, 0, port)), mach.InvalidName},
		{"mach_port_insert_right: a name in use", c.PortInsertRight(t.Task, set, port, mach.MsgMakeSendOnce), mach.NameExists},
		{"mach_port_insert_right: a second name", c.PortInsertRight(t.Task, unused, port, mach.MsgCopySend), mach.RightExists},
		{"mach_port_insert_right: null", c.PortInsertRight(t.Task, unused, 0, mach.MsgCopySend), mach.InvalidCapability},
		{"mach_port_extract_right: no disposition", extract(c.PortExtractRight(t.Task, port, mach.MsgByte)), mach.InvalidValue},
		{"mach_port_extract_right: a right that it has not", extract(c.PortExtractRight(t.Task, set, mach.MsgMoveSend)), mach.InvalidRight},
	} {
		t.Check(x.name, x.got, x.want)
	}
	const refused = 4 // requests with send-once rights, which came to an end unused
	t.Holds("refused requests give their send-once rights up", t.queued(port) == refused)
	t.drain(port)
	t.Destroy(set)
	t.Destroy(dead)
	t.Destroy(port)
	t.tasks()
}

// tasks calls tasks that have died, and the host without its privileged port.
func (t *tester) tasks() {
	child, ret := t.Client.TaskCreate(t.Task, false)
	t.Must("task_create", ret)
	t.Check("task_resume: a task that runs", t.Client.TaskResume(child), mach.Failure)
	t.Must("task_terminate", t.Client.TaskTerminate(child))
	t.Check("task_terminate: a dead task", t.Client.TaskTerminate(child), mach.SendInvalidDest)
	_, ret = t.Client.VMAllocate(child, 0, mach.PageSize, true)
	t.Check("vm_allocate: a dead task", ret, mach.SendInvalidDest)
	t.Destroy(child)
	host := libmach.HostSelf()
	t.Check("host_reboot without privilege", t.Client.HostReboot(host, libmach.RebootHalt), mach.InvalidHost)
	_, ret = t.Client.DefaultManager(host, mach.NameNull)
	t.Check("the default manager without privilege", ret, mach.InvalidHost)
	t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, host))
}

// traps gives system calls pointers and numbers that are no good.
func (t *tester) traps() {
	const page = mach.PageSize
	readOnly, _ := t.memory(1)
	t.Must("vm_protect", t.Client.VMProtect(t.Task, readOnly, page, false, mach.ProtRead))
	task := uint64(t.Task)
	for _, x := range [...]struct {
		name string
		at   uint64
	}{
		{"null", 0},
		{"kernel", kernelText},
		{"non-canonical", uint64(mach.MaxUser)},
		{"highest", ^uint64(3)},
		{"read-only", uint64(readOnly)},
	} {
		if x.at != uint64(readOnly) {
			t.CheckIn("mach_print: ", x.name, libmach.Trap(mach.TrapPrint, x.at, 0, 0, 0), mach.InvalidAddress)
			t.CheckIn("thread_set_self_state: ", x.name, libmach.Trap(mach.TrapThreadSetSelfState, mach.FlavorFSGSBase, x.at, mach.FSGSBaseCount, 0), mach.InvalidAddress)
		}
		t.CheckIn("vm_allocate by trap: ", x.name, libmach.Trap(mach.TrapAllocate, task, x.at, page, 1), mach.InvalidAddress)
		t.CheckIn("mach_port_allocate by trap: ", x.name, libmach.Trap(mach.TrapPortAllocate, task, uint64(mach.RightReceive), x.at, 0), mach.InvalidAddress)
		t.CheckIn("task_create by trap: ", x.name, libmach.Trap(mach.TrapTaskCreate, task, 0, x.at, 0), mach.InvalidAddress)
	}
	t.deallocate(readOnly, 1)
	t.Check("thread_set_self_state: wrong count", libmach.ThreadSetSelfState(mach.FlavorFSGSBase, make([]uint32, 3)), mach.InvalidArgument)
	t.Check("thread_set_self_state: unknown flavor", libmach.ThreadSetSelfState(99, make([]uint32, 4)), mach.InvalidArgument)
	t.Check("thread_switch: unknown option", libmach.ThreadSwitch(mach.NameNull, 99, 0), mach.InvalidArgument)
	t.Check("an unused trap", libmach.Trap(-1, 0, 0, 0, 0), mach.InvalidArgument)
}
