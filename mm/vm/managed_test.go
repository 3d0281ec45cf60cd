package vm

import (
	"fmt"
	"testing"

	"defpager/mach"
)

// A fault waits until the manager is ready, asks it once, and shows what it supplies; a written page goes back in the end.
func TestManagedLife(t *testing.T) {
	w, g, o, m := managedWorld(t)
	x := w.waits(t, m, base, mach.ProtRead)
	g.expect(t)
	must(t, o.Ready(false, mach.CopyDelay))
	x.mustEnd(t, nil)
	x = w.waits(t, m, base, mach.ProtRead)
	y := w.waits(t, m, base+5, mach.ProtWrite)
	z := w.waits(t, m, base+page, mach.ProtWrite)
	g.expect(t, "request 0x0+0x1000 r--", "request 0x1000+0x1000 rw-")
	must(t, w.supply(t, o, 0, mach.ProtNone, false, 11))
	x.mustEnd(t, nil)
	y.mustEnd(t, nil)
	if !z.Waiting() {
		t.Fatal("nobody supplied that page")
	}
	w.expect(t, m, base, 11)
	must(t, o.Unavailable(0, 2*page))
	z.mustEnd(t, nil)
	w.expect(t, m, base+page, 0)
	w.mustStore(t, m, base, 12)
	g.expect(t)
	must(t, m.Deallocate(base, 64*page))
	g.expect(t, "return 0x0+0x1000 dirty=true kept=false", "terminate")
	if g.content[0] != 12 {
		t.Fatal(g.content)
	}
	for _, err := range []error{o.Ready(false, 0), w.supply(t, o, 0, 0, false, 1), o.Unavailable(0, page), o.Refuse(0, page)} {
		if mach.Code(err) != mach.InvalidArgument {
			t.Error(err)
		}
	}
}

// A flush forgets what the manager said it has not, where nobody has touched it since: it may have become something else, such as nothing.
func TestManagedFlushAbsent(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	for _, va := range []mach.VirtAddr{base, base + 4*page, base + 5*page, base + 9*page} {
		w.waits(t, m, va, mach.ProtRead).Cancel()
	}
	must(t, o.Unavailable(0, 9*page))
	must(t, o.LockRequest(&LockRequest{Offset: 4 * page, Size: 5 * page, Flush: true, Lock: mach.ProtNoChange}))
	w.check(t)
	g.expect(t, "request 0x0+0x1000 r--", "request 0x4000+0x1000 r--", "request 0x5000+0x1000 r--", "request 0x9000+0x1000 r--")
	w.expect(t, m, base, 0)
	x, y, z := w.waits(t, m, base+4*page, mach.ProtRead), w.waits(t, m, base+5*page, mach.ProtRead), w.waits(t, m, base+9*page, mach.ProtRead)
	g.expect(t, "request 0x4000+0x1000 r--", "request 0x5000+0x1000 r--")
	must(t, o.LockRequest(&LockRequest{Size: 20 * page, Flush: true, Lock: mach.ProtNoChange}))
	must(t, o.Refuse(4*page, page))
	x.mustEnd(t, mach.MemoryError)
	must(t, o.Unavailable(0, 20*page))
	y.mustEnd(t, nil)
	z.mustEnd(t, nil)
	w.check(t)
}

// Errors reach those who wait, once; the next access asks again.
func TestManagedRefuse(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	x, y := w.waits(t, m, base, mach.ProtRead), w.waits(t, m, base, mach.ProtWrite)
	z := w.waits(t, m, base+3*page, mach.ProtRead)
	must(t, o.Refuse(0, 2*page))
	x.mustEnd(t, mach.MemoryError)
	y.mustEnd(t, mach.MemoryError)
	if !z.Waiting() {
		t.Error("that page was not meant")
	}
	z.Cancel()
	z.Cancel()
	x = w.waits(t, m, base, mach.ProtRead)
	g.expect(t, "request 0x0+0x1000 r--", "request 0x3000+0x1000 r--", "request 0x0+0x1000 r--")
	must(t, o.Refuse(0, ^uint64(0)&^mach.PageMask))
	x.mustEnd(t, mach.MemoryError)
	w.check(t)
	g.refuse = mach.ResourceShortage
	if err := m.Fault(base, mach.ProtRead); mach.Code(err) != mach.ResourceShortage {
		t.Error(err)
	}
	w.check(t)
}

// Pages that are there already stop a supply; pages that nobody asked for are taken.
func TestManagedSupply(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, w.supply(t, o, 4*page, mach.ProtNone, false, 1, 2, 3)) // before it is ready
	must(t, o.Ready(false, mach.CopyDelay))
	c, err := NewCopy(w.env, make([]byte, 4*page))
	must(t, err)
	if n, err := o.Supply(2*page, c, 0, mach.ProtNone, false); n != 2*page || err != mach.MemoryPresent {
		t.Errorf("%#x, %v", n, err)
	}
	for _, bad := range []struct {
		offset uint64
		lock   mach.Prot
	}{{1, 0}, {^uint64(0) &^ mach.PageMask, 0}, {page, 8}, {page, -1}} {
		if _, err := o.Supply(bad.offset, c, 0, bad.lock, false); err != mach.InvalidArgument {
			t.Errorf("%+v: %v", bad, err)
		}
		if o.SupplyPage(bad.offset, new([page]byte), bad.lock, false) {
			t.Errorf("a page with %+v was taken", bad)
		}
	}
	c.Discard()
	if o.SupplyPage(4*page, new([page]byte), mach.ProtNone, false) {
		t.Error("a page was taken that is there")
	}
	for i, v := range []byte{0, 0, 1, 2, 3} {
		w.expect(t, m, base+mach.VirtAddr(i+2)*page, v)
	}
	g.expect(t)
	if o.Unavailable(0, 5) == nil || o.Refuse(3, page) == nil {
		t.Error("half a page")
	}
}

// The frames of a message that nobody else sees move into the object; those that somebody sees are copied.
func TestManagedSupplyMovesFrames(t *testing.T) {
	w, _, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	mine := w.newMap(t)
	const pages = 20
	at, err := mine.Allocate(0, pages*page, true)
	must(t, err)
	for i := range mach.VirtAddr(pages) {
		w.mustStore(t, mine, at+i*page, byte(i+1))
	}
	taken := w.env.Frames.Stats().Taken
	for _, dealloc := range []bool{false, true} {
		c, err := mine.CopyMapIn(at, pages*page, dealloc)
		must(t, err)
		offset := uint64(0)
		if dealloc {
			offset = pages * page
		}
		_, err = o.Supply(offset, c, 0, mach.ProtNone, false)
		must(t, err)
		c.Discard()
		w.check(t)
	}
	if more := w.env.Frames.Stats().Taken - taken; more > pages+2 {
		t.Errorf("%d frames for %d pages", more, pages)
	}
	for i := range mach.VirtAddr(2 * pages) {
		w.expect(t, m, base+i*page, byte(i%pages+1))
	}
	// Contents that a copy keeps for itself alone stay in it.
	shared := w.reserved(t, 10)
	mapShared(t, mine, base, shared)
	w.mustStore(t, mine, base, 1)
	c, err := mine.CopyMapIn(base, 10*page, false)
	must(t, err)
	w.mustStore(t, mine, base, 2)
	if n, err := o.Supply((2*pages-1)*page, c, 0, mach.ProtNone, false); n != 0 || err != mach.MemoryPresent {
		t.Error(n, err)
	}
	must(t, o.LockRequest(&LockRequest{Offset: 63 * page, Size: page, Flush: true}))
	must(t, w.supply(t, o, 63*page, mach.ProtNone, false, 0))
	if n, err := o.Supply(62*page, c, 0, mach.ProtNone, false); n != page || err != mach.MemoryPresent {
		t.Error(n, err)
	}
	w.check(t)
	c.Discard()
	w.expect(t, m, base+62*page, 1)
	shared.Release()
	mine.Destroy()
}

// A lock forbids an access until the manager allows it; it is asked once.
func TestManagedLock(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, m.Protect(base, 64*page, false, mach.ProtAll))
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, mach.ProtWrite, false, 7, 8))
	w.expect(t, m, base, 7)
	x, y := w.waits(t, m, base, mach.ProtWrite), w.waits(t, m, base, mach.ProtWrite)
	w.expect(t, m, base, 7)
	g.expect(t, "unlock 0x0+0x1000 rw-")
	lock := func(offset, size uint64, lock mach.Prot, reply any) {
		t.Helper()
		must(t, o.LockRequest(&LockRequest{Offset: offset, Size: size, Lock: lock, Reply: reply}))
	}
	lock(0, page, mach.ProtNone, "a")
	x.mustEnd(t, nil)
	y.mustEnd(t, nil)
	g.expect(t, "locked 0x0+0x1000 a")
	w.mustStore(t, m, base, 9)
	lock(0, 2*page, mach.ProtAll, "b")
	g.expect(t, "locked 0x0+0x2000 b")
	x = w.waits(t, m, base, mach.ProtRead)
	y = w.waits(t, m, base, mach.ProtWrite)
	z := w.waits(t, m, base, mach.ProtExecute)
	w.waits(t, m, base, mach.ProtRead).Cancel()
	g.expect(t, "unlock 0x0+0x1000 r--", "unlock 0x0+0x1000 rw-", "unlock 0x0+0x1000 r-x")
	lock(0, page, mach.ProtWrite|mach.ProtExecute, nil)
	x.mustEnd(t, nil)
	y.mustEnd(t, nil)
	z.mustEnd(t, nil)
	w.expect(t, m, base, 9)
	y = w.waits(t, m, base, mach.ProtWrite)
	g.expect(t, "unlock 0x0+0x1000 rw-")
	// Taking the page away is an answer too.
	must(t, o.LockRequest(&LockRequest{Offset: 0, Size: page, Return: mach.ReturnDirty, Flush: true, Lock: mach.ProtNoChange}))
	y.mustEnd(t, nil)
	w.waits(t, m, base, mach.ProtWrite).Cancel()
	g.expect(t, "return 0x0+0x1000 dirty=true kept=false", "request 0x0+0x1000 rw-")
	for _, bad := range []LockRequest{{Return: 3}, {Return: -1}, {Lock: 9}, {Lock: 16}} {
		if o.LockRequest(&bad) != mach.InvalidArgument {
			t.Errorf("%+v", bad)
		}
	}
	// A lock of one access leaves the others.
	lock(page, page, mach.ProtNone, nil)
	w.mustStore(t, m, base+page, 20)
	lock(page, page, mach.ProtRead, nil)
	w.check(t)
	w.waits(t, m, base+page, mach.ProtWrite).Cancel()
	lock(page, page, mach.ProtExecute, nil)
	w.mustStore(t, m, base+page, 21)
	g.expect(t, "unlock 0x1000+0x1000 rw-")
	// The map's own protection does not give what the manager locked.
	for _, prot := range []mach.Prot{mach.ProtRead, mach.ProtNone, mach.ProtAll} {
		must(t, m.Protect(base, 2*page, false, prot))
	}
	w.expect(t, m, base+page, 21)
	must(t, m.Protect(base, 2*page, false, mach.ProtRead))
	must(t, m.Protect(base, 2*page, false, mach.ProtAll))
	w.check(t)
	w.waits(t, m, base+page, mach.ProtExecute).Cancel()
	g.expect(t, "unlock 0x1000+0x1000 r-x")
}

// What lock requests return: dirty pages, precious ones if all are asked for, in pieces that lie together.
func TestManagedReturn(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, 1, 2, 3))
	must(t, w.supply(t, o, 3*page, 0, true, 4, 5))
	for i := range mach.VirtAddr(5) {
		w.expect(t, m, base+i*page, byte(i+1))
	}
	w.mustStore(t, m, base, 101)
	w.mustStore(t, m, base+page, 102)
	w.mustStore(t, m, base+4*page, 105)
	request := func(r mach.MemoryReturn, flush bool) {
		t.Helper()
		must(t, o.LockRequest(&LockRequest{Offset: 0, Size: ^uint64(0), Return: r, Flush: flush, Lock: mach.ProtNoChange, Reply: r}))
	}
	request(mach.ReturnNone, false)
	g.expect(t, "locked 0x0+0xffffffffffffffff 0")
	request(mach.ReturnDirty, false)
	g.expect(t, "return 0x0+0x2000 dirty=true kept=true", "return 0x4000+0x1000 dirty=true kept=true", "locked 0x0+0xffffffffffffffff 1")
	request(mach.ReturnDirty, false)
	g.expect(t, "locked 0x0+0xffffffffffffffff 1")
	w.mustStore(t, m, base, 201)
	request(mach.ReturnAll, false)
	g.expect(t, "return 0x0+0x1000 dirty=true kept=true", "return 0x3000+0x1000 dirty=false kept=true", "locked 0x0+0xffffffffffffffff 2")
	for i, v := range []byte{201, 102, 3, 4, 105} {
		w.expect(t, m, base+mach.VirtAddr(i)*page, v)
	}
	w.mustStore(t, m, base+2*page, 203)
	request(mach.ReturnNone, true) // thrown away
	g.expect(t, "locked 0x0+0xffffffffffffffff 0")
	w.waits(t, m, base+2*page, mach.ProtRead).Cancel()
	g.expect(t, "request 0x2000+0x1000 r--")
	if o.Resident() != 0 {
		t.Errorf("%d pages", o.Resident())
	}
}

// A manager that does not receive what it is returned gets no more than a few pieces; the rest waits, in order.
func TestManagedThrottle(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, make([]byte, 60)...))
	for i := range mach.VirtAddr(30) {
		w.mustStore(t, m, base+2*i*page, byte(i+1))
	}
	g.hold = true
	for i := range maxLocks + 2 {
		err := o.LockRequest(&LockRequest{Size: 60 * page, Return: mach.ReturnDirty, Flush: i == 1, Lock: mach.ProtNoChange, Reply: i})
		if i <= maxLocks-1 != (err == nil) {
			t.Fatal(i, err)
		}
	}
	w.env.Settle()
	w.check(t)
	if len(g.held) != maxReturning {
		t.Fatalf("%d pieces", len(g.held))
	}
	must(t, m.Deallocate(base, 64*page))
	for len(g.held) != 0 {
		c := g.held[0]
		g.held = g.held[1:]
		c.Discard()
		w.env.Settle()
		w.check(t)
	}
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("return %#x+0x1000 dirty=true kept=true", 2*i*page))
	}
	for i := range maxLocks {
		want = append(want, fmt.Sprintf("locked 0x0+0x3c000 %d", i))
	}
	g.expect(t, append(want, "terminate")...)
}

// No more requests go out than the manager may leave unanswered; who comes then waits for any answer.
func TestManagedRequestsAreBounded(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	var all []*Waiter
	for i := range mach.VirtAddr(maxAsked + 5) {
		all = append(all, w.waits(t, m, base+i*page, mach.ProtRead))
	}
	if len(g.calls) != maxAsked {
		t.Fatal(g.calls)
	}
	must(t, o.Unavailable(3*page, page))
	for i, x := range all {
		if x.Waiting() != (i != 3 && i < maxAsked) {
			t.Errorf("%d waits: %v", i, x.Waiting())
		}
	}
	w.check(t)
	all = append(all, w.waits(t, m, base+maxAsked*page, mach.ProtRead))
	if len(g.calls) != maxAsked+1 {
		t.Fatal(g.calls)
	}
	must(t, o.Unavailable(0, ^uint64(0)&^mach.PageMask))
	for _, x := range all {
		x.mustEnd(t, nil)
	}
	// Locked pages count, too.
	must(t, w.supply(t, o, 32*page, mach.ProtWrite, false, make([]byte, maxAsked+2)...))
	g.calls = nil
	for i := range mach.VirtAddr(maxAsked + 2) {
		w.waits(t, m, base+(32+i)*page, mach.ProtWrite).Cancel()
	}
	if len(g.calls) != maxAsked {
		t.Fatal(g.calls)
	}
	w.check(t)
}

// A dead manager leaves what is there, and errors for the rest.
func TestManagedSever(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(true, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, 1, 2))
	must(t, w.supply(t, o, 2*page, mach.ProtWrite, false, 3))
	w.mustStore(t, m, base, 9)
	x, y := w.waits(t, m, base+5*page, mach.ProtRead), w.waits(t, m, base+2*page, mach.ProtWrite)
	g.hold = true
	must(t, o.LockRequest(&LockRequest{Size: page, Return: mach.ReturnAll, Lock: mach.ProtNoChange}))
	g.calls = nil
	o.Sever()
	o.Sever()
	if !o.Severed() {
		t.Error("not severed")
	}
	x.mustEnd(t, mach.MemoryError)
	y.mustEnd(t, mach.MemoryError)
	g.expect(t)
	w.expect(t, m, base, 9)
	w.mustStore(t, m, base+page, 5)
	w.expect(t, m, base+2*page, 3)
	for _, va := range []mach.VirtAddr{2 * page, 5 * page, 6 * page} {
		if err := m.Fault(base+va, mach.ProtWrite); err != mach.MemoryError {
			t.Errorf("%#x: %v", va, err)
		}
	}
	if o.LockRequest(&LockRequest{}) != mach.InvalidArgument {
		t.Error("a lock request for nobody")
	}
	must(t, m.Deallocate(base, 64*page))
	g.expect(t, "terminate")
	g.held[0].Discard() // after the object
	w.check(t)
}

// An object that may be cached stays with its pages until somebody maps it, or too many others do the same.
func TestManagedCache(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(true, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, 1))
	again := func() {
		mapObject(t, m, MapArgs{Address: base, Size: 64 * page, Object: o})
		w.expect(t, m, base, 1)
		g.expect(t)
	}
	for range 3 {
		must(t, m.Deallocate(base, 64*page))
		g.expect(t)
		again()
	}
	if a := o.Attributes(); a != (Attributes{true, true, mach.CopyDelay}) {
		t.Errorf("%+v", a)
	}
	must(t, m.Deallocate(base, 64*page))
	g.expect(t)
	must(t, o.Ready(false, mach.CopyTemporary))
	g.expect(t, "terminate")
	for range maxCached + 3 {
		o, err := NewManaged(w.env, g)
		must(t, err)
		must(t, o.Ready(true, mach.CopyDelay))
		o.Release()
	}
	g.expect(t, "terminate", "terminate", "terminate")
	if w.env.cachedCount != maxCached {
		t.Error(w.env.cachedCount)
	}
}

// Contents of a temporary object are not returned.
func TestManagedTemporary(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyTemporary))
	must(t, w.supply(t, o, 0, 0, true, 1))
	w.mustStore(t, m, base, 2)
	must(t, m.Deallocate(base, 64*page))
	g.expect(t, "terminate")
	if o.Ready(false, 4) == nil || o.Ready(false, -1) == nil {
		t.Error("no strategy")
	}
}
