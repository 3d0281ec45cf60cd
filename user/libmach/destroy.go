package libmach

import (
	"encoding/binary"

	"defpager/ipc/mig"
	"defpager/mach"
)

// DestroyMessage gives up all that a message brought, and its right to reply (mach_msg_destroy). A server does that with what its demultiplexers have refused, with a
// code other than Success and MIGNoReply: rights and memory of that are the server's still. If the refusal was answered, the right to reply went with the answer: then
// EmptyMessage is all.
func (c *Client) DestroyMessage(m Message) {
	c.EmptyMessage(m)
	c.Give(m.Header.Bits.Remote(), m.Reply())
}

// EmptyMessage gives up the rights and the out-of-line memory in a message's body.
func (c *Client) EmptyMessage(m Message) {
	Carried(m, m.Body, func(_, data []byte, t mach.Type) {
		size := (uint64(t.ElementBits())*uint64(t.Number()) + 7) / 8
		switch {
		case t.Inline() && t.Name().IsPort():
			for ; len(data) != 0; data = data[8:] {
				c.Give(t.Name(), mach.Name(binary.LittleEndian.Uint64(data)))
			}
		case !t.Inline() && size != 0:
			at := mach.VirtAddr(binary.LittleEndian.Uint64(data))
			if t.Name().IsPort() {
				for names := Memory(at, size); len(names) >= 4; names = names[4:] {
					c.Give(t.Name(), mach.Name(binary.LittleEndian.Uint32(names)))
				}
			}
			_ = VMDeallocate(c.Task(), at, size)
		}
	})
}

// Offer sends a message that lies in a Buffer if there is room for it at once. If there is none, SendTimedOut, the kernel has given the message back: its rights, also those
// that were made for it, and its memory are this task's again, by names and addresses of their own. These are given up, so that nothing is left of it, nor of the
// right that it was sent with. After another failure all is as it was before.
func (c *Client) Offer(msg []byte) mach.Return {
	code := Send(msg, mach.OptSendTimeout, 0)
	if code&^partly != mach.SendTimedOut {
		return code
	}
	h := mig.GetHeader(msg)
	c.DestroyMessage(Message{Header: h, Body: msg[mach.HeaderSize:h.Size]})
	c.Give(h.Bits.Local(), mach.Name(h.Local))
	return mach.SendTimedOut
}

// Give gives a right up that came with a message, as a right of type t.
func (c *Client) Give(t mach.MsgType, name mach.Name) {
	switch {
	case name == mach.NameNull || name == mach.NameDead:
	case t == mach.MsgPortReceive:
		_ = c.PortModRefs(c.Task(), name, mach.RightReceive, -1)
	default:
		_ = PortDeallocate(c.Task(), name)
	}
}

// Carried calls f for each item of a message that carries rights or memory, with a body that is m's or a copy of it: with its descriptor and its data, or the pointer to
// them. All other messages are nothing but numbers of their sender's: what looks like a name or an address there is none of this task's.
func Carried(m Message, body []byte, f func(head, data []byte, t mach.Type)) {
	if m.Header.Bits&mach.Complex != 0 {
		Items(body, f)
	}
}

// Items calls f for each item of a body.
func Items(body []byte, f func(head, data []byte, t mach.Type)) {
	for len(body) >= 8 {
		t := mach.Type(binary.LittleEndian.Uint64(body))
		n := uint64(8)
		if t.Inline() {
			n = ((uint64(t.ElementBits())*uint64(t.Number())+7)/8 + 7) &^ 7
		}
		if n > uint64(len(body)-8) {
			return // the kernel delivers no such message
		}
		f(body[:8], body[8:8+n], t)
		body = body[8+n:]
	}
}
