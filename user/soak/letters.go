package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

const (
	boxes   = 4 // ports that letters go to, at most
	letters = 5 // as many as a port's queue holds

	letterID  mach.MsgID = 5100
	firstName            = 1 << 13 // of the ports that other tasks have
)

// letter is a message on its way: what the memory in it held when it was sent, and whether there is a right to an object beside it.
type letter struct {
	values [span]uint32
	n      int // pages
	right  bool
}

// box is a port, of the program itself or of another task, which never receives: what is on its way dies with the task.
type box struct {
	port  mach.Name // a send right to it; NameNull: there is no port
	home  int       // whose it is, as an index of the list of tasks
	queue [letters]letter
	count int
}

// onTheWay is how many pages are in messages.
func (s *soak) onTheWay() (n int) {
	for i := range s.boxes {
		for j := range s.boxes[i].count {
			n += s.boxes[i].queue[j].n
		}
	}
	return n
}

// letter makes a port, sends to one, receives from one, or ends one with all that is queued there.
func (s *soak) letter() error {
	i := s.random.IntN(boxes)
	b := &s.boxes[i]
	switch k := s.random.IntN(20); {
	case b.port == mach.NameNull:
		return s.openBox(i)
	case k == 0 && b.home == 0:
		return s.closeBox(b)
	case b.count == letters || b.count > 0 && k < 8:
		if b.home == 0 {
			return s.receive(b)
		}
		return nil
	}
	return s.send(b)
}

func (s *soak) openBox(i int) error {
	home := s.random.IntN(tasks)
	t := s.list[home]
	if t == nil {
		return nil
	}
	b := &s.boxes[i]
	if home == 0 {
		port, code := s.client.PortAllocate(t.port, mach.RightReceive)
		if code != mach.Success {
			return disagree("mach_port_allocate", code, mach.Success)
		}
		b.port, b.home = port, home
		return disagree("mach_port_insert_right", s.client.PortInsertRight(t.port, port, port, mach.MsgMakeSend), mach.Success)
	}
	name := mach.Name(firstName + i)
	if code := s.insist(func() mach.Return { return s.client.PortAllocateName(t.port, mach.RightReceive, name) }); code != mach.Success {
		return disagree("mach_port_allocate_name", code, mach.Success)
	}
	var right mach.Name
	code := s.insist(func() (code mach.Return) {
		right, _, code = s.client.PortExtractRight(t.port, name, mach.MsgMakeSend)
		return code
	})
	b.port, b.home = right, home
	return disagree("mach_port_extract_right", code, mach.Success)
}

// closeBox ends a port of the program's own, and the messages in its queue.
func (s *soak) closeBox(b *box) error {
	port := b.port
	b.port, b.count = mach.NameNull, 0
	return disagree("mach_port_destroy", s.client.PortDestroy(s.client.Task(), port), mach.Success)
}

// died is for the ports of task i, which is gone: what is left of them is a dead name.
func (s *soak) died(i int) error {
	for j := range s.boxes {
		b := &s.boxes[j]
		if b.port == mach.NameNull || b.home != i {
			continue
		}
		port := b.port
		b.port, b.count = mach.NameNull, 0
		kind, code := s.client.PortType(s.client.Task(), port)
		if code != mach.Success || kind != mach.TypeDeadName {
			return fmt.Errorf("the send right to a dead task's port is of type %#x, %v", uint32(kind), code)
		}
		if code := s.client.PortDeallocate(s.client.Task(), port); code != mach.Success {
			return disagree("mach_port_deallocate of a dead name", code, mach.Success)
		}
	}
	return nil
}

// send sends pages of the program's own, which it keeps or not, with a right to an object if there is one.
func (s *soak) send(b *box) error {
	t := s.list[0]
	first, n := s.area()
	if n = t.whole(first, n); n == 0 || s.used()+n > s.most {
		return nil
	}
	l := &b.queue[b.count]
	l.n, l.right = n, false
	for i := range n {
		l.values[i] = t.pages[first+i].contents().value
	}
	give := s.random.IntN(3) == 0
	o := s.shared[s.random.IntN(objects)]
	code := s.insist(func() mach.Return {
		w := mig.NewWriter(s.mail)
		w.OutOfLine(mach.MsgByte, 8, uint32(size(n)), uint64(at(first)), give)
		if o != nil {
			w.Port(mach.MsgCopySend, o.port)
		}
		return libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, b.port, mach.NameNull, letterID), mach.OptSendTimeout, 0)
	})
	if code != mach.Success {
		return disagree("sending a letter", code, mach.Success)
	}
	if give {
		clear(t.pages[first : first+n])
	}
	if o != nil {
		l.right, o.given = true, true
	}
	b.count++
	return nil
}

// receive takes the first message from a queue of the program's own, and looks at what came.
func (s *soak) receive(b *box) error {
	var m libmach.Message
	code := s.insist(func() (code mach.Return) {
		m, code = libmach.Receive(s.mail, b.port, mach.OptRcvTimeout|mach.OptRcvLarge, 0)
		return code
	})
	if code != mach.Success {
		return disagree("receiving a letter", code, mach.Success)
	}
	l := &b.queue[0]
	r := m.Reader()
	from, bytes := r.OutOfLine(mach.MsgByte, 8)
	right := mach.NameNull
	if l.right {
		right = r.Port(mach.MsgPortSend)
	}
	if code := r.End(); code != mach.Success || m.ID() != letterID || uint64(bytes) != size(l.n) {
		return fmt.Errorf("a letter of %d pages has %d bytes: %v", l.n, bytes, code)
	}
	memory := libmach.Memory(mach.VirtAddr(from), size(l.n))
	for i, value := range l.values[:l.n] {
		if !holds(memory[size(i):size(i+1)], value) {
			return fmt.Errorf("page %d of a letter holds other than what value %d determines", i, value)
		}
	}
	b.count--
	copy(b.queue[:b.count], b.queue[1:])
	if right != mach.NameNull {
		if code := s.client.PortDeallocate(s.client.Task(), right); code != mach.Success {
			return disagree("mach_port_deallocate of a letter's right", code, mach.Success)
		}
	}
	return disagree("vm_deallocate of a letter's memory", s.insist(func() mach.Return {
		return s.client.VMDeallocate(s.client.Task(), mach.VirtAddr(from), uint64(bytes))
	}), mach.Success)
}

// endLetters receives or ends what is still on its way to the program's own ports.
func (s *soak) endLetters() error {
	for i := range s.boxes {
		b := &s.boxes[i]
		if b.port == mach.NameNull || b.home != 0 {
			continue
		}
		for b.count > i { // of some ports all messages are received, of others some are lost with the port
			if err := s.receive(b); err != nil {
				return err
			}
		}
		if err := s.closeBox(b); err != nil {
			return err
		}
	}
	return nil
}
