// Command badinput tells the kernel and the default pager everything that is wrong, and compares what they answer.
//
//	badinput --pager=PORT --host=PORT [--file=PORT]
//
// PORTs are names of send rights: to the default memory manager's port, the host's privileged port, and the read-only memory
// object of a boot module. Without one of them the checks that need it are left out.
//
// Each check prints "ok NAME", or "FAIL NAME: got CODE want CODE". All checks are made twice, the first time in silence: then
// the program has touched all the memory it needs, and the second time no frame may be lost. The last line is "badinput: N ok,
// M failed", and the exit status 1 if any failed.
package main

import (
	"flag"
	"os"
	"runtime/debug"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/text"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	port := func(name, usage string) *uint { return flag.Uint(name, 0, "`name` of a send right to "+usage) }
	pager := port("pager", "the default memory manager's port")
	host := port("host", "the host's privileged port")
	file := port("file", "a read-only memory object")
	flag.Parse()
	t := newTester(mach.Name(*pager), mach.Name(*host), mach.Name(*file))
	t.quiet = true
	t.all()
	t.ok, t.failed, t.quiet = 0, 0, false
	before := t.free()
	t.all()
	t.check("no frame is lost", t.awaitFrames(before), mach.Success)
	t.line.Text("badinput: ").Number(t.ok).Text(" ok, ").Number(t.failed).Text(" failed").Print(false)
	if t.failed != 0 {
		os.Exit(1)
	}
}

// tester makes checks and counts them.
type tester struct {
	client            *libmach.Client
	task, pager, host mach.Name
	file              mach.Name
	reply             mach.Name      // receive right, for raw requests
	buf               libmach.Buffer // for raw messages
	line              text.Line
	quiet             bool // a rehearsal
	ok, failed        uint64
}

func newTester(pager, host, file mach.Name) *tester {
	c := libmach.NewClient()
	return &tester{
		client: c, task: c.Task(), pager: pager, host: host, file: file, reply: libmach.ReplyPort(), buf: libmach.NewBuffer(8192),
		line: text.New(),
	}
}

// all makes every check.
func (t *tester) all() {
	t.objects()
	t.requests()
	t.headers()
	t.bodies()
	t.buffers()
	t.receives()
	t.maps()
	t.ranges()
	t.ports()
	t.traps()
}

// check compares the code of a call with the one that it must have.
func (t *tester) check(name string, got, want mach.Return) { t.checkIn("", name, got, want) }

// checkIn is check with a name of two parts.
func (t *tester) checkIn(in, name string, got, want mach.Return) {
	if got == want {
		t.ok++
		t.line.Text("ok ").Text(in).Text(name).Print(t.quiet)
		return
	}
	t.failed++
	t.line.Text("FAIL ").Text(in).Text(name).Text(": got ").Text(got.String()).Text(" want ").Text(want.String()).Print(t.quiet)
}

// holds checks what is not a return code.
func (t *tester) holds(name string, ok bool) {
	if ok {
		t.check(name, mach.Success, mach.Success)
	} else {
		t.check(name, mach.Failure, mach.Success)
	}
}

// must is for what the checks build upon.
func (t *tester) must(name string, got mach.Return) {
	if got != mach.Success {
		t.check(name, got, mach.Success)
	}
}

func (t *tester) free() uint32 {
	s, ret := t.client.VMStatistics(t.task)
	t.must("vm_statistics", ret)
	return s.Free
}

func (t *tester) awaitFrames(before uint32) mach.Return {
	const attempts, pause = 100, 20 // ms
	var after uint32
	for range attempts {
		if after = t.free(); after == before {
			return mach.Success
		}
		t.client.Sleep(pause)
	}
	t.line.Text("frames before ").Number(uint64(before)).Text(", after ").Number(uint64(after)).Print(t.quiet)
	return mach.Failure
}

// request begins a raw request.
func (t *tester) request() mig.Writer { return mig.NewWriter(t.buf) }

// ask sends what was written and answers the code of the reply, or of the exchange of messages.
func (t *tester) ask(w *mig.Writer, to mach.Name, id mach.MsgID, extra mach.HeaderBits) mach.Return {
	const patience = 2000 // ms
	msg := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|extra, to, t.reply, id)
	m, ret := libmach.RPC(t.buf, len(msg), t.reply, mach.OptRcvTimeout, patience)
	if ret != mach.Success {
		return ret
	}
	if m.ID() != id+mach.ReplyOffset {
		return mach.MIGReplyMismatch
	}
	r := mig.NewReplyReader(m.Body)
	code := r.RetCode()
	if r.Err() != mach.Success {
		return r.Err()
	}
	return code
}

// port makes a receive right with a send right of the same name.
func (t *tester) port() mach.Name {
	name, ret := libmach.PortAllocate(t.task, mach.RightReceive)
	t.must("mach_port_allocate", ret)
	t.must("mach_port_insert_right", t.client.PortInsertRight(t.task, name, name, mach.MsgMakeSend))
	return name
}

// destroy gives up all rights of a name.
func (t *tester) destroy(name mach.Name) {
	t.must("mach_port_destroy", t.client.PortDestroy(t.task, name))
}

// deadName makes a name whose port has died.
func (t *tester) deadName() mach.Name {
	name := t.port()
	t.must("mach_port_mod_refs", t.client.PortModRefs(t.task, name, mach.RightReceive, -1))
	return name
}

// unusedName is a name that denotes nothing: no table of names here grows so long.
func (t *tester) unusedName() mach.Name { return 0x1_2345 }

// memory allocates pages, touched and zero.
func (t *tester) memory(pages uint64) (mach.VirtAddr, []byte) {
	at, ret := libmach.VMAllocate(t.task, 0, pages*mach.PageSize, true)
	t.must("vm_allocate", ret)
	b := libmach.Memory(at, pages*mach.PageSize)
	clear(b)
	return at, b
}

func (t *tester) deallocate(at mach.VirtAddr, pages uint64) {
	t.must("vm_deallocate", libmach.VMDeallocate(t.task, at, pages*mach.PageSize))
}
