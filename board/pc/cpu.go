package pc

// Instructions that Go has no words for (cpu_amd64.s).

func in8(port uint16) uint8
func in16(port uint16) uint16
func in32(port uint16) uint32
func out8(port uint16, v uint8)
func out16(port uint16, v uint16)
func out32(port uint16, v uint32)

// rdtsc reads the time stamp counter.
func rdtsc() uint64

// cpuid asks the processor about itself (Intel SDM volume 2, CPUID).
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// rdrand draws a random number; ok is false when the processor has none to give now. Only where CPUID shows RDRAND.
func rdrand() (v uint64, ok bool)

// halt rests until an interrupt has been served. It is the only place where the kernel lets interrupts in.
func halt()

// stop stops the processor for good.
func stop()

// tripleFault resets the processor: with an empty interrupt table nothing can be handled.
func tripleFault()

// CPUID bits (Intel SDM volume 2, tables 3-11 and 3-17).
const (
	featureRDRAND = 1 << 30 // leaf 1, ECX
	leafBrand     = 0x80000002
	leafExtended  = 0x80000000
)

// brand is the processor's name, "" if it has none.
func brand() string {
	if last, _, _, _ := cpuid(leafExtended, 0); last < leafBrand+2 {
		return ""
	}
	var b [48]byte
	for i := range uint32(3) {
		eax, ebx, ecx, edx := cpuid(leafBrand+i, 0)
		for k, r := range [4]uint32{eax, ebx, ecx, edx} {
			le.PutUint32(b[16*int(i)+4*k:], r)
		}
	}
	n := 0
	for n < len(b) && b[n] != 0 {
		n++
	}
	return string(b[:n])
}
