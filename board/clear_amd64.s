#include "textflag.h"

#define CLEAR64(at) \
	MOVAPS	X15, (at+0)(AX); \
	MOVAPS	X15, (at+16)(AX); \
	MOVAPS	X15, (at+32)(AX); \
	MOVAPS	X15, (at+48)(AX)

#define CLEAR256(at) \
	CLEAR64(at+0); \
	CLEAR64(at+64); \
	CLEAR64(at+128); \
	CLEAR64(at+192)

// func ClearPage(page *[mach.PageSize]byte)
//
// AX is where to go on, CX the end. X15, which Go keeps zero, is cleared again: assembly is called with Go's older convention.
TEXT ·ClearPage(SB),NOSPLIT,$0-8
	MOVQ	page+0(FP), AX
	LEAQ	4096(AX), CX
	XORPS	X15, X15
clear:
	CLEAR256(0)
	CLEAR256(256)
	CLEAR256(512)
	CLEAR256(768)
	ADDQ	$1024, AX
	CMPQ	AX, CX
	JNE	clear
	RET
