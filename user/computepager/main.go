// Command computepager is a memory manager whose pages are computed when somebody looks at them: the memory object is an endless table
// of squares, in which the 8 bytes at offset 8*i hold i*i. Nothing of it is stored anywhere.
//
//	computepager --receive=PORT
//
// PORT names the receive right of the memory object: who has a send right to it maps the table with vm_map. The kernel keeps pages
// that it was given as long as somebody maps the object, and nobody may write to them: they are locked, and the manager answers
// who tries with an error. When the last mapping goes, computepager says how many pages were looked at, and ends.
package main

import (
	"encoding/binary"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	port := args.ReceiveRight("receive", "the memory object")
	args.Parse(port)
	s := squares{client: libmach.NewClient()}
	at, ret := libmach.VMAllocate(s.client.Task(), 0, mach.PageSize, true)
	if ret == mach.Success {
		s.page = libmach.Memory(at, mach.PageSize)
		ret = s.serve(*port)
	}
	if ret != mach.Success {
		fmt.Printf("computepager: FAILED: %v\n", ret)
		os.Exit(1)
	}
	fmt.Printf("computepager: %d pages computed, %d writes refused\n", s.computed, s.refused)
}

// squares is the manager of the table.
type squares struct {
	client            *libmach.Client
	page              []byte // where a page is computed
	computed, refused int
	done              bool
}

// serve does what the kernel wants until nobody maps the table any more.
func (s *squares) serve(port mach.Name) mach.Return {
	buf := libmach.NewBuffer(512)
	for !s.done {
		m, ret := libmach.Receive(buf, port, 0, 0)
		if ret != mach.Success {
			return ret
		}
		s.client.MemoryObjectServer(m, s) // a message that is none of the kernel's is nothing to us
	}
	return mach.Success
}

// Init implements libmach.MemoryManager. Only the kernel changes pages, so it may copy them when they are written.
func (s *squares) Init(_, control, _ mach.Name) {
	s.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

// DataRequest implements libmach.MemoryManager.
func (s *squares) DataRequest(_, control mach.Name, offset, length uint64, access mach.Prot) {
	if access&mach.ProtWrite != 0 {
		s.refused++
		s.client.MemoryObjectDataError(control, offset, length, mach.ProtectionFailure)
		return
	}
	for at := uint64(0); at < mach.PageSize; at += 8 {
		i := (offset + at) / 8
		binary.LittleEndian.PutUint64(s.page[at:], i*i)
	}
	s.computed++
	s.client.MemoryObjectAnswer(control, libmach.Supply{Offset: offset, Data: s.page, Lock: mach.ProtWrite})
}

// DataUnlock implements libmach.MemoryManager: somebody wants to write. Only a request for data can be answered with an error, so the page
// is taken back: the same access asks for it now, as one that writes.
func (s *squares) DataUnlock(_, control mach.Name, offset, length uint64, _ mach.Prot) {
	s.client.MemoryObjectLockRequest(control, libmach.Lock{Offset: offset, Size: length, Flush: true, Lock: mach.ProtNoChange})
}

// DataReturn implements libmach.MemoryManager: nothing is ever written, so nothing comes back.
func (s *squares) DataReturn(_, _ mach.Name, _ uint64, _ []byte, _, _ bool) {}

// Terminate implements libmach.MemoryManager.
func (s *squares) Terminate(_, _ mach.Name) { s.done = true }
