package pc

import (
	"time"
	"unsafe"

	"defpager/board"
	"defpager/board/pc/acpi"
	"defpager/mach"
)

// exitSuccess is the value that isa-debug-exit turns into exit status 33 (2*value + 1), which launchers take for success. Smaller
// values are failures.
const exitSuccess = 0x10

// Bits of PM1_CNT and of the sleep control register (ACPI specification, tables 4.17 and 4.24).
const (
	pm1Enabled  = 1 << 0
	pm1Type     = 10
	pm1TypeMask = 7 << pm1Type
	pm1Sleep    = 1 << 13

	sleepType   = 2
	sleepEnable = 1 << 5
)

// ReadACPI learns from ACPI's tables how to end the machine and where interrupts arrive, and the clock's frequency if nothing else
// told it. It must run before the frames that hold the tables are unmapped; without it PowerOff and Reboot know fewer ways.
func (m *Machine) ReadACPI(mem *board.Memory, root mach.PhysAddr, wide bool) acpi.Tables {
	m.tables = acpi.Read(mem, root, wide)
	if m.clock.source == assumed && m.tables.PMTimer != 0 {
		if hz := countPM(m.tables.PMTimer); hz != 0 {
			m.timer.hz = m.timer.hz * (hz / 1000) / (m.clock.hz / 1000)
			m.clock.correct(hz, "ACPI timer")
		}
	}
	return m.tables
}

// PowerOff switches the machine off, or ends the virtual machine with success. It does not return.
func (m *Machine) PowerOff() {
	debugExit(exitSuccess)
	m.softOff()
	// Machines without ACPI, such as a microvm, end at a reset when they are told not to start again.
	tripleFault()
}

// softOff enters the sleep state S5 if ACPI said how.
func (m *Machine) softOff() {
	p := &m.tables.Power
	if p.Sleep.Address != 0 {
		write8(p.Sleep, p.TypeA<<sleepType|sleepEnable)
		m.wait()
	}
	if p.PM1a == 0 {
		return
	}
	if p.Command != 0 && in16(p.PM1a)&pm1Enabled == 0 {
		out8(p.Command, p.CommandEnables)
		for i := 0; i < 1000 && in16(p.PM1a)&pm1Enabled == 0; i++ {
			m.wait()
		}
	}
	out16(p.PM1a, in16(p.PM1a)&^pm1TypeMask|uint16(p.TypeA)<<pm1Type|pm1Sleep)
	if p.PM1b != 0 {
		out16(p.PM1b, in16(p.PM1b)&^pm1TypeMask|uint16(p.TypeB)<<pm1Type|pm1Sleep)
	}
	m.wait()
}

// Exit ends the machine after a program: with code 0 it powers off; else the virtual machine reports failure, and real hardware
// stops with its last words on the screen. It does not return.
func (m *Machine) Exit(code int) {
	if code == 0 {
		m.PowerOff()
	}
	Halt(code)
}

// Halt ends the virtual machine with a failure (exit status 2*code + 1, for codes from 1 to 15), or stops the processor for
// good. It needs nothing of the machine, so that a handler of faults may call it. It does not return.
func Halt(code int) {
	debugExit(uint32(min(max(code, 1), exitSuccess-1)))
	stop()
}

// debugExit ends QEMU if it has the device isa-debug-exit. A port without a device reads as all ones.
func debugExit(value uint32) {
	if in8(portExit) != 0xff {
		out32(portExit, value)
	}
}

// Reboot starts the machine anew. It does not return.
func (m *Machine) Reboot() {
	if m.tables.Reset.Address != 0 {
		write8(m.tables.Reset, m.tables.ResetValue)
		m.wait()
	}
	const pulseReset = 0xfe // 8042: the reset line
	out8(portKeyboard, pulseReset)
	m.wait()
	tripleFault()
}

// write8 writes a register of ACPI's.
func write8(r acpi.Register, v uint8) {
	if r.Port {
		out8(uint16(r.Address), v)
		return
	}
	*(*uint8)(unsafe.Add(unsafe.Pointer(nil), uintptr(r.Address))) = v
}

// wait gives hardware 10 ms to do what it was told.
func (m *Machine) wait() {
	for from := rdtsc(); m.Elapsed(from, rdtsc()) < 10*time.Millisecond; {
	}
}
