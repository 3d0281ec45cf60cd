// Package acpi reads the few things from ACPI's tables that the kernel needs: how to power off and reset, where the I/O APIC
// is, how many processors there are. It interprets no AML; only the package _S5 is looked for, byte by byte.
//
// Tables are input from outside: lengths, sums and addresses are checked, and what is damaged counts as missing. Section
// numbers are those of the ACPI specification 6.5.
package acpi

import (
	"bytes"
	"encoding/binary"

	"defpager/board"
	"defpager/mach"
)

// Tables is what was found. Zero values mean that the machine has no such thing.
type Tables struct {
	Power      Power
	Reset      Register
	ResetValue uint8
	IOAPIC     mach.PhysAddr // of the controller that serves global interrupt 0
	Keyboard   Interrupt     // where ISA interrupt 1 arrives
	COM1       Interrupt     // where ISA interrupt 4 does
	Processors int           // enabled ones
	PMTimer    uint16        // port of the 3.58 MHz timer
}

// Power says how to switch off.
type Power struct {
	PM1a, PM1b     uint16   // control ports, 4.8.3.2.1
	TypeA, TypeB   uint8    // SLP_TYP for the state S5
	Sleep          Register // the control register of machines without those ports, 4.8.3.7
	Command        uint16   // SMI command port and the value that switches to ACPI mode; 0: always in it
	CommandEnables uint8
}

// Register is a generic address, 5.2.3.2, of byte width.
type Register struct {
	Address uint64 // 0: there is none
	Port    bool   // an I/O port, else memory
}

// Interrupt is an input of the I/O APIC.
type Interrupt struct {
	Global   uint32
	Override bool // an entry says so; else ISA numbers and global numbers agree
}

const (
	headerSize = 36      // 5.2.6
	maxTable   = 4 << 20 // larger ones are not believed
)

var le = binary.LittleEndian

// Read walks over the tables from the root: the RSDT or, if wide, the XSDT.
func Read(mem *board.Memory, root mach.PhysAddr, wide bool) Tables {
	var t Tables
	signature, size := "RSDT", 4
	if wide {
		signature, size = "XSDT", 8
	}
	list := table(mem, root, signature)
	for off := headerSize; off+size <= len(list); off += size {
		at := mach.PhysAddr(le.Uint32(list[off:]))
		if wide {
			at = mach.PhysAddr(le.Uint64(list[off:]))
		}
		t.fadt(mem, table(mem, at, "FACP"))
		t.madt(table(mem, at, "APIC"))
	}
	return t
}

// table returns the table at p if it has that signature and a right sum, else nil.
func table(mem *board.Memory, p mach.PhysAddr, signature string) []byte {
	if p == 0 || p >= mem.Limit() || uint64(mem.Limit()-p) < headerSize {
		return nil
	}
	b := mem.Bytes(p, headerSize)
	size := uint64(le.Uint32(b[4:]))
	if string(b[:4]) != signature || size < headerSize || size > maxTable || size > uint64(mem.Limit()-p) {
		return nil
	}
	b = mem.Bytes(p, size)
	sum := byte(0)
	for _, c := range b {
		sum += c
	}
	if sum != 0 {
		return nil
	}
	return b
}

// Fields of the fixed description table, 5.2.9, by byte offset.
const (
	fadtDSDT      = 40
	fadtCommand   = 48
	fadtEnable    = 52
	fadtPM1a      = 64
	fadtPM1b      = 68
	fadtTimer     = 76
	fadtFlags     = 112
	fadtReset     = 116
	fadtResetTo   = 128
	fadtWideDSDT  = 140
	fadtSleep     = 244
	fadtMinSize   = 116
	flagResetReg  = 1 << 10
	flagReduced   = 1 << 20
	registerBytes = 12
)

func (t *Tables) fadt(mem *board.Memory, b []byte) {
	if len(b) < fadtMinSize {
		return
	}
	flags := le.Uint32(b[fadtFlags:])
	if flags&flagReduced == 0 {
		t.Power.PM1a, t.Power.PM1b = uint16(le.Uint32(b[fadtPM1a:])), uint16(le.Uint32(b[fadtPM1b:]))
		t.Power.Command, t.Power.CommandEnables = uint16(le.Uint32(b[fadtCommand:])), b[fadtEnable]
		t.PMTimer = uint16(le.Uint32(b[fadtTimer:]))
	}
	if flags&flagResetReg != 0 && len(b) > fadtResetTo {
		t.Reset, t.ResetValue = register(b[fadtReset:]), b[fadtResetTo]
	}
	if len(b) >= fadtSleep+registerBytes {
		t.Power.Sleep = register(b[fadtSleep:])
	}
	dsdt := table(mem, mach.PhysAddr(le.Uint32(b[fadtDSDT:])), "DSDT")
	if dsdt == nil && len(b) >= fadtWideDSDT+8 {
		dsdt = table(mem, mach.PhysAddr(le.Uint64(b[fadtWideDSDT:])), "DSDT")
	}
	var ok bool
	if t.Power.TypeA, t.Power.TypeB, ok = sleepTypes(dsdt); !ok {
		t.Power = Power{}
	}
}

// register reads a generic address. Only memory and ports are of use.
func register(b []byte) Register {
	const memory, port = 0, 1
	if space := b[0]; space != memory && space != port {
		return Register{}
	}
	return Register{Address: le.Uint64(b[4:]), Port: b[0] == port}
}

// sleepTypes finds Name (_S5, Package () {a, b, ...}) in AML, 7.4.2 and 20.2: the values that switch the machine off.
func sleepTypes(aml []byte) (a, b uint8, ok bool) {
	const packageOp, bytePrefix = 0x12, 0x0a
	for rest := aml; ; {
		i := bytes.Index(rest, []byte("_S5_"))
		if i < 0 {
			return 0, 0, false
		}
		rest = rest[i+4:]
		if len(rest) < 2 || rest[0] != packageOp {
			continue
		}
		// The length takes one byte and as many more as its two highest bits say; the number of elements follows.
		p := rest[min(len(rest), 3+int(rest[1]>>6)):]
		var values [2]uint8
		n := 0
		for ; n < 2 && len(p) > 0; n++ {
			if p[0] == bytePrefix && len(p) > 1 {
				p = p[1:]
			}
			values[n] = p[0] & 7 // ZeroOp and OneOp stand for themselves
			p = p[1:]
		}
		if n == 2 {
			return values[0], values[1], true
		}
	}
}

// madt reads the interrupt controllers, 5.2.12.
func (t *Tables) madt(b []byte) {
	const (
		first      = 44
		localAPIC  = 0
		ioAPIC     = 1
		override   = 2
		localX2    = 9
		enabled    = 1
		isaKeys    = 1
		isaCOM1    = 4
		shortest   = 2
		apicSize   = 8
		ioSize     = 12
		fromSize   = 10
		x2APICSize = 16
	)
	if len(b) < first {
		return
	}
	for rest := b[first:]; len(rest) >= shortest && int(rest[1]) >= shortest && int(rest[1]) <= len(rest); rest = rest[rest[1]:] {
		e := rest[:rest[1]]
		switch {
		case e[0] == localAPIC && len(e) >= apicSize && e[4]&enabled != 0,
			e[0] == localX2 && len(e) >= x2APICSize && e[8]&enabled != 0:
			t.Processors++
		case e[0] == ioAPIC && len(e) >= ioSize && le.Uint32(e[8:]) == 0:
			t.IOAPIC = mach.PhysAddr(le.Uint32(e[4:]))
		case e[0] == override && len(e) >= fromSize && e[3] == isaKeys:
			t.Keyboard = Interrupt{Global: le.Uint32(e[4:]), Override: true}
		case e[0] == override && len(e) >= fromSize && e[3] == isaCOM1:
			t.COM1 = Interrupt{Global: le.Uint32(e[4:]), Override: true}
		}
	}
}
