// Command logpager is a memory manager that tells all: it prints every message of the kernel about its memory object, in the order in
// which they come. It keeps what is returned, supplies it again, and has nothing for pages that were never written.
//
//	logpager --receive=PORT [--cache] [--ends=N]
//
// PORT names the receive right of the memory object. With --cache the kernel may keep pages when nobody maps the object. After the
// Nth memory_object_terminate, by default the first, logpager ends.
package main

import (
	"flag"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	port := args.ReceiveRight("receive", "the memory object")
	cache := flag.Bool("cache", false, "let the kernel keep pages when nobody maps the object")
	ends := flag.Int("ends", 1, "`number` of ends of the object after which the program ends")
	args.Parse(port)
	p := pager{client: libmach.NewClient(), cache: *cache, ends: *ends, pages: map[uint64][]byte{}}
	if ret := p.serve(*port); ret != mach.Success {
		fmt.Printf("logpager: FAILED: %v\n", ret)
		os.Exit(1)
	}
}

// pager is the manager of one object.
type pager struct {
	client *libmach.Client
	cache  bool
	ends   int
	pages  map[uint64][]byte // by offset: what was returned
}

func (p *pager) serve(port mach.Name) mach.Return {
	buf := libmach.NewBuffer(512)
	for p.ends > 0 {
		m, ret := libmach.Receive(buf, port, 0, 0)
		if ret != mach.Success {
			return ret
		}
		seqno := m.Header.Seqno // the order in which the kernel sent them
		fmt.Printf("logpager: %d: ", seqno)
		if ret := p.client.MemoryObjectServer(m, p); ret != mach.Success {
			fmt.Printf("message %d: %v\n", m.ID(), ret)
		}
	}
	return mach.Success
}

// Init implements libmach.MemoryManager.
func (p *pager) Init(_, control, _ mach.Name) {
	fmt.Printf("memory_object_init\n")
	p.client.MemoryObjectReady(control, p.cache, mach.CopyDelay)
}

// DataRequest implements libmach.MemoryManager.
func (p *pager) DataRequest(_, control mach.Name, offset, length uint64, access mach.Prot) {
	page, ok := p.pages[offset]
	if !ok {
		fmt.Printf("memory_object_data_request %#x+%#x %v: nothing\n", offset, length, access)
		p.client.MemoryObjectDataUnavailable(control, offset, length)
		return
	}
	fmt.Printf("memory_object_data_request %#x+%#x %v: begins with %#x\n", offset, length, access, page[0])
	p.client.MemoryObjectAnswer(control, libmach.Supply{Offset: offset, Data: page})
}

// DataUnlock implements libmach.MemoryManager. Nothing is ever locked here.
func (p *pager) DataUnlock(_, _ mach.Name, offset, length uint64, access mach.Prot) {
	fmt.Printf("memory_object_data_unlock %#x+%#x %v\n", offset, length, access)
}

// DataReturn implements libmach.MemoryManager.
func (p *pager) DataReturn(_, _ mach.Name, offset uint64, data []byte, dirty, kept bool) {
	fmt.Printf("memory_object_data_return %#x+%#x dirty=%v kernel_copy=%v\n", offset, len(data), dirty, kept)
	for i := uint64(0); i < uint64(len(data)); i += mach.PageSize {
		p.pages[offset+i] = append([]byte(nil), data[i:i+mach.PageSize]...)
	}
}

// Terminate implements libmach.MemoryManager.
func (p *pager) Terminate(_, _ mach.Name) {
	fmt.Printf("memory_object_terminate, %d pages kept\n", len(p.pages))
	p.ends--
}
