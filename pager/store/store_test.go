package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"

	"golang.org/x/sys/cpu"
	"pgregory.net/rapid"
)

// fixture is an area on a RAM disk whose bytes the test can reach.
type fixture struct {
	*Area
	mem    board.Memory
	frames *frame.Allocator
	part   mach.PhysAddr
}

type fatal interface{ Fatal(args ...any) }

func newFixture(t fatal, runs ...Run) *fixture { return newFixtureWith(t, Quickest, runs...) }

func newFixtureWith(t fatal, with Cipher, runs ...Run) *fixture {
	const size = 8 << 20
	f := &fixture{mem: board.Simulated(size)}
	f.frames = frame.New(f.mem, make([]frame.Desc, size>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: size - mach.PageSize}})
	var err error
	if f.part, err = f.frames.AllocOrder(mach.SuperShift - mach.PageShift); err != nil {
		t.Fatal(err)
	}
	d := disk.NewRAM("ram0", f.mem, []mach.PhysAddr{f.part})
	if f.Area, err = New(Config{Name: "area", Disk: d, Runs: runs, Mem: f.mem, Frames: f.frames, Random: rand.Reader, Cipher: with}); err != nil {
		t.Fatal(err)
	}
	return f
}

// onDisk is what the disk holds of a slot.
func (f *fixture) onDisk(slot uint32) []byte {
	_, block := f.place(int(slot))
	return f.mem.Bytes(f.part+mach.PhysAddr(block)<<mach.PageShift, mach.PageSize)
}

func (f *fixture) write(t fatal, first uint32, pages ...[]byte) {
	done := errors.New("nobody called done")
	if !f.Write(first, pages, func(err error) { done = err }) {
		t.Fatal("the write was not taken")
	}
	if f.Poll(); done != nil {
		t.Fatal(done)
	}
}

func (f *fixture) read(t fatal, slot uint32) ([]byte, error) {
	page := make([]byte, mach.PageSize)
	done := errors.New("nobody called done")
	if !f.Read(slot, [][]byte{page}, func(err error) { done = err }) {
		t.Fatal("the read was not taken")
	}
	f.Poll()
	return page, done
}

func filled(b byte) []byte { return bytes.Repeat([]byte{b}, mach.PageSize) }

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixtureWith(t, rapid.SampledFrom([]Cipher{Quickest, AESGCM, ChaCha20Poly1305}).Draw(t, "cipher"), Run{400, 20}, Run{7, 33}, Run{40, 1}, Run{511, 1}, Run{60, 45})
		model := map[uint32]byte{}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				first, n := f.Allocate(rapid.IntRange(1, 40).Draw(t, "pages"))
				var pages [][]byte
				for i := range n {
					b := rapid.Byte().Draw(t, "value")
					if _, ok := model[first+uint32(i)]; ok {
						t.Fatalf("slot %d was given twice", first+uint32(i))
					}
					model[first+uint32(i)] = b
					pages = append(pages, filled(b))
				}
				if n == 0 {
					if len(model) != 100 {
						t.Fatalf("no slot is free of %d", 100-len(model))
					}
					return
				}
				f.write(t, first, pages...)
			},
			"read": func(t *rapid.T) {
				for slot, b := range model {
					if got, err := f.read(t, slot); err != nil || !bytes.Equal(got, filled(b)) {
						t.Fatalf("slot %d: %v", slot, err)
					}
				}
			},
			"release": func(t *rapid.T) {
				slot := uint32(rapid.IntRange(0, 99).Draw(t, "slot"))
				if _, ok := model[slot]; ok {
					f.Release(slot)
					delete(model, slot)
				}
			},
			"": func(t *rapid.T) {
				if f.Room() != 100-len(model) {
					t.Fatalf("room for %d, %d are taken", f.Room(), len(model))
				}
			},
		})
	})
}

func TestNothingIsReadableOnTheDisk(t *testing.T) { ciphers(t, testNothingIsReadableOnTheDisk) }

func testNothingIsReadableOnTheDisk(t *testing.T, with Cipher) {
	f := newFixtureWith(t, with, Run{0, 512})
	first, n := f.Allocate(2)
	if n != 2 {
		t.Fatal(n)
	}
	secret := bytes.Repeat([]byte("a secret of a task that is dead "), mach.PageSize/32)
	f.write(t, first, secret, secret)
	if all := f.mem.Bytes(f.part, mach.SuperSize); bytes.Contains(all, []byte("a secret")) {
		t.Error("the page is on the disk as it was")
	}
	if bytes.Equal(f.onDisk(first), f.onDisk(first+1)) {
		t.Error("equal pages look the same on the disk")
	}
	f.Release(first)
	if _, err := f.read(t, first); !errors.Is(err, ErrUnused) {
		t.Errorf("a slot that was released reads: %v", err)
	}
}

func TestWrongPagesAreErrors(t *testing.T) { ciphers(t, testWrongPagesAreErrors) }

func testWrongPagesAreErrors(t *testing.T, with Cipher) {
	for name, spoil := range map[string]func(f *fixture, old []byte){
		"flipped": func(f *fixture, _ []byte) { f.onDisk(0)[100] ^= 1 },
		"torn":    func(f *fixture, _ []byte) { clear(f.onDisk(0)[512:]) },
		"moved":   func(f *fixture, _ []byte) { copy(f.onDisk(0), f.onDisk(1)) },
		"old":     func(f *fixture, old []byte) { copy(f.onDisk(0), old) },
	} {
		f := newFixtureWith(t, with, Run{0, 512})
		f.Allocate(2)
		f.write(t, 0, filled(1), filled(1))
		old := bytes.Clone(f.onDisk(0))
		f.write(t, 0, filled(1))
		spoil(f, old)
		if page, err := f.read(t, 0); !errors.Is(err, ErrCorrupt) || !bytes.Equal(page, filled(0)) {
			t.Errorf("%s: %v", name, err)
		}
		if page, err := f.read(t, 1); err != nil || !bytes.Equal(page, filled(1)) {
			t.Errorf("%s: the page beside it: %v", name, err)
		}
	}
}

// ciphers runs a test with each cipher.
func ciphers(t *testing.T, test func(t *testing.T, with Cipher)) {
	if !hardwareAES() {
		t.Error("this processor has no AES: half of the test is missing")
	}
	t.Run("AES-GCM", func(t *testing.T) { test(t, AESGCM) })
	t.Run("ChaCha20-Poly1305", func(t *testing.T) { test(t, ChaCha20Poly1305) })
}

// The cipher is the one that takes less time by the clock, if the processor has instructions for both.
func TestQuickest(t *testing.T) {
	aes, pclmulqdq := cpu.X86.HasAES, cpu.X86.HasPCLMULQDQ
	defer func() { cpu.X86.HasAES, cpu.X86.HasPCLMULQDQ = aes, pclmulqdq }()
	// clock goes on by so much each second look: while a page is sealed. The first of all takes long, as somebody else had the processor.
	clock := func(gcm, chacha int64) func() int64 {
		looks, time := 0, int64(0)
		return func() int64 {
			switch looks++; {
			case looks == 2:
				time += 1e9
			case looks%2 == 0 && looks <= 8:
				time += gcm
			case looks%2 == 0:
				time += chacha
			}
			return time
		}
	}
	for _, c := range []struct {
		hardware bool
		now      func() int64
		want     Cipher
	}{
		{true, clock(3000, 10000), AESGCM},
		{true, clock(300000, 100000), ChaCha20Poly1305},
		{true, clock(5, 5), AESGCM},
		{true, nil, AESGCM},
		{false, clock(3000, 10000), ChaCha20Poly1305},
		{false, nil, ChaCha20Poly1305},
	} {
		cpu.X86.HasAES, cpu.X86.HasPCLMULQDQ = c.hardware, c.hardware
		if got, err := quickest(c.now); got != c.want || err != nil {
			t.Errorf("with AES %v: %v, %v; want %v", c.hardware, got, err, c.want)
		}
	}
	if f := newFixtureWith(t, ChaCha20Poly1305, Run{0, 512}); f.Cipher() != ChaCha20Poly1305 {
		t.Errorf("the area has %v", f.Cipher())
	}
}

func TestAllocatesNothing(t *testing.T) { ciphers(t, testAllocatesNothing) }

func testAllocatesNothing(t *testing.T, with Cipher) {
	f := newFixtureWith(t, with, Run{0, 512})
	page, bufs := filled(1), [][]byte{make([]byte, mach.PageSize)}
	pages := [][]byte{page}
	done := func(error) {}
	if n := testing.AllocsPerRun(100, func() {
		slot, _ := f.Allocate(1)
		f.Write(slot, pages, done)
		f.Poll()
		f.Read(slot, bufs, done)
		f.Poll()
		f.Release(slot)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// vast is a disk of 32 TiB.
type vast struct{ disk.Disk }

func (vast) Blocks() disk.Block { return 1 << 33 }

func TestBounds(t *testing.T) {
	f := newFixture(t, Run{0, 512})
	taken := f.frames.Stats().Taken
	for _, runs := range [][]Run{
		nil, {{0, 0}}, {{513, 1}}, {{0, 513}}, {{1, 512}}, {{512, 1}}, {{1, 1<<64 - 1}}, {{1<<64 - 1, 2}}, {{0, 5}, {4, 1}}, {{7, 1}, {5, 10}}, {{0, 1}, {9, 0}},
	} {
		if _, err := New(Config{Disk: f.disk, Runs: runs, Mem: f.mem, Frames: f.frames, Random: rand.Reader}); !errors.Is(err, disk.ErrRange) {
			t.Errorf("%v: %v", runs, err)
		}
	}
	if err := Valid(vast{}, []Run{{0, 1 << 30}, {1 << 32, 1<<30 + 1}}); !errors.Is(err, disk.ErrRange) {
		t.Errorf("more blocks than there are slots: %v", err)
	}
	if err := Valid(vast{}, []Run{{0, 1 << 30}, {1 << 32, 1 << 30}}); err != nil {
		t.Errorf("as many blocks as there are slots: %v", err)
	}
	hoard, err := f.frames.Reserve(f.frames.Stats().Free - 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Disk: f.disk, Runs: []Run{{0, 512}}, Mem: f.mem, Frames: f.frames, Random: rand.Reader}); mach.Code(err) != mach.ResourceShortage {
		t.Errorf("without memory: %v", err)
	}
	hoard.Release()
	if now := f.frames.Stats().Taken; now != taken {
		t.Errorf("%d frames are taken, %d before", now, taken)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, with := range []Cipher{AESGCM, ChaCha20Poly1305} {
		b.Run(with.String(), func(b *testing.B) {
			f := newFixtureWith(b, with, Run{0, 512})
			var pages [][]byte
			for i := range 1 << clusterOrder {
				pages = append(pages, filled(byte(i)))
			}
			b.SetBytes(int64(len(pages)) * mach.PageSize)
			first, n := f.Allocate(len(pages))
			for b.Loop() {
				if n != len(pages) || !f.Write(first, pages, func(error) {}) {
					b.Fatal("the write was not taken")
				}
				f.Poll()
			}
		})
	}
}
