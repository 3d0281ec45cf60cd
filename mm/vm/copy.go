package vm

import (
	"defpager/board"
	"defpager/mach"
)

// Copy is memory on its way from one map to another (vm_map_copy): a list of entries that belong to no map. What was
// copied stays as it was, whatever happens to the source. A Copy is used up by Map.CopyMapOut, Map.Write or Discard.
type Copy struct {
	env         *Env
	size        uint64
	offset      uint64 // of the first byte in the first page
	first, last *Entry
	next        *Copy       // in the pool
	source      *pagerState // whose object returns these pages; nil mostly
	stays       bool        // see Stay
	counted     mach.PageNumber
}

// small is the size up to which bytes are copied at once. Sharing a few pages costs more than copying them: the cut of
// entries, the protection, and a fault on each side.
const small = 8 * mach.PageSize

// newCopy takes an empty copy from the pool.
func (env *Env) newCopy(size, offset uint64) (*Copy, error) {
	if err := env.init(); err != nil {
		return nil, err
	}
	return env.takeCopy(size, offset), nil
}

// NewCopy makes a copy that holds b, which the kernel wrote. It fails with ResourceShortage.
func NewCopy(env *Env, b []byte) (*Copy, error) {
	return NewCopyOf(env, uint64(len(b)), func(dst []byte) error {
		b = b[copy(dst, b):]
		return nil
	})
}

// NewCopyOf makes a copy of size bytes that fill writes, page by page, in order; the last may have fewer bytes. It fails with ResourceShortage, and with what fill
// returns.
func NewCopyOf(env *Env, size uint64, fill func(dst []byte) error) (*Copy, error) {
	c, err := env.newCopy(size, 0)
	if err != nil {
		return nil, err
	}
	if err = c.appendBytes(0, size, fill); err != nil {
		c.Discard()
		return nil, err
	}
	return c, nil
}

// Size is the number of bytes in the copy.
func (c *Copy) Size() uint64 { return c.size }

// Discard drops what is left of the copy. c must not be used after it.
func (c *Copy) Discard() {
	for e := c.first; e != nil; {
		next := e.next
		e.dispose(c.env)
		e = next
	}
	if c.source != nil {
		c.source.returned()
	}
	c.env.staying -= c.counted
	c.env.putCopy(c)
}

// ReadAt copies bytes from off on to dst. It fails with InvalidArgument when the copy has not so many bytes, and
// MemoryError when a page is lost.
func (c *Copy) ReadAt(dst []byte, off uint64) error {
	if off > c.size || uint64(len(dst)) > c.size-off {
		return mach.InvalidArgument
	}
	at := mach.VirtAddr(c.offset + off)
	for e := c.first; len(dst) > 0; {
		if at >= e.end {
			e = e.next
			continue
		}
		n := min(len(dst), int(mach.PageSize-at.Offset()))
		f, err := e.look(e.page(at))
		if err != nil {
			return err
		}
		read(&c.env.Mem, dst[:n], f, at.Offset())
		dst = dst[n:]
		at += mach.VirtAddr(n)
	}
	return nil
}

// look is the frame of page n of e's object, 0 when it is zeros. It fails with MemoryError.
func (e *Entry) look(n mach.PageNumber) (mach.PhysAddr, error) {
	if e.object == nil {
		return 0, nil
	}
	if n >= e.object.limit {
		return 0, mach.MemoryError
	}
	s, _, err := e.object.find(n)
	return s.frame(), err
}

// read copies bytes of the frame f, from off on, to dst; f 0 reads as zeros.
func read(mem *board.Memory, dst []byte, f mach.PhysAddr, off uint64) {
	if f == 0 {
		clear(dst)
		return
	}
	copy(dst, mem.Frame(f)[off:])
}

// append adds an entry for pages pages to the copy, without an object.
func (c *Copy) append(pages mach.PageNumber) (*Entry, error) {
	e, err := c.env.newEntry(c.env.MaxEntries / 8) // the last eighth is for maps
	if err != nil {
		return nil, err
	}
	if c.last == nil {
		c.first = e
	} else {
		e.start = c.last.end
		c.last.next, e.prev = e, c.last
	}
	c.last = e
	e.end = e.start + mach.VirtAddr(pages.Bytes())
	e.stays = c.stays
	e.prot, e.max, e.inherit = mach.ProtDefault, mach.ProtAll, mach.InheritCopy
	return e, nil
}

// appendBytes adds pages of their own to the copy: size bytes, from off in the first page on, each piece of which fill
// delivers in order. What is around them is zero, so that nobody sees more than was sent.
func (c *Copy) appendBytes(off, size uint64, fill func([]byte) error) error {
	if size == 0 {
		return nil
	}
	n := mach.Pages(off + size)
	e, err := c.append(n)
	if err != nil {
		return err
	}
	o, err := e.backing(c.env)
	if err != nil {
		return err
	}
	for i := range n {
		k := min(size, mach.PageSize-off)
		var f mach.PhysAddr
		if k == mach.PageSize {
			f, err = c.env.Frames.AllocDirty()
		} else {
			f, err = c.env.Frames.Alloc()
		}
		if err != nil {
			return err
		}
		if err = o.insert(i, f); err != nil {
			return err
		}
		if err = fill(c.env.Mem.Frame(f)[off : off+k]); err != nil {
			return err
		}
		off = 0
		size -= k
	}
	return nil
}

// CopyMapIn takes a copy of the bytes [addr, addr+size) of the map (vm_map_copyin): few bytes at once, many
// copy-on-write. With dealloc the pages that the range touches are unmapped as well. Size 0 gives an empty copy.
//
// It fails with InvalidAddress (not wholly mapped, or wrapping around), ProtectionFailure (not readable), MemoryError,
// ResourceShortage, and Wait also for frames that page-out can free; nothing is unmapped then. What a default memory manager sends stays until it is
// received.
func (m *Map) CopyMapIn(addr mach.VirtAddr, size uint64, dealloc bool) (*Copy, error) {
	c, err := m.copyMapIn(addr, size, dealloc)
	if err == nil {
		return c, nil
	}
	for m.Spared(err) {
		c, err = m.copyMapIn(addr, size, dealloc)
	}
	m.env.topUp()
	if err != nil {
		return nil, m.env.orWait(err)
	}
	return c, nil
}

func (m *Map) copyMapIn(addr mach.VirtAddr, size uint64, dealloc bool) (*Copy, error) {
	if err := m.require(addr, size, mach.ProtRead); err != nil {
		return nil, err
	}
	c, err := m.env.newCopy(size, addr.Offset())
	if err != nil || size == 0 {
		return c, err
	}
	c.stays = m.resident
	if size <= small {
		err = m.copyBytes(c, addr, addr+mach.VirtAddr(size))
	} else {
		err = m.copyPages(c, addr, addr+mach.VirtAddr(size))
	}
	if err == nil && dealloc {
		err = m.Deallocate(addr, size)
	}
	if err != nil {
		c.Discard()
		return nil, err
	}
	return c, nil
}

// require checks that all of [addr, addr+size) is mapped with the protection prot: InvalidAddress, ProtectionFailure.
func (m *Map) require(addr mach.VirtAddr, size uint64, prot mach.Prot) error {
	if size == 0 {
		return nil
	}
	if addr < mach.MinUser || addr >= mach.MaxUser || size > uint64(mach.MaxUser-addr) {
		return mach.InvalidAddress
	}
	end := addr + mach.VirtAddr(size)
	for e := m.floor(addr); ; e = e.next {
		if e == nil || addr < e.start || addr >= e.end {
			return mach.InvalidAddress
		}
		if !e.prot.Allows(prot) {
			return mach.ProtectionFailure
		}
		if addr = e.end; addr >= end {
			return nil
		}
	}
}

// copyBytes adds the bytes from addr to end to c by copying them.
func (m *Map) copyBytes(c *Copy, addr, end mach.VirtAddr) error {
	return c.appendBytes(addr.Offset(), uint64(end-addr), func(dst []byte) error {
		err := m.CopyIn(dst, addr)
		addr += mach.VirtAddr(len(dst))
		return err
	})
}

// copyPages adds the bytes from addr to end to c: the whole pages copy-on-write, those at the ends by copying, because
// the other bytes on them are nobody else's business.
func (m *Map) copyPages(c *Copy, addr, end mach.VirtAddr) error {
	if addr.Offset() != 0 {
		if err := m.copyBytes(c, addr, addr.Round()); err != nil {
			return err
		}
	}
	whole := end.Trunc()
	err := m.shareRange(c, addr.Round(), whole)
	m.tidy(m.floor(addr), whole)
	if err != nil {
		return err
	}
	if end != whole {
		return m.copyBytes(c, whole, end)
	}
	return nil
}

// shareRange adds the pages from start to end to c, copy-on-write.
func (m *Map) shareRange(c *Copy, start, end mach.VirtAddr) error {
	for start < end {
		e := m.floor(start)
		to := min(end, e.end)
		if err := m.snapshot(c, e, start, to); err != nil {
			return err
		}
		start = to
	}
	return nil
}

// snapshot adds the pages [from, to) of e to c, copy-on-write.
func (m *Map) snapshot(c *Copy, e *Entry, from, to mach.VirtAddr) error {
	if e.object != nil && e.symmetric() {
		// Only what is copied becomes copy-on-write, not the rest of e.
		var err error
		if e, err = m.clip(from, to); err != nil {
			return err
		}
	}
	f, err := c.append(mach.PageNumber(to-from) >> mach.PageShift)
	if err != nil || e.object == nil {
		return err
	}
	o, first, err := e.freeze(e.page(from), f.pages())
	if err != nil {
		return err
	}
	f.mapObject(o, first)
	f.needsCopy = true
	return nil
}

// symmetric reports whether copying e makes e itself needsCopy.
func (e *Entry) symmetric() bool {
	return !e.needsCopy && !e.object.shared && e.object.kind == anonymous && e.wired == mach.ProtNone
}

// freeze is the object, and the page of it, to map needsCopy for a copy of n pages of e, which has an object, as they are now. It
// fails with ResourceShortage, and where the pages are a manager's with Wait and MemoryError.
func (e *Entry) freeze(first, n mach.PageNumber) (*Object, mach.PageNumber, error) {
	switch {
	case e.needsCopy:
	case e.object.kind == managed:
		return e.object.strategicCopy(first, n)
	case e.wired != mach.ProtNone && e.object.kind == anonymous:
		// A copy-on-write page faults at the next write, and gets another frame: none of which is for wired memory.
		c, err := e.object.duplicate(first, n)
		return c, 0, err
	case e.object.shared:
		c, err := e.object.delayedCopy()
		return c, first, err
	case e.symmetric():
		e.writeProtect()
		e.needsCopy = true
	}
	return e.object, first, nil
}

// CopyMapOut maps the copy where there is room (vm_map_copyout), readable and writable, and returns the address of its
// first byte; 0 for an empty copy. c is used up. It fails with NoSpace, and then c is as before.
func (m *Map) CopyMapOut(c *Copy) (mach.VirtAddr, error) {
	var base mach.VirtAddr
	if c.size != 0 {
		f := fit{size: uint64(c.last.end), mask: mach.PageMask, limit: mach.MaxUser}
		va, prev, ok := m.vacant(&f, mach.MinUser)
		if !ok || !m.fits(f.size, mach.ProtAll) {
			return 0, mach.NoSpace
		}
		base = va + mach.VirtAddr(c.offset)
		for e := c.first; e != nil; {
			next := e.next
			e.start += va
			e.end += va
			e.prev, e.next, e.stays = nil, nil, false
			m.insert(prev, e)
			prev = e
			e = next
		}
		m.tidy(m.floor(va), prev.end)
		c.first, c.last = nil, nil
		_ = m.wireNew(va, f.size, mach.ProtDefault) // what came in a message is not lost for that
	}
	c.Discard()
	return base, nil
}
