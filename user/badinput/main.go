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
	"runtime/debug"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/trial"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	pager := args.SendRight("pager", "the default memory manager's port")
	host := args.SendRight("host", "the host's privileged port")
	file := args.SendRight("file", "a read-only memory object")
	args.Parse()
	t := &tester{Tester: trial.New("badinput"), pager: *pager, host: *host, file: *file, reply: libmach.ReplyPort(), buf: libmach.NewBuffer(8192)}
	t.Quiet = true
	t.all()
	t.Begin()
	before := t.Free()
	t.all()
	t.Check("no frame is lost", t.AwaitFrames(before), mach.Success)
	t.End()
}

// tester makes the checks.
type tester struct {
	*trial.Tester
	pager, host, file mach.Name
	reply             mach.Name      // receive right, for raw requests
	buf               libmach.Buffer // for raw messages
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

// unusedName is a name that denotes nothing: no table of names here grows so long.
func (t *tester) unusedName() mach.Name { return 0x1_2345 }

// memory allocates pages, touched and zero.
func (t *tester) memory(pages uint64) (mach.VirtAddr, []byte) {
	at, ret := libmach.VMAllocate(t.Task, 0, pages*mach.PageSize, true)
	t.Must("vm_allocate", ret)
	b := libmach.Memory(at, pages*mach.PageSize)
	clear(b)
	return at, b
}

func (t *tester) deallocate(at mach.VirtAddr, pages uint64) {
	t.Must("vm_deallocate", libmach.VMDeallocate(t.Task, at, pages*mach.PageSize))
}
