package main

import (
	"fmt"
	"strconv"
	"strings"

	"defpager/board"
	"defpager/board/disk"
	"defpager/board/virtio"
	"defpager/boot/setup"
	"defpager/kern"
	"defpager/mach"
	"defpager/pager/backing"
	"defpager/pager/disks"
)

// paging makes paging storage.
type paging struct {
	*disks.Disks
	machine *setup.Machine
	kernel  *kern.Kernel
	rams    int // disks in memory
}

// newPaging finds the machine's disks, and makes what the words paging=... of the kernel's command line ask for. Each may come several times.
//
//	paging=compressed    memory that was not used lately is compressed
//	paging=vda           what does not compress goes to the first virtio disk, encrypted; vdb to the second, and so on
//	paging=ram:SIZE      the same to a disk of SIZE in memory: for tests
//	paging=vda,flip=N    the same to a disk that goes wrong, for tests: see disk.Faults
func newPaging(m *setup.Machine, k *kern.Kernel, words []string) (*disks.Disks, error) {
	p := &paging{machine: m, kernel: k}
	p.Disks = disks.New(disks.Config{
		Mem: m.Memory, Frames: m.Frames, Random: m.Random(), Now: p.now, Busy: k.DiskBusy, MakeRoom: k.Memory().MakeRoom, Begin: p.begin,
	})
	p.findDisks()
	for _, w := range words {
		if what, ok := strings.CutPrefix(w, "paging="); ok {
			if err := p.use(what); err != nil {
				return nil, fmt.Errorf("%s: %w", w, err)
			}
		}
	}
	return p.Disks, nil
}

// use does what one word asks for.
func (p *paging) use(what string) error {
	if what == "compressed" {
		return p.Begin()
	}
	what, words, faulty := strings.Cut(what, ",")
	if size, ok := strings.CutPrefix(what, "ram:"); ok {
		d, err := p.ramDisk(size)
		if err != nil {
			return err
		}
		p.know(d)
		what = d.Name()
	}
	if faulty {
		faults, err := disk.ParseFaults(words)
		if err != nil {
			return err
		}
		p.Spoil(what, faults)
	}
	if err := p.Add(what, "", nil); err != nil {
		return fmt.Errorf("%w (paging storage is compressed, ram:SIZE%s)", err, p.names())
	}
	return nil
}

// know makes a disk usable, and a device.
func (p *paging) know(d disk.Disk) {
	p.Know(d)
	p.kernel.AddDisk(d, func() bool { return p.Uses(d.Name()) })
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
		at, data := p.machine.Message(board.VectorDisk)
		d, err := virtio.New(name, t, p.machine.Memory, frames, p.now, virtio.Message{At: at, Data: data})
		if err != nil {
			p.machine.Frames.FreeOrder(frames, virtio.BlockOrder)
			fmt.Printf("defpager: %v\n", err)
			continue
		}
		p.kernel.Keep("disk "+name, 1<<virtio.BlockOrder)
		p.know(d)
	}
}

// names lists the disks.
func (p *paging) names() string {
	var s strings.Builder
	for _, d := range p.Known() {
		s.WriteString(", " + d.Name())
	}
	return s.String()
}

// now is the clock, in nanoseconds.
func (p *paging) now() int64 { return int64(p.machine.SinceEntry()) }

// begin begins to page out.
func (p *paging) begin() (*backing.Backing, error) {
	memory := p.kernel.Memory()
	b, err := backing.New(backing.Config{
		Mem: p.machine.Memory, Frames: p.machine.Frames, PageReady: memory.PageReady, FramesReady: memory.FramesReady, Now: p.now, Log: p.kernel.Logf,
	})
	if err == nil {
		p.kernel.SetStorage(b)
	}
	return b, err
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
