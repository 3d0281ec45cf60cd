package kern

import (
	"strings"
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

const memory = 64 << 20

// machine is a kernel on the simulated processor, with a clock that moves only when nothing can run.
type machine struct {
	*Kernel
	t     testing.TB
	cpu   *sim.CPU
	clock int64
	ends  []End
	text  strings.Builder
	dies  bool // some program is to be terminated
	ports ipc.Stats
	taken mach.PageNumber
	files mach.PhysAddr // where the next module goes
}

// newMachine makes a machine that checks itself before every entry to ring 3, and at the end of the test that nothing was lost.
func newMachine(t testing.TB) *machine {
	mem := board.Simulated(memory)
	m := &machine{t: t, cpu: &sim.CPU{MMU: sim.MMU{Mem: mem}, Programs: map[uint64]sim.Program{}}, files: memory / 2}
	usable := []board.Range{{Start: 0x8000, Size: memory/2 - 0x8000}} // modules go above; the kernel's table is at 0x7000
	frames := frame.New(mem, make([]frame.Desc, memory>>mach.PageShift), usable)
	frames.Fuse = new(board.Fuse)
	env := &vm.Env{Mem: mem, Frames: frames, Pmap: &pmap.Env{Mem: mem, Frames: frames, TLB: m.cpu, KernelPML4E: 0x7003, NX: true}}
	m.Kernel = New(Config{
		CPU: m.cpu, Memory: env, Limits: LimitsFor(16<<20, memory), TicksHz: 1e9,
		Clock:   func() int64 { return m.clock },
		Console: func(b []byte) { m.text.Write(b) },
		End:     func(end End) { m.ends = append(m.ends, end) },
		Strings: map[string]string{"NAME": "value"},
	})
	m.cpu.Entered = m.check
	m.ports = m.sys.Stats()
	m.taken = frames.Stats().Taken
	t.Cleanup(m.cpu.Close)
	return m
}

func (m *machine) check() {
	m.t.Helper()
	if err := m.Check(); err != nil {
		m.t.Fatal(err)
	}
	used := m.cpu.Root() == 0
	for t := m.tasks.head; t != nil; t = t.next {
		used = used || t.root == m.cpu.Root()
	}
	if !used {
		m.t.Fatal("the processor uses the page tables of a task that is gone")
	}
}

// entry gives a program an address. It ends with its task.
func (m *machine) entry(program func(u *user)) uint64 {
	at := uint64(mach.MinUser) + uint64(len(m.cpu.Programs)+1)<<32
	m.cpu.Programs[at] = func(r *sim.Ring3) {
		u := &user{Ring3: r, m: m, buffer: mach.VirtAddr(r.RSP) - 0x10000}
		program(u)
		u.Syscall(mach.TrapTaskTerminate, uint64(u.self()))
	}
	return at
}

// module adds a file as the loader brings it.
func (m *machine) module(command string, data []byte) {
	at := board.Range{Start: m.files, Size: uint64(len(data))}
	copy(m.env.Mem.Bytes(at.Start, at.Size), data)
	m.files += mach.PhysAddr(mach.Pages(at.Size).Bytes())
	m.modules = append(m.modules, &module{Module: board.Module{Command: command, Data: at}, words: fields(command)})
}

// program adds a file with one segment, whose code is program.
func (m *machine) program(command string, program func(u *user)) {
	at := m.entry(program)
	m.module(command, elf(elfExec, at, 0x1000, elfSegment{elfLoad, 5, 0, at, 0x1000, 0x1000}))
}

// start makes a task with a stack and a thread that runs program.
func (m *machine) start(name string, program func(u *user)) *Task {
	m.t.Helper()
	var t *Task
	m.Do(func() {
		var err error
		if t, err = m.newTask(name, nil, false); err != nil {
			m.t.Fatal(err)
		}
		if _, err := t.memory.Allocate(stackTop-stackSize, stackSize, false); err != nil {
			m.t.Fatal(err)
		}
		th := m.newThread(t)
		th.regs.RIP, th.regs.RSP = m.entry(program), uint64(stackTop)
		m.resumeThread(th)
	})
	return t
}

// run runs threads until none can run and none sleeps.
func (m *machine) run() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		if t := m.next(); t != nil {
			m.execute(t)
			continue
		}
		if m.cpu.Entered != nil {
			m.check()
		}
		if m.pollDisks() {
			m.settle()
			continue
		}
		wait, ok := m.sleep.first()
		if !ok {
			return
		}
		m.clock += int64(wait)
		m.sleep.expire(m.Kernel)
	}
}

// finish runs, and verifies that all tasks have ended by themselves and that nothing of them is left.
func (m *machine) finish() {
	m.t.Helper()
	m.run()
	if !m.dies && strings.Contains(m.text.String(), "terminated: EXC") {
		m.t.Errorf("the console shows\n%s", m.text.String())
	}
	for _, t := range m.Threads() {
		m.t.Errorf("left over: %+v", t)
	}
	for _, t := range m.Tasks() {
		m.t.Errorf("left over: %+v", t)
	}
	for _, f := range m.modules {
		if f.port != nil {
			m.ports.Ports++
		}
	}
	if got := m.sys.Stats(); got != m.ports {
		m.t.Errorf("ports: %+v, before %+v", got, m.ports)
	}
	s := m.frames.Stats()
	for _, o := range m.kept {
		s.Taken -= o.frames()
	}
	if taken := s.Taken - m.env.NodeFrames(); taken != m.taken || s.Reserved != 0 {
		m.t.Errorf("%d frames taken, %d promised; before %d and 0", taken, s.Reserved, m.taken)
	}
	m.env.Objects(func(o *vm.Object) bool {
		if o.Kind() != "physical" {
			m.t.Errorf("left over: memory object %d", o.ID())
		}
		return true
	})
}

// mayDie says that programs of the test are to be terminated for exceptions, which finish reports otherwise.
func (m *machine) mayDie() { m.dies = true }

// says verifies that the console shows text.
func (m *machine) says(text string) {
	m.t.Helper()
	if !strings.Contains(m.text.String(), text) {
		m.t.Errorf("%q is not on the console, which shows\n%s", text, m.text.String())
	}
}

// give puts a send right for a task into another one's space.
func (m *machine) give(to *Task, r ipc.Right) (name mach.Name) {
	m.t.Helper()
	m.Do(func() {
		var code mach.Return
		if name, code = to.space.Insert(r); code != mach.Success {
			m.t.Fatal(code)
		}
	})
	return name
}

// user is a program's side of the machine.
type user struct {
	*sim.Ring3
	m      *machine
	buffer mach.VirtAddr
	reply  mach.Name
	me     mach.Name
	pager  mach.Name
}

const bufferSize = 0x8000

// self is the task's own port, asked for once.
func (u *user) self() mach.Name {
	if u.me == mach.NameNull {
		u.me = mach.Name(u.Syscall(mach.TrapTaskSelf))
	}
	return u.me
}

// trap is Syscall, where the result is a code.
func (u *user) trap(n mach.Trap, args ...uint64) mach.Return {
	return mach.Return(u.Syscall(n, args...))
}

func (u *user) want(got, want mach.Return) {
	u.m.t.Helper()
	if got != want {
		u.m.t.Fatalf("got %v, want %v", got, want)
	}
}

// is compares numbers.
func (u *user) is(what string, got, want uint64) {
	u.m.t.Helper()
	if got != want {
		u.m.t.Fatalf("%s is %#x, want %#x", what, got, want)
	}
}

// port allocates a receive right.
func (u *user) port() mach.Name { return mach.Name(u.Syscall(mach.TrapReplyPort)) }

// compose writes a message into the buffer and returns its size; body may be nil.
func (u *user) compose(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) uint64 {
	w := mig.NewWriter(make([]byte, bufferSize))
	if body != nil {
		body(&w)
	}
	msg := w.SetHeader(bits, remote, local, id)
	u.Write(u.buffer, msg)
	return uint64(len(msg))
}

func (u *user) msg(option mach.Option, size uint64, receive mach.Name, ms uint64) mach.Return {
	return u.trap(mach.TrapMsg, uint64(u.buffer), uint64(option), size, bufferSize, uint64(receive), ms, 0)
}

// send sends what compose makes.
func (u *user) send(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID, body func(w *mig.Writer)) mach.Return {
	return u.msg(mach.OptSend, u.compose(bits, remote, local, id, body), 0, 0)
}

// message is what lies in the buffer.
func (u *user) message() (mach.Header, mig.Reader) {
	b := make([]byte, bufferSize)
	u.Read(u.buffer, b[:mach.HeaderSize])
	h := mig.GetHeader(b)
	u.Read(u.buffer, b[:h.Size])
	return h, mig.NewReplyReader(b[mach.HeaderSize:h.Size])
}

// receive receives a message that must come.
func (u *user) receive(from mach.Name, id mach.MsgID) (mach.Header, mig.Reader) {
	u.m.t.Helper()
	u.want(u.msg(mach.OptRcv, 0, from, 0), mach.Success)
	h, r := u.message()
	if h.ID != int32(id) {
		u.m.t.Fatalf("received id %d, want %d", h.ID, id)
	}
	return h, r
}

// ask sends a request and receives the reply. A complex body is marked by the caller.
func (u *user) ask(complex mach.HeaderBits, to mach.Name, id mach.MsgID, body func(w *mig.Writer)) mig.Reader {
	u.m.t.Helper()
	if u.reply == mach.NameNull {
		u.reply = u.port()
	}
	size := u.compose(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce)|complex, to, u.reply, id, body)
	u.want(u.msg(mach.OptSend|mach.OptRcv, size, u.reply, 0), mach.Success)
	h, r := u.message()
	if h.ID != int32(id)+mach.ReplyOffset {
		u.m.t.Fatalf("reply %d to request %d", h.ID, id)
	}
	return r
}

// call is ask, where the reply must say success; code is ask, where it says no more than a code.
func (u *user) call(to mach.Name, id mach.MsgID, body func(w *mig.Writer)) mig.Reader {
	u.m.t.Helper()
	r := u.ask(0, to, id, body)
	if code := r.RetCode(); code != mach.Success {
		u.m.t.Fatalf("request %d: %v", id, code)
	}
	return r
}

func (u *user) code(to mach.Name, id mach.MsgID, body func(w *mig.Writer)) mach.Return {
	u.m.t.Helper()
	r := u.ask(0, to, id, body)
	code := r.RetCode()
	if end := r.End(); code == mach.Success && end != mach.Success {
		u.m.t.Fatalf("request %d: %v", id, end)
	}
	return code
}

// right reads the one right that a reply has.
func (u *user) right(r mig.Reader) mach.Name {
	u.m.t.Helper()
	name := r.Port(mach.MsgPortSend)
	u.want(r.End(), mach.Success)
	return name
}

// newThread makes a thread of a task with registers for a program; it is suspended.
func (u *user) newThread(task mach.Name, rip, rsp uint64) mach.Name {
	u.m.t.Helper()
	th := u.right(u.call(task, mach.IDThreadCreate, nil))
	u.want(u.code(th, mach.IDThreadSetState, func(w *mig.Writer) {
		w.Int32(mach.FlavorThread)
		b := w.Space(mach.MsgInteger32, 32, mach.ThreadStateCount)
		le.PutUint64(b[8*16:], rip)
		le.PutUint64(b[8*19:], rsp)
	}), mach.Success)
	return th
}
