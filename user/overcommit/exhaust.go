package main

import (
	"encoding/binary"
	"fmt"
	"os"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

func fail(format string, args ...any) {
	fmt.Printf("overcommit: FAILED: "+format+"\n", args...)
	os.Exit(1)
}

// area is a mapped object of so many pages, of which the first written hold their number and a version.
type area struct {
	object  mach.Name
	at      mach.VirtAddr
	pages   int
	written int
}

func (t *tester) area(pages int, flags int32) *area {
	a := &area{pages: pages, object: t.object(uint64(pages)*page, flags)}
	a.at = t.MustMap(a.object, uint64(pages)*page)
	return a
}

func (a *area) addr(n int) mach.VirtAddr { return a.at + mach.VirtAddr(n)*page }

// fill makes noise, which does not compress, of a page's number.
func fill(b []byte, n int) {
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	for i := 0; i < len(b); i += 8 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(b[i:], x)
	}
}

// holds reports whether the first word of a page is what fill makes of its number.
func holds(b []byte, n int) bool {
	var want [8]byte
	fill(want[:], n)
	return string(b[:8]) == string(want[:])
}

// insist makes a call again and again while memory is short: what is on its way to storage may still give frames.
func insist(t *tester, call func() mach.Return) (code mach.Return) {
	const tries, pause = 400, 5 // milliseconds
	for range tries {
		if code = call(); code != mach.ResourceShortage {
			break
		}
		t.Client.Sleep(pause)
	}
	return code
}

// write writes pages of an area by vm_write, which answers what a touch would be an exception for, until one is refused for good.
func (t *tester) write(a *area, buffer []byte) mach.Return {
	for ; a.written < a.pages; a.written++ {
		fill(buffer, a.written)
		code := insist(t, func() mach.Return { return t.Client.VMWrite(t.Task, a.addr(a.written), libmach.Address(buffer), page) })
		if code != mach.Success {
			return code
		}
		progress(a.written, "written")
	}
	return mach.Success
}

// progress says after each 4 MiB how far it is: a slow machine is silent for long else.
func progress(n int, done string) {
	const step = 1024
	if (n+1)%step == 0 {
		fmt.Printf("overcommit: %d pages are %s\n", n+1, done)
	}
}

// verify copies all pages that were written to the buffer, by vm_copy, and counts those that are lost.
func (t *tester) verify(a *area, buffer []byte) (lost int) {
	for n := range a.written {
		code := insist(t, func() mach.Return { return t.Client.VMCopy(t.Task, a.addr(n), page, libmach.Address(buffer)) })
		switch {
		case code == mach.MemoryError:
			lost++
		case code != mach.Success:
			fail("page %d: %v", n, code)
		case !holds(buffer, n):
			fail("page %d holds something else than was written", n)
		}
		progress(n, "looked at")
	}
	return lost
}

// prepare wires the program and a page for what is written and read.
func (t *tester) prepare() []byte {
	at, code := t.Client.VMAllocate(t.Task, 0, page, true)
	t.Must("vm_allocate", code)
	if err := t.Client.WireProgram(t.host, 1<<20); err != nil {
		fail("%v", err)
	}
	return libmach.Memory(at, page)
}

// outLimit fills an object until as many pages are out as may be, and goes on when there is no such limit any more.
func (t *tester) outLimit(pages int, limit uint64) {
	const more, slack = 512, 64 // pages
	buffer := t.prepare()
	a := t.area(pages, mach.Overcommit)
	set := func(host mach.Name, out uint64, want mach.Return) {
		if code := t.Client.TaskSetLimits(host, t.Task, 0, all, out); code != want {
			fail("a limit of %d bytes: %v, want %v", out, code, want)
		}
	}
	set(libmach.HostSelf(), limit, mach.Success)
	code := t.write(a, buffer)
	g := t.mine()
	fmt.Printf("overcommit: a task that may have %d MiB paged out is refused a page: %v\n", limit>>20, code)
	if g.OutLimit != limit || g.Out > limit || g.Out+slack*page < limit || g.PageOuts == 0 {
		fail("%d bytes are out, the limit is %d: %+v", g.Out, limit, g)
	}
	set(libmach.HostSelf(), all, mach.NoAccess)
	set(t.host, all, mach.Success)
	if a.pages = a.written + more; a.pages > pages {
		fail("there was memory for nearly everything")
	}
	if code := t.write(a, buffer); code != mach.Success {
		fail("page %d, without a limit: %v", a.written, code)
	}
	if g := t.mine(); g.Out <= limit {
		fail("%d bytes are out", g.Out)
	}
	if lost := t.verify(a, buffer); lost != 0 {
		fail("%d pages are lost", lost)
	}
	fmt.Printf("overcommit: without the limit there is room, and all agree\n")
}

// exhaust fills an overcommitted object until nothing has room for more, while a reserved one waits.
func (t *tester) exhaust(pages, promised int) {
	buffer := t.prepare()
	reserved, much := t.area(promised, mach.Reserve), t.area(pages, mach.Overcommit)
	code := t.write(much, buffer)
	fmt.Printf("overcommit: an object of %d MiB is refused a page: %v\n", pages*page>>20, code)
	if code == mach.Success {
		fail("there was memory for everything")
	}
	t.report(much)
	before := t.verify(much, buffer)
	if before != 0 {
		fmt.Printf("overcommit: %d pages are lost, all others agree\n", before)
	} else {
		fmt.Printf("overcommit: all pages agree\n")
	}
	// What was promised is there, touched by instructions.
	memory := libmach.Memory(reserved.at, uint64(promised)*page)
	for n := range promised {
		fill(memory[n*page:][:page], n)
	}
	for n := range promised {
		if !holds(memory[n*page:], n) {
			fail("page %d of the reserved object holds something else than was written", n)
		}
	}
	fmt.Printf("overcommit: the reserved object of %d MiB holds\n", promised*page>>20)
	// To grow costs nothing, and what is given up is there for others.
	half := much.written / 2
	kept := much.written - before
	if code := t.Client.ObjectSetSize(much.object, all); code != mach.Success {
		fail("to grow: %v", code)
	}
	if code := insist(t, func() mach.Return { return t.Client.ObjectSetSize(much.object, uint64(half)*page+1) }); code != mach.Success {
		fail("to shrink: %v", code)
	}
	much.written = half
	lost := t.verify(much, buffer)
	kept -= half - lost // those given up that were not lost, and so had a place
	other := t.area(max(kept/4, 1), mach.Overcommit)
	if code := t.write(other, buffer); code != mach.Success {
		fail("page %d of %d of another object, after %d were given up: %v", other.written, other.pages, kept, code)
	}
	if lost += t.verify(other, buffer); lost != 0 {
		fmt.Printf("overcommit: there is room again\n")
	} else {
		fmt.Printf("overcommit: there is room again, and all agree\n")
	}
	t.turns(much)
	if code := t.Client.ObjectSetSize(much.object, uint64(pages)*page); code != mach.Success {
		fail("to grow again: %v", code)
	}
	for n := half; n < pages; n++ {
		fill(libmach.Memory(much.addr(n), page), n)
	}
	fail("there was memory for everything")
}

// turns has an object shrink within a page, which may have to come from a disk first, and grow without waiting for that: it grows after it.
func (t *tester) turns(a *area) {
	const tries = 100 // some of these pages lie on a disk
	for part := a.written / (tries + 1); a.written > part; {
		a.written -= part
		limit := uint64(a.written+2) * page
		shrink := t.Send(a.object, mach.IDDefaultPagerObjectSetSize, false, func(w *mig.Writer) { w.Uint64(uint64(a.written)*page + 1) })
		if code := t.Client.ObjectSetSize(a.object, limit); code != mach.Success {
			fail("to grow while the object shrinks: %v", code)
		}
		if code := shrink.Answer(); code != mach.Success && code != mach.ResourceShortage {
			fail("to shrink before the object grows: %v", code)
		}
		if f := t.of(a.object); f.Limit != limit {
			fail("an object that was to shrink and then to grow to %d bytes has %d", limit, f.Limit)
		}
	}
}

// report prints where the pages are, by the object's and by the task's figures, which must agree in what they say of both.
func (t *tester) report(a *area) {
	f, g := t.of(a.object), t.mine()
	out := f.Words + f.Compressed + f.Waiting + f.OnDisk + f.Lost + f.Managed
	if f.Resident+out != uint64(a.written)*page {
		fail("%d bytes are resident and %d out of %d pages", f.Resident, out, a.written)
	}
	if sum := g.Words + g.Compressed + g.Waiting + g.OnDisk + g.Lost + g.Managed; g.Out != sum || g.Out < out {
		fail("%d bytes of the task's are out, by where they are %d, of the object's %d", g.Out, sum, out)
	}
	if g.Reserved == 0 || g.Overcommitted != 1 || (out == 0) != (f.PageOuts == 0) || g.PageOuts < f.PageOuts {
		fail("figures of the task: %+v", g)
	}
	where := "all of it resident"
	if out != 0 {
		where = "some of it out"
	}
	fmt.Printf("overcommit: the figures agree: %s\n", where)
}
