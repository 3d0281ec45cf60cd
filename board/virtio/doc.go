// Package virtio drives virtio block devices, as board/disk's disks: over PCI (modern and transitional devices, through the modern interface) and
// over memory-mapped registers, as QEMU's microvm has them.
//
// TamaGo's package of that name copies every buffer, knows one descriptor per request, and builds for the bare machine only; here a request is a
// chain of three, the data in place, many are under way, and tests play the device. Section numbers are those of "Virtual I/O Device
// (VIRTIO) Version 1.2".
//
// What a device has done is found by polling. Who waits for a disk polls when nothing else is to be done, at each tick of the clock, and when the device
// interrupts, which those on PCI do that have MSI-X (PCI Local Bus Specification 3.0, 6.8.2).
package virtio

import "defpager/mach"

// Transport is how a device's registers are reached (4.1, 4.2).
type Transport interface {
	// SetStatus writes the status; 0 resets the device.
	SetStatus(s uint8)
	Status() uint8
	// Features are those that the device offers; Accept says which the driver uses.
	Features() uint64
	Accept(features uint64)
	// QueueMax is the most descriptors of the first queue.
	QueueMax() int
	// SetQueue says where the first queue lies: its descriptors, the driver's ring and the device's.
	SetQueue(size int, descriptors, driver, device mach.PhysAddr)
	// Interrupt has the device send m whenever it is done with something of the first queue, which SetQueue has described. It reports whether the device can.
	Interrupt(m Message) bool
	// Notify says that the driver's ring has more.
	Notify()
	// Config is the 32-bit word of the device's own configuration at an offset in bytes.
	Config(offset uint32) uint32
}

// Message is what a device writes to interrupt a processor; At 0: it is not to.
type Message struct {
	At   mach.PhysAddr
	Data uint32
}

// Bits of the status (2.1).
const (
	statusAcknowledge = 1 << 0
	statusDriver      = 1 << 1
	statusDriverOK    = 1 << 2
	statusFeaturesOK  = 1 << 3
	statusNeedsReset  = 1 << 6
	statusFailed      = 1 << 7
)

// Features (5.2.3, 6).
const (
	featureReadOnly = 1 << 5
	featureVersion1 = 1 << 32
)

// deviceBlock is the device ID of disks (5.2.1).
const deviceBlock = 2
