package vm

import "defpager/mach"

// Fork makes a child's map from m (task_create with inherit_memory): entries marked share are seen by both, entries marked
// copy as they are now, copy-on-write; others not at all. Inheritance and protections go along. It fails with
// ResourceShortage, Wait and MemoryError, and then m says the same as before.
func (m *Map) Fork() (*Map, error) {
	child, err := NewMap(m.env)
	if err != nil {
		return nil, err
	}
	child.limit, child.payer = m.limit, m.payer
	defer m.tidy(&m.head, mach.MaxUser)
	last := &child.head
	for e := m.head.next; e != nil; e = e.next {
		if e.inherit == mach.InheritNone {
			continue
		}
		f, err := m.env.newEntry(child.count)
		if err != nil {
			child.Destroy()
			return nil, err
		}
		f.start, f.end, f.prot, f.max, f.inherit = e.start, e.end, e.prot, e.max, e.inherit
		if err = e.inheritTo(f); err != nil {
			m.env.freeEntry(f)
			child.Destroy()
			return nil, m.env.orWait(err)
		}
		child.insert(last, f)
		if last.like(f) {
			child.join(last, f)
		} else {
			last = f
		}
	}
	return child, nil
}

// inheritTo gives f, the child's entry for e, its object.
func (e *Entry) inheritTo(f *Entry) error {
	if e.inherit == mach.InheritShare {
		// Both must write to the same pages: whatever e shares copy-on-write it makes its own first.
		if e.object == nil || e.needsCopy {
			if err := e.prepare(e.m.env); err != nil {
				return err
			}
		}
		e.object.share()
		f.mapObject(e.object, e.place.first)
		return nil
	}
	if e.object == nil {
		return nil
	}
	o, first, err := e.freeze(e.place.first, e.pages())
	if err != nil {
		return err
	}
	f.mapObject(o, first)
	f.needsCopy = true
	return nil
}
