package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

// Floods take as much of something as the kernel gives, and keep it until the task ends. A kernel without limits would run out of its own
// memory and stop. They end when they are refused.

// until makes one more of something until it is refused, and says how many there were and with what code it ended. A limit
// keeps those that nobody refuses from running for ever.
func until(what string, limit int, one func(i int) mach.Return) bool {
	for i := range limit {
		if ret := one(i); ret != mach.Success {
			fmt.Printf("victim: %d %s, then %v\n", i, what, ret)
			return true
		}
	}
	fmt.Printf("victim: %d %s\n", limit, what)
	return false
}

func (v *victim) floodPorts() bool {
	return until("ports", 8<<20, func(int) mach.Return {
		_, ret := libmach.PortAllocate(v.client.Task(), mach.RightReceive)
		return ret
	})
}

// floodNames spreads names over all there are, so that a table indexed by them would be large.
func (v *victim) floodNames() bool {
	return until("dead names", 8<<20, func(i int) mach.Return {
		return libmach.PortAllocateName(v.client.Task(), mach.RightDeadName, mach.Name(uint32(i)*0x9e37_79b1|0x8000_0000))
	})
}

func (v *victim) floodTasks() bool {
	return until("tasks", 1<<20, func(int) mach.Return {
		_, ret := v.client.TaskCreate(v.client.Task(), false)
		return ret
	})
}

func (v *victim) floodThreads() bool {
	return until("threads", 1<<20, func(int) mach.Return {
		_, ret := v.client.ThreadCreate(v.client.Task())
		return ret
	})
}

// floodMappings makes entries that cannot be merged: every second page.
func (v *victim) floodMappings() bool {
	const first mach.VirtAddr = 1 << 44
	return until("mappings", 8<<20, func(i int) mach.Return {
		_, ret := libmach.VMAllocate(v.client.Task(), first+mach.VirtAddr(i)*2*mach.PageSize, mach.PageSize, false)
		return ret
	})
}

// floodObjects asks for objects of no bytes, which reserve nothing.
func (v *victim) floodObjects() bool {
	return until("objects", 8<<20, func(int) mach.Return {
		_, ret := v.client.ObjectCreate(v.pager, 0)
		return ret
	})
}

// floodMessages queues as much as goes into many queues.
func (v *victim) floodMessages() bool {
	const size = 64 << 10 // bytes of a message
	buf := libmach.NewBuffer(size)
	var port mach.Name
	return until("messages", 1<<20, func(i int) mach.Return {
		if i%mach.QLimitDefault == 0 {
			var ret mach.Return
			if port, ret = libmach.PortAllocate(v.client.Task(), mach.RightReceive); ret != mach.Success {
				return ret
			}
		}
		mig.PutHeader(buf, mach.Header{Bits: mach.Bits(mach.MsgMakeSend, 0), Remote: uint64(port), ID: 1})
		return libmach.Send(buf, mach.OptSendTimeout, 0)
	})
}

// floodNotifications asks for a notification on every port.
func (v *victim) floodNotifications() bool {
	return until("notification requests", 8<<20, func(int) mach.Return {
		port, ret := libmach.PortAllocate(v.client.Task(), mach.RightReceive)
		if ret != mach.Success {
			return ret
		}
		_, ret = v.client.PortRequestNotification(v.client.Task(), port, mach.NotifyDeadName, 0, port)
		return ret
	})
}

// floodManaged makes itself the manager of one memory object after the other, and maps each.
func (v *victim) floodManaged() bool {
	task := v.client.Task()
	return until("managed objects", 8<<20, func(int) mach.Return {
		port, ret := libmach.PortAllocate(task, mach.RightReceive)
		if ret != mach.Success {
			return ret
		}
		if ret = libmach.PortInsertRight(task, port, port, mach.MsgMakeSend); ret != mach.Success {
			return ret
		}
		_, ret = v.client.VMMap(task, libmach.Map{Size: mach.PageSize, Anywhere: true, Object: port, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritNone})
		return ret
	})
}

// floodProxies makes proxies of a page of its own memory.
func (v *victim) floodProxies() bool {
	task, at := v.client.Task(), v.pages(1)
	return until("proxies", 8<<20, func(int) mach.Return {
		_, ret := wire.VmRegionCreateProxy(v.client, task, at, mach.ProtRead, mach.PageSize)
		return ret
	})
}

// floodWaits asks for memory whose manager, itself, never supplies it.
func (v *victim) floodWaits() bool {
	task := v.client.Task()
	port, ret := libmach.PortAllocate(task, mach.RightReceive)
	must("mach_port_allocate", ret)
	must("mach_port_insert_right", libmach.PortInsertRight(task, port, port, mach.MsgMakeSend))
	at, ret := v.client.VMMap(task, libmach.Map{Size: mach.PageSize, Anywhere: true, Object: port, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritNone})
	must("vm_map", ret)
	buf, reply := libmach.NewBuffer(256), libmach.ReplyPort()
	return until("requests that wait", 8<<20, func(int) mach.Return {
		w := mig.NewWriter(buf)
		w.Uint64(uint64(at))
		w.Uint64(mach.PageSize)
		return libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), task, reply, mach.IDVMRead), mach.OptSendTimeout, 0)
	})
}

// floodOnce makes send-once rights to a port of its own: each stands for a message that must not be refused.
func (v *victim) floodOnce() bool {
	task := v.client.Task()
	port, ret := libmach.PortAllocate(task, mach.RightReceive)
	must("mach_port_allocate", ret)
	return until("send-once rights", 8<<20, func(int) mach.Return {
		_, _, ret := v.client.PortExtractRight(task, port, mach.MsgMakeSendOnce)
		return ret
	})
}
