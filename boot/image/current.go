package image

import "defpager/mach"

// mapped is the end of what the entry stub's page tables map.
const mapped = mach.PhysAddr(4) << 30

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
