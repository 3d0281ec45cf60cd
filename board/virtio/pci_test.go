package virtio

import (
	"testing"

	"defpager/board"
	"defpager/mach"
)

// space is a configuration space: words by slot and offset.
type space map[[2]int]uint32

func (s space) Read(slot int, offset uint8) uint32 {
	if v, ok := s[[2]int{slot, int(offset)}]; ok || s[[2]int{slot, 0}] != 0 {
		return v
	}
	return 1<<32 - 1
}

func (s space) Write(slot int, offset uint8, v uint32) { s[[2]int{slot, int(offset)}] = v }

// messages is the page of a disk's memory where its table of messages is.
const messages = 7

// add makes a virtio disk whose registers are in the memory of BAR 4, at bar, a page for each kind.
func (s space) add(slot int, device, bar uint32) {
	put := func(offset int, v uint32) { s[[2]int{slot, offset}] = v }
	put(0, device<<16|pciVendor)
	put(pciCommand, 0x10_0000)
	put(pciCapabilities, 0x40)
	put(pciBAR+16, bar)
	put(pciBAR+20, 0)
	at := 0x40
	put(at, 2<<16|0x54<<8|capabilityMSIX)
	put(at+4, 0x1000*messages|4)
	at = 0x54
	for i, kind := range []uint32{regionCommon, regionDevice, regionNotify, 5} {
		next := at + 0x14
		if kind == 5 {
			next = 0
		}
		put(at, kind<<24|0x14<<16|uint32(next)<<8|capabilityVendor)
		put(at+4, 4)
		put(at+8, uint32(i)*mach.PageSize)
		put(at+12, mach.PageSize)
		put(at+16, 4)
		at = next
	}
}

func TestFindPCI(t *testing.T) {
	s := space{{0, 0}: 0x12378086}
	s.add(3, pciTransitional, 0xfebf0000|barMemory64|8)
	s.add(5, pciModern, 0xfebe0000)
	s.add(6, 0x1000, 0xfebd0000) // a network device
	s.add(7, pciModern, 0xc001)  // ports
	s.add(8, pciModern, 0)       // nobody gave it an address
	s.add(9, pciModern, 0xfebc0000)
	s[[2]int{9, 0x40}] = regionCommon<<24 | 0x14<<16 | 0x40<<8 | capabilityVendor // a circle
	s.add(10, pciModern, barMemory64)
	s[[2]int{10, pciBAR + 20}] = 1 << 31 // beyond what is mapped
	b := Find(s)
	if b.mapped || len(b.pci) != 2 {
		t.Fatalf("%d disks", len(b.pci))
	}
	for i, want := range []mach.PhysAddr{0xfebf0000, 0xfebe0000} {
		p := b.pci[i]
		if p.common != window(want) || p.config != window(want+mach.PageSize) || p.notify != window(want+2*mach.PageSize) || p.multiplier != 4 || p.messages != window(want+messages*mach.PageSize) || p.msix != 0x40 {
			t.Errorf("disk %d: %+v", i, p)
		}
	}
	if r := b.Ranges(); len(r) != 8 || r[0] != (board.Range{Start: 0xfebf0000 + messages*mach.PageSize, Size: mach.PageSize}) {
		t.Errorf("%v", r)
	}
	if s[[2]int{3, pciCommand}] != 0x10_0000&0xffff|commandMemory|commandMaster {
		t.Errorf("command %#x", s[[2]int{3, pciCommand}])
	}
	if none := Find(space{}); !none.mapped || len(none.Ranges()) != 1 {
		t.Error("a machine without PCI")
	}
}
