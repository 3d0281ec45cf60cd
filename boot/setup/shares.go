package setup

import (
	"defpager/board"
	"defpager/boot/image"
	"defpager/kern"
	"defpager/mach"
)

// Shares says what the memory is for that the frame allocator was not given. Together with the allocator's frames it is the machine's
// memory: what the loader reports as RAM, in whole pages.
func (m *Machine) Shares() []kern.Owner {
	pages := func(ranges ...board.Range) (n mach.PageNumber) {
		for _, r := range ranges {
			n += mach.Pages(r.Size)
		}
		return n
	}
	s := m.record.Sections()
	var modules mach.PageNumber
	for _, module := range m.Boot.Modules {
		modules += pages(module.Data)
	}
	list := []kern.Owner{
		{Name: "the kernel's text and data", Frames: pages(s.Stub, s.Text, s.ROData, s.Data)},
		{Name: "Go's heap", Frames: pages(image.Heap())},
		{Name: "the frame table, stacks, kernel page tables", Frames: pages(m.tables...)},
		{Name: "boot modules", Frames: modules},
	}
	rest := mach.PageNumber(m.Boot.Total()>>mach.PageShift) - m.Frames.Stats().Total
	for _, o := range list {
		rest -= o.Frames
	}
	return append(list, kern.Owner{Name: "what the loader left, and edges", Frames: rest})
}
