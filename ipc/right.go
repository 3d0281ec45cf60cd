package ipc

import "defpager/mach"

// Right is one right to a port, outside any space: in a message, or held by the kernel. The zero Right is MACH_PORT_NULL.
// Rights are not copied by assignment: whoever has it either passes it on or calls Release.
type Right struct {
	Port *Port
	Type mach.MsgType // MsgPortSend, MsgPortSendOnce, MsgPortReceive; with a nil Port: 0 for null, else dead
}

// deadRight is MACH_PORT_DEAD.
func deadRight() Right { return Right{Type: mach.MsgPortSend} }

// Null reports whether r is MACH_PORT_NULL.
func (r Right) Null() bool { return r.Port == nil && r.Type == 0 }

// Dead reports whether r is MACH_PORT_DEAD or the right to a dead port.
func (r Right) Dead() bool {
	if r.Port == nil {
		return r.Type != 0
	}
	return r.Port.state != portActive
}

// Copy makes another send right from a send right: null from null, dead from dead.
func (r Right) Copy() Right {
	if r.Port == nil {
		return r
	}
	if r.Type != mach.MsgPortSend || r.Port.state != portActive {
		return deadRight()
	}
	r.Port.srights++
	return r
}

// Release gives the right up: a send-once right sends its notification, a receive right destroys its port.
func (r Right) Release() {
	p := r.Port
	if p == nil {
		return
	}
	switch r.Type {
	case mach.MsgPortSend:
		p.releaseSend()
	case mach.MsgPortSendOnce:
		p.releaseSendOnce()
	case mach.MsgPortReceive:
		p.sys.doom(p)
	}
}

// name is what a null or dead right looks like in a message.
func (r Right) name() mach.Name {
	if r.Type == 0 {
		return mach.NameNull
	}
	return mach.NameDead
}

// received is the type that a receiver sees for a disposition.
func received(t mach.MsgType) mach.MsgType {
	switch t {
	case mach.MsgCopySend, mach.MsgMakeSend:
		return mach.MsgPortSend
	case mach.MsgMakeSendOnce:
		return mach.MsgPortSendOnce
	}
	return t
}

// needs has for each disposition, from MsgMoveReceive in the lowest byte on, the rights of which a name must have one: their
// PortTypes from TypeSend in the lowest bit on.
const needs = uint64(mach.TypeReceive)>>16 |
	uint64(mach.TypeSend|mach.TypeDeadName)>>16<<8 |
	uint64(mach.TypeSendOnce|mach.TypeDeadName)>>16<<16 |
	uint64(mach.TypeSend|mach.TypeDeadName)>>16<<24 |
	uint64(mach.TypeReceive)>>16<<32 |
	uint64(mach.TypeReceive)>>16<<40

// isSend reports whether t is the disposition of a right to send: what a header may have.
func isSend(t mach.MsgType) bool { return t >= mach.MsgMoveSend && t <= mach.MsgMakeSendOnce }

// releaseSend gives one send right up.
func (p *Port) releaseSend() {
	p.srights--
	if p.srights == 0 {
		p.lastSender()
	}
}

// lastSender is called when the last send right has gone.
func (p *Port) lastSender() {
	if p.state != portActive {
		p.reclaim()
		return
	}
	if p.noSenders != nil {
		to := p.noSenders
		p.noSenders = nil
		p.sys.notify(to, mach.NotifyNoSenders, p.mscount)
	}
	if p.noSendersCall != nil && !p.noSendersDue {
		p.noSendersIsDue()
	}
}

// noSendersIsDue leaves the kernel's callback to Settle.
func (p *Port) noSendersIsDue() {
	p.noSendersDue = true
	p.noSendersCount = p.mscount
	p.sys.schedule(p)
}

// releaseSendOnce gives one send-once right up. It exists to produce one message: this is it.
func (p *Port) releaseSendOnce() {
	if p.state == portActive {
		p.sys.notify(p, mach.NotifySendOnce, 0)
		return
	}
	p.dropSendOnce()
}

// loseSendOnce counts a send-once right less.
func (p *Port) loseSendOnce() {
	p.sorights--
	p.sys.promised--
	if p.space != nil {
		p.space.promised--
	}
}

// dropSendOnce forgets a send-once right that was used, or whose port is dead.
func (p *Port) dropSendOnce() {
	p.loseSendOnce()
	if p.sorights == 0 && p.state != portActive {
		p.reclaim()
	}
}

// consume uses up the right that carried a message to its port.
func (r Right) consume() {
	if r.Type == mach.MsgPortSendOnce {
		r.Port.dropSendOnce()
	} else {
		r.Port.releaseSend()
	}
}
