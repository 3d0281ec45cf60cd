package pager

import (
	"slices"
	"testing"

	"defpager/ipc"
	"defpager/ipc/mig"
	"defpager/mach"
)

// An object promises a frame for each page, of any size that there are frames for, and gives them back with its last right.
func TestCreate(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, plain)
		free := w.unpromised()
		for _, size := range []uint64{0, 1, mach.PageSize, mach.PageSize + 1, 100 * mach.PageSize} {
			name := w.mustCreate(size)
			w.check()
			if got := free - w.unpromised(); got < mach.Pages(size) || got > mach.Pages(size)+2 {
				t.Errorf("%d bytes: %d frames promised", size, got)
			}
			w.is("the limit", w.object(name).MemoryObject().Limit(), size)
			w.drop(name)
			w.check()
			w.is("free frames", uint64(w.unpromised()), uint64(free))
		}
		for _, size := range []uint64{(free + 1).Bytes(), 1 << 52, 1 << 63, ^uint64(0)} {
			_, code := w.create(size)
			w.want(code, mach.ResourceShortage)
			w.check()
			w.is("free frames", uint64(w.unpromised()), uint64(free))
		}
		live, created := w.pager.Count()
		w.is("objects", uint64(live), 0)
		w.is("objects made", created, 5)
	}
}

// Who comes first gets the frames. Whoever comes then is refused until the first has gone; what was promised can be touched to the
// last page.
func TestFirstTakesAll(t *testing.T) {
	w := newWorld(t, false)
	free := w.env.Frames.Stats()
	size := (free.Free - free.Reserved).Bytes()
	var name mach.Name
	for {
		var code mach.Return
		if name, code = w.create(size); code == mach.Success {
			break
		}
		w.want(code, mach.ResourceShortage)
		size -= mach.PageSize // for the radix tree
	}
	for _, more := range []uint64{size, 1 << 20} {
		_, code := w.create(more)
		w.want(code, mach.ResourceShortage)
	}
	w.drop(name)

	// With room left for page tables, every page can be touched.
	size -= 32 * mach.PageSize
	name = w.mustCreate(size)
	va, err := w.mapped(name, size)
	if err != nil {
		t.Fatal(err)
	}
	for off := uint64(0); off < size; off += mach.PageSize {
		if err := w.touch(va + mach.VirtAddr(off)); err != nil {
			t.Fatalf("page at %#x of %#x: %v", off, size, err)
		}
	}
	w.check()
	if err := w.memory.Map.Deallocate(va, size); err != nil {
		t.Fatal(err)
	}
	w.drop(name)
	name = w.mustCreate(size)
	w.drop(name)
	w.check()
}

// An object without senders lives on in its mappings; its memory stays what it was.
func TestMappingsOutliveRights(t *testing.T) {
	w := newWorld(t, false)
	free := w.unpromised()
	name := w.mustCreate(10 * mach.PageSize)
	a, err := w.mapped(name, 10*mach.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.mapped(name, 5*mach.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.touch(a + 5); err != nil {
		t.Fatal(err)
	}
	w.drop(name)
	w.check()
	live, _ := w.pager.Count()
	w.is("objects", uint64(live), 0)
	var x [1]byte
	if err := w.memory.CopyIn(x[:], b+5); err != nil || x[0] != 1 {
		t.Errorf("%v, %v", x, err)
	}
	if err := w.touch(b + 2*mach.PageSize); err != nil {
		t.Error(err)
	}
	for i, m := range []mach.VirtAddr{a, b} {
		if w.unpromised() > free-10 {
			t.Error("frames are free while mappings need them")
		}
		if err := w.memory.Map.Deallocate(m, []uint64{10, 5}[i]*mach.PageSize); err != nil {
			t.Fatal(err)
		}
		w.check()
	}
	if got := w.unpromised(); got < free-3 { // page tables may stay
		t.Errorf("%d frames, before %d", got, free)
	}
}

// The object lives as long as anybody has a right: another task, or a message that nobody received.
func TestRightsElsewhere(t *testing.T) {
	w := newWorld(t, false)
	count := func(want uint64) {
		t.Helper()
		w.sys.Settle()
		w.check()
		live, _ := w.pager.Count()
		w.is("objects", uint64(live), want)
	}
	name := w.mustCreate(1)
	right, code := w.space.Extract(name, mach.MsgCopySend)
	w.want(code, mach.Success)
	other := w.insert(w.space2, right)
	w.drop(name)
	count(1)
	w.want(w.space2.Deallocate(other), mach.Success)
	count(0)

	name = w.mustCreate(1)
	b := mig.NewWriter(w.b[:])
	b.Port(mach.MsgMoveSend, name)
	msg := b.SetHeader(mach.Bits(mach.MsgMakeSend, 0)|mach.Complex, w.reply, 0, 1)
	if err := w.memory.CopyOut(w.buffer, msg); err != nil {
		t.Fatal(err)
	}
	code, done := w.space.Msg(&w.memory, &w.waiter, &ipc.MsgArgs{Addr: w.buffer, Option: mach.OptSend, SendSize: uint32(len(msg))})
	if !done {
		t.Fatal("the send waits")
	}
	w.want(code, mach.Success)
	count(1)
	w.want(w.space.DestroyName(w.reply), mach.Success)
	count(0)

	// A right that was made while the no-senders call was on its way keeps the object.
	w.reply, code = w.space.Allocate(mach.RightReceive)
	w.want(code, mach.Success)
	name = w.mustCreate(1)
	port := w.object(name).Port()
	w.want(w.space.Deallocate(name), mach.Success)
	again := port.MakeSend()
	name = w.insert(w.space, again)
	count(1)
	w.drop(name)
	count(0)
}

// Objects come and go in any order; no number is ever used again.
func TestOrder(t *testing.T) {
	w := newWorld(t, false)
	var names []mach.Name
	for range 6 {
		names = append(names, w.mustCreate(mach.PageSize))
	}
	numbers := func() (ids []uint64) {
		for o := range w.pager.Objects {
			ids = append(ids, o.ID())
		}
		slices.Sort(ids)
		return ids
	}
	all := numbers()
	for _, i := range []int{2, 0, 5} {
		w.drop(names[i])
		w.check()
	}
	w.mustCreate(0)
	if ids := numbers(); !slices.Equal(ids, []uint64{all[1], all[3], all[4], all[5] + 1}) {
		t.Error(ids)
	}
	w.space.Destroy()
	w.sys.Settle()
	live, _ := w.pager.Count()
	w.is("objects", uint64(live), 0)
}
