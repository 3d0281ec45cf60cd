package commands

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"defpager/boot/monitor"
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/pager/disks"
)

// pagingMore is what help says of the command's forms.
const pagingMore = `paging add DISK             page to a disk too; its contents are lost
paging remove STORAGE       page to it no more, when its pages are elsewhere
paging measure DISK [MB/S]  see how fast page-out to a disk is, as it is or made
                            slower; its contents are lost`

func (t *Target) paging(c *monitor.Context) error {
	switch {
	case len(c.Args) == 0:
		return t.showPaging(c)
	case len(c.Args) == 2 && c.Args[0] == "add":
		return named(c.Args[1], t.addPaging(c))
	case len(c.Args) >= 2 && len(c.Args) <= 3 && c.Args[0] == "measure":
		return named(c.Args[1], t.measurePaging(c))
	case len(c.Args) == 2 && c.Args[0] == "remove":
		return named(c.Args[1], t.removePaging(c))
	}
	return errors.New("usage: paging, paging add DISK, paging remove STORAGE or paging measure DISK [MB/S]")
}

// addPaging adds storage. That takes memory: when there is none, it tries again while pages go out to make room, for some seconds or until Ctrl-C.
func (t *Target) addPaging(c *monitor.Context) error {
	const tries, pause = 300, 10 * time.Millisecond
	for n := 1; ; n++ {
		var err error
		t.Kernel.Do(func() { err = t.Storage.Add(c.Args[1], "", nil) })
		if mach.Code(err) != mach.ResourceShortage || n == tries {
			return err
		}
		select {
		case <-time.After(pause):
		case <-c.Stop:
			return err
		}
	}
}

// named puts in front of an error what it is about.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// measurePaging compares page-out with plain writes of the same size; to a disk of so many million bytes a second, if that is asked for.
func (t *Target) measurePaging(c *monitor.Context) error {
	var speed disks.Speed
	var err error
	rated := int64(0)
	if len(c.Args) == 3 {
		if rated, err = strconv.ParseInt(c.Args[2], 10, 32); err != nil || rated <= 0 {
			return fmt.Errorf("%q: want a number of million bytes a second, 1 at least", c.Args[2])
		}
	}
	t.Kernel.Do(func() { speed, err = t.Storage.Measure(c.Args[1], rated*1e6, t.Now) })
	if err != nil {
		return err
	}
	pages := int64(mach.Pages(speed.Bytes))
	rate := func(ns int64) float64 { return float64(speed.Bytes) / (1 << 20) / (float64(max(ns, 1)) / 1e9) }
	c.Printf("%s in large writes: %.1f MiB/s; by page-out: %.1f MiB/s, %.0f %%; a page takes %d ns and %d ns, %s\n",
		bytes(speed.Bytes), rate(speed.Plain), rate(speed.Paged), 100*float64(speed.Plain)/float64(max(speed.Paged, 1)),
		speed.Plain/pages, speed.Paged/pages, speed.Cipher)
	return nil
}

// removePaging waits until the pages of the storage are elsewhere, or until Ctrl-C.
func (t *Target) removePaging(c *monitor.Context) error {
	over := make(chan error, 1)
	var err error
	t.Kernel.Do(func() { err = t.Storage.Remove(c.Args[1], func(err error) { over <- err }) })
	if err != nil {
		return err
	}
	select {
	case err := <-over:
		return err
	case <-c.Stop:
		return errors.New("its pages are still on their way elsewhere, which goes on")
	}
}

func (t *Target) showPaging(c *monitor.Context) error {
	b := t.Storage.Backing()
	if b == nil {
		return errors.New("nothing is paged out: boot with paging=compressed, paging=ram:SIZE or paging=DISK, or say paging add DISK")
	}
	var lines []string
	t.Kernel.Do(func() {
		s, n := b.Stats(), t.Kernel.Memory().Counters()
		lines = append(lines,
			fmt.Sprintf("page-outs %d, page-ins %d, left as they had been used %d", n.PageOuts, n.PageIns, n.Reactivations),
			fmt.Sprintf("pages out %8d", s.Words+s.Compressed+s.Waiting+s.OnDisk+s.Lost),
			fmt.Sprintf("  one word %7d", s.Words),
			fmt.Sprintf("  compressed %5d  in %s, %s of frames with them", s.Compressed, bytes(s.Bytes), bytes(s.Frames.Bytes())),
			fmt.Sprintf("  waiting  %7d  to be written", s.Waiting),
			fmt.Sprintf("  on disk  %7d  written %d, read %d", s.OnDisk, s.Written, s.Read),
			fmt.Sprintf("  lost     %7d  reads tried again %d", s.Lost, s.Retried))
		for a := range t.Storage.Areas {
			lines = append(lines, fmt.Sprintf("%-10s %10s, %s free", a.Name(), bytes(uint64(a.Slots())<<mach.PageShift), bytes(uint64(a.Room())<<mach.PageShift)))
		}
		for x := range t.Kernel.Memory().Externals {
			lines = append(lines, fmt.Sprintf("manager of object %d, in ring 3: %d pages", x.Object().ID(), x.Kept()))
		}
		for o := range t.Kernel.Memory().Objects {
			if out, ins, outs := o.Paged(); outs != 0 {
				lines = append(lines, fmt.Sprintf("object %d: %d pages out (%s), %d resident; page-outs %d, page-ins %d", o.ID(), out, t.tiers(o.Out), o.Resident(), outs, ins))
			}
		}
	})
	return print(c, lines, nil)
}

// tiers counts an object's pages that are out by where they are.
func (t *Target) tiers(out iter.Seq2[mach.PageNumber, vm.Token]) string {
	return t.places(func(yield func(vm.Token) bool) {
		for _, token := range out {
			if !yield(token) {
				return
			}
		}
	})
}

// places counts pages that are out by where they are.
func (t *Target) places(out iter.Seq[vm.Token]) string {
	f := t.Kernel.Memory().OutFigures(out)
	return fmt.Sprintf("%d as words, %d compressed, %d waiting, %d on disk, %d lost, %d with a manager in ring 3",
		mach.Pages(f.Words), mach.Pages(f.Compressed), mach.Pages(f.Waiting), mach.Pages(f.OnDisk), mach.Pages(f.Lost), mach.Pages(f.Managed))
}
