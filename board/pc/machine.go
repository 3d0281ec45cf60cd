package pc

import (
	"encoding/binary"
	"io"
	"time"

	"defpager/board"
	"defpager/board/pc/acpi"
	"defpager/board/pc/screen"
	"defpager/mach"

	"github.com/usbarmory/tamago/soc/intel/ioapic"
	"github.com/usbarmory/tamago/soc/intel/rtc"
)

var le = binary.LittleEndian

// Machine is the PC that runs the image.
type Machine struct {
	clock   clock
	timer   timer
	random  random
	console console
	tables  acpi.Tables
}

// calibrate finds the frequencies of the time stamp counter and of the timer, and sets the wall clock.
func (m *Machine) calibrate() {
	m.timer.enable()
	m.timer.free()
	if spans := watchPIT(m.timer.left); spans != nil {
		s := agreed(spans)
		m.clock.set(s.tsc*pitHz/s.pit, "PIT")
		m.timer.hz = s.timer * pitHz / s.pit
	} else {
		hz, source := frequencyByCPUID(), "CPUID"
		if hz == 0 {
			hz, source = 2_000_000_000, assumed
		}
		m.clock.set(hz, source)
		// The timer against the counter, for a millisecond.
		t, l := rdtsc(), m.timer.left()
		for rdtsc()-t < hz/1000 {
		}
		m.timer.hz = uint64(l-m.timer.left()) * 1000
	}
	m.timer.tick(0)
	if t, err := (&rtc.RTC{Location: time.UTC}).Now(); err == nil && t.Year() >= 2000 && t.Year() < 2200 {
		m.clock.offset = t.UnixNano() - m.clock.nanoseconds(rdtsc())
	}
}

// Show makes a screen part of the console, with the keyboard.
func (m *Machine) Show(t *screen.Terminal) {
	// In text mode the adapter shows a cursor of its own, where the loader left it (IBM VGA Technical Reference, cursor start register).
	const cursorStart, off = 0x0a, 0x20
	out8(portCRTC, cursorStart)
	out8(portCRTC+1, off)
	m.console.screen = t
	m.console.keys = newKeys()
}

// Start makes serial port and keyboard interrupt when input comes. ReadACPI should run before: it knows where interrupts arrive.
func (m *Machine) Start() {
	m.console.port.EnableInterrupt(m.console.ready)
	m.interrupt(irqCOM1, m.tables.COM1)
	if m.console.keys != nil {
		m.interrupt(irqKeyboard, m.tables.Keyboard)
	}
}

// interrupt lets an ISA interrupt through, at the line where the tables say that it arrives.
func (m *Machine) interrupt(line int, elsewhere acpi.Interrupt) {
	base := uint32(ioapicBase)
	if m.tables.IOAPIC != 0 {
		base = uint32(m.tables.IOAPIC)
	}
	if elsewhere.Override {
		line = int(elsewhere.Global)
	}
	(&ioapic.IOAPIC{Base: base}).EnableInterrupt(line, board.VectorInput)
}

// Console is the serial port, and the screen and keyboard of Show. Reads wait; writes are complete when they return. It is safe for one reader and one writer.
func (m *Machine) Console() io.ReadWriter { return &m.console }

// Tick makes vector board.VectorTick interrupt at every period, at most 4 s; 0 stops it. While the processor rests there are no ticks.
func (m *Machine) Tick(period time.Duration) { m.timer.tick(int64(period)) }

// Message is what a device writes, and where, to make vector interrupt this processor (Intel SDM volume 3, 11.11).
func (m *Machine) Message(vector uint8) (at mach.PhysAddr, data uint32) {
	const messages, idShift = 0xfee00000, 12
	return messages | mach.PhysAddr(m.timer.id())<<idShift, uint32(vector)
}

// Poll looks at the devices and wakes the goroutines that wait for them. It must be called after interrupts: by the
// dispatcher for those that came while a program ran, by Serve for those that ended the processor's rest.
func (m *Machine) Poll() { m.console.poll() }

// Serve polls the devices for ever, each time wait returns: that is whenever an interrupt ended the processor's rest.
func (m *Machine) Serve(wait func()) {
	for {
		wait()
		m.Poll()
	}
}

// Elapsed is the time between two readings of the time stamp counter.
func (m *Machine) Elapsed(from, to uint64) time.Duration {
	return time.Duration(m.clock.nanoseconds(to - from))
}

// Counter reads the time stamp counter.
func (m *Machine) Counter() uint64 { return rdtsc() }

// Hz is the frequency of the time stamp counter, and what it was calibrated with.
func (m *Machine) Hz() (hz uint64, source string) { return m.clock.hz, m.clock.source }

// Random is random numbers without end, from that source. Reads never fail.
func (m *Machine) Random() io.Reader { return &m.random }

// RandomSource names the source of random numbers, for the user.
func (m *Machine) RandomSource() string { return m.random.source() }

// Processor is the processor's name.
func (m *Machine) Processor() string { return brand() }
