package kern

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// list reads the strings whose addresses stand from at on, up to the null.
func (u *user) list(at *mach.VirtAddr) (list []string) {
	for ; u.Load64(*at) != 0; *at += 8 {
		var text []byte
		for p := mach.VirtAddr(u.Load64(*at)); u.Load(p) != 0; p++ {
			text = append(text, u.Load(p))
		}
		list = append(list, string(text))
	}
	*at += 8
	return list
}

// arguments reads what the loader put onto the stack.
func (u *user) arguments() (args, env []string) {
	u.m.t.Helper()
	at := mach.VirtAddr(u.RSP)
	n := u.Load64(at)
	at += 8
	args, env = u.list(&at), u.list(&at)
	u.is("the number of arguments", n, uint64(len(args)))
	u.is("the stack's alignment", u.RSP%16, 0)
	return args, env
}

// Programs of the loader find their arguments, and rights for what these name.
func TestBoot(t *testing.T) {
	m := newMachine(t)
	var got [2][]string
	name := func(s string) mach.Name {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return mach.Name(n)
	}
	m.program("/boot/one a${NAME}b${NAME} ${module-size:data} ${receive:wire} ${task-port} $(task-create) $(task-resume)", func(u *user) {
		var env []string
		got[0], env = u.arguments()
		if !slices.Equal(env, []string{"TSC_HZ=1000000000"}) {
			t.Errorf("environment %q", env)
		}
		u.is("the task's port", uint64(name(got[0][4])), uint64(u.self()))
		_, r := u.receive(name(got[0][3]), 77)
		u.is("the message", uint64(r.Int32()), 5)
	})
	m.program("/boot/two ${port:wire} ${module-port:data} ${host-port} $(task-create) $(prompt-task-resume)", func(u *user) {
		got[1], _ = u.arguments()
		u.want(u.send(mach.Bits(mach.MsgCopySend, 0), name(got[1][1]), 0, 77, func(w *mig.Writer) { w.Int32(5) }), mach.Success)
		r := u.ask(mach.Complex, u.self(), mach.IDVMMap, func(w *mig.Writer) {
			w.Uint64(0)
			w.Uint64(2 * mach.PageSize)
			w.Uint64(0)
			w.Bool(true)
			w.Port(mach.MsgCopySend, name(got[1][2]))
			w.Uint64(0)
			w.Bool(false)
			w.Int32(int32(mach.ProtRead))
			w.Int32(int32(mach.ProtRead))
			w.Int32(int32(mach.InheritNone))
		})
		u.want(r.RetCode(), mach.Success)
		at := mach.VirtAddr(r.Uint64())
		u.is("the module's last byte", uint64(u.Load(at+4999)), 'd')
		u.is("the byte behind", uint64(u.Load(at+5000)), 0)
		u.want(u.code(name(got[1][3]), mach.IDHostReboot, func(w *mig.Writer) { w.Int32(rebootHalt) }), mach.Success)
	})
	m.module("data", []byte(strings.Repeat("d", 5000)))
	m.module("", nil)
	m.Do(func() {
		if n := m.Boot(); n != 2 {
			t.Errorf("%d programs", n)
		}
	})
	select {
	case <-m.BootDone():
		t.Error("the programs ended before they ran")
	default:
	}
	m.finish()
	<-m.BootDone()
	if m.BootFailed() || m.text.Len() != 0 || len(m.ends) != 1 {
		t.Errorf("%q, %v", m.text.String(), m.ends)
	}
	if got[0][0] != "/boot/one" || got[0][1] != "avaluebvalue" || got[0][2] != "5000" || got[1][0] != "/boot/two" {
		t.Errorf("arguments %q", got)
	}
}

// What cannot be started is told and left out; the others run.
func TestBootFailures(t *testing.T) {
	m := newMachine(t)
	m.mayDie()
	ran := false
	m.module("one $(task-create)", []byte("text"))
	m.program("two ${what} $(task-create)", nil)
	m.program("three $(task-destroy)", nil)
	m.program("four $(task-create)", func(u *user) { ran = true })
	m.program("five $(task-create) $(task-resume)", func(u *user) { u.Load(0) })
	m.program("six "+strings.Repeat("x", stringsMax)+" $(task-create)", nil)
	m.Do(func() {
		if n := m.Boot(); n != 2 {
			t.Errorf("%d programs", n)
		}
	})
	m.run()
	<-m.BootDone()
	if !m.BootFailed() {
		t.Error("no failure")
	}
	for _, text := range []string{
		"kernel: boot module one: file of 4 bytes: an ELF header has 64\n", "kernel: boot module two: ${what}: nothing has this name\n",
		"kernel: boot module three: unknown directive $(task-destroy)\n", "five) terminated: EXC_BAD_ACCESS",
		"kernel: boot module six: stack: ",
	} {
		m.says(text)
	}
	if ran {
		t.Error("a task without $(task-resume) runs")
	}
	four, err := m.Find("four")
	if err != nil {
		t.Fatal(err)
	}
	m.Do(func() { m.resumeTask(four) })
	m.finish()
	if !ran {
		t.Error("a task that was resumed does not run")
	}
}

// The monitor starts programs with other arguments.
func TestStart(t *testing.T) {
	m := newMachine(t)
	var got []string
	m.program("bin/echo never", func(u *user) { got, _ = u.arguments() })
	m.Do(func() {
		if n := m.Boot(); n != 0 {
			t.Errorf("%d programs", n)
		}
	})
	<-m.BootDone()
	var task *Task
	m.Do(func() {
		var err error
		if task, err = m.Start([]string{"echo", "x", "${NAME}"}); err != nil {
			t.Fatal(err)
		}
		if _, err = m.Start([]string{"nothing"}); err == nil {
			t.Error("started nothing")
		}
		if _, err = m.Start([]string{"echo", "${module-port:nothing}"}); err == nil {
			t.Error("expanded nothing")
		}
	})
	m.finish()
	<-task.Done()
	if !slices.Equal(got, []string{"echo", "x", "value"}) {
		t.Errorf("arguments %q", got)
	}
}

// words expands a command line's words for a task; rights are told by their types.
func (m *machine) words(line string) (out []string, err error) {
	m.Do(func() {
		ports := m.sys.NewSpace()
		defer ports.Destroy()
		s := script{kernel: m.Kernel, ports: ports, named: map[string]mach.Name{}}
		task, err2 := m.newTask("t", nil, false)
		if err2 != nil {
			m.t.Fatal(err2)
		}
		defer m.terminateTask(task)
		for _, w := range fields(line) {
			if w, err = s.expand(task, w); err != nil {
				return
			}
			if n, err := strconv.ParseUint(w, 10, 32); err == nil {
				if kind, code := task.space.Type(mach.Name(n)); code == mach.Success {
					w = map[mach.PortType]string{mach.TypeSend: "send", mach.TypeReceive: "receive", mach.TypeSend | mach.TypeReceive: "both"}[kind]
				}
			}
			out = append(out, w)
		}
	})
	return out, err
}

func TestExpansion(t *testing.T) {
	m := newMachine(t)
	m.module("/a/data arg", make([]byte, 12345))
	for line, want := range map[string]string{
		"plain":                         "plain",
		"${NAME}":                       "value",
		"-x=${NAME}${NAME}-":            "-x=valuevalue-",
		"$ {NAME} $NAME } $":            "$ {NAME} $NAME } $",
		"$${NAME}}":                     "$value}",
		"${task-port} ${host-port}":     "send send",
		"${module-port:data}":           "send",
		"${module-size:data}":           "12345",
		"${default-pager-port}":         "0",
		"${port:a} ${port:a} ${port:b}": "send send send",
		"${receive:a} ${port:a}":        "receive both",
		"${port:a} ${receive:a}":        "send both",
		"${receive:} ${port:}":          "receive both",
		"${":                            "error: ${ has no }",
		"a${NAME":                       "error: ${NAME has no }",
		"${}":                           "error: ${}: nothing has this name",
		"${name}":                       "error: ${name}: nothing has this name",
		"${module-port}":                `error: ${module-port}: no boot module ""`,
		"${module-size:/a/data}":        `error: ${module-size:/a/data}: no boot module "/a/data"`,
		"${receive:a} ${receive:a}":     "error: ${receive:a}: ",
		"${${NAME}}":                    "error: ${${NAME}: nothing has this name",
	} {
		words, err := m.words(line)
		got := strings.Join(words, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want && !(strings.HasSuffix(want, ": ") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	m.finish()
}

// No command line makes the kernel panic or lose anything.
func FuzzCommandLine(f *testing.F) {
	for _, line := range []string{
		"p ${NAME} $(task-create)", "p ${host-port}${task-port} ${receive:x}${port:x}${receive:x} $(task-create) $(task-resume)",
		"p ${module-port:p} ${module-size:p} ${default-pager-port} $(task-create)", "$(", "${", "$(x) ${}", "\x00 $(task-create)",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m := newMachine(t)
		m.program(line, func(u *user) { u.arguments() })
		m.Do(func() { m.Boot() })
		m.Do(func() {
			for t := m.tasks.head; t != nil; t = t.next {
				m.resumeTask(t)
			}
		})
		m.finish()
	})
}
