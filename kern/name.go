package kern

import "bytes"

// nameMax is the most bytes of a task's or thread's name, with the null byte behind it (kernel_debug_name_t).
const nameMax = 64

// cString is the text before the first null byte, without what would upset a terminal.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	b = b[:min(len(b), nameMax-1)]
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, b))
}
