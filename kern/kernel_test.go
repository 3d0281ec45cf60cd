package kern

import (
	"strings"
	"testing"
	"time"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

// The dispatcher itself, in a goroutine of its own: it sleeps until somebody does something or a deadline comes, and it stops.
func TestRun(t *testing.T) {
	m := newMachine(t)
	start := time.Now()
	m.config.Clock = func() int64 { return int64(time.Since(start)) }
	m.sleep.now = m.config.Clock
	m.cpu.Entered = nil // Fatal belongs to the test's goroutine
	var receive mach.Name
	polls := 0
	m.config.Poll = func() { polls++ }
	a := m.start("a", func(u *user) {
		u.Loop()
		u.trap(mach.TrapThreadSwitch, 0, switchWait, 5)
		u.msg(mach.OptRcv, 0, receive, 0)
	})
	m.Do(func() { receive, _ = a.space.Allocate(mach.RightReceive) })
	ended := make(chan bool)
	go func() {
		m.Run()
		ended <- true
	}()
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		m.Do(func() { waits = a.threads.wait == waitMessage })
	}
	if d := time.Since(start); d < 5*time.Millisecond {
		t.Errorf("the thread slept %v", d)
	}
	m.Do(func() {
		right, code := a.space.Extract(receive, mach.MsgMakeSend)
		if code != mach.Success {
			t.Error(code)
		}
		m.wakeWaiter(m.sys.Send(m.sys.NewMessage(right, ipc.Right{}, 1)))
	})
	<-a.Done()
	var z mach.PageNumber
	for z == 0 {
		m.Do(func() { z = m.frames.Stats().Zeroed })
	}
	m.Stop()
	<-ended
	if polls != 1 {
		t.Errorf("the devices were looked at %d times", polls)
	}
	m.finish()
}

// What the monitor shows.
func TestInfo(t *testing.T) {
	m := newMachine(t)
	m.module("dir/data x", make([]byte, 5000))
	one := m.start("one", func(u *user) {
		u.Store(u.buffer, 1)
		self := uint64(u.self())
		u.Syscall(mach.TrapPortAllocateName, self, uint64(mach.RightPortSet), 0x100)
		u.Syscall(mach.TrapPortAllocateName, self, uint64(mach.RightDeadName), 0x200)
		u.Syscall(mach.TrapPortAllocateName, self, uint64(mach.RightReceive), 0x300)
		u.msg(mach.OptRcv, 0, 0x300, 0)
	})
	two := m.start("two", func(u *user) { u.trap(mach.TrapThreadSwitch, 0, switchWait, 1e6) })
	m.start("one", func(u *user) { t.Error("a suspended task runs") })
	m.Do(func() { m.suspendTask(m.tasks.tail) })
	for _, p := range []*ipc.Port{m.hostPort, m.hostPriv, two.port, two.threads.port} {
		m.give(one, p.MakeSend())
	}
	m.mu.Lock()
	for t := m.next(); t != nil; t = m.next() {
		m.execute(t)
	}
	m.mu.Unlock()

	tasks, threads := m.Tasks(), m.Threads()
	if len(tasks) != 3 || len(threads) != 3 {
		t.Fatalf("%v, %v", tasks, threads)
	}
	if x := tasks[0]; x.ID != 1 || x.Name != "one" || x.Threads != 1 || x.Size != stackSize || x.Resident == 0 || x.Tables < 4 || x.Names != 8 {
		t.Errorf("%+v", x)
	}
	for i, state := range []string{"waits in mach_msg", "waits in thread_switch", "suspended"} {
		if threads[i].State != state || threads[i].RSP+16 < uint64(stackTop) {
			t.Errorf("%+v, want %s", threads[i], state)
		}
	}
	var got []string
	for _, n := range one.Names() {
		what := "-"
		if n.Port != nil {
			what = Describe(n.Port)
		}
		got = append(got, what)
		if n.Refs == 0 && n.Type&mach.TypeReceive == 0 && n.Type != mach.TypePortSet {
			t.Errorf("%+v", n)
		}
	}
	text := strings.Join(got, ", ")
	for _, what := range []string{"host, ", "host, privileged", "task 2 (two)", "thread 2 of task 2", "task 1 (one)", "port", "-, "} {
		if !strings.Contains(text, what) {
			t.Errorf("%q is not in %q", what, text)
		}
	}
	m.Do(func() {
		o := m.modules[0]
		if _, err := m.moduleObject(o); err != nil {
			t.Fatal(err)
		}
		x := m.sys.NewKernelPort(m, o)
		y := m.sys.NewKernelPort(m, exceptionReply{two.threads})
		if s := Describe(x) + ", " + Describe(y); s != "boot module data, exception reply of thread 2" {
			t.Error(s)
		}
		x.Destroy()
		y.Destroy()
	})
	regions := 0
	one.Regions(func(g vm.Region) bool { regions++; return g.Size == stackSize })
	if levels := one.Walk(stackTop - 0x10000); regions != 1 || len(levels) != 4 {
		t.Errorf("%d regions, %d levels", regions, len(levels))
	}
	m.Modules(func(name string, size uint64) bool {
		if name != "data" || size != 5000 {
			t.Errorf("module %s of %d bytes", name, size)
		}
		return true
	})
	if x, err := m.Find("one"); err != nil || x.id != 3 {
		t.Errorf("%v, %v", x, err)
	}
	if x, err := m.Find("2"); err != nil || x != two {
		t.Errorf("%v, %v", x, err)
	}
	if _, err := m.Find("three"); err == nil {
		t.Error("found what is not there")
	}
	m.Do(func() {
		for t := m.tasks.head; t != nil; t = t.next {
			m.Kill(t)
			m.Kill(t)
		}
	})
	m.finish()
}

// Tracing tells every trap by its name, each request and fault.
func TestTrace(t *testing.T) {
	m := newMachine(t)
	m.SetTrace(true)
	if !m.Tracing() {
		t.Error("tracing is off")
	}
	m.start("a", func(u *user) {
		self := u.self()
		u.Store(u.buffer, 0)
		u.trap(mach.TrapPrint, uint64(u.buffer))
		u.trap(mach.TrapAllocate, 0, 1, 2, 3)
		u.call(self, mach.IDVMStatistics, nil)
	})
	m.finish()
	m.Tracef("that was %d", 1)
	for _, text := range []string{
		"trace: task 1 (a) mach_task_self()\n", "trace: task 1 (a) vm_allocate(0x0, 0x1, 0x2, 0x3)\n", "(*kern.Task) gets message 2030\n",
		"trace: task 1 (a) mach_msg(msg 0x7fffffdf0000, option 0x3, send 32, receive 32768, port ", " for -w-: KERN_SUCCESS\n",
		"trace: task 1 (a) is gone\n", "trace: that was 1\n",
	} {
		m.says(text)
	}
	if strings.Contains(m.text.String(), "mach_print") {
		t.Error("mach_print is traced")
	}
	m.SetTrace(false)
	m.Tracef("never")
	if strings.Contains(m.text.String(), "never") {
		t.Error("tracing is on")
	}
}

// A log that is full keeps the newest text.
func TestLog(t *testing.T) {
	var l Log
	for i := range logSize / 4 {
		l.Write([]byte{'a', 'b', 'c', byte('0' + i%10)})
	}
	l.Write([]byte("end"))
	if s := l.Text(); len(s) != logSize || !strings.HasSuffix(s, "end") || s[0] != '0' {
		t.Errorf("%d bytes, from %q to %q", len(s), s[:4], s[len(s)-4:])
	}
}

// Limits: the first task or thread beyond them is refused, and a place that gets free can be taken again.
func TestLimits(t *testing.T) {
	m := newMachine(t)
	m.config.Limits.Tasks, m.config.Limits.Threads = 4, 5
	m.start("a", func(u *user) {
		self, at := u.self(), uint64(u.buffer)
		var last mach.Name
		for range 3 {
			last = u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }))
		}
		u.want(u.code(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }), mach.ResourceShortage)
		u.want(u.trap(mach.TrapTaskCreate, uint64(self), 0, at), mach.ResourceShortage)
		for range 4 {
			u.right(u.call(last, mach.IDThreadCreate, nil))
		}
		u.want(u.code(last, mach.IDThreadCreate, nil), mach.ResourceShortage)
		u.want(u.code(last, mach.IDTaskTerminate, nil), mach.Success)
		u.right(u.call(self, mach.IDTaskCreate, func(w *mig.Writer) { w.Bool(false) }))
		u.right(u.call(self, mach.IDThreadCreate, nil))
	})
	m.run()
	m.Do(func() {
		for t := m.tasks.head; t != nil; t = t.next {
			m.Kill(t)
		}
	})
	m.finish()
}
