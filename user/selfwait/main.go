// Command selfwait sees that a default memory manager in ring 3 never waits for itself: it stops the manager, sends it memory out of line, has page-out
// take what it can get, and lets the manager go on, who must find that memory in its frames.
//
//	selfwait --host=PORT --to=PORT --devices=PORT
//
// The ports are send rights to the host's privileged port, to the port of a defaultpager, and to its device master port. The manager's must be the only other
// task. Each check prints a line "ok" or "FAIL"; the last line is "selfwait: N ok, M failed".
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

const page = mach.PageSize

type program struct {
	*trial.Tester
	c                 *libmach.Client
	host, to, devices mach.Name
	manager           mach.Name // the manager's task
	memory            [][]byte
	buf               libmach.Buffer
}

func main() {
	debug.SetGCPercent(-1)
	host := args.SendRight("host", "the host's privileged port")
	to := args.SendRight("to", "the manager's port")
	devices := args.SendRight("devices", "the manager's device master port")
	args.Parse(host, to, devices)
	t := trial.New("selfwait")
	p := &program{Tester: t, c: t.Client, host: *host, to: *to, devices: *devices, buf: libmach.NewBuffer(8192)}
	p.run()
	t.End()
}

func (p *program) run() {
	p.manager = p.otherTask()
	disk, code := wire.DeviceOpen(p.c, p.devices, 0, []byte("ram0"))
	p.Check("device_open", code, mach.Success)
	if err := p.c.WireProgram(p.host, 2<<20); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	p.fill(1400) // nearly all of the memory
	kernel := p.exchange(p.to)
	object, code := wire.DefaultPagerObjectCreate(p.c, p.to, 60*page)
	p.Check("default_pager_object_create", code, mach.Success)
	_, shared := p.Mapped(object, 60*page)
	mark(shared, 99)

	before := p.pageOuts()
	p.Check("task_suspend of the manager", p.c.TaskSuspend(p.manager), mach.Success)
	runs := p.runs()
	storage := p.post("runs of a disk, out of line", func(w *mig.Writer) {
		w.Port(mach.MsgCopySend, disk)
		w.OutOfLine(mach.MsgInteger64, 64, 400, uint64(libmach.Address(runs)), true)
		w.CString(0x1002000080c, 256, []byte("runs"))
		w.Bool(true)
	})
	big := p.Pages(3 << 20 / page)
	send := func() mach.Return { return p.oneWay(libmach.Memory(big, 3<<20)) }
	p.Check("3 MiB on their way to the manager", send(), mach.Success)
	p.Check("3 MiB more, which are too much", send(), mach.SendNoBuffer)
	p.Check("20 MiB, which always are", p.oneWay(libmach.Memory(p.Pages(20<<20/page), 20<<20)), mach.SendNoBuffer)
	p.press(func() bool { return p.pageOuts()-before >= 100 })
	p.Check("task_resume of the manager", p.c.TaskResume(p.manager), mach.Success)

	m, code := libmach.Receive(p.buf, storage, mach.OptRcvTimeout, 30_000)
	if code != mach.Success {
		p.Check("the manager's answer", code, mach.Success)
		p.End() // it waits for itself
	}
	r := m.Reader()
	p.Check("the manager read what was sent to it", r.RetCode(), mach.Success)
	again := send()
	for tries := 0; again == mach.SendNoBuffer && tries < 1000; tries++ { // memory is short
		p.c.Sleep(1)
		again = send()
	}
	p.Check("3 MiB again, when it has received those", again, mach.Success)
	p.look(shared, 99)
	for i, part := range p.memory {
		p.look(part, i)
	}
	p.squeeze()
	p.exchange(kernel)
	for i, part := range p.memory {
		p.look(part, i)
	}
	p.Check("the contents are those that were written", mach.Success, mach.Success)
	w := mig.NewWriter(p.buf)
	p.Check("the manager ends", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), p.to, mach.NameNull, 2), 0, 0), mach.Success)
}

// otherTask is the one task beside this one.
func (p *program) otherTask() mach.Name {
	name, code := wire.ProcessorSetDefault(p.c, libmach.HostSelf())
	p.Must("processor_set_default", code)
	set, code := wire.HostProcessorSetPriv(p.c, p.host, name)
	p.Must("host_processor_set_priv", code)
	list, code := wire.ProcessorSetTasks(p.c, set)
	p.Must("processor_set_tasks", code)
	other := mach.NameNull
	for b := libmach.Memory(mach.VirtAddr(list.Pointer), uint64(list.Count)*4); len(b) != 0; b = b[4:] {
		if n := mach.Name(binary.LittleEndian.Uint32(b)); n != p.Task {
			other = n
		}
	}
	p.Holds("there are two tasks", list.Count == 2 && other != mach.NameNull)
	return other
}

// exchange sets the default memory manager and answers the one before.
func (p *program) exchange(manager mach.Name) mach.Name {
	old, code := p.c.DefaultManager(p.host, manager)
	p.Check("vm_set_default_memory_manager", code, mach.Success)
	return old
}

// runs are 200 runs of one block, in memory of their own.
func (p *program) runs() []byte {
	b := libmach.Memory(p.Pages(1), page)
	for i := range 200 {
		binary.LittleEndian.PutUint64(b[16*i:], uint64(2*i))
		binary.LittleEndian.PutUint64(b[16*i+8:], 1)
	}
	return b
}

// post sends a default_pager_paging_storage_new and names the port where the answer will come.
func (p *program) post(what string, body func(w *mig.Writer)) mach.Name {
	reply := libmach.ReplyPort()
	w := mig.NewWriter(p.buf)
	body(&w)
	m := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|mach.Complex, p.to, reply, mach.IDDefaultPagerStorage)
	p.Check(what, libmach.Send(m, mach.OptSendTimeout, 0), mach.Success)
	return reply
}

// oneWay sends memory to the manager, who does not want it.
func (p *program) oneWay(memory []byte) mach.Return {
	w := mig.NewWriter(p.buf)
	w.OutOfLine(mach.MsgByte, 8, uint32(len(memory)), uint64(libmach.Address(memory)), false)
	return libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, p.to, mach.NameNull, 4711), mach.OptSendTimeout, 0)
}

func (p *program) statistics() libmach.Statistics {
	s, code := p.c.VMStatistics(p.Task)
	p.Must("vm_statistics", code)
	return s
}

func (p *program) pageOuts() uint32 { return p.statistics().Pageouts }

// fill writes to more and more memory until no more than left pages are free.
func (p *program) fill(left uint32) {
	const step = 16
	var part []byte
	for used := 0; ; used += step * page {
		if used == len(part) {
			if part != nil {
				p.memory = append(p.memory, part)
			}
			part, used = libmach.Memory(p.Pages(1024), 1024*page), 0
		}
		if p.statistics().Free <= left {
			p.memory = append(p.memory, part[:used])
			return
		}
		mark(part[used:used+step*page], len(p.memory))
	}
}

// press takes frames until there is enough pressure. What it takes is wired: it must not be asked back while the manager stands still.
func (p *program) press(enough func() bool) {
	const step = 16 * page
	at := p.Pages(4096)
	for n := uint64(0); !enough(); n += step {
		if code := p.c.VMWire(p.host, p.Task, at+mach.VirtAddr(n), step, mach.ProtDefault); code != mach.Success || n == 255*step {
			p.Check("vm_wire", code, mach.Success)
			p.End()
		}
	}
	p.Check("pages are on their way to the manager", mach.Success, mach.Success)
}

// squeeze wires nearly all frames, so that each page that is looked at takes the frame of another and the manager has none but those that are set aside for it.
func (p *program) squeeze() {
	pages := 0
	for _, part := range p.memory {
		pages += len(part) / page
	}
	const step = 16
	at := p.Pages(uint64(pages) + 1024)
	wired, tries := 0, 0
	for wired+step <= pages+1024 && tries < 10 {
		if code := p.c.VMWire(p.host, p.Task, at+mach.VirtAddr(wired*page), step*page, mach.ProtDefault); code == mach.Success {
			wired, tries = wired+step, 0
			continue
		}
		tries++
		p.c.Sleep(1) // page-out makes room
	}
	fmt.Printf("%d of %d pages are wired, %d free\n", wired, pages, p.statistics().Free)
	p.Holds("hardly a frame is left", wired > pages*9/10)
	for n := 0; n < pages; n += 37 {
		if n%(37*32) == 0 {
			fmt.Printf("selfwait: %d of %d pages are looked at\n", n, pages) // a slow machine takes minutes
		}
		i := n / 1024
		if b := p.memory[i]; n%1024 < len(b)/page {
			p.look(b[n%1024*page:][:page], i)
		}
	}
	p.busy()
	p.Check("vm_deallocate", libmach.VMDeallocate(p.Task, at, uint64(pages+1024)*page), mach.Success)
}

// busy has the manager answer so many calls that its collector must run: for what they take of its heap there are no frames but those that it took at its start.
func (p *program) busy() {
	unanswered := uint64(0)
	for n := range 4000 {
		if n%1000 == 0 {
			fmt.Printf("selfwait: %d of 4000 calls are made\n", n)
		}
		if _, _, _, code := wire.DefaultPagerStorageInfo(p.c, p.to); code != mach.Success {
			unanswered++
		}
	}
	p.Is("calls that the manager does not answer while hardly a frame is left", unanswered, 0)
}

// mark writes to each page what look finds there. The pages' offsets in their part do not count.
func mark(b []byte, part int) {
	for ; len(b) != 0; b = b[page:] {
		binary.LittleEndian.PutUint64(b, uint64(part)*0x0101010101010101+1)
		binary.LittleEndian.PutUint64(b[page/2:], uint64(libmach.Address(b)))
	}
}

func (p *program) look(b []byte, part int) {
	for ; len(b) != 0; b = b[page:] {
		if binary.LittleEndian.Uint64(b) != uint64(part)*0x0101010101010101+1 || binary.LittleEndian.Uint64(b[page/2:]) != uint64(libmach.Address(b)) {
			p.Holds("a page holds what was written", false)
			return
		}
	}
}
