package pmap

import "defpager/mach"

// A window is the kernel's view of a page that a task may write, kept as long as no leaf of the task's tables is changed or taken away.
// Messages lie in the same few pages again and again.
type window struct {
	page    uint64 // its number, 0: none
	changes uint64 // of the Pmap, when it was opened
	frame   *[mach.PageSize]byte
}

const windows = 4

// Window is the frame of a page that may be written, for a read or write that begins at va; nil if the page is not there, or may not be
// written now. It is valid until anything else is done to the tables.
func (p *Pmap) Window(va mach.VirtAddr) *[mach.PageSize]byte {
	page := uint64(va) >> mach.PageShift
	if w := &p.windows[page%windows]; w.page == page && w.changes == p.changes {
		return w.frame
	}
	return p.openWindow(va)
}

// openWindow marks the page as written, which it stays: whoever clears that mark counts a change.
func (p *Pmap) openWindow(va mach.VirtAddr) *[mach.PageSize]byte {
	pa, ok := p.Translate(va, mach.ProtRead|mach.ProtWrite)
	if !ok {
		return nil
	}
	page := uint64(va) >> mach.PageShift
	frame := p.env.Mem.Frame(pa &^ mach.PhysAddr(mach.PageMask))
	p.windows[page%windows] = window{page, p.changes, frame}
	return frame
}
