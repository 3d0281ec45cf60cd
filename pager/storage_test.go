package pager

import (
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

// devices makes a device master port that the pager knows, and names for it and for a port that is another's.
func (w *world) devices() (master, other mach.Name) {
	port := w.sys.NewKernelPort(w.pager, nil)
	w.pager.config.Devices = port
	return w.insert(w.space, port.MakeSend()), w.insert(w.space, w.sys.NewKernelPort(w.pager, nil).MakeSend())
}

// There is no paging storage: nothing can be added or removed, and the lists are empty.
func TestStorage(t *testing.T) {
	w := newWorld(t, false)
	master, other := w.devices()
	object := w.mustCreate(mach.PageSize)
	r := w.ask(0, w.manager, mach.IDDefaultPagerStorageInfo, nil)
	w.want(r.RetCode(), mach.Success)
	for _, want := range []mach.Type{typeRuns, typeRuns, mach.ArrayType(mach.MsgChar, 8, 0)} {
		if a := r.Varying(want, 256, 1); a.Count != 0 || a.OutOfLine() {
			t.Errorf("storage %v", a)
		}
	}
	w.want(r.End(), mach.Success)
	w.want(w.code(object, mach.IDDefaultPagerStorageInfo), mach.InvalidArgument)

	file := func(to, device mach.Name, name string, add bool) mach.Return {
		r := w.ask(mach.Complex, to, mach.IDDefaultPagerPagingFile, func(b *mig.Writer) {
			b.Port(mach.MsgCopySend, device)
			b.CString(typeFilename, nameMax, []byte(name))
			b.Bool(add)
		})
		return r.RetCode()
	}
	w.want(file(w.manager, master, "/swap", true), mach.DeviceNone)
	w.want(file(w.manager, master, "/swap", false), mach.InvalidArgument)
	w.want(file(w.manager, master, "", true), mach.InvalidArgument)
	w.want(file(w.manager, other, "/swap", true), mach.InvalidArgument)
	w.want(file(w.manager, mach.NameNull, "/swap", true), mach.InvalidArgument)
	w.want(file(w.manager, mach.NameDead, "/swap", true), mach.InvalidArgument)
	w.want(file(object, master, "/swap", true), mach.InvalidArgument)
	w.pager.config.Devices = nil
	w.want(file(w.manager, mach.NameNull, "/swap", true), mach.InvalidArgument)

	server := func(to, server mach.Name) mach.Return {
		r := w.ask(mach.Complex, to, mach.IDDefaultPagerFileserver, func(b *mig.Writer) { b.Port(mach.MsgCopySend, server) })
		return r.RetCode()
	}
	w.want(server(w.manager, other), mach.Success)
	w.want(server(w.manager, mach.NameNull), mach.InvalidArgument)
	w.want(server(w.manager, mach.NameDead), mach.InvalidArgument)
	w.want(server(object, other), mach.InvalidArgument)

	storage := func(to, device mach.Name, runs mig.Array, add bool) mach.Return {
		r := w.ask(mach.Complex, to, mach.IDDefaultPagerStorage, func(b *mig.Writer) {
			b.Port(mach.MsgCopySend, device)
			b.Varying(typeRuns, runsMax, 1, runs)
			b.CString(typeString|nameMax<<32, nameMax, []byte("disk"))
			b.Bool(add)
		})
		return r.RetCode()
	}
	for _, runs := range []mig.Array{{}, {Data: make([]byte, 8), Count: 1}, {Data: make([]byte, 16), Count: 2}, {Pointer: uint64(w.buffer), Count: 300}} {
		for _, device := range []mach.Name{master, other, object, mach.NameNull, mach.NameDead} {
			w.want(storage(w.manager, device, runs, true), mach.InvalidArgument)
			w.want(storage(w.manager, device, runs, false), mach.InvalidArgument)
			w.check()
		}
	}
	w.want(storage(object, other, mig.Array{}, true), mach.InvalidArgument)
	w.check()
}

// Messages in the name of a kernel, from a task that has a send right, change nothing: they are counted, and what they carry is given up.
func TestForgedMessages(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, plain)
		name := w.mustCreate(mach.PageSize)
		va, err := w.mapped(name, mach.PageSize)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.touch(va); err != nil {
			t.Fatal(err)
		}
		before := w.sys.Stats().Ports
		ids := []mach.MsgID{
			mach.IDMemoryObjectInit, mach.IDMemoryObjectTerminate, mach.IDMemoryObjectCopy, mach.IDMemoryObjectDataRequest,
			mach.IDMemoryObjectDataUnlock, mach.IDMemoryObjectLockCompleted, mach.IDMemoryObjectSupplyCompleted, mach.IDMemoryObjectDataReturn,
			mach.IDMemoryObjectChangeCompleted, mach.IDMemoryObjectCreate, mach.IDMemoryObjectDataInitialize, mach.NotifyPortDeleted,
			mach.NotifyPortDestroyed, mach.NotifyNoSenders, mach.NotifySendOnce, mach.NotifyDeadName,
		}
		for _, to := range []mach.Name{name, w.manager} {
			for _, id := range ids {
				receive, code := w.space.Allocate(mach.RightReceive)
				w.want(code, mach.Success)
				body := func(b *mig.Writer) {
					b.Port(mach.MsgMoveReceive, receive)
					b.Uint64(0)
					b.OutOfLine(mach.MsgByte, 8, mach.PageSize, uint64(w.buffer), false)
				}
				// A kernel gives no port to reply to.
				w.writer = mig.NewWriter(w.b[:])
				body(&w.writer)
				msg := w.writer.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, mach.NameNull, id)
				if err := w.memory.CopyOut(w.buffer, msg); err != nil {
					t.Fatal(err)
				}
				code, done := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{Addr: w.buffer, Option: mach.OptSend, SendSize: uint32(len(msg))})
				if !done {
					t.Fatal("the send waits")
				}
				w.want(code, mach.Success)
				w.sys.Settle()
				w.check()
				r := w.ask(mach.Complex, to, id, func(b *mig.Writer) { b.Port(mach.MsgCopySend, name) })
				w.want(r.RetCode(), mach.MIGBadID)
			}
		}
		w.is("forged messages", w.pager.Forged(), uint64(4*len(ids)))
		w.is("ports", uint64(w.sys.Stats().Ports), uint64(before))
		w.want(w.code(name, 2299), mach.MIGBadID)
		w.is("forged messages", w.pager.Forged(), uint64(4*len(ids)))
		var b [1]byte
		if err := w.memory.CopyIn(b[:], va); err != nil || b[0] != 1 {
			t.Errorf("%v, %v", b, err)
		}
		w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, 10), mach.Success)
		w.drop(w.mustCreate(1))
		w.drop(name)
		live, _ := w.pager.Count()
		w.is("objects", uint64(live), 0)
	}
}

// A task pays for the objects that it asked for until their memory is gone, at the size that they have.
func TestAccounts(t *testing.T) {
	w := newWorld(t, false)
	a, b := vm.NewAccount(nil), vm.NewAccount(nil)
	payer := a
	w.pager.config.Payer = func() *vm.Account { return payer }
	holds := func(who *vm.Account, objects int, pages mach.PageNumber) {
		t.Helper()
		if who.Objects != objects || who.Reserved != pages {
			t.Fatalf("%d objects, %d pages; want %d, %d", who.Objects, who.Reserved, objects, pages)
		}
		w.check()
	}
	one := w.mustCreate(10 * mach.PageSize)
	two := w.mustCreate(1)
	holds(a, 2, 11)
	payer = b
	three := w.mustCreate(0)
	holds(b, 1, 0)
	w.want(w.code(three, mach.IDDefaultPagerObjectSetSize, 5*mach.PageSize), mach.Success)
	w.want(w.code(one, mach.IDDefaultPagerObjectSetSize, 3*mach.PageSize), mach.Success)
	w.want(w.code(two, mach.IDDefaultPagerObjectSetSize, ^uint64(0)), mach.ResourceShortage)
	_, code := w.create(1 << 50)
	w.want(code, mach.ResourceShortage)
	holds(a, 2, 4)
	holds(b, 1, 5)
	payer = nil
	w.drop(w.mustCreate(mach.PageSize))
	memory := w.object(one).MemoryObject()
	va, err := w.mapped(one, 3*mach.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	w.drop(one)
	holds(a, 2, 4)
	for _, off := range []mach.VirtAddr{0, 2 * mach.PageSize, 0} {
		if err := w.touch(va + off); err != nil {
			t.Fatal(err)
		}
	}
	w.is("pages promised", uint64(memory.Reserved()), 3)
	w.is("faults", uint64(memory.Faults()), 2)
	if memory.Account() != a {
		t.Error("another one pays")
	}
	if err := w.memory.Map.Deallocate(va, 3*mach.PageSize); err != nil {
		t.Fatal(err)
	}
	holds(a, 1, 1)
	w.drop(two)
	w.drop(three)
	holds(a, 0, 0)
	holds(b, 0, 0)
}

// What lies behind a limit within a page is zero when the object grows again; a copy from before keeps it.
func TestSetSizeWithinPage(t *testing.T) {
	w := newWorld(t, false)
	name := w.mustCreate(2 * mach.PageSize)
	va, err := w.mapped(name, 2*mach.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	text := func(at mach.VirtAddr) string {
		var b [8]byte
		if err := w.memory.CopyIn(b[:], at); err != nil {
			t.Fatal(err)
		}
		return string(b[:])
	}
	if err := w.memory.CopyOut(va+mach.PageSize, []byte("abcdefgh")); err != nil {
		t.Fatal(err)
	}
	copied, err := w.memory.Map.Map(&vm.MapArgs{
		Size: 2 * mach.PageSize, Anywhere: true, Object: w.object(name).MemoryObject(), Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		limit uint64
		want  string
	}{
		{mach.PageSize + 8, "abcdefgh"},
		{mach.PageSize + 5, "abcde\x00\x00\x00"},
		{2 * mach.PageSize, "abcde\x00\x00\x00"},
		{mach.PageSize + 1, "a\x00\x00\x00\x00\x00\x00\x00"},
		{mach.PageSize, ""},
		{mach.PageSize + 8, "\x00\x00\x00\x00\x00\x00\x00\x00"},
	} {
		w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, x.limit), mach.Success)
		w.check()
		if x.want != "" && text(va+mach.PageSize) != x.want {
			t.Errorf("%d bytes: %q", x.limit, text(va+mach.PageSize))
		}
		if text(copied+mach.PageSize) != "abcdefgh" {
			t.Errorf("%d bytes: the copy is %q", x.limit, text(copied+mach.PageSize))
		}
	}
}
