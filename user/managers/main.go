// Command managers tries memory managers of ring 3: those of the examples as their client, and the kernel's side of the protocol as a
// manager that says every wrong word, keeps silent, and dies.
//
//	managers --file=PORT --size=BYTES --squares=PORT --log=PORT --track=PORT --questions=PORT [--sweep=BYTES]
//
// PORTs name send rights to the memory objects of filepager (of a file of so many BYTES), computepager, logpager and trackpager, and to
// trackpager's port for questions. Without one of them its checks are left out. With --sweep it only goes through so many bytes of
// computepager's object and of filepager's, which it writes: more than there is memory for.
//
// Each check prints "ok NAME", or "FAIL NAME: got CODE want CODE". The last line is "managers: N ok, M failed", and the exit status 1 if
// any failed.
package main

import (
	"flag"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/libmach"
)

func main() {
	port := func(name, usage string) *uint { return flag.Uint(name, 0, "`name` of a send right to "+usage) }
	file := port("file", "filepager's memory object")
	size := flag.Uint64("size", 0, "the file's size in `bytes`")
	squares := port("squares", "computepager's memory object")
	log := port("log", "logpager's memory object")
	track := port("track", "trackpager's memory object")
	questions := port("questions", "trackpager's port for questions")
	sweep := flag.Uint64("sweep", 0, "go through so many `bytes`")
	flag.Parse()
	c := libmach.NewClient()
	t := tester{client: c, task: c.Task(), buf: libmach.NewBuffer(4096)}
	if *sweep != 0 {
		t.sweep(mach.Name(*squares), mach.Name(*file), *sweep)
		t.end()
	}
	for _, x := range []struct {
		port  *uint
		check func(port mach.Name)
	}{
		{file, func(port mach.Name) { t.file(port, *size) }},
		{squares, t.squares},
		{log, t.log},
		{track, func(port mach.Name) { t.track(port, mach.Name(*questions)) }},
	} {
		if *x.port != 0 {
			x.check(mach.Name(*x.port))
		}
	}
	t.protocol()
	t.words()
	t.silence()
	t.deaths()
	t.end()
}

// end ends the program.
func (t *tester) end() {
	fmt.Printf("managers: %d ok, %d failed\n", t.ok, t.failed)
	if t.failed != 0 {
		os.Exit(1)
	}
	os.Exit(0)
}

// tester makes checks and counts them.
type tester struct {
	client     *libmach.Client
	task       mach.Name
	buf        libmach.Buffer // of messages that are received
	ok, failed int
}

// check compares the code of a call with the one that it must have.
func (t *tester) check(name string, got, want mach.Return) {
	if got == want {
		t.ok++
		fmt.Printf("ok %s\n", name)
		return
	}
	t.failed++
	fmt.Printf("FAIL %s: got %v want %v\n", name, got, want)
}

// holds checks what is not a return code.
func (t *tester) holds(name string, ok bool) {
	got := mach.Success
	if !ok {
		got = mach.Failure
	}
	t.check(name, got, mach.Success)
}

// must is for what the checks build upon.
func (t *tester) must(name string, got mach.Return) {
	if got != mach.Success {
		t.check(name, got, mach.Success)
	}
}

// mapped maps size bytes of an object, to be read and written.
func (t *tester) mapped(object mach.Name, size uint64) (mach.VirtAddr, []byte) {
	at, ret := t.client.VMMap(t.task, libmach.Map{
		Size: size, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
	t.check("vm_map of a memory manager's port", ret, mach.Success)
	return at, libmach.Memory(at, size)
}

func (t *tester) unmap(at mach.VirtAddr, size uint64) {
	t.must("vm_deallocate", libmach.VMDeallocate(t.task, at, size))
}

// newPort makes a receive right with a send right of the same name.
func (t *tester) newPort() mach.Name {
	name, ret := libmach.PortAllocate(t.task, mach.RightReceive)
	t.must("mach_port_allocate", ret)
	t.must("mach_port_insert_right", t.client.PortInsertRight(t.task, name, name, mach.MsgMakeSend))
	return name
}

// write writes one byte by vm_write.
func (t *tester) write(task mach.Name, at mach.VirtAddr, b byte) mach.Return {
	data := []byte{b}
	return t.client.VMWrite(task, at, libmach.Address(data), 1)
}

// readable reads one byte by vm_read.
func (t *tester) readable(at mach.VirtAddr) mach.Return {
	data, size, ret := t.client.VMRead(t.task, at, 1)
	if ret == mach.Success {
		t.unmap(data, size)
	}
	return ret
}
