package x86

import (
	"fmt"
	"unsafe"

	"defpager/board"
	"defpager/mach"
)

// CPU is one processor. It implements board.CPU.
type CPU struct {
	*percpu
	features Features
	kernel   mach.PhysAddr // the kernel's own top table
	entry    uint64        // the kernel's slot of every top table
	area     int           // bytes of an FPU area
}

// Config is what New needs.
type Config struct {
	Mem    board.Memory
	Layout Layout                // the kernel's map
	Tables board.Range           // frames for its page tables: Layout.TablePages of them, within reach of the early tables
	Stacks [istCount]board.Range // memory of the interrupt stacks; the lowest page of each becomes a guard
}

// Stacks is how many interrupt stacks New wants.
const Stacks = istCount

// New takes the processor over: it loads descriptor tables, switches features on, builds the kernel's page tables and goes to
// them. It runs once, on the processor itself.
func New(c Config) (*CPU, error) {
	f := detect()
	p := &percpu{}
	p.self = uintptr(unsafe.Pointer(p))
	cpu := &CPU{percpu: p, features: f}
	var tops [istCount]uint64
	for i, s := range c.Stacks {
		if s.Size < 2*mach.PageSize || s.Start&mach.PageMask != 0 {
			return nil, fmt.Errorf("x86: interrupt stack %#x of %d bytes: want two aligned pages at least", uint64(s.Start), s.Size)
		}
		c.Layout = append(c.Layout, Region{board.Range{Start: s.Start, Size: mach.PageSize}, Unmapped})
		tops[i] = uint64(s.End())
	}
	p.install(tops)
	p.xmask, cpu.area = f.enable()
	// SYSCALL takes CS from STAR[47:32]; SYSRETQ takes SS from STAR[63:48]+8 and CS from STAR[63:48]+16.
	writeMSR(msrSTAR, selKernelCode<<32|(selUserData-8)<<48)
	plain, xsave := syscallAddress()
	if f.XSave {
		plain = xsave
	}
	writeMSR(msrLSTAR, uint64(plain))
	writeMSR(msrSFMASK, 0x47700) // AC, NT, IOPL, OF, DF, IF, TF: off in the kernel
	writeMSR(msrGSBase, uint64(p.self))
	writeMSR(msrKernelGSBase, 0) // as p.gs says
	root, err := buildKernelMap(&c.Mem, c.Tables, c.Layout, f)
	if err != nil {
		return nil, err
	}
	cpu.kernel = root
	cpu.load(root)
	cpu.entry = c.Mem.Table(root)[0]
	return cpu, nil
}

// Features tells what the processor has and the kernel uses.
func (c *CPU) Features() Features { return c.features }

// KernelEntry is slot 0 of every task's top table: the kernel.
func (c *CPU) KernelEntry() uint64 { return c.entry }

// NX reports whether pages can be made not executable.
func (c *CPU) NX() bool { return c.features.NX }

func (c *CPU) load(root mach.PhysAddr) {
	writeCR3(uint64(root))
	c.root = root
}

// Entry implements board.CPU. It is the assembly itself: nothing stands between the dispatcher and the way to ring 3.
func (c *CPU) Entry() func(r *board.Regs) {
	if c.features.XSave {
		return enterX
	}
	return enter
}

// vectorSpurious is the local APIC's spurious vector, which is not acknowledged.
const vectorSpurious = 0xff

// NewFPU implements board.CPU. All of XSAVE's components are in their initial state (header zero), FXSAVE's words are written out.
func (c *CPU) NewFPU() board.FPU {
	const align = 64
	b := make([]byte, c.area+align)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (align - 1)
	b = b[skip : skip+uintptr(c.area)]
	const controlWord, mxcsr = 0x037f, 0x1f80
	b[0], b[1] = byte(controlWord&0xff), byte(controlWord>>8)
	b[24], b[25] = byte(mxcsr&0xff), byte(mxcsr>>8)
	return b
}

// Leave implements board.CPU.
func (c *CPU) Leave(root mach.PhysAddr) {
	if c.root == root {
		c.load(c.kernel)
	}
}

// InvalidatePage implements board.TLB. Without process-context identifiers a space that is not loaded has no translations.
func (c *CPU) InvalidatePage(root mach.PhysAddr, va mach.VirtAddr) {
	if c.root == root {
		invalidate(uint64(va))
	}
}

// InvalidateSpace implements board.TLB; the kernel's own translations are global and stay.
func (c *CPU) InvalidateSpace(root mach.PhysAddr) {
	if c.root == root {
		writeCR3(uint64(root))
	}
}

// Unserved counts the interrupts that ended the processor's rest.
func (c *CPU) Unserved() uint64 { return c.unserved }
