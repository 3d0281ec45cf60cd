package ipc

import (
	"encoding/binary"

	"defpager/board"
	"defpager/ipc/mig"
	"defpager/mach"
)

// memory is a task's address space of the test: bytes from base on, and mapped copies far above.
type memory struct {
	bytes  []byte
	mapped map[mach.VirtAddr]*copied
	next   mach.VirtAddr
	live   *int // copies that exist outside of address spaces
	fail   bool // CopyMapIn and CopyMapOut fail
	fuse   *board.Fuse

	view board.View
}

const base = 0x10000

type copied struct {
	data  []byte
	live  *int
	stays bool
}

func (c *copied) Size() uint64   { return uint64(len(c.data)) }
func (c *copied) Discard()       { *c.live-- }
func (c *copied) Stay(bool) bool { c.stays = true; return true }

func (u *memory) at(addr mach.VirtAddr, n int) ([]byte, error) {
	if c := u.mapped[addr]; c != nil && n <= len(c.data) {
		return c.data[:n], nil
	}
	if addr < base || uint64(addr)-base > uint64(len(u.bytes)) || uint64(len(u.bytes))-(uint64(addr)-base) < uint64(n) {
		return nil, mach.InvalidAddress
	}
	return u.bytes[addr-base:][:n], nil
}

func (u *memory) CopyIn(dst []byte, src mach.VirtAddr) error {
	b, err := u.at(src, len(dst))
	copy(dst, b)
	return err
}

func (u *memory) CopyOut(dst mach.VirtAddr, src []byte) error {
	b, err := u.at(dst, len(src))
	copy(b, src)
	return err
}

func (u *memory) View() *board.View { return &u.view }

func (u *memory) Window(addr mach.VirtAddr) *[mach.PageSize]byte {
	b, err := u.at(addr.Trunc(), mach.PageSize)
	if err != nil {
		return nil
	}
	f := (*[mach.PageSize]byte)(b)
	u.view.Open(addr, f)
	return f
}

// waiter makes a thread's place.
func (u *memory) waiter() *Waiter {
	w := &Waiter{}
	w.Init(nil, u)
	return w
}

func (u *memory) CopyMapIn(addr mach.VirtAddr, size uint64, deallocate, stay bool) (OOL, error) {
	if size > uint64(len(u.bytes)) {
		return nil, mach.InvalidAddress
	}
	b, err := u.at(addr, int(size))
	if u.fail || err == nil && u.fuse.Blows() {
		err = mach.ResourceShortage
	}
	if err != nil {
		return nil, err
	}
	o := u.copied(b)
	o.stays = stay
	if deallocate {
		_ = u.Deallocate(addr, size)
	}
	return o, nil
}

func (u *memory) CopyMapOut(o OOL) (mach.VirtAddr, error) {
	if u.fail || u.fuse.Blows() {
		return 0, mach.NoSpace
	}
	u.next += 0x100000
	*u.live--
	u.mapped[u.next] = o.(*copied)
	return u.next, nil
}

func (u *memory) NewOOL(data []byte) (OOL, error) {
	if u.fuse.Blows() {
		return nil, mach.ResourceShortage
	}
	return u.copied(data), nil
}

func (u *memory) copied(data []byte) *copied {
	*u.live++
	return &copied{data: append([]byte(nil), data...), live: u.live}
}

func (u *memory) Deallocate(addr mach.VirtAddr, size uint64) error {
	b, err := u.at(addr, int(size))
	clear(b)
	delete(u.mapped, addr)
	return err
}

// world is a System with what a test needs around it.
type world struct {
	t      tester
	sys    *System
	spaces []*Space
	held   []Right
	woken  []*Waiter
	live   int // out-of-line copies
	fuse   board.Fuse
}

// tester is a testing.T or a rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newWorld(t tester) *world {
	w := &world{t: t}
	w.sys = New(Config{Wake: func(th *Waiter) { w.woken = append(w.woken, th) }, Fuse: &w.fuse})
	return w
}

func (w *world) check() {
	w.t.Helper()
	w.sys.Settle()
	if err := w.sys.Check(w.spaces, w.held); err != nil {
		w.t.Fatal(err)
	}
}

// task is a space with memory and one thread.
type task struct {
	*Space
	w      *world
	mem    *memory
	thread *Waiter
}

func (w *world) task() *task {
	u := &task{
		Space: w.sys.NewSpace(),
		w:     w,
		mem:   &memory{bytes: make([]byte, 1<<16), mapped: map[mach.VirtAddr]*copied{}, next: 1 << 32, live: &w.live, fuse: &w.fuse},
	}
	u.thread = u.mem.waiter()
	w.spaces = append(w.spaces, u.Space)
	return u
}

// receivePort allocates a port.
func (u *task) receivePort() mach.Name {
	u.w.t.Helper()
	name, code := u.Allocate(mach.RightReceive)
	u.w.want(code, mach.Success)
	return name
}

func (w *world) want(got, want mach.Return) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("got %v, want %v", got, want)
	}
}

// share gives another task a send right to u's port and returns its name there.
func (u *task) share(name mach.Name, to *task) mach.Name {
	u.w.t.Helper()
	r, code := u.Extract(name, mach.MsgMakeSend)
	u.w.want(code, mach.Success)
	n, code := to.Insert(r)
	u.w.want(code, mach.Success)
	return n
}

// compose writes a message at base and returns its size; body may be nil.
func (u *task) compose(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) uint32 {
	w := mig.NewWriter(u.mem.bytes[:0x8000])
	if body != nil {
		body(&w)
	}
	return uint32(len(w.SetHeader(bits, remote, local, id)))
}

// send sends what compose makes, without waiting.
func (u *task) send(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) mach.Return {
	u.w.t.Helper()
	size := u.compose(bits, remote, local, id, body)
	code, done := u.Msg(u.mem, u.thread, &MsgArgs{Addr: base, Option: mach.OptSend | mach.OptSendTimeout, SendSize: size})
	if !done {
		u.w.t.Fatal("a send with timeout 0 waits")
	}
	return code
}

// receive receives without waiting.
func (u *task) receive(name mach.Name) (mach.Header, mig.Reader, mach.Return) {
	u.w.t.Helper()
	code, done := u.Msg(u.mem, u.thread, &MsgArgs{
		Addr: base, Option: mach.OptRcv | mach.OptRcvTimeout, RcvSize: 0x8000, RcvName: name,
	})
	if !done {
		u.w.t.Fatal("a receive with timeout 0 waits")
	}
	h, r := u.message()
	return h, r, code
}

// mustReceive receives a message with an id.
func (u *task) mustReceive(name mach.Name, id mach.MsgID) (mach.Header, mig.Reader) {
	u.w.t.Helper()
	h, r, code := u.receive(name)
	u.w.want(code, mach.Success)
	if h.ID != int32(id) {
		u.w.t.Fatalf("received id %d, want %d", h.ID, id)
	}
	return h, r
}

// message is what lies at base.
func (u *task) message() (mach.Header, mig.Reader) {
	h := mig.GetHeader(u.mem.bytes)
	if h.Size < mach.HeaderSize || h.Size > 0x8000 {
		return h, mig.Reader{}
	}
	return h, mig.NewReader(u.mem.bytes[mach.HeaderSize:h.Size])
}

func (u *task) empty(name mach.Name) {
	u.w.t.Helper()
	if _, _, code := u.receive(name); code != mach.RcvTimedOut {
		u.w.t.Fatalf("port %d is not empty: %v", name, code)
	}
}

// wantType checks what a name denotes; 0 for nothing.
func (u *task) wantType(name mach.Name, want mach.PortType) {
	u.w.t.Helper()
	got, _ := u.Type(name)
	if got != want {
		u.w.t.Fatalf("name %d has type %#x, want %#x", name, uint32(got), uint32(want))
	}
}

func (u *task) wantRefs(name mach.Name, right mach.Right, want uint32) {
	u.w.t.Helper()
	got, code := u.GetRefs(name, right)
	u.w.want(code, mach.Success)
	if got != want {
		u.w.t.Fatalf("name %d has %d references of right %d, want %d", name, got, right, want)
	}
}

func putWord(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
