// Command filepager serves a boot module as a mapped file: who maps its memory object sees the file, and what is written comes back
// to the pager, so that the next who maps it sees that.
//
//	filepager --receive=PORT --file=PORT --size=BYTES [--ends=N]
//
// The first PORT names the receive right of the memory object, the second a send right to the module, which is a read-only memory object
// itself. The pager never copies what was not written: it supplies pages straight from its mapping of the module. Pages beyond the end are
// errors, as for any mapped file. After the Nth memory_object_terminate, by default the first, filepager says what was read and
// written, prints a checksum of the file as it is now, and ends.
package main

import (
	"flag"
	"fmt"
	"hash/crc32"
	"os"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	receive := args.ReceiveRight("receive", "the memory object")
	module := args.SendRight("file", "the module's memory object")
	size := flag.Uint64("size", 0, "the module's size in `bytes`")
	ends := flag.Int("ends", 1, "`number` of ends of the object after which the program ends")
	args.Parse(receive, module)
	f := file{client: libmach.NewClient(), size: *size, ends: *ends, written: map[uint64][]byte{}}
	ret := f.open(*module)
	if ret == mach.Success {
		ret = f.serve(*receive)
	}
	if ret != mach.Success {
		fmt.Printf("filepager: FAILED: %v\n", ret)
		os.Exit(1)
	}
	fmt.Printf("filepager: %d pages read, %d written back, checksum %08x\n", f.read, f.returned, f.checksum())
}

// file is the manager of one file.
type file struct {
	client         *libmach.Client
	size           uint64            // bytes
	module         []byte            // whole pages, zero behind the size
	written        map[uint64][]byte // by offset: the pages that differ
	ends           int
	read, returned int
}

// open maps the module.
func (f *file) open(module mach.Name) mach.Return {
	if f.size == 0 {
		return mach.InvalidArgument
	}
	pages := mach.Pages(f.size).Bytes()
	at, ret := libmach.VMMap(f.client.Task(), libmach.Map{
		Size: pages, Anywhere: true, Object: module, Cur: mach.ProtRead, Max: mach.ProtRead, Inherit: mach.InheritNone,
	})
	if ret == mach.Success {
		f.module = libmach.Memory(at, pages)
	}
	return ret
}

func (f *file) serve(port mach.Name) mach.Return {
	buf := libmach.NewBuffer(512)
	for f.ends > 0 {
		m, ret := libmach.Receive(buf, port, 0, 0)
		if ret != mach.Success {
			return ret
		}
		f.client.MemoryObjectServer(m, f) // a message that is none of the kernel's is nothing to us
	}
	return mach.Success
}

// page is the page at offset as it is now.
func (f *file) page(offset uint64) []byte {
	if page, ok := f.written[offset]; ok {
		return page
	}
	return f.module[offset : offset+mach.PageSize]
}

// checksum is that of the whole file.
func (f *file) checksum() uint32 {
	sum := uint32(0)
	for offset := uint64(0); offset < f.size; offset += mach.PageSize {
		sum = crc32.Update(sum, crc32.IEEETable, f.page(offset)[:min(mach.PageSize, f.size-offset)])
	}
	return sum
}

// Init implements libmach.MemoryManager. Only the kernel changes pages, so it may copy them when they are written.
func (f *file) Init(_, control, _ mach.Name) {
	f.client.MemoryObjectReady(control, false, mach.CopyDelay)
}

// DataRequest implements libmach.MemoryManager.
func (f *file) DataRequest(_, control mach.Name, offset, length uint64, _ mach.Prot) {
	if offset >= uint64(len(f.module)) {
		f.client.MemoryObjectDataError(control, offset, length, mach.InvalidAddress)
		return
	}
	f.read++
	f.client.MemoryObjectAnswer(control, libmach.Supply{Offset: offset, Data: f.page(offset)})
}

// DataUnlock implements libmach.MemoryManager. Nothing is ever locked here.
func (f *file) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

// DataReturn implements libmach.MemoryManager: somebody wrote to the file.
func (f *file) DataReturn(_, _ mach.Name, offset uint64, data []byte, _, _ bool) {
	for ; len(data) != 0 && offset < uint64(len(f.module)); offset, data = offset+mach.PageSize, data[mach.PageSize:] {
		f.returned++
		f.written[offset] = append([]byte(nil), data[:mach.PageSize]...)
	}
}

// Terminate implements libmach.MemoryManager.
func (f *file) Terminate(_, _ mach.Name) { f.ends-- }
