package kern

import (
	"encoding/binary"
	"strings"
	"testing"

	"defpager/mach"
)

// elfSegment is a program header of a test.
type elfSegment struct {
	kind, flags                   uint32
	offset, at, fileSize, memSize uint64
}

// elf makes a file of size bytes with those segments; the headers stand behind the ELF header.
func elf(kind uint16, entry uint64, size int, segments ...elfSegment) []byte {
	b := make([]byte, max(size, elfHeader+elfEntry*len(segments)))
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], kind)
	le.PutUint16(b[18:], elfAMD64)
	le.PutUint64(b[24:], entry)
	le.PutUint64(b[32:], elfHeader)
	le.PutUint16(b[54:], elfEntry)
	le.PutUint16(b[56:], uint16(len(segments)))
	for i, s := range segments {
		h := b[elfHeader+elfEntry*i:]
		le.PutUint32(h, s.kind)
		le.PutUint32(h[4:], s.flags)
		le.PutUint64(h[8:], s.offset)
		le.PutUint64(h[16:], s.at)
		le.PutUint64(h[32:], s.fileSize)
		le.PutUint64(h[40:], s.memSize)
	}
	return b
}

const low = uint64(programStart)

// code is a segment that may be executed, with a page of file.
var code = elfSegment{elfLoad, 5, 0, low, 0x1000, 0x1000}

func TestParseELF(t *testing.T) {
	file := elf(elfExec, low+8, 0x3000, code,
		elfSegment{7, 7, 1 << 60, 0, 1 << 60, 0},      // not loaded
		elfSegment{elfLoad, 6, 9, low + 0x1000, 0, 0}, // empty
		elfSegment{elfLoad, 6, 0x1800, low + 0x1800, 0x800, 0x100000})
	p, err := parseELF(file)
	if err != nil {
		t.Fatal(err)
	}
	want := []segment{
		{mach.VirtAddr(low), 0x1000, 0, 0x1000, mach.ProtRead | mach.ProtExecute},
		{mach.VirtAddr(low + 0x1800), 0x100000, 0x1800, 0x800, mach.ProtDefault},
	}
	if p.entry != mach.VirtAddr(low+8) || len(p.segments) != 2 || p.segments[0] != want[0] || p.segments[1] != want[1] {
		t.Errorf("%+v", p)
	}
	p, err = parseELF(elf(elfDyn, 0x10, 0x1000, elfSegment{elfLoad, 1, 0, 0, 0x1000, 0x1000}))
	if err != nil || p.entry != pieBase+0x10 || p.segments[0].at != pieBase || p.segments[0].prot != mach.ProtExecute {
		t.Errorf("%+v, %v", p, err)
	}
}

// Each file is refused, with words that tell why.
func TestMalformedELF(t *testing.T) {
	good := func() []byte { return elf(elfExec, low, 0x1000, code) }
	patch := func(at int, v ...byte) []byte {
		b := good()
		copy(b[at:], v)
		return b
	}
	patch64 := func(at int, v uint64) []byte { return patch(at, binary.LittleEndian.AppendUint64(nil, v)...) }
	segment := func(s ...elfSegment) []byte { return elf(elfExec, low, 0x1000, s...) }
	if _, err := parseELF(good()); err != nil {
		t.Fatal(err)
	}
	many := make([]elfSegment, elfMaxEntries+1)
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":                {nil, "file of 0 bytes"},
		"cut header":           {good()[:elfHeader-1], "file of 63 bytes"},
		"another magic":        {patch(0, 0x7e), "no ELF file"},
		"a script":             {append([]byte("#!/bin/sh\n"), make([]byte, 100)...), "no ELF file: it begins with 23 21 2f 62"},
		"32 bits":              {patch(4, 1), "class 1"},
		"big endian":           {patch(5, 2), "data 2"},
		"an object file":       {patch(16, 1, 0), "type 1"},
		"a core":               {patch(16, 4, 0), "type 4"},
		"ARM":                  {patch(18, 183, 0), "machine 183"},
		"no headers":           {patch(56, 0, 0), "0 program headers"},
		"too many headers":     {segment(many...), "65 program headers"},
		"headers of 32 bytes":  {patch(54, 32, 0), "of 32 bytes"},
		"headers beyond":       {patch64(32, 0x1000-elfEntry+1), "lie outside the file"},
		"headers far beyond":   {patch64(32, ^uint64(0)), "lie outside the file"},
		"headers wrap":         {patch64(32, ^uint64(0)-elfEntry+1), "lie outside the file"},
		"dynamic":              {segment(elfSegment{elfInterp, 4, 0, 0, 10, 10}, code), "link it statically"},
		"entry nowhere":        {patch64(24, 0), "entry point 0x0 lies in no executable segment"},
		"entry behind":         {patch64(24, low+0x1000), "lies in no executable segment"},
		"entry in data":        {segment(elfSegment{elfLoad, 6, 0, low, 0x1000, 0x1000}), "lies in no executable segment"},
		"no segments":          {segment(elfSegment{}), "lies in no executable segment"},
		"larger in the file":   {segment(elfSegment{elfLoad, 5, 0, low, 0x1000, 0xfff}), "segment 0: 4096 bytes in the file, 4095 in memory"},
		"data beyond":          {segment(elfSegment{elfLoad, 5, 1, low, 0x1000, 0x1000}), "lie outside the file"},
		"data far beyond":      {segment(elfSegment{elfLoad, 5, ^uint64(0), low, 0x1000, 0x1000}), "lie outside the file"},
		"below":                {segment(elfSegment{elfLoad, 5, 0, low - 1, 0x1000, 0x1000}), "outside the space for programs"},
		"null":                 {segment(elfSegment{elfLoad, 5, 0, 0, 0x1000, 0x1000}), "outside the space for programs"},
		"above":                {segment(elfSegment{elfLoad, 5, 0, uint64(programEnd) - 0xfff, 0x1000, 0x1000}), "outside the space for programs"},
		"far above":            {segment(elfSegment{elfLoad, 5, 0, ^uint64(0), 0x1000, 0x1000}), "outside the space for programs"},
		"endless":              {segment(elfSegment{elfLoad, 5, 0, low, 0x1000, ^uint64(0)}), "outside the space for programs"},
		"independent, wraps":   {elf(elfDyn, 0, 0x1000, elfSegment{elfLoad, 5, 0, ^uint64(pieBase) + low, 0x1000, 0x1000}), "outside the space for programs"},
		"independent, endless": {elf(elfDyn, 0, 0x1000, elfSegment{elfLoad, 5, 0, 0, 0x1000, 1 << 63}), "outside the space for programs"},
		"overlap":              {segment(code, elfSegment{elfLoad, 6, 0, low + 0xfff, 1, 1}), "segment 1: it begins at 0x8000000fff, before the last one ends at 0x8000001000"},
		"descending":           {segment(elfSegment{elfLoad, 5, 0, low + 0x1000, 1, 1}, code), "segment 1: it begins at"},
	} {
		if _, err := parseELF(c.file); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}

// parseELF never panics, and what it accepts has the properties that the loader relies on.
func FuzzParseELF(f *testing.F) {
	f.Add(elf(elfExec, low+8, 0x2000, code, elfSegment{elfLoad, 6, 0x1800, low + 0x1800, 0x800, 0x100000}))
	f.Add(elf(elfDyn, 0x10, 0x1000, elfSegment{elfLoad, 1, 0, 0, 0x1000, 0x1000}))
	f.Add(elf(elfDyn, ^uint64(0), 0, code, elfSegment{elfLoad, 7, ^uint64(0), ^uint64(0), 1, ^uint64(0)}))
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := parseELF(file)
		if err != nil {
			return
		}
		at, entry := programStart, false
		for _, s := range p.segments {
			switch {
			case s.size == 0 || s.fileSize > s.size:
				t.Fatalf("sizes of %+v", s)
			case s.at < at || s.end() < s.at || s.end() > programEnd:
				t.Fatalf("place of %+v", s)
			case s.offset > uint64(len(file)) || s.fileSize > uint64(len(file))-s.offset:
				t.Fatalf("%+v lies outside the file", s)
			case !s.prot.Valid():
				t.Fatalf("protection of %+v", s)
			}
			at = s.end()
			entry = entry || s.at <= p.entry && p.entry < s.end() && s.prot&mach.ProtExecute != 0
		}
		if !entry {
			t.Fatalf("the entry point %#x cannot be executed", uint64(p.entry))
		}
	})
}
