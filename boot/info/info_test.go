package info

import (
	"bytes"
	"fmt"
	"testing"

	"defpager/board"
	"defpager/mach"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const mib = 1 << 20

func entry(start, end uint64, k Kind) Entry {
	return Entry{board.Range{Start: mach.PhysAddr(start), Size: end - start}, k}
}

// pc128 is a PC with 128 MiB, as SeaBIOS describes it.
var pc128 = []Entry{
	entry(0, 0x9fc00, RAM),
	entry(0x9fc00, 0xa0000, Reserved),
	entry(0xf0000, 1*mib, Reserved),
	entry(1*mib, 128*mib-0x20000, RAM),
	entry(128*mib-0x20000, 128*mib, Reserved),
	entry(0xfffc0000, 1<<32, Reserved),
}

// putPVH writes start_info at 0x6000, the map at 0x7000, modules at 0x8000 and texts at 0x9000.
func putPVH(mem *board.Memory, entries []Entry, modules []module, command string) mach.PhysAddr {
	const at = 0x6000
	b := mem.Bytes(at, 0x4000)
	le.PutUint32(b, pvhMagic)
	le.PutUint32(b[pvhModuleCount:], uint32(len(modules)))
	le.PutUint64(b[pvhModules:], 0x8000)
	le.PutUint64(b[pvhCommand:], 0x9000)
	le.PutUint64(b[pvhMap:], 0x7000)
	le.PutUint32(b[pvhMapCount:], uint32(len(entries)))
	for i, e := range entries {
		le.PutUint64(b[0x1000+i*pvhEntrySize:], uint64(e.Start))
		le.PutUint64(b[0x1000+i*pvhEntrySize+8:], e.Size)
		le.PutUint32(b[0x1000+i*pvhEntrySize+16:], uint32(e.Kind))
	}
	texts := copy(b[0x3000:], command) + 1
	for i, m := range modules {
		le.PutUint64(b[0x2000+i*pvhModuleSize:], uint64(m.data.Start))
		le.PutUint64(b[0x2000+i*pvhModuleSize+8:], m.data.Size)
		if m.command != nil {
			le.PutUint64(b[0x2000+i*pvhModuleSize+16:], uint64(0x9000+texts))
			texts += copy(b[0x3000+texts:], m.command) + 1
		}
	}
	return at
}

// multiboot builds multiboot2 information.
func multiboot(entries []Entry, modules []module, command string) []byte {
	var b []byte
	tag := func(kind uint32, content []byte) {
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		b = le.AppendUint32(b, kind)
		b = le.AppendUint32(b, uint32(8+len(content)))
		b = append(b, content...)
	}
	b = make([]byte, 8)
	tag(mbCommand, append([]byte(command), 0))
	for _, m := range modules {
		c := le.AppendUint32(nil, uint32(m.data.Start))
		c = le.AppendUint32(c, uint32(m.data.End()))
		tag(mbModule, append(append(c, m.command...), 0))
	}
	c := le.AppendUint32(nil, pvhEntrySize)
	c = le.AppendUint32(c, 0)
	for _, e := range entries {
		c = le.AppendUint64(c, uint64(e.Start))
		c = le.AppendUint64(c, e.Size)
		c = le.AppendUint64(c, uint64(e.Kind))
	}
	tag(mbMap, c)
	tag(mbEnd, nil)
	le.PutUint32(b, uint32(len(b)))
	return b
}

func TestBothLoadersSayTheSame(t *testing.T) {
	mem := board.Simulated(8 * mib)
	modules := []module{
		{board.Range{Start: 4 * mib, Size: 5000}, []byte("creator $(task-create)")},
		{board.Range{Start: 5 * mib, Size: 4096}, []byte("data")},
	}
	pvh, err := Read(&mem, PVH, putPVH(&mem, pc128, modules, "verbose x=1"))
	if err != nil {
		t.Fatal(err)
	}
	const at = 0x20000
	copy(mem.Bytes(at, 4096), multiboot(pc128, modules, "verbose x=1"))
	mb, err := Read(&mem, Multiboot2, at)
	if err != nil {
		t.Fatal(err)
	}
	pvh.Loader, pvh.taken, mb.taken = Multiboot2, nil, nil
	if d := cmp.Diff(pvh, mb, cmp.AllowUnexported(Info{})); d != "" {
		t.Error(d)
	}
	if len(mb.Modules) != 2 || mb.Modules[0].Command != "creator $(task-create)" || mb.CommandLine != "verbose x=1" || mb.Total() != 128*mib-0x20000-0x60400 {
		t.Errorf("%+v, %d bytes", mb, mb.Total())
	}
}

func TestReadRefusesNonsense(t *testing.T) {
	mem := board.Simulated(mib)
	for _, l := range []Loader{0, PVH, Multiboot2, 3} {
		if i, err := Read(&mem, l, 2*mib); err == nil {
			t.Errorf("%v gave %+v", l, i)
		}
	}
}

func TestSanitizeAgreesWithABitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const top = 64
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entry {
			start := rapid.Uint64Range(0, top-1).Draw(t, "start")
			return Entry{board.Range{Start: mach.PhysAddr(start), Size: rapid.Uint64Range(0, top-start).Draw(t, "size")}, Kind(rapid.Uint32Range(1, 5).Draw(t, "kind"))}
		}), 0, 12).Draw(t, "entries")
		var want, got [top]Kind
		for _, e := range entries {
			for p := e.Start; p < e.End(); p++ {
				want[p] = max(want[p], e.Kind)
			}
		}
		clean := Sanitize(entries)
		for k, e := range clean {
			if e.Size == 0 || k > 0 && (clean[k-1].End() > e.Start || clean[k-1].End() == e.Start && clean[k-1].Kind == e.Kind) {
				t.Fatalf("entry %d of %v is empty, out of order or not merged", k, clean)
			}
			for p := e.Start; p < e.End(); p++ {
				got[p] = e.Kind
			}
		}
		if got != want {
			t.Fatalf("%v became %v", entries, clean)
		}
	})
}

func TestUsableLeavesOutWhatIsTaken(t *testing.T) {
	i := &Info{
		Memory:  Sanitize(pc128),
		Modules: []board.Module{{Data: board.Range{Start: 64 * mib, Size: 1}}},
	}
	got := i.Usable(board.Range{Start: 2 * mib, Size: 6 * mib}, board.Range{Start: 1 * mib, Size: mib})
	want := []board.Range{
		{Start: 0x1000, Size: 0x9e000},
		{Start: 8 * mib, Size: 56 * mib},
		{Start: 64*mib + 0x1000, Size: 64*mib - 0x21000},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Usable pages, what is taken and the rest of RAM are checked page by page.
func TestUsableAgreesWithABitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const top = 48
		some := func(name string) []board.Range {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) board.Range {
				start := rapid.Uint64Range(0, top*4-1).Draw(t, "start")
				return board.Range{Start: mach.PhysAddr(start * 1024), Size: rapid.Uint64Range(0, top*4-start).Draw(t, "size") * 1024}
			}), 0, 5).Draw(t, name)
		}
		var entries []Entry
		for _, r := range some("ram") {
			entries = append(entries, Entry{r, RAM})
		}
		taken := some("taken")
		i := &Info{Memory: Sanitize(entries)}
		for _, m := range some("modules") {
			i.Modules = append(i.Modules, board.Module{Data: m})
		}
		var want, got [top]bool
		for page := 1; page < top; page++ {
			p := board.Range{Start: mach.PhysAddr(page * mach.PageSize), Size: mach.PageSize}
			for _, e := range i.Memory {
				want[page] = want[page] || e.Start <= p.Start && p.End() <= e.End()
			}
			for _, r := range taken {
				want[page] = want[page] && !overlap(r, p)
			}
			for _, m := range i.Modules {
				want[page] = want[page] && !overlap(m.Data, p)
			}
		}
		last := mach.PhysAddr(0)
		for _, r := range i.Usable(taken...) {
			if r.Start < last || r.Size == 0 || (uint64(r.Start)|r.Size)&mach.PageMask != 0 {
				t.Fatalf("%+v is empty, out of order or not whole pages", r)
			}
			last = r.End()
			for p := r.Start; p < r.End(); p += mach.PageSize {
				got[p/mach.PageSize] = true
			}
		}
		if got != want {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

func TestPlaceHeap(t *testing.T) {
	mem := board.Simulated(16 * mib)
	big := func(size uint64) []Entry { return []Entry{entry(1*mib, size, RAM)} }
	for name, c := range map[string]struct {
		memory  []Entry
		modules []module
		want    board.Range
	}{
		"128 MiB":              {pc128, nil, board.Range{Start: 4 * mib, Size: 32 * mib}},
		"1 GiB":                {big(1 << 30), nil, board.Range{Start: 4 * mib, Size: 126 * mib}},
		"8 GiB":                {big(8 << 30), nil, board.Range{Start: 4 * mib, Size: 256 * mib}},
		"behind a module":      {pc128, []module{{data: board.Range{Start: 5 * mib, Size: 3 * mib}}}, board.Range{Start: 8 * mib, Size: 32 * mib}},
		"behind a hole":        {[]Entry{entry(1*mib, 16*mib, RAM), entry(17*mib, 120*mib, RAM)}, nil, board.Range{Start: 18 * mib, Size: 32 * mib}},
		"clear of a reserve":   {[]Entry{entry(1*mib, 120*mib, RAM), entry(6*mib, 7*mib, NVS)}, nil, board.Range{Start: 8 * mib, Size: 32 * mib}},
		"smaller if need be":   {[]Entry{entry(1*mib, 24*mib, RAM)}, nil, board.Range{Start: 4 * mib, Size: 16 * mib}},
		"not above 4 GiB":      {[]Entry{entry(1<<32, 1<<33, RAM)}, nil, board.Range{}},
		"unsorted, empty ones": {[]Entry{entry(100*mib, 200*mib, RAM), entry(0, 0, RAM), entry(1*mib, 20*mib, RAM)}, nil, board.Range{Start: 100 * mib, Size: 32 * mib}},
	} {
		t.Run(name, func(t *testing.T) {
			at := putPVH(&mem, c.memory, c.modules, "")
			got := PlaceHeap(&mem, PVH, at, 3*mib)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if n := testing.AllocsPerRun(10, func() { PlaceHeap(&mem, PVH, at, 3*mib) }); n != 0 {
				t.Errorf("%v allocations, but there is no heap yet", n)
			}
			copy(mem.Bytes(0x20000, 4096), multiboot(c.memory, c.modules, ""))
			if mb := PlaceHeap(&mem, Multiboot2, 0x20000, 3*mib); mb != got {
				t.Errorf("multiboot2 gives %+v, PVH %+v", mb, got)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(uint32(Multiboot2), multiboot(pc128, []module{{board.Range{Start: 0x9000, Size: 300}, []byte("m")}}, "line"))
	mem := board.Simulated(64 << 10)
	putPVH(&mem, pc128, []module{{board.Range{Start: 0x9000, Size: 300}, []byte("m")}}, "line")
	f.Add(uint32(PVH), bytes.Clone(mem.Bytes(0x6000, 0x4000)))
	f.Fuzz(func(t *testing.T, loader uint32, b []byte) {
		mem := board.Simulated(64 << 10)
		const at = 0x6000
		copy(mem.Bytes(at, 0xa000), b)
		PlaceHeap(&mem, Loader(loader), at, mib)
		i, err := Read(&mem, Loader(loader), at)
		if err != nil {
			return
		}
		for k, e := range i.Memory {
			if e.Size == 0 || k > 0 && i.Memory[k-1].End() > e.Start {
				t.Fatalf("map %v is not in order", i.Memory)
			}
		}
		for _, m := range i.Modules {
			if m.Data.End() > mem.Limit() {
				t.Fatalf("module %+v lies outside memory", m)
			}
		}
		if err := i.Settle(&mem); err == nil {
			settled(t, &mem, i)
		}
	})
}

// FuzzMemoryMap reads a map of raw entries.
func FuzzMemoryMap(f *testing.F) {
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, b []byte) {
		var entries []Entry
		eachEntry(b, pvhEntrySize, func(e Entry) { entries = append(entries, e) })
		i := Info{Memory: Sanitize(entries)}
		last := mach.PhysAddr(0)
		for _, r := range i.Usable() {
			if r.Start < mach.PageSize || r.Start < last || r.End() > maxPhys {
				t.Fatalf("%v gives %+v", i.Memory, r)
			}
			last = r.End()
		}
	})
}

// settled checks what Settle promises.
func settled(t interface{ Fatalf(string, ...any) }, mem *board.Memory, i *Info) {
	for k, m := range i.Modules {
		if m.Data.Start&mach.PageMask != 0 {
			t.Fatalf("module %d at %#x is not page aligned", k, uint64(m.Data.Start))
		}
		if m.Data.Size == 0 {
			continue
		}
		end := pageUp(m.Data.End())
		for _, c := range mem.Bytes(m.Data.End(), uint64(end-m.Data.End())) {
			if c != 0 {
				t.Fatalf("module %d is not zero behind its end", k)
			}
		}
		for n, o := range i.Modules[:k] {
			if overlap(board.Range{Start: m.Data.Start, Size: uint64(end - m.Data.Start)}, o.Data) {
				t.Fatalf("modules %d and %d share a page: %s", n, k, fmt.Sprint(i.Modules))
			}
		}
	}
}

func TestScreen(t *testing.T) {
	type screen struct {
		at                   uint64
		pitch, width, height uint32
		depth, kind          byte
	}
	read := func(s screen) Screen {
		mem := board.Simulated(mib)
		b := multiboot(pc128, nil, "")
		b = b[:len(b)-8] // without the end
		b = le.AppendUint32(b, mbScreen)
		b = le.AppendUint32(b, 32)
		b = le.AppendUint64(b, s.at)
		b = le.AppendUint32(b, s.pitch)
		b = le.AppendUint32(b, s.width)
		b = le.AppendUint32(b, s.height)
		b = append(b, s.depth, s.kind, 0, 0)
		b = le.AppendUint64(b, 8<<32)
		le.PutUint32(b, uint32(len(b)))
		const at = 0x20000
		copy(mem.Bytes(at, 4096), b)
		i, err := Read(&mem, Multiboot2, at)
		if err != nil {
			t.Fatal(err)
		}
		return i.Screen
	}
	pixels := screen{0x8000_0000, 4096, 1000, 600, 32, 1}
	if d := cmp.Diff(Screen{Range: board.Range{Start: 0x8000_0000, Size: 4096 * 600}, Width: 1000, Height: 600, Pitch: 4096, Depth: 32}, read(pixels)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Screen{Range: board.Range{Start: 0xb8000, Size: 4000}, Text: true, Width: 80, Height: 25, Pitch: 160, Depth: 16}, read(screen{0xb8000, 160, 80, 25, 16, 2})); d != "" {
		t.Error(d)
	}
	for name, spoil := range map[string]func(s *screen){
		"in the machine's memory": func(s *screen) { s.at = 64 * mib },
		"into it":                 func(s *screen) { s.at = mib - 4096 },
		"nowhere":                 func(s *screen) { s.at = 0 },
		"beyond all addresses":    func(s *screen) { s.at = uint64(maxPhys) - 4096 },
		"of colours by numbers":   func(s *screen) { s.kind = 0 },
		"of a kind unknown":       func(s *screen) { s.kind = 3 },
		"without lines":           func(s *screen) { s.height = 0 },
	} {
		s := pixels
		spoil(&s)
		if got := read(s); got.Size != 0 {
			t.Errorf("a screen %s is %+v", name, got)
		}
	}
}
