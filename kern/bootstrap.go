package kern

import (
	"fmt"
	"path"
	"strings"

	"defpager/board"
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// module is a file that the loader brought. Its memory object, read-only, exists from the first use on.
type module struct {
	board.Module
	words  []string
	object *vm.Object
	port   *ipc.Port
}

func fields(command string) []string { return strings.Fields(command) }

// name is what scripts and the monitor call the module: the last part of its path.
func (m *module) name() string {
	if len(m.words) == 0 {
		return ""
	}
	return path.Base(m.words[0])
}

// MemoryObject implements Mappable.
func (m *module) MemoryObject() *vm.Object { return m.object }

// moduleObject is the memory object of m's frames, made at the first call.
func (k *Kernel) moduleObject(m *module) (*vm.Object, error) {
	if m.object == nil {
		// The last page is zero behind the file (board.Module), so whole pages may be seen.
		r := board.Range{Start: m.Data.Start, Size: (m.Data.Size + mach.PageMask) &^ mach.PageMask}
		o, err := vm.NewPhysical(k.env, r, mach.ProtRead|mach.ProtExecute)
		if err != nil {
			return nil, err
		}
		m.object = o
	}
	return m.object, nil
}

func (k *Kernel) moduleNamed(name string) (*module, error) {
	for _, m := range k.modules {
		if m.name() == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no boot module %q", name)
}

// Modules lists the names and sizes, in bytes, of what the loader brought.
func (k *Kernel) Modules(yield func(name string, size uint64) bool) {
	for _, m := range k.modules {
		if !yield(m.name(), m.Data.Size) {
			return
		}
	}
}

// Boot starts the programs among the modules: those whose command line has $(task-create). All are loaded before any runs. What
// cannot be started is reported and left out. It returns the number of programs that were loaded.
func (k *Kernel) Boot() int {
	ports := k.sys.NewSpace()
	defer ports.Destroy()
	script := script{kernel: k, ports: ports, named: map[string]mach.Name{}}
	var started []*Thread
	for _, m := range k.modules {
		t, err := script.create(m, m.words)
		if err != nil {
			k.Logf("boot module %s: %v", m.name(), err)
			k.bootFailed = true
			continue
		}
		if t == nil {
			continue
		}
		if t.task.suspended == 0 {
			t.task.boot = true
			k.bootTasks++
		}
		started = append(started, t)
	}
	if k.bootTasks == 0 {
		close(k.bootDone)
	}
	for _, t := range started {
		k.resumeThread(t)
	}
	return len(started)
}

// Start loads the program of a module with other arguments and lets it run. words are its name and arguments, which may contain
// ${...} as command lines of modules do.
func (k *Kernel) Start(words []string) (*Task, error) {
	m, err := k.moduleNamed(words[0])
	if err != nil {
		return nil, err
	}
	ports := k.sys.NewSpace()
	defer ports.Destroy()
	script := script{kernel: k, ports: ports, named: map[string]mach.Name{}}
	t, err := script.create(m, append(append([]string{}, words...), "$(task-create)", "$(task-resume)"))
	if err != nil {
		return nil, err
	}
	k.resumeThread(t)
	return t.task, nil
}

// script expands command lines. Ports that programs are to share by name wait in a space of its own.
type script struct {
	kernel *Kernel
	ports  *ipc.Space
	named  map[string]mach.Name
}

// create makes the task of a command line with $(task-create), suspended unless $(task-resume) stands there too; nil for data.
func (s *script) create(m *module, words []string) (*Thread, error) {
	k := s.kernel
	create, resume := false, false
	var args []string
	for _, w := range words {
		switch {
		case w == "$(task-create)":
			create = true
		case w == "$(task-resume)", w == "$(prompt-task-resume)":
			resume = true
		case strings.HasPrefix(w, "$("):
			return nil, fmt.Errorf("unknown directive %s", w)
		default:
			args = append(args, w)
		}
	}
	if !create {
		return nil, nil
	}
	t, err := k.newTask(m.name(), nil, false)
	if err != nil {
		return nil, err
	}
	for i := range args {
		if args[i], err = s.expand(t, args[i]); err != nil {
			k.terminateTask(t)
			return nil, err
		}
	}
	th, err := k.load(t, m, args, []string{fmt.Sprintf("TSC_HZ=%d", k.config.TicksHz)})
	if err != nil {
		k.terminateTask(t)
		return nil, err
	}
	if !resume {
		k.suspendTask(t)
	}
	return th, nil
}

// expand replaces each ${...} of a word.
func (s *script) expand(t *Task, word string) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(word, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", fmt.Errorf("${%s has no }", rest)
		}
		value, err := s.value(t, name)
		if err != nil {
			return "", fmt.Errorf("${%s}: %w", name, err)
		}
		b.WriteString(value)
		word = after
	}
}

// value is what ${name} stands for: a string, or the decimal name of a right that the task gets.
func (s *script) value(t *Task, name string) (string, error) {
	k := s.kernel
	kind, of, _ := strings.Cut(name, ":")
	var right ipc.Right
	switch kind {
	case "host-port":
		right = k.hostPriv.MakeSend()
	case "device-port":
		right = k.devices.MakeSend()
	case "task-port":
		right = t.self.Copy()
	case "default-pager-port":
		right = k.DefaultManager()
	case "module-port":
		m, err := k.moduleNamed(of)
		if err != nil {
			return "", err
		}
		if _, err := k.moduleObject(m); err != nil {
			return "", err
		}
		if m.port == nil {
			m.port = k.sys.NewKernelPort(k, m)
		}
		right = m.port.MakeSend()
	case "module-size":
		m, err := k.moduleNamed(of)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(m.Data.Size), nil
	case "port", "receive":
		var err error
		if right, err = s.sharedPort(kind, of); err != nil {
			return "", err
		}
	default:
		if v, ok := k.config.Strings[name]; ok {
			return v, nil
		}
		return "", fmt.Errorf("nothing has this name")
	}
	n, code := t.space.Insert(right)
	if code != mach.Success {
		return "", code
	}
	return fmt.Sprint(uint32(n)), nil
}

// sharedPort is a right to the port that programs share under a name: the receive right for one of them, a send right for others.
func (s *script) sharedPort(kind, name string) (ipc.Right, error) {
	at, ok := s.named[name]
	if !ok {
		var code mach.Return
		if at, code = s.ports.Allocate(mach.RightReceive); code != mach.Success {
			return ipc.Right{}, code
		}
		// A send right stays here when the receive right has left.
		right, code := s.ports.Extract(at, mach.MsgMakeSend)
		if code == mach.Success {
			_, code = s.ports.Insert(right)
		}
		if code != mach.Success {
			return ipc.Right{}, code
		}
		s.named[name] = at
	}
	disposition := mach.MsgCopySend
	if kind == "receive" {
		disposition = mach.MsgMoveReceive
	}
	right, code := s.ports.Extract(at, disposition)
	if code != mach.Success {
		return ipc.Right{}, code.With("the receive right was given away already")
	}
	return right, nil
}
