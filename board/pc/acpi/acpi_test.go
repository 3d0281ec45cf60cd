package acpi

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

// put writes a table with a right length and sum at p.
func put(mem *board.Memory, p mach.PhysAddr, signature string, size int, fill func(b []byte)) {
	b := mem.Bytes(p, uint64(size))
	copy(b, signature)
	le.PutUint32(b[4:], uint32(size))
	if fill != nil {
		fill(b)
	}
	sum := byte(0)
	b[9] = 0
	for _, c := range b {
		sum += c
	}
	b[9] = -sum
}

// q35 is a machine with the ports of QEMU's q35 and a microvm's sleep register besides.
func q35() *board.Memory {
	mem := board.Simulated(64 << 10)
	put(&mem, 0x1000, "RSDT", headerSize+12, func(b []byte) {
		le.PutUint32(b[headerSize:], 0x2000)
		le.PutUint32(b[headerSize+4:], 0x3000)
		le.PutUint32(b[headerSize+8:], 0xfffffff0) // outside memory
	})
	put(&mem, 0x2000, "FACP", 268, func(b []byte) {
		le.PutUint32(b[fadtDSDT:], 0x4000)
		le.PutUint32(b[fadtCommand:], 0xb2)
		b[fadtEnable] = 2
		le.PutUint32(b[fadtPM1a:], 0x604)
		le.PutUint32(b[fadtTimer:], 0x608)
		le.PutUint32(b[fadtFlags:], flagResetReg)
		b[fadtReset] = 1
		le.PutUint64(b[fadtReset+4:], 0xcf9)
		b[fadtResetTo] = 0xf
	})
	put(&mem, 0x3000, "APIC", 44+8+8+12+10, func(b []byte) {
		copy(b[44:], []byte{
			0, 8, 0, 0, 1, 0, 0, 0, // enabled
			0, 8, 1, 1, 0, 0, 0, 0, // not enabled
			1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
			2, 10, 0, 4, 20, 0, 0, 0, 0, 0,
		})
	})
	put(&mem, 0x4000, "DSDT", headerSize+32, func(b []byte) {
		copy(b[headerSize:], "\x08_S5_?\x08_S5_\x12\x06\x04\x0a\x05\x00\x00\x00")
	})
	return &mem
}

func TestReadFindsWhatTheKernelNeeds(t *testing.T) {
	got := Read(q35(), 0x1000, false)
	want := Tables{
		Power:      Power{PM1a: 0x604, TypeA: 5, Command: 0xb2, CommandEnables: 2},
		Reset:      Register{0xcf9, true},
		ResetValue: 0xf,
		IOAPIC:     0xfec00000,
		COM1:       Interrupt{20, true},
		Processors: 1,
		PMTimer:    0x608,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadSkipsDamagedTables(t *testing.T) {
	mem := q35()
	mem.Bytes(0x2010, 1)[0]++ // the sum of the FADT is wrong now
	if got := Read(mem, 0x1000, false); got.Power != (Power{}) || got.Processors != 1 {
		t.Errorf("got %+v", got)
	}
	if got := Read(mem, 0x1000, true); got != (Tables{}) {
		t.Errorf("an RSDT read as an XSDT gave %+v", got)
	}
}

func FuzzRead(f *testing.F) {
	mem := q35()
	f.Add(append([]byte(nil), mem.Bytes(0x1000, 0x4000)...), false)
	f.Add([]byte("XSDT"), true)
	f.Fuzz(func(t *testing.T, b []byte, wide bool) {
		mem := board.Simulated(32 << 10)
		copy(mem.Bytes(0x1000, 0x7000), b)
		// Right sums let the fuzzer past the first check.
		for _, p := range []mach.PhysAddr{0x1000, 0x2000, 0x3000, 0x4000} {
			if size := le.Uint32(mem.Bytes(p+4, 4)); size >= headerSize && size <= 0x1000 {
				put(&mem, p, string(mem.Bytes(p, 4)), int(size), nil)
			}
		}
		Read(&mem, 0x1000, wide)
	})
}
