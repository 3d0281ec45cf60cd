#include "textflag.h"

// func copyWords(to, from unsafe.Pointer, words uint64)
TEXT ·copyWords(SB),NOSPLIT,$0-24
	MOVQ	to+0(FP), DI
	MOVQ	from+8(FP), SI
	MOVQ	words+16(FP), CX
	REP
	MOVSQ
	RET

// Finds an address in a view, in the slot at offset SLOT if that is its page's. LAST is how far it is from there to the last byte of the page, and
// FRAME+0xfff where the address lies.
#define FIND(VIEW, ADDRESS, SLOT, LAST, FRAME) \
	MOVQ	ADDRESS, SLOT; \
	SHRQ	$8, SLOT; \
	ANDL	$0x30, SLOT; \
	MOVQ	ADDRESS, LAST; \
	ORQ	$0xfff, LAST; \
	CMPQ	LAST, (VIEW)(SLOT*1); \
	JNE	missing; \
	MOVQ	8(VIEW)(SLOT*1), FRAME; \
	SUBQ	ADDRESS, LAST; \
	SUBQ	LAST, FRAME

// func copyViews(to *View, t mach.VirtAddr, from *View, f mach.VirtAddr, n uint64) (left uint64)
//
// It ends where a page is not in view, and does not begin with an address or n that is no multiple of 8.
//
// R8 and R9 are the view and the address to copy to, R10 and R11 those to copy from, DX is what is left.
TEXT ·copyViews(SB),NOSPLIT,$0-48
	MOVQ	to+0(FP), R8
	MOVQ	t+8(FP), R9
	MOVQ	from+16(FP), R10
	MOVQ	f+24(FP), R11
	MOVQ	n+32(FP), DX
	MOVQ	R9, AX
	ORQ	R11, AX
	ORQ	DX, AX
	TESTQ	$7, AX
	JNE	missing
piece:
	FIND(R8, R9, AX, BX, DI)
	FIND(R10, R11, AX, CX, SI)
	ADDQ	$0xfff, DI
	ADDQ	$0xfff, SI
	CMPQ	BX, CX
	CMOVQCS	BX, CX
	INCQ	CX		// bytes that both pages have from there on
	CMPQ	DX, CX
	CMOVQCS	DX, CX
	ADDQ	CX, R9
	ADDQ	CX, R11
	SUBQ	CX, DX
	SHRQ	$3, CX
	REP
	MOVSQ
	TESTQ	DX, DX
	JNE	piece
missing:
	MOVQ	DX, left+40(FP)
	RET
