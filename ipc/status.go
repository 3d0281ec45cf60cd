package ipc

import "defpager/mach"

// receiver is the port whose receive right name denotes.
func (s *Space) receiver(name mach.Name) (*Port, mach.Return) {
	e := s.lookup(name)
	if e == nil {
		return nil, mach.InvalidName
	}
	if e.typ&mach.TypeReceive == 0 {
		return nil, mach.InvalidRight
	}
	return e.port, mach.Success
}

// SetQLimit is mach_port_set_qlimit.
func (s *Space) SetQLimit(name mach.Name, limit uint32) mach.Return {
	if limit > mach.QLimitMax {
		return mach.InvalidValue
	}
	p, code := s.receiver(name)
	if code != mach.Success {
		return code
	}
	p.qlimit = limit
	p.admit()
	return mach.Success
}

// SetMscount is mach_port_set_mscount.
func (s *Space) SetMscount(name mach.Name, count uint32) mach.Return {
	p, code := s.receiver(name)
	if code == mach.Success {
		p.mscount = count
	}
	return code
}

// SetSeqno is mach_port_set_seqno.
func (s *Space) SetSeqno(name mach.Name, seqno uint32) mach.Return {
	p, code := s.receiver(name)
	if code == mach.Success {
		p.seqno = seqno
	}
	return code
}

// SetPayload is mach_port_set_protected_payload: messages that are received from the port say payload instead of its name.
func (s *Space) SetPayload(name mach.Name, payload uint64) mach.Return {
	p, code := s.receiver(name)
	if code == mach.Success {
		p.payload = payload
		p.hasPayload = true
	}
	return code
}

// ClearPayload is mach_port_clear_protected_payload.
func (s *Space) ClearPayload(name mach.Name) mach.Return {
	p, code := s.receiver(name)
	if code == mach.Success {
		p.payload = 0
		p.hasPayload = false
	}
	return code
}

// Status is a mach_port_status.
type Status struct {
	Set       mach.Name // the port set, or null
	Seqno     uint32
	Mscount   uint32
	QLimit    uint32
	Msgcount  uint32
	SendOnce  uint32 // number of send-once rights
	Send      bool   // there are send rights
	Destroyed bool   // a port-destroyed request is pending
	NoSenders bool   // a no-senders request is pending
}

// ReceiveStatus is mach_port_get_receive_status.
func (s *Space) ReceiveStatus(name mach.Name) (Status, mach.Return) {
	p, code := s.receiver(name)
	if code != mach.Success {
		return Status{}, code
	}
	st := Status{
		Seqno:     p.seqno,
		Mscount:   p.mscount,
		QLimit:    p.qlimit,
		Msgcount:  p.msgcount,
		SendOnce:  p.sorights,
		Send:      p.srights > 0,
		Destroyed: p.portDestroyed != nil,
		NoSenders: p.noSenders != nil,
	}
	if p.set != nil {
		st.Set = p.set.name
	}
	return st, mach.Success
}

// RequestNotification is mach_port_request_notification. notify is a send-once right (consumed on Success only); the
// previous one is returned.
func (s *Space) RequestNotification(name mach.Name, id mach.MsgID, sync uint32, notify Right) (previous Right, code mach.Return) {
	if notify.Dead() || notify.Port != nil && notify.Type != mach.MsgPortSendOnce {
		return Right{}, mach.InvalidCapability
	}
	switch id {
	case mach.NotifyPortDestroyed:
		if sync != 0 {
			return Right{}, mach.InvalidValue
		}
		p, code := s.receiver(name)
		if code != mach.Success {
			return Right{}, code
		}
		return exchange(&p.portDestroyed, notify), mach.Success
	case mach.NotifyNoSenders:
		p, code := s.receiver(name)
		if code != mach.Success {
			return Right{}, code
		}
		if notify.Port != nil && p.srights == 0 && sync <= p.mscount {
			previous = exchange(&p.noSenders, Right{})
			s.sys.notify(notify.Port, mach.NotifyNoSenders, p.mscount)
			return previous, mach.Success
		}
		return exchange(&p.noSenders, notify), mach.Success
	case mach.NotifyDeadName:
		return s.requestDeadName(name, sync != 0, notify)
	}
	return Right{}, mach.InvalidValue
}

// exchange stores a request and returns the one that was there.
func exchange(at **Port, notify Right) Right {
	p := *at
	*at = notify.Port
	if p == nil {
		return Right{}
	}
	return Right{p, mach.MsgPortSendOnce}
}

func (s *Space) requestDeadName(name mach.Name, immediate bool, notify Right) (Right, mach.Return) {
	e := s.lookup(name)
	switch {
	case e == nil:
		return Right{}, mach.InvalidName
	case e.port != nil:
		return exchange(&e.request, notify), mach.Success
	case e.typ&mach.TypeDeadName == 0:
		return Right{}, mach.InvalidRight
	case !immediate || notify.Port == nil:
		return Right{}, mach.InvalidArgument
	case e.refs >= maxRefs:
		return Right{}, mach.UrefsOverflow
	}
	e.refs++ // the notification carries a reference
	s.sys.notify(notify.Port, mach.NotifyDeadName, uint32(name))
	return Right{}, mach.Success
}
