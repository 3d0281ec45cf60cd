package mig

import (
	"encoding/binary"

	"defpager/mach"
)

// Array is an argument of varying length: inline, or out of line in memory of its own.
type Array struct {
	Data       []byte // the elements, inline; of a received message: a part of it
	Pointer    uint64 // out of line: where the elements are, in the kernel a handle. Data is nil then
	Count      uint32 // elements
	Deallocate bool   // out of line and sent: the memory leaves the sender
}

// OutOfLine reports whether the elements lie outside the message.
func (a Array) OutOfLine() bool { return a.Data == nil && (a.Pointer != 0 || a.Count != 0) }

// Varying reads an array of varying length whose descriptor but for the count is want: an inline one means at most limit elements inline; with the
// long form (MIG's array[]) out-of-line ones will do too; otherwise they must be out of line, and as many as the descriptor says if it
// has a count. An element is multiplier elements of the descriptor.
func (r *Reader) Varying(want mach.Type, limit, multiplier uint32) Array {
	t := r.Peek()
	n := t.Number()
	if n%multiplier != 0 {
		r.fail()
		return Array{}
	}
	if t.Inline() && want.Inline() {
		if n/multiplier > limit || t&^numberMask != want&^(mach.TypeLongForm|numberMask) {
			r.fail()
			return Array{}
		}
		return Array{Data: r.data(t), Count: n / multiplier}
	}
	if want.Inline() && want&mach.TypeLongForm == 0 {
		r.fail()
		return Array{}
	}
	size := uint16(want.ElementBits())
	if want.Name().IsPort() {
		size = 32
	}
	p, n := r.OutOfLine(want.Name(), size)
	if number := want.Number(); number != 0 && n != number {
		r.fail()
		return Array{}
	}
	return Array{Pointer: p, Count: n / multiplier}
}

const numberMask mach.Type = 0xffffffff << 32

// Varying writes an array as Varying of Reader reads it. Inline elements beyond limit are MIGArrayTooLarge.
func (w *Writer) Varying(want mach.Type, limit, multiplier uint32, a Array) {
	d := want &^ numberMask
	if a.OutOfLine() || !want.Inline() {
		if want.Inline() && want&mach.TypeLongForm == 0 || a.Data != nil {
			w.fail()
			return
		}
		if want.Name().IsPort() {
			d = d&^(0xffff<<8) | 32<<8
		}
		if a.Deallocate {
			d |= mach.TypeDeallocate
		}
		w.word(d&^mach.TypeInline|mach.Type(a.Count*multiplier)<<32, a.Pointer)
		return
	}
	if a.Count > limit || uint64(a.Count)*uint64(multiplier)*uint64(want.ElementBits())/8 != uint64(len(a.Data)) {
		w.fail()
		return
	}
	copy(w.Inline(d|mach.Type(a.Count*multiplier)<<32), a.Data)
}

// Bits is Complex for an array that goes out of line.
func (a Array) Bits() mach.HeaderBits {
	if a.OutOfLine() {
		return mach.Complex
	}
	return 0
}

// CString reads a string that lies in the item with the descriptor want: one that varies in its length (number 0) of at most limit bytes, or one of
// a fixed size. The result ends before the first null byte, and is a part of the message.
func (r *Reader) CString(want mach.Type, limit uint32) []byte {
	t := r.Peek()
	var b []byte
	switch {
	case want.Number() != 0:
		if t != want&^mach.TypeLongForm {
			r.fail()
			return nil
		}
		b = r.data(t)
	default:
		b, _ = r.Array(want.Name(), uint16(want.ElementBits()), limit)
	}
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// CString writes a string as CString of Reader reads it, with a null byte behind it; what does not fit is cut off, as mig_strncpy does.
func (w *Writer) CString(want mach.Type, limit uint32, s []byte) {
	room := int(limit)
	if len(s) > room-1 {
		s = s[:room-1]
	}
	if want.Number() == 0 {
		want |= mach.Type(len(s)+1) << 32
	}
	copy(w.Inline(want), s)
}

// Fixed reads inline data with exactly the descriptor want, and returns their place in the message.
func (r *Reader) Fixed(want mach.Type) []byte {
	want &^= mach.TypeLongForm
	if r.Peek() != want {
		r.fail()
		return nil
	}
	return r.data(want)
}

// Word reads one word of at most 64 bits with the descriptor want: a 16-bit number, a character, a floating-point number.
func (r *Reader) Word(want mach.Type) uint64 {
	b := r.Fixed(want)
	var v [8]byte
	copy(v[:], b)
	return binary.LittleEndian.Uint64(v[:])
}

// Word writes one word of at most 64 bits with the descriptor t.
func (w *Writer) Word(t mach.Type, v uint64) { w.word(t, v) }
