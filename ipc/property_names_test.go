package ipc

import (
	"pgregory.net/rapid"

	"defpager/mach"
)

// Operations on names and on receive rights, for TestModel.

func (c *machine) allocateName(t *rapid.T) {
	u, s := c.pick(t)
	if len(s) > 12 {
		return
	}
	n := name(t, "name")
	if s[n] != nil {
		c.want(u.AllocateName(mach.RightReceive, n), mach.NameExists)
		return
	}
	s[n] = &modelEntry{port: c.model.newPort(), typ: mach.TypeReceive}
	c.want(u.AllocateName(mach.RightReceive, n), mach.Success)
}

func (c *machine) rename(t *rapid.T) {
	u, s := c.pick(t)
	from, to := name(t, "from"), name(t, "to")
	want := mach.Success
	switch {
	case s[from] == nil:
		want = mach.InvalidName
	case s[to] != nil:
		want = mach.NameExists
	default:
		s[to] = s[from]
		delete(s, from)
	}
	c.want(u.Rename(from, to), want)
}

func (c *machine) modRefs(t *rapid.T) {
	u, s := c.pick(t)
	n := name(t, "name")
	right := rapid.SampledFrom([]mach.Right{mach.RightSend, mach.RightReceive, mach.RightSendOnce, mach.RightDeadName}).Draw(t, "right")
	delta := rapid.Int32Range(-3, 3).Draw(t, "delta")
	c.want(u.ModRefs(n, right, delta), c.model.modRefs(s, n, right, delta))
}

// modRefs is mach_port_mod_refs.
func (m *model) modRefs(s modelSpace, n mach.Name, right mach.Right, delta int32) mach.Return {
	e := s[n]
	switch {
	case e == nil:
		return mach.InvalidName
	case e.typ&(1<<(right+16)) == 0:
		return mach.InvalidRight
	}
	if right == mach.RightSend || right == mach.RightDeadName {
		if int32(e.refs)+delta < 0 {
			return mach.InvalidValue
		}
		for ; delta > 0; delta-- {
			e.refs++
		}
		for ; delta < 0; delta++ {
			m.drop(e)
		}
		m.tidy(s, n)
		return mach.Success
	}
	if delta == 0 {
		return mach.Success
	}
	if delta != -1 {
		return mach.InvalidValue
	}
	p := e.port
	if right == mach.RightSendOnce {
		e.typ = 0
		m.tidy(s, n)
		m.release(modelRight{port: p, kind: mach.MsgPortSendOnce})
		return mach.Success
	}
	e.typ &^= mach.TypeReceive
	m.lookAround()
	m.tidy(s, n)
	m.kill(p)
	return mach.Success
}

// receiver is the port of a name that is a receive right, and else the code that calls for one return.
func (s modelSpace) receiver(n mach.Name) (*modelPort, mach.Return) {
	switch e := s[n]; {
	case e == nil:
		return nil, mach.InvalidName
	case e.typ&mach.TypeReceive == 0:
		return nil, mach.InvalidRight
	default:
		return e.port, mach.Success
	}
}

func (c *machine) receiveRight(t *rapid.T) {
	u, s := c.pick(t)
	n := name(t, "name")
	p, want := s.receiver(n)
	value := rapid.Uint32Range(0, mach.QLimitMax+2).Draw(t, "value")
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		if value > mach.QLimitMax {
			want = mach.InvalidValue
		} else if p != nil {
			p.qlimit = int(value)
		}
		c.want(u.SetQLimit(n, value), want)
	case 1:
		if p != nil {
			p.seqno = value
		}
		c.want(u.SetSeqno(n, value), want)
	case 2:
		if p != nil {
			p.mscount = value
		}
		c.want(u.SetMscount(n, value), want)
	case 3:
		if p != nil {
			p.payload = uint64(value)<<32 | 1
		}
		c.want(u.SetPayload(n, uint64(value)<<32|1), want)
	case 4:
		if p != nil {
			p.payload = 0
		}
		c.want(u.ClearPayload(n), want)
	}
}
