package vm

import (
	"testing"

	"defpager/mach"
)

// What unlocks a page is done though a lock request waits that came before: that one may wait for this page.
func TestCopySyncOfLockedPage(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, o.LockRequest(&LockRequest{Offset: 2 * page, Size: page, Lock: mach.ProtRead | mach.ProtWrite}))
	must(t, o.LockRequest(syncAndFlush(page, 3*page)))
	g.expect(t, "unlock 0x2000+0x1000 r--")
	must(t, o.LockRequest(&LockRequest{Offset: 2 * page, Size: page, Lock: mach.ProtWrite, Reply: "unlocked"}))
	g.expect(t, "locked 0x1000+0x3000 done", "locked 0x2000+0x1000 unlocked")
	must(t, w.supply(t, o, page, 0, false, 101, 102, 103))
	for i := range mach.VirtAddr(3) {
		w.expect(t, m, other+i*page, byte(1+i))
	}
}

// So it is when as many pages are to be unlocked as a manager may be asked for.
func TestCopySyncAmongLockedPages(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 20*page, mach.ProtWrite, false, make([]byte, maxAsked)...))
	mapObject(t, m, copyOf(o, 10))
	var all []*Waiter
	for i := range mach.VirtAddr(maxAsked) {
		all = append(all, w.waits(t, m, base+(20+i)*page, mach.ProtWrite))
	}
	must(t, o.LockRequest(syncAndFlush(page, page)))
	w.env.Settle()
	g.calls = nil
	must(t, o.LockRequest(&LockRequest{Offset: 20 * page, Size: maxAsked * page}))
	g.expect(t, "request 0x1000+0x1000 r--")
	must(t, w.supply(t, o, page, 0, false, 1))
	g.expect(t, "locked 0x1000+0x1000 done")
	for _, x := range all {
		x.mustEnd(t, nil)
	}
}

// A manager may refuse all that follows also in answer to a request for some pages.
func TestCopySyncBeyondEnd(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, o.LockRequest(syncAndFlush(4*page, 3*page)))
	g.expect(t, "request 0x5000+0x1000 r--", "request 0x6000+0x1000 r--")
	must(t, o.Refuse(5*page, ^uint64(5*page-1)))
	g.expect(t, "locked 0x4000+0x3000 done")
	w.expect(t, m, other+3*page, 4)
	for i := mach.VirtAddr(4); i < 6; i++ {
		if err := m.Fault(other+i*page, mach.ProtRead); mach.Code(err) != mach.MemoryError {
			t.Fatalf("page %d: %v", i, err)
		}
	}
}

// What was written does not go to the manager before the copy has it: the manager could have said already that there is nothing.
func TestCopySyncAndPageOut(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, w.supply(t, o, 9*page, 0, false, 9))
	w.mustStore(t, m, base+9*page, 19)
	must(t, m.Deallocate(other, 10*page))
	mapObject(t, m, copyOf(o, 10))
	must(t, o.LockRequest(syncAndFlush(page, ^uint64(0)-page)))
	w.env.force()
	w.env.Settle()
	must(t, o.Unavailable(5*page, 10*page))
	w.env.Settle()
	must(t, o.Refuse(15*page, ^uint64(15*page-1)))
	w.env.Settle()
	g.calls = nil
	w.expect(t, m, other+8*page, 19)
	for w.env.force() {
		w.env.Settle()
	}
	if g.expect(t); o.Resident() != 0 {
		t.Errorf("%d pages are left", o.Resident())
	}
}

// What a copy that its manager made shows of the object below comes from that one's manager, and the copy of the copy waits for it.
func TestCopySyncOfCalledCopy(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyCall))
	mapObject(t, m, copyOf(o, 4))
	must(t, g.copied.Ready(false, mach.CopyDelay))
	const third = other + 64*page
	mapObject(t, m, MapArgs{Address: third, Size: 4 * page, Object: g.copied, Copy: true, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritCopy})
	must(t, g.copied.LockRequest(syncAndFlush(0, page)))
	must(t, g.copied.Unavailable(0, page))
	w.env.Settle()
	g.calls, g.copy.calls = nil, nil
	must(t, w.supply(t, o, page, 0, false, 7))
	w.env.Tick()
	g.copy.expect(t, "locked 0x0+0x1000 done")
	must(t, w.supply(t, g.copied, 0, 0, false, 9))
	w.expect(t, m, third, 7)
	if w.env.Expecting() {
		t.Error("somebody waits still")
	}
}

// A task that makes one copy after the other keeps nobody from an answer, and all of them hold what they did.
func TestCopySyncAmongCopies(t *testing.T) {
	w, g, o, m := copiedWorld(t)
	must(t, w.supply(t, o, 9*page, 0, false, 9))
	must(t, o.LockRequest(syncAndFlush(page, ^uint64(0)-page)))
	var copies []mach.VirtAddr
	for range 2 * maxCopies {
		w.mustStore(t, m, base+page, 50)
		c, err := m.CopyMapIn(base+page, 9*page, false)
		if err == Wait {
			break
		}
		must(t, err)
		at, err := m.CopyMapOut(c)
		must(t, err)
		copies = append(copies, at)
		must(t, o.Unavailable(0, page)) // an answer
		w.env.Settle()
	}
	if !w.env.Waits() || len(copies) < maxCopies/2 {
		t.Fatalf("%d copies, and more", len(copies))
	}
	x := new(Waiter)
	w.env.Await(x)
	for i := range uint64(4) {
		must(t, w.supply(t, o, (5+i)*page, 0, false, byte(5+i)))
		w.env.Settle()
	}
	must(t, o.Refuse(10*page, ^uint64(10*page-1)))
	g.calls = nil
	w.env.Settle()
	x.mustEnd(t, nil)
	must(t, w.supply(t, o, page, 0, false, 101, 102, 103, 104, 105, 106, 107, 108, 109))
	for _, at := range copies {
		w.expect(t, m, at, 50)
		for n := mach.VirtAddr(1); n < 9; n++ {
			w.expect(t, m, at+n*page, byte(n)+1)
		}
	}
}

// Tasks that have an object's pages returned leave room for its manager's own lock requests, also when that is slow.
func TestSyncLeavesRoom(t *testing.T) {
	w, g, o, m := managedWorld(t)
	must(t, o.Ready(false, mach.CopyDelay))
	must(t, w.supply(t, o, 0, 0, false, make([]byte, 2*maxReturning+2)...))
	for i := mach.VirtAddr(0); i <= 2*maxReturning; i += 2 {
		w.mustStore(t, m, base+i*page, 1)
	}
	g.hold = true
	err := error(nil)
	for range 2 * maxLocks {
		err = m.Sync(base, 64*page, true, false)
	}
	if mach.Code(err) != mach.ResourceShortage {
		t.Fatalf("no end of it: %v", err)
	}
	for range 3 {
		must(t, o.LockRequest(syncAndFlush(0, page)))
	}
	g.calls, g.hold = nil, false
	for len(g.held) != 0 {
		c := g.held[0]
		g.held = g.held[1:]
		c.Discard()
		w.env.Settle()
	}
	g.calls = g.calls[1:]
	g.expect(t, "locked 0x0+0x1000 done", "locked 0x0+0x1000 done", "locked 0x0+0x1000 done")
}
