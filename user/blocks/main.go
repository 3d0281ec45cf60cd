// Command blocks uses the devices "console" and a disk, as a memory manager would that keeps its pages on disk: it writes records, reads them again, and
// asks for what cannot be.
//
//	blocks --device=PORT [--disk=NAME] [--pager=PORT]
//
// PORT names a send right to the device master port. With the default memory manager's port the disk becomes paging storage afterwards: then nobody
// else may read or write it.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	device := args.SendRight("device", "the device master port")
	disk := flag.String("disk", "vda", "the disk's `name`")
	pager := args.SendRight("pager", "the default memory manager's port; 0: the disk does not become paging storage")
	args.Parse(device)
	b := &blocks{client: libmach.NewClient(), master: *device}
	b.console()
	b.disk(*disk)
	if *pager != mach.NameNull {
		b.paging(*pager, *disk)
	}
	if b.failed != 0 {
		fmt.Printf("blocks: FAILED: %d of %d checks\n", b.failed, b.checks)
		os.Exit(1)
	}
	fmt.Printf("blocks: %d checks, all right\n", b.checks)
}

type blocks struct {
	client         *libmach.Client
	master, vda    mach.Name
	out            libmach.Buffer // what is written
	checks, failed int
}

// is notes a check.
func (b *blocks) is(what string, got, want any) {
	b.checks++
	if got != want {
		b.failed++
		fmt.Printf("blocks: %s: %v, not %v\n", what, got, want)
	}
}

func (b *blocks) open(name string) mach.Name {
	port, code := wire.DeviceOpen(b.client, b.master, 0, []byte(name))
	b.is("device_open "+name, code, mach.Success)
	return port
}

func (b *blocks) console() {
	_, code := wire.DeviceOpen(b.client, b.master, 0, []byte("cdrom"))
	b.is("a device that is not there", code, mach.DeviceNone)
	port := b.open("console")
	line := []byte("blocks: this line went to the console, inband\n")
	n, code := wire.DeviceWriteInband(b.client, port, 0, 0, mig.Array{Data: line, Count: uint32(len(line))})
	b.is("device_write_inband", code, mach.Success)
	b.is("bytes written", int(n), len(line))
	b.writeText(port, []byte("blocks: this one out of line\n"), 29)
	b.writeText(port, append(bytes.Repeat([]byte(" "), 4095), "\nno more than 4096 bytes are shown\n"...), 4096)
	n, code = wire.DeviceWrite(b.client, port, 0, 0, mig.Array{})
	b.is("nothing written", code, mach.Success)
	b.is("bytes of nothing", n, int32(0))
	_, code = wire.DeviceRead(b.client, port, 0, 0, 1)
	b.is("reading the console", code, mach.DeviceInvalidOperation)
	b.is("device_close", wire.DeviceClose(b.client, port), mach.Success)
}

func (b *blocks) writeText(port mach.Name, text []byte, want int32) {
	n, code := wire.DeviceWrite(b.client, port, 0, 0, b.array(text))
	b.is("device_write", code, mach.Success)
	b.is("bytes written", n, want)
}

// array is data as an out-of-line item: at an address that stays.
func (b *blocks) array(data []byte) mig.Array {
	b.out = libmach.NewBuffer(len(data))
	copy(b.out, data)
	return mig.Array{Pointer: uint64(libmach.Address(b.out)), Count: uint32(len(data))}
}

func (b *blocks) disk(name string) {
	const record, pages = 7, 50 // more than one transfer of the kernel's
	b.vda = b.open(name)
	data := libmach.NewBuffer(pages * mach.PageSize)
	for i := range len(data) / 8 {
		binary.LittleEndian.PutUint64(data[8*i:], uint64(i)*0x9e3779b97f4a7c15)
	}
	b.write("device_write", record, data, mach.Success, len(data))
	b.read("device_read", record, len(data), mach.Success, data)
	b.read("the first of them", record, mach.PageSize, mach.Success, data[:mach.PageSize])
	b.read("the last of them", record+pages-1, mach.PageSize, mach.Success, data[(pages-1)*mach.PageSize:])
	last := b.records() - 1
	b.write("the last record", last, data[:mach.PageSize], mach.Success, mach.PageSize)
	b.write("beyond the end", last, data[:2*mach.PageSize], mach.Success, mach.PageSize)
	b.read("beyond the end", last, 2*mach.PageSize, mach.Success, data[:mach.PageSize])
	b.read("more than a request may", 0, 1<<30, mach.Success, nil)
	b.read("no such record", last+1, mach.PageSize, mach.DeviceInvalidRecord, nil)
	b.read("no record at all", ^uint64(0), mach.PageSize, mach.DeviceInvalidRecord, nil)
	b.write("no such record", last+1, data[:mach.PageSize], mach.DeviceInvalidRecord, 0)
	for _, size := range []int{0, 1, mach.PageSize - 1, mach.PageSize + 1, -mach.PageSize} {
		b.read(fmt.Sprint(size, " bytes"), 0, size, mach.DeviceInvalidSize, nil)
		if size > 0 {
			b.write(fmt.Sprint(size, " bytes"), 0, data[:size], mach.DeviceInvalidSize, 0)
		}
	}
	task := b.client.Task()
	gone, code := libmach.VMAllocate(task, 0, mach.PageSize, true)
	b.is("vm_allocate", code, mach.Success)
	b.is("vm_deallocate", libmach.VMDeallocate(task, gone, mach.PageSize), mach.Success)
	_, code = wire.DeviceWrite(b.client, b.vda, 0, 0, mig.Array{Pointer: uint64(gone), Count: mach.PageSize})
	b.is("memory that is not there", code, mach.SendInvalidMemory)
	b.read("after all that", record, len(data), mach.Success, data)
}

// records is how many the disk has.
func (b *blocks) records() uint64 {
	const deviceRecords = 1
	status, code := wire.DeviceGetStatus(b.client, b.vda, deviceRecords, 2)
	b.is("device_get_status", code, mach.Success)
	if len(status.Data) < 8 {
		return 0
	}
	b.is("bytes of a record", binary.LittleEndian.Uint32(status.Data[4:]), uint32(mach.PageSize))
	return uint64(binary.LittleEndian.Uint32(status.Data))
}

func (b *blocks) write(what string, record uint64, data []byte, want mach.Return, bytes int) {
	n, code := wire.DeviceWrite(b.client, b.vda, 0, record, b.array(data))
	b.is(what+": device_write", code, want)
	b.is(what+": bytes written", int(n), bytes)
}

// read reads bytes and compares them with want, if that is not nil.
func (b *blocks) read(what string, record uint64, size int, code mach.Return, want []byte) {
	a, got := wire.DeviceRead(b.client, b.vda, 0, record, int32(size))
	b.is(what+": device_read", got, code)
	if got != mach.Success {
		return
	}
	memory := libmach.Memory(mach.VirtAddr(a.Pointer), uint64(a.Count))
	if want != nil {
		b.is(what+": the bytes read", bytes.Equal(memory, want), true)
	}
	b.is(what+": vm_deallocate", libmach.VMDeallocate(b.client.Task(), mach.VirtAddr(a.Pointer), uint64(a.Count)), mach.Success)
}

// paging makes the disk paging storage.
func (b *blocks) paging(pager mach.Name, name string) {
	b.is("default_pager_paging_file", wire.DefaultPagerPagingFile(b.client, pager, b.master, []byte(name), true), mach.Success)
	b.read("a disk in use", 0, mach.PageSize, mach.DeviceAlreadyOpen, nil)
	b.write("a disk in use", 0, make([]byte, mach.PageSize), mach.DeviceAlreadyOpen, 0)
}
