package vm

import "defpager/mach"

// A default memory manager in ring 3 would wait for itself if it touched a page that is out with it. So no page goes out that its map shows
// (KeepResident), and none of the memory in a message that is on its way to it (Stay). What a task sends to it is a copy of its own, whose pages are all
// there (CopyMapInStaying): no other manager can take any of them away.
//
// All memory on its way to managers is bounded, as it is not paged out. What the kernel returns to them has a bound of its own: see maxReturning.

// maxStaying bounds the pages that stay as they are on their way to default memory managers: so many, and a sixteenth of the memory.
const maxStaying = 1024

// KeepResident has no page that the map shows go out any more: it is the map of a default memory manager, who could not bring its own pages back.
// It may use the frames that are set aside for that.
func (m *Map) KeepResident() { m.resident = true }

// Spared reports whether an operation of a manager's that failed for want of frames is to be tried again with some that were set aside for it.
func (m *Map) Spared(err error) bool {
	return m.resident && mach.Code(err) == mach.ResourceShortage && m.env.UseSpare()
}

// faultSpared tries a fault again that failed with err, as long as that helps. It returns what came of it.
func (m *Map) faultSpared(va mach.VirtAddr, access mach.Prot, err error) error {
	if !m.resident {
		return err
	}
	for m.Spared(err) {
		err = m.Fault(va, access)
	}
	m.env.topUp()
	return err
}

// CopyMapInStaying is CopyMapIn for memory that goes to a default memory manager. The bytes are copied, but for those that nobody has touched yet. It fails
// with ResourceShortage also when there is too much on its way already.
func (m *Map) CopyMapInStaying(addr mach.VirtAddr, size uint64, dealloc bool) (*Copy, error) {
	if err := m.require(addr, size, mach.ProtRead); err != nil {
		return nil, err
	}
	c, err := m.env.newCopy(size, addr.Offset())
	if err != nil || size == 0 {
		return c, err
	}
	if !c.Stay(false) {
		err = mach.ResourceShortage
	} else {
		err = m.copyTouched(c, addr, addr+mach.VirtAddr(size))
	}
	if err == nil && dealloc {
		err = m.Deallocate(addr, size)
	}
	if err != nil {
		c.Discard()
		return nil, m.env.orWait(err)
	}
	return c, nil
}

// copyTouched adds the bytes from addr to end to c by copying those that are not untouched zeros.
func (m *Map) copyTouched(c *Copy, addr, end mach.VirtAddr) error {
	for addr < end {
		e := m.floor(addr)
		to := min(end, e.end)
		f, err := c.append(mach.Pages(addr.Offset() + uint64(to-addr)))
		if err != nil {
			return err
		}
		if e.object != nil {
			o, err := f.backing(m.env)
			if err == nil {
				err = m.copyTo(o, addr, to)
			}
			if err != nil {
				return err
			}
		}
		addr = to
	}
	return nil
}

// copyTo copies the bytes from addr to end, which are mapped, to a new object, but for pages that are untouched zeros. What is around them is zero.
func (m *Map) copyTo(o *Object, addr, end mach.VirtAddr) error {
	env := m.env
	for n := mach.PageNumber(0); addr < end; n++ {
		next := min(addr.Trunc()+mach.PageSize, end)
		e := m.floor(addr) // each time anew, as a fault may join entries
		if e.object != nil {
			p, err := e.look(e.page(addr))
			if err != nil {
				return err
			}
			if p != 0 {
				f, err := env.Frames.Alloc()
				if err != nil {
					return err
				}
				if err = o.insert(n, f); err != nil {
					return err
				}
				at := addr.Offset()
				copy(env.Mem.Frame(f)[at:at+uint64(next-addr)], env.Mem.Frame(p)[at:])
			}
		}
		addr = next
	}
	return nil
}

// Stay has the pages of the copy that are there stay until it is received, or given up. It reports false, with nothing done, when too much stays already:
// what was asked for by who is to receive it does not count.
func (c *Copy) Stay(asked bool) bool {
	env := c.env
	if c.stays {
		return true
	}
	if c.source == nil && !asked {
		n := mach.Pages(c.offset + c.size)
		if most := min(maxStaying, env.Frames.Stats().Total/16); n > most || env.staying > most-n {
			return false
		}
		c.counted = n
		env.staying += n
	}
	c.stays = true
	for e := c.first; e != nil; e = e.next {
		e.stays = true
	}
	return true
}

// Staying is the number of pages that count as staying because they are on their way to a default memory manager.
func (env *Env) Staying() mach.PageNumber { return env.staying }
