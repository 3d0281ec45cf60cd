package ipc

import "defpager/mach"

// Insert gives the space a right (consumed) under the name that mach_msg would choose: the name it has for the port already, or
// the lowest free one. Null and dead rights give their names, as does a right to a dead port; a failure (no room:
// ResourceShortage) releases the right.
func (s *Space) Insert(r Right) (mach.Name, mach.Return) { return s.give(r) }

// InsertName gives the space a right (consumed on Success only) under a name of the caller's choice (mach_port_insert_right).
func (s *Space) InsertName(name mach.Name, r Right) mach.Return {
	if !validName(name) {
		return mach.InvalidValue
	}
	if r.Port == nil || r.Port.state != portActive {
		return mach.InvalidCapability
	}
	e := s.lookup(name)
	if r.Type != mach.MsgPortSendOnce {
		if have := s.find(r.Port); have != nil && have != e {
			return mach.RightExists
		}
	}
	if e == nil {
		if e = s.newEntryNamed(name); e == nil {
			return mach.ResourceShortage
		}
		e.hold(r)
		return mach.Success
	}
	if e.port != r.Port || r.Type == mach.MsgPortSendOnce || e.typ&mach.TypeSendOnce != 0 {
		return mach.NameExists
	}
	if r.Type == mach.MsgPortSend && e.refs >= maxRefs {
		return mach.UrefsOverflow
	}
	e.join(r)
	return mach.Success
}

// Extract takes a right out of the space, as a message with disposition would (mach_port_extract_right). InvalidName, InvalidRight,
// InvalidValue, ResourceShortage when there are too many send-once rights.
func (s *Space) Extract(name mach.Name, disposition mach.MsgType) (Right, mach.Return) {
	if !disposition.IsPort() {
		return Right{}, mach.InvalidValue
	}
	e := s.lookup(name)
	if e == nil {
		return Right{}, mach.InvalidName
	}
	if !e.allows(disposition) {
		return Right{}, mach.InvalidRight
	}
	if disposition == mach.MsgMakeSendOnce && !s.mayHold(overhead) {
		return Right{}, mach.ResourceShortage
	}
	return e.take(disposition), mach.Success
}

// Lookup is the port that name denotes in the space by a send, send-once or receive right, without a right to it: it is valid until
// the next operation. nil if there is none. For kernel traps that take names.
func (s *Space) Lookup(name mach.Name) *Port {
	if e := s.lookup(name); e != nil {
		return e.port
	}
	return nil
}

// LookupSend makes a copy of the send right that name denotes (made from the receive right if there is only that). A dead name
// gives a dead right.
func (s *Space) LookupSend(name mach.Name) (Right, mach.Return) {
	e := s.lookup(name)
	switch {
	case e == nil:
		return Right{}, mach.InvalidName
	case e.allows(mach.MsgCopySend):
		return e.take(mach.MsgCopySend), mach.Success
	case e.allows(mach.MsgMakeSend):
		return e.take(mach.MsgMakeSend), mach.Success
	}
	return Right{}, mach.InvalidRight
}
