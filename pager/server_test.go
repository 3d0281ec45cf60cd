package pager

import (
	"slices"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
)

// code is the result of a request whose body is one number, or nothing.
func (w *world) code(to mach.Name, id mach.MsgID, numbers ...uint64) mach.Return {
	w.t.Helper()
	r := w.ask(0, to, id, func(b *mig.Writer) {
		for _, v := range numbers {
			b.Uint64(v)
		}
	})
	return r.RetCode()
}

func TestInfo(t *testing.T) {
	w := newWorld(t, false)
	info := func() []byte {
		r := w.ask(0, w.manager, mach.IDDefaultPagerInfo, nil)
		w.want(r.RetCode(), mach.Success)
		b := r.Bytes(mach.MsgInteger64, 64, 3)
		w.want(r.End(), mach.Success)
		return slices.Clone(b)
	}
	before := info()
	w.is("bytes in all", le.Uint64(before), memory-0x1000)
	w.is("the size of a page", le.Uint64(before[16:]), mach.PageSize)
	name := w.mustCreate(50 * mach.PageSize)
	after := info()
	if d := le.Uint64(before[8:]) - le.Uint64(after[8:]); d < 50*mach.PageSize || d > 52*mach.PageSize {
		t.Errorf("an object of 50 pages takes %d bytes", d)
	}
	w.is("bytes in all", le.Uint64(after), memory-0x1000)
	w.drop(name)
}

// objects asks with room for n elements of each array, and returns numbers and sizes, and ports.
func (w *world) objects(room, portRoom uint32) (numbers []uint64, ports []mach.Name) {
	w.t.Helper()
	r := w.ask(0, w.manager, mach.IDDefaultPagerObjects, func(b *mig.Writer) { b.Uint32(room); b.Uint32(portRoom) })
	w.want(r.RetCode(), mach.Success)
	var b []byte
	if r.Peek().Inline() {
		b, _ = r.Array(mach.MsgInteger64, 64, 2*room)
		b = slices.Clone(b)
	} else {
		at, n := r.OutOfLine(mach.MsgInteger64, 64)
		b = w.take(at, 8*int(n))
	}
	for i := 0; i < len(b); i += 8 {
		numbers = append(numbers, le.Uint64(b[i:]))
	}
	if r.Peek().Inline() {
		b, n := r.Array(mach.MsgPortSend, 64, portRoom)
		for i := range int(n) {
			ports = append(ports, mach.Name(le.Uint64(b[8*i:])))
		}
	} else {
		at, n := r.OutOfLine(mach.MsgPortSend, 32)
		b := w.take(at, 4*int(n))
		for i := range int(n) {
			ports = append(ports, mach.Name(le.Uint32(b[4*i:])))
		}
	}
	w.want(r.End(), mach.Success)
	return numbers, ports
}

// take reads out-of-line memory and deallocates it.
func (w *world) take(at uint64, n int) []byte {
	w.t.Helper()
	b := make([]byte, n)
	if n == 0 {
		return b
	}
	if err := w.memory.CopyIn(b, mach.VirtAddr(at)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.memory.Map.Deallocate(mach.VirtAddr(at), uint64(n)); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// The lists of objects, within the message and beside it.
func TestObjects(t *testing.T) {
	w := newWorld(t, false)
	if numbers, ports := w.objects(10, 10); numbers != nil || ports != nil {
		t.Errorf("%v, %v", numbers, ports)
	}
	var names []mach.Name
	for range portsMax + 1 {
		names = append(names, w.mustCreate(2*mach.PageSize))
		if n := len(names); n != 3 && n != objectsMax && n != objectsMax+1 && n != portsMax && n != portsMax+1 {
			continue
		}
		for _, room := range [][2]uint32{{1000, 1000}, {0, 1000}, {1000, 0}, {uint32(len(names)), uint32(len(names)) - 1}} {
			numbers, ports := w.objects(room[0], room[1])
			if len(numbers) != 2*len(names) || !slices.Equal(ports, names) {
				t.Fatalf("%d objects: %v, %v", len(names), numbers, ports)
			}
			for i := range names {
				if i > 0 && numbers[2*i] <= numbers[2*i-2] {
					t.Fatalf("number %d follows %d", numbers[2*i], numbers[2*i-2])
				}
				w.is("bytes in memory", numbers[2*i+1], 0)
			}
			for _, p := range ports {
				w.drop(p) // the reference that the reply brought
			}
			w.check()
		}
	}
	va, err := w.mapped(names[1], 2*mach.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.touch(va); err != nil {
		t.Fatal(err)
	}
	numbers, _ := w.objects(0, 0)
	if got := numbers[3]; got != mach.PageSize && got != 2*mach.PageSize {
		t.Errorf("%d bytes in memory", got)
	}
}

func TestObjectPages(t *testing.T) {
	w := newWorld(t, false)
	const size = 600 * mach.PageSize
	name := w.mustCreate(size)
	pages := func(of mach.Name, room uint32) ([]uint64, mach.Return) {
		r := w.ask(mach.Complex, w.manager, mach.IDDefaultPagerObjectPages, func(b *mig.Writer) {
			b.Port(mach.MsgCopySend, of)
			b.Uint32(room)
		})
		if code := r.RetCode(); code != mach.Success {
			return nil, code
		}
		var b []byte
		if r.Peek().Inline() {
			b, _ = r.Array(mach.MsgInteger64, 64, room)
		} else {
			at, n := r.OutOfLine(mach.MsgInteger64, 64)
			b = w.take(at, 8*int(n))
		}
		w.want(r.End(), mach.Success)
		var list []uint64
		for i := 0; i < len(b); i += 8 {
			list = append(list, le.Uint64(b[i:]))
		}
		return list, mach.Success
	}
	list, code := pages(name, 1000)
	w.want(code, mach.Success)
	w.is("pages", uint64(len(list)), 0)
	va, err := w.mapped(name, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []mach.VirtAddr{5, 599, 0} {
		if err := w.touch(va + n*mach.PageSize); err != nil {
			t.Fatal(err)
		}
	}
	for _, room := range []uint32{1000, 0} {
		if list, _ = pages(name, room); !slices.IsSorted(list) {
			t.Errorf("pages %v", list)
		}
		for _, off := range []uint64{0, 5 * mach.PageSize, 599 * mach.PageSize} {
			if !slices.Contains(list, off) {
				t.Errorf("the page at %#x is not in %v", off, list)
			}
		}
	}
	for n := range mach.VirtAddr(600) {
		if err := w.touch(va + n*mach.PageSize); err != nil {
			t.Fatal(err)
		}
	}
	list, _ = pages(name, 1000)
	w.is("pages", uint64(len(list)), 600)
	w.is("the last page", list[599], 599*mach.PageSize)
	for _, bad := range []mach.Name{w.manager, mach.NameNull, mach.NameDead} {
		_, code = pages(bad, 1000)
		w.want(code, mach.InvalidArgument)
	}
	w.check()
}

// The limit moves in both directions: what falls behind it is gone, what comes is promised or refused.
func TestSetSize(t *testing.T) {
	w := newWorld(t, false)
	free := w.unpromised()
	const size = 100 * mach.PageSize
	name := w.mustCreate(size)
	va, err := w.mapped(name, size)
	if err != nil {
		t.Fatal(err)
	}
	for off := range mach.VirtAddr(100) {
		if err := w.touch(va + off*mach.PageSize); err != nil {
			t.Fatal(err)
		}
	}
	set := func(limit uint64) mach.Return {
		defer w.check()
		return w.code(name, mach.IDDefaultPagerObjectSetSize, limit)
	}
	full := w.unpromised()
	w.want(set(10*mach.PageSize), mach.Success)
	if d := w.unpromised() - full; d < 90 || d > 92 {
		t.Errorf("%d frames came back", d)
	}
	if w.touch(va+9*mach.PageSize) != nil || w.touch(va+10*mach.PageSize) == nil {
		t.Error("the limit is not where it should be")
	}
	w.want(set(size), mach.Success)
	var x [1]byte
	if err := w.memory.CopyIn(x[:], va+50*mach.PageSize); err != nil || x[0] != 0 {
		t.Errorf("a page that was given up: %v, %v", x, err)
	}
	w.want(set((free + 100).Bytes()), mach.ResourceShortage)
	w.want(set(^uint64(0)), mach.ResourceShortage)
	w.is("the limit", w.object(name).MemoryObject().Limit(), size)
	w.want(set(200*mach.PageSize+5), mach.Success)
	w.is("the limit", w.object(name).MemoryObject().Limit(), 200*mach.PageSize+5)
	w.want(set(0), mach.Success)
	if w.touch(va) == nil {
		t.Error("touched an object of no bytes")
	}
	w.want(set(1), mach.Success)
	if err := w.touch(va); err != nil {
		t.Error(err)
	}
	w.drop(name)
	if err := w.memory.Map.Deallocate(va, size); err != nil {
		t.Fatal(err)
	}
	w.check()
	if got := w.unpromised(); got < free-3 {
		t.Errorf("%d frames, before %d", got, free)
	}
}

// Requests to the wrong port, unknown ones, and bodies that are none.
func TestBadRequests(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, plain)
		name := w.mustCreate(1)
		w.want(w.code(name, mach.IDDefaultPagerObjectCreate, 1), mach.InvalidArgument)
		w.want(w.code(name, mach.IDDefaultPagerInfo), mach.InvalidArgument)
		w.want(w.code(w.manager, mach.IDDefaultPagerObjectSetSize, 1), mach.InvalidArgument)
		r := w.ask(0, name, mach.IDDefaultPagerObjects, func(b *mig.Writer) { b.Uint32(1); b.Uint32(1) })
		w.want(r.RetCode(), mach.InvalidArgument)
		r = w.ask(mach.Complex, name, mach.IDDefaultPagerObjectPages, func(b *mig.Writer) { b.Port(mach.MsgCopySend, name); b.Uint32(1) })
		w.want(r.RetCode(), mach.InvalidArgument)
		for _, to := range []mach.Name{w.manager, name} {
			for id := mach.MsgID(2200); id < 2300; id++ {
				r := w.ask(0, to, id, func(b *mig.Writer) { b.Bool(true) })
				want := mach.MIGBadID
				switch id {
				case mach.IDDefaultPagerObjectCreate, mach.IDDefaultPagerInfo, mach.IDDefaultPagerObjects, mach.IDDefaultPagerObjectPages,
					mach.IDDefaultPagerObjectSetSize, mach.IDDefaultPagerPagingFile, mach.IDDefaultPagerFileserver, mach.IDDefaultPagerStorageInfo,
					mach.IDDefaultPagerStorage:
					want = mach.MIGBadArguments
				}
				w.want(r.RetCode(), want)
			}
		}
		w.drop(name)
		w.check()
	}
}

// The form with sequence numbers tells them; the plain form does not. Both serve the same.
func TestSeqnos(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, plain)
		for range 3 {
			w.drop(w.mustCreate(1))
		}
		w.tracing = true
		name := w.mustCreate(1)
		w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, 2), mach.Success)
		w.drop(name)
		want := []string{
			"pager: seqno %d: default_pager_object_create", "pager: object of %d bytes: %v", "pager: object %d set to %d bytes: %v",
			"pager: object %d has no senders: %d pages resident, %d mappings",
		}
		next := uint32(4)
		if plain {
			want = want[1:]
			next = 0
		}
		if !slices.Equal(w.trace, want) {
			t.Errorf("trace %q", w.trace)
		}
		w.is("the next number", uint64(w.pager.nextSeqno), uint64(next))
	}
}

// Making, mapping and destroying objects costs no garbage in steady state.
func TestAllocatesNothing(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, plain)
		f := func() {
			name := w.mustCreate(64 * mach.PageSize)
			va, err := w.mapped(name, 64*mach.PageSize)
			if err == nil {
				err = w.memory.Fault(va, mach.ProtWrite)
			}
			if err == nil {
				err = w.memory.Map.Deallocate(va, 64*mach.PageSize)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.want(w.code(name, mach.IDDefaultPagerObjectSetSize, 10), mach.Success)
			w.drop(name)
		}
		for range 10 {
			f()
		}
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%v allocations", n)
		}
		w.check()
	}
}
