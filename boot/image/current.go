package image

import "defpager/mach"

// Mapped is the end of the memory that the entry stub's page tables map, from 0 on: what can be read until the kernel has its own.
const Mapped = mach.PhysAddr(4) << 30

// record points to what the entry stub passed; cpuinit stores it before the runtime starts. It is the one variable that
// cannot be an argument.
var record *Record

// Current is the record of the running image.
func Current() *Record {
	if record == nil || record.magic != recordMagic {
		panic("image: the entry stub passed no record")
	}
	return record
}
