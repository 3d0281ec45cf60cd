package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// loop carries requests of client functions to a demultiplexer and its replies back, as the kernel would between two tasks.
type loop struct {
	demux func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool)
	seqno uint32
	spoil func(request []byte) []byte // changes a request on the way; nil: not

	w          mig.Writer
	q          mig.Request
	buf, reply [8192]byte
}

func (l *loop) Request() *mig.Writer {
	l.w = mig.NewWriter(l.buf[:])
	return &l.w
}

const replyPort = 77

// deliver gives the request to the demultiplexer and returns the reply, nil if there is none.
func (l *loop) deliver(c mig.Call) ([]byte, mach.Return) {
	if l.w.Err() != mach.Success {
		return nil, l.w.Err()
	}
	request := l.w.SetHeader(c.Bits, c.To, replyPort, c.ID)
	carry(request)
	if l.spoil != nil {
		request = l.spoil(request)
	}
	h := mig.GetHeader(request)
	// The receiver finds its own port in the local field, and the right to reply in the other.
	h.Bits = mach.Bits(received(c.Bits.Local()), received(c.Bits.Remote())) | h.Bits&mach.Complex
	h.Local, h.Remote, h.Seqno = uint64(c.To), replyPort, l.seqno
	if c.Bits.Local() == 0 {
		h.Remote = 0
	}
	l.seqno++
	mig.PutHeader(request, h)
	ok := false
	if l.q, ok = mig.Open(request); !ok {
		return nil, mach.SendMsgTooSmall
	}
	reply, _, ok := l.demux(&l.q, l.reply[:])
	if !ok {
		return nil, mach.MIGBadID
	}
	return reply, mach.Success
}

func (l *loop) Exchange(c mig.Call) (mig.Reader, mach.Return) {
	reply, code := l.deliver(c)
	if code != mach.Success {
		return mig.Reader{}, code
	}
	if reply == nil {
		return mig.Reader{}, mach.MIGServerDied // a client would wait
	}
	if h := mig.GetHeader(reply); h.ID != int32(c.ID)+mach.ReplyOffset || h.Remote != replyPort {
		return mig.Reader{}, mach.MIGReplyMismatch
	}
	carry(reply)
	return mig.Reply(reply)
}

func (l *loop) Post(c mig.Call) mach.Return {
	reply, code := l.deliver(c)
	if reply != nil {
		return mach.MIGReplyMismatch
	}
	return code
}

// received is how a right arrives that was sent with a disposition.
func received(d mach.MsgType) mach.MsgType {
	switch d {
	case mach.MsgCopySend, mach.MsgMakeSend:
		return mach.MsgPortSend
	case mach.MsgMakeSendOnce:
		return mach.MsgPortSendOnce
	}
	return d
}

// carry changes the types of the rights in a message's body as the kernel does.
func carry(msg []byte) {
	for at := mach.HeaderSize; at < len(msg); {
		t := mach.Type(binary.LittleEndian.Uint64(msg[at:]))
		if t.Name().IsPort() {
			t = t&^0xff | mach.Type(received(t.Name()))
			binary.LittleEndian.PutUint64(msg[at:], uint64(t))
		}
		at += 8
		if !t.Inline() {
			at += 8
			continue
		}
		at += (int(t.ElementBits())*int(t.Number())/8 + 7) &^ 7
	}
}

// recorder is a server that notes each call, and answers with numbers of its own.
type recorder struct {
	calls []string
	code  mach.Return
}

func (s *recorder) note(format string, args ...any) mach.Return {
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
	return s.code
}

func words(v ...uint64) mig.Array {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return mig.Array{Data: b, Count: uint32(len(v))}
}

func show(a mig.Array) string {
	if a.OutOfLine() {
		return fmt.Sprintf("%d at %#x", a.Count, a.Pointer)
	}
	return fmt.Sprintf("%d: %x", a.Count, a.Data)
}

func (s *recorder) SeqnosDefaultPagerObjectCreate(p mach.Name, n uint32, size uint64) (mach.Name, mach.Return) {
	return 1001, s.note("%d #%d create %d", p, n, size)
}

func (s *recorder) SeqnosDefaultPagerInfo(p mach.Name, n uint32) (DefaultPagerInfoT, mach.Return) {
	return DefaultPagerInfoT{1, 2, 3}, s.note("%d #%d info", p, n)
}

func (s *recorder) SeqnosDefaultPagerObjects(p mach.Name, n, objects, ports uint32) (mig.Array, mig.Array, mach.Return) {
	return mig.Array{Data: words(1, 2, 3, 4).Data, Count: 2}, mig.Array{Pointer: 0x1000, Count: 300}, s.note("%d #%d objects %d %d", p, n, objects, ports)
}

func (s *recorder) SeqnosDefaultPagerObjectPages(p mach.Name, n uint32, object mach.Name, room uint32) (mig.Array, mach.Return) {
	return words(5, 6, 7), s.note("%d #%d pages %d %d", p, n, object, room)
}

func (s *recorder) SeqnosDefaultPagerPagingFile(p mach.Name, n uint32, device mach.Name, file []byte, add bool) mach.Return {
	return s.note("%d #%d file %d %q %t", p, n, device, file, add)
}

func (s *recorder) SeqnosDefaultPagerRegisterFileserver(p mach.Name, n uint32, port mach.Name) mach.Return {
	return s.note("%d #%d fileserver %d", p, n, port)
}

func (s *recorder) SeqnosDefaultPagerObjectSetSize(p mach.Name, n uint32, limit uint64) mach.Return {
	return s.note("%d #%d size %d", p, n, limit)
}

func (s *recorder) SeqnosDefaultPagerStorageInfo(p mach.Name, n uint32) (size, free, name mig.Array, ret mach.Return) {
	return words(1), words(), mig.Array{Data: []byte("paging"), Count: 6}, s.note("%d #%d storage", p, n)
}

func (s *recorder) SeqnosDefaultPagerPagingStorageNew(p mach.Name, n uint32, device mach.Name, runs mig.Array, name []byte, add bool) mach.Return {
	return s.note("%d #%d new %d %s %q %t", p, n, device, show(runs), name, add)
}

func (s *recorder) ExceptionRaise(p, thread, task mach.Name, exception, code int32, subcode int64) mach.Return {
	return s.note("%d raise %d %d %d %d %d", p, thread, task, exception, code, subcode)
}

func (s *recorder) MemoryObjectCreate(p, object mach.Name, size uint64, control, name mach.Name, page uint64) mach.Return {
	return s.note("%d create %d %d %d %d %d", p, object, size, control, name, page)
}

func (s *recorder) MemoryObjectDataInitialize(p, control mach.Name, offset uint64, data mig.Array) mach.Return {
	return s.note("%d initialize %d %d %s", p, control, offset, show(data))
}

func (s *recorder) MachNotifyPortDeleted(p, name mach.Name) mach.Return {
	return s.note("%d deleted %d", p, name)
}

func (s *recorder) MachNotifyMsgAccepted(p, name mach.Name) mach.Return {
	return s.note("%d accepted %d", p, name)
}

func (s *recorder) MachNotifyPortDestroyed(p, rights mach.Name) mach.Return {
	return s.note("%d destroyed %d", p, rights)
}

func (s *recorder) MachNotifyNoSenders(p mach.Name, n uint32) mach.Return {
	return s.note("%d no senders %d", p, n)
}

func (s *recorder) MachNotifySendOnce(p mach.Name) mach.Return { return s.note("%d send once", p) }

func (s *recorder) MachNotifyDeadName(p, name mach.Name) mach.Return {
	return s.note("%d dead %d", p, name)
}

func (s *recorder) want(t *testing.T, code, wantCode mach.Return, want string) {
	t.Helper()
	got := strings.Join(s.calls, "; ")
	s.calls = nil
	if got != want || code != wantCode {
		t.Errorf("%v, the server saw %q; want %v and %q", code, got, wantCode, want)
	}
}

// Each client function's arguments reach the server, and what that answers comes back.
func TestRoundTrip(t *testing.T) {
	s := &recorder{}
	l := &loop{demux: func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) {
		return SeqnosDefaultPagerDemux(s, q, buf)
	}}
	object, code := DefaultPagerObjectCreate(l, 9, 1<<40)
	s.want(t, code, mach.Success, "9 #0 create 1099511627776")
	info, code := DefaultPagerInfo(l, 9)
	s.want(t, code, mach.Success, "9 #1 info")
	objects, ports, code := DefaultPagerObjects(l, 9, 1000, 5)
	s.want(t, code, mach.Success, "9 #2 objects 128 5")
	if object != 1001 || info != (DefaultPagerInfoT{1, 2, 3}) || objects.Count != 2 || len(objects.Data) != 32 || ports.Pointer != 0x1000 || ports.Count != 300 {
		t.Errorf("got %d, %v, %v, %v", object, info, objects, ports)
	}
	pages, code := DefaultPagerObjectPages(l, 9, 4, 256)
	s.want(t, code, mach.Success, "9 #3 pages 4 256")
	if got, want := show(pages), show(words(5, 6, 7)); got != want { // until the next call
		t.Errorf("pages %s, want %s", got, want)
	}
	size, free, name, code := DefaultPagerStorageInfo(l, 9)
	s.want(t, code, mach.Success, "9 #4 storage")
	if show(size) != show(words(1)) || free.Count != 0 || string(name.Data) != "paging" {
		t.Errorf("got %v, %v, %q", size, free, name.Data)
	}
	s.want(t, DefaultPagerPagingFile(l, 9, 3, []byte("a file"), true), mach.Success, `9 #5 file 3 "a file" true`)
	long := strings.Repeat("x", 255) // a C string that is too long is cut, as by MIG's stubs
	s.want(t, DefaultPagerPagingFile(l, 9, 3, []byte(long+"yz"), false), mach.Success, `9 #6 file 3 "`+long+`" false`)
	s.want(t, DefaultPagerRegisterFileserver(l, 9, 3), mach.Success, "9 #7 fileserver 3")
	s.want(t, DefaultPagerObjectSetSize(l, 5, 8192), mach.Success, "5 #8 size 8192")
	s.want(t, DefaultPagerPagingStorageNew(l, 9, 3, words(1, 2), []byte("b"), false), mach.Success, `9 #9 new 3 2: 01000000000000000200000000000000 "b" false`)
	s.want(t, DefaultPagerPagingStorageNew(l, 9, 3, mig.Array{Pointer: 0x5000, Count: 1000}, nil, true), mach.Success, `9 #10 new 3 1000 at 0x5000 "" true`)
	s.code = mach.ResourceShortage
	s.want(t, DefaultPagerObjectSetSize(l, 5, 8192), mach.ResourceShortage, "5 #11 size 8192")
	s.code = mach.MIGNoReply
	s.want(t, DefaultPagerObjectSetSize(l, 5, 8192), mach.MIGServerDied, "5 #12 size 8192")
}

func TestRoundTripOfOthers(t *testing.T) {
	s := &recorder{}
	exc := &loop{demux: func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) { return ExcDemux(s, q, buf) }}
	s.want(t, ExceptionRaise(exc, 1, 2, 3, 4, -5, -6), mach.Success, "1 raise 2 3 4 -5 -6")
	object := &loop{demux: func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) {
		return MemoryObjectDefaultDemux(s, q, buf)
	}}
	s.want(t, MemoryObjectCreate(object, 1, 2, 3, 4, 5, 6), mach.Success, "1 create 2 3 4 5 6")
	s.want(t, MemoryObjectDataInitialize(object, 1, 2, 3, mig.Array{Pointer: 0x7000, Count: 4096}), mach.Success, "1 initialize 2 3 4096 at 0x7000")
	notify := &loop{demux: func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) { return NotifyDemux(s, q, buf) }}
	s.want(t, MachNotifyPortDeleted(notify, 1, 2), mach.Success, "1 deleted 2")
	s.want(t, MachNotifyMsgAccepted(notify, 1, 2), mach.Success, "1 accepted 2")
	s.want(t, MachNotifyPortDestroyed(notify, 1, 2), mach.Success, "1 destroyed 2")
	s.want(t, MachNotifyNoSenders(notify, 1, 2), mach.Success, "1 no senders 2")
	s.want(t, MachNotifySendOnce(notify, 1), mach.Success, "1 send once")
	s.want(t, MachNotifyDeadName(notify, 1, 2), mach.Success, "1 dead 2")
	if _, code := DefaultPagerInfo(notify, 1); code != mach.MIGBadID {
		t.Errorf("another subsystem's routine: %v", code)
	}
}

// A request that was cut short, or whose first descriptor says something else, is refused, and the server never sees it.
func TestMalformed(t *testing.T) {
	s := &recorder{}
	l := &loop{demux: func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) {
		return SeqnosDefaultPagerDemux(s, q, buf)
	}}
	calls := map[string]func() mach.Return{
		"create": func() mach.Return { _, code := DefaultPagerObjectCreate(l, 9, 1); return code },
		"pages":  func() mach.Return { _, code := DefaultPagerObjectPages(l, 9, 1, 1); return code },
		"file":   func() mach.Return { return DefaultPagerPagingFile(l, 9, 1, []byte("x"), true) },
		"new":    func() mach.Return { return DefaultPagerPagingStorageNew(l, 9, 1, words(1), []byte("x"), true) },
	}
	for name, call := range calls {
		for what, spoil := range map[string]func(b []byte) []byte{
			"cut short":         func(b []byte) []byte { return b[:len(b)-8] },
			"longer":            func(b []byte) []byte { return append(b[:len(b):len(b)], make([]byte, 8)...) },
			"another type":      func(b []byte) []byte { b[mach.HeaderSize]++; return b },
			"another size":      func(b []byte) []byte { b[mach.HeaderSize+1]++; return b },
			"another number":    func(b []byte) []byte { b[mach.HeaderSize+4]++; return b },
			"a number too many": func(b []byte) []byte { b[mach.HeaderSize+7] = 0xff; return b },
			"nothing":           func(b []byte) []byte { return b[:mach.HeaderSize] },
		} {
			l.spoil = spoil
			if code := call(); code != mach.MIGBadArguments || s.calls != nil {
				t.Errorf("%s, %s: %v, the server saw %q", name, what, code, s.calls)
				s.calls = nil
			}
		}
	}
}

// Messages of fixed size cost no garbage on either side.
func TestRoundTripAllocatesNothing(t *testing.T) {
	l := &loop{}
	s := quiet{}
	l.demux = func(q *mig.Request, buf []byte) ([]byte, mach.Return, bool) { return ExcDemux(s, q, buf) }
	if n := testing.AllocsPerRun(100, func() { ExceptionRaise(l, 1, 2, 3, 4, 5, 6) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type quiet struct{}

func (quiet) ExceptionRaise(_, _, _ mach.Name, _, _ int32, _ int64) mach.Return { return mach.Success }

// Whatever a request's bytes are, a demultiplexer returns, and what it answers is a reply to that request.
func FuzzDemux(f *testing.F) {
	l := &loop{demux: func(q *mig.Request, _ []byte) ([]byte, mach.Return, bool) {
		msg := make([]byte, mach.HeaderSize, mach.HeaderSize+len(q.Body))
		mig.PutHeader(msg, q.Header)
		f.Add(append(msg, q.Body...))
		return nil, mach.Success, true
	}}
	DefaultPagerObjects(l, 1, 2, 3)
	DefaultPagerPagingFile(l, 1, 2, []byte("file"), true)
	DefaultPagerPagingStorageNew(l, 1, 2, words(1, 2, 3), []byte("name"), true)
	MemoryObjectDataInitialize(l, 1, 2, 3, mig.Array{Pointer: 1, Count: 2})
	f.Fuzz(func(t *testing.T, msg []byte) {
		q, ok := mig.Open(msg)
		if !ok {
			return
		}
		s := &recorder{}
		var buf [8192]byte
		for _, demux := range []func() ([]byte, mach.Return, bool){
			func() ([]byte, mach.Return, bool) { return SeqnosDefaultPagerDemux(s, &q, buf[:]) },
			func() ([]byte, mach.Return, bool) { return MemoryObjectDefaultDemux(s, &q, buf[:]) },
			func() ([]byte, mach.Return, bool) { return NotifyDemux(s, &q, buf[:]) },
			func() ([]byte, mach.Return, bool) { return ExcDemux(s, &q, buf[:]) },
		} {
			reply, code, ok := demux()
			if !ok && (reply != nil || code != mach.MIGBadID) {
				t.Fatalf("not its own: %x, %v", reply, code)
			}
			if reply != nil && mig.GetHeader(reply).ID != q.Header.ID+mach.ReplyOffset {
				t.Fatalf("reply %x to id %d", reply, q.Header.ID)
			}
		}
	})
}
