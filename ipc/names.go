package ipc

import "defpager/mach"

// validName reports whether a task may choose name.
func validName(name mach.Name) bool { return name != mach.NameNull && name != mach.NameDead }

// Allocate makes a right of a kind: RightReceive, RightPortSet or RightDeadName (mach_port_allocate).
func (s *Space) Allocate(right mach.Right) (mach.Name, mach.Return) {
	if !allocatable(right) {
		return mach.NameNull, mach.InvalidValue
	}
	e := s.newEntry()
	if e == nil {
		return mach.NameNull, mach.ResourceShortage
	}
	name := e.name
	if code := s.fill(e, right); code != mach.Success {
		return mach.NameNull, code
	}
	return name, mach.Success
}

// AllocateName is Allocate with a name of the caller's choice.
func (s *Space) AllocateName(right mach.Right, name mach.Name) mach.Return {
	if !allocatable(right) || !validName(name) {
		return mach.InvalidValue
	}
	if s.lookup(name) != nil {
		return mach.NameExists
	}
	e := s.newEntryNamed(name)
	if e == nil {
		return mach.ResourceShortage
	}
	return s.fill(e, right)
}

func allocatable(right mach.Right) bool {
	return right == mach.RightReceive || right == mach.RightPortSet || right == mach.RightDeadName
}

// fill makes the right that a new entry stands for.
func (s *Space) fill(e *entry, right mach.Right) mach.Return {
	switch right {
	case mach.RightReceive:
		if !s.mayMakePort() {
			s.freeEntry(e)
			return mach.ResourceShortage
		}
		p := s.sys.newPort()
		if p == nil {
			s.freeEntry(e)
			return mach.ResourceShortage
		}
		e.begin(p)
	case mach.RightPortSet:
		if !s.mayMakePort() {
			s.freeEntry(e)
			return mach.ResourceShortage
		}
		t := s.sys.sets.Get()
		if t == nil {
			s.freeEntry(e)
			return mach.ResourceShortage
		}
		s.sys.setCount++
		t.name = e.name
		e.set = t
		e.typ = mach.TypePortSet
	case mach.RightDeadName:
		e.typ = mach.TypeDeadName
		e.refs = 1
	}
	return mach.Success
}

// Deallocate gives up one user reference (mach_port_deallocate).
func (s *Space) Deallocate(name mach.Name) mach.Return {
	e := s.lookup(name)
	switch {
	case e == nil:
		return mach.InvalidName
	case e.typ&mach.TypeSendOnce != 0:
		e.loseSendOnce()
	case e.typ&(mach.TypeSend|mach.TypeDeadName) != 0:
		e.loseRef()
	default:
		return mach.InvalidRight
	}
	return mach.Success
}

// DestroyName gives up all rights of a name (mach_port_destroy).
func (s *Space) DestroyName(name mach.Name) mach.Return {
	e := s.lookup(name)
	if e == nil {
		return mach.InvalidName
	}
	s.destroyEntry(e)
	return mach.Success
}

// ModRefs changes the number of user references of one right (mach_port_mod_refs).
func (s *Space) ModRefs(name mach.Name, right mach.Right, delta int32) mach.Return {
	if right > mach.RightDeadName {
		return mach.InvalidValue
	}
	e := s.lookup(name)
	if e == nil {
		return mach.InvalidName
	}
	if e.typ&(1<<(right+16)) == 0 {
		return mach.InvalidRight
	}
	if right == mach.RightSend || right == mach.RightDeadName {
		return e.modRefs(delta)
	}
	if delta == 0 {
		return mach.Success
	}
	if delta != -1 {
		return mach.InvalidValue
	}
	switch right {
	case mach.RightReceive:
		p := e.port
		e.loseReceive()
		s.sys.doom(p)
	case mach.RightPortSet:
		e.destroySet()
	case mach.RightSendOnce:
		e.loseSendOnce()
	}
	return mach.Success
}

func (e *entry) modRefs(delta int32) mach.Return {
	refs := int64(e.refs) + int64(delta)
	switch {
	case refs < 0:
		return mach.InvalidValue
	case refs > maxRefs:
		return mach.UrefsOverflow
	case refs == 0:
		e.loseSend()
	default:
		e.refs = uint32(refs)
	}
	return mach.Success
}

// GetRefs is the number of user references of one right (mach_port_get_refs).
func (s *Space) GetRefs(name mach.Name, right mach.Right) (uint32, mach.Return) {
	if right > mach.RightDeadName {
		return 0, mach.InvalidValue
	}
	e := s.lookup(name)
	switch {
	case e == nil:
		return 0, mach.InvalidName
	case e.typ&(1<<(right+16)) == 0:
		return 0, mach.Success
	case right == mach.RightSend || right == mach.RightDeadName:
		return e.refs, mach.Success
	}
	return 1, mach.Success
}

// Type says what a name denotes (mach_port_type).
func (s *Space) Type(name mach.Name) (mach.PortType, mach.Return) {
	e := s.lookup(name)
	if e == nil {
		return 0, mach.InvalidName
	}
	return e.describe(), mach.Success
}

// describe is the type that a task is told.
func (e *entry) describe() mach.PortType {
	if e.request != nil {
		return e.typ | mach.TypeDNRequest
	}
	return e.typ
}

// Names calls f for each name in use, in ascending order (mach_port_names).
func (s *Space) Names(f func(name mach.Name, t mach.PortType)) {
	s.each(func(e *entry) { f(e.name, e.describe()) })
}

// Rename moves a right to another name (mach_port_rename).
func (s *Space) Rename(from, to mach.Name) mach.Return {
	if !validName(to) {
		return mach.InvalidValue
	}
	e := s.lookup(from)
	if e == nil {
		return mach.InvalidName
	}
	if s.lookup(to) != nil {
		return mach.NameExists
	}
	n := s.newEntryNamed(to)
	if n == nil {
		return mach.ResourceShortage
	}
	s.moveEntry(e, n)
	return mach.Success
}

// moveEntry makes the new entry n all that e was.
func (s *Space) moveEntry(e, n *entry) {
	if e.typ&mach.TypeMARequest != 0 {
		s.renameAccepted(e.name, n.name)
		e.typ &^= mach.TypeMARequest
		n.typ = mach.TypeMARequest
	}
	n.typ |= e.typ
	n.refs = e.refs
	n.request = e.request
	n.set = e.set
	if p := e.port; p != nil {
		hashed := e.typ&(mach.TypeSend|mach.TypeReceive) == mach.TypeSend
		if hashed {
			s.senders.remove(e)
		}
		e.detach()
		n.attach(p)
		if hashed {
			s.senders.add(n)
		}
		if e.typ&mach.TypeReceive != 0 {
			p.name = n.name
		}
	}
	if n.set != nil {
		n.set.name = n.name
	}
	s.freeEntry(e)
}
