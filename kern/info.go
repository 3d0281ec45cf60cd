package kern

import (
	"fmt"
	"strconv"

	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/pmap"
	"defpager/mm/vm"
)

// What follows shows the kernel to people: the monitor calls it within Do. It allocates.

// TaskInfo is a task at one moment.
type TaskInfo struct {
	ID        uint32
	Name      string
	Threads   int
	Suspended int32
	Size      uint64          // bytes of address space
	Resident  mach.PageNumber // pages that the page tables show
	Tables    mach.PageNumber // frames that are page tables
	Names     int             // of its name space
	Reserved  mach.PageNumber // frames that the default pager promised to objects which the task asked for
	Faults    uint64          // page faults
	Objects   int             // which it was promised those frames for
	Limit     uint64          // bytes that it may map; vm.Unlimited
	Account   vm.Account      // what it pays for, and the limits of that
	Wired     uint64          // bytes that it wired
	Events    vm.Counters     // of its memory: see vm.Map.Counters
	Waited    int64           // nanoseconds that its threads, and requests about its memory, waited for pages, from paging storage or managers, and for frames; without waits that last
}

// Tasks lists all tasks, oldest first.
func (k *Kernel) Tasks() []TaskInfo {
	var list []TaskInfo
	for t := k.tasks.head; t != nil; t = t.next {
		list = append(list, t.Info())
	}
	return list
}

// Info describes t.
func (t *Task) Info() TaskInfo {
	limit, _ := t.memory.SizeLimit()
	return TaskInfo{
		ID: t.id, Name: t.name, Threads: t.threadCount, Suspended: t.suspended, Size: t.memory.Map.Size(), Resident: t.memory.Resident(),
		Tables: t.memory.Pmap().Tables(), Names: t.space.Len(),
		Reserved: t.account.Reserved, Faults: t.memory.Counters().Faults,
		Objects: t.account.Objects, Limit: limit, Account: *t.account, Wired: t.memory.Wired(), Events: t.memory.Counters(), Waited: t.waited,
	}
}

// ThreadInfo is a thread at one moment.
type ThreadInfo struct {
	ID, Task  uint32
	TaskName  string
	State     string
	Suspended int32
	RIP, RSP  uint64
}

// Threads lists the threads of all tasks.
func (k *Kernel) Threads() []ThreadInfo {
	var list []ThreadInfo
	for t := k.tasks.head; t != nil; t = t.next {
		for th := t.threads; th != nil; th = th.sibling {
			state := "ready"
			switch {
			case th.suspended+t.suspended != 0:
				state = "suspended"
			case th.wait != waitNone && !th.awake:
				state = "waits in " + th.wait.String()
			}
			list = append(list, ThreadInfo{
				ID: th.id, Task: t.id, TaskName: t.name, State: state, Suspended: th.suspended, RIP: th.regs.RIP, RSP: th.regs.RSP,
			})
		}
	}
	return list
}

// Find is the task with a number, or the newest with a name. The error names what there is not.
func (k *Kernel) Find(what string) (*Task, error) {
	n, err := strconv.ParseUint(what, 10, 32)
	for t := k.tasks.tail; t != nil; t = t.prev {
		if err == nil && t.id == uint32(n) || t.name == what {
			return t, nil
		}
	}
	return nil, fmt.Errorf("no task %q; tasks lists them", what)
}

// Kill terminates t.
func (k *Kernel) Kill(t *Task) { k.terminateTask(t) }

// Done is closed when t is gone.
func (t *Task) Done() <-chan struct{} { return t.done }

// Regions yields what is mapped in t's address space, in order.
func (t *Task) Regions(yield func(vm.Region) bool) { t.memory.Entries(yield) }

// Out yields what names the pages of t's memory that are paged out: see vm.Map.Out.
func (t *Task) Out(yield func(vm.Token) bool) { t.memory.Map.Out(yield) }

// Walk are the steps through t's page tables to the page of va.
func (t *Task) Walk(va mach.VirtAddr) []pmap.Level { return t.memory.Pmap().Levels(va) }

// NameInfo is one name of a task.
type NameInfo struct {
	Name mach.Name
	Type mach.PortType
	Refs uint32    // user references of its send right, or of its only right
	Port *ipc.Port // nil for dead names and port sets; valid until the lock is let go
}

// Names lists the names of t's space in ascending order.
func (t *Task) Names() []NameInfo {
	var list []NameInfo
	t.space.Names(func(name mach.Name, kind mach.PortType) {
		right := mach.RightReceive
		for _, r := range [...]mach.Right{mach.RightSend, mach.RightSendOnce, mach.RightDeadName, mach.RightPortSet} {
			if kind&(1<<(r+16)) != 0 {
				right = r
				break
			}
		}
		refs, _ := t.space.GetRefs(name, right)
		list = append(list, NameInfo{name, kind, refs, t.space.Lookup(name)})
	})
	return list
}

// Describe says what the receiver of a port is: a task or a thread, the host, a memory object, or a task's own server.
func Describe(p *ipc.Port) string {
	switch o := p.Object().(type) {
	case *Task:
		return fmt.Sprintf("task %d (%s)", o.id, o.name)
	case *Thread:
		return fmt.Sprintf("thread %d of task %d", o.id, o.task.id)
	case host:
		return "host"
	case hostPriv:
		return "host, privileged"
	case exceptionReply:
		return fmt.Sprintf("exception reply of thread %d", o.thread.id)
	case *module:
		return "boot module " + o.name()
	case memoryControl:
		return fmt.Sprintf("control of memory object %d", o.memory.ID())
	case memoryName:
		return fmt.Sprintf("name of memory object %d", o.memory.ID())
	case *memoryProxy:
		return "memory object proxy"
	case pagedOut:
		return fmt.Sprintf("memory object %d, of what is paged out", o.object.memory.ID())
	case Mappable:
		return fmt.Sprintf("memory object %d", o.MemoryObject().ID())
	case nil:
		return "port"
	}
	return "kernel server"
}

// Counters are the events since the start.
func (k *Kernel) Counters() Counters { return k.counters }
