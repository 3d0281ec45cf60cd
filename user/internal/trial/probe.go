package trial

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// Thread is a thread outside Go's runtime: it may wait for ever, which a goroutine may not.
type Thread struct {
	Name mach.Name
	// Data is a page of zeros in the thread's task, where its first RSI points to.
	Data mach.VirtAddr

	t    *Tester
	task mach.Name
}

// rest is machine code that waits for long in thread_switch, again and again.
const rest = "\x31\xff" + // xor edi, edi
	"\xbe\x02\x00\x00\x00" + // mov esi, SWITCH_OPTION_WAIT
	"\xba\x00\x00\x00\x10" + // mov edx, milliseconds
	"\x48\xc7\xc0\xc3\xff\xff\xff" + // mov rax, -61
	"\x0f\x05" + // syscall
	"\xeb\xfe" // jmp here

// Thread starts a thread in a task. It runs machine code, and then rests. Its registers are those of s, but RIP, RSI and the stack pointer. Its
// exceptions go to handler, if that is not null.
func (t *Tester) Thread(task mach.Name, code string, s libmach.ThreadState, handler mach.Name) Thread {
	at, ret := t.Client.VMAllocate(task, 0, 2*mach.PageSize, true)
	t.Must("vm_allocate", ret)
	n := copy(t.later, code)
	n += copy(t.later[n:], rest)
	t.Must("vm_write", t.Client.VMWrite(task, at, libmach.Address(t.later), uint32(n)))
	t.Must("vm_protect", t.Client.VMProtect(task, at, mach.PageSize, false, mach.ProtRead|mach.ProtExecute))
	x := Thread{t: t, task: task, Data: at + mach.PageSize}
	s.RIP, s.RSI, s.URSP = uint64(at), uint64(at)+mach.PageSize, uint64(at)+2*mach.PageSize
	x.Name, ret = t.Client.ThreadCreate(task)
	t.Must("thread_create", ret)
	t.Must("thread_set_state", t.Client.ThreadSetState(x.Name, s))
	if handler != mach.NameNull {
		w := t.Client.Request()
		w.Int32(mach.SpecialException)
		w.Port(mach.MsgMakeSend, handler)
		_, ret = t.Client.CallComplex(x.Name, mach.IDThreadSetSpecialPort)
		t.Must("thread_set_special_port", ret)
	}
	t.Must("thread_resume", t.Client.ThreadResume(x.Name))
	return x
}

// Code is where the thread's machine code lies: one page.
func (x Thread) Code() mach.VirtAddr { return x.Data - mach.PageSize }

// Word is the first word of the thread's data: mostly not 0 when it is done.
func (x Thread) Word() byte {
	b, ret := x.t.Peek(x.task, x.Data)
	x.t.Must("vm_read", ret)
	return b
}

// Becomes reports whether the thread's first byte is b, or soon is.
func (x Thread) Becomes(b byte) bool {
	const attempts, pause = 50, 20 // ms
	for range attempts {
		if x.Word() == b {
			return true
		}
		x.t.Client.Sleep(pause)
	}
	return false
}

// End terminates the thread.
func (x Thread) End() mach.Return {
	ret := x.t.Client.ThreadTerminate(x.Name)
	x.Leave()
	if x.t.unanswered != mach.NameNull {
		x.t.Drop(x.t.unanswered) // dead now
		x.t.unanswered = mach.NameNull
	}
	x.t.Must("vm_deallocate", x.t.Client.VMDeallocate(x.task, x.Code(), 2*mach.PageSize))
	return ret
}

// Leave gives up the right to the thread, whose task ends.
func (x Thread) Leave() { x.t.Drop(x.Name) }

// Probe is a thread that touches one byte.
type Probe struct{ Thread }

// Probe starts a thread that touches the byte at an address.
func (t *Tester) Probe(at mach.VirtAddr, write bool, handler mach.Name) Probe {
	return t.ProbeIn(t.Task, at, write, handler)
}

// ProbeIn is Probe in a task.
func (t *Tester) ProbeIn(task mach.Name, at mach.VirtAddr, write bool, handler mach.Name) Probe {
	const says = "\xc6\x06\x01" // mov byte [rsi], 1
	touch := "\x8a\x07" + says  // mov al, [rdi]
	if write {
		touch = "\xc6\x07\x55" + says // mov byte [rdi], 0x55
	}
	return Probe{t.Thread(task, touch, libmach.ThreadState{RDI: uint64(at)}, handler)}
}

// Touched reports whether the byte was touched by now, or soon.
func (p Probe) Touched() bool { return p.Becomes(1) }

// Waits reports that the byte was not touched for a while.
func (p Probe) Waits() bool {
	const while = 50 // ms
	p.t.Client.Sleep(while)
	return p.Word() == 0
}

// Raised receives the exception of a thread and says what it was about. The thread stays where it is until End: an answer, or no right left for
// one, would end the task.
func (t *Tester) Raised(handler mach.Name) mach.Return {
	m, ret := t.Receive(handler)
	if ret != mach.Success {
		return ret
	}
	e, ret := libmach.ReadException(m)
	if ret != mach.Success {
		return ret
	}
	for _, name := range [...]mach.Name{e.Thread, e.Task} {
		t.Client.PortDeallocate(t.Task, name)
	}
	t.unanswered = m.Reply()
	if e.Exception != mach.ExcBadAccess {
		return mach.Failure
	}
	return mach.Return(e.Code)
}
