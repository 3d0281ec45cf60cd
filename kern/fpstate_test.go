package kern

import (
	"testing"

	"pgregory.net/rapid"

	"defpager/board"
)

// area makes an FPU area as XSAVE writes it, with random registers.
func area(t *rapid.T, size int) board.FPU {
	f := board.FPU(rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "area"))
	le.PutUint32(f[fxMXCSR:], 0x1f80)
	le.PutUint32(f[fxMask:], 0)
	if size >= xHeaderEnd {
		clear(f[xHeader:xHeaderEnd])
		f[xHeader] = 3
	}
	return f
}

// What one flavor shows, set again, leaves the registers as they were.
func TestFloatStates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{fxSize, xHeaderEnd, xAVXEnd}).Draw(t, "size")
		f := area(t, size)
		var b [4096]byte
		floatState(f, b[:])
		g := area(t, size)
		setFloatState(g, b[:])
		var c [4096]byte
		floatState(g, c[:])
		// The tags of registers whose contents are the same are the same.
		if b != c {
			t.Fatalf("FLOAT: %x, then %x", b[:floatBytes], c[:floatBytes])
		}
		xfloatState(f, b[:])
		setXFloatState(g, b[:])
		if string(g[fxStack:fxSize]) != string(f[fxStack:fxSize]) || string(g[:fxMXCSR]) != string(f[:fxMXCSR]) {
			t.Fatal("XFLOAT: the registers are not what was set")
		}
	})
}

// Nothing that ring 3 sets makes XRSTOR fault in ring 0: reserved bits of MXCSR, unknown components, the compacted format.
func TestXFloatIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{fxSize, xHeaderEnd, xAVXEnd}).Draw(t, "size")
		f := area(t, size)
		b := rapid.SliceOfN(rapid.Byte(), xfloatImage+size, xfloatImage+size).Draw(t, "state")
		setXFloatState(f, b)
		if v := le.Uint32(f[fxMXCSR:]); v&^usualMXCSR != 0 {
			t.Fatalf("MXCSR is %#x", v)
		}
		if size < xHeaderEnd {
			return
		}
		if v := le.Uint64(f[xHeader:]); v&^7 != 0 || v&3 != 3 || size < xAVXEnd && v != 3 {
			t.Fatalf("components %#x in %d bytes", v, size)
		}
		for i, v := range f[xHeader+8 : xHeaderEnd] {
			if v != 0 {
				t.Fatalf("byte %d of the header is %#x", i+8, v)
			}
		}
	})
}

// The tags of FSAVE, register by register.
func TestTags(t *testing.T) {
	f := make(board.FPU, fxSize)
	f[fxTags] = 0b1111_0000
	le.PutUint16(f[fxStatus:], 4<<11) // physical register 4 is the top
	for st, v := range []struct {
		exponent uint16
		mantissa uint64
	}{{0x3fff, 1 << 63}, {0, 0}, {0x7fff, 1 << 63}, {0x3fff, 1}} {
		le.PutUint64(f[fxStack+16*st:], v.mantissa)
		le.PutUint16(f[fxStack+16*st+8:], v.exponent)
	}
	if tags := fullTags(f); tags != 0b10_10_01_00_11_11_11_11 {
		t.Fatalf("tags %016b", tags)
	}
}
