package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// defaultManager is the default memory manager as the kernel knows it: a right to its port, set at the start to the pager inside the kernel,
// and by whoever has the host's privileged port to a task's.
//
// A task's port can die. The kernel learns of it as tasks do: it keeps another right to the port in a name space of its own and asks there
// for a dead-name notification. From then on there is no manager, until somebody sets one. No thread ever waits for one to come: the
// kernel has no memory that only a manager can free. Who waits for a dead manager's reply gets a send-once notification, as from any server.
type defaultManager struct {
	right ipc.Right
	space *ipc.Space // has the other right to a task's port, and nothing else; nil: it is the kernel's own port, which does not die
	death *ipc.Port  // where the notifications come
}

// managerDeath is what the port of notifications stands for.
type managerDeath struct{ *Kernel }

// SetDefaultManager makes right (consumed) the default memory manager's port and returns the previous one, for the caller to
// release or pass on. ResourceShortage: there is no memory to watch the port with; right is the caller's then, and nothing has changed.
func (k *Kernel) SetDefaultManager(right ipc.Right) (ipc.Right, mach.Return) {
	d := &k.manager
	var watch *ipc.Space
	if right.Port != nil && !right.Port.Served() {
		for watch = k.watchManager(right); watch == nil; watch = k.watchManager(right) {
			if !k.env.UseSpare() { // when all frames are taken another manager is what helps
				return ipc.Right{}, mach.ResourceShortage
			}
		}
	}
	d.unwatch()
	old := d.right
	if old.Port != nil {
		old.Port.KeepReceiver(false)
	}
	d.right, d.space = right, watch
	k.pageTo(right)
	return old, mach.Success
}

// watchManager asks for a notification of the port's death, and returns the space where it did; nil when memory is short.
func (k *Kernel) watchManager(right ipc.Right) *ipc.Space {
	s := k.sys.NewSpace()
	name, code := s.Insert(right.Copy())
	if code != mach.Success {
		s.Destroy()
		return nil
	}
	// Nothing can be wrong with a new name and its only request.
	_, _ = s.RequestNotification(name, mach.NotifyDeadName, 0, k.manager.death.MakeSendOnce())
	return s
}

func (d *defaultManager) unwatch() {
	if d.space != nil {
		d.space.Destroy()
		d.space = nil
	}
}

// DefaultManager makes a send right to the default memory manager's port; null when there is none.
func (k *Kernel) DefaultManager() ipc.Right {
	if k.manager.right.Dead() {
		return ipc.Right{} // the notification is on its way
	}
	return k.manager.right.Copy()
}

// serveManagerDeath gets the notifications that the kernel asked for. Those of managers that were replaced only say that nobody watches them.
func (k *Kernel) serveManagerDeath(m *ipc.Message) *ipc.Message {
	d := &k.manager
	if m.ID() == mach.NotifyDeadName && d.right.Dead() {
		k.Logf("the default memory manager is dead: there is none until another is set")
		d.unwatch()
		d.right.Release()
		d.right = ipc.Right{}
		k.pageTo(d.right)
	}
	return m.ReplyCode(mach.MIGNoReply)
}

// exchangeManager is vm_set_default_memory_manager and host_default_memory_manager: the new port goes in, the old one comes out; null
// only reads it. InvalidArgument: the new one is dead. ResourceShortage.
func (k *Kernel) exchangeManager(m *ipc.Message, handle mach.Name) *ipc.Message {
	right := m.TakeRight(handle)
	if right.Dead() {
		right.Release()
		return m.ReplyCode(mach.InvalidArgument)
	}
	if right.Null() {
		return replyRight(m, k.DefaultManager())
	}
	old, code := k.SetDefaultManager(right)
	if code != mach.Success {
		right.Release()
		return m.ReplyCode(code)
	}
	if old.Dead() {
		old.Release()
		old = ipc.Right{}
	}
	return replyRight(m, old)
}
