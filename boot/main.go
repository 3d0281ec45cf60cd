package main

import (
	"fmt"

	"defpager/board"
	"defpager/board/pc"
	"defpager/boot/image"
	"defpager/boot/info"
)

func main() {
	machine := pc.New()
	record := image.Current()
	mem := board.Identity(image.Mapped)
	loader, at := record.Loader()
	boot, err := info.Read(&mem, loader, at)
	if err != nil {
		panic(err)
	}
	sections, heap := record.Sections(), image.Heap()
	taken := []board.Range{sections.Stub, sections.Text, sections.ROData, sections.Data, heap}
	if err := boot.Settle(&mem, taken...); err != nil {
		panic(err)
	}
	fmt.Printf("loaded by %v, command line %q\n", boot.Loader, boot.CommandLine)
	for _, e := range boot.Memory {
		fmt.Printf("memory %#012x-%#012x %v\n", uint64(e.Start), uint64(e.End()), e.Kind)
	}
	fmt.Printf("image  %#x-%#x, heap %#x-%#x\n", uint64(sections.Stub.Start), uint64(sections.Data.End()), uint64(heap.Start), uint64(heap.End()))
	for _, m := range boot.Modules {
		fmt.Printf("module %#012x-%#012x %q\n", uint64(m.Data.Start), uint64(m.Data.End()), m.Command)
	}
	for _, r := range boot.Usable(taken...) {
		fmt.Printf("free   %#012x-%#012x\n", uint64(r.Start), uint64(r.End()))
	}
	tables := machine.ReadACPI(&mem, boot.ACPI.Root, boot.ACPI.Wide)
	machine.Start()
	hz, source := machine.Hz()
	fmt.Printf("defpager on %s, %d MHz (by %s), random numbers: %s\n", machine.Processor(), hz/1_000_000, source, machine.RandomSource())
	fmt.Printf("ACPI   root %#x, %d processors, I/O APIC %#x, PM1a %#x, sleep register %#x\n", uint64(boot.ACPI.Root), tables.Processors, uint64(tables.IOAPIC), tables.Power.PM1a, tables.Power.Sleep.Address)
	fmt.Printf("main %v after entry\n", machine.Elapsed(record.EntryTSC(), machine.Counter()))
	if boot.CommandLine == "echo" {
		go machine.Serve(image.WaitInterrupt)
		echo(machine)
	}
	machine.PowerOff()
}

// echo answers each piece of input until one begins with q.
func echo(machine *pc.Machine) {
	console := machine.Console()
	var b [64]byte
	for {
		n, err := console.Read(b[:])
		if err != nil || b[0] == 'q' {
			return
		}
		fmt.Printf("input %q\n", b[:n])
	}
}
