// Package trial is what programs share that try the kernel and compare its answers: checks that are counted and printed, threads of machine
// code that may wait for ever, and memory objects that the program itself manages.
package trial

import (
	"fmt"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/text"
	"defpager/user/libmach"
)

// Tester makes checks and counts them. It takes no memory after its creation, so that the machine's free frames can be counted.
type Tester struct {
	Client *libmach.Client
	Task   mach.Name
	Quiet  bool // a rehearsal: nothing is printed

	name       string
	buf, later libmach.Buffer // of messages that are received, of requests that are not waited for
	w          mig.Writer
	line       text.Line
	ok, failed uint64
	idle       *Object   // that were closed
	unanswered mach.Name // the right to answer an exception with
}

// New makes a tester of the program of that name.
func New(name string) *Tester {
	c := libmach.NewClient()
	t := &Tester{Client: c, Task: c.Task(), name: name, buf: libmach.NewBuffer(4096), later: libmach.NewBuffer(512), line: text.New()}
	t.w = mig.NewWriter(t.later)
	return t
}

// Say begins a line of the program's own.
func (t *Tester) Say() *text.Line { return t.line.Text(t.name).Text(": ") }

// Print ends a line that Say began.
func (t *Tester) Print() { t.line.Print(t.Quiet) }

// Begin forgets what was counted: what follows is no rehearsal.
func (t *Tester) Begin() { t.ok, t.failed, t.Quiet = 0, 0, false }

// End prints how many checks there were, and ends the program with exit status 1 if any failed.
func (t *Tester) End() {
	t.Say().Number(t.ok).Text(" ok, ").Number(t.failed).Text(" failed")
	t.Print()
	if t.failed != 0 {
		os.Exit(1)
	}
	os.Exit(0)
}

// Check compares the code of a call with the one that it must have.
func (t *Tester) Check(name string, got, want mach.Return) { t.CheckIn("", name, got, want) }

// CheckIn is Check with a name of two parts, which are put together without taking memory.
func (t *Tester) CheckIn(in, name string, got, want mach.Return) {
	if t.verdict(in, name, got == want); got != want {
		t.line.Text(": got ").Text(got.String()).Text(" want ").Text(want.String())
	}
	t.Print()
}

// Holds checks what is not a return code.
func (t *Tester) Holds(name string, ok bool) {
	got := mach.Success
	if !ok {
		got = mach.Failure
	}
	t.Check(name, got, mach.Success)
}

// Is checks a number.
func (t *Tester) Is(name string, got, want uint64) {
	if t.verdict("", name, got == want); got != want {
		t.line.Text(": got ").Number(got).Text(" want ").Number(want)
	}
	t.Print()
}

// Equal is Check of anything that can be compared. Where it differs it takes memory to say so.
func Equal[T comparable](t *Tester, name string, got, want T) {
	if t.verdict("", name, got == want); got != want {
		t.line.Text(fmt.Sprintf(": got %v want %v", got, want))
	}
	t.Print()
}

// verdict counts a check and begins its line.
func (t *Tester) verdict(in, name string, ok bool) {
	if ok {
		t.ok++
		t.line.Text("ok ").Text(in).Text(name)
	} else {
		t.failed++
		t.line.Text("FAIL ").Text(in).Text(name)
	}
}

// Must is for what the checks build upon.
func (t *Tester) Must(name string, got mach.Return) {
	if got != mach.Success {
		t.Check(name, got, mach.Success)
	}
}

// Map maps size bytes of an object from offset on, to be read and written.
func (t *Tester) Map(object mach.Name, offset, size uint64) (mach.VirtAddr, mach.Return) {
	return t.Client.VMMap(t.Task, libmach.Map{
		Size: size, Anywhere: true, Object: object, Offset: offset, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
}

// Mapped maps the first size bytes of an object, and that is a check.
func (t *Tester) Mapped(object mach.Name, size uint64) (mach.VirtAddr, []byte) {
	at, ret := t.Map(object, 0, size)
	t.Check("vm_map of a memory manager's port", ret, mach.Success)
	return at, libmach.Memory(at, size)
}

// MustMap maps the first size bytes of an object.
func (t *Tester) MustMap(object mach.Name, size uint64) mach.VirtAddr {
	at, ret := t.Map(object, 0, size)
	t.Must("vm_map", ret)
	return at
}

// Pages allocates pages of zeros.
func (t *Tester) Pages(n uint64) mach.VirtAddr {
	at, ret := libmach.VMAllocate(t.Task, 0, n*mach.PageSize, true)
	t.Must("vm_allocate", ret)
	return at
}

// Unmap unmaps a range.
func (t *Tester) Unmap(at mach.VirtAddr, size uint64) {
	t.Must("vm_deallocate", libmach.VMDeallocate(t.Task, at, size))
}

// NewPort makes a receive right with a send right of the same name.
func (t *Tester) NewPort() mach.Name {
	name, ret := libmach.PortAllocate(t.Task, mach.RightReceive)
	t.Must("mach_port_allocate", ret)
	t.Must("mach_port_insert_right", t.Client.PortInsertRight(t.Task, name, name, mach.MsgMakeSend))
	return name
}

// DeadName makes a name whose port has died.
func (t *Tester) DeadName() mach.Name {
	name := t.NewPort()
	t.Must("mach_port_mod_refs", t.Client.PortModRefs(t.Task, name, mach.RightReceive, -1))
	return name
}

// Destroy gives up all rights of a name.
func (t *Tester) Destroy(name mach.Name) {
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, name))
}

// Drop gives up one reference to each of some send rights and dead names.
func (t *Tester) Drop(names ...mach.Name) {
	for _, n := range names {
		t.Must("mach_port_deallocate", t.Client.PortDeallocate(t.Task, n))
	}
}

// Write writes one byte by vm_write.
func (t *Tester) Write(task mach.Name, at mach.VirtAddr, b byte) mach.Return {
	t.later[0] = b
	return t.Client.VMWrite(task, at, libmach.Address(t.later), 1)
}

// Peek reads one byte by vm_read.
func (t *Tester) Peek(task mach.Name, at mach.VirtAddr) (byte, mach.Return) {
	data, size, ret := t.Client.VMRead(task, at, 1)
	if ret != mach.Success {
		return 0, ret
	}
	b := libmach.Memory(data, 1)[0]
	t.Unmap(data, size)
	return b, ret
}

// Readable tells what vm_read of one byte of this task answers: that for which a touch would be an exception.
func (t *Tester) Readable(at mach.VirtAddr) mach.Return {
	_, ret := t.Peek(t.Task, at)
	return ret
}

// Receive waits for a message, but not for ever.
func (t *Tester) Receive(from mach.Name) (libmach.Message, mach.Return) {
	const patience = 2000 // ms
	return libmach.Receive(t.buf, from, mach.OptRcvTimeout, patience)
}

// Request is a request that was sent and may be answered later.
type Request struct {
	t     *Tester
	reply mach.Name
	id    mach.MsgID
}

// Send sends a request and does not wait for its answer. complex: its body has rights or memory.
func (t *Tester) Send(to mach.Name, id mach.MsgID, complex bool, body func(w *mig.Writer)) Request {
	r := Request{t, libmach.ReplyPort(), id}
	w := &t.w
	w.Reset()
	body(w)
	bits := mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)
	if complex {
		bits |= mach.Complex
	}
	t.Must("mach_msg", libmach.Send(w.SetHeader(bits, to, r.reply, id), 0, 0))
	return r
}

// Waits reports that there is no answer yet, nor for a while.
func (r Request) Waits() bool {
	const while = 50 // ms
	_, ret := libmach.Receive(r.t.buf, r.reply, mach.OptRcvTimeout, while)
	return ret == mach.RcvTimedOut
}

// Answer is the answer's code.
func (r Request) Answer() mach.Return {
	m, ret := r.t.Receive(r.reply)
	r.t.Destroy(r.reply)
	if ret != mach.Success {
		return ret
	}
	if m.ID() != r.id+mach.ReplyOffset {
		return mach.MIGReplyMismatch
	}
	reader := mig.NewReplyReader(m.Body)
	return reader.RetCode()
}

// Free is the number of the machine's free frames.
func (t *Tester) Free() uint32 {
	s, ret := t.Client.VMStatistics(t.Task)
	t.Must("vm_statistics", ret)
	return s.Free
}

// AwaitFrames waits until as many frames are free as there were before.
func (t *Tester) AwaitFrames(before uint32) mach.Return {
	const attempts, pause = 100, 20 // ms
	var after uint32
	for range attempts {
		if after = t.Free(); after == before {
			return mach.Success
		}
		t.Client.Sleep(pause)
	}
	t.Say().Text("frames before ").Number(uint64(before)).Text(", after ").Number(uint64(after))
	t.Print()
	return mach.Failure
}
