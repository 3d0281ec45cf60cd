// Command supplier is the quickest memory manager: it answers every request for a page with the same page, for bench to measure what a page of
// a manager in ring 3 costs.
//
//	supplier --receive=PORT
//
// PORT names the receive right of the memory object. Message 7001 on it, an offset and a size in bytes, has the kernel return the pages there that were
// written to; the answer tells how many came. It ends when nobody maps the object any more.
package main

import (
	"fmt"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	port := args.ReceiveRight("receive", "the memory object")
	args.Parse(port)
	s := supplier{client: libmach.NewClient(), port: *port, answer: libmach.NewBuffer(128)}
	at, ret := libmach.VMAllocate(s.client.Task(), 0, mach.PageSize, true)
	if ret == mach.Success {
		s.page = libmach.Memory(at, mach.PageSize)
		s.page[0] = 1
	}
	buf := libmach.NewBuffer(512)
	for ret == mach.Success && !s.done {
		var m libmach.Message
		if m, ret = libmach.Receive(buf, *port, 0, 0); ret == mach.Success {
			s.serve(m)
		}
	}
	if ret != mach.Success {
		fmt.Printf("supplier: FAILED: %v\n", ret)
		os.Exit(1)
	}
}

// supplier implements libmach.MemoryManager.
type supplier struct {
	client  *libmach.Client
	port    mach.Name // of the memory object
	control mach.Name
	page    []byte
	done    bool

	flusher  libmach.Message // who waits for pages to come back
	returned uint64          // how many came
	answer   libmach.Buffer
}

// flushRequest is the message with which bench asks for pages to be returned.
const flushRequest mach.MsgID = 7001

func (s *supplier) serve(m libmach.Message) {
	switch m.ID() {
	case flushRequest:
		r := m.Reader()
		l := libmach.Lock{Offset: r.Uint64(), Size: r.Uint64(), Return: mach.ReturnDirty, Flush: true, Lock: mach.ProtNoChange, Reply: s.port}
		s.flusher, s.returned = m, 0
		s.client.MemoryObjectLockRequest(s.control, l)
	case mach.IDMemoryObjectLockCompleted:
		w := mig.NewWriter(s.answer)
		w.RetCode(mach.Success)
		w.Uint64(s.returned)
		libmach.Reply(&w, s.flusher, 0)
	default:
		s.client.MemoryObjectServer(m, s)
	}
}

func (s *supplier) Init(_, control, _ mach.Name) {
	s.control = control
	s.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

func (s *supplier) DataRequest(_, control mach.Name, offset, _ uint64, _ mach.Prot) {
	s.client.MemoryObjectDataSupply(control, libmach.Supply{Offset: offset, Data: s.page})
}

func (s *supplier) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

func (s *supplier) DataReturn(_, _ mach.Name, _ uint64, data []byte, _, _ bool) {
	s.returned += uint64(len(data)) / mach.PageSize
}

func (s *supplier) Terminate(_, _ mach.Name) { s.done = true }
