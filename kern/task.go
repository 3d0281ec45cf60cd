package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// Task is an address space, a name space and threads.
type Task struct {
	kernel    *Kernel
	memory    userMemory
	root      mach.PhysAddr // top page table of memory
	space     *ipc.Space
	threads   *Thread
	suspended int32
	dying     bool
	boot      bool // the loader's
	essential bool // its end is reported: nobody in ring 3 can end the machine so

	id          uint32
	name        string
	gsyncs      gsyncChain // waits for words of its memory
	threadCount int
	parent      *Task // who made it, nil for the loader's
	children    int   // tasks that it made and that exist
	port        *ipc.Port
	self        ipc.Right                // what mach_task_self copies
	selfName    mach.Name                // under which it did so last, in the task's own space
	registered  [registeredMax]ipc.Right // what mach_ports_register was given
	priority    int32
	maxPriority int32
	account     *vm.Account // what it pays for, and how much that may be; objects may outlive the task
	created     int64       // nanoseconds of the clock
	deadTime    int64       // nanoseconds that threads ran which are gone
	waited      int64       // nanoseconds that threads and requests waited for pages, and for frames
	handler     ipc.Right   // the exception port
	bootstrap   ipc.Right
	done        chan struct{} // closed when the task is gone
	next, prev  *Task
}

// taskList is all tasks, oldest first.
type taskList struct {
	head, tail *Task
	count      int
}

func (l *taskList) add(t *Task) {
	t.prev = l.tail
	if l.tail != nil {
		l.tail.next = t
	} else {
		l.head = t
	}
	l.tail = t
	l.count++
}

func (l *taskList) remove(t *Task) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		l.tail = t.prev
	}
	t.next, t.prev = nil, nil
	l.count--
}

// newTask makes a task without threads. With a parent it inherits the parent's exception and bootstrap ports and, if asked, its
// memory. ResourceShortage.
func (k *Kernel) newTask(name string, parent *Task, inherit bool) (*Task, error) {
	own := 0
	if parent != nil {
		own = parent.children
	}
	if !fair(own, k.tasks.count, k.config.Limits.Tasks) || k.frames.Fuse.Blows() {
		return nil, mach.ResourceShortage.With("%d of at most %d tasks exist, %d of them this one's", k.tasks.count, k.config.Limits.Tasks, own)
	}
	var m *vm.Map
	var err error
	if inherit {
		m, err = parent.memory.Fork()
	} else {
		m, err = vm.NewMap(k.env)
		if err == nil && parent != nil {
			m.SetSizeLimit(parent.memory.SizeLimit())
		}
	}
	if err != nil {
		return nil, err
	}
	k.lastTask++
	t := &Task{kernel: k, id: k.lastTask, name: name, root: m.Pmap().Root(), space: k.sys.NewSpace(), account: vm.NewAccount(parent.limits()), done: make(chan struct{})}
	t.memory = userMemory{Map: m, env: k.env}
	t.port = k.sys.NewKernelPort(k, t)
	t.self = t.port.MakeSend()
	t.created = k.config.Clock()
	t.priority, t.maxPriority = priorityUser, priorityUser
	if parent != nil {
		t.handler, t.bootstrap = parent.handler.Copy(), parent.bootstrap.Copy()
		t.priority, t.maxPriority = parent.priority, parent.maxPriority
		for i := range t.registered {
			t.registered[i] = parent.registered[i].Copy()
		}
		t.parent = parent
		parent.children++
	}
	k.tasks.add(t)
	if parent != nil {
		k.announce(t, parent)
	}
	m.SetAccount(t.account)
	return t, nil
}

// limits is the account whose limits a child inherits; nil: none.
func (t *Task) limits() *vm.Account {
	if t == nil {
		return nil
	}
	return t.account
}

// again gives the task one more user reference of the name that it got from mach_task_self last, and returns it: NameNull when it has that no
// more.
func (t *Task) again() mach.Name { return t.space.Again(t.selfName, t.self.Port) }

// suspendTask counts one more reason not to run the threads of t (task_suspend), resumeTask one less. Failure: there was none.
func (k *Kernel) suspendTask(t *Task) mach.Return {
	t.suspended++
	if k.current != nil && k.current.task == t {
		k.stopIfCurrent(k.current)
	}
	return mach.Success
}

func (k *Kernel) resumeTask(t *Task) mach.Return {
	if t.suspended == 0 {
		return mach.Failure
	}
	t.suspended--
	for th := t.threads; th != nil; th = th.sibling {
		k.makeReady(th)
	}
	return mach.Success
}

// terminateTask marks t as dead: its threads do not run any more, and settle takes it apart.
func (k *Kernel) terminateTask(t *Task) {
	if t.dying {
		return
	}
	t.dying = true
	k.unsettled = true
	for th := t.threads; th != nil; th = th.sibling {
		k.terminateThread(th)
	}
	k.dying = append(k.dying, t)
}

// destroyTask takes a task apart. Its threads are gone.
func (k *Kernel) destroyTask(t *Task) {
	if k.trace.on {
		k.tracef("task %d (%s) is gone", t.id, t.name)
	}
	if t.essential {
		k.Logf("task %d (%s), which was declared essential, is gone", t.id, t.name)
	}
	t.self.Release()
	t.handler.Release()
	t.bootstrap.Release()
	for _, r := range t.registered {
		r.Release()
	}
	t.port.Destroy()
	t.space.Destroy()
	k.giveUp(t)
	k.cpu.Leave(t.root)
	t.memory.Destroy()
	k.tasks.remove(t)
	if t.parent != nil {
		t.parent.children--
	}
	close(t.done)
	if t.boot {
		if k.bootTasks--; k.bootTasks == 0 {
			close(k.bootDone)
		}
	}
}

// userMemory adapts an address space to what messages want of it.
type userMemory struct {
	*vm.Map
	env *vm.Env
}

// CopyMapIn implements ipc.UserMemory.
func (u *userMemory) CopyMapIn(addr mach.VirtAddr, size uint64, deallocate, stay bool) (ipc.OOL, error) {
	take := u.Map.CopyMapIn
	if stay {
		take = u.Map.CopyMapInStaying
	}
	c, err := take(addr, size, deallocate)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// CopyMapOut implements ipc.UserMemory.
func (u *userMemory) CopyMapOut(o ipc.OOL) (mach.VirtAddr, error) {
	return u.Map.CopyMapOut(o.(*vm.Copy))
}

// NewOOL implements ipc.UserMemory.
func (u *userMemory) NewOOL(data []byte) (ipc.OOL, error) {
	c, err := vm.NewCopy(u.env, data)
	for err != nil && u.Spared(err) {
		c, err = vm.NewCopy(u.env, data)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}
