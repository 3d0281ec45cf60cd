package kern

import "defpager/board"

// A thread's FPU area is what FXSAVE or XSAVE wrote (Intel SDM volume 1, 10.5 and 13.4): 512 bytes, and behind them XSAVE's header and
// what it says is there. The flavors FLOAT and XFLOAT of thread_get_state show it as FSAVE would have written it, and as it is.
const (
	fxControl  = 0
	fxStatus   = 2
	fxTags     = 4 // one bit per register: it is not empty
	fxOpcode   = 6
	fxIP       = 8
	fxData     = 16
	fxMXCSR    = 24
	fxMask     = 28 // bits of MXCSR that exist, 0: the usual ones
	fxStack    = 32 // ST0 to ST7, 16 bytes each
	fxSize     = 512
	xHeader    = 512 // which components are there, and 56 bytes that must be 0
	xHeaderEnd = 576
	xAVXEnd    = 832
)

const usualMXCSR = 0xffbf

// Kinds of floating-point state (mach/x86_64/fp_reg.h).
const (
	fp387FX = 4 // FXSAVE
	fp387X  = 5 // XSAVE
)

// Layouts of i386_float_state and i386_xfloat_state.
const (
	floatImage  = 8   // behind the kind and whether there is anything
	floatRegs   = 28  // of the image: behind the environment
	floatBytes  = 120 // exc_status is the last word
	xfloatImage = 16
)

func fpKind(f board.FPU) uint32 {
	if len(f) > fxSize {
		return fp387X
	}
	return fp387FX
}

// floatState is i386_float_state: the environment and eight registers of ten bytes, the top of the stack first.
func floatState(f board.FPU, b []byte) {
	clear(b[:floatBytes])
	le.PutUint32(b, fpKind(f))
	le.PutUint32(b[4:], 1)
	image := b[floatImage:]
	copy(image, f[fxControl:fxControl+2])
	copy(image[4:], f[fxStatus:fxStatus+2])
	le.PutUint16(image[8:], fullTags(f))
	copy(image[12:], f[fxIP:fxIP+4])
	copy(image[18:], f[fxOpcode:fxOpcode+2])
	copy(image[20:], f[fxData:fxData+4])
	for i := range 8 {
		copy(image[floatRegs+10*i:], f[fxStack+16*i:fxStack+16*i+10])
	}
}

// fullTags makes FSAVE's tags, two bits per register, of FXSAVE's: 0 valid, 1 zero, 2 special, 3 empty.
func fullTags(f board.FPU) (tags uint16) {
	top := int(le.Uint16(f[fxStatus:])) >> 11 & 7
	for reg := range 8 {
		tag := uint16(3)
		if f[fxTags]>>reg&1 != 0 {
			v := f[fxStack+16*((reg-top)&7):]
			exponent, mantissa := le.Uint16(v[8:])&0x7fff, le.Uint64(v)
			switch {
			case exponent == 0 && mantissa == 0:
				tag = 1
			case exponent == 0x7fff || exponent == 0 || mantissa>>63 == 0:
				tag = 2
			default:
				tag = 0
			}
		}
		tags |= tag << (2 * reg)
	}
	return tags
}

// setFloatState takes over what floatState showed.
func setFloatState(f board.FPU, b []byte) {
	image := b[floatImage:]
	copy(f[fxControl:fxControl+2], image)
	copy(f[fxStatus:fxStatus+2], image[4:])
	tags := le.Uint16(image[8:])
	f[fxTags] = 0
	for reg := range 8 {
		if tags>>(2*reg)&3 != 3 {
			f[fxTags] |= 1 << reg
		}
	}
	le.PutUint64(f[fxIP:], uint64(le.Uint32(image[12:])))
	copy(f[fxOpcode:fxOpcode+2], image[18:])
	le.PutUint64(f[fxData:], uint64(le.Uint32(image[20:])))
	for i := range 8 {
		copy(f[fxStack+16*i:fxStack+16*i+10], image[floatRegs+10*i:])
	}
	if len(f) >= xHeaderEnd {
		f[xHeader] |= 1 // the x87 component is there now
	}
}

// xfloatState is i386_xfloat_state: four words, and the area as it is.
func xfloatState(f board.FPU, b []byte) {
	const saveFX, saveX = 1, 2
	kind := uint32(saveFX)
	if len(f) > fxSize {
		kind = saveX
	}
	for i, v := range [...]uint32{fpKind(f), 1, 0, kind} {
		le.PutUint32(b[4*i:], v)
	}
	copy(b[xfloatImage:], f)
	if len(f) >= xHeaderEnd && f[xHeader]&3 != 3 {
		initial(b[xfloatImage:], f[xHeader])
	}
}

// initial writes out the components that XSAVE left out because they are in their initial state.
func initial(b []byte, there byte) {
	if there&1 == 0 {
		clear(b[:fxMXCSR])
		b[0], b[1] = 0x7f, 0x03
		clear(b[fxStack : fxStack+128])
	}
	if there&2 == 0 {
		clear(b[fxStack+128 : fxSize])
	}
}

// setXFloatState takes over what xfloatState showed, but for what XRSTOR or FXRSTOR would fault on.
func setXFloatState(f board.FPU, b []byte) {
	mask := le.Uint32(f[fxMask:])
	if mask == 0 {
		mask = usualMXCSR
	}
	n := copy(f, b[xfloatImage:])
	le.PutUint32(f[fxMXCSR:], le.Uint32(f[fxMXCSR:])&mask)
	le.PutUint32(f[fxMask:], mask)
	if n < xHeaderEnd {
		return
	}
	there := le.Uint64(f[xHeader:]) | 3
	allowed := uint64(3)
	if len(f) >= xAVXEnd {
		allowed = 7
	}
	clear(f[xHeader:xHeaderEnd])
	le.PutUint64(f[xHeader:], there&allowed)
}
