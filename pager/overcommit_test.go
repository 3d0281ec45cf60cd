package pager

import (
	"slices"
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
)

// createAs is defpager_object_create.
func (w *world) createAs(size uint64, flags int32) (mach.Name, mach.Return) {
	w.t.Helper()
	r := w.ask(0, w.manager, mach.IDPagerObjectCreate, func(b *mig.Writer) { b.Uint64(size); b.Int32(flags) })
	if code := r.RetCode(); code != mach.Success {
		return mach.NameNull, code
	}
	name := r.Port(mach.MsgPortSend)
	w.want(r.End(), mach.Success)
	return name, mach.Success
}

// Flags say whether frames are promised, and if they do not the task's policy does; its limit counts what is promised. By the way of messages, too, which a
// trace takes.
func TestOvercommit(t *testing.T) {
	for _, trace := range []bool{false, true} {
		w := newWorld(t, false)
		w.tracing = trace
		a := vm.NewAccount(nil)
		w.pager.config.Payer = func() *vm.Account { return a }
		holds := func(objects, over int, pages mach.PageNumber) {
			t.Helper()
			w.check()
			if a.Objects != objects || a.Overcommitted != over || a.Reserved != pages {
				t.Fatalf("%d objects, %d of them overcommitted, %d pages; want %d, %d, %d", a.Objects, a.Overcommitted, a.Reserved, objects, over, pages)
			}
		}
		for _, flags := range []int32{3, 4, -1, -1 << 31, 1<<31 - 1} {
			_, code := w.createAs(mach.PageSize, flags)
			w.want(code, mach.InvalidArgument)
		}
		huge, code := w.createAs(^uint64(0), mach.Overcommit)
		w.want(code, mach.Success)
		holds(1, 1, 0)
		_, code = w.createAs(1<<50, 0)
		w.want(code, mach.ResourceShortage)
		a.Overcommit, a.ReservedMax = true, 10
		byPolicy, code := w.create(1 << 50)
		w.want(code, mach.Success)
		kept, code := w.createAs(7*mach.PageSize, mach.Reserve)
		w.want(code, mach.Success)
		holds(3, 2, 7)
		_, code = w.createAs(4*mach.PageSize, mach.Reserve)
		w.want(code, mach.ResourceShortage)
		w.want(w.code(kept, mach.IDDefaultPagerObjectSetSize, 11*mach.PageSize), mach.ResourceShortage)
		w.want(w.code(kept, mach.IDDefaultPagerObjectSetSize, 10*mach.PageSize), mach.Success)
		w.want(w.code(huge, mach.IDDefaultPagerObjectSetSize, 5), mach.Success)
		a.Overcommit = false
		_, code = w.create(1)
		w.want(code, mach.ResourceShortage)
		a.ReservedMax = vm.NoLimit
		plain := w.mustCreate(1)
		holds(4, 2, 11)
		for _, name := range []mach.Name{huge, byPolicy, kept, plain} {
			w.drop(name)
		}
		holds(0, 0, 0)
	}
}

// slow is a backing whose pages come when they are ready.
type slow struct {
	vm.Backing
	env   *vm.Env
	pages []mach.PhysAddr
	ready bool
}

func (s *slow) Store(f mach.PhysAddr) (vm.Token, bool) {
	s.pages = append(s.pages, f)
	return vm.Token(len(s.pages)), true
}

func (s *slow) Fetch(t vm.Token) (mach.PhysAddr, error) {
	if !s.ready {
		return 0, vm.Wait
	}
	return s.pages[t-1], nil
}

func (s *slow) Room() bool               { return true }
func (s *slow) Busy() bool               { return false }
func (s *slow) Shrink() bool             { return false }
func (s *slow) Drop(t vm.Token)          { s.env.Frames.Free(s.pages[t-1]) }
func (s *slow) Where(t vm.Token) vm.Tier { return vm.TierDisk }

// slowObject is an overcommitted object of four pages, all of them out, that is mapped at va.
func (w *world) slowObject(s *slow) (name mach.Name, va mach.VirtAddr) {
	w.t.Helper()
	name, code := w.createAs(4*mach.PageSize, mach.Overcommit)
	w.want(code, mach.Success)
	va, err := w.mapped(name, 4*mach.PageSize)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range mach.VirtAddr(4) {
		if err := w.touch(va + i*mach.PageSize + 100); err != nil {
			w.t.Fatal(err)
		}
	}
	w.env.MakeRoom(w.env.Frames.Stats().Total) // as much as goes
	if f := w.object(name).MemoryObject().Figures(); f.OnDisk != 4*mach.PageSize || f.PageOuts != 4 || f.Resident != 0 || f.Flags != 1 {
		w.t.Fatalf("%+v", f)
	}
	s.ready = true // the buffer for requests went out, too
	return name, va
}

// tell sends a request and does not wait for the reply.
func (w *world) tell(to mach.Name, id mach.MsgID, body func(b *mig.Writer)) {
	w.t.Helper()
	w.writer = mig.NewWriter(w.b[:])
	body(&w.writer)
	msg := w.writer.SetHeader(mach.Bits(mach.MsgCopySend, mach.MsgMakeSendOnce), to, w.reply, id)
	if err := w.memory.CopyOut(w.buffer, msg); err != nil {
		w.t.Fatal(err)
	}
	code, _ := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{Addr: w.buffer, Option: mach.OptSend, SendSize: uint32(len(msg))})
	w.want(code, mach.Success)
	w.sys.Settle()
}

// To shrink an object within a page that is out, the call waits for that, and the object stays meanwhile.
func TestSetSizeWaits(t *testing.T) {
	w := newWorld(t, false)
	s := &slow{env: w.env}
	w.env.Backing = s
	var again func(error) *ipc.Message
	w.pager.config.Later = func(_ *ipc.Message, f func(error) *ipc.Message) {
		w.env.Forget()
		again = f
	}
	name, va := w.slowObject(s)
	o := w.object(name).MemoryObject()
	r := w.ask(mach.Complex, w.manager, mach.IDDefaultPagerObjectPages, func(b *mig.Writer) {
		b.Port(mach.MsgCopySend, name)
		b.Uint32(pagesMax)
	})
	w.want(r.RetCode(), mach.Success)
	if a := r.Varying(typeRuns, pagesMax, 1); a.Count != 4 || le.Uint64(a.Data[24:]) != 3*mach.PageSize {
		t.Errorf("%d pages are listed, of 4 that are out", a.Count)
	}
	r = w.ask(0, w.manager, mach.IDDefaultPagerObjects, func(b *mig.Writer) { b.Uint32(9); b.Uint32(9) })
	w.want(r.RetCode(), mach.Success)
	if a := r.Varying(typeRuns, objectsMax, 2); a.Count != 1 || le.Uint64(a.Data[8:]) != 4*mach.PageSize {
		t.Errorf("an object that is out is listed as %d", a.Data)
	}
	s.ready = false
	w.tell(name, mach.IDDefaultPagerObjectSetSize, func(b *mig.Writer) { b.Uint64(mach.PageSize + 50) })
	if again == nil || o.Limit() != 4*mach.PageSize {
		t.Fatalf("the call did not wait; the object has %d bytes", o.Limit())
	}
	s.ready = true
	w.sys.Send(again(nil))
	w.want(w.answer(), mach.Success)
	if o.Limit() != mach.PageSize+50 {
		t.Errorf("the object has %d bytes", o.Limit())
	}
	var b [1]byte
	if err := w.memory.CopyIn(b[:], va+mach.PageSize+100); err != nil || b[0] != 0 {
		t.Errorf("behind the limit is %d, %v", b[0], err)
	}
	w.check()
}

// What an object's port gets while a call there waits for a page takes effect after that, in its order; other objects' calls do not wait.
func TestTurns(t *testing.T) {
	w := newWorld(t, false)
	s := &slow{env: w.env}
	w.env.Backing = s
	var again []func(error) *ipc.Message
	w.pager.config.Later = func(_ *ipc.Message, f func(error) *ipc.Message) {
		w.env.Forget()
		again = append(again, f)
	}
	w.pager.config.Send = func(m *ipc.Message) { w.sys.Send(m) }
	var shrunk []uint64
	w.pager.config.Shrinks = func(*ipc.Port, uint64, uint64) bool { return true }
	w.pager.config.Shrunk = func(_ *ipc.Port, before, now uint64) { shrunk = append(shrunk, before, now) }
	setSize := func(name mach.Name, size uint64) {
		t.Helper()
		s.ready = true // the buffer may have gone out
		_ = w.touch(w.buffer)
		s.ready = false
		w.tell(name, mach.IDDefaultPagerObjectSetSize, func(b *mig.Writer) { b.Uint64(size) })
	}
	name, va := w.slowObject(s)
	other := w.mustCreate(2 * mach.PageSize)
	o := w.object(name).MemoryObject()
	setSize(name, 2*mach.PageSize+50) // waits
	setSize(name, 9*mach.PageSize)
	setSize(name, mach.PageSize+50) // is going to wait
	setSize(name, 5*mach.PageSize)
	w.tell(name, mach.IDPagerObjectFigures, func(b *mig.Writer) { b.Uint32(4) })
	w.want(w.answer(), mach.MIGNoReply)
	if len(again) != 1 || o.Limit() != 4*mach.PageSize {
		t.Fatalf("%d calls wait, and the object has %d bytes", len(again), o.Limit())
	}
	w.want(w.code(other, mach.IDDefaultPagerObjectSetSize, mach.PageSize), mach.Success)
	w.want(w.code(w.manager, mach.IDDefaultPagerInfo), mach.Success)

	w.want(w.space.Deallocate(name), mach.Success) // they keep the object
	w.sys.Settle()
	w.check()
	resume := func(answers int, want uint64) {
		t.Helper()
		f := again[0]
		again = again[1:]
		if m := f(nil); m != nil {
			w.sys.Send(m)
		}
		for range answers {
			w.want(w.answer(), mach.Success)
		}
		w.want(w.answer(), mach.MIGNoReply)
		if o.Limit() != want {
			t.Fatalf("the object has %d bytes, want %d", o.Limit(), want)
		}
		w.check()
	}
	resume(0, 4*mach.PageSize) // not yet there
	s.ready = true
	if err := w.touch(va + 2*mach.PageSize); err != nil {
		t.Fatal(err)
	}
	s.ready = false
	resume(2, 9*mach.PageSize)
	s.ready = true
	resume(3, 5*mach.PageSize)
	if len(again) != 0 || len(w.pager.turns) != 0 {
		t.Fatalf("%d calls wait, and %d have their turn to come", len(again), len(w.pager.turns))
	}
	if want := []uint64{2 * mach.PageSize, mach.PageSize, 4 * mach.PageSize, 2*mach.PageSize + 50, 9 * mach.PageSize, mach.PageSize + 50}; !slices.Equal(shrunk, want) {
		t.Errorf("limits became smaller as %d, want %d", shrunk, want)
	}
	w.sys.Settle()
	if live, _ := w.pager.Count(); live != 1 {
		t.Errorf("%d objects have senders, the last call of the first is over", live)
	}
}

// An object does not become smaller before it may.
func TestShrinks(t *testing.T) {
	w := newWorld(t, false)
	var again func(error) *ipc.Message
	w.pager.config.Later = func(_ *ipc.Message, f func(error) *ipc.Message) { again = f }
	w.pager.config.Send = func(m *ipc.Message) { w.sys.Send(m) }
	ready, asked := false, 0
	w.pager.config.Shrinks = func(port *ipc.Port, before, now uint64) bool {
		if o := port.Object().(*Object); o.MemoryObject().Limit() != before || now >= before {
			t.Errorf("from %d to %d bytes, and there are %d", before, now, o.MemoryObject().Limit())
		}
		asked++
		return ready
	}
	var shrunk []uint64
	w.pager.config.Shrunk = func(_ *ipc.Port, before, now uint64) { shrunk = append(shrunk, before, now) }
	name := w.mustCreate(3 * mach.PageSize)
	o := w.object(name).MemoryObject()
	w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, 4*mach.PageSize), mach.Success)
	if asked != 0 {
		t.Error("who grows is asked")
	}
	w.tell(name, mach.IDDefaultPagerObjectSetSize, func(b *mig.Writer) { b.Uint64(mach.PageSize) })
	w.want(w.answer(), mach.MIGNoReply)
	if again == nil || o.Limit() != 4*mach.PageSize || len(shrunk) != 0 {
		t.Fatalf("%d bytes, told %d", o.Limit(), shrunk)
	}
	ready = true
	if m := again(nil); m != nil {
		w.sys.Send(m)
	}
	w.want(w.answer(), mach.Success)
	if want := []uint64{4 * mach.PageSize, mach.PageSize}; o.Limit() != mach.PageSize || !slices.Equal(shrunk, want) {
		t.Fatalf("%d bytes, told %d, not %d", o.Limit(), shrunk, want)
	}
	w.check()
}
