package main

import (
	"runtime"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

// master is the task of the managers, who live one after the other, and two at a time.
type master struct {
	client       *libmach.Client
	task         mach.Name
	command, set mach.Name
	buf, last    libmach.Buffer
	keep, hog    []byte // where managers keep pages, and what nobody else is to have
	given        int    // bytes of the end of hog that were given up for a while
	free         []int  // places of keep
	room         [2]manager
	managers     []*manager // of room
	mortal       *manager   // who is to die, or did
	deaths       uint64
}

func newMaster(command mach.Name) *master {
	t := &master{client: libmach.NewClient(), command: command, buf: libmach.NewBuffer(4096), last: libmach.NewBuffer(4096), keep: memory(most * page)}
	t.task = t.client.Task()
	var code mach.Return
	t.set, code = libmach.PortAllocate(t.task, mach.RightPortSet)
	must("mach_port_allocate", code)
	t.collect(command)
	t.free, t.managers = make([]int, 0, most), make([]*manager, 0, len(t.room))
	for n := range most {
		t.free = append(t.free, n+1)
	}
	for i := range t.room {
		t.room[i].held = make([]uint64, 0, most)
	}
	return t
}

// relieve gives up a little of the memory that the master took, until the round is over: there is no frame for a port.
func (t *master) relieve() {
	const piece = 4 * page
	t.given += piece
	must("vm_deallocate", libmach.VMDeallocate(t.task, libmach.Address(t.hog[len(t.hog)-t.given:]), piece))
}

// retake takes what was given up.
func (t *master) retake() {
	if t.given == 0 {
		return
	}
	again := t.hog[len(t.hog)-t.given:]
	_, code := libmach.VMAllocate(t.task, libmach.Address(again), uint64(t.given), false)
	must("vm_allocate", code)
	touch(again)
	t.given = 0
}

// begin makes one of the managers that are not in use.
func (t *master) begin(d death) *manager {
	m := &t.room[0]
	if len(t.managers) != 0 && t.managers[0] == m {
		m = &t.room[1]
	}
	*m = manager{t: t, death: d, held: m.held[:0]}
	t.managers = append(t.managers, m)
	return m
}

func (t *master) collect(port mach.Name) {
	must("mach_port_move_member", t.client.PortMoveMember(t.task, port, t.set))
}

// serve serves until the client wants it to end.
func (t *master) serve() {
	for {
		option := mach.Option(0)
		if t.holds() {
			option = mach.OptRcvTimeout
		}
		m, code := libmach.Receive(t.buf, t.set, option, 0)
		switch {
		case code == mach.RcvTimedOut:
			if libmach.Swtch() {
				break // others have something to do first
			}
			for _, g := range t.managers {
				g.answerAll()
			}
		case code != mach.Success:
			must("mach_msg", code)
		case m.Port() != t.command:
			for _, g := range t.managers {
				if g.owns(m.Port()) {
					g.take(m)
				}
			}
		case !t.obey(m):
			return
		}
	}
}

// holds reports whether requests wait for their answer though nothing else is there to do.
func (t *master) holds() bool {
	for _, g := range t.managers {
		if !g.dead && len(g.held) != 0 {
			return true
		}
	}
	return false
}

// obey carries a command out.
func (t *master) obey(m libmach.Message) bool {
	r := m.Reader()
	a, b := r.Uint64(), r.Uint64()
	w := mig.NewWriter(t.last)
	w.RetCode(mach.Success)
	extra := mach.HeaderBits(0)
	switch m.ID() {
	case cmdStart:
		d := unpack(a, b)
		g := t.begin(d)
		if d != never || len(t.managers) == 1 {
			t.mortal = g
		}
		var code mach.Return
		for g.port, code = libmach.PortAllocate(t.task, mach.RightReceive); code == mach.ResourceShortage; {
			t.relieve()
			g.port, code = libmach.PortAllocate(t.task, mach.RightReceive)
		}
		must("mach_port_allocate", code)
		t.collect(g.port)
		w.Port(mach.MsgMakeSend, g.port)
		extra = mach.Complex
	case cmdHog:
		s, code := t.client.VMStatistics(t.task)
		must("vm_statistics", code)
		t.hog = memory((int(s.Free) - int(a)) * page)
	case cmdHad:
		w.Uint64(t.mortal.unseen)
		for n := 0; n < most; n += 64 {
			v := uint64(0)
			for i := range 64 {
				if t.mortal.had[n+i] != 0 {
					v |= 1 << i
				}
			}
			w.Uint64(v)
		}
	case cmdFinish:
		dead := uint64(0)
		for _, g := range t.managers {
			if g.finish(); g.dead {
				dead++
			}
		}
		t.managers = t.managers[:0]
		t.retake()
		runtime.GC() // demultiplexers take a little for each message: so that books of frames balance
		w.Uint64(names(t.client))
		w.Uint64(dead)
	}
	must("an answer", libmach.Reply(&w, m, extra))
	return m.ID() != cmdEnd
}

// manager is a default memory manager. Each message that it takes and each answer is a step.
type manager struct {
	t       *master
	death   // of which steps and turn are what is left
	dead    bool
	port    mach.Name
	object  mach.Name // null: the kernel has not made one
	control mach.Name
	kept    [2 * most]uint16 // places, counted from 1, by page of the object; 0: it is not here
	held    []uint64         // offsets of requests that were not answered yet
	ended   bool             // the kernel wants no more of the object
	offered uint64           // pages that nobody asked for
	had     [most]uint8      // copies of the client's pages
	unseen  uint64           // messages that were in its queues when it died, and that nobody looked at
}

// place is where the page at an offset is kept.
func (m *manager) place(offset uint64) *uint16 { return &m.kept[offset/page] }

// kept is a place in the memory of all managers.
func (t *master) kept(place uint16) []byte { return t.keep[int(place-1)*page:][:page] }

// leave makes a place free.
func (t *master) leave(place *uint16) {
	t.free = append(t.free, int(*place))
	*place = 0
}

func (m *manager) owns(port mach.Name) bool { return !m.dead && (port == m.port || port == m.object) }

// take carries a message out.
func (m *manager) take(msg libmach.Message) {
	if m.steps == 0 || m.at(onReceipt(msg.ID())) {
		m.lose(msg)
		m.die()
		return
	}
	m.steps--
	code := m.t.client.MemoryObjectServer(msg, m)
	if code == mach.MIGBadID {
		code = m.t.client.MemoryObjectDefaultServer(msg, m)
	}
	if msg.ID() != mach.IDMemoryObjectTerminate { // whose control port is gone already
		must("a message of the kernel", code)
	}
	m.mayDie(whenDone(msg.ID()))
	if !m.dead && len(m.held) > m.delay {
		m.answer()
	}
}

// at is for each moment of a manager's. It reports whether it is to die then.
func (m *manager) at(p moment) bool {
	if m.dead || p == noMoment || p != m.moment {
		return false
	}
	m.turn--
	return m.turn == 0
}

// mayDie has it die at a moment if it is to.
func (m *manager) mayDie(p moment) {
	if m.at(p) {
		m.die()
	}
}

// answerAll answers what was held back.
func (m *manager) answerAll() {
	for !m.dead && len(m.held) != 0 {
		m.answer()
	}
}

// answer answers the request that waits longest.
func (m *manager) answer() {
	if m.steps == 0 || m.at(answerBegun) {
		m.die()
		return
	}
	m.steps--
	offset := m.held[0]
	m.held = m.held[:copy(m.held, m.held[1:])]
	place := m.place(offset)
	if *place == 0 {
		must("a page that never came", mach.MemoryError)
	}
	data := m.t.kept(*place)
	supply := func() mach.Return {
		return m.t.client.MemoryObjectDataSupply(m.control, libmach.Supply{Offset: offset, Data: data, Precious: true})
	}
	code := supply()
	for code == mach.SendNoBuffer && m.t.given < len(m.t.hog)/2 {
		m.t.relieve()
		code = supply()
	}
	must("memory_object_data_supply", code)
	m.note(data, -1)
	m.t.leave(place)
	m.volunteer(data)
	m.mayDie(answerGiven)
}

// err has the manager want of the kernel's own object what no manager may have of it: that it is kept when it is over, and to map it.
func (m *manager) err() {
	if m.dead {
		return
	}
	c := m.t.client
	must("memory_object_ready", c.MemoryObjectReady(m.control, true, mach.CopyDelay))
	_, code := c.VMMapRight(m.t.task, libmach.Map{
		Size: page, Anywhere: true, Object: m.object, Cur: mach.ProtDefault, Max: mach.ProtAll, Inherit: mach.InheritNone,
	}, mach.MsgMakeSend)
	if code != mach.InvalidArgument {
		must("vm_map of the kernel's own object", code)
		must("vm_map of the kernel's own object", mach.Failure)
	}
}

// volunteer gives the kernel a page that it never had, and which is to take no frame.
func (m *manager) volunteer(data []byte) {
	const beyond = 1 << 40
	m.offered++
	_ = m.t.client.MemoryObjectDataSupply(m.control, libmach.Supply{Offset: beyond + m.offered*page, Data: data, Precious: true})
}

// note says that a copy of a page of the client's came to the manager, or went.
func (m *manager) note(data []byte, change int) {
	if n := marked(data); n < most {
		m.had[n] = uint8(int(m.had[n]) + change)
	}
}

// Create implements libmach.DefaultMemoryManager.
func (m *manager) Create(_, object mach.Name, _ uint64, control, name mach.Name, _ uint64) {
	m.object, m.control = object, control
	m.t.collect(object)
	m.mayDie(createCollected)
	m.err()
	must("mach_port_deallocate", libmach.PortDeallocate(m.t.task, name))
}

// DataInitialize implements libmach.DefaultMemoryManager.
func (m *manager) DataInitialize(_, _ mach.Name, offset uint64, data []byte) {
	for ; len(data) >= page; offset, data = offset+page, data[page:] {
		if *m.place(offset) != 0 {
			must("memory_object_data_initialize of a page that is here", mach.MemoryPresent)
		}
		m.store(offset, data[:page])
	}
	m.mayDie(initializeStored)
}

// DataReturn implements libmach.MemoryManager.
func (m *manager) DataReturn(_, _ mach.Name, offset uint64, data []byte, _, _ bool) {
	for ; len(data) >= page; offset, data = offset+page, data[page:] {
		m.store(offset, data[:page])
	}
	m.mayDie(returnStored)
}

func (m *manager) store(offset uint64, data []byte) {
	t := m.t
	place := m.place(offset)
	if *place == 0 {
		*place = uint16(t.free[len(t.free)-1])
		t.free = t.free[:len(t.free)-1]
	} else {
		m.note(t.kept(*place), -1)
	}
	copy(t.kept(*place), data)
	m.note(data, 1)
}

// DataRequest implements libmach.MemoryManager.
func (m *manager) DataRequest(_, _ mach.Name, offset, _ uint64, _ mach.Prot) {
	m.held = append(m.held, offset)
}

// Terminate implements libmach.MemoryManager.
func (m *manager) Terminate(_, control mach.Name) {
	m.ended = true
	m.mayDie(terminateSeen)
	must("mach_port_destroy", m.t.client.PortDestroy(m.t.task, control)) // before the library does: to die between two traps
	m.mayDie(terminateHalf)
}

// Init implements libmach.MemoryManager: the kernel's own object is ready.
func (m *manager) Init(_, _, _ mach.Name) {
	must("memory_object_init of the kernel's own object", mach.Failure)
}

// DataUnlock implements libmach.MemoryManager.
func (m *manager) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {
	must("a lock where there is none", mach.Failure)
}

// die ends a manager with all messages that it has not received: the pages in them are lost too.
func (m *manager) die() {
	m.dead = true
	m.t.deaths++
	m.t.relieve() // so that all messages can be looked at
	m.over()
}

// over gives up all that a manager has.
func (m *manager) over() {
	m.close(m.port)
	if m.object != mach.NameNull {
		m.close(m.object)
	}
	if m.control != mach.NameNull && !m.ended {
		_ = m.t.client.PortDestroy(m.t.task, m.control)
	}
	for i := range m.kept {
		if m.kept[i] != 0 {
			m.t.leave(&m.kept[i])
		}
	}
}

// close destroys a port, and the messages to it: first it looks at them, or counts them.
func (m *manager) close(port mach.Name) {
	t := m.t
	_ = t.client.PortMoveMember(t.task, port, mach.NameNull)
	if m.dead && m.mute {
		s, code := t.client.PortGetReceiveStatus(t.task, port)
		must("mach_port_get_receive_status", code)
		m.unseen += uint64(s.Messages)
	}
	for !m.dead || !m.mute {
		msg, code := libmach.Receive(t.last, port, mach.OptRcvTimeout, 0)
		if code != mach.Success {
			break
		}
		m.lose(msg)
	}
	must("mach_port_destroy", t.client.PortDestroy(t.task, port))
}

// lose notes what a message brings that nobody looks at any more.
func (m *manager) lose(msg libmach.Message) {
	r := msg.Reader()
	switch msg.ID() {
	case mach.IDMemoryObjectCreate:
		m.object = r.Port(mach.MsgPortReceive)
		r.Uint64()
		m.control = r.Port(mach.MsgPortSend)
		_ = libmach.PortDeallocate(m.t.task, r.Port(mach.MsgPortSend))
	case mach.IDMemoryObjectDataInitialize, mach.IDMemoryObjectDataReturn:
		r.Port(mach.MsgPortSend)
		r.Uint64()
		at, size := r.OutOfLine(mach.MsgByte, 8)
		for data := libmach.Memory(mach.VirtAddr(at), uint64(size)); len(data) >= page; data = data[page:] {
			m.note(data, 1)
		}
		_ = libmach.VMDeallocate(m.t.task, mach.VirtAddr(at), uint64(size))
	case mach.IDMemoryObjectTerminate:
		m.ended = true
		for range 2 {
			_ = m.t.client.PortDestroy(m.t.task, r.Port(mach.MsgPortReceive))
		}
	}
}

// finish ends one that lives, when the kernel has done with its object.
func (m *manager) finish() {
	if m.dead {
		return
	}
	m.steps = never.steps
	for silence := 0; !m.dead && m.object != mach.NameNull && !m.ended && silence < 2000; {
		msg, code := libmach.Receive(m.t.last, m.object, mach.OptRcvTimeout, 1)
		switch code {
		case mach.Success:
			m.take(msg)
		case mach.RcvTimedOut:
			m.answerAll()
			silence++
		default: // it is in the set
			must("mach_port_move_member", m.t.client.PortMoveMember(m.t.task, m.object, mach.NameNull))
		}
	}
	if m.dead {
		return
	}
	if m.object != mach.NameNull && !m.ended {
		must("memory_object_terminate", mach.RcvTimedOut)
	}
	m.over()
}
