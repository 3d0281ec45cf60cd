package main

import (
	"math/rand/v2"
	"os"
	"strings"

	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
	"defpager/user/libmach"
)

const (
	slots    = 48 // objects of a task that changes things
	storages = 5  // that it adds and removes
)

// changer makes objects and storage, changes them and ends them, at random, while another task asks for lists.
type changer struct {
	*tester
	random  *rand.Rand
	command mach.Name // where this task is told what to do
	transit mach.Name
	disk    mach.Name
	child   mach.Name // that has an object
	first   byte      // of its storage
	names   [storages][]byte
	added   [storages]bool
	slots   [slots]slot
	wrong   uint32
}

// slot is an object.
type slot struct {
	object mach.Name
	limit  uint64
	at     mach.VirtAddr // where it is mapped, with room for all that it may ever have; 0: it is not
}

// storageBlocks is how many blocks paging storage has.
func storageBlocks(n byte) uint64 { return 3 + uint64(n) }

// change is a task that changes things: number tells it from the others, of which to is the one that says when.
func (t *tester) change(to mach.Name, number byte, disk string) {
	c := &changer{tester: t, random: rand.New(rand.NewPCG(uint64(number), 7)), command: t.NewPort(), transit: t.NewPort(), first: number * storages}
	for i := range c.names { // long, so that a few do not fit in the reply
		c.names[i] = []byte(string(rune('A'+int(c.first)+i)) + "/" + strings.Repeat("x", 240))
	}
	var ret mach.Return
	c.disk, ret = wire.DeviceOpen(t.Client, t.device, 3, []byte(disk))
	t.Must("device_open", ret)
	w := mig.NewWriter(t.buf)
	w.Port(mach.MsgMakeSend, c.command)
	t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, to, mach.NameNull, msgHello), 0, 0))
	for {
		m, ret := libmach.Receive(t.buf, c.command, 0, 0)
		t.Must("mach_msg", ret)
		if m.ID() == msgEnd {
			os.Exit(int(c.wrong))
		}
		before, ret := t.Client.PortCount(t.Task)
		t.Must("mach_port_names", ret)
		c.work()
		after, ret := t.Client.PortCount(t.Task)
		t.Must("mach_port_names", ret)
		c.wrong += uint32(truth(before != after))
		w := mig.NewWriter(t.buf)
		w.Uint32(c.wrong)
		t.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0), to, mach.NameNull, msgDone), 0, 0))
	}
}

// work changes things until this task is told to stop, and gives all up then.
func (c *changer) work() {
	for {
		if m, ret := c.receive(c.command); ret == mach.Success && m.ID() == msgStop {
			break
		}
		c.step()
		if c.random.IntN(4) == 0 {
			libmach.Swtch()
		}
	}
	for i := range c.slots {
		c.end(&c.slots[i])
	}
	c.orphan()
	for i := range c.added {
		for c.added[i] {
			c.storage(i)
		}
	}
}

// code reports whether a code is Success, and counts one that is none of those that there may be.
func (c *changer) code(got mach.Return, may ...mach.Return) bool {
	for _, m := range may {
		if got == m {
			return got == mach.Success
		}
	}
	c.wrong++
	c.Check("a task that changes things", got, mach.Success)
	return false
}

func (c *changer) step() {
	if c.random.IntN(20) == 0 {
		c.storage(c.random.IntN(storages))
		return
	}
	if c.random.IntN(30) == 0 {
		c.another()
		return
	}
	s := &c.slots[c.random.IntN(slots)]
	if s.object == mach.NameNull {
		c.begin(s)
		return
	}
	switch c.random.IntN(12) {
	case 0:
		c.end(s)
	case 1, 2:
		c.toggle(s)
	case 3, 4, 5, 6, 7:
		c.touch(s)
	case 8, 9:
		limit := c.size()
		if c.code(c.Client.ObjectSetSize(s.object, limit), mach.Success, mach.ResourceShortage) {
			s.limit = limit
		}
	case 10:
		c.give(s)
	case 11:
		c.move(s)
	}
}

// size is one for an object: mostly small.
func (c *changer) size() uint64 {
	if c.random.IntN(16) == 0 {
		return c.random.Uint64N(mostPages*page + 1)
	}
	return c.random.Uint64N(6 * page)
}

func (c *changer) begin(s *slot) {
	limit := c.size()
	object, ret := wire.DefpagerObjectCreate(c.Client, c.pager, limit, int32(c.random.IntN(3)))
	if c.code(ret, mach.Success, mach.ResourceShortage) {
		*s = slot{object: object, limit: limit}
	}
}

func (c *changer) end(s *slot) {
	if s.at != 0 {
		c.toggle(s)
	}
	if s.object != mach.NameNull {
		c.Drop(s.object)
	}
	*s = slot{}
}

// toggle maps the object, or unmaps it.
func (c *changer) toggle(s *slot) {
	if s.at != 0 {
		c.Unmap(s.at, mostPages*page)
		s.at = 0
		return
	}
	at, ret := c.Map(s.object, 0, mostPages*page)
	if c.code(ret, mach.Success, mach.ResourceShortage) {
		s.at = at
	}
}

// touch writes to pages, also behind the limit.
func (c *changer) touch(s *slot) {
	if s.at == 0 {
		return
	}
	n := c.random.Uint64N(mach.Pages(s.limit).Bytes()/page + 1)
	for i := range c.random.Uint64N(2 + n) {
		if ret := c.Write(c.Task, s.at+mach.VirtAddr((n+i)%mostPages*page), 1); (n+i)%mostPages < uint64(mach.Pages(s.limit)) {
			c.code(ret, mach.Success, mach.ResourceShortage)
		} else {
			c.code(ret, mach.MemoryError)
		}
	}
}

// give has a task without threads keep the object, until it ends.
func (c *changer) give(s *slot) {
	const name = 77
	c.orphan()
	child, ret := c.Client.TaskCreate(c.Task, false)
	if c.code(ret, mach.Success, mach.ResourceShortage) {
		c.child = child
		c.code(c.Client.PortInsertRight(child, name, s.object, mach.MsgCopySend), mach.Success, mach.ResourceShortage)
		_, ret = c.Client.VMMap(child, libmach.Map{Size: page, Anywhere: true, Object: s.object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritShare})
		c.code(ret, mach.Success, mach.ResourceShortage)
		c.end(s)
	}
}

func (c *changer) orphan() {
	if c.child != mach.NameNull {
		c.Must("task_terminate", c.Client.TaskTerminate(c.child))
		c.Drop(c.child)
		c.child = mach.NameNull
	}
}

// move has the right in a message for a while, and then in the request that is the last thing that is said to the object.
func (c *changer) move(s *slot) {
	w := mig.NewWriter(c.buf)
	w.Port(mach.MsgMoveSend, s.object)
	c.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgCopySend, 0)|mach.Complex, c.transit, mach.NameNull, 1), 0, 0))
	libmach.Swtch()
	m, ret := c.receive(c.transit)
	c.Must("mach_msg", ret)
	r := m.Reader()
	s.object = r.Port(mach.MsgPortSend)
	if c.random.IntN(2) == 0 {
		return
	}
	reply := libmach.ReplyPort()
	w = mig.NewWriter(c.buf)
	w.Uint64(c.size())
	c.Must("mach_msg", libmach.Send(w.SetHeader(mach.Bits(mach.MsgMoveSend, mach.MsgMakeSendOnce), s.object, reply, mach.IDDefaultPagerObjectSetSize), 0, 0))
	s.object = mach.NameNull
	m, ret = c.Receive(reply)
	c.Must("mach_msg", ret)
	answer := mig.NewReplyReader(m.Body)
	c.code(answer.RetCode(), mach.Success, mach.ResourceShortage)
	c.Destroy(reply)
	c.end(s)
}

// another takes an object out of the list, whoever has made it, and writes to it.
func (c *changer) another() {
	const few = 256
	var ports [few]mach.Name
	a, b, ret := wire.DefaultPagerObjects(c.Client, c.pager, few, few)
	if !c.code(ret, mach.Success, mach.ResourceShortage) {
		return
	}
	n := 0
	if b.OutOfLine() || a.OutOfLine() && a.Pointer == 0 {
		c.wrong++
		return
	}
	for ; n < int(b.Count); n++ {
		ports[n] = mach.Name(le.Uint64(b.Data[8*n:]))
	}
	if a.OutOfLine() {
		c.Unmap(mach.VirtAddr(a.Pointer), uint64(16*a.Count))
	}
	object := ports[c.random.IntN(n)]
	at, ret := c.Map(object, 0, mostPages*page)
	if c.code(ret, mach.Success, mach.ResourceShortage) {
		for range 3 {
			c.code(c.Write(c.Task, at+mach.VirtAddr(c.random.IntN(6)*page), 2), mach.Success, mach.ResourceShortage, mach.MemoryError)
		}
		c.Unmap(at, mostPages*page)
	}
	c.Drop(ports[:n]...)
}

// storage adds storage, or removes it.
func (c *changer) storage(i int) {
	n := c.first + byte(i)
	var run [16]byte
	le.PutUint64(run[:], 100*uint64(n))
	le.PutUint64(run[8:], storageBlocks(n))
	ret := wire.DefaultPagerPagingStorageNew(c.Client, c.pager, c.disk, mig.Array{Data: run[:], Count: 2}, c.names[i], !c.added[i])
	if c.added[i] {
		if c.code(ret, mach.Success, mach.Failure) {
			c.added[i] = false
		}
	} else if c.code(ret, mach.Success, mach.ResourceShortage) {
		c.added[i] = true
	}
}
