package x86

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"unsafe"

	"defpager/board"
)

// TestOffsets compares the assembly's offsets with the structures.
func TestOffsets(t *testing.T) {
	text, err := os.ReadFile("percpu.h")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]uintptr{}
	for _, m := range regexp.MustCompile(`(?m)^#define\s+(\w+)\s+0x([0-9a-f]+)$`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseUint(m[2], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		defined[m[1]] = uintptr(v)
	}
	var p percpu
	var r board.Regs
	for name, want := range map[string]uintptr{
		"CPU_SELF": unsafe.Offsetof(p.self), "CPU_REGS": unsafe.Offsetof(p.regs), "CPU_GS": unsafe.Offsetof(p.gs),
		"CPU_SP": unsafe.Offsetof(p.sp), "CPU_FS": unsafe.Offsetof(p.fs),
		"CPU_ROOT": unsafe.Offsetof(p.root), "CPU_XMASK": unsafe.Offsetof(p.xmask), "CPU_SCRATCH": unsafe.Offsetof(p.scratch),
		"CPU_UNSERVED": unsafe.Offsetof(p.unserved),
		"CPU_FRAME":    unsafe.Offsetof(p.frame), "CPU_FAULT": unsafe.Offsetof(p.fault),
		"R_AX": unsafe.Offsetof(r.RAX), "R_BX": unsafe.Offsetof(r.RBX), "R_CX": unsafe.Offsetof(r.RCX), "R_DX": unsafe.Offsetof(r.RDX),
		"R_SI": unsafe.Offsetof(r.RSI), "R_DI": unsafe.Offsetof(r.RDI), "R_BP": unsafe.Offsetof(r.RBP), "R_SP": unsafe.Offsetof(r.RSP),
		"R_8": unsafe.Offsetof(r.R8), "R_9": unsafe.Offsetof(r.R9), "R_10": unsafe.Offsetof(r.R10), "R_11": unsafe.Offsetof(r.R11),
		"R_12": unsafe.Offsetof(r.R12), "R_13": unsafe.Offsetof(r.R13), "R_14": unsafe.Offsetof(r.R14), "R_15": unsafe.Offsetof(r.R15),
		"R_IP": unsafe.Offsetof(r.RIP), "R_FLAGS": unsafe.Offsetof(r.RFlags), "R_FS": unsafe.Offsetof(r.FSBase), "R_GS": unsafe.Offsetof(r.GSBase),
		"R_VECTOR": unsafe.Offsetof(r.Vector), "R_CODE": unsafe.Offsetof(r.Code), "R_ADDR": unsafe.Offsetof(r.Addr), "R_EVENT": unsafe.Offsetof(r.Event),
		"R_ROOT": unsafe.Offsetof(r.Root), "R_FPU": unsafe.Offsetof(r.FPU), "R_SIZE": unsafe.Sizeof(r),
		"RFLAGS_USER": board.RFlagsUser, "RFLAGS_FIXED": board.RFlagsFixed,
	} {
		if got, ok := defined[name]; !ok || got != want {
			t.Errorf("percpu.h says %s is %#x, it is %#x", name, got, want)
		}
	}
	if unsafe.Sizeof(p.tss) != tssSize {
		t.Errorf("a TSS of %d bytes, want %d", unsafe.Sizeof(p.tss), tssSize)
	}
	if unsafe.Offsetof(p.tss)%8 != 0 || unsafe.Offsetof(p.idt)%16 != 0 && unsafe.Offsetof(p.idt)%8 != 0 {
		t.Error("tables are not aligned")
	}
}
