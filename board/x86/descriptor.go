package x86

import "unsafe"

// Selectors of the global descriptor table, in the order that SYSCALL and SYSRET want (Intel SDM volume 2, SYSRET).
const (
	selKernelCode = 0x08
	selKernelData = 0x10
	selUserData   = 0x18
	selUserCode   = 0x20
	selTSS        = 0x28 // two slots
)

// Segment descriptors: base 0, present; in 64-bit mode only type, privilege and the L bit count (Intel SDM volume 3, 3.4.5).
const (
	descKernelCode = 0x00af9b000000ffff
	descKernelData = 0x00cf93000000ffff
	descUserData   = 0x00cff3000000ffff
	descUserCode   = 0x00affb000000ffff
)

// tss is the 64-bit task-state segment (Intel SDM volume 3, 8.7): only its interrupt stacks are used, and its I/O map is empty, so
// that ring 3 has no port.
type tss struct {
	_     uint32
	rsp   [3][2]uint32
	_     [2]uint32
	ist   [7][2]uint32 // low and high half: the structure is not aligned to 8
	_     [2]uint32
	_     uint16
	iomap uint16 // offset of the I/O map; beyond the limit: none
}

const tssSize = 104

// setIST makes stack n (1 to 7) begin, downwards, at top.
func (t *tss) setIST(n int, top uint64) {
	t.ist[n-1] = [2]uint32{uint32(top), uint32(top >> 32)}
}

// tssDescriptor is the pair of slots for a TSS at base.
func tssDescriptor(base uint64) (lo, hi uint64) {
	const available = 0x89 << 40
	lo = tssSize - 1 | base&0xffffff<<16 | available | base>>24&0xff<<56
	return lo, base >> 32
}

// gate is an entry of the interrupt descriptor table (Intel SDM volume 3, 6.14.1).
type gate struct{ lo, hi uint64 }

// interruptGate enters target with interrupts off on interrupt stack ist; dpl is the outermost ring that may raise it by INT n.
func interruptGate(target uint64, ist, dpl uint64) gate {
	const interrupt = 0x8e << 40
	return gate{
		lo: target&0xffff | selKernelCode<<16 | ist<<32 | interrupt | dpl<<45 | target>>16&0xffff<<48,
		hi: target >> 32,
	}
}

// pseudo is the operand of LGDT and LIDT.
type pseudo struct {
	_     [3]uint16 // so that base is aligned
	limit uint16
	base  uint64
}

func pointTo(p unsafe.Pointer, size uintptr) pseudo {
	return pseudo{limit: uint16(size - 1), base: uint64(uintptr(p))}
}

// operand is the pseudo-descriptor's address, for LGDT or LIDT.
func (p *pseudo) operand() unsafe.Pointer { return unsafe.Pointer(&p.limit) }

// Interrupt stacks, by their number in the TSS.
const (
	istTrap         = 1 // exceptions and interrupts
	istNMI          = 2
	istDoubleFault  = 3
	istMachineCheck = 4
	istCount        = 4
)

// install fills and loads the tables; stacks are the tops of the interrupt stacks.
func (p *percpu) install(stacks [istCount]uint64) {
	p.gdt = [7]uint64{0, descKernelCode, descKernelData, descUserData, descUserCode}
	p.gdt[selTSS/8], p.gdt[selTSS/8+1] = tssDescriptor(uint64(uintptr(unsafe.Pointer(&p.tss))))
	p.tss.iomap = tssSize
	for i, top := range stacks {
		p.tss.setIST(i+1, top)
	}
	for v := range p.idt {
		ist, dpl := uint64(istTrap), uint64(0)
		switch v {
		case 2:
			ist = istNMI
		case 3, 4: // INT3 and INTO may come from ring 3
			dpl = 3
		case 8:
			ist = istDoubleFault
		case 18:
			ist = istMachineCheck
		}
		p.idt[v] = interruptGate(uint64(stubAddress(v)), ist, dpl)
	}
	gdt, idt := pointTo(unsafe.Pointer(&p.gdt), unsafe.Sizeof(p.gdt)), pointTo(unsafe.Pointer(&p.idt), unsafe.Sizeof(p.idt))
	loadTables(gdt.operand(), idt.operand(), selTSS)
}
