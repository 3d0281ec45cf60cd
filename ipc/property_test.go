package ipc

import (
	"testing"

	"pgregory.net/rapid"

	"defpager/ipc/mig"
	"defpager/mach"
)

// machine runs the same operations on a System and on the model.
type machine struct {
	*world
	tasks []*task
	model *model
	id    mach.MsgID
}

var dispositions = []mach.MsgType{
	mach.MsgMoveReceive, mach.MsgMoveSend, mach.MsgMoveSendOnce, mach.MsgCopySend, mach.MsgMakeSend, mach.MsgMakeSendOnce,
}

func (c *machine) pick(t *rapid.T) (*task, modelSpace) {
	i := rapid.IntRange(0, len(c.tasks)-1).Draw(t, "task")
	return c.tasks[i], c.model.spaces[i]
}

func name(t *rapid.T, label string) mach.Name {
	return mach.Name(rapid.Uint32Range(1, 9).Draw(t, label))
}

// named is a name, mostly of something with the right that d wants.
func named(t *rapid.T, s modelSpace, d mach.MsgType, label string) mach.Name {
	m := &model{spaces: []modelSpace{s}}
	var fit []mach.Name
	for n := mach.Name(1); n < 30; n++ {
		if s[n] == nil {
			continue
		}
		copied := modelSpace{n: &modelEntry{}}
		*copied[n] = *s[n]
		copied[n].request = nil
		if p := copied[n].port; p != nil {
			q := *p
			copied[n].port = &q
		}
		if _, ok := m.take(copied, n, d); ok {
			fit = append(fit, n)
		}
	}
	if len(fit) == 0 || rapid.IntRange(0, 19).Draw(t, label+" wrong") == 0 {
		return name(t, label)
	}
	return rapid.SampledFrom(fit).Draw(t, label)
}

func (c *machine) allocate(t *rapid.T) {
	u, s := c.pick(t)
	if len(s) > 12 {
		return
	}
	right := rapid.SampledFrom([]mach.Right{mach.RightReceive, mach.RightReceive, mach.RightDeadName}).Draw(t, "right")
	want := c.model.lowest(s)
	if right == mach.RightReceive {
		s[want] = &modelEntry{port: c.model.newPort(), typ: mach.TypeReceive}
	} else {
		s[want] = &modelEntry{typ: mach.TypeDeadName, refs: 1}
	}
	got, code := u.Allocate(right)
	c.want(code, mach.Success)
	if got != want {
		t.Fatalf("allocated %d, want %d", got, want)
	}
}

func (c *machine) insert(t *rapid.T) {
	u, s := c.pick(t)
	to, ts := c.pick(t)
	d := rapid.SampledFrom(dispositions).Draw(t, "disposition")
	n := named(t, s, d, "name")
	e := s[n]
	r, ok := c.model.take(s, n, d)
	right, code := u.Extract(n, d)
	if !ok {
		want := mach.InvalidRight
		if e == nil {
			want = mach.InvalidName
		}
		c.want(code, want)
		return
	}
	c.want(code, mach.Success)
	got, code := to.Insert(right)
	c.want(code, mach.Success)
	if want := c.model.give(ts, r); got != want {
		t.Fatalf("inserted as %d, want %d", got, want)
	}
}

func (c *machine) deallocate(t *rapid.T) {
	u, s := c.pick(t)
	n := name(t, "name")
	want := mach.Success
	switch e := s[n]; {
	case e == nil:
		want = mach.InvalidName
	case e.typ&mach.TypeSendOnce != 0:
		p := e.port
		e.typ = 0
		c.model.tidy(s, n)
		c.model.release(modelRight{port: p, kind: mach.MsgPortSendOnce})
	case e.typ&(mach.TypeSend|mach.TypeDeadName) != 0:
		c.model.drop(e)
		c.model.tidy(s, n)
	default:
		want = mach.InvalidRight
	}
	c.want(u.Deallocate(n), want)
}

func (c *machine) destroyName(t *rapid.T) {
	u, s := c.pick(t)
	n := name(t, "name")
	e := s[n]
	if e == nil {
		c.want(u.DestroyName(n), mach.InvalidName)
		return
	}
	c.want(u.DestroyName(n), mach.Success)
	p, typ := e.port, e.typ
	e.typ &= mach.TypeReceive
	c.model.lookAround()
	e.typ = 0
	c.model.tidy(s, n)
	switch {
	case typ&mach.TypeReceive != 0:
		c.model.kill(p)
	case typ&mach.TypeSendOnce != 0:
		c.model.release(modelRight{port: p, kind: mach.MsgPortSendOnce})
	}
}

func (c *machine) request(t *rapid.T) {
	u, s := c.pick(t)
	n, port := name(t, "name"), named(t, s, mach.MsgMakeSendOnce, "notify")
	notify, ok := c.model.take(s, port, mach.MsgMakeSendOnce)
	if !ok {
		return
	}
	right := u.sendOnceTo(port)
	id := rapid.SampledFrom([]mach.MsgID{mach.NotifyNoSenders, mach.NotifyDeadName}).Draw(t, "id")
	sync := rapid.Uint32Range(0, 2).Draw(t, "sync")
	e := s[n]
	var want mach.Return
	var old *modelPort
	switch {
	case e == nil:
		want = mach.InvalidName
	case id == mach.NotifyNoSenders && e.typ&mach.TypeReceive == 0:
		want = mach.InvalidRight
	case id == mach.NotifyNoSenders:
		old, e.port.noSenders = e.port.noSenders, notify.port
		if c.model.senders(e.port) == 0 && sync <= e.port.mscount {
			e.port.noSenders = nil
			c.model.notify(notify.port, id, e.port.mscount)
		}
	case e.port != nil:
		old, e.request = e.request, notify.port
	case sync == 0:
		want = mach.InvalidArgument
	default:
		e.refs++
		c.model.notify(notify.port, id, uint32(n))
	}
	previous, code := u.RequestNotification(n, id, sync, right)
	c.want(code, want)
	if code != mach.Success {
		right.Release()
		c.model.release(notify)
	}
	if previous.Null() != (old == nil) {
		t.Fatalf("previous request %+v", previous)
	}
	previous.Release()
	c.model.release(modelRight{port: old, kind: mach.MsgPortSendOnce})
}

func (c *machine) send(t *rapid.T) {
	u, s := c.pick(t)
	d := rapid.SampledFrom([]mach.MsgType{mach.MsgCopySend, mach.MsgCopySend, mach.MsgMakeSend, mach.MsgMoveSend, mach.MsgMoveSendOnce}).Draw(t, "dest")
	rd := rapid.SampledFrom([]mach.MsgType{0, mach.MsgMakeSendOnce, mach.MsgCopySend, mach.MsgMoveSend, mach.MsgMoveSendOnce}).Draw(t, "reply")
	dest, reply := named(t, s, d, "dest"), mach.NameNull
	if rd != 0 {
		reply = named(t, s, rd, "reply")
	}
	n := rapid.IntRange(0, 3).Draw(t, "rights")
	names, kinds := make([]mach.Name, n), make([]mach.MsgType, n)
	for i := range n {
		kinds[i] = rapid.SampledFrom(dispositions).Draw(t, "kind")
		names[i] = named(t, s, kinds[i], "right")
	}
	c.id++
	bits := mach.Bits(d, rd)
	if n > 0 {
		bits |= mach.Complex
	}
	got := u.send(bits, dest, reply, 1000+c.id, func(w *mig.Writer) {
		for i := range n {
			w.Port(kinds[i], names[i])
		}
	})
	after, want := c.modelSend(u, d, dest, rd, reply, kinds, names)
	c.want(got, want)
	if after != nil {
		c.model = after
	}
}

// modelSend is what a send does to the model: nil for nothing.
func (c *machine) modelSend(u *task, d mach.MsgType, dest mach.Name, rd mach.MsgType, reply mach.Name, kinds []mach.MsgType, names []mach.Name) (*model, mach.Return) {
	m := c.model.clone()
	s := m.spaces[0]
	for i := range c.tasks {
		if c.tasks[i] == u {
			s = m.spaces[i]
		}
	}
	msg := &modelMessage{id: 1000 + c.id}
	var ok bool
	if e := s[dest]; e == nil || e.port == nil {
		return nil, mach.SendInvalidDest
	}
	// A copy of the right that the destination's disposition may use up comes first.
	first := reply == dest && rd != mach.MsgMoveSend && rd != 0
	if first {
		probe := c.model.clone()
		for i := range c.tasks {
			if c.tasks[i] == u {
				if _, ok := probe.take(probe.spaces[i], dest, d); !ok {
					return nil, mach.SendInvalidDest
				}
			}
		}
		if msg.reply, ok = m.take(s, reply, rd); !ok {
			return nil, mach.SendInvalidReply
		}
	}
	if msg.dest, ok = m.take(s, dest, d); !ok {
		if first {
			return nil, mach.SendInvalidReply
		}
		return nil, mach.SendInvalidDest
	}
	if rd != 0 && !first {
		if msg.reply, ok = m.take(s, reply, rd); !ok {
			return nil, mach.SendInvalidReply
		}
	}
	for i := range names {
		r, ok := m.take(s, names[i], kinds[i])
		if !ok {
			return nil, mach.SendInvalidRight
		}
		msg.body = append(msg.body, r)
	}
	to := msg.dest.port
	if msg.dest.kind == mach.MsgPortSend && len(to.queue) >= to.qlimit && !to.dead && !m.wouldCircle(msg) {
		m.give(s, msg.dest)
		m.give(s, msg.reply)
		for _, r := range msg.body {
			m.give(s, r)
		}
		return m, mach.SendTimedOut
	}
	m.post(msg)
	return m, mach.Success
}

func (m *model) wouldCircle(msg *modelMessage) bool {
	for q := msg.dest.port; q != nil; q = m.home(q) {
		for _, r := range msg.body {
			if r.port == q && r.kind == mach.MsgPortReceive {
				return true
			}
		}
	}
	return false
}

func (c *machine) receive(t *rapid.T) {
	u, s := c.pick(t)
	n := named(t, s, mach.MsgMoveReceive, "port")
	h, r, code := u.receive(n)
	e := s[n]
	if e == nil || e.typ&mach.TypeReceive == 0 {
		c.want(code, mach.RcvInvalidName)
		return
	}
	p := e.port
	if len(p.queue) == 0 {
		c.want(code, mach.RcvTimedOut)
		return
	}
	c.want(code, mach.Success)
	msg := p.find(t, h, r)
	if got, want := mach.Name(h.Remote), c.model.give(s, msg.reply); got != want {
		t.Fatalf("reply right %d, want %d", got, want)
	}
	local := uint64(n)
	if p.payload != 0 {
		local = p.payload
	}
	if h.Local != local || h.Seqno != p.seqno {
		t.Fatalf("destination %#x, number %d, want %#x and %d", h.Local, h.Seqno, local, p.seqno)
	}
	p.seqno++
	for _, right := range msg.body {
		if got, want := r.Port(right.kind), c.model.give(s, right); got != want {
			t.Fatalf("right %d, want %d", got, want)
		}
	}
	if msg.id >= 1000 && r.End() != mach.Success {
		t.Fatal("the body is too long")
	}
}

// find takes the message that was received from the queue. Notifications of one operation come in any order, messages do not.
func (p *modelPort) find(t *rapid.T, h mach.Header, r mig.Reader) *modelMessage {
	for i, msg := range p.queue {
		if int32(msg.id) == h.ID {
			value := uint32(0)
			switch msg.id {
			case mach.NotifyNoSenders:
				value = r.Uint32()
			case mach.NotifyDeadName, mach.NotifyPortDeleted:
				value = uint32(r.Name())
			}
			if value == msg.value {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				return msg
			}
		}
		if msg.id >= 1000 && h.ID >= 1000 {
			break
		}
	}
	t.Fatalf("received id %d, which is not queued", h.ID)
	return nil
}

// compare checks the invariants, and every name against the model.
func (c *machine) compare(t *rapid.T) {
	c.model.lookAround()
	c.sys.Settle()
	if err := c.sys.Check(c.spaces, nil); err != nil {
		t.Fatal(err)
	}
	for i, u := range c.tasks {
		s := c.model.spaces[i]
		n := 0
		u.Names(func(name mach.Name, typ mach.PortType) {
			n++
			e, ok := s[name]
			if !ok {
				t.Fatalf("task %d: name %d should not be", i, name)
			}
			want := e.typ
			if e.request != nil {
				want |= mach.TypeDNRequest
			}
			if typ != want || u.lookup(name).refs != e.refs {
				t.Fatalf("task %d: name %d is %#x with %d references, want %#x with %d", i, name, uint32(typ), u.lookup(name).refs, uint32(want), e.refs)
			}
			if e.typ&mach.TypeReceive != 0 {
				st, _ := u.ReceiveStatus(name)
				if st.Mscount != e.port.mscount || st.Seqno != e.port.seqno || int(st.QLimit) != e.port.qlimit || int(st.Msgcount) != len(e.port.queue) || st.Send != (c.model.senders(e.port) > 0) {
					t.Fatalf("task %d: port %d has status %+v", i, name, st)
				}
			}
		})
		if n != len(s) {
			t.Fatalf("task %d has %d names, want %d", i, n, len(s))
		}
	}
}

func TestModel(t *testing.T) {
	const rounds = 20 // of rapid's own number of checks each
	for range rounds {
		rapid.Check(t, againstModel)
	}
}

func againstModel(rt *rapid.T) {
	c := &machine{world: newWorld(rt), model: &model{}}
	for range 3 {
		c.tasks = append(c.tasks, c.task())
		c.model.spaces = append(c.model.spaces, modelSpace{})
	}
	rt.Repeat(map[string]func(*rapid.T){
		"":             c.compare,
		"allocate":     c.allocate,
		"insert":       c.insert,
		"deallocate":   c.deallocate,
		"destroyName":  c.destroyName,
		"request":      c.request,
		"allocateName": c.allocateName,
		"rename":       c.rename,
		"modRefs":      c.modRefs,
		"receiveRight": c.receiveRight,
		"send":         c.send,
		"send again":   c.send,
		"receive":      c.receive,
	})
	for _, u := range c.tasks {
		u.Destroy()
	}
	c.sys.Settle()
	if s := c.sys.Stats(); s != (Stats{}) {
		rt.Fatalf("%+v is left", s)
	}
}
