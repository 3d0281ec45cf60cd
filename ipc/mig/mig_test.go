package mig

import (
	"encoding/hex"
	"strings"
	"testing"

	"defpager/mach"
)

// The bytes on the wire, descriptor by descriptor.
func TestWire(t *testing.T) {
	w := NewWriter(make([]byte, 256))
	w.RetCode(mach.Success)
	w.Int64(-2)
	w.Bool(true)
	w.Port(mach.MsgMakeSend, 7)
	w.Name(9)
	w.Bytes(mach.MsgByte, 8, 5, []byte("bytes"))
	w.OutOfLine(mach.MsgByte, 8, 4096, 0x1000, true)
	msg := w.SetHeader(mach.Bits(mach.MsgMoveSendOnce, 0)|mach.Complex, 3, 0, 2375)
	want := strings.Join([]string{
		"1200008090000000", "0300000000000000", "0000000000000000", "0000000047090000",
		"0220002001000000", "0000000000000000",
		"0b40002001000000", "feffffffffffffff",
		"0020002001000000", "0100000000000000",
		"1440002001000000", "0700000000000000",
		"0f20002001000000", "0900000000000000",
		"0908002005000000", "6279746573000000",
		"090800c000100000", "0010000000000000",
	}, "")
	if got := hex.EncodeToString(msg); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	h := GetHeader(msg)
	if h.Size != uint32(len(msg)) || h.ID != 2375 || h.Remote != 3 {
		t.Fatalf("header %+v", h)
	}
	r := NewReplyReader(msg[mach.HeaderSize:])
	if r.RetCode() != mach.Success || r.Int64() != -2 || !r.Bool() {
		t.Fatal("numbers are wrong")
	}
	if name, d := r.PolyPort(); name != 7 || d != mach.MsgMakeSend {
		t.Fatalf("port %d as %d", name, d)
	}
	if r.Name() != 9 || string(r.Bytes(mach.MsgByte, 8, 5)) != "bytes" {
		t.Fatal("name or bytes are wrong")
	}
	if p, n := r.OutOfLine(mach.MsgByte, 8); p != 0x1000 || n != 4096 || r.End() != mach.Success {
		t.Fatalf("pointer %#x, %d elements, %v", p, n, r.End())
	}
}

// Whatever is not exactly as demanded is an error, which sticks.
func TestMismatch(t *testing.T) {
	body := func(f func(w *Writer)) []byte {
		w := NewWriter(make([]byte, 256))
		f(&w)
		return w.Message()[mach.HeaderSize:]
	}
	number := body(func(w *Writer) { w.Int32(1) })
	array := body(func(w *Writer) { w.Space(mach.MsgByte, 8, 20) })
	for name, c := range map[string]struct {
		body []byte
		read func(r *Reader)
	}{
		"empty":               {nil, func(r *Reader) { r.Int32() }},
		"another type":        {number, func(r *Reader) { r.Int64() }},
		"a name, not a right": {number, func(r *Reader) { r.PolyPort() }},
		"cut":                 {number[:8], func(r *Reader) { r.Int32() }},
		"a descriptor only":   {number[:8], func(r *Reader) { r.OutOfLine(mach.MsgByte, 8) }},
		"too much":            {number, func(*Reader) {}},
		"too many elements":   {array, func(r *Reader) { r.Array(mach.MsgByte, 8, 19) }},
		"cut data":            {array[:24], func(r *Reader) { r.Array(mach.MsgByte, 8, 20) }},
		"inline":              {array, func(r *Reader) { r.OutOfLine(mach.MsgByte, 8) }},
		"huge": {body(func(w *Writer) { w.word(mach.InlineType(mach.MsgByte, 0xffff, ^uint32(0)), 0) }), func(r *Reader) {
			r.Array(mach.MsgByte, 0xffff, ^uint32(0))
		}},
	} {
		r := NewReader(c.body)
		c.read(&r)
		if code := r.End(); code != mach.MIGBadArguments {
			t.Errorf("%s: %v", name, code)
		}
		if r.Int32() != 0 || r.Err() != mach.MIGBadArguments {
			t.Errorf("%s: the error does not stick", name)
		}
	}
	r := NewReader(array)
	if b, n := r.Array(mach.MsgByte, 8, 20); len(b) != 20 || n != 20 || r.End() != mach.Success {
		t.Fatalf("%d bytes, %d elements, %v", len(b), n, r.End())
	}
}

func TestWriterThatIsFull(t *testing.T) {
	w := NewWriter(make([]byte, 47))
	w.Int32(1)
	if w.Err() != mach.MIGArrayTooLarge || w.SetHeader(0, 1, 0, 1) != nil {
		t.Fatal("wrote beyond the buffer")
	}
	w.Space(mach.MsgByte, 0xffff, ^uint32(0))
	if w.Err() != mach.MIGArrayTooLarge || w.Len() != 0 {
		t.Fatal("the error does not stick")
	}
	w = NewWriter(make([]byte, 16))
	if w.Err() == mach.Success {
		t.Fatal("no room for a header")
	}
}

// An array of a fixed length is exactly so long, out of line too; one that must come inline does not come otherwise, however long it may be.
func TestVaryingIsAsDemanded(t *testing.T) {
	w := NewWriter(make([]byte, 256))
	w.OutOfLine(mach.MsgInteger32, 32, 4, 0x1000, false)
	body := w.Message()[mach.HeaderSize:]
	four := mach.OutOfLineType(mach.MsgInteger32, 32, 4, false)
	for name, c := range map[string]struct {
		want mach.Type
		code mach.Return
	}{
		"four":            {four, mach.Success},
		"any number":      {mach.OutOfLineType(mach.MsgInteger32, 32, 0, false), mach.Success},
		"five":            {mach.OutOfLineType(mach.MsgInteger32, 32, 5, false), mach.MIGBadArguments},
		"inline":          {mach.InlineType(mach.MsgInteger32, 32, 0), mach.MIGBadArguments},
		"inline and long": {mach.InlineType(mach.MsgInteger32, 32, 0) | mach.TypeLongForm, mach.Success},
	} {
		r := NewReader(body)
		if a := r.Varying(c.want, 100, 1); r.End() != c.code || c.code == mach.Success && (a.Count != 4 || a.Pointer != 0x1000) {
			t.Errorf("%s: %+v, %v", name, a, r.End())
		}
	}
}
