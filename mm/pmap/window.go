package pmap

import (
	"defpager/board"
	"defpager/mach"
)

// View is the kernel's sight of pages of the space that may be written: Window takes a page into it, and whoever changes a leaf or takes one
// away drops all.
func (p *Pmap) View() *board.View { return &p.view }

// Window is the frame of a page that may be written, for a read or write that begins at va; nil if the page is not there, or may not be
// written now. It is valid until anything else is done to the tables.
func (p *Pmap) Window(va mach.VirtAddr) *[mach.PageSize]byte {
	if f := p.view.Page(va); f != nil {
		return f
	}
	return p.openWindow(va)
}

// openWindow marks the page as written, which it stays: whoever clears that mark drops the view.
func (p *Pmap) openWindow(va mach.VirtAddr) *[mach.PageSize]byte {
	pa, ok := p.Translate(va, mach.ProtRead|mach.ProtWrite)
	if !ok {
		return nil
	}
	frame := p.env.Mem.Frame(pa &^ mach.PhysAddr(mach.PageMask))
	p.view.Open(va, frame)
	return frame
}
