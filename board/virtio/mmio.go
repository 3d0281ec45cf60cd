package virtio

import (
	"defpager/board"
	"defpager/mach"
)

// Devices with memory-mapped registers (4.2). QEMU's microvm has up to 24 of them, which nothing but AML or its own words on the
// kernel's command line tell; it has had them at the same place ever since.
const (
	mmioBase  = 0xfeb00000
	mmioSize  = 0x200
	mmioCount = 24
)

// Registers (4.2.2).
const (
	mmioMagic         = 0x000
	mmioVersion       = 0x004
	mmioDevice        = 0x008
	mmioFeatures      = 0x010
	mmioFeaturesWhich = 0x014
	mmioAccept        = 0x020
	mmioAcceptWhich   = 0x024
	mmioQueueWhich    = 0x030
	mmioQueueMax      = 0x034
	mmioQueueSize     = 0x038
	mmioQueueReady    = 0x044
	mmioQueueNotify   = 0x050
	mmioStatus        = 0x070
	mmioDescriptors   = 0x080
	mmioDriverRing    = 0x090
	mmioDeviceRing    = 0x0a0
	mmioConfig        = 0x100

	magic   = 0x74726976 // "virt"
	version = 2
)

func mmioRange() board.Range {
	return board.Range{Start: mmioBase, Size: (mmioCount*mmioSize + mach.PageMask) &^ mach.PageMask}
}

// mmioDisks are the transports of the disks. They are numbered from the last to the first, as QEMU fills them.
func mmioDisks() []Transport {
	var list []Transport
	for i := range mmioCount {
		w := window(mmioBase + (mmioCount-1-i)*mmioSize)
		if w.load32(mmioMagic) == magic && w.load32(mmioVersion) == version && w.load32(mmioDevice) == deviceBlock {
			list = append(list, mmio{w})
		}
	}
	return list
}

type mmio struct{ window }

func (m mmio) SetStatus(s uint8) { m.store32(mmioStatus, uint32(s)) }
func (m mmio) Status() uint8     { return uint8(m.load32(mmioStatus)) }

func (m mmio) Features() uint64 {
	m.store32(mmioFeaturesWhich, 1)
	high := m.load32(mmioFeatures)
	m.store32(mmioFeaturesWhich, 0)
	return uint64(high)<<32 | uint64(m.load32(mmioFeatures))
}

func (m mmio) Accept(features uint64) {
	for i := range uint32(2) {
		m.store32(mmioAcceptWhich, i)
		m.store32(mmioAccept, uint32(features>>(32*i)))
	}
}

func (m mmio) QueueMax() int {
	m.store32(mmioQueueWhich, 0)
	return int(m.load32(mmioQueueMax))
}

func (m mmio) SetQueue(size int, descriptors, driver, device mach.PhysAddr) {
	m.store32(mmioQueueWhich, 0)
	m.store32(mmioQueueSize, uint32(size))
	m.store64(mmioDescriptors, uint64(descriptors))
	m.store64(mmioDriverRing, uint64(driver))
	m.store64(mmioDeviceRing, uint64(device))
	m.store32(mmioQueueReady, 1)
}

// Interrupt implements Transport: these devices have lines to an I/O APIC, of which only AML tells.
func (m mmio) Interrupt(Message) bool { return false }

func (m mmio) Notify()                     { m.store32(mmioQueueNotify, 0) }
func (m mmio) Config(offset uint32) uint32 { return m.load32(mmioConfig + offset) }
