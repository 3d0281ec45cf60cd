package main

import (
	"fmt"
	"strconv"
	"strings"

	"defpager/board/disk"
	"defpager/board/virtio"
	"defpager/boot/setup"
	"defpager/kern"
	"defpager/mach"
	"defpager/pager/backing"
	"defpager/pager/store"
)

// paging is the machine's paging storage: what there may be, and what is in use.
type paging struct {
	machine *setup.Machine
	kernel  *kern.Kernel
	backing *backing.Backing // nil: nothing is paged out
	disks   []disk.Disk
	rams    int // disks in memory
}

// newPaging makes what the words paging=... of the kernel's command line ask for. Each may come several times.
//
//	paging=compressed    memory that was not used lately is compressed
//	paging=vda           what does not compress goes to the first virtio disk, encrypted; vdb to the second, and so on
//	paging=ram:SIZE      the same to a disk of SIZE in memory: for tests
func newPaging(m *setup.Machine, k *kern.Kernel, words []string) (*paging, error) {
	p := &paging{machine: m, kernel: k}
	p.findDisks()
	for _, w := range words {
		what, ok := strings.CutPrefix(w, "paging=")
		if !ok {
			continue
		}
		if err := p.begin(); err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
		if what == "compressed" {
			continue
		}
		if size, ok := strings.CutPrefix(what, "ram:"); ok {
			d, err := p.ramDisk(size)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w, err)
			}
			p.disks = append(p.disks, d)
			what = d.Name()
		}
		if err := p.Add(what); err != nil {
			return nil, fmt.Errorf("%s: %w (there are compressed, ram:SIZE%s)", w, err, p.names())
		}
	}
	return p, nil
}

// findDisks brings up the machine's disks. One that fails is left alone.
func (p *paging) findDisks() {
	for i, t := range p.machine.Disks.Disks() {
		name := "vd" + string(rune('a'+i%26))
		frames, err := p.machine.Frames.AllocOrder(virtio.BlockOrder)
		if err != nil {
			fmt.Printf("defpager: %s: %v\n", name, err)
			return
		}
		d, err := virtio.New(name, t, p.machine.Memory, frames, func() int64 { return int64(p.machine.SinceEntry()) })
		if err != nil {
			p.machine.Frames.FreeOrder(frames, virtio.BlockOrder)
			fmt.Printf("defpager: %v\n", err)
			continue
		}
		p.kernel.Keep("disk "+name, 1<<virtio.BlockOrder)
		p.disks = append(p.disks, d)
	}
}

// names lists the disks.
func (p *paging) names() string {
	var s strings.Builder
	for _, d := range p.disks {
		s.WriteString(", " + d.Name())
	}
	return s.String()
}

// begin begins to page out.
func (p *paging) begin() error {
	if p.backing != nil {
		return nil
	}
	memory := p.kernel.Memory()
	b, err := backing.New(backing.Config{
		Mem: p.machine.Memory, Frames: p.machine.Frames, PageReady: memory.PageReady, FramesReady: memory.FramesReady, Log: p.kernel.Logf,
	})
	if err != nil {
		return err
	}
	p.backing = b
	p.kernel.SetStorage(b)
	return nil
}

// ramDisk makes a disk of memory; the size is a number of bytes, or of K, M or G.
func (p *paging) ramDisk(size string) (disk.Disk, error) {
	number, shift := size, 0
	for i, unit := range []string{"K", "M", "G"} {
		if n, ok := strings.CutSuffix(strings.ToUpper(size), unit); ok {
			number, shift = n, 10*(i+1)
		}
	}
	n, err := strconv.ParseUint(number, 10, 33)
	if err != nil || n == 0 || n<<shift > p.machine.Frames.Stats().Free.Bytes() {
		return nil, fmt.Errorf("%q is no size, or more than the %d MiB of memory that are free", size, p.machine.Frames.Stats().Free.Bytes()>>20)
	}
	var parts []mach.PhysAddr
	for range (n<<shift + mach.SuperSize - 1) / mach.SuperSize {
		part, err := p.machine.Frames.AllocOrder(mach.SuperShift - mach.PageShift)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	name := fmt.Sprintf("ram%d", p.rams)
	p.rams++
	p.kernel.Keep("disk "+name, mach.PageNumber(len(parts))<<(mach.SuperShift-mach.PageShift))
	return disk.NewRAM(name, p.machine.Memory, parts), nil
}

// Add puts a disk to use as paging storage.
func (p *paging) Add(name string) error {
	for _, d := range p.disks {
		if d.Name() != name {
			continue
		}
		if err := p.begin(); err != nil {
			return err
		}
		a, err := store.New(store.Config{Disk: d, Blocks: d.Blocks(), Mem: p.machine.Memory, Frames: p.machine.Frames, Random: p.machine.Random()})
		if err != nil {
			return err
		}
		if err := p.backing.AddArea(a); err != nil {
			a.Free(p.machine.Frames)
			return err
		}
		return nil
	}
	return backing.ErrUnknown
}

// Remove takes a disk out of use when its pages have been moved elsewhere; done is called then.
func (p *paging) Remove(name string, done func(error)) error {
	if p.backing == nil {
		return backing.ErrUnknown
	}
	var area backing.Area
	for a := range p.backing.Areas {
		if a.Name() == name {
			area = a
		}
	}
	return p.backing.RemoveArea(name, func(err error) {
		if a, ok := area.(*store.Area); ok && err == nil {
			a.Free(p.machine.Frames)
		}
		done(err)
	})
}

// Areas yields what is in use.
func (p *paging) Areas(yield func(backing.Area) bool) {
	if p.backing != nil {
		p.backing.Areas(yield)
	}
}
