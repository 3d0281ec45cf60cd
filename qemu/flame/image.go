package flame

import (
	"cmp"
	"debug/elf"
	"errors"
	"slices"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// kind is what an instruction does to the stack of calls.
type kind uint8

const (
	plain kind = iota
	call
	ret
)

// function is a symbol of the image.
type function struct {
	at   uint64
	name string
}

// Image is the kernel's functions and instructions, as its ELF file has them.
type Image struct {
	functions []function // by address
	segments  []segment
	decoded   map[uint64]instruction
}

type segment struct {
	at   uint64
	code []byte
}

type instruction struct {
	kind kind
	next uint64 // the address behind it
}

// Open reads an image. The error says that it has no symbols, or is none.
func Open(path string) (*Image, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	all, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	i := &Image{decoded: map[uint64]instruction{}}
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value != 0 {
			i.functions = append(i.functions, function{s.Value, strings.TrimSuffix(s.Name, ".abi0")})
		}
	}
	if len(i.functions) == 0 {
		return nil, errors.New(path + " has no functions")
	}
	slices.SortStableFunc(i.functions, func(a, b function) int { return cmp.Compare(a.at, b.at) })
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 {
			continue
		}
		code := make([]byte, p.Filesz)
		if _, err := p.ReadAt(code, 0); err != nil {
			return nil, err
		}
		i.segments = append(i.segments, segment{p.Vaddr, code})
	}
	return i, nil
}

// Holds reports whether an address is that of code in the image.
func (i *Image) Holds(pc uint64) bool {
	for _, s := range i.segments {
		if pc >= s.at && pc-s.at < uint64(len(s.code)) {
			return true
		}
	}
	return false
}

// at is the index of the function that an address lies in, and whether it is the function's first. Before the first function: -1.
func (i *Image) at(pc uint64) (index int, first bool) {
	index, first = slices.BinarySearchFunc(i.functions, pc, func(f function, pc uint64) int { return cmp.Compare(f.at, pc) })
	if !first {
		index--
	}
	return index, first
}

// instruction tells of the one at an address. What is not in the file is plain.
func (i *Image) instruction(pc uint64) instruction {
	if d, ok := i.decoded[pc]; ok {
		return d
	}
	d := instruction{next: pc + 1}
	for _, s := range i.segments {
		if pc < s.at || pc-s.at >= uint64(len(s.code)) {
			continue
		}
		inst, err := x86asm.Decode(s.code[pc-s.at:], 64)
		if err != nil {
			break
		}
		d.next = pc + uint64(inst.Len)
		switch inst.Op {
		case x86asm.CALL, x86asm.LCALL:
			d.kind = call
		case x86asm.RET, x86asm.LRET:
			d.kind = ret
		}
	}
	i.decoded[pc] = d
	return d
}
