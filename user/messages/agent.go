package main

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// agentCode is what a second thread runs: one trap, whose result it stores, and then it lets the others run for ever.
const agentCode = "\x0f\x05" + // syscall
	"\x48\x89\x03" + // mov [rbx], rax
	"\x31\xff" + // xor edi, edi
	"\x48\xc7\xc0\xc5\xff\xff\xff" + // mov rax, -59: swtch_pri
	"\x0f\x05" + // syscall
	"\xeb\xf3" // to the xor

// agent is a second thread of this task that makes one mach_msg.
type agent struct {
	p      *program
	thread mach.Name
	at     mach.VirtAddr
	memory []byte
}

// Where things lie in an agent's memory.
const (
	agentResult = 64
	agentStack  = 512
	agentBuffer = 1024
	agentSize   = 4096
)

// pending is the result of a trap that has not returned.
const pending = ^uint64(0)

// agent makes a thread that does mach_msg with the message that body writes, if any, and lets it run.
func (p *program) agent(option mach.Option, bits mach.HeaderBits, remote mach.Name, id mach.MsgID, receive mach.Name, size uint32) *agent {
	at, code := libmach.VMAllocate(p.task, 0, agentSize, true)
	p.ok("memory of a thread", code)
	a := &agent{p: p, at: at, memory: libmach.Memory(at, agentSize)}
	a.put(0, agentCode)
	binary.LittleEndian.PutUint64(a.memory[agentResult:], pending)
	w := mig.NewWriter(a.memory[agentBuffer:])
	w.SetHeader(bits, remote, mach.NameNull, id)
	p.ok("its protection", p.client.VMProtect(p.task, at, agentSize, false, mach.ProtAll))
	a.thread, code = wire.ThreadCreate(p.client, p.task)
	p.ok("thread_create", code)
	s, code := p.client.ThreadGetState(a.thread)
	p.ok("thread_get_state", code)
	s.RIP, s.RBX, s.URSP = uint64(at), uint64(at)+agentResult, uint64(at)+agentStack
	number := int64(mach.TrapMsg)
	s.RAX = uint64(number)
	s.RDI, s.RSI, s.RDX = uint64(at)+agentBuffer, uint64(option), mach.HeaderSize
	s.R10, s.R8, s.R9 = uint64(size), uint64(receive), 0
	p.ok("thread_set_state", p.client.ThreadSetState(a.thread, s))
	p.ok("thread_resume", wire.ThreadResume(p.client, a.thread))
	p.rest()
	return a
}

// put writes code, byte by byte: the compiler (go1.26) fails on a copy of a constant to memory of a known address.
func (a *agent) put(at int, code string) {
	for i := range len(code) {
		a.memory[at+i] = code[i]
	}
}

// rest lets the other threads run until they wait.
func (p *program) rest() { libmach.ThreadSwitch(mach.NameNull, 2, 1) }

// result is what the agent's trap returned, or pending.
func (a *agent) result() uint64 { return binary.LittleEndian.Uint64(a.memory[agentResult:]) }

// waits checks that the trap has not returned.
func (a *agent) waits(name string) { a.p.is(name, a.result(), pending) }

// returned checks what the trap returned, and ends the thread.
func (a *agent) returned(name string, want mach.Return) mach.Header {
	for range 100 {
		if a.result() != pending {
			break
		}
		a.p.rest()
	}
	a.p.is(name, a.result(), uint64(want))
	h := mig.GetHeader(a.memory[agentBuffer:])
	a.end()
	return h
}

func (a *agent) end() {
	p := a.p
	p.ok("thread_terminate", wire.ThreadTerminate(p.client, a.thread))
	p.ok("the thread's right", wire.MachPortDeallocate(p.client, p.task, a.thread))
	p.ok("its memory", libmach.VMDeallocate(p.task, a.at, agentSize))
}
