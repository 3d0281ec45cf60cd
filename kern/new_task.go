package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

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
