package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// Some tasks get threads before they end, which end with them where they stand: in a send to a full queue, with memory and rights in the message; in a
// receive; in a call whose request nobody received yet; in a fault of an object whose manager says nothing.

// How a thread stands.
const (
	sending = iota
	receiving
	calling
	faulting
	stands
)

// Names that a task gets for that.
const (
	fullName   mach.Name = 1<<14 + iota // of a port whose queue is full
	silentName                          // of one that has room, and is never received from
	ownName                             // of a port of its own
)

// What a task with threads has behind what operations are about.
const (
	strandCode = pages + 8 + iota
	strandMessage
	_
	strandBody   // strandPages pages
	strandPages  = 4
	strandObject = strandBody + strandPages + 4
)

// strandText is the trap whose number is in RAX, or else a read of what RDI points to; and then nothing any more.
var strandText = []byte{
	0x48, 0x85, 0xc0, // test rax, rax
	0x74, 0x04, // je 1f
	0x0f, 0x05, // syscall
	0xeb, 0xfe, // jmp .
	0x48, 0x8b, 0x07, // 1: mov rax, [rdi]
	0xeb, 0xf9, // jmp back
}

// strand has threads of a task wait, and ends the task.
func (s *soak) strand(t *task) error {
	c, self := s.client, s.client.Task()
	before, code := c.PortCount(self)
	if code != mach.Success {
		return disagree("mach_port_names", code, mach.Success)
	}
	silent, code := c.PortAllocate(self, mach.RightReceive)
	if code != mach.Success {
		return disagree("mach_port_allocate", code, mach.Success)
	}
	if err := s.prepare(t, silent); err != nil {
		return err
	}
	for range 1 + s.random.IntN(2*stands) {
		if err := s.stand(t, s.random.IntN(stands)); err != nil {
			return err
		}
	}
	for range 1 + s.random.IntN(4) {
		libmach.Swtch()
	}
	if s.random.IntN(2) == 0 {
		c.Sleep(1)
	}
	if code := s.insist(func() mach.Return { return c.TaskTerminate(t.port) }); code != mach.Success {
		return disagree("task_terminate", code, mach.Success)
	}
	if err := disagree("mach_port_destroy", c.PortDestroy(self, silent), mach.Success); err != nil {
		return err
	}
	s.stranded++
	after, code := c.PortCount(self)
	if code != mach.Success || after != before {
		return fmt.Errorf("a task that ended with threads that waited leaves %d names, not %d: %v", after, before, code)
	}
	return nil
}

// prepare gives a task the ports and the memory that its threads are about to wait with. silent is one that nobody receives from.
func (s *soak) prepare(t *task, silent mach.Name) error {
	c, self := s.client, s.client.Task()
	if code := s.insist(func() mach.Return { return c.PortInsertRight(self, silent, silent, mach.MsgMakeSend) }); code != mach.Success {
		return disagree("mach_port_insert_right", code, mach.Success)
	}
	for _, x := range [...]struct{ name, right mach.Name }{{silentName, silent}, {fullName, s.full}} {
		if code := s.insist(func() mach.Return { return c.PortInsertRight(t.port, x.name, x.right, mach.MsgCopySend) }); code != mach.Success {
			return disagree("mach_port_insert_right", code, mach.Success)
		}
	}
	if code := s.insist(func() mach.Return { return c.PortAllocateName(t.port, mach.RightReceive, ownName) }); code != mach.Success {
		return disagree("mach_port_allocate_name", code, mach.Success)
	}
	if code := s.insist(func() mach.Return {
		_, code := c.VMAllocate(t.port, at(strandCode), size(3+strandPages), false)
		return code
	}); code != mach.Success {
		return disagree("vm_allocate", code, mach.Success)
	}
	copy(s.buffer, strandText)
	if code := s.insist(func() mach.Return {
		return c.VMWrite(t.port, at(strandCode), libmach.Address(s.buffer), uint32(size(1)))
	}); code != mach.Success {
		return disagree("vm_write of code", code, mach.Success)
	}
	if code := s.insist(func() mach.Return { return c.VMProtect(t.port, at(strandCode), size(1), false, mach.ProtAll) }); code != mach.Success {
		return disagree("vm_protect", code, mach.Success)
	}
	if code := s.insist(func() mach.Return {
		return c.VMWrite(t.port, at(strandBody), libmach.Address(s.buffer), uint32(size(strandPages)))
	}); code != mach.Success {
		return disagree("vm_write of what is to be sent", code, mach.Success)
	}
	code := s.insist(func() mach.Return {
		_, code := c.VMMap(t.port, libmach.Map{Address: at(strandObject), Size: size(1), Object: silent, Cur: mach.ProtDefault, Max: mach.ProtAll})
		return code
	})
	return disagree("vm_map", code, mach.Success)
}

// stand makes a thread that waits somewhere. Its message, and its stack, are on a page that all threads of the task share.
func (s *soak) stand(t *task, how int) error {
	number := int64(mach.TrapMsg)
	place := at(strandMessage) + mach.VirtAddr(256*how)
	state := libmach.ThreadState{RIP: uint64(at(strandCode)), URSP: uint64(at(strandMessage+1)) + 2048, RAX: uint64(number), RDI: uint64(place)}
	w := mig.NewWriter(s.mail)
	var message []byte
	switch how {
	case sending:
		w.OutOfLine(mach.MsgByte, 8, uint32(size(strandPages)), uint64(at(strandBody)), s.random.IntN(2) == 0)
		w.Port(mach.MsgCopySend, silentName)
		w.Port(mach.MsgMakeSend, ownName)
		message = w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, fullName, mach.NameNull, letterID)
		state.RSI = uint64(mach.OptSend)
	case receiving:
		state.RSI, state.R10, state.R8 = uint64(mach.OptRcv), 256, uint64(ownName)
	case calling:
		w.OutOfLine(mach.MsgByte, 8, uint32(size(strandPages)), uint64(at(strandBody)), false)
		message = w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, silentName, ownName, letterID)
		state.RSI, state.R10, state.R8 = uint64(mach.OptSend|mach.OptRcv), 256, uint64(ownName)
	case faulting:
		state.RAX, state.RDI = 0, uint64(at(strandObject))
	}
	state.RDX = uint64(len(message))
	if len(message) != 0 {
		copy(s.buffer, message)
		if code := s.insist(func() mach.Return {
			return s.client.VMWrite(t.port, place, libmach.Address(s.buffer), uint32(len(message)))
		}); code != mach.Success {
			return disagree("vm_write of a message", code, mach.Success)
		}
	}
	var thread mach.Name
	code := s.insist(func() (code mach.Return) {
		thread, code = s.client.ThreadCreate(t.port)
		return code
	})
	if code != mach.Success {
		return disagree("thread_create", code, mach.Success)
	}
	if code := s.client.ThreadSetState(thread, state); code != mach.Success {
		return disagree("thread_set_state", code, mach.Success)
	}
	if code := s.client.ThreadResume(thread); code != mach.Success {
		return disagree("thread_resume", code, mach.Success)
	}
	return disagree("mach_port_deallocate of a thread", s.client.PortDeallocate(s.client.Task(), thread), mach.Success)
}

// fill makes the port whose queue is full.
func (s *soak) fill() error {
	var code mach.Return
	if s.full, code = s.client.PortAllocate(s.client.Task(), mach.RightReceive); code != mach.Success {
		return disagree("mach_port_allocate", code, mach.Success)
	}
	if code := s.client.PortInsertRight(s.client.Task(), s.full, s.full, mach.MsgMakeSend); code != mach.Success {
		return disagree("mach_port_insert_right", code, mach.Success)
	}
	for range letters {
		w := mig.NewWriter(s.mail)
		if code := libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), s.full, mach.NameNull, letterID), mach.OptSendTimeout, 0); code != mach.Success {
			return disagree("filling a queue", code, mach.Success)
		}
	}
	return nil
}
