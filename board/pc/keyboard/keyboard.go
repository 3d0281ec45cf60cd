// Package keyboard turns the scan codes of a PC's keyboard, of set 1 and in the layout of the United States, into what a terminal sends.
package keyboard

// Decoder follows which keys are held.
type Decoder struct {
	shift, ctrl bool
	caps        bool
	extended    bool // behind 0xe0
	skip        int  // codes that say nothing, behind 0xe1
}

// Scan codes (IBM PS/2 Hardware Interface Technical Reference, keyboard, scan code set 1).
const (
	released    = 0x80
	prefix      = 0xe0
	pausePrefix = 0xe1

	codeControl    = 0x1d
	codeLeftShift  = 0x2a
	codeRightShift = 0x36
	codeCaps       = 0x3a
)

// What keys say by their codes, from 0 on; a zero says nothing. 0x7f is what a terminal's backspace key sends.
const (
	plain   = "\x00\x1b1234567890-=\x7f\tqwertyuiop[]\r\x00asdfghjkl;'`\x00\\zxcvbnm,./\x00*\x00 "
	shifted = "\x00\x1b!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\x00ASDFGHJKL:\"~\x00|ZXCVBNM<>?\x00*\x00 "
)

// Key takes a scan code and returns what it types: mostly nothing, or one character; a control sequence for a key that moves the cursor.
func (d *Decoder) Key(code byte) string {
	if d.skip > 0 {
		d.skip--
		return ""
	}
	switch code {
	case prefix:
		d.extended = true
		return ""
	case pausePrefix:
		d.skip = 2
		return ""
	}
	extended, down := d.extended, code&released == 0
	d.extended = false
	code &^= released
	switch {
	case code == codeControl:
		d.ctrl = down
		return ""
	case extended:
		if down {
			return extendedKey(code)
		}
		return ""
	case code == codeLeftShift, code == codeRightShift:
		d.shift = down
		return ""
	case !down || int(code) >= len(plain):
		if down && code == codeCaps {
			d.caps = !d.caps
		}
		return ""
	}
	return d.character(int(code))
}

// controls are the characters that keys type with the control key held, from '@' on.
const controls = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"

func (d *Decoder) character(code int) string {
	c := plain[code]
	letter := c >= 'a' && c <= 'z'
	switch {
	case c == 0:
		return ""
	case d.ctrl && letter, d.ctrl && c >= '[' && c <= ']':
		return controls[c&0x1f : c&0x1f+1]
	case d.shift != (d.caps && letter):
		return shifted[code : code+1]
	}
	return plain[code : code+1]
}

// extendedKey is what a key types whose code comes behind a prefix.
func extendedKey(code byte) string {
	switch code {
	case 0x1c:
		return "\r"
	case 0x35:
		return "/"
	case 0x47:
		return "\x1b[H"
	case 0x48:
		return "\x1b[A"
	case 0x4b:
		return "\x1b[D"
	case 0x4d:
		return "\x1b[C"
	case 0x4f:
		return "\x1b[F"
	case 0x50:
		return "\x1b[B"
	case 0x53:
		return "\x1b[3~"
	}
	return ""
}
