package vm

import "defpager/mach"

// Read is vm_read: a copy of the range, to be sent out of line. See CopyMapIn.
func (m *Map) Read(addr mach.VirtAddr, size uint64) (*Copy, error) {
	return m.CopyMapIn(addr, size, false)
}

// Copy is vm_copy: it writes the bytes at src over those at dst; the ranges may overlap. It fails as CopyMapIn and Write.
func (m *Map) Copy(src mach.VirtAddr, size uint64, dst mach.VirtAddr) error {
	c, err := m.CopyMapIn(src, size, false)
	if err != nil {
		return err
	}
	if err = m.Write(dst, c); err != nil {
		c.Discard()
	}
	return err
}

// Write is vm_write: it writes the copy over the memory at addr and uses it up. Nothing is written, and c stays the
// caller's, unless the whole range is mapped (InvalidAddress) and writable (ProtectionFailure). MemoryError and
// ResourceShortage can come in the middle, and Wait also for frames that page-out can free; c is the caller's then too.
func (m *Map) Write(addr mach.VirtAddr, c *Copy) error {
	if err := m.require(addr, c.size, mach.ProtWrite); err != nil {
		return err
	}
	at := mach.VirtAddr(c.offset) // in the copy; addr runs along
	end := at + mach.VirtAddr(c.size)
	for p := c.first; p != nil; p = p.next {
		for to := min(p.end, end); at < to; {
			n, err := m.replace(addr, p, at, to)
			if n == 0 && err == nil {
				n, err = m.overwrite(addr, p, at, to)
			}
			if err != nil {
				return m.env.orWait(err)
			}
			at += n
			addr += n
		}
	}
	c.Discard()
	return nil
}

// overwrite copies bytes of p's pages, from at up to to at most, to addr, and returns how many. It stops at a page's end.
func (m *Map) overwrite(addr mach.VirtAddr, p *Entry, at, to mach.VirtAddr) (mach.VirtAddr, error) {
	n := min(uint64(to-at), mach.PageSize-at.Offset())
	dst, err := m.user(addr, int(n), mach.ProtWrite)
	if err != nil {
		return 0, err
	}
	// Only now: making the destination writable may have moved the copy's page.
	f, err := p.look(p.page(at))
	if err != nil {
		return 0, err
	}
	read(&m.env.Mem, dst, f, at.Offset())
	return mach.VirtAddr(len(dst)), nil
}

// replace maps p's pages, from at up to to at most, copy-on-write in place of the private memory at addr, and returns how
// many bytes that were: 0 when it is not worth while, others would have to see the change, or the pages are wired.
func (m *Map) replace(addr mach.VirtAddr, p *Entry, at, to mach.VirtAddr) (mach.VirtAddr, error) {
	e := m.floor(addr)
	n := min(to-at, e.end-addr).Trunc()
	if n < small || at.Offset() != 0 || addr.Offset() != 0 || e.wired != mach.ProtNone || e.object != nil && (e.object.shared || e.object.kind != anonymous) {
		return 0, nil
	}
	e, err := m.clip(addr, addr+n)
	if err != nil {
		return 0, err
	}
	m.pmap.Remove(addr, addr+n)
	e.drop()
	e.needsCopy = false
	if p.object != nil {
		e.mapObject(p.object, p.page(at))
		e.needsCopy = true
		p.needsCopy = true
	}
	e.ahead = nowhere
	m.merge(e)
	return n, nil
}
