package ipc

import (
	"defpager/board"
	"defpager/ipc/mig"
	"defpager/mach"
)

// Message is a message between copyin and copyout: its rights are rights, not names.
type Message struct {
	sys  *System
	next *Message // in a port's queue, or in the pool

	setNext, setPrev *Message // in a set's queue

	live     bool
	complex  bool
	receives bool // it carries receive rights

	id        mach.MsgID
	seqno     uint32
	size      uint32 // bytes, header included
	dest      Right
	reply     Right
	replyType mach.MsgType // of a null or dead reply: what the sender called it

	buf    []byte  // the header's place, and the body
	rights []Right // handles in the body are indexes from 1
	memory []outOfLine
	charge uint64 // bytes that long rights and memory count for
	payer  *Space // whose share it counts in; nil: nobody's
	paid   uint64 // the bytes that it counts there
	first  uint32 // where its items with rights and memory begin, while it is copied in
	end    uint32 // where they end

	accepted *accepted

	small     [smallBuffer]byte
	ownRights [keepRights]Right // what rights and memory begin with: few need nothing else
	ownMemory [keepMemory]outOfLine
}

// outOfLine is one out-of-line item: memory, or an array of rights.
type outOfLine struct {
	memory OOL
	rights []Right
	charge uint64 // bytes that rights count for
	names  []byte // between validate and takeBody: the array as the sender wrote it
}

// How many rights and items of memory a message has room for itself.
const (
	keepRights = 8
	keepMemory = 2
)

// ID is the message's msgh_id.
func (m *Message) ID() mach.MsgID { return m.id }

// Seqno is the sequence number that the message got when it was dequeued.
func (m *Message) Seqno() uint32 { return m.seqno }

// Body is what follows the header. In an inline port's slot stands a handle for TakeRight (0 is null, all ones dead), in an
// out-of-line item's slot a handle for TakeMemory or RightArray.
func (m *Message) Body() []byte { return m.buf[mach.HeaderSize:m.size] }

// Reader reads the body.
func (m *Message) Reader() mig.Reader {
	r := mig.NewReader(m.Body())
	bits := mach.HeaderBits(0)
	if m.complex {
		bits = mach.Complex
	}
	r.Header(bits)
	return r
}

// TakeRight takes the right with a handle out of the message: the caller owns it. Null and dead for their names; null
// the second time.
func (m *Message) TakeRight(handle mach.Name) Right {
	if handle == mach.NameDead {
		return deadRight()
	}
	i := uint32(handle) - 1
	if uint64(i) >= uint64(len(m.rights)) {
		return Right{}
	}
	r := m.rights[i]
	m.rights[i] = Right{}
	return r
}

// TakeMemory takes out-of-line memory out of the message: the caller owns it. nil for an empty item and the second time.
func (m *Message) TakeMemory(handle uint64) OOL {
	if handle-1 >= uint64(len(m.memory)) {
		return nil
	}
	o := m.memory[handle-1].memory
	m.memory[handle-1].memory = nil
	return o
}

// RightArray is the out-of-line array of rights with a handle, a part of the message: the caller takes a right by
// setting its element to the zero Right.
func (m *Message) RightArray(handle uint64) []Right {
	if handle-1 >= uint64(len(m.memory)) {
		return nil
	}
	return m.memory[handle-1].rights
}

// Free destroys the message and all rights and memory that it still carries.
func (m *Message) Free() {
	if m.accepted != nil {
		m.accept()
	}
	dest, reply := m.dest, m.reply
	m.dest, m.reply = Right{}, Right{}
	m.empty()
	m.recycle()
	// The last use of rights: these may set off the death of ports.
	dest.Release()
	reply.Release()
}

// empty destroys what the body carries.
func (m *Message) empty() {
	m.complex = false
	m.receives = false
	for i := range m.rights {
		r := m.rights[i]
		m.rights[i] = Right{}
		r.Release()
	}
	m.sys.messages.bytes -= m.charge
	m.charge = 0
	m.rights = m.ownRights[:0]
	for i := range m.memory {
		m.emptyItem(&m.memory[i])
	}
	m.memory = m.ownMemory[:0]
}

func (m *Message) emptyItem(o *outOfLine) {
	if o.memory != nil {
		o.memory.Discard()
	}
	for i := range o.rights {
		r := o.rights[i]
		o.rights[i] = Right{}
		r.Release()
	}
	if o.names != nil {
		m.sys.messages.put(o.names)
	}
	m.sys.messages.bytes -= o.charge
	*o = outOfLine{}
}

// PutRight puts a right (consumed) into the message and returns the handle that Writer.Port gets as its name.
func (m *Message) PutRight(r Right) mach.Name {
	m.complex = true
	if r.Port == nil {
		return r.name()
	}
	if r.Type == mach.MsgPortReceive {
		m.receives = true
		r.Port.server = nil
	}
	m.rights = append(m.rights, r)
	return mach.Name(len(m.rights))
}

// PutMemory puts out-of-line memory (consumed, may be nil) into the message and returns the handle that Writer.OutOfLine
// gets as its pointer.
func (m *Message) PutMemory(o OOL) uint64 {
	m.complex = true
	if o == nil {
		return 0
	}
	m.memory = append(m.memory, outOfLine{memory: o})
	return uint64(len(m.memory))
}

// PutRights puts an out-of-line array of rights (consumed) into the message and returns the handle that Writer.OutOfLine
// gets as its pointer; the item's elements have 32 bits. No rights are 0, and the message is complex nevertheless. They count as a sender's do, but
// are never too many.
func (m *Message) PutRights(rights []Right) uint64 {
	m.complex = true
	if len(rights) == 0 {
		return 0
	}
	for _, r := range rights {
		if r.Port != nil && r.Type == mach.MsgPortReceive {
			m.receives = true
			r.Port.server = nil
		}
	}
	o := outOfLine{rights: rights, charge: rightBytes * uint64(len(rights))}
	m.sys.messages.bytes += o.charge
	if m.payer != nil {
		m.paid += o.charge
		m.payer.held += o.charge
	}
	m.memory = append(m.memory, o)
	return uint64(len(m.memory))
}

// OOL is out-of-line memory on its way: a copy of some memory that belongs to nobody's address space yet.
type OOL interface {
	Size() uint64 // bytes
	// Stay has its pages stay until it is received. false: there is too much of that already, unless it was asked for.
	Stay(asked bool) bool
	Discard() // frees it, when it is not mapped into an address space
}

// UserMemory is a task's address space, as messages see it. kern adapts vm.Map to it.
type UserMemory interface {
	CopyIn(dst []byte, src mach.VirtAddr) error
	CopyOut(dst mach.VirtAddr, src []byte) error
	// Window is the page of addr, to be read and written until anything else is done to the space, and takes it into the View; nil if that
	// takes more than a look.
	Window(addr mach.VirtAddr) *[mach.PageSize]byte
	// View is where Window's pages are in sight, always the same one.
	View() *board.View
	// CopyMapIn makes a copy of size bytes at addr, page aligned or not; with deallocate they leave the space, and with stay the copy stays and is
	// all there: see Space.StayIn.
	CopyMapIn(addr mach.VirtAddr, size uint64, deallocate, stay bool) (OOL, error)
	// CopyMapOut maps a copy where there is room and consumes it on success.
	CopyMapOut(o OOL) (mach.VirtAddr, error)
	// NewOOL makes out-of-line memory from the kernel's bytes.
	NewOOL(data []byte) (OOL, error)
	// Deallocate removes what was copied with CopyIn.
	Deallocate(addr mach.VirtAddr, size uint64) error
}
