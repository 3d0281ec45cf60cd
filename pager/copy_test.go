package pager

import (
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

// fill touches pages of anonymous memory until no frame is left, with what can be paged out.
func (w *world) fill() mach.VirtAddr {
	w.t.Helper()
	va, err := w.memory.Map.Allocate(0, 2*memory, true)
	if err != nil {
		w.t.Fatal(err)
	}
	for at := va; at < va+2*memory; at += mach.PageSize {
		if w.touch(at) != nil {
			w.env.Forget()
			return va
		}
	}
	w.t.Fatal("memory does not fill")
	return 0
}

// copied maps a copy of an object.
func (w *world) copied(name mach.Name, size uint64) mach.VirtAddr {
	w.t.Helper()
	va, err := w.memory.Map.Map(&vm.MapArgs{
		Size: size, Anywhere: true, Object: w.object(name).MemoryObject(), Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return va
}

// written makes an object and maps it, and writes 1 to a byte of each page: the one at 100.
func (w *world) written(pages mach.PageNumber, flags int32) (mach.Name, mach.VirtAddr) {
	w.t.Helper()
	name, code := w.createAs(pages.Bytes(), flags)
	w.want(code, mach.Success)
	va, err := w.mapped(name, pages.Bytes())
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range pages {
		if err := w.touch(va + mach.VirtAddr(i.Bytes()) + 100); err != nil {
			w.t.Fatal(err)
		}
	}
	return name, va
}

// reads looks at that byte of pages.
func (w *world) reads(va mach.VirtAddr, pages mach.PageNumber, want byte) {
	w.t.Helper()
	for i := range pages {
		at := va + mach.VirtAddr(i.Bytes()) + 100
		err := w.memory.Resolve(at, mach.ProtRead)
		var b [1]byte
		if err == nil {
			err = w.memory.CopyIn(b[:], at)
		}
		if err != nil || b[0] != want {
			w.t.Fatalf("page %d: %d, %v; want %d", i, b[0], err, want)
		}
	}
}

// An object that gets smaller while no frame is free leaves its copy what it shows, as long as something can be paged out for that: the page that the new limit
// lies in, and nodes for those behind it.
func TestSetSizeSparesCopies(t *testing.T) {
	const pages = 100
	for _, flags := range []int32{mach.Reserve, mach.Overcommit} {
		for _, limit := range []uint64{0, 50, mach.PageSize, 70*mach.PageSize + 50, pages*mach.PageSize - 1} {
			w := newWorld(t, false)
			s, _, _ := w.disks()
			if err := s.Begin(); err != nil {
				t.Fatal(err)
			}
			name, _ := w.written(pages, flags)
			copied := w.copied(name, pages*mach.PageSize)
			w.fill()
			w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, limit), mach.Success)
			w.check()
			w.reads(copied, pages, 1)
			w.drop(name)
			w.check()
		}
	}
}

// Where no frame comes at once, but page-out has begun to look for some, the call waits, and nothing has changed meanwhile.
func TestSetSizeWaitsForFrames(t *testing.T) {
	for _, flags := range []int32{mach.Reserve, mach.Overcommit} {
		w := newWorld(t, false)
		w.env.Backing = &slow{env: w.env, ready: true}
		var again func(error) *ipc.Message
		w.pager.config.Later = func(_ *ipc.Message, f func(error) *ipc.Message) {
			w.env.Forget()
			again = f
		}
		name, at := w.written(2, flags)
		o := w.object(name).MemoryObject()
		copied := w.copied(name, 2*mach.PageSize)
		filler := w.fill()
		w.writer = mig.NewWriter(w.b[:])
		w.writer.Uint64(mach.PageSize + 50)
		msg := w.writer.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), name, w.reply, mach.IDDefaultPagerObjectSetSize)
		if err := w.memory.CopyOut(w.buffer, msg); err != nil {
			t.Fatal(err)
		}
		code, _ := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{Addr: w.buffer, Option: mach.OptSend, SendSize: uint32(len(msg))})
		w.want(code, mach.Success)
		if again == nil || o.Limit() != 2*mach.PageSize {
			t.Fatalf("the call did not wait; the object has %d bytes", o.Limit())
		}
		w.check()
		if err := w.memory.Map.Deallocate(filler, 2*memory); err != nil {
			t.Fatal(err)
		}
		w.sys.Send(again(nil))
		w.want(w.answer(), mach.Success)
		w.is("the limit", o.Limit(), mach.PageSize+50)
		w.reads(copied, 2, 1)
		w.reads(at+mach.PageSize, 1, 0)
		w.check()
	}
}
