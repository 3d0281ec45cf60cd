package commands

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"defpager/boot/monitor"
	"defpager/kern"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
	"defpager/mm/vm"
	"defpager/pager"
)

func (t *Target) memory(c *monitor.Context) error {
	lines := []string{fmt.Sprintf("%-16s %9s  %-4s %-4s %-7s %s", "address", "size", "prot", "max", "inherit", "object")}
	err := t.inTask(c.Args[0], func(task *kern.Task) {
		task.Regions(func(r vm.Region) bool {
			object := "zeros, untouched"
			if r.Object != nil {
				object = fmt.Sprintf("%d (%s) at %#x", r.Object.ID(), r.Object.Kind(), r.Offset)
			}
			if r.Shared {
				object += ", shared"
			}
			if r.NeedsCopy {
				object += ", copied on write"
			}
			lines = append(lines, fmt.Sprintf("%016x %9s  %-4v %-4v %-7v %s", uint64(r.Address), bytes(r.Size), r.Prot, r.MaxProt, r.Inherit, object))
			return true
		})
	})
	if err != nil {
		return err
	}
	return print(c, lines, nil)
}

// named are the numbers of those of the pager's objects that have senders.
func (t *Target) named() map[uint64]bool {
	m := map[uint64]bool{}
	t.Pager.Objects(func(o *pager.Object) bool {
		m[o.ID()] = true
		return true
	})
	return m
}

func describe(o *vm.Object, named map[uint64]bool) string {
	s := fmt.Sprintf("%6d  %-9s %10s %10s %10s %8d %5d %8d",
		o.ID(), o.Kind(), bytes(o.Limit()), bytes(o.Resident().Bytes()), bytes(o.Reserved().Bytes()), o.Faults(), o.Refs(), o.Mapped())
	if below := o.Shadow(); below != nil {
		s += fmt.Sprintf("  shadows %d", below.ID())
	}
	if o.Overcommitted() {
		s += "  overcommitted"
	}
	if named[o.ID()] {
		s += "  has senders"
	}
	return s
}

const objectHeader = "object  kind           limit   resident   reserved   faults  refs mappings"

func (t *Target) objects(c *monitor.Context) error {
	lines := []string{objectHeader}
	t.Kernel.Do(func() {
		named := t.named()
		all := slices.SortedFunc(t.Kernel.Memory().Objects, func(a, b *vm.Object) int { return cmp.Compare(b.ID(), a.ID()) })
		for _, o := range all {
			lines = append(lines, describe(o, named))
		}
		live, created := t.Pager.Count()
		lines = append(lines, fmt.Sprintf("default pager: %d objects with senders, %d created since the start, %d forged messages dropped", live, created, t.Pager.Forged()))
	})
	return print(c, lines, nil)
}

func (t *Target) object(c *monitor.Context) error {
	id, err := number(c.Args[0])
	if err != nil {
		return err
	}
	var lines []string
	t.Kernel.Do(func() {
		named := t.named()
		t.Kernel.Memory().Objects(func(o *vm.Object) bool {
			if o.ID() != id {
				return true
			}
			lines = append(lines, objectHeader, describe(o, named))
			out, ins, outs := o.Paged()
			lines = append(lines, fmt.Sprintf("  pages out %d: %s", out, t.tiers(o.Out)), fmt.Sprintf("  page-ins %d, page-outs %d", ins, outs),
				fmt.Sprintf("  waited for %d ms", time.Duration(o.Waited()).Milliseconds()))
			lines = append(lines, pages(o)...)
			return false
		})
	})
	if lines == nil {
		return fmt.Errorf("no object %d; objects lists them", id)
	}
	return print(c, lines, nil)
}

// pages lists an object's resident pages, runs of neighbouring frames in one line.
func pages(o *vm.Object) []string {
	var lines []string
	var first, n mach.PageNumber
	var frame mach.PhysAddr
	flush := func() {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("  pages %d to %d: frames at %#x to %#x", first, first+n-1, uint64(frame), uint64(frame)+(n-1).Bytes()))
		}
	}
	o.Pages(func(p mach.PageNumber, f mach.PhysAddr) bool {
		if n != 0 && p == first+n && f == frame+mach.PhysAddr(n.Bytes()) {
			n++
			return true
		}
		flush()
		first, frame, n = p, f, 1
		return true
	})
	flush()
	return lines
}

func (t *Target) frames(c *monitor.Context) error {
	var s frame.Stats
	var events vm.Counters
	var counters kern.Counters
	var owners []kern.Owner
	var stale mach.PageNumber
	var f mach.HostFigures
	t.Kernel.Do(func() {
		f = t.Kernel.Figures()
		owners, stale = t.Kernel.Owners(), t.Kernel.Memory().Frames.Stale()
		s, events, counters = t.Kernel.Memory().Frames.Stats(), t.Kernel.Memory().Counters(), t.Kernel.Counters()
	})
	var all mach.PageNumber
	for _, o := range t.Memory {
		all += o.Frames
		c.Printf("%8d  %-9s %s\n", o.Frames, bytes(o.Frames.Bytes()), o.Name)
	}
	c.Printf("%8d  %-9s frames for tasks and the kernel's tables, which follow\n", s.Total, bytes(s.Total.Bytes()))
	c.Printf("%8d  %-9s in all: the machine's memory\n", all+s.Total, bytes((all + s.Total).Bytes()))
	c.Printf("frames  %8d  %s\n", s.Total, bytes(s.Total.Bytes()))
	c.Printf("free    %8d  %s\n", s.Free, bytes(s.Free.Bytes()))
	c.Printf("  promised %5d  to objects that have not touched them\n", s.Reserved)
	c.Printf("  zeroed %7d  ahead of need\n", s.Zeroed)
	c.Printf("  stale  %7d  with what their last owners wrote, until there is time\n", stale)
	c.Printf("taken   %8d  %s\n", s.Taken, bytes(s.Taken.Bytes()))
	sum := s.Free
	for _, o := range owners {
		sum += o.Frames
		c.Printf("  %-20s %8d\n", o.Name, o.Frames)
	}
	if sum != s.Total {
		return fmt.Errorf("%d frames are free or somebody's, of %d", sum, s.Total)
	}
	c.Printf("free and taken are %d, all there are\n", sum)
	c.Printf("ports %d, port sets %d, names %d, messages %d; map entries %d, objects %d, tree nodes %d; pages out %d\n",
		f.Ports, f.PortSets, f.Names, f.Messages, f.Entries, f.Objects, f.TreeNodes, f.PagesOut+f.PagesManaged)
	c.Printf("faults %d: zero fill %d, copy %d; page lookups %d, hits %d\n", events.Faults, events.ZeroFills, events.CopyFaults, events.Lookups, events.Hits)
	c.Printf("traps %d, exceptions %d, interrupts %d, switches %d; up %s\n", counters.Traps, counters.Exceptions, counters.Interrupts, counters.Switches, t.Uptime())
	return nil
}

// slabs shows what host_slab_info tells.
func (t *Target) slabs(c *monitor.Context) error {
	lines := []string{"structure                 bytes   a frame       out    frames"}
	t.Kernel.Do(func() {
		for name, u := range t.Kernel.Caches {
			lines = append(lines, fmt.Sprintf("%-24s %6d %9d %9d %9d", name, u.Size, u.PerFrame, u.Out, u.Frames))
		}
	})
	return print(c, lines, nil)
}

func (t *Target) walk(c *monitor.Context) error {
	va, err := number(c.Args[1])
	if err != nil {
		return err
	}
	if va >= uint64(mach.MaxUser) {
		return fmt.Errorf("%#x is not below %#x, the end of the address space", va, uint64(mach.MaxUser))
	}
	var steps []pmap.Level
	if err := t.inTask(c.Args[0], func(task *kern.Task) { steps = task.Walk(mach.VirtAddr(va)) }); err != nil {
		return err
	}
	for _, s := range steps {
		c.Printf("%-4s at %#x, entry %3d: 0x%016x  %s\n", s.Name, uint64(s.Table), s.Index, uint64(s.Entry), words(s))
	}
	return nil
}

// words says what an entry means.
func words(s pmap.Level) string {
	e := s.Entry
	if !e.Valid() {
		return "not present"
	}
	text := fmt.Sprintf("next table at %#x", uint64(e.Address()))
	if s.Leaf {
		size := map[string]string{"PT": "4 KiB", "PD": "2 MiB", "PDPT": "1 GiB"}[s.Name]
		text = fmt.Sprintf("page of %s at %#x", size, uint64(e.Address()))
	}
	for _, w := range []struct {
		yes     bool
		is, not string
	}{
		{e.User(), "user", "kernel only"},
		{e.Writable(), "writable", "read-only"},
		{e.Executable(), "executable", "no execution"},
		{e.Accessed(), "accessed", ""},
		{s.Leaf && e.Dirty(), "dirty", ""},
	} {
		if w.yes {
			text += ", " + w.is
		} else if w.not != "" {
			text += ", " + w.not
		}
	}
	return text
}
