package main

import (
	"encoding/binary"

	"defpager/mach"
)

// Where the random code of a task is, behind the caller.
const (
	randomCode = 1 << 12
	codeSize   = 1 << 12
)

// instructions are what only ring 0 may do, what enters the kernel, and what changes state that it must keep apart. Operands that follow
// are random.
var instructions = [...]string{
	"\x0f\x05", "\x0f\x05", "\x0f\x05", // syscall
	"\x0f\x34",     // sysenter
	"\x0f\x07",     // sysret
	"\x48\x0f\x07", // sysretq
	"\x0f\x35",     // sysexit
	"\xcd",         // int n
	"\xcc",         // int3
	"\xf1",         // int1
	"\x48\xcf",     // iretq
	"\xcb",         // retf
	"\x48\xcb",     // retfq
	"\x9d", "\x9d", // popfq
	"\x9c",                 // pushfq
	"\x48\x81\x0c\x24",     // or qword [rsp], imm32
	"\x8e",                 // mov segment
	"\x0f\x00",             // sldt, str, lldt, ltr, verr, verw
	"\x0f\x01",             // sgdt, sidt, lgdt, lidt, smsw, lmsw, invlpg, swapgs, rdtscp, xgetbv, xsetbv, vmcall, stac, clac
	"\x0f\x01\xf8",         // swapgs
	"\x0f\x01\xcb",         // stac
	"\x0f\x20",             // mov from control register
	"\x0f\x22",             // mov to control register
	"\x0f\x21",             // mov from debug register
	"\x0f\x23",             // mov to debug register
	"\x0f\x30",             // wrmsr
	"\x0f\x32",             // rdmsr
	"\x0f\x33",             // rdpmc
	"\xf3\x0f\xae",         // rdfsbase, rdgsbase, wrfsbase, wrgsbase
	"\xf3\x48\x0f\xae",     // the same with 64 bits
	"\x0f\xae",             // fxsave, fxrstor, ldmxcsr, stmxcsr, xsave, xrstor, fences
	"\x48\x0f\xae",         // the same with 64 bits
	"\x0f\xc7",             // cmpxchg8b, xsaves, xrstors, rdrand, rdseed, rdpid
	"\x0f\x08",             // invd
	"\x0f\x09",             // wbinvd
	"\x0f\x06",             // clts
	"\xf4",                 // hlt
	"\xfa",                 // cli
	"\xfb",                 // sti
	"\xe4", "\xe6", "\xec", // in, out
	"\x6c", "\x6f", // ins, outs
	"\xd9", "\xdb", "\xdd", // x87
	"\xc5", "\xc4", // AVX
	"\x0f\x0b",         // ud2
	"\xff\xd0",         // call rax
	"\xea",             // not in 64-bit mode
	"\xf3\xa4",         // rep movsb
	"\xf3\x48\xab",     // rep stosq
	"\x48\xb8",         // mov rax, imm64
	"\x48\xbc",         // mov rsp, imm64
	"\x48\xc7\xc0",     // mov rax, imm32
	"\x54",             // push rsp
	"\x0f\xa1",         // pop fs
	"\x0f\xa9",         // pop gs
	"\x0f\x02",         // lar
	"\x48\x0f\x03",     // lsl
	"\xf3\x0f\x01\xe8", // setssbsy
	"\x0f\x18",         // prefetch
	"\x0f\x1c",         // cldemote
}

// code writes the caller, and random code behind it.
func (g *generator) code(b []byte) {
	for i := range len(caller) {
		b[i] = caller[i]
	}
	random := b[randomCode : randomCode+codeSize]
	for len(random) != 0 {
		word := instructions[g.IntN(len(instructions))]
		n := 0
		for ; n < min(len(word), len(random)); n++ {
			random[n] = word[n]
		}
		operands := 0
		if !g.oneIn(3) {
			operands = g.IntN(6)
		}
		for end := min(n+operands, len(random)); n < end; n++ {
			random[n] = byte(g.Uint32())
		}
		random = random[n:]
	}
}

// record writes one call: the number, six arguments, the place of the return address, and five arguments on the stack.
func (g *generator) record(b []byte) {
	put := func(at int, v uint64) { binary.LittleEndian.PutUint64(b[8*at:], v) }
	arguments := [...]int{1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12}
	for _, at := range arguments {
		put(at, g.argument())
	}
	switch n := g.IntN(30); {
	case n < 20:
		put(0, number(mach.TrapMsg))
		slot := g.IntN(slots)
		option := mach.OptSend | mach.OptRcv | mach.OptSendTimeout | mach.OptRcvTimeout
		if g.oneIn(6) {
			option = mach.OptRcv | mach.OptRcvTimeout
		}
		if g.oneIn(10) {
			option ^= 1 << g.IntN(13)
		}
		size := uint64(0)
		if option&mach.OptSend != 0 {
			size = uint64(g.sizes[slot])
		}
		for i, v := range [...]uint64{uint64(messages) + uint64(slot)*slotSize, uint64(option), size, slotSize, uint64(firstPort) + uint64(g.IntN(3)), uint64(g.IntN(3))} {
			if !g.oneIn(25) {
				put(1+i, v)
			}
		}
	case n < 29:
		put(0, number(traps[g.IntN(len(traps))]))
		if !g.oneIn(4) {
			put(1, uint64(ownTask))
		}
	case n == 29 && g.oneIn(4):
		put(0, number([...]mach.Trap{mach.TrapTaskTerminate, mach.TrapTaskSuspend}[g.IntN(2)]))
	case g.oneIn(20):
		put(0, g.number())
	default:
		put(0, number(-mach.Trap(g.IntN(mach.TrapTableSize))))
	}
}

func number(t mach.Trap) uint64 { return uint64(int64(t)) }

// argument is an address, a name or a number.
func (g *generator) argument() uint64 {
	switch g.IntN(4) {
	case 0:
		return g.address()
	case 1:
		return g.name()
	case 2:
		return uint64(g.IntN(32))
	}
	return g.number()
}

// traps are the calls that have a meaning, but for mach_msg, what would end or stop the task too soon, and mach_print, which
// would only fill the console.
var traps = [...]mach.Trap{
	mach.TrapReplyPort, mach.TrapThreadSelf, mach.TrapTaskSelf, mach.TrapHostSelf, mach.TrapSwtchPri, mach.TrapSwtch, mach.TrapThreadSwitch, mach.TrapMap,
	mach.TrapMap, mach.TrapAllocate, mach.TrapDeallocate, mach.TrapTaskCreate, mach.TrapTaskSetSpecialPort,
	mach.TrapPortAllocate, mach.TrapPortDeallocate, mach.TrapPortInsertRight, mach.TrapPortAllocateName, mach.TrapThreadDepressAbort,
	mach.TrapThreadSetSelfState,
}
