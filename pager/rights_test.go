package pager

import (
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// Whatever right to a task's own port comes where a call wants one to an object, a device, the device master or a file server, living or dead: the call says what it
// thinks of it, and nothing of it is left.
func TestRightsOfAnyKind(t *testing.T) {
	w := newWorld(t, false)
	w.disks()
	bodies := map[mach.MsgID]func(b *mig.Writer){
		mach.IDDefaultPagerObjectPages: func(b *mig.Writer) { b.Uint32(10) },
		mach.IDDefaultPagerFileserver:  func(*mig.Writer) {},
		mach.IDDefaultPagerPagingFile: func(b *mig.Writer) {
			b.CString(typeFilename, nameMax, []byte("a"))
			b.Bool(true)
		},
		mach.IDDefaultPagerStorage: func(b *mig.Writer) {
			b.Varying(typeRuns, runsMax, 1, runs(1, 1))
			b.CString(typeString|nameMax<<32, nameMax, []byte("x"))
			b.Bool(true)
		},
	}
	ports, names := w.sys.Stats().Ports, w.sys.Stats().Names
	for id, body := range bodies {
		for _, x := range []struct {
			kind mach.MsgType
			send bool // the task has a send right, too
			dead bool
		}{
			{mach.MsgMoveReceive, false, false},
			{mach.MsgMakeSendOnce, false, false},
			{mach.MsgMakeSend, false, false},
			{mach.MsgCopySend, true, false},
			{mach.MsgMoveSend, true, false},
			{mach.MsgCopySend, true, true},
			{mach.MsgMoveSend, true, true},
		} {
			name, code := w.space.Allocate(mach.RightReceive)
			w.want(code, mach.Success)
			if x.send {
				w.is("the name of the send right", uint64(w.insert(w.space, w.space.Lookup(name).MakeSend())), uint64(name))
			}
			if x.dead {
				w.want(w.space.ModRefs(name, mach.RightReceive, -1), mach.Success)
				w.sys.Settle()
			}
			w.post(id, func(b *mig.Writer) {
				b.Port(x.kind, name)
				body(b)
			})
			want := mach.InvalidArgument
			switch {
			case x.kind == mach.MsgMoveReceive || x.kind == mach.MsgMakeSendOnce:
				want = mach.MIGBadArguments
			case id == mach.IDDefaultPagerFileserver && !x.dead:
				want = mach.Success
			}
			w.want(w.answer(), want)
			_ = w.space.DestroyName(name) // which may have gone with the message
			w.sys.Settle()
			w.check()
			w.is("the number of ports", uint64(w.sys.Stats().Ports), uint64(ports))
			w.is("the number of names", uint64(w.sys.Stats().Names), uint64(names))
		}
	}
	if sizes, _, _ := w.storage(); len(sizes) != 0 {
		t.Errorf("%d areas were added", len(sizes))
	}
}
