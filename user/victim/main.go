// Command victim misbehaves in one way, to prove that the kernel ends the task, and nothing else, and says why.
//
//	victim --do=WHAT [--pager=PORT] [--hold]
//	victim --list
//
// It says "victim: WHAT" before it does it. If it is still there afterwards it says "victim: WHAT survived", and its exit status
// is 1; for the few that are only refused or without effect it says "victim: WHAT refused". With --hold it then says "victim: WHAT holds" and stays,
// with all that it took.
package main

import (
	"flag"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	do := flag.String("do", "", "`what` to do")
	pager := args.SendRight("pager", "the default memory manager's port, for what needs an object")
	hold := flag.Bool("hold", false, "stay, with all that was not refused")
	list := flag.Bool("list", false, "list all that it can do")
	args.Parse()
	v := victim{client: libmach.NewClient(), pager: *pager}
	if *list {
		for _, d := range deeds {
			fmt.Printf("%-16s %s\n", d.name, d.about)
		}
		return
	}
	for _, d := range deeds {
		if d.name != *do {
			continue
		}
		fmt.Printf("victim: %s\n", d.name)
		if d.do(&v) {
			fmt.Printf("victim: %s refused\n", d.name)
			for *hold {
				fmt.Printf("victim: %s holds\n", d.name)
				v.client.Sleep(^uint32(0))
			}
			return
		}
		fmt.Printf("victim: %s survived\n", d.name)
		os.Exit(1)
	}
	fmt.Printf("victim: there is no %q; --list tells what there is\n", *do)
	os.Exit(2)
}

// victim holds what the deeds need.
type victim struct {
	client *libmach.Client
	pager  mach.Name
}

// deed is one misbehaviour. Do answers whether the kernel refused it, or it had no effect, as it should; most do not
// return.
type deed struct {
	name, about string
	do          func(*victim) bool
}

// instruction makes a deed of a forbidden instruction.
func instruction(name, about string, do func()) deed {
	return deed{name, about, func(*victim) bool {
		do()
		return false
	}}
}

var deeds = []deed{
	instruction("cli", "disable interrupts: general protection", cli),
	instruction("sti", "enable interrupts: general protection", sti),
	instruction("hlt", "stop the processor: general protection", hlt),
	instruction("in", "read an I/O port: general protection", in),
	instruction("out", "write an I/O port: general protection", out),
	instruction("wrmsr", "write a model-specific register: general protection", wrmsr),
	instruction("rdmsr", "read a model-specific register: general protection", rdmsr),
	instruction("readcr3", "read a control register: general protection", readcr3),
	instruction("writecr3", "write a control register: general protection", writecr3),
	instruction("invlpg", "invalidate a translation: general protection", invlpg),
	instruction("wbinvd", "write back the caches: general protection", wbinvd),
	instruction("swapgs", "exchange GS bases: general protection", swapgs),
	instruction("sysret", "return from a system call: general protection", sysret),
	instruction("segment", "load a kernel segment: general protection", segment),
	instruction("farreturn", "return to ring 0 by a far return: general protection", farReturn),
	instruction("iret", "return to ring 0 by an interrupt return: general protection", iret),
	instruction("int80", "an interrupt that there is not: general protection", int80),
	instruction("int14", "a page fault by INT: general protection", int14),
	instruction("divide", "divide by zero: arithmetic", divide),
	instruction("floatdivide", "divide by zero on the x87: arithmetic", floatDivide),
	instruction("int3", "a breakpoint", int3),
	instruction("ud2", "an undefined instruction", ud2),

	{"readnull", "read address 0", func(*victim) bool { return read(0) }},
	{"writenull", "write address 0", func(*victim) bool { return write(0) }},
	{"readkernel", "read the kernel's text", func(*victim) bool { return read(kernelText) }},
	{"writekernel", "write the kernel's text", func(*victim) bool { return write(kernelText) }},
	{"jumpkernel", "execute the kernel's text", func(*victim) bool { return jump(kernelText) }},
	{"noncanonical", "read a non-canonical address", func(*victim) bool { return read(mach.MaxUser) }},
	{"jumpnoncanonical", "execute at a non-canonical address", func(*victim) bool { return jump(mach.MaxUser) }},
	{"readhigh", "read the highest page of all", func(*victim) bool { return read(^mach.VirtAddr(mach.PageMask)) }},
	{"writero", "write its own read-only memory", (*victim).writeReadOnly},
	{"writetext", "write its own text", (*victim).writeText},
	{"execdata", "execute its own data", (*victim).executeData},
	{"unmapped", "read memory that it gave back", (*victim).unmapped},
	{"beyond", "touch a memory object beyond its size (--pager)", (*victim).beyond},
	{"eatmemory", "touch more memory than there is", (*victim).eatMemory},
	{"stackoverflow", "push until the stack ends", (*victim).stackOverflow},
	{"badstack", "push to a non-canonical stack", func(*victim) bool { pushFrom(uint64(mach.MaxUser) + 64); return false }},
	{"badarguments", "a system call whose stack arguments are not readable", func(*victim) bool {
		argumentsAt(uint64(kernelText))
		return false
	}},
	{"syscalledge", "a system call from the last two bytes of the address space", (*victim).systemCallAtTheEdge},
	{"syscallbeyond", "a system call beyond the table: bad instruction", func(*victim) bool { return trap(-mach.TrapTableSize - 1) }},
	{"syscallpositive", "a system call with a positive number: bad instruction", func(*victim) bool { return trap(39) }},
	{"syscallbad", "all unused system calls within the table: refused", (*victim).unusedTraps},
	{"popfbadflags", "raise the I/O privilege level: without effect", (*victim).badFlags},
	{"trapflag", "single-step itself: breakpoint", func(*victim) bool { setFlags(flagTF | flagFixed); return false }},
	{"vm86", "return to virtual-8086 mode, which QEMU allows (needs most of 256 MiB)", (*victim).virtual8086},
	{"misaligned", "ask for alignment checks: without effect", func(*victim) bool { misaligned(); return true }},
	{"floodports", "allocate ports until refused", (*victim).floodPorts},
	{"floodnames", "spread names over all there are until refused", (*victim).floodNames},
	{"floodtasks", "create tasks until refused", (*victim).floodTasks},
	{"floodthreads", "create threads until refused", (*victim).floodThreads},
	{"floodmappings", "map single pages until refused", (*victim).floodMappings},
	{"floodobjects", "create empty objects until refused (--pager)", (*victim).floodObjects},
	{"floodmanaged", "become the manager of memory objects until refused", (*victim).floodManaged},
	{"floodproxies", "make proxies of memory until refused", (*victim).floodProxies},
	{"floodwaits", "ask for memory that nobody supplies until refused", (*victim).floodWaits},
	{"floodmessages", "queue messages until refused", (*victim).floodMessages},
	{"floodreplies", "make calls whose replies stay in a port set until refused", (*victim).floodReplies},
	{"floodrights", "ask for lists of rights and receive none until refused", (*victim).floodRights},
	{"floodonce", "make send-once rights until refused", (*victim).floodOnce},
	{"floodrequests", "request notifications until refused", (*victim).floodNotifications},
	{"fsbad", "non-canonical FS bases: refused", (*victim).badBase},
}
