package kern

import (
	"fmt"

	"defpager/mach"
)

// segment is a part of a program's memory: fileSize bytes of the file from offset on, then zeros.
type segment struct {
	at                     mach.VirtAddr
	size, offset, fileSize uint64
	prot                   mach.Prot
}

func (s *segment) end() mach.VirtAddr { return s.at + mach.VirtAddr(s.size) }

// program is what an ELF file says.
type program struct {
	entry    mach.VirtAddr
	segments []segment // ascending, disjoint, within the space for programs
}

// Bounds of the space for programs: above lies the first thread's stack.
const (
	programStart = mach.MinUser
	programEnd   = stackTop - stackSize - mach.SuperSize
	pieBase      = mach.MinUser + 0x10000 // where position-independent programs go
)

// Parts of the ELF64 format (System V ABI, chapters 4 and 5).
const (
	elfHeader     = 64
	elfEntry      = 56 // bytes of a program header
	elfMaxEntries = 64
	elfExec       = 2
	elfDyn        = 3
	elfAMD64      = 62
	elfLoad       = 1
	elfInterp     = 3
)

// parseELF reads a static ELF64 program for x86-64. It checks everything that the loader relies on; errors name the value and the
// limit.
func parseELF(file []byte) (*program, error) {
	size := uint64(len(file))
	if size < elfHeader {
		return nil, fmt.Errorf("file of %d bytes: an ELF header has %d", size, elfHeader)
	}
	if string(file[:4]) != "\x7fELF" {
		return nil, fmt.Errorf("no ELF file: it begins with % x", file[:4])
	}
	if file[4] != 2 || file[5] != 1 {
		return nil, fmt.Errorf("ELF class %d, data %d: want 64-bit (2), little endian (1)", file[4], file[5])
	}
	kind, machine := le.Uint16(file[16:]), le.Uint16(file[18:])
	if kind != elfExec && kind != elfDyn || machine != elfAMD64 {
		return nil, fmt.Errorf("ELF type %d for machine %d: want a program (%d or %d) for x86-64 (%d)", kind, machine, elfExec, elfDyn, elfAMD64)
	}
	base := uint64(0)
	if kind == elfDyn {
		base = uint64(pieBase)
	}
	at, entrySize, n := le.Uint64(file[32:]), le.Uint16(file[54:]), le.Uint16(file[56:])
	if entrySize != elfEntry || n == 0 || n > elfMaxEntries {
		return nil, fmt.Errorf("%d program headers of %d bytes: want 1 to %d of %d", n, entrySize, elfMaxEntries, elfEntry)
	}
	if at > size || uint64(n)*elfEntry > size-at {
		return nil, fmt.Errorf("program headers at %#x lie outside the file of %d bytes", at, size)
	}
	p := &program{entry: mach.VirtAddr(base + le.Uint64(file[24:]))}
	for i := range uint64(n) {
		h := file[at+i*elfEntry:]
		switch le.Uint32(h) {
		case elfInterp:
			return nil, fmt.Errorf("the program wants a dynamic linker: link it statically")
		case elfLoad:
			if err := p.add(h, base, size); err != nil {
				return nil, fmt.Errorf("segment %d: %w", i, err)
			}
		}
	}
	for _, s := range p.segments {
		if p.entry >= s.at && p.entry < s.end() && s.prot&mach.ProtExecute != 0 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("entry point %#x lies in no executable segment", uint64(p.entry))
}

// add appends the segment of program header h; size is that of the file in bytes.
func (p *program) add(h []byte, base, size uint64) error {
	flags := le.Uint32(h[4:])
	s := segment{offset: le.Uint64(h[8:]), fileSize: le.Uint64(h[32:]), size: le.Uint64(h[40:])}
	at := le.Uint64(h[16:])
	if s.size == 0 {
		return nil
	}
	switch {
	case s.fileSize > s.size:
		return fmt.Errorf("%d bytes in the file, %d in memory", s.fileSize, s.size)
	case s.offset > size || s.fileSize > size-s.offset:
		return fmt.Errorf("bytes %#x to %#x lie outside the file of %d bytes", s.offset, s.offset+s.fileSize, size)
	case at > uint64(programEnd) || base+at < uint64(programStart) || s.size > uint64(programEnd)-(base+at):
		return fmt.Errorf("%#x bytes at %#x lie outside the space for programs, %#x to %#x", s.size, base+at, uint64(programStart), uint64(programEnd))
	}
	s.at = mach.VirtAddr(base + at)
	if n := len(p.segments); n != 0 && s.at < p.segments[n-1].end() {
		return fmt.Errorf("it begins at %#x, before the last one ends at %#x", uint64(s.at), uint64(p.segments[n-1].end()))
	}
	const flagExecute, flagWrite, flagRead = 1, 2, 4
	for _, f := range [...]struct {
		flag uint32
		prot mach.Prot
	}{{flagExecute, mach.ProtExecute}, {flagWrite, mach.ProtWrite}, {flagRead, mach.ProtRead}} {
		if flags&f.flag != 0 {
			s.prot |= f.prot
		}
	}
	p.segments = append(p.segments, s)
	return nil
}
