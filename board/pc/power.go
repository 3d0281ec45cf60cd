package pc

// power ends the machine.
type power struct{}

// exitSuccess is the value that isa-debug-exit turns into exit status 33 (value*2 + 1), which launchers take for success.
const exitSuccess = 0x10

// Exit ends the machine after a Go program: with status 0 it powers off, else it reports failure where it can. It does not
// return.
func (m *Machine) Exit(code int) {
	value := uint32(exitSuccess)
	if code != 0 {
		value = uint32(min(max(code, 1), exitSuccess-1))
	}
	m.debugExit(value)
	m.halt()
}

// debugExit ends QEMU if it has the device isa-debug-exit. A port without a device reads as all ones.
func (m *Machine) debugExit(value uint32) {
	if in8(portExit) != 0xff {
		out32(portExit, value)
	}
}

// halt stops for good.
func (m *Machine) halt() {
	tripleFault()
}

// Reboot starts the machine anew. It does not return.
func (m *Machine) Reboot() {
	const pulseReset = 0xfe // 8042: the reset line
	out8(portKeyboard, pulseReset)
	for range 1_000_000 {
		in8(portKeyboard)
	}
	tripleFault()
}
