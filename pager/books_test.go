package pager

import (
	"crypto/rand"
	"slices"
	"testing"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/pager/backing"

	"pgregory.net/rapid"
)

// books is a world with two payers, one of whom makes the next object, and with paging storage.
type books struct {
	*world
	backing *backing.Backing
	payers  [2]*vm.Account
	by      *vm.Account
	made    []madeObject
	copies  []mach.VirtAddr
}

type madeObject struct {
	name  mach.Name
	at    mach.VirtAddr // where its first pages are mapped
	limit uint64
	by    *vm.Account
	over  bool
}

const window = 24 // pages of an object that are mapped

// agree compares what the pager's calls say with the figures of objects, of those who pay, and of the storage.
func (w *books) agree(t *rapid.T) {
	w.check()
	var want [2]vm.Account
	for _, o := range w.made {
		f := w.object(o.name).MemoryObject().Figures()
		out := f.Words + f.Compressed + f.Waiting + f.OnDisk + f.Lost + f.Managed
		reserved := uint64(0)
		a := &want[slices.Index(w.payers[:], o.by)]
		a.Objects++
		if o.over {
			a.Overcommitted++
		} else {
			reserved = mach.Pages(o.limit).Bytes()
			a.Reserved += mach.Pages(o.limit)
		}
		if f.Limit != o.limit || f.Reserved != reserved || mach.Pages(f.Resident+out) > mach.Pages(o.limit) || f.Flags != 0 != o.over || out != 0 && !o.over {
			t.Fatalf("%+v of %+v", f, o)
		}
		r := w.ask(mach.Complex, w.manager, mach.IDDefaultPagerObjectPages, func(b *mig.Writer) {
			b.Port(mach.MsgCopySend, o.name)
			b.Uint32(pagesMax)
		})
		w.want(r.RetCode(), mach.Success)
		pages := r.Varying(typeRuns, pagesMax, 1)
		w.is("bytes of the pages that are listed", mach.PageNumber(pages.Count).Bytes(), f.Resident+out)
	}
	numbers, ports := w.objects(objectsMax, portsMax)
	w.is("the objects that are listed", uint64(len(ports)), uint64(len(w.made)))
	for i, port := range ports {
		f := w.object(port).MemoryObject().Figures()
		w.is("the number of an object", numbers[2*i], f.ID)
		w.is("the bytes of an object", numbers[2*i+1], f.Resident+f.Words+f.Compressed+f.Waiting+f.OnDisk+f.Lost+f.Managed)
		w.drop(port)
	}
	all := 0
	for i, a := range []*vm.Account{w.payers[0], w.payers[1], nil} {
		n := mach.PageNumber(0)
		for range w.env.OutOf(a) {
			n++
		}
		all += int(n)
		if a != nil && (a.Out != n || a.Objects != want[i].Objects || a.Overcommitted != want[i].Overcommitted || a.Reserved != want[i].Reserved) {
			t.Fatalf("payer %d has %d pages out; %+v; want %+v", i, n, a, want[i])
		}
	}
	w.is("the pages that are kept", uint64(w.backing.Pages()), uint64(all))
}

// limit is a size for an object: at, before and behind the end of a page, none, or huge.
func limit(t *rapid.T) uint64 {
	n := rapid.Uint64Range(0, window+4).Draw(t, "pages") * mach.PageSize
	return n + rapid.SampledFrom([]uint64{0, 0, 1, ^uint64(0), 200}).Draw(t, "more")
}

// Whatever is asked of the pager while pages go out and come back, within limits and beyond them: its calls, the figures of objects and of those who pay for them, and
// the storage say the same, and refused requests change nothing.
func TestBooksAgree(t *testing.T) {
	var noise [4 * mach.PageSize]byte
	_, _ = rand.Read(noise[:])
	var seen mach.OutFigures
	everywhere := func() bool { return seen.Compressed != 0 && seen.Waiting != 0 && seen.OnDisk != 0 }
	check := func(rt *rapid.T) {
		w := &books{world: newWorld(t, false)}
		s, master, _ := w.disks()
		w.pagingFile(master, "a", true)
		w.want(w.answer(), mach.Success)
		w.backing = s.Backing()
		for i := range w.payers {
			w.payers[i] = vm.NewAccount(nil)
		}
		w.memory.SetAccount(w.payers[1])
		w.pager.config.Payer = func() *vm.Account { return w.by }
		pick := func() *madeObject { return &w.made[rapid.IntRange(0, len(w.made)-1).Draw(rt, "object")] }
		none := func() bool { return len(w.made) == 0 }
		fits := func(a *vm.Account, more mach.PageNumber) bool {
			return more <= window+5 && (a.ReservedMax == vm.NoLimit || a.Reserved+more <= a.ReservedMax)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				for w.answer() != mach.MIGNoReply { // of storage that was added or removed
				}
				w.agree(rt)
				for _, a := range w.payers {
					f := w.env.OutFigures(w.env.OutOf(a))
					seen.Compressed += f.Compressed
					seen.Waiting += f.Waiting
					seen.OnDisk += f.OnDisk
				}
			},
			"create": func(rt *rapid.T) {
				if len(w.made) > 12 {
					return
				}
				w.by = rapid.SampledFrom(w.payers[:]).Draw(rt, "payer")
				size, flags := limit(rt), rapid.Int32Range(0, 2).Draw(rt, "flags")
				over := flags == mach.Overcommit || flags == 0 && w.by.Overcommit
				refused := !over && !fits(w.by, mach.Pages(size))
				name, code := w.createAs(size, flags)
				if refused {
					w.want(code, mach.ResourceShortage)
					return
				}
				w.want(code, mach.Success)
				at, err := w.mapped(name, window*mach.PageSize)
				if err != nil {
					rt.Fatal(err)
				}
				w.made = append(w.made, madeObject{name, at, size, w.by, over})
			},
			"set size": func(rt *rapid.T) {
				if none() {
					return
				}
				o, size := pick(), limit(rt)
				now, then := mach.Pages(o.limit), mach.Pages(size)
				refused := !o.over && then > now && !fits(o.by, then-now)
				code := w.code(o.name, mach.IDDefaultPagerObjectSetSize, size)
				if refused {
					w.want(code, mach.ResourceShortage)
					return
				}
				if code == mach.ResourceShortage && o.over {
					return // the last page is on the disk
				}
				w.want(code, mach.Success)
				o.limit = size
			},
			"set limits": func(rt *rapid.T) {
				a := rapid.SampledFrom(w.payers[:]).Draw(rt, "payer")
				most := rapid.SampledFrom([]mach.PageNumber{vm.NoLimit, a.Reserved, a.Reserved + 1, a.Reserved / 2, 0}).Draw(rt, "most")
				w.env.SetLimits(a, vm.Limits{Overcommit: rapid.Bool().Draw(rt, "overcommit"), ReservedMax: most, OutMax: rapid.SampledFrom([]mach.PageNumber{vm.NoLimit, vm.NoLimit, 10}).Draw(rt, "out")})
			},
			"write": func(rt *rapid.T) {
				if none() {
					return
				}
				o := pick()
				for range 4 {
					at := o.at + mach.VirtAddr(rapid.Uint64Range(0, window-1).Draw(rt, "page")*mach.PageSize)
					_ = w.touch(at) // beyond the limit, and while a page is on the disk, it fails
					w.env.Forget()
				}
			},
			"write noise": func(rt *rapid.T) { // which does not compress
				if none() {
					return
				}
				at := pick().at + mach.VirtAddr(rapid.Uint64Range(0, window-1).Draw(rt, "page")*mach.PageSize)
				_ = w.memory.CopyOut(at, noise[:])
				w.env.Forget()
			},
			"copy": func(rt *rapid.T) {
				if none() {
					return
				}
				if len(w.copies) < 8 {
					w.copies = append(w.copies, w.copied(pick().name, window*mach.PageSize))
				}
			},
			"write a copy": func(rt *rapid.T) {
				if len(w.copies) != 0 {
					at := rapid.SampledFrom(w.copies).Draw(rt, "copy")
					_ = w.touch(at + mach.VirtAddr(rapid.Uint64Range(0, window-1).Draw(rt, "page")*mach.PageSize))
					w.env.Forget()
				}
			},
			"end a copy": func(rt *rapid.T) {
				if n := len(w.copies); n != 0 {
					if err := w.memory.Map.Deallocate(w.copies[n-1], window*mach.PageSize); err != nil {
						rt.Fatal(err)
					}
					w.copies = w.copies[:n-1]
				}
			},
			"page out": func(*rapid.T) { w.env.MakeRoom(w.env.Frames.Stats().Total) },
			"poll":     func(*rapid.T) { w.backing.Poll() },
			"storage": func(rt *rapid.T) {
				w.pagingFile(master, rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "disk"), rapid.Bool().Draw(rt, "add"))
			},
			"end": func(rt *rapid.T) {
				if none() {
					return
				}
				i := rapid.IntRange(0, len(w.made)-1).Draw(rt, "object")
				o := w.made[i]
				w.made = slices.Delete(w.made, i, i+1)
				if err := w.memory.Map.Deallocate(o.at, window*mach.PageSize); err != nil {
					rt.Fatal(err)
				}
				w.drop(o.name)
				for _, at := range w.copies { // which kept it
					if err := w.memory.Map.Deallocate(at, window*mach.PageSize); err != nil {
						rt.Fatal(err)
					}
				}
				w.copies = nil
			},
		})
	}
	const most = 20 // times; once is mostly enough
	for n := 0; n == 0 || n < most && !t.Failed() && !everywhere(); n++ {
		rapid.Check(t, check)
	}
	if !t.Failed() && !everywhere() {
		t.Errorf("pages went nowhere: %+v", seen)
	}
}
