package main

import (
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// Floods of what the kernel sends, which this program never receives.

// floodReplies makes calls whose replies go to a port in a set, where they stay.
func (v *victim) floodReplies() bool {
	task, reply := v.client.Task(), libmach.ReplyPort()
	set, ret := libmach.PortAllocate(task, mach.RightPortSet)
	must("mach_port_allocate", ret)
	must("mach_port_move_member", v.client.PortMoveMember(task, reply, set))
	buf := libmach.NewBuffer(256)
	return until("replies in a set", 8<<20, func(int) mach.Return {
		w := mig.NewWriter(buf)
		w.Name(reply)
		request := w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), task, reply, mach.IDPortType)
		if ret := libmach.Exchange(buf, len(request), reply, 0, 0); ret != mach.RcvInSet {
			return ret
		}
		return mach.Success
	})
}

// floodRights asks again and again for rights to all of its many threads.
func (v *victim) floodRights() bool {
	const threads = 200
	task := v.client.Task()
	for range threads {
		if _, ret := v.client.ThreadCreate(task); ret != mach.Success {
			break
		}
	}
	buf, reply := libmach.NewBuffer(256), libmach.ReplyPort()
	return until("lists of threads", 8<<20, func(int) mach.Return {
		w := mig.NewWriter(buf)
		return libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), task, reply, mach.IDTaskThreads), mach.OptSendTimeout, 0)
	})
}
