package main

import (
	"defpager/mach"
	"defpager/user/libmach"
)

// object makes an object, or maps it, resizes it, hands its right to a task or gives that up.
func (s *soak) object(t *task) error {
	i := s.random.IntN(objects)
	o := s.shared[i]
	if o == nil {
		return s.makeObject(i)
	}
	switch k := s.random.IntN(10); {
	case k < 6:
		return s.mapObject(t, o)
	case k < 8:
		n := s.random.IntN(longest) + 1
		if grow := n - len(o.cells); grow > 0 && !s.room(o.over, grow) {
			return nil
		}
		code := s.insist(func() mach.Return { return s.client.ObjectSetSize(o.port, size(n)) })
		s.arena.resize(o, n)
		return disagree("default_pager_object_set_size", code, mach.Success)
	case k < 9:
		return s.give(t, o)
	}
	s.shared[i] = nil
	return s.release(o)
}

// room reports whether there is room for so many pages more, of objects that are overcommitted or that are promised them.
func (s *soak) room(over bool, n int) bool {
	if over {
		return s.used()+n <= s.most
	}
	return s.objectPages(false)+n <= s.promise
}

// objectPages is how many pages the objects have at most that are overcommitted, or for which the default pager must have promised frames: also such as are only
// mapped, or to which a task has a right.
func (s *soak) objectPages(over bool) (n int) {
	made := s.arena.objects[:s.arena.made]
	for i := range made {
		made[i].live = made[i].given
	}
	for _, o := range s.shared {
		if o != nil {
			o.live = true
		}
	}
	for _, t := range s.list {
		if t == nil {
			continue
		}
		for i := range t.pages {
			if o := t.pages[i].object; o != nil {
				o.live = true
			}
		}
	}
	for i := range made {
		if made[i].live && made[i].over == over {
			n += len(made[i].cells)
		}
	}
	return n
}

func (s *soak) makeObject(i int) error {
	n := s.random.IntN(longest) + 1
	over := s.random.IntN(3) == 0
	if !s.room(over, n) {
		return nil
	}
	port := mach.NameNull
	code := s.insist(func() (code mach.Return) {
		port, code = s.newObject(over, size(n))
		return code
	})
	if code != mach.Success {
		return disagree("default_pager_object_create", code, mach.Success)
	}
	o := s.arena.object()
	o.port, o.over = port, over
	if over {
		s.overcommitted++
	}
	s.arena.resize(o, n)
	s.shared[i] = o
	s.objects++
	return nil
}

// newObject makes an object. One to which nothing is promised it asks for by a flag, or as a task that overcommits.
func (s *soak) newObject(over bool, size uint64) (mach.Name, mach.Return) {
	if !over {
		return s.client.ObjectCreate(s.pager, size)
	}
	if s.random.IntN(2) == 0 {
		return s.client.ObjectCreateFlags(s.pager, size, mach.Overcommit)
	}
	const none = ^uint64(0)
	if code := s.client.TaskSetLimits(s.host, s.client.Task(), mach.Overcommit, none, none); code != mach.Success {
		return mach.NameNull, code
	}
	port, code := s.client.ObjectCreate(s.pager, size)
	if off := s.client.TaskSetLimits(s.host, s.client.Task(), 0, none, none); off != mach.Success {
		code = off
	}
	return port, code
}

// release gives the right up: the object lives on where it is mapped, and where a task has a right.
func (s *soak) release(o *object) error {
	return disagree("mach_port_deallocate of an object", s.client.PortDeallocate(s.client.Task(), o.port), mach.Success)
}

// give makes a right of a task's, which dies with it.
func (s *soak) give(t *task, o *object) error {
	if t.own {
		return nil
	}
	o.given = true
	const first, number = 1 << 12, 1 << 10
	name := mach.Name(first + s.random.IntN(number))
	code := s.insist(func() mach.Return { return s.client.PortInsertRight(t.port, name, o.port, mach.MsgCopySend) })
	if code == mach.NameExists || code == mach.RightExists {
		code = mach.Success
	}
	return disagree("mach_port_insert_right", code, mach.Success)
}

// mapObject maps a part of an object, perhaps beyond its end, shared or copied.
func (s *soak) mapObject(t *task, o *object) error {
	first, n := s.area()
	if n = t.run(first, n, false); n == 0 {
		return nil
	}
	offset, copied, how := s.random.IntN(len(o.cells)), s.random.IntN(3) == 0, mach.Inherit(s.random.IntN(3))
	if copied && s.used()+n > s.most {
		return nil
	}
	for i := range n {
		p := page{object: o, index: offset + i, inherit: how, mapped: true}
		if copied {
			p = s.arena.copied(&p)
		}
		t.pages[first+i] = p
	}
	code := s.insist(func() mach.Return {
		_, code := s.client.VMMap(t.port, libmach.Map{
			Address: at(first), Size: size(n), Object: o.port, Offset: size(offset), Copy: copied, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: how,
		})
		return code
	})
	return disagree("vm_map", code, mach.Success)
}

// end looks at all pages once more, and leaves nothing.
func (s *soak) end() error {
	if err := s.endLetters(); err != nil {
		return err
	}
	for i := range s.copies {
		if r := &s.copies[i]; r.memory != nil {
			if err := s.look(r); err != nil {
				return err
			}
		}
	}
	for i, o := range s.shared {
		if o == nil {
			continue
		}
		s.shared[i] = nil
		if err := s.release(o); err != nil {
			return err
		}
	}
	for i, t := range s.list {
		if t == nil {
			continue
		}
		for first := 0; first < pages; first++ {
			n := t.whole(first, min(span, pages-first))
			if n == 0 {
				continue
			}
			if err := s.compare(t, first, n); err != nil {
				return err
			}
			first += n
		}
		if i != 0 {
			if err := s.kill(i); err != nil {
				return err
			}
		}
	}
	return disagree("vm_deallocate", s.insist(func() mach.Return { return s.client.VMDeallocate(s.client.Task(), base, size(pages)) }), mach.Success)
}
