package info

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"defpager/board"
	"defpager/mach"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type content struct{ name, text string }

// cpio packs files; with pages, contents start at multiples of the page size, as the launcher makes them.
func cpio(files []content, pages bool) []byte {
	var b []byte
	for _, f := range append(files, content{name: cpioTrailer}) {
		name := f.name + "\x00"
		for pages && f.name != cpioTrailer && (len(b)+cpioHeader+len(name))%mach.PageSize != 0 {
			name += "\x00"
		}
		b = append(b, cpioMagic...)
		for _, v := range []int{0, cpioRegular, 0, 0, 1, 0, len(f.text), 0, 0, 0, 0, len(name), 0} {
			b = fmt.Appendf(b, "%08X", v)
		}
		b = append(b, name...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		b = append(b, f.text...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func TestUnpackOrdersModulesByTheList(t *testing.T) {
	for _, pages := range []bool{true, false} {
		mem := board.Simulated(mib)
		at := mach.PhysAddr(0x10000)
		b := cpio([]content{
			{"modules", "creator ${host-port} $(task-create)\n\nnowhere x\n  sharer a b\n"},
			{"sharer", "SHARER"},
			{"file.txt", strings.Repeat("x", 5000)},
			{"creator", "CREATOR"},
		}, pages)
		copy(mem.Bytes(at, uint64(len(b))), b)
		got := map[string]string{}
		var order []string
		for _, m := range Unpack(&mem, board.Range{Start: at, Size: uint64(len(b))}, nil) {
			order = append(order, m.Command)
			got[m.Command] = string(mem.Bytes(m.Data.Start, m.Data.Size))
			if pages && m.Data.Start&mach.PageMask != 0 {
				t.Errorf("%s starts at %#x", m.Command, uint64(m.Data.Start))
			}
		}
		if d := cmp.Diff([]string{"creator ${host-port} $(task-create)", "sharer a b", "file.txt"}, order); d != "" {
			t.Error(d)
		}
		if got["sharer a b"] != "SHARER" || got["creator ${host-port} $(task-create)"] != "CREATOR" || len(got["file.txt"]) != 5000 {
			t.Errorf("contents %v", got)
		}
	}
}

func TestUnpackTakesAnythingElseAsOneFile(t *testing.T) {
	mem := board.Simulated(mib)
	initrd := board.Range{Start: 0x10000, Size: 10}
	copy(mem.Bytes(initrd.Start, 10), "plain text")
	if d := cmp.Diff([]board.Module{{Command: "initrd", Data: initrd}}, Unpack(&mem, initrd, nil)); d != "" {
		t.Error(d)
	}
}

func TestALoneProgramGetsTheArgumentsBehindTwoDashes(t *testing.T) {
	mem := board.Simulated(mib)
	initrd := board.Range{Start: 0x10000, Size: 10}
	copy(mem.Bytes(initrd.Start, 10), "\x7fELF......")
	for line, want := range map[string]string{
		"":                                      "initrd $(task-create) $(task-resume)",
		"trace":                                 "initrd $(task-create) $(task-resume)",
		"trace -- a ${host-port}":               "initrd a ${host-port} $(task-create) $(task-resume)",
		"-- $(task-create) --flag -- more":      "initrd $(task-create) --flag -- more",
		"--name=value x=-- -- $(task-resume) b": "initrd $(task-resume) b",
	} {
		i := Info{CommandLine: line}
		if got := Unpack(&mem, initrd, i.Arguments()); len(got) != 1 || got[0].Command != want || got[0].Data != initrd {
			t.Errorf("%q: %v, want %q", line, got, want)
		}
	}
	i := Info{CommandLine: "trace x=-- -- demo"}
	if d := cmp.Diff([]string{"trace", "x=--"}, i.Options()); d != "" {
		t.Error(d)
	}
}

// Whatever the alignment of an archive and of the files in it, after Settle each module has its own pages and its contents.
func TestSettleKeepsContents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mem := board.Simulated(2 * mib)
		all := mem.Bytes(0, 2*mib)
		for i := range all {
			all[i] = 0xee
		}
		var files []content
		for i := range rapid.IntRange(0, 6).Draw(t, "files") {
			size := rapid.IntRange(0, 9000).Draw(t, "size")
			files = append(files, content{fmt.Sprint("f", i), strings.Repeat(string(rune('a'+i)), size)})
		}
		b := cpio(files, rapid.Bool().Draw(t, "pages"))
		at := mach.PhysAddr(0x100000 + rapid.IntRange(0, 3).Draw(t, "offset")*1028)
		copy(mem.Bytes(at, uint64(len(b))), b)
		i := &Info{
			Memory:  []Entry{entry(0, 2*mib, RAM)},
			Modules: Unpack(&mem, board.Range{Start: at, Size: uint64(len(b))}, nil),
		}
		if len(files) == 0 {
			return
		}
		taken := board.Range{Start: 0x100000, Size: 0x3000}
		if err := i.Settle(&mem, taken); err != nil {
			t.Fatal(err)
		}
		settled(t, &mem, i)
		for k, m := range i.Modules {
			if !bytes.Equal(mem.Bytes(m.Data.Start, m.Data.Size), []byte(files[k].text)) {
				t.Fatalf("module %d lost its contents", k)
			}
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(cpio([]content{{"modules", "a b\n"}, {"a", "A"}}, true))
	f.Add([]byte("070701"))
	f.Fuzz(func(t *testing.T, b []byte) {
		mem := board.Simulated(64 << 10)
		at := mach.PhysAddr(0x1000)
		b = b[:min(len(b), 0x8000)]
		copy(mem.Bytes(at, 0x8000), b)
		i := &Info{
			Memory:  []Entry{entry(0, 64<<10, RAM)},
			Modules: Unpack(&mem, board.Range{Start: at, Size: uint64(len(b))}, nil),
		}
		for _, m := range i.Modules {
			if m.Data.Start < at || m.Data.End() > at+mach.PhysAddr(len(b)) {
				t.Fatalf("module %+v lies outside the archive", m)
			}
		}
		if i.Settle(&mem) == nil {
			settled(t, &mem, i)
		}
	})
}
