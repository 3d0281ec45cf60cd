// Package setup takes the machine over: from what the loader and the Go runtime left to a processor with the kernel's own page
// tables and an allocator of all free frames. The order matters and is all there is to it.
package setup

import (
	"fmt"
	"time"
	"unsafe"

	"defpager/board"
	"defpager/board/pc"
	"defpager/board/pc/acpi"
	"defpager/board/pc/screen"
	"defpager/board/virtio"
	"defpager/board/x86"
	"defpager/boot/image"
	"defpager/boot/info"
	"defpager/mach"
	"defpager/mm/frame"
)

// Machine is what the kernel is built on.
type Machine struct {
	*pc.Machine
	CPU    *x86.CPU
	Boot   *info.Info
	Memory board.Memory
	Frames *frame.Allocator
	ACPI   acpi.Tables
	Disks  *virtio.Bus
	record *image.Record
	begun  uint64        // the time-stamp counter when Run began
	tables []board.Range // taken for the machine's own tables
}

// Moments are what the time-stamp counter was at the image's first instruction, and when Go's runtime was ready for Run.
func (m *Machine) Moments() (entry, begun uint64) { return m.record.EntryTSC(), m.begun }

// SinceEntry is the time since the image's first instruction.
func (m *Machine) SinceEntry() time.Duration {
	return m.Elapsed(m.record.EntryTSC(), m.Counter())
}

// stackSize is the size of an interrupt stack in bytes, its guard page included. Nothing nests on one, and Go code that runs there
// (the last words) is small.
const stackSize = 16 << 10

// Run takes the machine over. It runs once. Errors name what is missing.
func Run() (*Machine, error) {
	m := &Machine{Machine: pc.New(), record: image.Current()}
	m.begun = m.Counter()
	early := board.Identity(image.Mapped)
	loader, at := m.record.Loader()
	boot, err := info.Read(&early, loader, at)
	if err != nil {
		return nil, err
	}
	m.Boot = boot
	s := m.record.Sections()
	taken := []board.Range{s.Stub, s.Text, s.ROData, s.Data, image.Heap()}
	if err := boot.Settle(&early, taken...); err != nil {
		return nil, err
	}
	m.ACPI = m.ReadACPI(&early, boot.ACPI.Root, boot.ACPI.Wide)

	m.Disks = virtio.Find(pc.PCI{})

	limit := boot.Limit()
	for _, module := range boot.Modules {
		limit = max(limit, module.Data.End())
	}
	limit = (limit + mach.PageMask) &^ mach.PageMask
	m.Memory = board.Identity(limit)
	layout := m.layout(s)

	descs := uint64(limit) >> mach.PageShift
	carver := carver{free: boot.Usable(taken...)}
	tables := carver.take((layout.TablePages() + 8*x86.Stacks) * mach.PageSize)
	table := carver.take(descs * frame.DescSize)
	var stacks [x86.Stacks]board.Range
	for i := range stacks {
		stacks[i] = carver.take(stackSize)
	}
	if carver.missing != 0 {
		return nil, fmt.Errorf("no room for %d bytes of tables: %d MiB of memory are too few", carver.missing, boot.Total()>>20)
	}
	if m.CPU, err = x86.New(x86.Config{Mem: early, Layout: layout, Tables: tables, Stacks: stacks}); err != nil {
		return nil, err
	}
	m.show(boot.Screen)
	// Invariant of the slice: the memory is mapped from now on, belongs to nobody else, and a Desc holds no pointers, so Go's
	// collector may ignore it.
	list := unsafe.Slice((*frame.Desc)(unsafe.Add(unsafe.Pointer(nil), uintptr(table.Start))), descs)
	m.tables = carver.taken
	m.Frames = frame.New(m.Memory, list, boot.Usable(append(taken, carver.taken...)...))
	return m, nil
}

// layout is the kernel's own map: all RAM to read and write, the image's sections with their rights, the devices.
func (m *Machine) layout(s image.Sections) x86.Layout {
	var l x86.Layout
	add := func(r board.Range, rights x86.Rights) {
		if r.Size != 0 {
			l = append(l, x86.Region{Range: r, Rights: rights})
		}
	}
	pages := func(start, end mach.PhysAddr) board.Range {
		start, end = (start+mach.PageMask)&^mach.PageMask, end&^mach.PageMask
		return board.Range{Start: start, Size: uint64(max(start, end) - start)}
	}
	for _, e := range m.Boot.Memory {
		if e.Kind == info.RAM {
			add(pages(e.Start, e.End()), x86.Write)
		}
	}
	add(board.Range{Start: 0, Size: mach.PageSize}, x86.Unmapped)
	// Of the stub only the record and the first stack are needed from now on.
	guard := m.record.StackGuard()
	stack := guard + mach.PageSize
	add(pages(s.Stub.Start, guard), x86.ReadOnly)
	add(pages(guard, stack), x86.Unmapped)
	add(pages(stack, s.Stub.End()), x86.Write)
	add(s.Text, x86.Execute)
	add(s.ROData, x86.ReadOnly)
	add(s.Data, x86.Write)
	const localAPIC, ioAPIC = 0xfee00000, 0xfec00000 // Intel SDM volume 3, 11.4.1; Intel 82093AA
	devices := []mach.PhysAddr{localAPIC, ioAPIC, m.ACPI.IOAPIC}
	for _, r := range []acpi.Register{m.ACPI.Power.Sleep, m.ACPI.Reset} {
		if !r.Port {
			devices = append(devices, mach.PhysAddr(r.Address))
		}
	}
	for _, d := range devices {
		if d != 0 {
			add(board.Range{Start: d.Trunc(), Size: mach.PageSize}, x86.Write|x86.Uncached)
		}
	}
	if r := m.Boot.Screen.Range; r.Size != 0 {
		start, end := r.Start.Trunc(), (r.End()+mach.PageMask)&^mach.PageMask
		add(board.Range{Start: start, Size: uint64(end - start)}, x86.Write|x86.Uncached)
	}
	for _, r := range m.Disks.Ranges() {
		add(r, x86.Write|x86.Uncached)
	}
	return l
}

// show makes the loader's screen part of the console. A machine whose screen cannot be used has its serial port.
func (m *Machine) show(s info.Screen) {
	if s.Size == 0 {
		return
	}
	all := board.Identity(s.End())
	t, err := (*screen.Terminal)(nil), error(nil)
	if bytes := all.Bytes(s.Start, s.Size); s.Text {
		t, err = screen.NewText(bytes, s.Height, s.Width)
	} else {
		t, err = screen.NewGraphics(screen.Graphics{Memory: bytes, Width: s.Width, Height: s.Height, Pitch: s.Pitch, Depth: s.Depth})
	}
	if err != nil {
		fmt.Println("defpager: no screen:", err)
		return
	}
	m.Show(t)
}

// carver takes pieces from the free memory that the early page tables map.
type carver struct {
	free, taken []board.Range
	missing     uint64 // size of the piece for which there was no room
}

func (c *carver) take(size uint64) board.Range {
	size = (size + mach.PageMask) &^ mach.PageMask
	for i := range c.free {
		f := &c.free[i]
		if f.End() > image.Mapped || f.Start < 1<<20 || f.Size < size {
			continue
		}
		r := board.Range{Start: f.Start, Size: size}
		f.Start += mach.PhysAddr(size)
		f.Size -= size
		c.taken = append(c.taken, r)
		return r
	}
	c.missing = size
	return board.Range{}
}
