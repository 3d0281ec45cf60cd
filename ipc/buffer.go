package ipc

import "math/bits"

// Messages of up to smallBuffer bytes lie in their own structure. Larger ones get a buffer of the next power of two. What is free is
// kept for the next message, as long as it is not too much.
const (
	smallBuffer = 256     // bytes
	maxClass    = 32      // the class of 2^32 bytes, which no limit reaches
	keepFree    = 4 << 20 // bytes of free buffers that are kept
	overhead    = 736     // bytes that a message counts for besides its buffer: its structure, and what a free one keeps for rights and memory
)

// messageSlab is how many messages are made at a time.
const messageSlab = 16

// messagePool owns all messages. Those that were made stay, so that Check finds them all.
type messagePool struct {
	free    *Message
	blank   *Message // see System.blank
	stock   *Message // set aside for the kernel's own: see Restock
	stocked int
	slabs   []*[messageSlab]Message
	live    uint32
	bytes   uint64 // in use besides the structures: buffers and charges
	kept    uint64 // bytes in buffers
	buffers [maxClass + 1][][]byte
}

// newMessage takes a message with room for size bytes from the pool.
func (sys *System) newMessage(size uint32) *Message {
	m := sys.unused()
	sys.messages.live++
	m.live = true
	m.size = size
	if size > smallBuffer {
		m.buf = sys.messages.take(size)
	}
	return m
}

// unused takes a message out of the pool that is not live yet.
func (sys *System) unused() *Message {
	pool := &sys.messages
	m := pool.free
	if m == nil {
		slab := new([messageSlab]Message)
		pool.slabs = append(pool.slabs, slab)
		for i := range slab {
			m := &slab[i]
			m.sys, m.buf, m.rights, m.memory = sys, m.small[:], m.ownRights[:0], m.ownMemory[:0]
			m.next = pool.free
			pool.free = m
		}
		m = pool.free
	}
	pool.free = m.next
	return m
}

// Restock sets messages of the kernel's own aside, so that as many can be sent without taking anything from Go's heap. It may take some itself: call it
// now and then, where that is allowed.
func (sys *System) Restock() {
	const enough = 2 * messageSlab
	pool := &sys.messages
	for pool.stocked < enough {
		m := sys.unused()
		m.next = pool.stock
		pool.stock = m
		pool.stocked++
	}
}

// Stocked reports whether NewMessage takes nothing from Go's heap for one message with a small body, few rights and little memory.
func (sys *System) Stocked() bool { return sys.messages.free != nil || sys.messages.stock != nil }

// fromStock puts a message that was set aside among the free ones, if these are used up.
func (pool *messagePool) fromStock() {
	m := pool.stock
	if m == nil || pool.free != nil {
		return
	}
	pool.stock = m.next
	pool.stocked--
	m.next = nil
	pool.free = m
}

// blank is a message with room for size bytes that a thread may copy into: it is live only when accepted by keep. Mostly it is the
// same one again and again, as messages that are delivered directly leave it unused.
func (sys *System) blank(size uint32) *Message {
	if size > smallBuffer {
		return sys.newMessage(size)
	}
	m := sys.messages.blank
	if m == nil {
		m = sys.unused()
		sys.messages.blank = m
	}
	m.size = size
	return m
}

// keep makes a blank message live.
func (m *Message) keep() {
	if !m.live {
		pool := &m.sys.messages
		pool.blank = nil
		pool.live++
		m.live = true
	}
}

// reject leaves a blank message for the next thread.
func (m *Message) reject() {
	if m.live {
		m.recycle()
	}
}

// used is what counts against MaxBuffers. Send-once rights count like the messages that they promise, since those are not refused: otherwise
// notifications could fill all memory.
func (sys *System) used() uint64 {
	return sys.messages.bytes + (uint64(sys.messages.live)+sys.promised)*overhead
}

// A task that sends what nobody receives shall harm itself alone. So a message counts in a share: the sender's, or if it is the kernel's own, that of
// who is to receive it; and a send-once right in that of who has the port. Who has much already may have no more than three times what is left for all
// others: so the first who takes all it can get leaves a quarter, and the next such a quarter of that. The last part of all is for what the kernel
// itself wants of tasks, such as pages of memory managers: these shall be asked though senders use up the rest.
const (
	reservedPart = 16 // of MaxBuffers: what senders leave to the kernel
	smallPart    = 64 // of MaxBuffers: what anybody may have, as long as there is any
	greed        = 3  // times what is left is what one may have
)

// scarce reports whether n more bytes are more than may be had without a look at whose share they count in: as long as three quarters of what
// senders may use are not used, nobody has too many.
func (sys *System) scarce(n uint64) bool { return sys.used()+n > sys.ample }

// mayHold reports whether n more bytes may count in the share of s: of a message that it sends, or of a send-once right. What is not scarce may.
func (s *Space) mayHold(n uint64) bool {
	limit := s.sys.config.MaxBuffers
	if !s.stays { // a default memory manager answers the kernel
		limit -= limit / reservedPart
	}
	return s.mayHoldOf(limit, n)
}

func (s *Space) mayHoldOf(limit, n uint64) bool {
	all, own := s.sys.used()+n, s.held+s.promised*overhead+n
	return all <= limit && (own <= s.sys.config.MaxBuffers/smallPart || own <= greed*(limit-all+n)) && !s.sys.config.Fuse.Blows()
}

// pay has m count in the share of s, which may be nil.
func (m *Message) pay(s *Space) {
	if s == nil {
		return
	}
	n := m.charge
	for i := range m.memory {
		n += m.memory[i].charge
	}
	m.payPlain(s)
	m.paid += n
	s.held += n
}

// payPlain is pay for a message that carries nothing in its body. s is not nil.
func (m *Message) payPlain(s *Space) {
	n := uint64(overhead)
	if len(m.buf) > smallBuffer {
		n += uint64(len(m.buf))
	}
	m.payer, m.paid = s, n
	s.held += n
}

// resize gives m a buffer of at least size bytes, whose contents are undefined.
func (m *Message) resize(size uint32) {
	if uint64(size) > uint64(len(m.buf)) {
		m.dropBuffer()
		m.buf = m.sys.messages.take(size)
	}
	m.size = size
}

// dropBuffer leaves m with the room of its own structure only.
func (m *Message) dropBuffer() {
	if len(m.buf) > smallBuffer {
		m.sys.messages.put(m.buf)
		m.buf = m.small[:]
	}
}

// recycle returns an empty message to the pool.
func (m *Message) recycle() {
	pool := &m.sys.messages
	if len(m.buf) > smallBuffer {
		m.dropBuffer()
	}
	if m.payer != nil {
		m.payer.held -= m.paid
		m.payer = nil
	}
	m.reply.Type = 0 // a dead right has no port to release
	m.replyType = 0
	m.live = false
	m.next = pool.free
	pool.free = m
	pool.live--
}

// take takes a buffer of at least size bytes out of the pool.
func (pool *messagePool) take(size uint32) []byte {
	class := bits.Len32(size - 1)
	pool.bytes += 1 << class
	list := pool.buffers[class]
	if n := len(list) - 1; n >= 0 {
		b := list[n]
		list[n] = nil
		pool.buffers[class] = list[:n]
		pool.kept -= 1 << class
		return b
	}
	return make([]byte, 1<<class)
}

// put returns what take gave.
func (pool *messagePool) put(b []byte) {
	class := bits.Len32(uint32(len(b) - 1))
	pool.bytes -= 1 << class
	if pool.kept+1<<class > keepFree {
		return
	}
	pool.kept += 1 << class
	pool.buffers[class] = append(pool.buffers[class], b)
}
