package pager

import (
	"testing"

	"defpager/board"
	"defpager/board/sim"
	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
	"defpager/mm/vm"
)

const memory = 16 << 20

// world is a pager with one client: a name space, an address space and a thread.
type world struct {
	t     testing.TB
	sys   *ipc.System
	env   *vm.Env
	mmu   *sim.MMU
	pager *Pager

	space   *ipc.Space
	space2  *ipc.Space // of another task, which may hold rights
	memory  userMemory
	waiter  ipc.Waiter
	manager mach.Name
	reply   mach.Name
	buffer  mach.VirtAddr
	b       [bufferSize]byte
	writer  mig.Writer // here, as a variable that a body is called with would lie on the heap
	trace   []string
	tracing bool
}

const bufferSize = 0x2000

// userMemory is what kern makes of an address space.
type userMemory struct {
	*vm.Map
	env *vm.Env
}

func (u *userMemory) CopyMapIn(addr mach.VirtAddr, size uint64, deallocate, _ bool) (ipc.OOL, error) {
	return u.Map.CopyMapIn(addr, size, deallocate)
}

func (u *userMemory) CopyMapOut(o ipc.OOL) (mach.VirtAddr, error) {
	return u.Map.CopyMapOut(o.(*vm.Copy))
}

func (u *userMemory) NewOOL(data []byte) (ipc.OOL, error) { return vm.NewCopy(u.env, data) }

func newWorld(t testing.TB, plain bool) *world {
	t.Helper()
	w := &world{t: t}
	mem := board.Simulated(memory)
	w.mmu = &sim.MMU{Mem: mem}
	frames := frame.New(mem, make([]frame.Desc, memory>>mach.PageShift), []board.Range{{Start: 0x1000, Size: memory - 0x1000}})
	w.env = &vm.Env{Mem: mem, Frames: frames, Pmap: &pmap.Env{Mem: mem, Frames: frames, TLB: w.mmu, KernelPML4E: 0x7003, NX: true}}
	w.sys = ipc.New(ipc.Config{})
	w.pager = New(Config{
		System: w.sys, Memory: w.env, Plain: plain,
		Tracing: func() bool { return w.tracing },
		Trace:   func(format string, _ ...any) { w.trace = append(w.trace, format) },
	})
	w.space, w.space2 = w.sys.NewSpace(), w.sys.NewSpace()
	m, err := vm.NewMap(w.env)
	if err != nil {
		t.Fatal(err)
	}
	w.memory = userMemory{m, w.env}
	w.waiter.Init(nil, &w.memory)
	if w.buffer, err = m.Allocate(0, bufferSize, true); err != nil {
		t.Fatal(err)
	}
	if err := m.CopyOut(w.buffer, w.b[:]); err != nil {
		t.Fatal(err)
	}
	w.manager = w.insert(w.space, w.pager.Port())
	var code mach.Return
	if w.reply, code = w.space.Allocate(mach.RightReceive); code != mach.Success {
		t.Fatal(code)
	}
	return w
}

func (w *world) insert(s *ipc.Space, r ipc.Right) mach.Name {
	w.t.Helper()
	name, code := s.Insert(r)
	w.want(code, mach.Success)
	return name
}

func (w *world) want(got, want mach.Return) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("got %v, want %v", got, want)
	}
}

// is compares numbers.
func (w *world) is(what string, got, want uint64) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("%s is %d, want %d", what, got, want)
	}
}

// check verifies the invariants of ports, memory and the pager's list.
func (w *world) check() {
	w.t.Helper()
	if err := w.sys.Check([]*ipc.Space{w.space, w.space2}, nil); err != nil {
		w.t.Fatal(err)
	}
	if err := w.env.Check(); err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for o := range w.pager.Objects {
		if n++; o.MemoryObject() != o.memory || o.Port().Object() != any(o) || !o.Port().Active() {
			w.t.Fatalf("object %d and its port are not one", o.ID())
		}
	}
	if live, created := w.pager.Count(); live != n || uint64(n) > created {
		w.t.Fatalf("%d objects listed, %d counted, %d made", n, live, created)
	}
}

// ask sends a request and returns the reply's reader.
func (w *world) ask(bits mach.HeaderBits, to mach.Name, id mach.MsgID, body func(b *mig.Writer)) mig.Reader {
	w.t.Helper()
	w.writer = mig.NewWriter(w.b[:])
	if body != nil {
		body(&w.writer)
	}
	msg := w.writer.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|bits, to, w.reply, id)
	if err := w.memory.CopyOut(w.buffer, msg); err != nil {
		w.t.Fatal(err)
	}
	code, done := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{
		Addr: w.buffer, Option: mach.OptSend | mach.OptRcv, SendSize: uint32(len(msg)), RcvSize: bufferSize, RcvName: w.reply,
	})
	w.sys.Settle()
	if !done {
		w.t.Fatal("there is no reply")
	}
	w.want(code, mach.Success)
	if err := w.memory.CopyIn(w.b[:], w.buffer); err != nil {
		w.t.Fatal(err)
	}
	h := mig.GetHeader(w.b[:])
	if h.ID != int32(id)+mach.ReplyOffset {
		w.t.Fatalf("reply %d to request %d", h.ID, id)
	}
	return mig.NewReplyReader(w.b[mach.HeaderSize:h.Size])
}

// create is default_pager_object_create.
func (w *world) create(size uint64) (mach.Name, mach.Return) {
	w.t.Helper()
	r := w.ask(0, w.manager, mach.IDDefaultPagerObjectCreate, func(b *mig.Writer) { b.Uint64(size) })
	if code := r.RetCode(); code != mach.Success {
		return mach.NameNull, code
	}
	name := r.Port(mach.MsgPortSend)
	w.want(r.End(), mach.Success)
	return name, mach.Success
}

func (w *world) mustCreate(size uint64) mach.Name {
	w.t.Helper()
	name, code := w.create(size)
	w.want(code, mach.Success)
	return name
}

// drop gives a name up.
func (w *world) drop(name mach.Name) {
	w.t.Helper()
	w.want(w.space.Deallocate(name), mach.Success)
	w.sys.Settle()
}

// object is what a name stands for.
func (w *world) object(name mach.Name) *Object { return w.space.Lookup(name).Object().(*Object) }

// mapped maps size bytes of an object from its begin on.
func (w *world) mapped(name mach.Name, size uint64) (mach.VirtAddr, error) {
	return w.memory.Map.Map(&vm.MapArgs{
		Size: size, Anywhere: true, Object: w.object(name).MemoryObject(), Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare,
	})
}

// touch writes a byte as the client would.
func (w *world) touch(va mach.VirtAddr) error {
	for {
		err := w.mmu.Store(w.memory.Pmap().Root(), va, 1)
		if err == nil {
			return nil
		}
		if err := w.memory.Fault(va, mach.ProtWrite); err != nil {
			return err
		}
	}
}

// unpromised is the number of frames that nobody has and nobody was promised; what radix trees hold counts as free.
func (w *world) unpromised() mach.PageNumber {
	s := w.env.Frames.Stats()
	return s.Free - s.Reserved + w.env.NodeFrames()
}
