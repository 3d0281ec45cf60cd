package pc

import "defpager/board/pc/keyboard"

// keys is a keyboard behind an 8042, and what was typed there and not read yet. A nil keys is no keyboard.
type keys struct {
	decoder keyboard.Decoder
	typed   chan byte
}

// The 8042's status and commands (IBM PS/2 Hardware Interface Technical Reference, keyboard and auxiliary device controller).
const (
	portKeys = 0x60

	statusOutput = 1 << 0 // a byte can be read
	statusInput  = 1 << 1 // the last byte written is still there
	statusMouse  = 1 << 5 // what can be read is the mouse's

	commandRead   = 0x20
	commandWrite  = 0x60
	commandEnable = 0xae

	configInterrupt = 1 << 0
	configDisable   = 1 << 4
	configTranslate = 1 << 6 // to scan code set 1

	keyboardEnable = 0xf4
)

// patience is how often a register is read before its device counts as dead.
const patience = 100_000

// newKeys brings the keyboard from whatever state firmware left it in; nil if there is none.
func newKeys() *keys {
	if in8(portKeyboard) == 0xff {
		return nil
	}
	drainKeys()
	if !writeKeys(portKeyboard, commandRead) {
		return nil
	}
	config := byte(0)
	for range patience {
		if in8(portKeyboard)&statusOutput != 0 {
			config = in8(portKeys)
			break
		}
	}
	config = config&^configDisable | configInterrupt | configTranslate
	if !writeKeys(portKeyboard, commandWrite) || !writeKeys(portKeys, config) || !writeKeys(portKeyboard, commandEnable) || !writeKeys(portKeys, keyboardEnable) {
		return nil
	}
	const unread = 256
	return &keys{typed: make(chan byte, unread)}
}

// writeKeys writes to a port of the 8042 when it is ready; false if it never is.
func writeKeys(port uint16, b byte) bool {
	for range patience {
		if in8(portKeyboard)&statusInput == 0 {
			out8(port, b)
			return true
		}
	}
	return false
}

// drainKeys forgets what the firmware did not read.
func drainKeys() {
	for i := 0; i < patience && in8(portKeyboard)&statusOutput != 0; i++ {
		in8(portKeys)
	}
}

// poll takes what was typed and reports whether that is something. What nobody reads is lost.
func (k *keys) poll() (typed bool) {
	if k == nil {
		return false
	}
	for i := 0; i < patience; i++ {
		status := in8(portKeyboard)
		if status&statusOutput == 0 {
			break
		}
		code := in8(portKeys)
		if status&statusMouse != 0 {
			continue
		}
		text := k.decoder.Key(code)
		for i := range len(text) {
			select {
			case k.typed <- text[i]:
				typed = true
			default:
			}
		}
	}
	return typed
}

// read takes bytes that were typed, as many as there are and have room.
func (k *keys) read(p []byte) (n int) {
	if k == nil {
		return 0
	}
	for n < len(p) {
		select {
		case p[n] = <-k.typed:
			n++
		default:
			return n
		}
	}
	return n
}
