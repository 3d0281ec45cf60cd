package kern

import (
	"bytes"

	"defpager/ipc"
	"defpager/mach"
)

// nameMax is the most bytes of a task's or thread's name, with the null byte behind it (kernel_debug_name_t).
const nameMax = 64

// cString is the text before the first null byte, without what would upset a terminal.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	b = b[:min(len(b), nameMax-1)]
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, b))
}

// newTaskID is the message that tells of a new task (mach/task_notify.defs).
const newTaskID mach.MsgID = 4400

// registerNewTask is register_new_task_notification: right (consumed) is told of each new task from now on, in place of who was.
func (k *Kernel) registerNewTask(right ipc.Right) mach.Return {
	if right.Dead() {
		right.Release()
		return mach.InvalidArgument
	}
	k.watcher.Release()
	k.watcher = right
	return mach.Success
}

// announce tells the watcher of a new task: rights to it and to its parent.
func (k *Kernel) announce(t, parent *Task) {
	if k.watcher.Port == nil || k.watcher.Dead() || !k.sys.Room(k.watcher) {
		return
	}
	m := k.sys.NewMessage(k.watcher.Copy(), ipc.Right{}, newTaskID)
	w := m.Begin(32)
	w.Port(mach.MsgPortSend, m.PutRight(t.self.Copy()))
	w.Port(mach.MsgPortSend, m.PutRight(parent.self.Copy()))
	m.Finish(&w)
	k.send(m)
}

// terminateRelease is thread_terminate_release: it ends a thread, and in a task gives up two names and a range of memory, all of which
// the thread itself used until now.
func (k *Kernel) terminateRelease(t *Thread, m *ipc.Message) *ipc.Message {
	r := m.Reader()
	handle, thread, reply := r.Port(mach.MsgPortSend), r.Name(), r.Name()
	at, size := r.Uint64(), r.Uint64()
	if r.End() != mach.Success {
		return m.ReplyCode(mach.MIGBadArguments)
	}
	task, code := taskOf(m, handle)
	if task == nil {
		return m.ReplyCode(code)
	}
	k.terminateThread(t)
	task.space.Deallocate(thread)
	task.space.DestroyName(reply)
	if size != 0 {
		_ = task.memory.Map.Deallocate(mach.VirtAddr(at), size)
	}
	return m.ReplyCode(mach.Success)
}
