package ipc

import (
	"defpager/ipc/mig"
	"defpager/mach"
)

// Config is what a System is made of.
type Config struct {
	Wake       func(w *Waiter) // marks the waiter's thread runnable: its wait is over; it must not call back into ipc
	MaxPorts   uint32          // ports and port sets that may exist at once; 0: 1<<20
	MaxNames   uint32          // names in all spaces together; 0: 1<<22
	MaxBuffers uint64          // bytes of message buffers in use at once; 0: 16 MiB
	MaxMessage uint32          // bytes of one message, inline; 0: 1 MiB
}

// System is one universe of ports: it owns the pools and limits. There is one in a kernel.
type System struct{ config Config }

// New makes an empty System.
func New(c Config) *System { return nil }

// Settle runs what operations left for the kernel's own servers: messages to kernel ports that did not come from a
// user's Send, and no-senders callbacks. The kernel calls it at the end of every trap and of every other piece of work,
// with no operation of its own half done. It costs two loads when there is nothing to do.
func (sys *System) Settle() {}

// Server receives, inside the kernel, the messages sent to a kernel port.
type Server interface {
	// Serve handles m, which was just dequeued from p. m belongs to the server: it answers with the reply (mostly m
	// itself, turned around by BeginReply and Finish or by ReplyCode), or nil when there is none or it comes later.
	Serve(p *Port, m *Message) *Message
}

// NewKernelPort makes a port whose receive right the kernel holds; object is what it stands for.
func (sys *System) NewKernelPort(s Server, object any) *Port { return nil }

// NewSpace makes an empty name space.
func (sys *System) NewSpace() *Space { return nil }

// Right is one right to a port, outside any space: in a message, or held by the kernel. The zero Right is MACH_PORT_NULL.
// Rights are not copied by assignment: whoever has it either passes it on or calls Release.
type Right struct {
	Port *Port
	Type mach.MsgType // MsgPortSend, MsgPortSendOnce, MsgPortReceive; with a nil Port: 0 for null, else dead
}

// Null reports whether r is MACH_PORT_NULL.
func (r Right) Null() bool { return r.Port == nil && r.Type == 0 }

// Dead reports whether r is MACH_PORT_DEAD or the right to a dead port.
func (r Right) Dead() bool { return false }

// Copy makes another send right from a send right: null from null, dead from dead.
func (r Right) Copy() Right { return Right{} }

// Release gives the right up: a send-once right sends its notification, a receive right destroys its port.
func (r Right) Release() {}

// Port is a message queue with its receiver and its counts of rights.
type Port struct{}

// ID is a number that no other port of this System has or had (until 2^32 ports were made), for the monitor.
func (p *Port) ID() uint32 { return 0 }

// Active reports whether the port is alive.
func (p *Port) Active() bool { return false }

// Object is what NewKernelPort was given, nil for other ports and dead ones.
func (p *Port) Object() any { return nil }

// SetObject replaces what a kernel port stands for.
func (p *Port) SetObject(object any) {}

// MakeSend makes a send right from the kernel's receive right, and counts it in the make-send count.
func (p *Port) MakeSend() Right { return Right{} }

// MakeSendOnce makes a send-once right from the kernel's receive right.
func (p *Port) MakeSendOnce() Right { return Right{} }

// SendRights is the number of send rights that exist, wherever they are.
func (p *Port) SendRights() uint32 { return 0 }

// MakeSendCount is the port's make-send count.
func (p *Port) MakeSendCount() uint32 { return 0 }

// SetNoSenders asks for one call of f when a kernel port has no send rights left: at the next Settle if it has none now and
// its make-send count is at least sync, else when the last send right goes. f gets the make-send count of that moment; it
// is consumed by the call. A nil f cancels.
func (p *Port) SetNoSenders(sync uint32, f func(p *Port, mscount uint32)) {}

// Destroy kills a kernel port: its send rights become dead names.
func (p *Port) Destroy() {}

// Send sends a message that the kernel made: see NewMessage. It never waits: limits do not count for the kernel. The
// receiver that got it, if one waited, is returned for a hand-off; Wake is not called for it.
func (sys *System) Send(m *Message) *Waiter { return nil }

// NewMessage makes a message from the kernel to the port of dest (consumed), which a reply may answer through reply
// (consumed; may be null). The body is written with Begin and Finish.
func (sys *System) NewMessage(dest, reply Right, id mach.MsgID) *Message { return nil }

// Message is a message between Copyin and Copyout: its rights are rights, not names.
type Message struct{}

// ID is the message's msgh_id.
func (m *Message) ID() mach.MsgID { return 0 }

// Seqno is the sequence number that the message got when it was dequeued.
func (m *Message) Seqno() uint32 { return 0 }

// Body is what follows the header. In an inline port's slot stands a handle for TakeRight (0 is null, all ones dead), in an
// out-of-line item's slot a handle for TakeMemory or TakeRights.
func (m *Message) Body() []byte { return nil }

// Reader reads the body.
func (m *Message) Reader() mig.Reader { return mig.Reader{} }

// TakeRight takes the right with a handle out of the message: the caller owns it. Null and dead for their names; null
// the second time.
func (m *Message) TakeRight(handle mach.Name) Right { return Right{} }

// TakeMemory takes out-of-line memory out of the message: the caller owns it. nil for an empty item and the second time.
func (m *Message) TakeMemory(handle uint64) OOL { return nil }

// RightArray is the out-of-line array of rights with a handle, a part of the message: the caller takes a right by
// setting its element to the zero Right.
func (m *Message) RightArray(handle uint64) []Right { return nil }

// TakeReply takes the reply right out of the message, for a reply that comes later.
func (m *Message) TakeReply() Right { return Right{} }

// Free destroys the message and all rights and memory that it still carries.
func (m *Message) Free() {}

// Begin starts writing a body of at most size bytes. What the body held and carried is gone.
func (m *Message) Begin(size int) mig.Writer { return mig.Writer{} }

// PutRight puts a right (consumed) into the message and returns the handle that Writer.Port gets as its name.
func (m *Message) PutRight(r Right) mach.Name { return 0 }

// PutMemory puts out-of-line memory (consumed, may be nil) into the message and returns the handle that Writer.OutOfLine
// gets as its pointer.
func (m *Message) PutMemory(o OOL) uint64 { return 0 }

// PutRights puts an out-of-line array of rights (consumed) into the message and returns the handle that Writer.OutOfLine
// gets as its pointer; the item's elements have 32 bits.
func (m *Message) PutRights(rights []Right) uint64 { return 0 }

// Finish ends what Begin began; a message that did not fit becomes an error reply.
func (m *Message) Finish(w *mig.Writer) {}

// BeginReply turns a request around: it goes to its reply right, with the id of a reply, and w already holds the result
// Success. The body is written to w, at most size bytes behind the result; what the request still held is gone.
func (m *Message) BeginReply(size int) mig.Writer { return mig.Writer{} }

// FinishReply ends what BeginReply began and returns m for Serve to return, or nil if the request had no reply right.
func (m *Message) FinishReply(w *mig.Writer) *Message { return nil }

// ReplyCode turns a request into the reply that carries a result only, Success or an error, and returns it for Serve to
// return, or nil if the request had no reply right. For MIGNoReply it destroys the message and returns nil.
func (m *Message) ReplyCode(code mach.Return) *Message { return nil }

// OOL is out-of-line memory on its way: a copy of some memory that belongs to nobody's address space yet.
type OOL interface {
	Size() uint64 // bytes
	Discard()     // frees it, when it is not mapped into an address space
}

// UserMemory is a task's address space, as messages see it. kern adapts vm.Map to it.
type UserMemory interface {
	CopyIn(dst []byte, src mach.VirtAddr) error
	CopyOut(dst mach.VirtAddr, src []byte) error
	// CopyMapIn makes a copy of size bytes at addr, page aligned or not; with deallocate they leave the space.
	CopyMapIn(addr mach.VirtAddr, size uint64, deallocate bool) (OOL, error)
	// CopyMapOut maps a copy where there is room and consumes it on success.
	CopyMapOut(o OOL) (mach.VirtAddr, error)
	// NewOOL makes out-of-line memory from the kernel's bytes.
	NewOOL(data []byte) (OOL, error)
	// Deallocate removes what was copied with CopyIn.
	Deallocate(addr mach.VirtAddr, size uint64) error
}

// Waiter is one thread's place in the queues of ipc, embedded in the thread. One thread waits for one thing at a time.
type Waiter struct {
	Owner any // the thread: set once by kern, not used here
}

// Waiting reports whether the thread waits for a message or for room in a queue.
func (w *Waiter) Waiting() bool { return false }

// Timeout is how long the thread may wait, in milliseconds; false if for ever. Valid while it waits.
func (w *Waiter) Timeout() (milliseconds uint32, ok bool) { return 0, false }

// Expire ends the wait because its time is over, Interrupt because of thread_abort: the thread is runnable, and Resume
// says what mach_msg returns. They do nothing if it does not wait. Wake is not called.
func (w *Waiter) Expire() {}

// Interrupt is like Expire, for thread_abort.
func (w *Waiter) Interrupt() {}

// Cancel ends the wait of a thread that is destroyed: a message it wanted to send or had received is destroyed too.
func (w *Waiter) Cancel() {}

// HandOff is the receiver that got the message which this thread sent in Msg or Resume, once; nil if none waited. Wake was
// not called for it: the caller runs it now or later.
func (w *Waiter) HandOff() *Waiter { return nil }

// MsgArgs are the arguments of mach_msg.
type MsgArgs struct {
	Addr     mach.VirtAddr
	Option   mach.Option
	SendSize uint32
	RcvSize  uint32
	RcvName  mach.Name
	Timeout  uint32 // milliseconds
	Notify   mach.Name
}

// Msg does mach_msg for the thread of w, whose address space is mem and whose names are s. done: it returned code. Not
// done: the thread waits (Timeout says how long), until Wake is called for w or one of Expire, Interrupt and Cancel is
// called; then kern calls Resume in its turn.
func (s *Space) Msg(mem UserMemory, w *Waiter, a *MsgArgs) (code mach.Return, done bool) {
	return 0, false
}

// Resume continues a mach_msg whose wait is over: it puts a received message into mem, or goes on to receive. Results are
// those of Msg.
func (s *Space) Resume(mem UserMemory, w *Waiter) (code mach.Return, done bool) { return 0, false }

// Space is a task's table of names.
type Space struct{}

// Destroy gives up all rights of the space: the task has died. Threads that wait must have been cancelled before.
func (s *Space) Destroy() {}

// Active reports whether the space was not destroyed.
func (s *Space) Active() bool { return false }

// Insert gives the space a right (consumed) under the name that mach_msg would choose: the name it has for the port already, or
// the lowest free one. Null and dead rights give their names, as does a right to a dead port; a failure (no room:
// ResourceShortage) releases the right.
func (s *Space) Insert(r Right) (mach.Name, mach.Return) { return 0, 0 }

// Lookup is the port that name denotes in the space by a send, send-once or receive right, without a right to it: it is valid until
// the next operation. nil if there is none. For kernel traps that take names.
func (s *Space) Lookup(name mach.Name) *Port { return nil }

// LookupSend makes a copy of the send right that name denotes (made from the receive right if there is only that).
func (s *Space) LookupSend(name mach.Name) (Right, mach.Return) { return Right{}, 0 }

// Extract takes a right out of the space, as a message with disposition would (mach_port_extract_right). InvalidName, InvalidRight,
// InvalidValue.
func (s *Space) Extract(name mach.Name, disposition mach.MsgType) (Right, mach.Return) {
	return Right{}, 0
}

// InsertName gives the space a right (consumed on Success only) under a name of the caller's choice (mach_port_insert_right).
func (s *Space) InsertName(name mach.Name, r Right) mach.Return { return 0 }

// Allocate makes a right of a kind: RightReceive, RightPortSet or RightDeadName (mach_port_allocate).
func (s *Space) Allocate(right mach.Right) (mach.Name, mach.Return) { return 0, 0 }

// AllocateName is Allocate with a name of the caller's choice.
func (s *Space) AllocateName(right mach.Right, name mach.Name) mach.Return { return 0 }

// Deallocate gives up one user reference (mach_port_deallocate).
func (s *Space) Deallocate(name mach.Name) mach.Return { return 0 }

// DestroyName gives up all rights of a name (mach_port_destroy).
func (s *Space) DestroyName(name mach.Name) mach.Return { return 0 }

// ModRefs changes the number of user references of one right (mach_port_mod_refs).
func (s *Space) ModRefs(name mach.Name, right mach.Right, delta int32) mach.Return { return 0 }

// GetRefs is the number of user references of one right (mach_port_get_refs).
func (s *Space) GetRefs(name mach.Name, right mach.Right) (uint32, mach.Return) { return 0, 0 }

// Type says what a name denotes (mach_port_type).
func (s *Space) Type(name mach.Name) (mach.PortType, mach.Return) { return 0, 0 }

// Names calls f for each name in use, in ascending order (mach_port_names).
func (s *Space) Names(f func(name mach.Name, t mach.PortType)) {}

// Len is the number of names in use.
func (s *Space) Len() int { return 0 }

// Rename moves a right to another name (mach_port_rename).
func (s *Space) Rename(from, to mach.Name) mach.Return { return 0 }

// MoveMember moves a receive right into a port set, or out of its set with after null (mach_port_move_member).
func (s *Space) MoveMember(member, after mach.Name) mach.Return { return 0 }

// SetMembers calls f for each member of a port set (mach_port_get_set_status).
func (s *Space) SetMembers(name mach.Name, f func(member mach.Name)) mach.Return { return 0 }

// RequestNotification is mach_port_request_notification. notify is a send-once right (consumed on Success only); the
// previous one is returned.
func (s *Space) RequestNotification(name mach.Name, id mach.MsgID, sync uint32, notify Right) (previous Right, code mach.Return) {
	return Right{}, 0
}

// SetQLimit is mach_port_set_qlimit.
func (s *Space) SetQLimit(name mach.Name, limit uint32) mach.Return { return 0 }

// SetMscount is mach_port_set_mscount.
func (s *Space) SetMscount(name mach.Name, count uint32) mach.Return { return 0 }

// SetSeqno is mach_port_set_seqno.
func (s *Space) SetSeqno(name mach.Name, seqno uint32) mach.Return { return 0 }

// SetPayload is mach_port_set_protected_payload, ClearPayload mach_port_clear_protected_payload.
func (s *Space) SetPayload(name mach.Name, payload uint64) mach.Return { return 0 }

// ClearPayload is mach_port_clear_protected_payload.
func (s *Space) ClearPayload(name mach.Name) mach.Return { return 0 }

// Status is a mach_port_status.
type Status struct {
	Set       mach.Name // the port set, or null
	Seqno     uint32
	Mscount   uint32
	QLimit    uint32
	Msgcount  uint32
	SendOnce  uint32 // number of send-once rights
	Send      bool   // there are send rights
	Destroyed bool   // a port-destroyed request is pending
	NoSenders bool   // a no-senders request is pending
}

// ReceiveStatus is mach_port_get_receive_status.
func (s *Space) ReceiveStatus(name mach.Name) (Status, mach.Return) { return Status{}, 0 }

// Stats counts what exists in a System.
type Stats struct {
	Ports, Names, Messages uint32
	Buffers                uint64 // bytes
}

// Stats counts what exists.
func (sys *System) Stats() Stats { return Stats{} }

// Check verifies the invariants of the spaces, which are all that exist, and of every port and message they can reach. held
// lists the rights that the kernel holds outside of spaces and messages.
func (sys *System) Check(spaces []*Space, held []Right) error { return nil }
