package kern

import (
	"fmt"

	"defpager/ipc"
	"defpager/mm/vm"
)

// Check verifies the invariants of everything the kernel keeps: its own lists, ports and rights, memory, frames.
func (k *Kernel) Check() error {
	var spaces []*ipc.Space
	held := []ipc.Right{k.manager.right, k.watcher}
	if k.manager.space != nil {
		spaces = append(spaces, k.manager.space)
	}
	n, all := 0, 0
	for t := k.tasks.head; t != nil; t = t.next {
		n++
		if t.next != nil && t.next.prev != t {
			return fmt.Errorf("kern: task %d: the list of tasks is broken", t.id)
		}
		spaces = append(spaces, t.space)
		held = append(append(held, t.self, t.handler, t.bootstrap), t.registered[:]...)
		threads := 0
		for th := t.threads; th != nil; th = th.sibling {
			threads++
			held = append(held, th.self, th.handler)
			if err := k.checkThread(t, th); err != nil {
				return err
			}
		}
		all += threads
		if threads != t.threadCount {
			return fmt.Errorf("kern: task %d has %d threads and counts %d", t.id, threads, t.threadCount)
		}
	}
	if n != k.tasks.count || all != k.threads {
		return fmt.Errorf("kern: %d tasks, %d threads; counted are %d and %d", n, all, k.tasks.count, k.threads)
	}
	for i, t := range k.sleep.heap {
		if th, ok := t.owner.(*Thread); ok && th.dead {
			return fmt.Errorf("kern: thread %d is dead and sleeps", th.id)
		}
		if t.slot != i || i > 0 && k.sleep.heap[(i-1)/2].deadline > t.deadline {
			return fmt.Errorf("kern: the table of sleepers is out of order at %d", i)
		}
	}
	k.env.Objects(func(o *vm.Object) bool {
		if manager, ok := o.Manager().(*memoryObject); ok && manager.memory == o {
			held = append(held, manager.port)
			o.Replies(func(reply any) { held = append(held, reply.(ipc.Right)) })
		}
		return true
	})
	for p := k.proxies.first; p != nil; p = p.next {
		held = append(held, p.object)
	}
	for l := k.laters.first; l != nil; l = l.next {
		held = append(held, l.held)
	}
	if err := k.sys.Check(spaces, held); err != nil {
		return err
	}
	if err := k.env.Check(); err != nil {
		return err
	}
	if err := k.frames.Check(); err != nil {
		return err
	}
	if k.storage != nil {
		if err := k.storage.Check(); err != nil {
			return err
		}
	}
	return k.checkFrames()
}

func (k *Kernel) checkThread(t *Task, th *Thread) error {
	switch {
	case th.task != t:
		return fmt.Errorf("kern: thread %d is on another task's list", th.id)
	case th.dead:
		return fmt.Errorf("kern: thread %d is dead and not taken apart", th.id)
	case th.wait == waitNone && th.slot >= 0:
		return fmt.Errorf("kern: thread %d sleeps and does not wait", th.id)
	case th.runnable() && !th.queued && k.current != th && k.handOff != th:
		return fmt.Errorf("kern: thread %d could run and has no turn", th.id)
	}
	return nil
}
