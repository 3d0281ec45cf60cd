// Command supplier is the quickest memory manager: it answers every request for a page with the same page, for bench to measure what a page of
// a manager in ring 3 costs.
//
//	supplier --receive=PORT
//
// PORT names the receive right of the memory object. It ends when nobody maps the object any more.
package main

import (
	"flag"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/libmach"
)

func main() {
	port := flag.Uint("receive", 0, "`name` of the receive right of the memory object")
	flag.Parse()
	s := supplier{client: libmach.NewClient()}
	at, ret := libmach.VMAllocate(s.client.Task(), 0, mach.PageSize, true)
	if ret == mach.Success {
		s.page = libmach.Memory(at, mach.PageSize)
		s.page[0] = 1
	}
	buf := libmach.NewBuffer(512)
	for ret == mach.Success && !s.done {
		var m libmach.Message
		if m, ret = libmach.Receive(buf, mach.Name(*port), 0, 0); ret == mach.Success {
			s.client.MemoryObjectServer(m, &s)
		}
	}
	if ret != mach.Success {
		fmt.Printf("supplier: FAILED: %v\n", ret)
		os.Exit(1)
	}
}

// supplier implements libmach.MemoryManager.
type supplier struct {
	client *libmach.Client
	page   []byte
	done   bool
}

func (s *supplier) Init(_, control, _ mach.Name) {
	s.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

func (s *supplier) DataRequest(_, control mach.Name, offset, _ uint64, _ mach.Prot) {
	s.client.MemoryObjectDataSupply(control, libmach.Supply{Offset: offset, Data: s.page})
}

func (s *supplier) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot)      {}
func (s *supplier) DataReturn(_, _ mach.Name, _ uint64, _ []byte, _, _ bool) {}
func (s *supplier) Terminate(_, _ mach.Name)                                 { s.done = true }
