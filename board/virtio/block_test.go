package virtio

import (
	"bytes"
	"errors"
	"testing"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"

	"pgregory.net/rapid"
)

// device plays a disk: it reads the queue as the specification tells a device to, and answers when the test wants.
type device struct {
	t        fatal
	mem      board.Memory
	status   uint8
	features uint64
	accepted uint64
	queueMax int
	sectors  uint64

	size               int
	desc, avail, used  mach.PhysAddr
	seen               uint16 // how far it has read the driver's ring
	answers            uint16
	open               []uint16 // chains that it took and did not answer
	data               []byte
	failing, forgetful bool
	notices            int
	interrupts         bool // it can
	message            Message
}

type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (d *device) SetStatus(s uint8) {
	if s == 0 {
		d.open, d.size = nil, 0
	}
	d.status = s
}
func (d *device) Status() uint8    { return d.status }
func (d *device) Features() uint64 { return d.features }
func (d *device) Accept(f uint64)  { d.accepted = f }
func (d *device) QueueMax() int    { return d.queueMax }
func (d *device) Interrupt(m Message) bool {
	d.message = m
	return d.interrupts
}
func (d *device) Notify() { d.notices++ }
func (d *device) Config(offset uint32) uint32 {
	return uint32(d.sectors >> (8 * offset))
}

func (d *device) SetQueue(size int, descriptors, driver, device mach.PhysAddr) {
	d.size, d.desc, d.avail, d.used = size, descriptors, driver, device
}

func (d *device) memory(at mach.PhysAddr, n uint64) []byte { return d.mem.Bytes(at, n) }

// look takes the chains that the driver has put in its ring.
func (d *device) look() {
	if d.size == 0 {
		return
	}
	for index := le.Uint16(d.memory(d.avail+2, 2)); d.seen != index; d.seen++ {
		d.open = append(d.open, le.Uint16(d.memory(d.avail+4+2*mach.PhysAddr(int(d.seen)%d.size), 2)))
	}
}

// descriptor is one of a chain.
func (d *device) descriptor(i uint16) (data []byte, flags, next uint16) {
	b := d.memory(d.desc+16*mach.PhysAddr(i), 16)
	return d.memory(mach.PhysAddr(le.Uint64(b)), uint64(le.Uint32(b[8:]))), le.Uint16(b[12:]), le.Uint16(b[14:])
}

// answer carries out the open chain at i.
func (d *device) answer(i int) {
	head := d.open[i]
	d.open = append(d.open[:i], d.open[i+1:]...)
	header, flags, next := d.descriptor(head)
	if len(header) != 16 || flags != descriptorNext {
		d.t.Fatalf("the first descriptor has %d bytes, flags %d", len(header), flags)
	}
	data, flags, next := d.descriptor(next)
	kind, at := le.Uint32(header), le.Uint64(header[8:])*512
	result, resultFlags, _ := d.descriptor(next)
	if resultFlags != descriptorWrite || len(result) != 1 {
		d.t.Fatalf("the last descriptor has %d bytes, flags %d", len(result), resultFlags)
	}
	if at+uint64(len(data)) > uint64(len(d.data)) {
		d.t.Fatalf("a transfer of %d bytes at %d, of %d", len(data), at, len(d.data))
	}
	switch {
	case d.failing:
		result[0] = 1
	case kind == requestWrite && flags == descriptorNext:
		copy(d.data[at:], data)
		result[0] = 0
	case kind == requestRead && flags == descriptorNext|descriptorWrite:
		copy(data, d.data[at:])
		result[0] = 0
	default:
		d.t.Fatalf("request %d with flags %d", kind, flags)
	}
	if d.forgetful {
		result[0] = statusNone
	}
	d.reply(uint32(head))
}

func (d *device) reply(id uint32) {
	le.PutUint32(d.memory(d.used+4+8*mach.PhysAddr(int(d.answers)%d.size), 4), id)
	d.answers++
	le.PutUint16(d.memory(d.used+2, 2), d.answers)
}

type fixture struct {
	*Block
	d   *device
	now int64
}

const diskBlocks = 64

func newFixture(t fatal) *fixture {
	t.Helper()
	f := &fixture{d: &device{t: t, mem: board.Simulated(4 << 20), features: featureVersion1 | 1<<9, queueMax: 256, sectors: diskBlocks * 8, data: make([]byte, diskBlocks*mach.PageSize)}}
	var err error
	if f.Block, err = New("vda", f.d, f.d.mem, 2*mach.PageSize, func() int64 { return f.now }, Message{}); err != nil {
		t.Fatal(err)
	}
	if f.d.accepted != featureVersion1 || f.Blocks() != diskBlocks || f.d.status != 0xf {
		t.Fatalf("accepted %#x, %d blocks, status %#x", f.d.accepted, f.Blocks(), f.d.status)
	}
	return f
}

// buffer is memory for transfer i, of up to 8 blocks.
func (f *fixture) buffer(i, blocks int) []byte {
	return f.d.mem.Bytes(mach.PhysAddr(1<<20+i*8*mach.PageSize), uint64(blocks)*mach.PageSize)
}

// asked is a transfer that was started.
type asked struct {
	request disk.Request
	slot    int
	done    int
	err     error
}

func (f *fixture) ask(slot int, write bool, first disk.Block, data []byte) *asked {
	a := &asked{slot: slot, request: disk.Request{Write: write, First: first, Data: data}}
	a.request.Done = func(err error) { a.done++; a.err = err }
	if !f.Start(&a.request) {
		return nil
	}
	return a
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		model := make([]byte, diskBlocks) // what each block is full of
		var flying []*asked
		used := map[int]bool{}
		taken := map[disk.Block]bool{} // blocks that a transfer is about
		value := byte(0)
		settle := func(want error) {
			f.Poll()
			var left []*asked
			for _, a := range flying {
				if a.done == 0 {
					left = append(left, a)
					continue
				}
				if a.done != 1 || !errors.Is(a.err, want) {
					t.Fatalf("a transfer was done %d times, %v", a.done, a.err)
				}
				used[a.slot] = false
				for i := range len(a.request.Data) / mach.PageSize {
					at := a.request.First + disk.Block(i)
					taken[at] = false
					if got := a.request.Data[i*mach.PageSize:][:mach.PageSize]; a.err == nil {
						if a.request.Write {
							model[at] = got[0]
						} else if !bytes.Equal(got, bytes.Repeat([]byte{model[at]}, mach.PageSize)) {
							t.Fatalf("block %d is not what was written", at)
						}
					}
				}
			}
			flying = left
		}
		t.Repeat(map[string]func(*rapid.T){
			"start": func(t *rapid.T) {
				slot := 0
				for ; used[slot]; slot++ {
				}
				n := rapid.IntRange(1, 8).Draw(t, "blocks")
				first := disk.Block(rapid.IntRange(0, diskBlocks-n).Draw(t, "first"))
				for i := range n {
					if taken[first+disk.Block(i)] {
						return
					}
				}
				write := rapid.Bool().Draw(t, "write")
				data := f.buffer(slot, n)
				value++
				for i := range data {
					data[i] = value
				}
				a := f.ask(slot, write, first, data)
				if a == nil {
					if len(flying) != inFlight {
						t.Fatalf("no room with %d transfers", len(flying))
					}
					return
				}
				used[slot] = true
				for i := range n {
					taken[first+disk.Block(i)] = true
				}
				flying = append(flying, a)
			},
			"answer": func(t *rapid.T) {
				f.d.look()
				for range rapid.IntRange(0, len(f.d.open)).Draw(t, "answers") {
					f.d.answer(rapid.IntRange(0, len(f.d.open)-1).Draw(t, "which"))
				}
				settle(nil)
			},
			"fail": func(t *rapid.T) {
				settle(nil)
				f.d.look()
				f.d.failing = true
				for len(f.d.open) != 0 {
					f.d.answer(0)
				}
				f.d.failing = false
				settle(ErrDevice)
			},
			"time": func(*rapid.T) { f.now += 1e9; settle(nil) },
		})
		f.d.look()
		for len(f.d.open) != 0 {
			f.d.answer(0)
		}
		settle(nil)
		if len(flying) != 0 || f.gone {
			t.Fatalf("%d transfers are left, gone %v", len(flying), f.gone)
		}
	})
}

// A device that vanishes, keeps silent or talks nonsense ends every transfer with an error, and those that come later.
func TestTheDiskVanishes(t *testing.T) {
	for name, vanish := range map[string]func(f *fixture){
		"needs a reset":               func(f *fixture) { f.d.status |= statusNeedsReset; f.now += 11e6 },
		"is unplugged":                func(f *fixture) { f.d.status = 0xff; f.now += 11e6 },
		"was reset":                   func(f *fixture) { f.d.status = 0; f.now += 11e6 },
		"answers twice":               func(f *fixture) { f.d.look(); head := f.d.open[0]; f.d.answer(0); f.d.reply(uint32(head)) },
		"answers what is no transfer": func(f *fixture) { f.d.reply(1) },
		"answers beyond the queue":    func(f *fixture) { f.d.reply(1 << 31) },
		"is silent": func(f *fixture) {
			for range 400 {
				f.now += 100e6
				f.Poll()
			}
		},
	} {
		f := newFixture(t)
		var all []*asked
		for i := range 3 {
			all = append(all, f.ask(i, true, disk.Block(i), f.buffer(i, 1)))
		}
		f.Poll()
		vanish(f)
		f.Poll()
		f.now += 11e6
		f.Poll()
		all = append(all, f.ask(3, false, 1, f.buffer(3, 1)))
		f.Poll()
		good := 0
		for _, a := range all {
			if a.done != 1 {
				t.Errorf("%s: a transfer was done %d times", name, a.done)
			}
			if a.err == nil {
				good++
			} else if !errors.Is(a.err, ErrGone) {
				t.Errorf("%s: %v", name, a.err)
			}
		}
		if good > 1 || f.d.size != 0 || f.d.status != 0 && f.d.status != 0xff {
			t.Errorf("%s: %d transfers succeeded, status %#x", name, good, f.d.status)
		}
	}
}

// A machine that stood still for an hour has a disk as before.
func TestAPauseIsNoSilence(t *testing.T) {
	f := newFixture(t)
	a := f.ask(0, true, 0, f.buffer(0, 1))
	f.Poll()
	f.now += 3600e9
	f.Poll()
	f.d.look()
	f.d.answer(0)
	f.Poll()
	if a.done != 1 || a.err != nil {
		t.Errorf("done %d times, %v", a.done, a.err)
	}
}

func TestBounds(t *testing.T) {
	f := newFixture(t)
	for _, first := range []disk.Block{diskBlocks, diskBlocks - 1, 1 << 60, 1<<64 - 1} {
		a := f.ask(0, false, first, f.buffer(0, 2))
		if f.Poll(); a.done != 1 || !errors.Is(a.err, disk.ErrRange) {
			t.Errorf("two blocks at %d: done %d times, %v", first, a.done, a.err)
		}
	}
	f.d.look()
	if len(f.d.open) != 0 {
		t.Error("the device was asked")
	}
	f.d.forgetful = true
	a := f.ask(0, false, 0, f.buffer(0, 1))
	f.d.look()
	f.d.answer(0)
	if f.Poll(); !errors.Is(a.err, ErrDevice) {
		t.Errorf("a device that writes no answer: %v", a.err)
	}
}

func TestDevicesThatCannotBeUsed(t *testing.T) {
	for _, x := range []struct {
		features uint64
		queueMax int
		want     error
	}{
		{1 << 9, 256, errOld}, {featureVersion1 | featureReadOnly, 256, errReadOnly}, {featureVersion1, 64, errQueue},
	} {
		d := &device{t: t, mem: board.Simulated(1 << 20), features: x.features, queueMax: x.queueMax}
		if _, err := New("vda", d, d.mem, 2*mach.PageSize, func() int64 { return 0 }, Message{}); !errors.Is(err, x.want) || d.status != statusFailed {
			t.Errorf("%v, status %#x; want %v", err, d.status, x.want)
		}
	}
}

// A device that can interrupt is asked to, and only such a one; others are told that nobody listens.
func TestInterrupts(t *testing.T) {
	at := Message{At: 0xfee00000, Data: 0x42}
	for _, x := range []struct {
		can  bool
		m    Message
		want uint16
	}{{true, at, 0}, {false, at, driverSilent}, {true, Message{}, driverSilent}} {
		d := &device{t: t, mem: board.Simulated(1 << 20), features: featureVersion1, queueMax: 256, sectors: 8, interrupts: x.can}
		b, err := New("vda", d, d.mem, 2*mach.PageSize, func() int64 { return 0 }, x.m)
		if err != nil || d.message != x.m {
			t.Fatalf("%v, message %+v", err, d.message)
		}
		b.Start(&disk.Request{Data: d.mem.Bytes(1<<19, mach.PageSize), Done: func(error) {}})
		if ring := d.memory(d.avail, 4); le.Uint16(ring) != x.want || le.Uint16(ring[2:]) != 1 {
			t.Errorf("%v: the driver's ring begins with % x", x, ring)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	f := newFixture(t)
	r := &disk.Request{Write: true, Data: f.buffer(0, 1), Done: func(error) {}}
	if n := testing.AllocsPerRun(100, func() {
		f.Start(r)
		f.now += 1e6
		f.Poll()
		f.d.look()
		f.d.answer(0)
		f.Poll()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
