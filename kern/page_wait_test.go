package kern

import (
	"fmt"
	"slices"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// store is a manager that keeps what it is returned and supplies it again, until its object ends. It notes the pages that it was asked
// for. Other tasks tell it by flush to take all pages back.
type store struct {
	*object
	content map[uint64][]byte
	asked   []string
	flush   bool
	silent  bool // it does not answer requests
	late    bool // it answers one for the first page that it did not
}

// keep makes a task that is a store, and one of a client. run starts both.
func (m *machine) keep(client func(u *user, s *store, port mach.Name)) *store {
	s := &store{content: map[uint64][]byte{}}
	var port, name mach.Name
	manager := m.paused("manager", func(u *user) {
		s.object = u.manage(port)
		s.ready(false, mach.CopyDelay)
		for s.next() {
		}
	})
	t := m.paused("client", func(u *user) { client(u, s, name) })
	port, names := m.managerOf(manager, t)
	name = names[0]
	m.resume(manager, t)
	return s
}

// next handles a message, if there is one, and reports whether there will be more.
func (s *store) next() bool {
	if s.flush {
		s.flush = false
		s.object.lock(0, 1<<30, mach.ReturnAll, true, mach.ProtNoChange, s.port, mach.MsgMakeSendOnce)
	}
	if s.late {
		s.late = false
		s.answer(0)
	}
	if code := s.msg(mach.OptRcv|mach.OptRcvTimeout, 0, s.port, 1); code == mach.RcvTimedOut {
		return true
	}
	h, r := s.message()
	r.Port(r.Peek().Name())
	switch mach.MsgID(h.ID) {
	case mach.IDMemoryObjectDataRequest:
		offset, _, access := r.Uint64(), r.Uint64(), r.Int32()
		s.asked = append(s.asked, fmt.Sprintf("%d %s", offset/pageSize, mach.Prot(access)))
		s.m.clock++
		if !s.silent {
			s.answer(offset)
		}
	case mach.IDMemoryObjectDataReturn:
		offset := r.Uint64()
		at, size := r.OutOfLine(mach.MsgByte, 8)
		for i := uint64(0); i < uint64(size); i += pageSize {
			b := make([]byte, pageSize)
			s.Read(mach.VirtAddr(at+i), b)
			s.content[offset+i] = b
		}
		s.want(s.trap(mach.TrapDeallocate, uint64(s.self()), at, uint64(size)), mach.Success)
	case mach.IDMemoryObjectTerminate:
		return false
	}
	return true
}

func (s *store) answer(offset uint64) {
	b, ok := s.content[offset]
	if !ok {
		s.pair(mach.IDMemoryObjectDataUnavailable, offset, pageSize)
		return
	}
	at := s.pages(0)
	s.Write(at, b)
	s.tell(mach.Complex, mach.IDMemoryObjectDataSupply, func(w *mig.Writer) {
		w.Uint64(offset)
		w.OutOfLine(mach.MsgByte, 8, pageSize, uint64(at), true)
		w.Int32(int32(mach.ProtNone))
		w.Bool(false)
		w.Port(mach.MsgMakeSendOnce, mach.NameNull)
	})
}

// empty makes the store take all pages back, and forgets what it was asked for until now.
func (u *user) empty(s *store) {
	s.flush = true
	for range 10 { // the clock moves when nobody can run: the store looks, and receives what comes
		u.Syscall(mach.TrapThreadSwitch, 0, switchWait, 1)
	}
	s.asked = nil
}

func (u *user) asked(s *store, want ...string) {
	u.m.t.Helper()
	if !slices.Equal(s.asked, want) {
		u.m.t.Fatalf("the manager was asked for %q, want %q", s.asked, want)
	}
}

// A message lies in memory whose pages its manager has taken back: it is sent once, when they have come again.
func TestSendFromManagedMemory(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		u.buffer = at + pageSize - 16 // over the edge of a page
		to := u.port()
		size := u.compose(mach.Bits(mach.MsgMakeSend, 0), to, mach.NameNull, 1234, func(w *mig.Writer) { w.Uint64(77) })
		u.empty(s)
		u.want(u.msg(mach.OptSend|mach.OptRcv, size, to, 0), mach.Success)
		u.asked(s, "0 r--", "1 r--")
		u.empty(s)
		h, r := u.message()
		u.is("the id", uint64(h.ID), 1234)
		u.is("the number", r.Uint64(), 77)
		u.want(u.msg(mach.OptRcv|mach.OptRcvTimeout, 0, to, 0), mach.RcvTimedOut)

		// Few bytes out of line are read at once, many when somebody looks.
		for _, pages := range []uint64{2, 15} {
			for i := range mach.VirtAddr(pages) {
				u.Store(at+(3+i)*pageSize, byte(40+i))
			}
			u.buffer = mach.VirtAddr(stackTop) - 0x10000
			size = u.compose(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, to, mach.NameNull, 1, func(w *mig.Writer) {
				w.OutOfLine(mach.MsgByte, 8, uint32(pages*pageSize), uint64(at+3*pageSize), false)
			})
			u.empty(s)
			u.want(u.msg(mach.OptSend|mach.OptRcv, size, to, 0), mach.Success)
			if pages == 2 {
				u.asked(s, "3 r--", "4 r--")
			} else {
				u.asked(s)
			}
			_, r = u.message()
			got, n := r.OutOfLine(mach.MsgByte, 8)
			u.is("the size", uint64(n), pages*pageSize)
			for i := range mach.VirtAddr(pages) {
				u.is("the byte", uint64(u.Load(mach.VirtAddr(got)+i*pageSize)), 40+uint64(i))
			}
			u.unmap(mach.VirtAddr(got), pages)
		}
	})
	m.finish()
}

// A message comes to memory whose pages are not there: it is not lost.
func TestReceiveIntoManagedMemory(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		to := u.port()
		for _, large := range []bool{false, true} {
			size := u.compose(mach.Bits(mach.MsgMakeSend, 0), to, mach.NameNull, 1234, func(w *mig.Writer) {
				w.Bytes(mach.MsgInteger64, 64, 600, make([]byte, 8*600))
				w.Uint64(77)
			})
			u.want(u.msg(mach.OptSend, size, 0, 0), mach.Success)
			u.empty(s)
			stack := u.buffer
			u.buffer = at + 2*pageSize
			if large {
				u.want(u.trap(mach.TrapMsg, uint64(u.buffer), uint64(mach.OptRcv|mach.OptRcvLarge), 0, 100, uint64(to), 0, 0), mach.RcvTooLarge)
				u.asked(s, "2 rw-")
				u.is("the size", u.Load64(u.buffer)>>32, size)
			}
			u.want(u.msg(mach.OptRcv, 0, to, 0), mach.Success)
			u.asked(s, "2 rw-", "3 rw-")
			h, r := u.message()
			u.is("the id", uint64(h.ID), 1234)
			r.Bytes(mach.MsgInteger64, 64, 600)
			u.is("the number", r.Uint64(), 77)
			u.buffer = stack
		}
	})
	m.finish()
}

// Traps read their arguments from such memory, and write their results there.
func TestTrapsInManagedMemory(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		text := append(slices.Repeat([]byte("x"), 20), 0)
		u.Write(at+pageSize-10, text)
		u.empty(s)
		u.want(u.trap(mach.TrapPrint, uint64(at)+pageSize-10), mach.Success)
		u.asked(s, "0 r--", "1 r--")
		u.is("the text's length", uint64(m.text.Len()), 20)

		u.Store64(at+3*pageSize, 0)
		u.empty(s)
		u.want(u.trap(mach.TrapAllocate, uint64(u.self()), uint64(at)+3*pageSize, pageSize, 1), mach.Success)
		u.asked(s, "3 r--")
		u.unmap(mach.VirtAddr(u.Load64(at+3*pageSize)), 1)
		// The page of a result goes between the trap's reading and its writing.
		u.empty(s)
		u.want(u.trap(mach.TrapPortAllocate, uint64(u.self()), uint64(mach.RightReceive), uint64(at)+4*pageSize), mach.Success)
		u.asked(s, "4 rw-")
		name := mach.Name(u.Load64(at + 4*pageSize))
		u.want(u.code(u.self(), mach.IDPortDestroy, func(w *mig.Writer) { w.Name(name) }), mach.Success)

		// The arguments on the stack.
		stack := u.RSP
		u.Store64(at+6*pageSize, 0)
		u.RSP = uint64(at) + 6*pageSize - 48
		u.want(u.trap(mach.TrapMap, uint64(u.self()), uint64(at)+6*pageSize, pageSize, 0, 1, 0, 0, 0, 3, 7, 1), mach.Success)
		u.RSP = stack
		u.unmap(mach.VirtAddr(u.Load64(at+6*pageSize)), 1)
	})
	m.finish()
}

// Requests about a task's memory wait for its pages, and the one who asks need not be that task.
func TestRequestsAboutManagedMemory(t *testing.T) {
	m := newMachine(t)
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		u.Store(at, 1)
		u.Store(at+pageSize, 2)
		u.empty(s)
		r := u.call(u.self(), mach.IDVMRead, func(w *mig.Writer) { w.Uint64(uint64(at)); w.Uint64(2 * pageSize) })
		data, _ := r.OutOfLine(mach.MsgByte, 8)
		u.asked(s, "0 r--", "1 r--")
		u.is("what was read", uint64(u.Load(mach.VirtAddr(data)+pageSize)), 2)
		u.unmap(mach.VirtAddr(data), 2)
		u.empty(s)
		u.want(u.word(at+pageSize+1, 22), mach.Success)
		u.asked(s, "1 rw-")
		u.is("what was there", uint64(u.Load(at+pageSize)), 2)
		u.is("what was written", uint64(u.Load(at+pageSize+1)), 22)
		u.empty(s)
		// Over itself, one page further: nothing may be read after it was written.
		u.want(u.code(u.self(), mach.IDVMCopy, func(w *mig.Writer) {
			w.Uint64(uint64(at))
			w.Uint64(2 * pageSize)
			w.Uint64(uint64(at) + pageSize)
		}), mach.Success)
		u.asked(s, "0 r--", "1 r--", "2 rw-")
		for i, want := range []uint64{1, 1, 2} {
			u.is("what was copied", uint64(u.Load(at+mach.VirtAddr(i)*pageSize)), want)
		}
	})
	m.finish()
}

// What a task's threads waited for pages is counted, also when the wait ends early; the manager of the pages waits for nothing.
func TestTimeWaited(t *testing.T) {
	m := newMachine(t)
	waited := func(name string) (ns int64) {
		for _, i := range m.Tasks() {
			if i.Name == name {
				ns = i.Waited
			}
		}
		return ns
	}
	m.keep(func(u *user, s *store, port mach.Name) {
		at := u.mapManaged(port, 20)
		if ns := waited("client"); ns != 0 {
			t.Errorf("waited %d ns before it touched anything", ns)
		}
		u.Load(at)
		byFault := waited("client")
		r := u.call(u.self(), mach.IDVMRead, func(w *mig.Writer) { w.Uint64(uint64(at + 2*pageSize)); w.Uint64(pageSize) })
		r.OutOfLine(mach.MsgByte, 8)
		first := waited("client")
		if byFault == 0 || first <= byFault {
			t.Errorf("waited %d ns for a fault, and %d more for a vm_read", byFault, first-byFault)
		}
		sum := int64(0)
		for o := range m.Memory().Objects {
			sum += o.Waited()
		}
		if sum != first {
			t.Errorf("the object was waited for %d ns, the task waited %d", sum, first)
		}
		s.silent = true
		th := u.newThread(u.self(), m.entry(func(w *user) { w.Load(at + pageSize) }), uint64(stackTop)-0x800)
		u.want(u.code(th, mach.IDThreadResume, nil), mach.Success)
		before := m.clock
		u.rest()
		if ns := waited("client"); ns != first {
			t.Errorf("a wait that lasts was counted: %d ns", ns-first)
		}
		u.want(u.code(th, mach.IDThreadTerminate, nil), mach.Success)
		if ns := waited("client") - first; ns <= 0 || ns > m.clock-before {
			t.Errorf("waited %d ns of %d", ns, m.clock-before)
		}
		if ns := waited("manager"); ns != 0 {
			t.Errorf("the manager waited %d ns", ns)
		}
	})
	m.finish()
}
