// Command pagerclient makes every call of the default pager, and gets every code that it answers. Then it is a default memory manager itself, in
// place of the kernel's, and dies as one.
//
//	pagerclient --pager=PORT --host=PORT --device=PORT [--install]
//	pagerclient --pager=PORT --host=PORT --device=PORT --ask=PORT --kernel=PORT [--tasks=N] [--rounds=N]
//	pagerclient --pager=PORT --host=PORT --device=PORT --change=PORT --number=N [--disk=NAME]
//
// PORTs name send rights to the default memory manager's port, the host's privileged port, and the device master port. With --install the pager is one of
// ring 3, a defaultpager, which is made the default memory manager first and told to end at last.
//
// With --ask it asks for all lists of the pager again and again, while N tasks with --change, numbered from 0 on, make, change and end what is in them.
//
// Each check prints "ok NAME", or "FAIL NAME: got CODE want CODE". The last line is "pagerclient: N ok, M failed", and the exit status 1 if
// any failed. Nobody else may use the pager meanwhile.
package main

import (
	"encoding/binary"
	"flag"
	"runtime/debug"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

const page = mach.PageSize

var le = binary.LittleEndian

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	pager := args.SendRight("pager", "the default memory manager's port")
	host := args.SendRight("host", "the host's privileged port")
	device := args.SendRight("device", "the device master port")
	install := flag.Bool("install", false, "make the pager the default memory manager first")
	ask := args.ReceiveRight("ask", "a port where tasks with --change say hello")
	kernel := args.SendRight("kernel", "the kernel's own pager, with --ask")
	tasks := flag.Int("tasks", 3, "with --ask: how `many` tasks with --change there are")
	rounds := flag.Int("rounds", 400, "with --ask: how `many` lists to ask for")
	change := args.SendRight("change", "the port of the task with --ask")
	number := flag.Uint("number", 0, "`number` of the task with --change, from 0 on")
	disk := flag.String("disk", "vda", "`name` of the disk that tasks with --change use")
	args.Parse(pager, host, device)
	t := tester{
		Tester: trial.New("pagerclient"), buf: libmach.NewBuffer(4096),
		pager: *pager, host: *host, device: *device,
	}
	if *change != mach.NameNull {
		t.change(*change, byte(*number), *disk)
	}
	if *ask != mach.NameNull {
		args.Need(kernel)
		t.askLists(*ask, *kernel, *tasks, *rounds)
		t.End()
	}
	old := mach.NameNull
	if *install {
		var ret mach.Return
		old, ret = t.exchange(mach.IDVMSetDefaultManager, t.pager)
		t.Must("vm_set_default_memory_manager", ret)
	}
	for _, f := range []func(){t.create, t.info, t.objects, t.pages, t.sizes, t.overcommit, t.copies, t.storage, t.lives, t.forged, t.pretended, t.patience, t.invented, t.registration, t.substitute, t.demultiplexers, t.malformed, t.death} {
		f()
	}
	if *install {
		t.install(old)
	}
	t.End()
}

// tester makes checks and counts them.
type tester struct {
	*trial.Tester
	pager, host, device mach.Name
	buf                 libmach.Buffer // of messages that are received
}

// frames compares numbers of frames. Go's allocator takes a few for the lines that are printed.
func (t *tester) frames(name string, number func() uint64, want uint64) {
	got := number()
	t.soon(func() bool {
		got = number()
		return got+4 >= want && got <= want+4
	})
	if got+4 >= want && got <= want+4 {
		got = want
	}
	t.Is(name, got, want)
}

// soon waits until f, or for a second at most: a pager in ring 3 gets notifications when it comes to that.
func (t *tester) soon(f func() bool) {
	for range 1000 {
		if f() {
			return
		}
		t.Client.Sleep(1)
	}
}

// gone waits until the pager has no objects.
func (t *tester) gone() {
	t.soon(func() bool {
		numbers, ports, _, _ := t.list(128, 256)
		t.Drop(ports...)
		return len(numbers) == 0
	})
}

// noSenders waits until nobody has a send right to a port.
func (t *tester) noSenders(port mach.Name) bool {
	var status libmach.PortStatus
	t.soon(func() (over bool) {
		var ret mach.Return
		status, ret = t.Client.PortGetReceiveStatus(t.Task, port)
		t.Must("mach_port_get_receive_status", ret)
		return !status.SendRights
	})
	return !status.SendRights
}

// install hands back to the kernel's pager, and has the other one end.
func (t *tester) install(kernel mach.Name) {
	_, ret := t.exchange(mach.IDVMSetDefaultManager, kernel)
	t.Must("vm_set_default_memory_manager", ret)
	w := mig.NewWriter(t.buf)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), t.pager, mach.NameNull, 2), 0, 0))
}

// object makes an object.
func (t *tester) object(size uint64) mach.Name {
	name, ret := wire.DefaultPagerObjectCreate(t.Client, t.pager, size)
	t.Must("default_pager_object_create", ret)
	return name
}

// write writes b to the first byte of some memory.
func write(at mach.VirtAddr, b byte) { libmach.Memory(at, 1)[0] = b }

// sum adds up the bytes of some memory.
func sum(at mach.VirtAddr, size uint64) (n uint64) {
	for _, b := range libmach.Memory(at, size) {
		n += uint64(b)
	}
	return n
}

// words are the 64-bit numbers of an array, which is deallocated if it lies outside the message.
func (t *tester) words(a mig.Array, each uint32) (list []uint64) {
	data := a.Data
	if a.OutOfLine() {
		data = libmach.Memory(mach.VirtAddr(a.Pointer), uint64(8*each*a.Count))
	}
	for i := 0; i < len(data); i += 8 {
		list = append(list, le.Uint64(data[i:]))
	}
	if a.OutOfLine() {
		t.Unmap(mach.VirtAddr(a.Pointer), uint64(len(data)))
	}
	return list
}

// names are those of an array of rights: 8 bytes each in a message, 4 outside.
func (t *tester) names(a mig.Array) (list []mach.Name) {
	if !a.OutOfLine() {
		for i := range a.Count {
			list = append(list, mach.Name(le.Uint64(a.Data[8*i:])))
		}
		return list
	}
	data := libmach.Memory(mach.VirtAddr(a.Pointer), uint64(4*a.Count))
	for i := range a.Count {
		list = append(list, mach.Name(le.Uint32(data[4*i:])))
	}
	t.Unmap(mach.VirtAddr(a.Pointer), uint64(len(data)))
	return list
}

// receive gets a message that must have come already.
func (t *tester) receive(from mach.Name) (libmach.Message, mach.Return) {
	return libmach.Receive(t.buf, from, mach.OptRcvTimeout, 0)
}

// free is how many pages the pager could still promise.
func (t *tester) free() uint64 {
	info, ret := wire.DefaultPagerInfo(t.Client, t.pager)
	t.Must("default_pager_info", ret)
	return info.DpiFreeSpace / page
}
