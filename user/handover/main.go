// Command handover replaces the default memory manager by one of ring 3 and hands back, while memory is short: it works on more memory than the machine
// has, and on objects of both managers, and looks whether anything is lost.
//
//	handover --host=PORT --to=PORT [--devices=PORT] [--disks=NAME,NAME] [--size=MIB] [--over=MIB] [--rounds=N] [--kill=early|late] [--starve] [--plain]
//
// The ports are send rights to the host's privileged port and to the port of the other manager, a defaultpager; and to its device master port, by which it is
// given paging storage, and that is taken away. With --over it makes an overcommitted object of that size, of which every page is noise. With --plain the other manager makes no objects for clients. Each check prints a line "ok"
// or "FAIL"; the last line is "handover: N ok, M failed".
package main

import (
	"flag"
	"fmt"
	"runtime/debug"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

const page = mach.PageSize

func main() {
	debug.SetGCPercent(-1)
	host := args.SendRight("host", "the host's privileged port")
	to := args.SendRight("to", "the other manager's port")
	devices := args.SendRight("devices", "the other manager's device master port")
	size := flag.Uint64("size", 96, "memory to work on, in `MIB`")
	plain := flag.Bool("plain", false, "the other manager makes no objects")
	disks := flag.String("disks", "ram0,ram1", "`names` of two disks that the other manager has")
	over := flag.Uint64("over", 0, "size of an overcommitted object, in `MIB`")
	rounds := flag.Int("rounds", 1, "`how` often to hand over and back")
	kill := flag.String("kill", "", "at last end the other manager's task while it has pages: `early`, when the kernel's takes its place after that, or late")
	starve := flag.Bool("starve", false, "at last leave the kernel no memory for what the other manager sends")
	args.Parse(host, to)
	t := &tester{Tester: trial.New("handover"), plain: *plain, host: *host, to: *to, devices: *devices, over: *over << 20}
	if *kill != "" || *starve { // what the manager had of the program itself would be lost, too
		t.Holds("the program is wired", t.Client.WireProgram(t.host, 4<<20) == nil)
	}
	t.whole, t.part, _ = strings.Cut(*disks, ",")
	t.memory, t.versions = libmach.Memory(t.Pages(*size<<20/page), *size<<20), make([]byte, *size<<20/page)
	for n := range t.versions {
		t.write(n)
		t.progress(n, "written")
	}
	kernel := t.exchange(mach.NameNull)
	before := t.object(kernel, 50)
	for range *rounds {
		t.round(kernel, before)
	}
	t.same("an object of the kernel's pager, from before", before)
	t.end(before)
	if *kill != "" {
		t.kill(kernel, *kill == "late")
		t.End()
		return
	}
	if *starve { // --over is how much memory makes pages go to the other manager
		t.starve(kernel)
	}
	w := mig.NewWriter(libmach.NewBuffer(64))
	t.Must("the other manager ends", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), t.to, mach.NameNull, 2), 0, 0))
	t.End()
}

// round hands over to the other manager and back.
func (t *tester) round(kernel mach.Name, before *mapped) {
	old := t.exchange(t.to)
	t.Is("the manager before", uint64(old), uint64(kernel))
	now := t.exchange(mach.NameNull)
	t.Is("the manager", uint64(now), uint64(t.to))
	if t.devices != mach.NameNull {
		t.addStorage()
	}
	t.Is("pages of what was written before that are not as they were", t.wrong(3), 0)
	t.same("an object of the kernel's pager", before)
	returned, _ := t.stats()
	t.Holds("pages went to the manager of ring 3", returned > 100)

	if !t.plain {
		t.theirObject(now)
		t.overcommitted(now)
	}
	if t.devices != mach.NameNull {
		t.removeStorage()
	}

	old = t.exchange(kernel)
	t.Is("the manager of ring 3 gives way", uint64(old), uint64(t.to))
	t.Is("pages that it had and are not as they were", t.wrong(1), 0)
	if t.devices != mach.NameNull {
		t.Must("default_pager_paging_storage_new, remove", wire.DefaultPagerPagingStorageNew(t.Client, t.to, mach.NameNull, mig.Array{}, []byte("runs"), false))
	}
	after := t.object(kernel, 20)
	t.same("an object of the kernel's pager, from after", after)
	t.end(after)
}

// theirObject makes an object of the other manager, and sees what it is good for.
func (t *tester) theirObject(now mach.Name) {
	during := t.object(now, 70)
	t.same("an object of the manager of ring 3", during)
	other := t.mapAgain(during)
	during.memory[5*page+1] = 77
	t.Is("another mapping of it shows what is written", uint64(other[5*page+1]), 77)
	t.unmap(other)
	t.Must("set_size to 10 pages and a bit", wire.DefaultPagerObjectSetSize(t.Client, during.object, 10*page+100))
	t.Is("what is within", uint64(during.memory[5*page+1]), 77)
	t.Must("set_size to 30 pages", wire.DefaultPagerObjectSetSize(t.Client, during.object, 30*page))
	t.Is("what was within the page of the limit", uint64(during.memory[10*page+99]), uint64(pattern(10*page+99)))
	t.Is("what was behind it", uint64(during.memory[10*page+100])+uint64(during.memory[20*page+7]), 0)
	_, _, code := t.Client.VMRead(t.Task, libmach.Address(during.memory[40*page:]), 1)
	t.Check("behind the limit", code, mach.MemoryError)
	t.unmap(during.memory)
	again := t.mapAgain(during)
	t.Is("it outlives its last mapping", uint64(again[5*page+1]), 77)
	t.unmap(again)
	_, live := t.stats()
	t.Must("mach_port_deallocate", libmach.PortDeallocate(t.Task, during.object))
	_, left := t.stats()
	for range 1000 { // it is told by a notification
		if left < live {
			break
		}
		t.Client.Sleep(1)
		_, left = t.stats()
	}
	t.Is("and ends with its last right", live-left, 1)
}

type tester struct {
	*trial.Tester
	plain       bool      // the other manager makes no objects
	host, to    mach.Name // the host's privileged port, and the other manager's
	devices     mach.Name // the other manager's, or null
	whole, part string    // disks, which become paging storage as a whole and in part
	over        uint64    // bytes of an overcommitted object
	memory      []byte
	versions    []byte // of each page of memory
}

// exchange sets the default memory manager, or asks for it.
func (t *tester) exchange(manager mach.Name) mach.Name {
	old, code := t.Client.DefaultManager(t.host, manager)
	t.Must("vm_set_default_memory_manager", code)
	return old
}

// stats are the pages that the other manager was given, and its objects.
func (t *tester) stats() (returned, objects uint64) {
	t.Client.Request()
	r, code := t.Client.Call(t.to, 1)
	t.Must("asking the other manager", code)
	returned, _ = r.Uint64(), r.Uint64()
	return returned, r.Uint64()
}

// line is what a page says.
func (t *tester) line(n int) string {
	return fmt.Sprintf("page %d, version %d of what is handed over\n", n, t.versions[n])
}

func (t *tester) write(n int) {
	line := t.line(n)
	for p := t.memory[n*page : (n+1)*page]; len(p) != 0; {
		p = p[copy(p, line):]
	}
}

// progress says at each quarter of the pages that it has come so far: a slow machine is silent for long else.
func (t *tester) progress(n int, done string) {
	if all := len(t.versions); (n+1)%(all/4) == 0 {
		fmt.Printf("handover: %d of %d pages are %s\n", n+1, all, done)
	}
}

// wrong counts the pages that are not what was written, and writes one of so many anew.
func (t *tester) wrong(every int) (n uint64) {
	step := 7919
	for i := range t.versions {
		at := i * step % len(t.versions)
		line := t.line(at)
		if p := t.memory[at*page : (at+1)*page]; string(p[:len(line)]) != line || p[page-1] != line[(page-1)%len(line)] {
			n++
		}
		if i%every == 0 {
			t.versions[at]++
			t.write(at)
		}
		t.progress(i, "looked at")
	}
	return n
}

// mapped is an object and where it is mapped.
type mapped struct {
	object mach.Name
	memory []byte
}

func pattern(i int) byte { return byte(i>>12*31 + i*7) }

// object has a manager make an object of n pages, and fills it.
func (t *tester) object(manager mach.Name, n int) *mapped {
	name, code := wire.DefaultPagerObjectCreate(t.Client, manager, uint64(n)*page)
	t.Must("default_pager_object_create", code)
	m := &mapped{object: name, memory: make([]byte, n*page)}
	m.memory = t.mapAgain(m)
	for i := range m.memory {
		if m.memory[i] != 0 {
			t.Is("a new object's memory", uint64(m.memory[i]), 0)
		}
		m.memory[i] = pattern(i)
	}
	return m
}

func (t *tester) mapAgain(m *mapped) []byte {
	size := uint64(len(m.memory))
	return libmach.Memory(t.MustMap(m.object, size), size)
}

func (t *tester) unmap(memory []byte) { t.Unmap(libmach.Address(memory), uint64(len(memory))) }

func (t *tester) end(m *mapped) {
	t.unmap(m.memory)
	t.Must("mach_port_deallocate", libmach.PortDeallocate(t.Task, m.object))
}

// same checks an object's contents.
func (t *tester) same(name string, m *mapped) {
	wrong := uint64(0)
	for i, b := range m.memory {
		if b != pattern(i) {
			wrong++
		}
	}
	t.Is(name+": bytes that are not as they were", wrong, 0)
}
