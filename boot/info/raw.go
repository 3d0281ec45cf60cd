package info

import (
	"bytes"
	"encoding/binary"

	"defpager/board"
	"defpager/mach"
)

// raw is a loader's structure in memory, not yet believed. Its each methods walk over one kind of thing and allocate
// nothing.
type raw struct {
	mem    *board.Memory
	loader Loader
	at     mach.PhysAddr
}

// module is one file as the loader announces it.
type module struct {
	data    board.Range
	command []byte // without the closing NUL
}

// Fields of PVH's start_info, its module list and its memory map, by byte offset.
const (
	pvhMagic = 0x336ec578

	pvhSize        = 56
	pvhModuleCount = 12 // uint32
	pvhModules     = 16
	pvhCommand     = 24
	pvhRSDP        = 32
	pvhMap         = 40
	pvhMapCount    = 48 // uint32

	pvhModuleSize = 32 // address, size, command line, reserved: 8 bytes each
	pvhEntrySize  = 24 // address, size: 8 bytes each; kind, reserved: 4
)

// Multiboot2's information: tags of (type, size) and contents, each at a multiple of 8 (specification 1.6, 3.6).
const (
	mbMaxSize = 1 << 20

	mbEnd     = 0
	mbCommand = 1
	mbModule  = 3
	mbMap     = 6
	mbScreen  = 8
	mbOldRSDP = 14
	mbNewRSDP = 15
)

var le = binary.LittleEndian

// view returns n bytes of memory at p, nil if they are not all in mapped memory. Address 0 means that there is nothing; the rest of
// page 0 is readable: SeaBIOS puts the memory map there.
func (r *raw) view(p mach.PhysAddr, n uint64) []byte {
	if p == 0 || p >= r.mem.Limit() || n > uint64(r.mem.Limit()-p) {
		return nil
	}
	return r.mem.Bytes(p, n)
}

// text returns the NUL-terminated string at p, nil if there is none.
func (r *raw) text(p mach.PhysAddr) []byte {
	if p >= r.mem.Limit() {
		return nil
	}
	return untilNUL(r.view(p, min(maxText, uint64(r.mem.Limit()-p))))
}

func untilNUL(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// pvh returns the start_info, nil if it is none.
func (r *raw) pvh() []byte {
	if b := r.view(r.at, pvhSize); b != nil && le.Uint32(b) == pvhMagic {
		return b
	}
	return nil
}

// eachTag calls yield for every multiboot2 tag with its contents, until yield says stop.
func (r *raw) eachTag(yield func(kind uint32, b []byte) bool) {
	head := r.view(r.at, 8)
	if head == nil {
		return
	}
	b := r.view(r.at, min(uint64(le.Uint32(head)), mbMaxSize))
	for off := 8; off+8 <= len(b); {
		kind, size := le.Uint32(b[off:]), int(le.Uint32(b[off+4:]))
		if kind == mbEnd || size < 8 || size > len(b)-off {
			return
		}
		if !yield(kind, b[off+8:off+size]) {
			return
		}
		off += (size + 7) &^ 7
	}
}

// valid reports whether there is a structure at all.
func (r *raw) valid() bool {
	switch r.loader {
	case PVH:
		return r.pvh() != nil
	case Multiboot2:
		b := r.view(r.at, 8)
		return b != nil && r.view(r.at, uint64(le.Uint32(b))) != nil
	}
	return false
}

// eachMemory yields the entries of the memory map, empty and absurd ones left out, in the loader's order.
func (r *raw) eachMemory(yield func(Entry)) {
	switch r.loader {
	case PVH:
		b := r.pvh()
		if b == nil {
			return
		}
		n := uint64(min(le.Uint32(b[pvhMapCount:]), maxEntries))
		eachEntry(r.view(mach.PhysAddr(le.Uint64(b[pvhMap:])), n*pvhEntrySize), pvhEntrySize, yield)
	case Multiboot2:
		r.eachTag(func(kind uint32, b []byte) bool {
			if kind != mbMap || len(b) < 8 {
				return true
			}
			if size := le.Uint32(b); size >= pvhEntrySize && size <= 1<<10 {
				eachEntry(b[8:], int(size), yield)
			}
			return false
		})
	}
}

// eachEntry walks over a table whose entries begin like E820's: both loaders use that.
func eachEntry(b []byte, size int, yield func(Entry)) {
	for n := 0; len(b) >= size && n < maxEntries; b, n = b[size:], n+1 {
		start, length, kind := mach.PhysAddr(le.Uint64(b)), le.Uint64(b[8:]), Kind(le.Uint32(b[16:]))
		if length == 0 || start >= maxPhys {
			continue
		}
		if kind < RAM || kind > Bad {
			kind = Reserved
		}
		yield(Entry{board.Range{Start: start, Size: min(length, uint64(maxPhys-start))}, kind})
	}
}

// eachModule yields the modules that lie in mapped memory.
func (r *raw) eachModule(yield func(module)) {
	switch r.loader {
	case PVH:
		b := r.pvh()
		if b == nil {
			return
		}
		n := uint64(min(le.Uint32(b[pvhModuleCount:]), maxModules))
		list := r.view(mach.PhysAddr(le.Uint64(b[pvhModules:])), n*pvhModuleSize)
		for ; len(list) >= pvhModuleSize; list = list[pvhModuleSize:] {
			r.yieldModule(le.Uint64(list), le.Uint64(list[8:]), r.text(mach.PhysAddr(le.Uint64(list[16:]))), yield)
		}
	case Multiboot2:
		n := 0
		r.eachTag(func(kind uint32, b []byte) bool {
			if kind == mbModule && len(b) >= 8 {
				start, end := uint64(le.Uint32(b)), uint64(le.Uint32(b[4:]))
				r.yieldModule(start, end-min(start, end), untilNUL(b[8:]), yield)
				n++
			}
			return n < maxModules
		})
	}
}

func (r *raw) yieldModule(start, size uint64, command []byte, yield func(module)) {
	if size == 0 {
		start = 0 // an empty file lies nowhere
	} else if r.view(mach.PhysAddr(start), size) == nil {
		return
	}
	yield(module{board.Range{Start: mach.PhysAddr(start), Size: size}, command})
}

// eachTaken yields the memory that the loader's own structures use, which must survive until Read has copied them.
func (r *raw) eachTaken(yield func(board.Range)) {
	switch r.loader {
	case PVH:
		b := r.pvh()
		if b == nil {
			return
		}
		yield(board.Range{Start: r.at, Size: pvhSize})
		yield(board.Range{Start: mach.PhysAddr(le.Uint64(b[pvhModules:])), Size: uint64(min(le.Uint32(b[pvhModuleCount:]), maxModules)) * pvhModuleSize})
		yield(board.Range{Start: mach.PhysAddr(le.Uint64(b[pvhMap:])), Size: uint64(min(le.Uint32(b[pvhMapCount:]), maxEntries)) * pvhEntrySize})
		line := mach.PhysAddr(le.Uint64(b[pvhCommand:]))
		yield(board.Range{Start: line, Size: uint64(len(r.text(line))) + 1})
	case Multiboot2:
		if b := r.view(r.at, 8); b != nil {
			yield(board.Range{Start: r.at, Size: uint64(le.Uint32(b))})
		}
	}
}

// command is the kernel's command line.
func (r *raw) command() string {
	line := ""
	switch r.loader {
	case PVH:
		if b := r.pvh(); b != nil {
			line = string(r.text(mach.PhysAddr(le.Uint64(b[pvhCommand:]))))
		}
	case Multiboot2:
		r.eachTag(func(kind uint32, b []byte) bool {
			if kind == mbCommand {
				line = string(untilNUL(b[:min(len(b), maxText)]))
			}
			return kind != mbCommand
		})
	}
	return line
}

// screen is what the loader says of the screen, if it lies where no memory of ours does.
func (r *raw) screen(memory []Entry) (s Screen) {
	if r.loader != Multiboot2 {
		return s
	}
	const (
		pitch, width, height, depth, kind = 8, 12, 16, 20, 21
		size                              = 24

		kindPixels, kindText = 1, 2
	)
	r.eachTag(func(tag uint32, b []byte) bool {
		if tag != mbScreen || len(b) < size-8 || len(b) <= kind {
			return true
		}
		s = Screen{
			Range: board.Range{Start: mach.PhysAddr(le.Uint64(b))}, Text: b[kind] == kindText, Depth: int(b[depth]),
			Width: int(min(le.Uint32(b[width:]), maxLines)), Height: int(min(le.Uint32(b[height:]), maxLines)), Pitch: int(min(le.Uint32(b[pitch:]), maxPitch)),
		}
		s.Size = uint64(s.Pitch) * uint64(s.Height)
		if b[kind] != kindPixels && b[kind] != kindText || s.Start == 0 || s.Start >= maxPhys || s.Size > uint64(maxPhys-s.Start) {
			s = Screen{}
		}
		return false
	})
	for _, e := range memory {
		if e.Kind == RAM && overlap(e.Range, s.Range) {
			return Screen{}
		}
	}
	return s
}

// acpi finds the root of ACPI's tables: as the loader says, else in the BIOS's memory (ACPI specification, 5.2.5.1).
func (r *raw) acpi() ACPITables {
	var t ACPITables
	switch r.loader {
	case PVH:
		if b := r.pvh(); b != nil {
			p := mach.PhysAddr(le.Uint64(b[pvhRSDP:]))
			if t = rsdp(r.view(p, rsdpWide)); t.Root == 0 {
				t = rsdp(r.view(p, rsdpNarrow))
			}
		}
	case Multiboot2:
		r.eachTag(func(kind uint32, b []byte) bool {
			if kind == mbOldRSDP || kind == mbNewRSDP {
				if found := rsdp(b); found.Root != 0 {
					t = found
				}
			}
			return true
		})
	}
	for p := mach.PhysAddr(0xe0000); t.Root == 0 && p < 0x100000; p += 16 {
		t = rsdp(r.view(p, rsdpWide))
	}
	return t
}

// Sizes of the two forms of the RSDP.
const (
	rsdpNarrow = 20
	rsdpWide   = 36
)

// rsdp reads a root system description pointer; a zero answer means that b is none.
func rsdp(b []byte) ACPITables {
	if len(b) < rsdpNarrow || string(b[:8]) != "RSD PTR " || sum(b[:rsdpNarrow]) != 0 {
		return ACPITables{}
	}
	if len(b) >= rsdpWide && b[15] >= 2 && sum(b[:rsdpWide]) == 0 && le.Uint64(b[24:]) != 0 {
		return ACPITables{mach.PhysAddr(le.Uint64(b[24:])), true}
	}
	return ACPITables{mach.PhysAddr(le.Uint32(b[16:])), false}
}

func sum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}
