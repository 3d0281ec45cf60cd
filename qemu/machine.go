package qemu

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Program is the emulator.
const Program = "qemu-system-x86_64"

// ExitSuccess is QEMU's exit status when the guest ended with success: it wrote 0x10 to the device isa-debug-exit.
const ExitSuccess = 2*0x10 + 1

// Firmware is the UEFI firmware that Debian and Ubuntu have for QEMU.
const Firmware = "/usr/share/ovmf/OVMF.fd"

// Machine says what QEMU emulates.
type Machine struct {
	Type   string // q35, pc or microvm
	CPU    string // a model of QEMU's; empty: the machine's default
	Memory string // a size as QEMU takes it, such as 256M
	SMP    string // number of processors, or QEMU's longer form; empty: one
	Accel  string // auto, tcg or kvm
	Count  bool   // count instructions: the clock advances by one nanosecond each, and no run differs from another

	Image  string   // the ELF image, or a CD image that ends in .iso
	UEFI   bool     // with a CD image: the firmware is UEFI, not a BIOS
	Initrd string   // archive of modules; empty: none
	Append string   // the kernel's command line
	Disks  []string // virtio disks vda, vdb and so on: paths of raw files, or QEMU's longer form, driver=...
	Rate   int64    // bytes a second that QEMU lets each disk move, by the clock on the wall; 0: as many as the host can
	RAM    string   // a file for the guest's memory, which it is left in at the end; empty: none
	Debug  string   // a socket where gdb may attach; the guest starts stopped
	Log    string   // where the monitor's command log writes, one line for each instruction; empty: nowhere
	Reboot bool     // a reset starts the machine again, it does not end QEMU

	Prealloc bool // the host finds all memory before the guest starts, for wall time: its own page faults would count
	LogAll   bool // with Log: from the first instruction on
}

// Flags adds the options to f, with defaults from the environment's MACHINE, CPU, MEM, SMP and ACCEL.
func (m *Machine) Flags(f *flag.FlagSet) {
	from := func(name, fallback string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return fallback
	}
	f.StringVar(&m.Type, "machine", from("MACHINE", "q35"), "q35, pc or microvm")
	f.StringVar(&m.CPU, "cpu", from("CPU", ""), "processor model of QEMU, such as qemu64 or max (default: the machine's own)")
	f.StringVar(&m.Memory, "mem", from("MEM", "256M"), "size of memory, such as 512M or 8G")
	f.StringVar(&m.SMP, "smp", from("SMP", ""), "number of processors; the kernel uses one (default 1)")
	f.StringVar(&m.Accel, "accel", from("ACCEL", "auto"), "auto, tcg or kvm")
	f.StringVar(&m.Image, "image", "build/defpager.elf", "the kernel's image")
}

// Check tells which value makes no sense.
func (m *Machine) Check() error {
	if !slices.Contains([]string{"q35", "pc", "microvm"}, m.Type) {
		return fmt.Errorf("MACHINE=%s: want q35, pc or microvm", m.Type)
	}
	if !slices.Contains([]string{"auto", "tcg", "kvm"}, m.Accel) {
		return fmt.Errorf("ACCEL=%s: want auto, tcg or kvm", m.Accel)
	}
	n, err := m.MemoryBytes()
	if err != nil {
		return err
	}
	if n < leastMemory {
		return fmt.Errorf("MEM=%s: the kernel wants %dM at least", m.Memory, leastMemory>>20)
	}
	if n, err := strconv.ParseInt(m.SMP, 10, 64); err == nil && n < 1 {
		return fmt.Errorf("SMP=%s: want 1 processor at least", m.SMP)
	}
	if _, err := os.Stat(m.Image); err != nil {
		return fmt.Errorf("%w; make image builds it", err)
	}
	return nil
}

// reason is what is wrong with a file, without its name, which the caller gives with the option that names it.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// The memory that the kernel needs to start the main job, and that from which on all the programs fit beside it.
const (
	leastMemory = 64 << 20
	amplyMemory = 128 << 20
)

// MemoryBytes is the size of memory in bytes.
func (m *Machine) MemoryBytes() (uint64, error) {
	n, err := parseSize(m.Memory)
	if err != nil {
		return 0, fmt.Errorf("MEM=%s: want a size such as 256M or 2G", m.Memory)
	}
	return n, nil
}

// parseSize reads a size in bytes. As in QEMU, a number without a unit counts MiB.
func parseSize(text string) (uint64, error) {
	digits, unit := text, uint64(1<<20)
	for _, u := range []struct {
		suffix string
		unit   uint64
	}{{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}} {
		if s := strings.ToUpper(text); strings.HasSuffix(s, u.suffix) {
			digits, unit = s[:len(s)-1], u.unit
		}
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return n * unit, err
}

// Args is QEMU's command line, but for the serial line.
func (m *Machine) Args() []string {
	machine := []string{"-M", m.Type}
	if m.Prealloc {
		size, _ := m.MemoryBytes() // Check saw it
		machine = []string{"-M", m.Type + ",memory-backend=memory", "-object", fmt.Sprintf("memory-backend-ram,id=memory,prealloc=on,size=%d", size)}
	}
	args := append(machine, "-m", m.Memory, "-display", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=4")
	if strings.HasSuffix(m.Image, ".iso") {
		args = append(args, "-cdrom", m.Image)
		if m.UEFI {
			args = append(args, "-bios", Firmware)
		}
	} else {
		args = append(args, "-kernel", m.Image)
		if m.Initrd != "" {
			args = append(args, "-initrd", m.Initrd)
		}
		if m.Append != "" {
			args = append(args, "-append", m.Append)
		}
	}
	args = append(args, m.diskArgs()...)
	if m.RAM != "" {
		args = append(args, "-object", "memory-backend-file,id=ram,share=on,size="+m.Memory+",mem-path="+m.RAM, "-machine", "memory-backend=ram")
	}
	if m.CPU != "" {
		args = append(args, "-cpu", m.CPU)
	}
	if m.SMP != "" {
		args = append(args, "-smp", m.SMP)
	}
	if m.Accel == "kvm" {
		args = append(args, "-accel", "kvm")
	} else {
		args = append(args, "-accel", "tcg")
	}
	if m.Count {
		args = append(args, "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1")
	}
	if m.Log != "" {
		args = append(args, "-singlestep", "-D", m.Log)
	}
	if m.LogAll {
		args = append(args, "-d", "exec,nochain")
	}
	if m.Debug != "" {
		args = append(args, "-S", "-gdb", "unix:"+m.Debug+",server=on,wait=off")
	}
	if !m.Reboot {
		args = append(args, "-no-reboot")
	}
	return args
}

// Choose decides what auto means: KVM only if the image boots with it, which a device file alone does not promise. The
// text says what was found.
func (m *Machine) Choose(ctx context.Context) (text string, err error) {
	if m.Accel == "tcg" || m.Count {
		m.Accel = "tcg"
		return "tcg, as asked", nil
	}
	probe := *m
	probe.Accel, probe.Append, probe.Initrd, probe.Memory, probe.CPU = "kvm", "demo", "", "128M", ""
	why := probe.tryKVM(ctx)
	if why == nil {
		m.Accel = "kvm"
		return "kvm: a trial boot succeeded", nil
	}
	if m.Accel == "kvm" {
		return "", fmt.Errorf("ACCEL=kvm: %w", why)
	}
	m.Accel = "tcg"
	return "tcg: " + why.Error(), nil
}

func (m *Machine) tryKVM(ctx context.Context) error {
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("kvm cannot be used (%w)", err)
	}
	_ = f.Close()
	trouble := make(complaint, 1)
	p, err := Start(ctx, m, Streams{Errors: trouble})
	if err != nil {
		return err
	}
	defer p.Kill()
	select {
	case <-p.Done():
	case text := <-trouble:
		return fmt.Errorf("kvm cannot be used (a trial boot: %s)", text)
	case <-time.After(2 * time.Second):
		return errors.New("kvm cannot be used (a trial boot made no progress in 2 s)")
	}
	if p.Status() != ExitSuccess {
		return errors.New("kvm cannot be used (a trial boot failed)")
	}
	return nil
}

// complaint waits for KVM to give up, which pauses the guest but does not end QEMU.
type complaint chan string

// Write takes QEMU's messages.
func (c complaint) Write(b []byte) (int, error) {
	if at := strings.Index(string(b), "KVM internal error"); at >= 0 {
		first, _, _ := strings.Cut(string(b[at:]), "\n")
		select {
		case c <- first:
		default:
		}
	}
	return len(b), nil
}
