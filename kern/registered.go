package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// registeredMax is how many ports a task may register for its children (TASK_PORT_REGISTER_MAX).
const registeredMax = 4

// register is mach_ports_register: the rights of the array take the places of those that were registered. InvalidArgument: there are too many.
func (t *Task) register(m *ipc.Message, handle uint64, n uint32) mach.Return {
	rights := m.RightArray(handle)
	if n > registeredMax || uint32(len(rights)) != n {
		return mach.InvalidArgument
	}
	for i := range t.registered {
		t.registered[i].Release()
		t.registered[i] = ipc.Right{}
	}
	for i := range rights {
		t.registered[i] = rights[i]
		rights[i] = ipc.Right{}
	}
	return mach.Success
}

// lookup is mach_ports_lookup: send rights to all that are registered, null where none is.
func (t *Task) lookup(m *ipc.Message) *ipc.Message {
	rights := make([]ipc.Right, registeredMax)
	for i := range rights {
		rights[i] = t.registered[i].Copy()
	}
	return replyRights(m, rights)
}
