package disks

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"defpager/board"
	"defpager/board/disk"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/vm"
	"defpager/pager/backing"
	"defpager/pager/store"

	"pgregory.net/rapid"
)

type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// machine is memory, disks, and what is paged out.
type machine struct {
	*Disks
	mem    board.Memory
	frames *frame.Allocator
	logged []string
	now    int64
}

func newMachine(t fatal, names ...string) *machine {
	const size = 8 << 20
	m := &machine{mem: board.Simulated(size)}
	m.frames = frame.New(m.mem, make([]frame.Desc, size>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: size - mach.PageSize}})
	m.Disks = New(Config{Mem: m.mem, Frames: m.frames, Random: rand.Reader, Begin: func() (*backing.Backing, error) {
		return backing.New(backing.Config{
			Mem: m.mem, Frames: m.frames, PageReady: func(vm.Token) {}, FramesReady: func() {}, Now: func() int64 { m.now += 50e6; return m.now },
			Log: func(format string, _ ...any) { m.logged = append(m.logged, format) },
		})
	}})
	for _, name := range names {
		part, err := m.frames.AllocOrder(mach.SuperShift - mach.PageShift)
		if err != nil {
			t.Fatal(err)
		}
		m.Know(disk.NewRAM(name, m.mem, []mach.PhysAddr{part}))
	}
	return m
}

// noise does not compress.
func noise(seed uint64) []byte {
	b := make([]byte, mach.PageSize)
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

// store pages noise out.
func (m *machine) store(t fatal, seed uint64) (vm.Token, bool) {
	f, err := m.frames.AllocDirty()
	if err != nil {
		t.Fatal(err)
	}
	copy(m.mem.Frame(f)[:], noise(seed))
	token, ok := m.Backing().Store(f)
	if !ok {
		m.frames.Free(f)
	}
	return token, ok
}

// fetch brings a page back.
func (m *machine) fetch(t fatal, token vm.Token) ([]byte, error) {
	for range 20 {
		f, err := m.Backing().Fetch(token)
		if err == vm.Wait {
			m.Backing().Poll()
			continue
		}
		if err != nil {
			return nil, err
		}
		data := bytes.Clone(m.mem.Frame(f)[:])
		m.frames.Free(f)
		return data, nil
	}
	t.Fatalf("page %d does not come", token)
	return nil, nil
}

// remove removes storage and waits.
func (m *machine) remove(name string) error {
	over, result := false, error(nil)
	if err := m.Remove(name, func(err error) { over, result = true, err }); err != nil {
		return err
	}
	for range 2000 {
		if m.Backing().Poll(); over {
			return result
		}
	}
	return errors.New("the removal does not end")
}

func (m *machine) names() (list []string) {
	for a := range m.Areas {
		list = append(list, a.Name())
	}
	return list
}

// Whatever goes wrong with disks, a page is what it was, or an error; without faults it is never an error.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, "a", "b")
		faults := disk.Faults{}
		if rapid.Bool().Draw(t, "faults") {
			faults = disk.Faults{
				Flip: rapid.Uint64Range(0, 9).Draw(t, "flip"), Tear: rapid.Uint64Range(0, 9).Draw(t, "tear"),
				Fail: rapid.Uint64Range(0, 9).Draw(t, "fail"), Bad: rapid.Uint64Range(0, 9).Draw(t, "bad"), Vanish: rapid.Uint64Range(0, 40).Draw(t, "vanish"),
			}
			m.Spoil("a", faults)
		}
		if err := m.Begin(); err != nil {
			t.Fatal(err)
		}
		model := map[vm.Token]uint64{}
		seed := uint64(0)
		tokens := func() []vm.Token {
			var list []vm.Token
			for token := range model {
				list = append(list, token)
			}
			slices.Sort(list)
			return list
		}
		t.Repeat(map[string]func(*rapid.T){
			"store": func(t *rapid.T) {
				for range rapid.IntRange(1, 60).Draw(t, "pages") {
					seed++
					if token, ok := m.store(t, seed); ok {
						model[token] = seed
					}
				}
			},
			"poll": func(*rapid.T) { m.Backing().Poll() },
			"fetch": func(t *rapid.T) {
				list := tokens()
				if len(list) == 0 {
					return
				}
				token := rapid.SampledFrom(list).Draw(t, "token")
				data, err := m.fetch(t, token)
				switch {
				case err == nil && !bytes.Equal(data, noise(model[token])):
					t.Fatalf("page %d is wrong", token)
				case err != nil && (mach.Code(err) != mach.MemoryError || faults == disk.Faults{}):
					t.Fatal(err)
				case err != nil:
					m.Backing().Drop(token)
				}
				delete(model, token)
			},
			"drop": func(t *rapid.T) {
				if list := tokens(); len(list) != 0 {
					token := rapid.SampledFrom(list).Draw(t, "token")
					m.Backing().Drop(token)
					delete(model, token)
				}
			},
			"add": func(t *rapid.T) {
				var runs []store.Run
				for at := disk.Block(0); at < 500; {
					at += disk.Block(rapid.IntRange(0, 60).Draw(t, "gap"))
					n := disk.Block(rapid.IntRange(1, 80).Draw(t, "blocks"))
					if at+n <= 512 {
						runs = append(runs, store.Run{First: at, Blocks: n})
					}
					at += n
				}
				if runs == nil {
					return
				}
				name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "disk")
				if err := m.Add(name, "", runs); err != nil && !errors.Is(err, backing.ErrKnown) {
					t.Fatal(err)
				}
			},
			"remove": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
				err := m.remove(name)
				switch {
				case errors.Is(err, backing.ErrUnknown) && !slices.Contains(m.names(), name):
				case err == nil && !slices.Contains(m.names(), name):
				case errors.Is(err, backing.ErrFull) && slices.Contains(m.names(), name):
				default:
					t.Fatalf("%v; there are %v", err, m.names())
				}
			},
			"": func(t *rapid.T) {
				if err := m.Backing().Check(); err != nil {
					t.Fatal(err)
				}
				const disks = 2 << (mach.SuperShift - mach.PageShift)
				if taken := m.frames.Stats().Taken; taken != m.Backing().Held()+disks {
					t.Fatalf("%d frames are taken, the backing holds %d", taken, m.Backing().Held())
				}
			},
		})
	})
}

func TestAddAndRemove(t *testing.T) {
	m := newMachine(t, "a", "b")
	if err := m.Remove("a", nil); !errors.Is(err, backing.ErrUnknown) {
		t.Errorf("before there was any: %v", err)
	}
	busy, moved := false, 0
	m.config.Busy = func(name string) bool { return busy && name == "a" }
	m.config.MakeRoom = func(mach.PageNumber) { moved++ }
	busy = true
	if err := m.Add("a", "", nil); !errors.Is(err, ErrInUse) {
		t.Errorf("a disk that somebody writes: %v", err)
	}
	busy = false
	added := 0
	for _, x := range []struct {
		of, name string
		runs     []store.Run
		want     error
	}{
		{"c", "", nil, ErrNoDisk},
		{"a", "", []store.Run{{First: 0, Blocks: 1 << 40}}, disk.ErrRange},
		{"a", "", []store.Run{{First: 500, Blocks: 13}}, disk.ErrRange},
		{"a", "one", []store.Run{{First: 100, Blocks: 10}, {First: 0, Blocks: 10}}, nil},
		{"a", "one", []store.Run{{First: 200, Blocks: 10}}, backing.ErrKnown},
		{"a", "two", []store.Run{{First: 200, Blocks: 10}, {First: 9, Blocks: 1}}, ErrInUse},
		{"a", "", nil, ErrInUse},
		{"a", "two", []store.Run{{First: 10, Blocks: 90}}, nil},
		{"b", "", nil, nil},
		{"b", "", nil, backing.ErrKnown},
	} {
		if err := m.Add(x.of, x.name, x.runs); !errors.Is(err, x.want) {
			t.Errorf("%s as %q, %v: %v, want %v", x.of, x.name, x.runs, err, x.want)
		}
		if x.want == nil {
			added++
		}
		if moved != added {
			t.Errorf("%s as %q, %v: pages were moved though nothing is added", x.of, x.name, x.runs)
		}
	}
	if got := m.names(); !slices.Equal(got, []string{"one", "two", "b"}) {
		t.Errorf("%v", got)
	}
	taken := m.frames.Stats().Taken
	if err := m.remove("two"); err != nil || taken <= m.frames.Stats().Taken {
		t.Errorf("%v; %d frames were taken, and are %d", err, taken, m.frames.Stats().Taken)
	}
	if err := m.Add("a", "all", []store.Run{{First: 10, Blocks: 90}}); err != nil {
		t.Error(err)
	}
}

// When memory is in pieces, or hardly there, storage does with what it gets.
func TestAddWithLittleMemory(t *testing.T) {
	m := newMachine(t, "a")
	if err := m.Begin(); err != nil {
		t.Fatal(err)
	}
	var all []mach.PhysAddr
	for m.frames.Stats().Free > m.frames.Stats().Reserved {
		f, err := m.frames.Alloc()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	if err := m.Add("a", "", nil); mach.Code(err) != mach.ResourceShortage {
		t.Fatalf("without memory: %v", err)
	}
	for i := range 12 {
		m.frames.Free(all[2*i])
	}
	if err := m.Add("a", "", nil); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		m.frames.Free(all[100+i])
	}
	for seed := range uint64(8) {
		token, ok := m.store(t, seed)
		if !ok {
			t.Fatal("there is room on the disk")
		}
		for m.Backing().Active() || m.Backing().Where(token) == vm.TierWaiting {
			m.Backing().Poll()
		}
		if data, err := m.fetch(t, token); err != nil || !bytes.Equal(data, noise(seed)) {
			t.Fatal(err)
		}
	}
}
