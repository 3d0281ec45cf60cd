package main

import (
	"encoding/binary"
	"fmt"

	"defpager/mach"
	"defpager/user/libmach"
)

// kernelText is the first page of the kernel's entry stub, which every address space maps, for ring 0 only.
const kernelText mach.VirtAddr = 1 << 20

// Bits of RFLAGS (Intel SDM volume 1, figure 3-8).
const (
	flagFixed = 1 << 1
	flagTF    = 1 << 8
	flagIF    = 1 << 9
	flagIOPL  = 3 << 12
)

func read(at mach.VirtAddr) bool {
	load(uint64(at))
	return false
}

func write(at mach.VirtAddr) bool {
	store(uint64(at))
	return false
}

func jump(at mach.VirtAddr) bool {
	callAt(uint64(at))
	return false
}

func trap(number mach.Trap) bool {
	libmach.Trap(number, 0, 0, 0, 0)
	return false
}

// pages allocates memory, or ends the program.
func (v *victim) pages(n uint64) mach.VirtAddr {
	at, ret := libmach.VMAllocate(v.client.Task(), 0, n*mach.PageSize, true)
	must("vm_allocate", ret)
	return at
}

func must(what string, ret mach.Return) {
	if ret != mach.Success {
		panic(fmt.Sprintf("victim: %s: %v", what, ret))
	}
}

func (v *victim) writeReadOnly() bool {
	at := v.pages(1)
	write(at)
	must("vm_protect", v.client.VMProtect(v.client.Task(), at, mach.PageSize, false, mach.ProtRead))
	read(at)
	return write(at)
}

func (v *victim) writeText() bool {
	const text mach.VirtAddr = 0x8000010000 // where build.mk links programs
	read(text)
	return write(text)
}

func (v *victim) executeData() bool {
	at := v.pages(1)
	libmach.Memory(at, 1)[0] = 0xc3 // RET
	return jump(at)
}

func (v *victim) unmapped() bool {
	at := v.pages(1)
	write(at)
	must("vm_deallocate", libmach.VMDeallocate(v.client.Task(), at, mach.PageSize))
	return read(at)
}

// beyond maps two pages of an object of one: the second is there to be touched, but not to be had.
func (v *victim) beyond() bool {
	object, ret := v.client.ObjectCreate(v.pager, mach.PageSize)
	must("default_pager_object_create", ret)
	at, ret := v.client.VMMap(v.client.Task(), libmach.Map{
		Size: 2 * mach.PageSize, Anywhere: true, Object: object, Cur: mach.ProtDefault, Max: mach.ProtDefault, Inherit: mach.InheritNone,
	})
	must("vm_map", ret)
	write(at)
	return write(at + mach.PageSize)
}

func (v *victim) eatMemory() bool {
	const piece = 16 << 20 // bytes
	for {
		at, ret := libmach.VMAllocate(v.client.Task(), 0, piece, true)
		if ret != mach.Success {
			return true
		}
		memory := libmach.Memory(at, piece)
		for i := 0; i < piece; i += mach.PageSize {
			memory[i] = 1
		}
	}
}

// stackOverflow uses a page of its own as the stack, below which nothing is mapped.
func (v *victim) stackOverflow() bool {
	at := v.pages(2)
	must("vm_deallocate", libmach.VMDeallocate(v.client.Task(), at, mach.PageSize))
	pushFrom(uint64(at) + 2*mach.PageSize)
	return false
}

// systemCallAtTheEdge makes the address behind a SYSCALL non-canonical: SYSRET there faults in ring 0 on Intel's processors.
// A kernel that gives nobody the last page refuses the allocation, which is as good.
func (v *victim) systemCallAtTheEdge() bool {
	task, last := v.client.Task(), mach.MaxUser-mach.PageSize
	if _, ret := libmach.VMAllocate(task, last, mach.PageSize, false); ret != mach.Success {
		return true
	}
	page := libmach.Memory(last, mach.PageSize)
	copy(page[mach.PageSize-2:], []byte{0x0f, 0x05}) // SYSCALL
	must("vm_protect", v.client.VMProtect(task, last, mach.PageSize, false, mach.ProtRead|mach.ProtExecute))
	return jump(mach.MaxUser - 2)
}

// unusedTraps makes every system call of the table that has no meaning. The few unused ones that answer a port's name
// answer none.
func (v *victim) unusedTraps() bool {
	for number := mach.Trap(-1); number > -mach.TrapTableSize; number-- {
		if used(number) {
			continue
		}
		if ret := libmach.Trap(number, 0, 0, 0, 0); ret != mach.InvalidArgument && ret != mach.Success {
			fmt.Printf("victim: trap %d answers %v\n", number, ret)
			return false
		}
	}
	return true
}

func used(number mach.Trap) bool {
	switch {
	case number <= -17 && number >= -18, number <= mach.TrapMsg && number >= mach.TrapPrint, number == -39, number == -40:
		return true
	}
	return number <= mach.TrapSwtchPri && number >= mach.TrapThreadSetSelfState
}

// badFlags tries to get at the I/O ports and the interrupt flag through POPF, which ring 3 may execute.
func (v *victim) badFlags() bool {
	got := setFlags(flagFixed | flagIOPL)
	return got&flagIOPL == 0 && got&flagIF != 0
}

func (v *victim) badBase() bool {
	for _, base := range []mach.VirtAddr{mach.MaxUser, ^mach.MaxUser} {
		low, high := uint32(base), uint32(base>>32)
		if ret := libmach.ThreadSetSelfState(mach.FlavorFSGSBase, []uint32{low, high, 0, 0}); ret != mach.InvalidArgument {
			fmt.Printf("victim: FS base %#x: %v\n", base, ret)
			return false
		}
	}
	return true
}

// virtual8086 returns with 32 bits to virtual-8086 mode, from a stack whose address is that of some of its own frames in the kernel's map: QEMU
// (7.2) reads it as the kernel would, and looks neither at the ring nor at the mode. Elsewhere the stack is out of reach.
func (v *victim) virtual8086() bool {
	const (
		stack    = 128 << 20 // bytes: in the midst of memory
		left     = 16 << 20  // bytes of memory for others
		flagVM   = 1 << 17
		selector = 0xb7c0 // of all segments: its ring is 0
	)
	s, ret := v.client.VMStatistics(v.client.Task())
	must("vm_statistics", ret)
	size := uint64(s.Free)*mach.PageSize - left
	memory := libmach.Memory(v.pages(size/mach.PageSize), size&^mach.PageMask)
	frame := [...]uint32{0x10, selector, flagFixed | flagIOPL | flagVM, 0, selector, selector, selector, selector, selector}
	for at := 0; at < len(memory); at += mach.PageSize {
		for i, w := range frame {
			binary.LittleEndian.PutUint32(memory[at+4*i:], w)
		}
	}
	shortReturn(stack)
	return false
}
