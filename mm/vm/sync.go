package vm

import "defpager/mach"

// Sync returns what the range's tasks have written to the managers of the memory objects that are mapped there, and with flush takes the
// pages away, so that the next touch asks the managers again (vm_msync). Memory without a manager stays as it is. With wait it is done when all
// of that is on its way, and not while a manager has too much to receive.
//
// It fails with InvalidAddress (not wholly mapped; nothing is done), ResourceShortage (too much is under way), and with wait with Wait and
// MemoryError (a manager has died: what was written cannot be returned).
func (m *Map) Sync(addr mach.VirtAddr, size uint64, flush, wait bool) error {
	if err := m.require(addr, size, mach.ProtNone); err != nil {
		return err
	}
	start, end := span(addr, size)
	var waits error
	for e := m.from(start); e != nil && e.start < end; e = e.next {
		if e.object == nil || e.object.kind != managed {
			continue
		}
		if e.object.pager.severed {
			if wait {
				return mach.MemoryError
			}
			continue
		}
		from, to := max(start, e.start), min(end, e.end)
		err := e.object.Sync(&LockRequest{
			Offset: e.page(from).Bytes(), Size: uint64(to - from), Return: mach.ReturnDirty, Flush: flush, Lock: mach.ProtNoChange,
		}, wait)
		if err == Wait {
			waits = err // for the last of them; the others meanwhile
		} else if err != nil {
			m.env.Forget()
			return err
		}
	}
	return waits
}

// Sync does a lock request that has no Reply. With wait it fails with Wait as long as it is not done, or earlier ones are not; then it is to be
// made again. It fails as LockRequest.
func (o *Object) Sync(r *LockRequest, wait bool) error {
	if wait && o.pager.locks != nil {
		return o.waitFor(anyPage)
	}
	if o.pager.lockCount >= maxLocks/2 {
		return mach.ResourceShortage // the others are for the manager, which may rely on them
	}
	if err := o.LockRequest(r); err != nil {
		return err
	}
	if wait && o.pager.locks != nil {
		return o.waitFor(anyPage)
	}
	return nil
}

// Maps reports whether all of the range is mapped.
func (m *Map) Maps(addr mach.VirtAddr, size uint64) bool {
	return m.require(addr, size, mach.ProtNone) == nil
}

// CacheStats are the numbers of vm_cache_statistics that this kernel has.
type CacheStats struct {
	Objects         int             // managed ones that are kept though nobody maps them
	Cached          mach.PageNumber // their pages
	Temporary, Perm mach.PageNumber // pages of objects without and with a manager
	TableFrames     mach.PageNumber // frames of map entries and of the trees that find pages
}

// CacheStats counts by a walk over all objects.
func (env *Env) CacheStats() CacheStats {
	s := CacheStats{Objects: env.cachedCount, TableFrames: env.NodeFrames()}
	for o := range env.Objects {
		switch {
		case o.kind == managed && o.pager.cached:
			s.Cached += o.pages.resident()
			s.Perm += o.pages.resident()
		case o.kind == managed:
			s.Perm += o.pages.resident()
		default:
			s.Temporary += o.pages.resident()
		}
	}
	return s
}
