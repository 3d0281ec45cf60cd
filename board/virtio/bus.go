package virtio

import "defpager/board"

// Bus is where the machine's disks are.
type Bus struct {
	pci    []*pciDisk
	mapped bool // no PCI: there may be devices with memory-mapped registers
}

// Find looks for disks on PCI. It touches no memory.
func Find(c ConfigSpace) *Bus {
	b := &Bus{}
	var present bool
	b.pci, present = findPCI(c)
	b.mapped = !present
	return b
}

// Ranges are the pages of registers, which the kernel is to map, to read and write and not to cache.
func (b *Bus) Ranges() []board.Range {
	if b.mapped {
		return []board.Range{mmioRange()}
	}
	var list []board.Range
	for _, p := range b.pci {
		list = append(list, p.ranges...)
	}
	return list
}

// Disks are the transports of all disks, in the order of their names: vda, vdb and so on. The pages of Ranges are mapped.
func (b *Bus) Disks() []Transport {
	if b.mapped {
		return mmioDisks()
	}
	var list []Transport
	for _, p := range b.pci {
		list = append(list, p)
	}
	return list
}
