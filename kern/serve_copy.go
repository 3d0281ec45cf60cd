package kern

import (
	"defpager/ipc"
	"defpager/mach"
	"defpager/mm/vm"
)

// The requests here touch a task's memory on somebody's behalf: they may have to wait for a memory manager, and are then
// tried again from where nothing is done twice.

// read is vm_read. The item's number has 32 bits: larger pieces are an InvalidArgument.
func (k *Kernel) read(t *Task, m *ipc.Message, at mach.VirtAddr, size uint64) *ipc.Message {
	if size>>32 != 0 {
		return m.ReplyCode(mach.InvalidArgument)
	}
	var data ipc.OOL
	if size != 0 {
		c, err := t.memory.Read(at, size)
		if err == vm.Wait {
			return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
				if err != nil {
					return m.ReplyCode(mach.Code(err))
				}
				return k.read(t, m, at, size)
			})
		}
		if err != nil {
			return m.ReplyCode(mach.Code(err))
		}
		data = c
	}
	w := m.BeginReply(16)
	w.OutOfLine(mach.MsgByte, 8, uint32(size), m.PutMemory(data), false)
	return m.FinishReply(&w)
}

// write is vm_write.
func (k *Kernel) write(t *Task, m *ipc.Message, at mach.VirtAddr, handle uint64, size uint32) *ipc.Message {
	data := m.TakeMemory(handle)
	if data == nil {
		return m.ReplyCode(mach.Success)
	}
	c, ok := data.(*vm.Copy)
	if !ok || c.Size() != uint64(size) {
		data.Discard()
		return m.ReplyCode(mach.InvalidArgument)
	}
	return k.overwrite(t, m, at, c)
}

// copy is vm_copy.
func (k *Kernel) copy(t *Task, m *ipc.Message, from mach.VirtAddr, size uint64, to mach.VirtAddr) *ipc.Message {
	c, err := t.memory.Read(from, size)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				return m.ReplyCode(mach.Code(err))
			}
			return k.copy(t, m, from, size, to)
		})
	}
	if err != nil {
		return m.ReplyCode(mach.Code(err))
	}
	return k.overwrite(t, m, to, c)
}

// overwrite writes c (consumed) to t's memory and replies.
func (k *Kernel) overwrite(t *Task, m *ipc.Message, at mach.VirtAddr, c *vm.Copy) *ipc.Message {
	err := t.memory.Write(at, c)
	if err == vm.Wait {
		return k.later(t, m, ipc.Right{}, func(err error) *ipc.Message {
			if err != nil {
				c.Discard()
				return m.ReplyCode(mach.Code(err))
			}
			return k.overwrite(t, m, at, c)
		})
	}
	if err != nil {
		c.Discard()
	}
	return m.ReplyCode(mach.Code(err))
}

// vmMap is vm_map; right (consumed) denotes the memory object.
func (k *Kernel) vmMap(t *Task, m *ipc.Message, a vm.MapArgs, right ipc.Right) *ipc.Message {
	again := a
	at, code := k.mapObject(t, &a, right)
	if code != mach.Success && k.env.Waits() {
		return k.mapLater(t, m, again, right)
	}
	right.Release()
	return replyAddress(m, at, code)
}

func (k *Kernel) mapLater(t *Task, m *ipc.Message, a vm.MapArgs, right ipc.Right) *ipc.Message {
	return k.later(t, m, right, func(err error) *ipc.Message {
		if err != nil {
			right.Release()
			return m.ReplyCode(mach.Code(err))
		}
		return k.vmMap(t, m, a, right)
	})
}
