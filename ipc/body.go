package ipc

import (
	"encoding/binary"

	"defpager/mach"
)

// What rights and out-of-line items count for in a long message, in bytes.
const (
	rightBytes = 16
	itemBytes  = 128 // an append may leave half of it unused
)

// item is one item of a body.
type item struct {
	t    mach.Type
	at   uint32 // offset of the descriptor in the message
	next uint32 // offset of what follows the item
}

// data is the offset of the item's data or pointer.
func (it *item) data() uint32 { return it.at + 8 }

// bytes is the length of the elements.
func (it *item) bytes() uint64 {
	return (uint64(it.t.ElementBits())*uint64(it.t.Number()) + 7) / 8
}

// item reads and checks the descriptor at an offset before the end.
func (m *Message) item(at uint32) (it item, code mach.Return) {
	left := m.size - at - 8 // a multiple of 8
	it.at = at
	it.t = mach.Type(binary.LittleEndian.Uint64(m.buf[at:]))
	if oneWord(it.t) && left >= 8 {
		it.next = at + 16
		return it, mach.Success
	}
	port := it.t.Name().IsPort()
	if it.t&mach.TypeUnused != 0 {
		return it, mach.SendInvalidType
	}
	if it.t.Inline() {
		if it.t.Deallocate() || port && it.t.ElementBits() != 64 {
			return it, mach.SendInvalidType
		}
		n := (it.bytes() + 7) &^ 7
		if n > uint64(left) {
			return it, mach.SendMsgTooSmall
		}
		it.next = at + 8 + uint32(n)
		return it, mach.Success
	}
	if port && it.t.ElementBits() != 32 {
		return it, mach.SendInvalidType
	}
	if left < 8 {
		return it, mach.SendMsgTooSmall
	}
	it.next = at + 16
	return it, mach.Success
}

// oneWord reports whether t is what nearly all descriptors are: of one number, inline, without any other flag.
func oneWord(t mach.Type) bool {
	const (
		flags = mach.TypeUnused | mach.TypeInline | mach.TypeDeallocate | 0xffffffff<<32
		word  = mach.TypeInline | 1<<32
	)
	return t&flags == word && !t.Name().IsPort() && t.ElementBits()-1 < 64
}

// plain is the offset of the first item from at on that is not oneWord, or where the message ends.
func (m *Message) plain(at uint32) uint32 {
	b := m.buf[:m.size]
	for uint64(at)+16 <= uint64(len(b)) && oneWord(mach.Type(binary.LittleEndian.Uint64(b[at:]))) {
		at += 16
	}
	return at
}

// setType makes the descriptor one of a received message.
func (m *Message) setType(it *item, name mach.MsgType) {
	m.buf[it.at] = byte(name)
}

func (m *Message) word(at uint32) uint64       { return binary.LittleEndian.Uint64(m.buf[at:]) }
func (m *Message) setWord(at uint32, v uint64) { binary.LittleEndian.PutUint64(m.buf[at:], v) }

// validate checks a body whose header takes the given rights, and copies its out-of-line memory. The rights are taken by takeBody
// afterwards, which cannot fail.
func (s *Space) validate(mem UserMemory, m *Message, dest *entry, destType mach.MsgType, reply *entry, replyType mach.MsgType) mach.Return {
	s.note(dest, destType)
	if reply != nil {
		s.note(reply, replyType)
	}
	found, code := s.checkItems(mem, m)
	for e := s.sys.touched; e != nil; {
		next := e.touched
		e.touched, e.marked, e.takes, e.takesAway = nil, false, 0, 0
		e = next
	}
	s.sys.touched = nil
	if code != mach.Success {
		return code
	}
	m.first, m.end = found.first, found.end
	if !found.outOfLine {
		return mach.Success
	}
	return s.copyMemory(mem, m, found.last, dest.port.staysIn())
}

// found is what checkItems found: the items with rights or out-of-line memory lie between first and end (both 0 if there is none), and last
// is the last one of out-of-line memory, 0 if there is none.
type found struct {
	first, end, last uint32
	outOfLine        bool
}

// note remembers that the message takes a right with a disposition from e, for what it may take after that.
func (s *Space) note(e *entry, d mach.MsgType) {
	if d != mach.MsgMoveReceive && d != mach.MsgMoveSend && d != mach.MsgMoveSendOnce {
		return
	}
	if !e.marked {
		e.marked = true
		e.touched = s.sys.touched
		s.sys.touched = e
	}
	switch {
	case d == mach.MsgMoveReceive:
		e.takesAway |= mach.TypeReceive
	case e.typ&mach.TypeSendOnce != 0:
		e.takesAway |= mach.TypeSendOnce
	default:
		if e.takes++; e.takes >= e.refs {
			e.takesAway |= mach.TypeSend | mach.TypeDeadName
		}
	}
}

// checkName checks one right of the body.
func (s *Space) checkName(name mach.Name, d mach.MsgType) mach.Return {
	if !validName(name) {
		return mach.Success
	}
	e := s.lookup(name)
	if e == nil || !e.allows(d) {
		return mach.SendInvalidRight
	}
	s.note(e, d)
	return mach.Success
}

// checkItems checks all items and reads the out-of-line arrays of rights.
func (s *Space) checkItems(mem UserMemory, m *Message) (f found, code mach.Return) {
	var ports, makes, items uint64
	for at := m.plain(mach.HeaderSize); at < m.size; at = m.plain(at) {
		it, code := m.item(at)
		if code != mach.Success {
			return f, code
		}
		at = it.next
		port := it.t.Name().IsPort()
		if !port && it.t.Inline() {
			continue
		}
		if f.first == 0 {
			f.first = it.at
		}
		f.end = it.next
		f.outOfLine = f.outOfLine || !it.t.Inline()
		switch {
		case port && it.t.Inline():
			m.complex = true
			ports += uint64(it.t.Number())
			if it.t.Name() == mach.MsgMakeSendOnce {
				makes += uint64(it.t.Number())
			}
			for slot := it.data(); slot < it.next; slot += 8 {
				if code := s.checkName(mach.Name(m.word(slot)), it.t.Name()); code != mach.Success {
					return f, code
				}
			}
		case port:
			m.complex = true
			items++
			if it.t.Name() == mach.MsgMakeSendOnce {
				makes += uint64(it.t.Number())
			}
			if code := s.checkArray(mem, m, &it); code != mach.Success {
				return f, code
			}
		default:
			m.complex = true
			items++
			if it.bytes() != 0 {
				f.last = it.at
			}
		}
	}
	if ports > keepRights || items > keepMemory || makes > 0 {
		return f, s.reserve(m, ports, items, makes)
	}
	return f, mach.Success
}

// reserve makes sure that a long body's rights and items, and the send-once rights it makes, have room.
func (s *Space) reserve(m *Message, ports, items, makes uint64) mach.Return {
	charge := uint64(0)
	if ports > keepRights {
		charge = rightBytes * ports
	}
	if items > keepMemory {
		charge += itemBytes * items
	}
	if !s.mayHold(charge + overhead*makes) {
		return mach.SendNoBuffer
	}
	m.charge = charge
	s.sys.messages.bytes += charge
	if ports > keepRights {
		m.rights = make([]Right, 0, ports)
	}
	return mach.Success
}

// checkArray reads an out-of-line array of rights and checks them.
func (s *Space) checkArray(mem UserMemory, m *Message, it *item) mach.Return {
	n := it.t.Number()
	if n == 0 {
		return mach.Success
	}
	// While it is checked an array takes its names and its rights, with the rounding of a buffer.
	if !s.mayHold((rightBytes + 8) * uint64(n)) {
		return mach.SendNoBuffer
	}
	names := s.sys.messages.take(max(4*n, smallBuffer+1))
	m.memory = append(m.memory, outOfLine{names: names})
	if mem.CopyIn(names[:4*n], mach.VirtAddr(m.word(it.data()))) != nil {
		return mach.SendInvalidMemory
	}
	for i := range n {
		name := mach.Name(binary.LittleEndian.Uint32(names[4*i:]))
		if code := s.checkName(name, it.t.Name()); code != mach.Success {
			return code
		}
	}
	o := &m.memory[len(m.memory)-1]
	o.charge = rightBytes * uint64(n)
	s.sys.messages.bytes += o.charge
	o.rights = make([]Right, n)
	return mach.Success
}

// copyMemory copies out-of-line memory and puts the handles into the body. Only the last copy may itself take the memory away: a
// failure before would have to give it back.
func (s *Space) copyMemory(mem UserMemory, m *Message, last uint32, stay bool) mach.Return {
	arrays := uint64(0) // handles of the arrays are in the order of the items too
	again := false
	for at := m.first; at < m.end; at = m.plain(at) {
		it, _ := m.item(at)
		at = it.next
		if it.t.Inline() || it.bytes() == 0 {
			continue
		}
		if it.t.Name().IsPort() {
			arrays++
			again = again || it.t.Deallocate()
			continue
		}
		take := it.t.Deallocate() && it.at == last
		o, err := mem.CopyMapIn(mach.VirtAddr(m.word(it.data())), it.bytes(), take, stay)
		if err != nil {
			if mach.Code(err) == mach.ResourceShortage {
				return mach.SendNoBuffer
			}
			return mach.SendInvalidMemory
		}
		m.memory = append(m.memory, outOfLine{memory: o})
		again = again || it.t.Deallocate() && !take
	}
	array, memory := uint64(0), arrays
	for at := m.first; at < m.end; at = m.plain(at) {
		it, _ := m.item(at)
		at = it.next
		if it.t.Inline() {
			continue
		}
		handle := uint64(0)
		if it.bytes() != 0 {
			if again && it.t.Deallocate() && it.at != last {
				_ = mem.Deallocate(mach.VirtAddr(m.word(it.data())), it.bytes()) // gone already if two items are one memory
			}
			if it.t.Name().IsPort() {
				array++
				handle = array
			} else {
				memory++
				handle = memory
			}
		}
		m.setWord(it.data(), handle)
	}
	return mach.Success
}

// takeBody takes the rights of a body that validate found right.
func (s *Space) takeBody(m *Message) {
	for at := m.first; at < m.end; at = m.plain(at) {
		it, _ := m.item(at)
		at = it.next
		d := it.t.Name()
		if !d.IsPort() {
			continue
		}
		m.receives = m.receives || d == mach.MsgMoveReceive
		m.setType(&it, received(d))
		if it.t.Inline() {
			for slot := it.data(); slot < it.next; slot += 8 {
				name := mach.Name(m.word(slot))
				if validName(name) {
					m.rights = append(m.rights, s.takeName(name, d))
					m.setWord(slot, uint64(len(m.rights)))
				} else {
					m.setWord(slot, uint64(name))
				}
			}
			continue
		}
		if it.t.Number() == 0 {
			continue
		}
		o := &m.memory[m.word(it.data())-1]
		for i := range o.rights {
			switch name := mach.Name(binary.LittleEndian.Uint32(o.names[4*i:])); name {
			case mach.NameNull:
			case mach.NameDead:
				o.rights[i] = deadRight()
			default:
				o.rights[i] = s.takeName(name, d)
			}
		}
		s.sys.messages.put(o.names)
		o.names = nil
	}
}

// takeName takes one right of a body.
func (s *Space) takeName(name mach.Name, d mach.MsgType) Right {
	e := s.lookup(name)
	if e == nil || !e.allows(d) {
		return Right{} // never: validate saw it
	}
	return e.take(d)
}
