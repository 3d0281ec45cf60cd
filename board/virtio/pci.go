package virtio

import (
	"defpager/board"
	"defpager/mach"
)

// Devices on PCI (4.1; PCI Local Bus Specification 3.0, chapter 6).
const (
	pciVendor       = 0x1af4
	pciModern       = 0x1040 + deviceBlock
	pciTransitional = 0x1001

	pciSlots        = 32
	pciID           = 0x00
	pciCommand      = 0x04
	pciBAR          = 0x10
	pciCapabilities = 0x34

	commandMemory    = 1 << 1
	commandMaster    = 1 << 2
	barMemory        = 0 << 1 // of 32 bits
	barMemory64      = 2 << 1
	capabilityVendor = 0x09
	capabilityMSIX   = 0x11

	msixEnable = 1 << 31 // in the capability's first word
	msixMask   = 1 << 30 // of all messages
	noDevice   = 0xffff
)

// Kinds of the capabilities that tell where registers are (4.1.4).
const (
	regionCommon = 1
	regionNotify = 2
	regionDevice = 4
)

// Registers of the common configuration (4.1.4.3).
const (
	commonFeaturesWhich = 0x00
	commonFeatures      = 0x04
	commonAcceptWhich   = 0x08
	commonAccept        = 0x0c
	commonConfigMessage = 0x10
	commonStatus        = 0x14
	commonQueueWhich    = 0x16
	commonQueueSize     = 0x18
	commonQueueMessage  = 0x1a
	commonQueueEnable   = 0x1c
	commonNotifyOffset  = 0x1e
	commonDescriptors   = 0x20
	commonDriverRing    = 0x28
	commonDeviceRing    = 0x30
)

// An entry of the table of messages (PCI Local Bus Specification 3.0, 6.8.2.6 to 6.8.2.9).
const (
	messageAt      = 0x0
	messageData    = 0x8
	messageControl = 0xc // bit 0: it is not sent
	messageSize    = 0x10

	noMessage = 0xffff // as the number of an entry
)

// pciDisk is the transport of a device on PCI.
type pciDisk struct {
	space                  ConfigSpace
	slot                   int
	msix                   uint8  // where the capability is; 0: there is none
	messages               window // their table
	common, notify, config window
	multiplier             uint32
	notice                 uint32 // offset of the queue's register from notify
	ranges                 []board.Range
}

// ConfigSpace is PCI's configuration space of the first function of each slot of the first bus, in words of 32 bits.
type ConfigSpace interface {
	Read(slot int, offset uint8) uint32
	Write(slot int, offset uint8, v uint32)
}

// findPCI looks for disks on the first bus, in the order of their slots. present is false if there is no PCI.
func findPCI(c ConfigSpace) (disks []*pciDisk, present bool) {
	for slot := range pciSlots {
		id := c.Read(slot, pciID)
		if id&0xffff == noDevice {
			if slot == 0 {
				return nil, false // where the bridge from the processor is
			}
			continue
		}
		if device := id >> 16; id&0xffff != pciVendor || device != pciModern && device != pciTransitional {
			continue
		}
		if p := newPCI(c, slot); p != nil {
			disks = append(disks, p)
		}
	}
	return disks, true
}

// newPCI reads where a device's registers are; nil if it does not say so or the kernel cannot reach them.
func newPCI(c ConfigSpace, slot int) *pciDisk {
	p := &pciDisk{space: c, slot: slot}
	at := uint8(c.Read(slot, pciCapabilities)) &^ 3
	for range 48 { // there is no room for more: a longer list is a circle
		if at == 0 {
			break
		}
		head := c.Read(slot, at)
		switch uint8(head) {
		case capabilityVendor:
			p.add(c, slot, at, head>>24)
		case capabilityMSIX:
			p.addMessages(at)
		}
		at = uint8(head>>8) &^ 3
	}
	if p.common == 0 || p.notify == 0 || p.config == 0 {
		return nil
	}
	c.Write(slot, pciCommand, c.Read(slot, pciCommand)&0xffff|commandMemory|commandMaster)
	return p
}

// add reads a capability that tells where registers of a kind are.
func (p *pciDisk) add(c ConfigSpace, slot int, at uint8, kind uint32) {
	base := barAddress(c, slot, c.Read(slot, at+4)&0xff)
	start, size := base+mach.PhysAddr(c.Read(slot, at+8)), uint64(c.Read(slot, at+12))
	if base == 0 || size == 0 || start+mach.PhysAddr(size) > reachable {
		return
	}
	switch kind {
	case regionCommon:
		p.common = window(start)
	case regionNotify:
		p.notify, p.multiplier = window(start), c.Read(slot, at+16)
	case regionDevice:
		p.config = window(start)
	default:
		return
	}
	p.use(start, size)
}

// addMessages reads the capability that tells where the table of messages is, of which the first is used.
func (p *pciDisk) addMessages(at uint8) {
	const barMask = 7
	where := p.space.Read(p.slot, at+4)
	base := barAddress(p.space, p.slot, where&barMask)
	start := base + mach.PhysAddr(where&^barMask)
	if base == 0 || start+messageSize > reachable {
		return
	}
	p.msix, p.messages = at, window(start)
	p.use(start, messageSize)
}

// use has the pages of registers mapped.
func (p *pciDisk) use(start mach.PhysAddr, size uint64) {
	end := (start + mach.PhysAddr(size) + mach.PageMask).Trunc()
	p.ranges = append(p.ranges, board.Range{Start: start.Trunc(), Size: uint64(end - start.Trunc())})
}

// barAddress is where the memory of a base address register lies; 0: nowhere, or behind what the kernel can map.
func barAddress(c ConfigSpace, slot int, bar uint32) mach.PhysAddr {
	if bar > 5 {
		return 0
	}
	offset := uint8(pciBAR + 4*bar)
	v := c.Read(slot, offset)
	address := mach.PhysAddr(v &^ 0xf)
	switch v & 7 {
	case barMemory:
	case barMemory64:
		if bar == 5 {
			return 0
		}
		address |= mach.PhysAddr(c.Read(slot, offset+4)) << 32
	default:
		return 0 // ports
	}
	if address >= reachable {
		return 0
	}
	return address
}

// reachable is the end of what the kernel can map.
const reachable = mach.PhysAddr(mach.MinUser)

func (p *pciDisk) SetStatus(s uint8) { p.common.store8(commonStatus, s) }
func (p *pciDisk) Status() uint8     { return p.common.load8(commonStatus) }

func (p *pciDisk) Features() uint64 {
	p.common.store32(commonFeaturesWhich, 1)
	high := p.common.load32(commonFeatures)
	p.common.store32(commonFeaturesWhich, 0)
	return uint64(high)<<32 | uint64(p.common.load32(commonFeatures))
}

func (p *pciDisk) Accept(features uint64) {
	for i := range uint32(2) {
		p.common.store32(commonAcceptWhich, i)
		p.common.store32(commonAccept, uint32(features>>(32*i)))
	}
}

func (p *pciDisk) QueueMax() int {
	p.common.store16(commonQueueWhich, 0)
	return int(p.common.load16(commonQueueSize))
}

func (p *pciDisk) SetQueue(size int, descriptors, driver, device mach.PhysAddr) {
	p.common.store16(commonQueueWhich, 0)
	p.common.store16(commonQueueSize, uint16(size))
	p.common.store64(commonDescriptors, uint64(descriptors))
	p.common.store64(commonDriverRing, uint64(driver))
	p.common.store64(commonDeviceRing, uint64(device))
	p.notice = uint32(p.common.load16(commonNotifyOffset)) * p.multiplier
	p.common.store16(commonQueueEnable, 1)
}

// Interrupt implements Transport. The device's other messages, of which there are none that anybody waits for, stay masked.
func (p *pciDisk) Interrupt(m Message) bool {
	if p.msix == 0 {
		return false
	}
	head := p.space.Read(p.slot, p.msix)
	p.space.Write(p.slot, p.msix, head|msixEnable|msixMask)
	p.messages.store64(messageAt, uint64(m.At))
	p.messages.store32(messageData, m.Data)
	p.messages.store32(messageControl, 0)
	p.common.store16(commonConfigMessage, noMessage)
	p.common.store16(commonQueueWhich, 0)
	p.common.store16(commonQueueMessage, 0)
	if p.common.load16(commonQueueMessage) != 0 { // it has no room to note that (4.1.5.1.3)
		p.space.Write(p.slot, p.msix, head&^(msixEnable|msixMask))
		return false
	}
	p.space.Write(p.slot, p.msix, head&^msixMask|msixEnable)
	return true
}

func (p *pciDisk) Notify()                     { p.notify.store16(p.notice, 0) }
func (p *pciDisk) Config(offset uint32) uint32 { return p.config.load32(offset) }
