package keyboard

import (
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name  string
		codes []byte
		want  string
	}{
		{"letters", []byte{0x1e, 0x9e, 0x30, 0xb0}, "ab"},
		{"digits and signs", []byte{0x02, 0x0b, 0x0c, 0x0d, 0x1a, 0x2b, 0x35, 0x39}, "10-=[\\/ "},
		{"held shift", []byte{0x2a, 0x1e, 0x02, 0x27, 0xaa, 0x1e}, "A!:a"},
		{"right shift", []byte{0x36, 0x2c, 0xb6, 0x2c}, "Zz"},
		{"caps lock is for letters", []byte{0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0x02, 0xaa, 0x3a, 0x1e}, "A1a!a"},
		{"control", []byte{0x1d, 0x2e, 0x26, 0x1a, 0x9d, 0x2e}, "\x03\x0c\x1bc"},
		{"right control", []byte{0xe0, 0x1d, 0x20, 0xe0, 0x9d, 0x20}, "\x04d"},
		{"enter, backspace, tab, escape", []byte{0x1c, 0x0e, 0x0f, 0x01}, "\r\x7f\t\x1b"},
		{"cursor keys", []byte{0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x50, 0xe0, 0x4d, 0xe0, 0x4b}, "\x1b[A\x1b[B\x1b[C\x1b[D"},
		{"home, end, delete", []byte{0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x53}, "\x1b[H\x1b[F\x1b[3~"},
		{"the other enter", []byte{0xe0, 0x1c, 0xe0, 0x9c, 0xe0, 0x35}, "\r/"},
		{"shifts that a keyboard makes up", []byte{0xe0, 0x2a, 0xe0, 0x48, 0x1e}, "\x1b[Aa"},
		{"pause", []byte{0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e}, "a"},
		{"function keys, alt", []byte{0x3b, 0x44, 0x57, 0x38, 0xb8}, ""},
		{"answers of the keyboard", []byte{0xfa, 0xfe, 0x1e}, "a"},
	} {
		var d Decoder
		var got strings.Builder
		for _, code := range c.codes {
			got.WriteString(d.Key(code))
		}
		if got.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.String(), c.want)
		}
	}
}

// FuzzKeys: no codes make it fail, and when all is released letters are letters.
func FuzzKeys(f *testing.F) {
	f.Add([]byte{0xe0, 0x48, 0xe1, 0x1d, 0x45})
	f.Fuzz(func(t *testing.T, codes []byte) {
		var d Decoder
		for _, code := range codes {
			d.Key(code)
		}
		for _, code := range []byte{0, 0, 0x9d, 0xaa, 0xb6} {
			d.Key(code)
		}
		if got := d.Key(0x1e); got != "a" && got != "A" {
			t.Errorf("the key a types %q", got)
		}
	})
}
