package x86

import "strings"

// Features are what the processor can do of what the kernel uses.
type Features struct {
	NX, SMEP, SMAP, UMIP, Giant, XSave, AVX, XSaveOpt bool
}

// String lists the features that are there.
func (f Features) String() string {
	var b strings.Builder
	for _, e := range []struct {
		has  bool
		name string
	}{{f.NX, "NX"}, {f.SMEP, "SMEP"}, {f.SMAP, "SMAP"}, {f.UMIP, "UMIP"}, {f.Giant, "1GiB-pages"}, {f.XSave, "XSAVE"}, {f.AVX, "AVX"}} {
		if e.has {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(e.name)
		}
	}
	return b.String()
}

// detect asks CPUID (Intel SDM volume 2, CPUID).
func detect() Features {
	var f Features
	_, _, ecx, _ := cpuid(1, 0)
	f.XSave = ecx>>26&1 != 0
	f.AVX = f.XSave && ecx>>28&1 != 0
	if last, _, _, _ := cpuid(0, 0); last >= 7 {
		_, ebx, ecx, _ := cpuid(7, 0)
		f.SMEP, f.SMAP, f.UMIP = ebx>>7&1 != 0, ebx>>20&1 != 0, ecx>>2&1 != 0
	}
	if last, _, _, _ := cpuid(0x80000000, 0); last >= 0x80000001 {
		_, _, _, edx := cpuid(0x80000001, 0)
		f.NX, f.Giant = edx>>20&1 != 0, edx>>26&1 != 0
	}
	return f
}

// Bits of the control registers (Intel SDM volume 3, 2.5) and of EFER.
const (
	cr0MP = 1 << 1
	cr0EM = 1 << 2
	cr0TS = 1 << 3
	cr0NE = 1 << 5
	cr0WP = 1 << 16
	cr0AM = 1 << 18

	cr4PGE        = 1 << 7
	cr4OSFXSR     = 1 << 9
	cr4OSXMMEXCPT = 1 << 10
	cr4UMIP       = 1 << 11
	cr4FSGSBASE   = 1 << 16
	cr4OSXSAVE    = 1 << 18
	cr4SMEP       = 1 << 20
	cr4SMAP       = 1 << 21

	eferSCE = 1 << 0
	eferNXE = 1 << 11

	msrEFER   = 0xc0000080
	msrSTAR   = 0xc0000081
	msrLSTAR  = 0xc0000082
	msrSFMASK = 0xc0000084
	msrGSBase = 0xc0000101

	msrKernelGSBase = 0xc0000102

	xcr0X87 = 1 << 0
	xcr0SSE = 1 << 1
	xcr0AVX = 1 << 2
)

// enable switches on what the processor has, and returns the components that XSAVE is to keep, 0 without XSAVE, and the size of an
// FPU area in bytes.
func (f Features) enable() (xmask uint64, area int) {
	writeCR0(readCR0()&^(cr0EM|cr0TS|cr0AM) | cr0MP | cr0NE | cr0WP)
	cr4 := readCR4()&^cr4FSGSBASE | cr4PGE | cr4OSFXSR | cr4OSXMMEXCPT
	for _, e := range []struct {
		has bool
		bit uint64
	}{{f.SMEP, cr4SMEP}, {f.SMAP, cr4SMAP}, {f.UMIP, cr4UMIP}, {f.XSave, cr4OSXSAVE}} {
		if e.has {
			cr4 |= e.bit
		}
	}
	writeCR4(cr4)
	efer := readMSR(msrEFER) | eferSCE
	if f.NX {
		efer |= eferNXE
	}
	writeMSR(msrEFER, efer)
	if !f.XSave {
		return 0, fxsaveSize
	}
	xmask = xcr0X87 | xcr0SSE
	if f.AVX {
		xmask |= xcr0AVX
	}
	writeXCR0(xmask)
	_, size, _, _ := cpuid(0xd, 0) // EBX: bytes for what XCR0 enables
	return xmask, int(size)
}

// fxsaveSize is the size of FXSAVE's area in bytes.
const fxsaveSize = 512
