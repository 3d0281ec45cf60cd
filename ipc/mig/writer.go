package mig

import (
	"encoding/binary"

	"defpager/mach"
)

// Writer lays items into a caller's buffer, one after the other.
//
// A message that does not fit is not written beyond the buffer: Err is then MIGArrayTooLarge, and stays so.
type Writer struct {
	buf []byte // the message from its header on
	n   int    // bytes written
	err mach.Return
}

// NewWriter writes a message into buf, which is 8-byte aligned in the address space it is sent from. The header's place is
// left out: SetHeader fills it in.
func NewWriter(buf []byte) Writer {
	w := Writer{buf: buf, n: mach.HeaderSize}
	if len(buf) < mach.HeaderSize {
		w.fail()
	}
	return w
}

// Reset begins again in the same buffer.
func (w *Writer) Reset() {
	w.n = mach.HeaderSize
	w.err = mach.Success
}

// Err is Success as long as everything fitted.
func (w *Writer) Err() mach.Return { return w.err }

// Len is the size of the message so far, in bytes, header included.
func (w *Writer) Len() int {
	if w.err != mach.Success {
		return 0
	}
	return w.n
}

// Message is the message so far.
func (w *Writer) Message() []byte { return w.buf[:w.Len()] }

// SetHeader fills in the header, its size being what was written so far, and returns the message: it is called last.
func (w *Writer) SetHeader(bits mach.HeaderBits, remote, local mach.Name, id mach.MsgID) []byte {
	if w.err != mach.Success {
		return nil
	}
	PutHeader(w.buf, mach.Header{Bits: bits, Size: uint32(w.n), Remote: uint64(remote), Local: uint64(local), ID: int32(id)})
	return w.buf[:w.n]
}

func (w *Writer) fail() {
	w.err = mach.MIGArrayTooLarge
	w.n = len(w.buf) // nothing fits any more
}

// reserve makes room for n bytes, a multiple of 8, and returns it.
func (w *Writer) reserve(n int) []byte {
	if n < 0 || len(w.buf)-w.n < n {
		w.fail()
		return nil
	}
	b := w.buf[w.n : w.n+n]
	w.n += n
	return b
}

// Words makes room for n items of one word and returns the place, 16 bytes for each: a descriptor and a word, for the caller to fill. nil: there is no room.
func (w *Writer) Words(n int) []byte { return w.reserve(16 * n) }

func (w *Writer) word(t mach.Type, v uint64) {
	n := w.n
	if n > len(w.buf)-16 {
		w.fail()
		return
	}
	w.n = n + 16
	b := w.buf[n : n+16]
	binary.LittleEndian.PutUint64(b, uint64(t))
	binary.LittleEndian.PutUint64(b[8:], v)
}

// RetCode writes the result that a reply begins with.
func (w *Writer) RetCode(code mach.Return) { w.word(typeInteger32, uint64(uint32(code))) }

// Int32 writes an int, a natural_t or another 32-bit integer.
func (w *Writer) Int32(v int32) { w.word(typeInteger32, uint64(uint32(v))) }

// Uint32 writes the same as Int32.
func (w *Writer) Uint32(v uint32) { w.word(typeInteger32, uint64(v)) }

// Int64 writes an address, a size, an offset or another 64-bit integer.
func (w *Writer) Int64(v int64) { w.word(typeInteger64, uint64(v)) }

// Uint64 writes the same as Int64.
func (w *Writer) Uint64(v uint64) { w.word(typeInteger64, v) }

// Bool writes a boolean_t.
func (w *Writer) Bool(v bool) {
	var n uint32
	if v {
		n = 1
	}
	w.BoolBits(n)
}

// BoolBits writes a boolean_t whose bits say more.
func (w *Writer) BoolBits(v uint32) { w.word(typeBoolean, uint64(v)) }

// Name writes a mach_port_name_t, which carries no right.
func (w *Writer) Name(name mach.Name) { w.word(typePortName, uint64(name)) }

// Port writes one right with a disposition such as MsgMakeSend. The message must have the Complex bit.
func (w *Writer) Port(disposition mach.MsgType, name mach.Name) {
	w.word(mach.Type(disposition)|typePort, uint64(name))
}

// Bytes writes inline data of number elements of size bits each; data shorter than that are padded with zero.
func (w *Writer) Bytes(name mach.MsgType, size uint16, number uint32, data []byte) {
	copy(w.Space(name, size, number), data)
}

// Space writes the descriptor of number inline elements of size bits each and returns the place of the data, zeroed and
// for the caller to fill.
func (w *Writer) Space(name mach.MsgType, size uint16, number uint32) []byte {
	return w.Inline(mach.InlineType(name, size, number))
}

// Inline writes the descriptor t of inline data, such as mach.ArrayType makes, and returns the place of the data, zeroed.
func (w *Writer) Inline(t mach.Type) []byte {
	n := (uint64(t.ElementBits())*uint64(t.Number()) + 7) / 8
	padded := (n + 7) &^ 7
	if padded > uint64(len(w.buf)) {
		w.fail()
		return nil
	}
	b := w.reserve(8 + int(padded))
	if b == nil {
		return nil
	}
	binary.LittleEndian.PutUint64(b, uint64(t))
	b = b[8:]
	clear(b)
	return b[:n:n]
}

// OutOfLine writes an out-of-line item of number elements of size bits each at pointer; with deallocate they leave the
// sender's address space. The message must have the Complex bit.
func (w *Writer) OutOfLine(name mach.MsgType, size uint16, number uint32, pointer uint64, deallocate bool) {
	w.word(mach.OutOfLineType(name, size, number, deallocate), pointer)
}
