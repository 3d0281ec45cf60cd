// Package info reads what a loader left in memory: the memory map, the modules and the command line.
//
// Two loaders are known. PVH (Xen, include/public/arch-x86/hvm/start_info.h) hands over one initrd, which is a cpio archive
// of modules or one file, which may be a program; multiboot2 (specification 1.6) hands over any number of modules. Both end up in one Info.
// Nothing that the loader says is believed without a check: addresses, counts and sizes may be anything, and the memory map
// may be unsorted and overlap itself; where pieces overlap, the more cautious kind wins.
//
// PlaceHeap runs before the Go runtime has memory. It and all it calls allocate nothing and start no stack growth.
package info

import (
	"defpager/board"
	"defpager/mach"
)

// Loader says whose structure describes the machine. The entry stub knows the same numbers.
type Loader uint32

// Loaders.
const (
	PVH        Loader = 1
	Multiboot2 Loader = 2
)

func (l Loader) String() string {
	switch l {
	case PVH:
		return "PVH"
	case Multiboot2:
		return "multiboot2"
	}
	return "unknown loader"
}

// Kind is what a piece of physical memory is for, numbered as BIOS call E820 does (ACPI specification, table 15-374).
type Kind uint32

// Kinds. Every number that the specification does not know is Reserved.
const (
	RAM      Kind = 1
	Reserved Kind = 2
	ACPI     Kind = 3 // tables; usable when they have been read, which we do not do
	NVS      Kind = 4 // belongs to the firmware
	Bad      Kind = 5
)

func (k Kind) String() string {
	switch k {
	case RAM:
		return "RAM"
	case ACPI:
		return "ACPI tables"
	case NVS:
		return "ACPI NVS"
	case Bad:
		return "bad"
	}
	return "reserved"
}

// Entry is one piece of the memory map.
type Entry struct {
	board.Range
	Kind Kind
}

// ACPITables says where ACPI's tables begin, as the RSDP does (ACPI specification, 5.2.5.3).
type ACPITables struct {
	Root mach.PhysAddr // the RSDT or, if Wide, the XSDT; 0: there are no tables
	Wide bool
}

// Screen is where characters or pixels are shown; Size 0: nowhere that is known.
type Screen struct {
	board.Range
	Text          bool // characters, of two bytes each; else pixels
	Width, Height int  // characters or pixels
	Pitch         int  // bytes from one line to the next
	Depth         int  // bits of a pixel
}

// Info is what the loader left.
type Info struct {
	Loader      Loader
	Memory      []Entry        // sorted by address, without overlap, neighbours of one kind merged
	Modules     []board.Module // in the order of the loader or the archive's list; ready after Settle
	CommandLine string
	ACPI        ACPITables
	Screen      Screen

	taken []board.Range // the loader's own structures
}

// limits of what is believed: far above what any machine has.
const (
	maxEntries = 1024
	maxModules = 1024
	maxText    = 4096                   // bytes of a command line
	maxPitch   = 1 << 18                // bytes of a line of pixels
	maxLines   = 1 << 14                // of pixels, or pixels of a line
	maxPhys    = mach.PhysAddr(1) << 52 // physical addresses of the architecture end here
	below4G    = mach.PhysAddr(4) << 30 // what the entry stub's tables map
)
