package main

import (
	"fmt"

	"defpager/ipc/mig"
	"defpager/mach"
)

// words says every wrong word of a manager, with a reply port: the kernel answers with a code and does nothing.
func (t *tester) words() {
	o := t.NewObject(ownPages)
	t.Must("memory_object_ready", t.Client.MemoryObjectReady(o.Control, false, mach.CopyDelay))
	page := t.Pages(1)
	ask := func(name string, id mach.MsgID, want mach.Return, body func(w *mig.Writer)) {
		body(t.Client.Request())
		_, ret := t.Client.CallComplex(o.Control, id)
		t.Check(name, ret, want)
	}
	supply := func(name string, want mach.Return, offset uint64, size uint32, lock mach.Prot, d mach.MsgType, reply mach.Name) {
		ask("memory_object_data_supply "+name, mach.IDMemoryObjectDataSupply, want, func(w *mig.Writer) {
			w.Uint64(offset)
			w.OutOfLine(mach.MsgByte, 8, size, uint64(page), false)
			w.Int32(int32(lock))
			w.Bool(false)
			w.Port(d, reply)
		})
	}
	supply("at an offset within a page", mach.InvalidArgument, 1, mach.PageSize, 0, mach.MsgMakeSendOnce, 0)
	supply("of half a page", mach.InvalidArgument, 0, mach.PageSize/2, 0, mach.MsgMakeSendOnce, 0)
	supply("of nothing", mach.InvalidArgument, 0, 0, 0, mach.MsgMakeSendOnce, 0)
	supply("beyond the last offset", mach.InvalidArgument, ^uint64(mach.PageMask), mach.PageSize, 0, mach.MsgMakeSendOnce, 0)
	supply("with an unknown lock", mach.InvalidArgument, 0, mach.PageSize, 8, mach.MsgMakeSendOnce, 0)
	supply("with a receive right to reply to", mach.MIGBadArguments, 0, mach.PageSize, 0, mach.MsgMoveReceive, t.NewPort())
	supply("of unmapped memory", mach.SendInvalidMemory, 0, 1<<31, 0, mach.MsgMakeSendOnce, 0)

	lock := func(name string, want mach.Return, what mach.MemoryReturn, lock mach.Prot, d mach.MsgType, reply mach.Name) {
		ask("memory_object_lock_request "+name, mach.IDMemoryObjectLockRequest, want, func(w *mig.Writer) {
			w.Uint64(0)
			w.Uint64(mach.PageSize)
			w.Int32(int32(what))
			w.Bool(false)
			w.Int32(int32(lock))
			w.Port(d, reply)
		})
	}
	lock("to return something else", mach.InvalidArgument, 3, 0, mach.MsgMakeSendOnce, 0)
	lock("to return less than nothing", mach.InvalidArgument, -1, 0, mach.MsgMakeSendOnce, 0)
	lock("with an unknown lock", mach.InvalidArgument, 0, 16, mach.MsgMakeSendOnce, 0)
	lock("with a receive right to reply to", mach.MIGBadArguments, 0, 0, mach.MsgMoveReceive, t.NewPort())

	for _, id := range [...]mach.MsgID{mach.IDMemoryObjectDataUnavailable, mach.IDMemoryObjectDataError} {
		for _, pair := range [...][2]uint64{{1, mach.PageSize}, {0, 1}} {
			ask(fmt.Sprintf("message %d about half a page", id), id, mach.InvalidArgument, func(w *mig.Writer) {
				w.Uint64(pair[0])
				w.Uint64(pair[1])
				if id == mach.IDMemoryObjectDataError {
					w.Int32(1)
				}
			})
		}
	}
	for _, strategy := range [...]int32{-1, 4} {
		ask("memory_object_ready with an unknown strategy", mach.IDMemoryObjectReady, mach.InvalidArgument, func(w *mig.Writer) {
			w.Bool(false)
			w.Int32(strategy)
		})
	}
	ask("an unknown message to the control port", 2038, mach.MIGBadID, func(*mig.Writer) {})
	ask("memory_object_init to the control port", mach.IDMemoryObjectInit, mach.MIGBadID, func(*mig.Writer) {})
	ask("memory_object_destroy of nothing", mach.IDMemoryObjectDestroy, mach.MIGBadArguments, func(*mig.Writer) {})
	t.Client.Request()
	_, ret := t.Client.Call(o.Name, mach.IDMemoryObjectGetAttributes)
	t.Check("a question to the name port", ret, mach.InvalidArgument)

	// Answers that nobody waits for do nothing, except that early pages are kept.
	t.Must("data_error", t.Client.MemoryObjectDataError(o.Control, 0, ownSize, mach.Failure))
	t.Must("data_unavailable", t.Client.MemoryObjectDataUnavailable(o.Control, 0, ^uint64(mach.PageMask)))
	o.Supply(0, 9, mach.ProtNone, mach.NameNull)
	t.Check("a page that came before anybody asked", t.Readable(o.At), mach.Success)
	t.Check("nobody is asked for it", o.Nothing(), mach.Success)
	t.Unmap(o.At, ownSize)
	t.Check("memory_object_data_return of a precious page", o.Next(mach.IDMemoryObjectDataReturn), mach.Success)
	t.Check("memory_object_terminate", o.Next(mach.IDMemoryObjectTerminate), mach.Success)
	t.Must("mach_port_destroy", t.Client.PortDestroy(t.Task, o.Port))
	t.Unmap(page, mach.PageSize)
}
