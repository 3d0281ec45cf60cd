package libmach

import (
	"encoding/binary"

	"defpager/mach"
)

// PortNames lists a task's names and what they denote, into memory of Go.
func (c *Client) PortNames(task mach.Name) ([]mach.Name, []mach.PortType, mach.Return) {
	c.Request()
	r, ret := c.Call(task, mach.IDPortNames)
	if ret != mach.Success {
		return nil, nil, ret
	}
	namesAt, nn := r.OutOfLine(mach.MsgPortName, 32)
	typesAt, nt := r.OutOfLine(mach.MsgInteger32, 32)
	if ret := r.End(); ret != mach.Success {
		return nil, nil, ret
	}
	var names []mach.Name
	for _, v := range c.takeWords(namesAt, nn) {
		names = append(names, mach.Name(v))
	}
	var types []mach.PortType
	for _, v := range c.takeWords(typesAt, nt) {
		types = append(types, mach.PortType(v))
	}
	return names, types, mach.Success
}

// PortCount is how many names a task has. It takes nothing of Go's heap.
func (c *Client) PortCount(task mach.Name) (n uint64, ret mach.Return) {
	c.Request()
	r, ret := c.Call(task, mach.IDPortNames)
	if ret != mach.Success {
		return 0, ret
	}
	namesAt, nn := r.OutOfLine(mach.MsgPortName, 32)
	typesAt, nt := r.OutOfLine(mach.MsgInteger32, 32)
	if ret = r.End(); ret != mach.Success {
		return 0, ret
	}
	if ret = VMDeallocate(c.Task(), mach.VirtAddr(namesAt), 4*uint64(nn)); ret == mach.Success {
		ret = VMDeallocate(c.Task(), mach.VirtAddr(typesAt), 4*uint64(nt))
	}
	return uint64(nn), ret
}

// takeWords copies received out-of-line words into memory of Go and gives the pages back.
func (c *Client) takeWords(at uint64, number uint32) []uint32 {
	if number == 0 {
		return nil
	}
	data := Memory(mach.VirtAddr(at), 4*uint64(number))
	words := make([]uint32, number)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	VMDeallocate(c.Task(), mach.VirtAddr(at), 4*uint64(number))
	return words
}

// PortType tells what a name denotes.
func (c *Client) PortType(task, name mach.Name) (mach.PortType, mach.Return) {
	c.Request().Name(name)
	v, ret := c.word(task, mach.IDPortType, callBits, oneInteger32)
	return mach.PortType(v), ret
}

// PortRename gives a right another name.
func (c *Client) PortRename(task, old, name mach.Name) mach.Return {
	w := c.Request()
	w.Name(old)
	w.Name(name)
	return c.simple(task, mach.IDPortRename)
}

// PortAllocate is mach_port_allocate by message.
func (c *Client) PortAllocate(task mach.Name, right mach.Right) (mach.Name, mach.Return) {
	c.Request().Uint32(uint32(right))
	v, ret := c.word(task, mach.IDPortAllocate, callBits, oneName)
	return mach.Name(v), ret
}

// PortAllocateName is mach_port_allocate_name by message.
func (c *Client) PortAllocateName(task mach.Name, right mach.Right, name mach.Name) mach.Return {
	w := c.Request()
	w.Uint32(uint32(right))
	w.Name(name)
	return c.simple(task, mach.IDPortAllocateName)
}

// PortDestroy drops all rights that a name denotes, with all user references.
func (c *Client) PortDestroy(task, name mach.Name) mach.Return {
	c.Request().Name(name)
	return c.simple(task, mach.IDPortDestroy)
}

// PortDeallocate is mach_port_deallocate by message.
func (c *Client) PortDeallocate(task, name mach.Name) mach.Return {
	c.Request().Name(name)
	return c.simple(task, mach.IDPortDeallocate)
}

// PortGetRefs tells how many user references a name has as one kind of right.
func (c *Client) PortGetRefs(task, name mach.Name, right mach.Right) (uint32, mach.Return) {
	w := c.Request()
	w.Name(name)
	w.Uint32(uint32(right))
	v, ret := c.word(task, mach.IDPortGetRefs, callBits, oneInteger32)
	return uint32(v), ret
}

// PortModRefs adds delta to the user references.
func (c *Client) PortModRefs(task, name mach.Name, right mach.Right, delta int32) mach.Return {
	w := c.Request()
	w.Name(name)
	w.Uint32(uint32(right))
	w.Int32(delta)
	return c.simple(task, mach.IDPortModRefs)
}

// PortSetQLimit sets how many messages a port queues before senders wait: at most mach.QLimitMax.
func (c *Client) PortSetQLimit(task, name mach.Name, limit uint32) mach.Return {
	w := c.Request()
	w.Name(name)
	w.Uint32(limit)
	return c.simple(task, mach.IDPortSetQLimit)
}

// PortSetMscount sets a port's make-send count.
func (c *Client) PortSetMscount(task, name mach.Name, mscount uint32) mach.Return {
	w := c.Request()
	w.Name(name)
	w.Uint32(mscount)
	return c.simple(task, mach.IDPortSetMscount)
}

// PortSetSeqno sets the sequence number that a port's next message gets.
func (c *Client) PortSetSeqno(task, name mach.Name, seqno uint32) mach.Return {
	w := c.Request()
	w.Name(name)
	w.Uint32(seqno)
	return c.simple(task, mach.IDPortSetSeqno)
}

// PortGetSetStatus lists the members of a port set.
func (c *Client) PortGetSetStatus(task, set mach.Name) ([]mach.Name, mach.Return) {
	c.Request().Name(set)
	r, ret := c.Call(task, mach.IDPortGetSetStatus)
	if ret != mach.Success {
		return nil, ret
	}
	at, n := r.OutOfLine(mach.MsgPortName, 32)
	if ret := r.End(); ret != mach.Success {
		return nil, ret
	}
	var members []mach.Name
	for _, v := range c.takeWords(at, n) {
		members = append(members, mach.Name(v))
	}
	return members, mach.Success
}

// PortMoveMember puts a receive right into a port set, or with NameNull takes it out of its set.
func (c *Client) PortMoveMember(task, member, set mach.Name) mach.Return {
	w := c.Request()
	w.Name(member)
	w.Name(set)
	return c.simple(task, mach.IDPortMoveMember)
}

// PortRequestNotification asks for a notification of one kind (such as mach.NotifyNoSenders) to a port of the caller, and
// answers the send-once right of the request before it, or NameNull. With NameNull as notify it only cancels.
func (c *Client) PortRequestNotification(task, name mach.Name, id mach.MsgID, sync uint32, notify mach.Name) (mach.Name, mach.Return) {
	w := c.Request()
	w.Name(name)
	w.Int32(int32(id))
	w.Uint32(sync)
	w.Port(mach.MsgMakeSendOnce, notify)
	r, ret := c.CallComplex(task, mach.IDPortRequestNotification)
	if ret != mach.Success {
		return mach.NameNull, ret
	}
	previous := r.Port(mach.MsgPortSendOnce)
	return previous, r.End()
}

// PortInsertRight is mach_port_insert_right by message.
func (c *Client) PortInsertRight(task, name, right mach.Name, disposition mach.MsgType) mach.Return {
	w := c.Request()
	w.Name(name)
	w.Port(disposition, right)
	r, ret := c.CallComplex(task, mach.IDPortInsertRight)
	return end(r, ret)
}

// PortExtractRight takes a right from a task into the caller's space.
func (c *Client) PortExtractRight(task, name mach.Name, disposition mach.MsgType) (mach.Name, mach.MsgType, mach.Return) {
	w := c.Request()
	w.Name(name)
	w.Uint32(uint32(disposition))
	r, ret := c.Call(task, mach.IDPortExtractRight)
	if ret != mach.Success {
		return mach.NameNull, 0, ret
	}
	right, kind := r.PolyPort()
	return right, kind, r.End()
}

// PortStatus is a mach_port_status.
type PortStatus struct {
	Set                         mach.Name // the port set that it is in, or NameNull
	Seqno, Mscount, QLimit      uint32
	Messages, SendOnceRights    uint32
	SendRights                  bool // there are some
	PortDestroyed, NoSendersReq bool // such a notification is requested
}

const portStatusWords = 9

// PortGetReceiveStatus tells of a port whose receive right the task holds.
func (c *Client) PortGetReceiveStatus(task, name mach.Name) (PortStatus, mach.Return) {
	c.Request().Name(name)
	r, ret := c.Call(task, mach.IDPortGetReceiveStatus)
	if ret != mach.Success {
		return PortStatus{}, ret
	}
	data := r.Bytes(mach.MsgInteger32, 32, portStatusWords)
	if ret := r.End(); ret != mach.Success {
		return PortStatus{}, ret
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
	return PortStatus{
		mach.Name(word(0)), word(1), word(2), word(3), word(4), word(5), word(6) != 0, word(7) != 0, word(8) != 0,
	}, mach.Success
}
