// Command relink turns the executable of the stock Go linker into a relocatable object, which ld can then link with the
// entry stub. (The go command refuses an external linker without cgo, so Go links first.)
//
//	go run ./boot/relink -in build/kernel.go.elf -out build/kernel.o -script build/kernel.ld
//
// Everything in the executable has its final address already, so nothing is relocated: the file becomes ET_REL, its symbols
// count from the start of their sections, and the address that each section must get goes into a linker script fragment of
// assignments, "go.text = 0x200000;" and so on, which linker.ld obeys, with go.entry for the entry point. Debug information stays as it is and so stays true.
package main

import (
	"debug/elf"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	in := flag.String("in", "", "executable of the Go linker")
	out := flag.String("out", "", "relocatable object to write")
	script := flag.String("script", "", "linker script fragment to write")
	flag.Parse()
	if err := run(*in, *out, *script); err != nil {
		fmt.Fprintln(os.Stderr, "relink:", err)
		os.Exit(1)
	}
}

func run(in, out, script string) error {
	b, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	places, err := relink(b)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if err := os.WriteFile(out, b, 0o644); err != nil {
		return err
	}
	return os.WriteFile(script, []byte(places), 0o644)
}

// Sizes of the structures of a 64-bit ELF file, and where the fields that change lie in them (System V ABI, chapters 4 and 5).
const (
	sectionHeader = 64
	symbol        = 24

	offType  = 16 // in the file header: e_type, e_entry, e_phoff, e_phentsize, e_phnum
	offEntry = 24
	offPhoff = 32
	offPhent = 54
	offPhnum = 56

	offAddr  = 16 // in a section header: sh_addr
	offIndex = 6  // in a symbol: st_shndx, st_value
	offValue = 8
)

// relink changes the executable b in place and returns the script of section addresses.
func relink(b []byte) (string, error) {
	f, err := elf.NewFile(strings.NewReader(string(b)))
	if err != nil {
		return "", err
	}
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB || f.Type != elf.ET_EXEC {
		return "", fmt.Errorf("%v %v %v is not a 64-bit little-endian executable", f.Class, f.Data, f.Type)
	}
	le := binary.LittleEndian
	shoff := le.Uint64(b[40:])
	if end := shoff + uint64(len(f.Sections))*sectionHeader; end > uint64(len(b)) || end < shoff {
		return "", fmt.Errorf("section headers end at %d, the file at %d", end, len(b))
	}
	var places strings.Builder
	fmt.Fprintf(&places, "go.entry = 0x%x;\n", f.Entry)
	var addrs []uint64
	for i, s := range f.Sections {
		addrs = append(addrs, s.Addr)
		if s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOTE {
			fmt.Fprintf(&places, "go%s = 0x%x;\n", s.Name, s.Addr)
		}
		le.PutUint64(b[shoff+uint64(i)*sectionHeader+offAddr:], 0)
	}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_RELA || s.Type == elf.SHT_REL {
			return "", fmt.Errorf("section %s holds relocations: link Go without -buildmode=pie", s.Name)
		}
		if s.Type == elf.SHT_SYMTAB {
			if err := rebase(b, s, addrs); err != nil {
				return "", err
			}
		}
	}
	le.PutUint16(b[offType:], uint16(elf.ET_REL))
	le.PutUint64(b[offEntry:], 0)
	le.PutUint64(b[offPhoff:], 0)
	le.PutUint16(b[offPhent:], 0)
	le.PutUint16(b[offPhnum:], 0)
	return places.String(), nil
}

// rebase makes the values of a symbol table count from the start of the symbols' sections.
func rebase(b []byte, table *elf.Section, addrs []uint64) error {
	end := table.Offset + table.FileSize
	if end > uint64(len(b)) || end < table.Offset {
		return fmt.Errorf("symbol table ends at %d, the file at %d", end, len(b))
	}
	le := binary.LittleEndian
	for at := table.Offset; at+symbol <= end; at += symbol {
		section := int(le.Uint16(b[at+offIndex:]))
		if section == int(elf.SHN_UNDEF) || section >= len(addrs) {
			continue // absolute or without a section
		}
		le.PutUint64(b[at+offValue:], le.Uint64(b[at+offValue:])-addrs[section])
	}
	return nil
}
