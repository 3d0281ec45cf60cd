package pc

// PCI is the configuration space, by the two ports of its first access mechanism (PCI Local Bus Specification 3.0, 3.2.2.3.2).
type PCI struct{}

const (
	portPCIAddress = 0xcf8
	portPCIData    = 0xcfc
)

func pciAddress(slot int, offset uint8) uint32 { return 1<<31 | uint32(slot)<<11 | uint32(offset&^3) }

// Read reads a word of the first function of a slot of the first bus. All bits are set where there is none.
func (PCI) Read(slot int, offset uint8) uint32 {
	out32(portPCIAddress, pciAddress(slot, offset))
	return in32(portPCIData)
}

// Write writes one.
func (PCI) Write(slot int, offset uint8, v uint32) {
	out32(portPCIAddress, pciAddress(slot, offset))
	out32(portPCIData, v)
}
