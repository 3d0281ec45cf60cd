// Command layouts sends every request of GNU Mach's interface as the stubs of its MIG lay it out, byte by byte from table.txt, and compares every
// reply with what those stubs demand: header, size, each descriptor, and nothing behind the data. It shares no code with this system's mig, whose
// stubs would make the mistakes of its servers.
//
//	layouts --host=${host-port} --devices=${device-port} --pager=${default-pager-port}
//
// A request is also sent with one item too few, one too many, one of another type, and said to be simple when it is not; all that is
// MIG_BAD_ARGUMENTS and loses nothing. The last line is "layouts: N requests, all right", or the exit status is 1.
package main

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

//go:embed table.txt
var table string

func main() {
	debug.SetGCPercent(-1) // the collector would disturb the count of names
	host := args.SendRight("host", "the host's privileged port")
	devices := args.SendRight("devices", "the device master port")
	pager := args.SendRight("pager", "the default memory manager's port")
	args.Parse(host, devices, pager)
	rows, err := parse(table)
	if err != nil {
		fmt.Println("layouts:", err)
		os.Exit(1)
	}
	p := &program{task: libmach.TaskSelf(), reply: libmach.ReplyPort(), buf: libmach.NewBuffer(16 << 10), values: map[string]uint64{}}
	port := libmach.ReplyPort()
	word := libmach.NewBuffer(4096)
	if ret := libmach.PortInsertRight(p.task, port, port, mach.MsgMakeSend); ret != mach.Success {
		p.fail("port", "insert_right: %v", ret)
	}
	p.values = map[string]uint64{
		"task": uint64(p.task), "host": uint64(libmach.HostSelf()), "priv": uint64(*host), "devices": uint64(*devices), "pager": uint64(*pager), "port": uint64(port),
		"word": uint64(libmach.Address(word)),
	}
	for _, r := range rows {
		switch {
		case r.incoming:
			p.receive(&r)
		case r.oneWay:
			p.send(&r)
		default:
			if r.code == 0 {
				p.malformed(&r)
			}
			p.do(&r)
		}
	}
	if p.wrong != 0 {
		fmt.Printf("layouts: %d replies are wrong\n", p.wrong)
		os.Exit(1)
	}
	fmt.Printf("layouts: %d requests, all right\n", p.sent)
}

// program sends the requests of the table.
type program struct {
	task, reply mach.Name
	buf         libmach.Buffer
	values      map[string]uint64
	seqno       uint32 // replies
	sent, wrong int
}

func (p *program) fail(name, format string, args ...any) {
	p.wrong++
	fmt.Printf("FAIL %s: %s\n", name, fmt.Sprintf(format, args...))
}

var le = binary.LittleEndian

// Header bits of a request with a right to send to and a reply port of which a send-once right is made, and of a reply as it comes.
const (
	requestBits = 19 | 21<<8
	replyBits   = 18 << 8
	complexBit  = 1 << 31
)

// compose writes r's request into the buffer and returns its size. A bad item has another type.
func (p *program) compose(r *row, bad int) (size int, complex uint32) {
	b := p.buf[:32]
	clear(p.buf)
	for i := range r.request {
		it := &r.request[i]
		at := len(b)
		b = it.append(b, p.values)
		if i == bad {
			b[at] = 1 // INTEGER_16, which no routine takes
			if it.outOfLine || it.right {
				b[at] = 10 // REAL
			}
			continue
		}
		if it.right || it.outOfLine {
			complex = complexBit
		}
	}
	le.PutUint32(b[0:], requestBits|complex)
	le.PutUint64(b[8:], p.values[r.port])
	le.PutUint64(b[16:], uint64(p.reply))
	le.PutUint32(b[28:], uint32(r.id))
	return len(b), complex
}

// exchange sends the first size bytes of the buffer and receives the reply where they were, with room for so many bytes.
func (p *program) exchange(r *row, size, room int) bool {
	p.sent++
	p.seqno++
	ret := libmach.Msg(libmach.Address(p.buf), mach.OptSend|mach.OptRcv|mach.OptRcvTimeout, uint32(size), uint32(room), p.reply, 3000, 0)
	if ret != mach.Success {
		p.fail(r.name, "mach_msg: %v", ret)
		return false
	}
	h := p.buf
	if got := le.Uint32(h[0:]) &^ complexBit; got != replyBits {
		p.fail(r.name, "header bits %#x, want %#x", got, replyBits)
	}
	if got := le.Uint64(h[8:]); got != 0 {
		p.fail(r.name, "remote port %#x, want none", got)
	}
	if got := le.Uint64(h[16:]); got != uint64(p.reply) {
		p.fail(r.name, "local port %#x, want %#x", got, p.reply)
	}
	if got := le.Uint32(h[24:]); got != p.seqno-1 {
		p.fail(r.name, "sequence number %d, want %d", got, p.seqno-1)
	}
	if got := le.Uint32(h[28:]); got != uint32(r.id+100) {
		p.fail(r.name, "id %d, want %d", got, r.id+100)
		return false
	}
	if got := le.Uint64(h[32:]); got != 0x1_2000_2002 {
		p.fail(r.name, "descriptor of the return code %#x", got)
	}
	if le.Uint32(h[44:]) != 0 {
		p.fail(r.name, "behind the return code lies %#x", le.Uint32(h[44:]))
	}
	return true
}

// code is exchange, where the reply must be a code alone: a header, the code, and not complex.
func (p *program) code(r *row, what string, size int, want int32) {
	if !p.exchange(r, size, 48) {
		return
	}
	if got := int32(le.Uint32(p.buf[40:])); got != want {
		p.fail(r.name, "%s: %v, want %v", what, mach.Return(got), mach.Return(want))
	}
	if size, complex := le.Uint32(p.buf[4:]), le.Uint32(p.buf[0:])&complexBit; size != 48 || complex != 0 {
		p.fail(r.name, "%s: %d bytes, complex %#x", what, size, complex)
	}
}

// send sends a message that has no reply.
func (p *program) send(r *row) {
	size, complex := p.compose(r, -1)
	le.PutUint32(p.buf[0:], 19|complex)
	le.PutUint64(p.buf[16:], 0)
	p.sent++
	if ret := libmach.Msg(libmach.Address(p.buf), mach.OptSend, uint32(size), 0, 0, 0, 0); ret != mach.Success {
		p.fail(r.name, "mach_msg: %v", ret)
	}
}

// receive receives a message of the kernel's, with room for no more than it has.
func (p *program) receive(r *row) {
	p.sent++
	port := mach.Name(p.values[r.port])
	h := p.buf
	for {
		ret := libmach.Msg(libmach.Address(p.buf), mach.OptRcv|mach.OptRcvTimeout, 0, uint32(r.room()-16), port, 3000, 0)
		if ret != mach.Success {
			p.fail(r.name, "mach_msg: %v", ret)
			return
		}
		if id := mach.MsgID(le.Uint32(h[28:])); id != mach.NotifySendOnce || r.id == int(id) {
			break // else a malformed request's right came to its end unused
		}
	}
	if got := le.Uint32(h[28:]); got != uint32(r.id) {
		p.fail(r.name, "id %d, want %d", got, r.id)
		return
	}
	if got := le.Uint64(h[16:]); got != uint64(port) {
		p.fail(r.name, "local port %#x, want %#x", got, port)
	}
	p.values["remote"] = le.Uint64(h[8:])
	p.items(r, p.buf[32:le.Uint32(h[4:])])
}

// do sends r as it must be.
func (p *program) do(r *row) {
	size, _ := p.compose(r, -1)
	if r.code != 0 {
		p.code(r, "code", size, r.code)
		return
	}
	if !p.exchange(r, size, r.room()) {
		return
	}
	if got := mach.Return(le.Uint32(p.buf[40:])); got != mach.Success {
		p.fail(r.name, "%v", got)
		return
	}
	p.items(r, p.buf[48:le.Uint32(p.buf[4:])])
}

// items compares the items of a message with those that r has.
func (p *program) items(r *row, body []byte) {
	complex := false
	for i := range r.reply {
		it := &r.reply[i]
		rest, err := it.take(body, p.values)
		if err != nil {
			p.fail(r.name, "item %d: %v", i+1, err)
			return
		}
		complex = complex || it.right || it.outOfLine
		if it.outOfLine && it.address != 0 {
			p.free(r, it)
		}
		body = rest
	}
	if len(body) != 0 {
		p.fail(r.name, "%d bytes too many", len(body))
	}
	if got := le.Uint32(p.buf[0:])&complexBit != 0; got != complex {
		p.fail(r.name, "complex %v, want %v", got, complex)
	}
}

// free gives the memory of an out-of-line item up, when its first right has been kept.
func (p *program) free(r *row, it *item) {
	b := libmach.Memory(mach.VirtAddr(it.address), it.bytes)
	if it.keep != "" {
		p.values[it.keep] = uint64(le.Uint32(b))
	}
	if ret := libmach.VMDeallocate(p.task, mach.VirtAddr(it.address), it.bytes); ret != mach.Success {
		p.fail(r.name, "its memory: %v", ret)
	}
}

// malformed sends r in ways that no stub does.
func (p *program) malformed(r *row) {
	const badArguments = -304
	size, complex := p.compose(r, -1)
	if len(r.request) != 0 && !r.request[len(r.request)-1].right && !r.request[len(r.request)-1].outOfLine {
		p.code(r, "without the last item", size-r.request[len(r.request)-1].size, badArguments)
	}
	p.compose(r, -1)
	le.PutUint64(p.buf[size:], 0x1_2000_2002)
	p.code(r, "with one item more", size+16, badArguments)
	for i := range r.request {
		if r.request[i].right || r.request[i].outOfLine {
			continue
		}
		size, _ = p.compose(r, i)
		p.code(r, fmt.Sprintf("with item %d of another type", i+1), size, badArguments)
	}
	if complex != 0 {
		size, _ = p.compose(r, -1)
		le.PutUint32(p.buf[0:], requestBits)
		p.code(r, "said to be simple", size, badArguments)
	}
}
