// Package image knows the running image: what the entry stub left for Go, and where the sections of the image lie.
//
// The stub (boot/entry) starts in 32-bit mode under every loader, builds page tables for the first 4 GiB, and passes one
// record to Go whoever the loader was. linker.ld writes the section bounds into that record, because the Go part of the
// image is linked before the stub and cannot name its symbols. This package also answers the runtime's question that comes
// before all others: where may the heap be?
package image

import (
	"defpager/board"
	"defpager/boot/info"
	"defpager/mach"
)

// Record is what the entry stub passes to Go, for every loader alike. The stub's assembly (boot/entry/start.S) lays it
// out: keep the order, every field is 8 bytes.
type Record struct {
	magic    uint64
	loader   uint64
	info     uint64    // physical address of the loader's own structure
	entryTSC uint64    // time stamp counter at the first instruction
	bounds   [8]uint64 // start and end of stub, text, rodata, data
	_        uint64    // the stub's top-level page table, which the kernel's own replace
	stack    uint64    // lowest address of the first stack; the page below it is a guard
}

// recordMagic stands at the start of every record: "defpager" in memory.
const recordMagic = 0x7265676170666564

// Sections are the parts of the image in memory, page aligned, in ascending order. What lies between them is free.
type Sections struct {
	Stub   board.Range // entry code, early tables, the first goroutine-less stack: execute, read and write
	Text   board.Range // read and execute
	ROData board.Range // read
	Data   board.Range // read and write; variables without contents included
}

// Sections tells where the sections lie.
func (r *Record) Sections() Sections {
	at := func(i int) board.Range {
		start, end := r.bounds[2*i], r.bounds[2*i+1]
		return board.Range{Start: mach.PhysAddr(start), Size: end - start}
	}
	return Sections{Stub: at(0), Text: at(1), ROData: at(2), Data: at(3)}
}

// Loader tells who loaded the image, and where that loader's own structure is.
func (r *Record) Loader() (info.Loader, mach.PhysAddr) {
	return info.Loader(r.loader), mach.PhysAddr(r.info)
}

// EntryTSC is the time stamp counter at the image's first instruction.
func (r *Record) EntryTSC() uint64 { return r.entryTSC }

// StackGuard is the page below the first stack (that of the runtime's first thread): the kernel's tables leave it unmapped.
func (r *Record) StackGuard() mach.PhysAddr { return mach.PhysAddr(r.stack) - mach.PageSize }
