package mach

// Name is a mach_port_name_t: a task's name for one of its rights.
type Name uint32

// Names with a meaning of their own.
const (
	NameNull Name = 0
	NameDead Name = ^Name(0)
)

// Right is a mach_port_right_t.
type Right uint32

// Rights (mach/port.h).
const (
	RightSend Right = iota
	RightReceive
	RightSendOnce
	RightPortSet
	RightDeadName
)

// PortType is a mach_port_type_t: the set of rights that a name denotes, and pending requests.
type PortType uint32

// Port types: 1 << (right + 16), and the request bits.
const (
	TypeSend      PortType = 1 << (RightSend + 16)
	TypeReceive   PortType = 1 << (RightReceive + 16)
	TypeSendOnce  PortType = 1 << (RightSendOnce + 16)
	TypePortSet   PortType = 1 << (RightPortSet + 16)
	TypeDeadName  PortType = 1 << (RightDeadName + 16)
	TypeDNRequest PortType = 0x80000000
	TypeMARequest PortType = 0x40000000
)

// Queue limits of a port, in messages.
const (
	QLimitDefault = 5
	QLimitMax     = 16
)

// MsgType is a mach_msg_type_name_t: the type of an item, or the disposition of a port right.
type MsgType uint8

// Types and dispositions (mach/message.h).
const (
	MsgBoolean          MsgType = 0
	MsgInteger16        MsgType = 1
	MsgInteger32        MsgType = 2
	MsgChar             MsgType = 8
	MsgByte             MsgType = 9
	MsgReal             MsgType = 10
	MsgInteger64        MsgType = 11
	MsgString           MsgType = 12
	MsgPortName         MsgType = 15
	MsgMoveReceive      MsgType = 16
	MsgMoveSend         MsgType = 17
	MsgMoveSendOnce     MsgType = 18
	MsgCopySend         MsgType = 19
	MsgMakeSend         MsgType = 20
	MsgMakeSendOnce     MsgType = 21
	MsgProtectedPayload MsgType = 23

	// What a receiver sees.
	MsgPortReceive  = MsgMoveReceive
	MsgPortSend     = MsgMoveSend
	MsgPortSendOnce = MsgMoveSendOnce
)

// IsPort reports whether t is the disposition of a port right.
func (t MsgType) IsPort() bool { return t >= MsgMoveReceive && t <= MsgMakeSendOnce }

// Header is a mach_msg_header_t as it lies in memory: 32 bytes, little endian.
type Header struct {
	Bits   HeaderBits
	Size   uint32 // bytes, header included; filled in on receive
	Remote uint64 // sent: destination; received: reply right. The name is in the low 32 bits
	Local  uint64 // sent: reply right; received: destination, or the protected payload
	Seqno  uint32 // filled in on receive
	ID     int32
}

// HeaderSize is the size of a Header in bytes, and the smallest message.
const HeaderSize = 32

// HeaderBits is the first word of a header.
type HeaderBits uint32

// Complex marks a message that carries port rights or out-of-line memory in its body.
const Complex HeaderBits = 1 << 31

// Bits composes header bits from the two dispositions.
func Bits(remote, local MsgType) HeaderBits { return HeaderBits(remote) | HeaderBits(local)<<8 }

// Remote is the disposition of the remote port.
func (b HeaderBits) Remote() MsgType { return MsgType(b) }

// Local is the disposition of the local port.
func (b HeaderBits) Local() MsgType { return MsgType(b >> 8) }

// Type is a mach_msg_type_t, the 8-byte descriptor before each item: the name in bits 0-7, the bits of one element in
// bits 8-23, 5 unused bits, inline (29), longform (30), deallocate (31), then the number of elements in the upper half.
type Type uint64

// Bits of a Type.
const (
	TypeInline     Type = 1 << 29
	TypeLongForm   Type = 1 << 30
	TypeDeallocate Type = 1 << 31
	TypeUnused     Type = 0x1f << 24

	TypeElementBits Type = 0xffff << 8
)

// InlineType is the descriptor of number inline elements of size bits each.
func InlineType(name MsgType, size uint16, number uint32) Type {
	return Type(name) | Type(size)<<8 | TypeInline | Type(number)<<32
}

// ArrayType is the descriptor of an inline array whose length MIG's language leaves open: array[] of T. Stubs demand the long form for it,
// as they do for all out-of-line arrays and for elements of more than 255 bits, although it says nothing on x86_64.
func ArrayType(name MsgType, size uint16, number uint32) Type {
	return InlineType(name, size, number) | TypeLongForm
}

// OutOfLineType is the descriptor of an array of number elements of size bits each, to which a pointer follows.
func OutOfLineType(name MsgType, size uint16, number uint32, deallocate bool) Type {
	t := Type(name) | Type(size)<<8 | Type(number)<<32 | TypeLongForm
	if deallocate {
		t |= TypeDeallocate
	}
	return t
}

// Name is the type name of the elements.
func (t Type) Name() MsgType { return MsgType(t) }

// ElementBits is the size of one element in bits.
func (t Type) ElementBits() uint32 { return uint32(t>>8) & 0xffff }

// Number is the number of elements.
func (t Type) Number() uint32 { return uint32(t >> 32) }

// Inline reports whether the data follow the descriptor.
func (t Type) Inline() bool { return t&TypeInline != 0 }

// Deallocate reports whether out-of-line data leave the sender's address space.
func (t Type) Deallocate() bool { return t&TypeDeallocate != 0 }

// Option is a set of mach_msg options.
type Option uint32

// Options of mach_msg (mach/message.h).
const (
	OptSend          Option = 0x1
	OptRcv           Option = 0x2
	OptSendTimeout   Option = 0x10
	OptSendNotify    Option = 0x20
	OptSendInterrupt Option = 0x40
	OptSendCancel    Option = 0x80
	OptRcvTimeout    Option = 0x100
	OptRcvNotify     Option = 0x200
	OptRcvInterrupt  Option = 0x400
	OptRcvLarge      Option = 0x800
)
