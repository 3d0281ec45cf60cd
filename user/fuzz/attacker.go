package main

import (
	"encoding/binary"
	"fmt"

	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// An attacking task's memory: code, records of calls, messages, memory for what calls write, a page that is only read, and a memory object.
const (
	base        = mach.VirtAddr(1 << 40)
	records     = base + 1<<16
	messages    = base + 1<<18
	slotSize    = 8 << 10
	slots       = 16
	scratch     = messages + slots*slotSize
	scratchSize = 1 << 16
	readOnly    = scratch + scratchSize
	object      = readOnly + 2*mach.PageSize // a page between them is unmapped
	objectSize  = 8 * mach.PageSize
	total       = uint64(object-base) + objectSize

	recordSize = 128
	maxCalls   = int(messages-records) / recordSize / threads
	threads    = 3
)

// The names that an attacking task begins with.
const (
	ownTask mach.Name = 1 + iota
	ownThread
	otherThread
	hostName
	pagerPort
	objectPort
	firstPort  // a receive right, and send rights
	secondPort // the same
	portSet
	deadName
	devicePort
	hostPriv // in one round of four
	names    = iota
)

// caller is what a thread that makes calls runs, from the record at RBX to the one at R12.
const caller = "\x48\x8b\x03" + // mov rax, [rbx]
	"\x48\x8b\x7b\x08" + // mov rdi, [rbx+8]
	"\x48\x8b\x73\x10" + // mov rsi, [rbx+16]
	"\x48\x8b\x53\x18" + // mov rdx, [rbx+24]
	"\x4c\x8b\x53\x20" + // mov r10, [rbx+32]
	"\x4c\x8b\x43\x28" + // mov r8, [rbx+40]
	"\x4c\x8b\x4b\x30" + // mov r9, [rbx+48]
	"\x48\x8d\x63\x38" + // lea rsp, [rbx+56]
	"\x0f\x05" + // syscall
	"\x48\x81\xc3\x80\x00\x00\x00" + // add rbx, 128
	"\x4c\x39\xe3" + // cmp rbx, r12
	"\x72\xd3" + // jb to the start
	"\x0f\x0b" // ud2

// attacker makes tasks that attack, and ends them.
type attacker struct {
	client              *libmach.Client
	self                mach.Name
	host, pager, device mach.Name
	control             mach.Name // of the processor set: it knows all tasks
	handler             mach.Name // receive right of the tasks' exceptions
	spared              map[mach.Name]bool
	replies             []mach.Name // rights to answer exceptions with
	memory              []byte      // what is written to a task
	buf                 libmach.Buffer

	calls                 int // that were made, at least
	done, raised, stopped int // threads, by how they ended
}

func newAttacker(host, pager, device mach.Name) (*attacker, error) {
	a := &attacker{
		client: libmach.NewClient(), host: host, pager: pager, device: device, handler: libmach.ReplyPort(), spared: map[mach.Name]bool{},
		buf: libmach.NewBuffer(1024),
	}
	a.self = a.client.Task()
	at, code := libmach.VMAllocate(a.self, 0, total, true)
	if code != mach.Success {
		return nil, code.With("memory")
	}
	a.memory = libmach.Memory(at, total)
	set, code := wire.ProcessorSetDefault(a.client, libmach.HostSelf())
	if code == mach.Success {
		a.control, code = wire.HostProcessorSetPriv(a.client, host, set)
	}
	if code != mach.Success {
		return nil, code.With("the processor set: --host=${host-port} is needed")
	}
	if code = a.client.PortInsertRight(a.self, a.handler, a.handler, mach.MsgMakeSend); code != mach.Success {
		return nil, code.With("the handler's port")
	}
	return a, a.tasks(func(t mach.Name) { a.spared[t] = true })
}

// tasks calls f for each task that there is.
func (a *attacker) tasks(f func(mach.Name)) error {
	list, code := wire.ProcessorSetTasks(a.client, a.control)
	if code != mach.Success {
		return code.With("processor_set_tasks")
	}
	size := 4 * uint64(list.Count)
	b := libmach.Memory(mach.VirtAddr(list.Pointer), size)
	for i := range list.Count {
		f(mach.Name(binary.LittleEndian.Uint32(b[4*i:])))
	}
	libmach.VMDeallocate(a.self, mach.VirtAddr(list.Pointer), size)
	return nil
}

// round makes one attack.
func (a *attacker) round(g *generator, calls int) error {
	t := target{attacker: a, generator: g, each: calls}
	if err := t.prepare(); err != nil {
		return err
	}
	for _, th := range t.threads {
		a.client.ThreadResume(th) // unless an earlier one has ended it already
	}
	a.await(len(t.threads))
	t.count()
	if g.oneIn(2) {
		a.client.TaskSuspend(t.task)
	}
	a.client.TaskTerminate(t.task)
	for _, n := range append(t.threads, t.task, t.object) {
		a.client.PortDeallocate(a.self, n)
	}
	// What a task made in its turn goes too.
	err := a.tasks(func(other mach.Name) {
		if !a.spared[other] {
			a.client.TaskTerminate(other)
		}
		a.client.PortDeallocate(a.self, other)
	})
	for a.exception(0) {
	}
	for _, r := range a.replies {
		a.client.PortDeallocate(a.self, r)
	}
	a.replies = a.replies[:0]
	return err
}

// await waits until n threads have raised an exception, or for as long as a thread that loops is worth.
func (a *attacker) await(n int) {
	const ms, tries = 15, 4
	for range tries {
		for n != 0 && a.exception(ms) {
			n--
		}
	}
	a.stopped += n
}

// exception takes a message from the handler's port, and reports whether there was one.
func (a *attacker) exception(ms uint32) bool {
	m, code := libmach.Receive(a.buf, a.handler, mach.OptRcvTimeout, ms)
	if code != mach.Success {
		return code == mach.RcvTooLarge
	}
	if i, code := libmach.ReadException(m); code == mach.Success {
		if i.Exception == mach.ExcBadInstruction && i.Code == 1 {
			a.done++
		} else {
			a.raised++
		}
		a.client.PortDeallocate(a.self, i.Thread)
		a.client.PortDeallocate(a.self, i.Task)
	}
	// To drop this right would be an answer: the kernel would end the task and say so.
	a.replies = append(a.replies, m.Reply())
	return true
}

// count adds the calls that the threads have made.
func (t *target) count() {
	for i, th := range t.threads {
		if s, code := t.client.ThreadGetState(th); code == mach.Success && s.RBX >= t.first(i) && s.RBX <= t.first(i+1) {
			t.calls += int(s.RBX-t.first(i)) / recordSize
		}
	}
}

// first is the address of a thread's first record.
func (t *target) first(i int) uint64 { return uint64(records) + uint64(i*t.each*recordSize) }

// target is a task that attacks.
type target struct {
	*attacker
	*generator
	task, object mach.Name
	threads      []mach.Name
	each         int // calls for each thread
}

// prepare makes the task, with its memory, rights and threads. Nothing runs yet.
func (t *target) prepare() error {
	c := t.client
	var code mach.Return
	steps := []struct {
		what string
		do   func() mach.Return
	}{
		{"task_create", func() mach.Return { t.task, code = c.TaskCreate(t.self, false); return code }},
		{"thread_create", t.makeThreads},
		{"its memory", t.makeMemory},
		{"its rights", t.makeRights},
		{"its exception port", func() mach.Return { return c.TaskSetSpecialPort(t.task, mach.SpecialException, t.handler) }},
		{"its threads' registers", t.setThreads},
	}
	for _, s := range steps {
		if code := s.do(); code != mach.Success {
			return fmt.Errorf("%s: %w", s.what, code)
		}
	}
	return nil
}

func (t *target) makeThreads() mach.Return {
	for range threads {
		th, code := t.client.ThreadCreate(t.task)
		if code != mach.Success {
			return code
		}
		t.threads = append(t.threads, th)
	}
	return mach.Success
}

func (t *target) makeMemory() mach.Return {
	c := t.client
	clear(t.memory)
	t.code(t.memory[:records-base])
	for i := range slots {
		t.sizes[i] = t.message(t.memory[int(messages-base)+i*slotSize:][:slotSize])
	}
	for i := range t.each * threads {
		t.record(t.memory[int(records-base)+i*recordSize:][:recordSize])
	}
	t.fill(t.memory[scratch-base:][:scratchSize], t.number)
	if _, code := c.VMAllocate(t.task, base, total, false); code != mach.Success {
		return code
	}
	if code := c.VMWrite(t.task, base, libmach.Address(t.memory), uint32(object-base)); code != mach.Success {
		return code
	}
	c.VMProtect(t.task, base, uint64(records-base), false, mach.ProtRead|mach.ProtExecute)
	c.VMProtect(t.task, readOnly, mach.PageSize, false, mach.ProtRead)
	c.VMDeallocate(t.task, readOnly+mach.PageSize, mach.PageSize+objectSize)
	if t.pager == mach.NameNull {
		return mach.Success
	}
	var code mach.Return
	if t.object, code = c.ObjectCreate(t.pager, objectSize/2); code != mach.Success {
		return code
	}
	_, code = c.VMMap(t.task, libmach.Map{Address: object, Size: objectSize, Object: t.object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare})
	return code
}

func (t *target) makeRights() mach.Return {
	c := t.client
	rights := []struct{ name, right mach.Name }{
		{ownTask, t.task},
		{ownThread, t.threads[0]},
		{otherThread, t.threads[1]},
		{hostName, libmach.HostSelf()},
		{pagerPort, t.pager},
		{objectPort, t.object},
		{devicePort, t.device},
	}
	if t.oneIn(4) {
		rights = append(rights, struct{ name, right mach.Name }{hostPriv, t.host})
	}
	for _, r := range rights {
		if r.right == mach.NameNull {
			continue
		}
		if code := c.PortInsertRight(t.task, r.name, r.right, mach.MsgCopySend); code != mach.Success {
			return code
		}
	}
	for name, right := range map[mach.Name]mach.Right{
		firstPort: mach.RightReceive, secondPort: mach.RightReceive, portSet: mach.RightPortSet, deadName: mach.RightDeadName,
	} {
		if code := c.PortAllocateName(t.task, right, name); code != mach.Success {
			return code
		}
	}
	for _, name := range []mach.Name{firstPort, secondPort} {
		send, _, code := c.PortExtractRight(t.task, name, mach.MsgMakeSend)
		if code != mach.Success {
			return code
		}
		if code := c.PortInsertRight(t.task, name, send, mach.MsgMoveSend); code != mach.Success {
			return code
		}
	}
	return mach.Success
}

// setThreads says where each thread begins: two make the calls of their records, the third does so too or runs random code.
func (t *target) setThreads() mach.Return {
	for i, th := range t.threads {
		s, code := t.client.ThreadGetState(th)
		if code != mach.Success {
			return code
		}
		s.RIP = uint64(base)
		s.RBX = t.first(i)
		s.R12 = t.first(i + 1)
		if i == threads-1 && t.oneIn(2) {
			for _, r := range []*uint64{
				&s.R8, &s.R9, &s.R10, &s.R11, &s.R12, &s.R13, &s.R14, &s.R15, &s.RDI, &s.RSI, &s.RBP, &s.URSP, &s.RBX, &s.RDX, &s.RCX, &s.RAX, &s.RFlags,
			} {
				*r = t.number()
			}
			s.RIP = uint64(base) + randomCode + uint64(t.IntN(codeSize))
			if t.oneIn(8) {
				s.RIP = t.number()
			}
		}
		if code := t.client.ThreadSetState(th, s); code != mach.Success {
			return code
		}
	}
	return mach.Success
}
