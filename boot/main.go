package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"defpager/board/pc"
	"defpager/boot/commands"
	"defpager/boot/image"
	"defpager/boot/monitor"
	"defpager/boot/setup"
	"defpager/kern"
	"defpager/mm/pmap"
	"defpager/mm/vm"
	"defpager/pager"
	"defpager/pager/disks"
)

func main() {
	m, err := setup.Run()
	if err != nil {
		fmt.Println("defpager:", err)
		pc.Halt(1)
	}
	start := newPhases(m)
	words := m.Boot.Options()
	out := &console{device: m.Console()}
	hz, source := m.Hz()
	env := &vm.Env{Mem: m.Memory, Frames: m.Frames, Pmap: &pmap.Env{
		Mem: m.Memory, Frames: m.Frames, TLB: m.CPU, KernelPML4E: m.CPU.KernelEntry(), NX: m.CPU.NX(), Giant: m.CPU.Features().Giant,
	}}
	k := kern.New(kern.Config{
		CPU: m.CPU, Memory: env, Limits: kern.LimitsFor(image.Heap().Size, m.Frames.Stats().Total.Bytes()), TicksHz: hz, Console: out.write, Poll: m.Poll, Modules: m.Boot.Modules, Strings: variables(words, m.Boot.CommandLine),
		Clock: func() int64 { return int64(m.SinceEntry()) },
		End:   func(end kern.End) { finish(m, end) },
	})
	storage, err := newPaging(m, k, words)
	if err != nil {
		fmt.Println("defpager:", err)
		pc.Halt(1)
	}
	p := pager.New(pager.Config{
		System: k.System(), Memory: env, Devices: k.DeviceMaster(), Storage: storage, Send: k.Send, Inspect: k.Inspect, Later: k.Later, Payer: k.Payer,
		Plain: slices.Contains(words, "plain-pager"), Tracing: k.Tracing, Trace: k.Tracef,
	})
	k.KeepTable("default pager", p)
	k.AddCache("default_pager_object", p.Usage)
	m.Start()
	m.Tick(kern.Tick)
	go m.Serve(image.WaitInterrupt)
	start.done("kernel")

	stats := m.Frames.Stats()
	fmt.Printf("defpager on %s, %d MHz (by %s), %s\n", m.Processor(), hz/1_000_000, source, m.CPU.Features())
	fmt.Printf("%d MiB of memory, %d MiB for programs; random numbers: %s\n", m.Boot.Total()>>20, stats.Total.Bytes()>>20, m.RandomSource())
	k.Do(func() {
		_, _ = k.SetDefaultManager(p.Port()) // the first one, and no task's: nothing to release or to watch
		if slices.Contains(words, "trace") {
			k.SetTrace(true)
		}
		n := k.Boot()
		k.Logf("programs loaded: %d, %d ms after entry", n, m.SinceEntry().Milliseconds())
	})
	start.done("load")
	go converse(m, k, p, storage, out, words, start)
	k.Run()
}

// converse waits for the end of the programs that the loader brought, or for a key, and then answers the user; a demonstration ends
// the machine instead.
func converse(m *setup.Machine, k *kern.Kernel, p *pager.Pager, storage *disks.Disks, out *console, words []string, start *phases) {
	target := &commands.Target{
		Kernel: k, Pager: p, Storage: storage, Memory: m.Shares(), End: func(end kern.End) { finish(m, end) },
		Now:    func() int64 { return int64(m.SinceEntry()) },
		Uptime: func() string { return m.SinceEntry().Round(time.Millisecond).String() },
	}
	if slices.Contains(words, "demo") {
		<-k.BootDone()
		code := 0
		if k.BootFailed() {
			code = 1
		}
		m.Exit(code)
	}
	mon := monitor.New(m.Console(), target.All())
	select {
	case <-k.BootDone():
	case <-mon.Typed():
	}
	k.Do(func() { out.device, out.edited = mon, true })
	if start.done("programs"); slices.Contains(words, "phases") {
		fmt.Println("phases over at ticks:" + start.text.String())
	}
	fmt.Println("Type help for the commands, Ctrl-C to interrupt one, Ctrl-A x to leave QEMU.")
	if err := mon.Run(); err != nil {
		fmt.Println("defpager: the console is gone:", err)
	}
}

// finish ends the machine as a program asked.
func finish(m *setup.Machine, end kern.End) {
	if end == kern.EndReboot {
		m.Reboot()
	}
	m.PowerOff()
}

// variables is what ${NAME} stands for on programs' command lines: words NAME=VALUE of the kernel's own, and that as a whole.
func variables(words []string, line string) map[string]string {
	s := map[string]string{"kernel-command-line": line, "boot-args": line}
	for _, w := range words {
		if name, value, ok := strings.Cut(w, "="); ok {
			s[name] = value
		}
	}
	return s
}

// console writes whole lines for the kernel, each with its carriage return.
type console struct {
	device io.Writer
	edited bool // the device is the monitor, which adds carriage returns itself
	line   []byte
}

const lineMax = 1024 // bytes kept without an end of line

func (c *console) write(b []byte) {
	for _, x := range b {
		if x == '\n' && !c.edited {
			c.line = append(c.line, '\r')
		}
		c.line = append(c.line, x)
		if x == '\n' || len(c.line) >= lineMax {
			_, _ = c.device.Write(c.line)
			c.line = c.line[:0]
		}
	}
}
