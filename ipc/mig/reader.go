package mig

import (
	"encoding/binary"

	"defpager/mach"
)

// Reader takes a message's items one after the other.
//
// Every method that finds another descriptor than it expects, or too few bytes, sets the error and returns zero; all
// later calls return zero too.
type Reader struct {
	body    []byte      // what is not read yet
	code    mach.Return // the error that a mismatch means
	err     mach.Return // first error, or Success
	bits    mach.HeaderBits
	checked bool // End compares bits with carries
	carries bool // a right or out-of-line memory was read
}

// NewReader reads a request's body: the bytes behind the header. Errors are MIGBadArguments.
func NewReader(body []byte) Reader { return Reader{body: body, code: mach.MIGBadArguments} }

// NewReplyReader reads a reply's body. Errors are MIGTypeError.
func NewReplyReader(body []byte) Reader { return Reader{body: body, code: mach.MIGTypeError} }

// Header gives the bits of the message's header to the reader: End then finds an error in a message that is said to be complex and carries neither
// rights nor out-of-line memory, and in one that carries some and is not.
func (r *Reader) Header(bits mach.HeaderBits) { r.bits, r.checked = bits, true }

// Reply takes a received reply apart: its header and its return code, behind which the Reader begins. An error's reply is a code and nothing
// else.
func Reply(msg []byte) (Reader, mach.Return) {
	const least = mach.HeaderSize + 16
	if len(msg) < least {
		return Reader{}, mach.MIGTypeError
	}
	size := binary.LittleEndian.Uint32(msg[4:])
	if size < least || uint64(size) > uint64(len(msg)) || binary.LittleEndian.Uint64(msg[mach.HeaderSize:]) != uint64(typeInteger32) {
		return Reader{}, mach.MIGTypeError
	}
	code := mach.Return(binary.LittleEndian.Uint32(msg[mach.HeaderSize+8:]))
	bits := mach.HeaderBits(binary.LittleEndian.Uint32(msg))
	if code != mach.Success && (size != least || bits&mach.Complex != 0) {
		return Reader{}, mach.MIGTypeError
	}
	return Reader{body: msg[least:size], code: mach.MIGTypeError, bits: bits, checked: true}, code
}

// Err is the first error, or Success.
func (r *Reader) Err() mach.Return { return r.err }

// End is the first error, and an error if anything is left to read: messages have exactly the size of their items.
func (r *Reader) End() mach.Return {
	if len(r.body) != 0 || r.checked && r.carries != (r.bits&mach.Complex != 0) {
		r.fail()
	}
	return r.err
}

func (r *Reader) fail() {
	if r.err == mach.Success {
		r.err = r.code
	}
	r.body = nil
}

// Peek is the next descriptor, which stays unread; zero at the end. The long-form bit is left out: clients' stubs set it or not, by the
// age of their MIG.
func (r *Reader) Peek() mach.Type {
	if len(r.body) < 8 {
		return 0
	}
	return mach.Type(binary.LittleEndian.Uint64(r.body)) &^ mach.TypeLongForm
}

// word reads an item whose data are one word of 8 bytes, padding included.
func (r *Reader) word(want mach.Type) uint64 {
	if len(r.body) < 16 || mach.Type(binary.LittleEndian.Uint64(r.body)) != want {
		r.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(r.body[8:])
	r.body = r.body[16:]
	return v
}

// Descriptors of the items that nearly all routines are made of.
const (
	typeInteger32 = mach.Type(mach.MsgInteger32) | 32<<8 | mach.TypeInline | 1<<32
	typeInteger64 = mach.Type(mach.MsgInteger64) | 64<<8 | mach.TypeInline | 1<<32
	typeBoolean   = mach.Type(mach.MsgBoolean) | 32<<8 | mach.TypeInline | 1<<32
	typePortName  = mach.Type(mach.MsgPortName) | 32<<8 | mach.TypeInline | 1<<32
	typePort      = 64<<8 | mach.TypeInline | 1<<32 // and a disposition
)

// Int32 reads an int, a natural_t, a kern_return_t or another 32-bit integer.
func (r *Reader) Int32() int32 { return int32(r.word(typeInteger32)) }

// Uint32 reads the same as Int32.
func (r *Reader) Uint32() uint32 { return uint32(r.word(typeInteger32)) }

// Int64 reads an address, a size, an offset or another 64-bit integer.
func (r *Reader) Int64() int64 { return int64(r.word(typeInteger64)) }

// Uint64 reads the same as Int64.
func (r *Reader) Uint64() uint64 { return r.word(typeInteger64) }

// Bool reads a boolean_t: any 32-bit value but 0 is true.
func (r *Reader) Bool() bool { return r.BoolBits() != 0 }

// BoolBits reads a boolean_t whose bits say more.
func (r *Reader) BoolBits() uint32 { return uint32(r.word(typeBoolean)) }

// Name reads a mach_port_name_t: a number that names a right of some task, not a right.
func (r *Reader) Name() mach.Name { return mach.Name(r.word(typePortName)) }

// RetCode reads the result that a reply begins with. A code other than Success ends such a reply: RetCode then checks
// that nothing follows.
func (r *Reader) RetCode() mach.Return {
	code := mach.Return(r.Int32())
	if r.err == mach.Success && code != mach.Success {
		r.End()
	}
	return code
}

// Port reads one right of the type that a receiver sees: MsgPortSend, MsgPortSendOnce or MsgPortReceive.
func (r *Reader) Port(want mach.MsgType) mach.Name {
	r.carries = true
	return mach.Name(r.word(mach.Type(want) | typePort))
}

// PolyPort reads one right of any type.
func (r *Reader) PolyPort() (mach.Name, mach.MsgType) {
	disposition := r.Peek().Name()
	if !disposition.IsPort() {
		r.fail()
		return mach.NameNull, 0
	}
	return r.Port(disposition), disposition
}

// Bytes reads inline data of exactly number elements of size bits each. The result is a part of the message.
func (r *Reader) Bytes(name mach.MsgType, size uint16, number uint32) []byte {
	return r.data(mach.InlineType(name, size, number))
}

// Array reads inline data of at most limit elements of size bits each, and says how many they are. The result is a part
// of the message.
func (r *Reader) Array(name mach.MsgType, size uint16, limit uint32) ([]byte, uint32) {
	t := r.Peek()
	if t.Number() > limit || t != mach.InlineType(name, size, t.Number()) {
		r.fail()
		return nil, 0
	}
	return r.data(t), t.Number()
}

func (r *Reader) data(t mach.Type) []byte {
	n := (uint64(t.ElementBits())*uint64(t.Number()) + 7) / 8
	padded := (n + 7) &^ 7
	if len(r.body) < 8 || uint64(len(r.body)-8) < padded || r.Peek() != t {
		r.fail()
		return nil
	}
	r.carries = r.carries || t.Name().IsPort()
	b := r.body[8 : 8+n : 8+n]
	r.body = r.body[8+padded:]
	return b
}

// OutOfLine reads an out-of-line item of elements of size bits each: its pointer (in the kernel: its handle), and how many
// they are. A sender's deallocate bit does not matter.
func (r *Reader) OutOfLine(name mach.MsgType, size uint16) (pointer uint64, number uint32) {
	t := r.Peek() &^ mach.TypeDeallocate
	if len(r.body) < 16 || t != mach.OutOfLineType(name, size, t.Number(), false)&^mach.TypeLongForm {
		r.fail()
		return 0, 0
	}
	r.carries = true
	pointer = binary.LittleEndian.Uint64(r.body[8:])
	r.body = r.body[16:]
	return pointer, t.Number()
}
