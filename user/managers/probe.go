package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// probe is a thread outside Go's runtime that touches one byte: it may wait for ever, which a goroutine may not.
type probe struct {
	t      *tester
	thread mach.Name
	flag   []byte // not 0 when the byte was touched
}

// machineCode touches the byte at RDI, sets the byte at RSI, and waits for long in thread_switch.
func machineCode(write bool) []byte {
	touch := [...]byte{0x8a, 0x07, 0x90} // mov al, [rdi]
	if write {
		touch = [...]byte{0xc6, 0x07, 0x55} // mov byte [rdi], 0x55
	}
	return append(touch[:],
		0xc6, 0x06, 0x01, // mov byte [rsi], 1
		0x31, 0xff, // xor edi, edi
		0xbe, 0x02, 0, 0, 0, // mov esi, SWITCH_OPTION_WAIT
		0xba, 0, 0, 0, 0x10, // mov edx, milliseconds
		0x48, 0xc7, 0xc0, 0xc3, 0xff, 0xff, 0xff, // mov rax, -61
		0x0f, 0x05, // syscall
		0xeb, 0xfe, // jmp here
	)
}

// probe starts a thread that touches the byte at an address. Its exceptions go to handler, if that is not null.
func (t *tester) probe(at mach.VirtAddr, write bool, handler mach.Name) *probe {
	page, ret := libmach.VMAllocate(t.task, 0, 2*mach.PageSize, true)
	t.must("vm_allocate", ret)
	memory := libmach.Memory(page, mach.PageSize)
	for i, b := range machineCode(write) {
		memory[i] = b
	}
	t.must("vm_protect", t.client.VMProtect(t.task, page, mach.PageSize, false, mach.ProtRead|mach.ProtExecute))
	p := &probe{t: t, flag: libmach.Memory(page+mach.PageSize, mach.PageSize)}
	p.flag[0] = 0
	p.thread, ret = t.client.ThreadCreate(t.task)
	t.must("thread_create", ret)
	t.must("thread_set_state", t.client.ThreadSetState(p.thread, libmach.ThreadState{
		RIP: uint64(page), RDI: uint64(at), RSI: uint64(page) + mach.PageSize, URSP: uint64(page) + 2*mach.PageSize,
	}))
	if handler != mach.NameNull {
		w := t.client.Request()
		w.Int32(mach.SpecialException)
		w.Port(mach.MsgMakeSend, handler)
		_, ret = t.client.CallComplex(p.thread, mach.IDThreadSetSpecialPort)
		t.must("thread_set_special_port", ret)
	}
	t.must("thread_resume", t.client.ThreadResume(p.thread))
	return p
}

// touched reports whether the byte was touched by now, or soon.
func (p *probe) touched() bool {
	const attempts, pause = 50, 20 // ms
	for range attempts {
		if p.flag[0] != 0 {
			return true
		}
		p.t.client.Sleep(pause)
	}
	return false
}

// waits reports that the byte was not touched for a while.
func (p *probe) waits() bool {
	const while = 50 // ms
	p.t.client.Sleep(while)
	return p.flag[0] == 0
}

// end terminates the thread.
func (p *probe) end() mach.Return {
	ret := p.t.client.ThreadTerminate(p.thread)
	p.t.must("mach_port_deallocate", p.t.client.PortDeallocate(p.t.task, p.thread))
	p.t.unmap(libmach.Address(p.flag)-mach.PageSize, 2*mach.PageSize)
	return ret
}

// raised receives the exception of a probe and says what it was about. The thread stays where it is: an answer, or no right left for one,
// would end the task.
func (t *tester) raised(handler mach.Name) mach.Return {
	m, ret := t.receive(handler)
	if ret != mach.Success {
		return ret
	}
	e, ret := libmach.ReadException(m)
	if ret != mach.Success {
		return ret
	}
	for _, name := range [...]mach.Name{e.Thread, e.Task} {
		t.client.PortDeallocate(t.task, name)
	}
	if e.Exception != mach.ExcBadAccess {
		return mach.Failure
	}
	return mach.Return(e.Code)
}

// receive waits for a message, but not for ever.
func (t *tester) receive(from mach.Name) (libmach.Message, mach.Return) {
	const patience = 2000 // ms
	return libmach.Receive(t.buf, from, mach.OptRcvTimeout, patience)
}
