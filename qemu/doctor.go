package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// tool is a program or file that some target needs.
type tool struct {
	name    string
	command []string // prints a version; empty: file is looked for
	file    string
	pack    string // Debian's and Ubuntu's package
	needed  bool   // for make run and make test; else: for what
	use     string
}

func tools() []tool {
	return []tool{
		{name: "QEMU", command: []string{Program, "--version"}, pack: "qemu-system-x86", needed: true},
		{name: "gcc", command: []string{"gcc", "--version"}, pack: "gcc", needed: true},
		{name: "binutils", command: []string{"ld", "--version"}, pack: "binutils", needed: true},
		{name: "make", command: []string{"make", "--version"}, pack: "make", needed: true},
		{name: "gdb", command: []string{"gdb", "--version"}, pack: "gdb", use: "make gdb"},
		{name: "GRUB for BIOS", file: "/usr/lib/grub/i386-pc/boot.img", pack: "grub-pc-bin", use: "make iso"},
		{name: "GRUB for UEFI", file: "/usr/lib/grub/x86_64-efi/moddep.lst", pack: "grub-efi-amd64-bin", use: "make iso"},
		{name: "grub-mkrescue", command: []string{"grub-mkrescue", "--version"}, pack: "grub-common", use: "make iso"},
		{name: "xorriso", command: []string{"xorriso", "--version"}, pack: "xorriso", use: "make iso"},
		{name: "mtools", command: []string{"mtools", "--version"}, pack: "mtools", use: "make iso"},
		{name: "OVMF", file: Firmware, pack: "ovmf", use: "the scenario of the CD under UEFI"},
	}
}

// find says what there is of t; empty: nothing.
func (t tool) find() string {
	if t.file != "" {
		if _, err := os.Stat(t.file); err != nil {
			return ""
		}
		return t.file
	}
	out, err := exec.Command(t.command[0], t.command[1:]...).Output()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

// Doctor prints what this machine has of what the make targets use, with the fix for what is missing. The error says that something
// needed is missing.
func Doctor(ctx context.Context, out io.Writer, m *Machine) error {
	fmt.Fprintf(out, "ok       %-14s %s %s/%s\n", "Go", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	missing := 0
	for _, t := range tools() {
		version := t.find()
		switch {
		case version != "":
			fmt.Fprintf(out, "ok       %-14s %s\n", t.name, version)
		case t.needed:
			missing++
			fmt.Fprintf(out, "MISSING  %-14s %s\n", t.name, installCommand([]string{t.pack}))
		default:
			fmt.Fprintf(out, "absent   %-14s only for %s: %s\n", t.name, t.use, installCommand([]string{t.pack}))
		}
	}
	if missing != 0 {
		return fmt.Errorf("%d needed tools are missing; make setup installs them", missing)
	}
	if _, err := os.Stat(m.Image); err != nil {
		fmt.Fprintf(out, "?        %-14s not probed: %v; make image builds it\n", "accelerator", err)
		return nil
	}
	text, err := m.Choose(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "ok       %-14s %s\n", "accelerator", text)
	return nil
}

func installCommand(packages []string) string {
	return "apt-get install -y " + strings.Join(packages, " ")
}

// Setup installs what is missing of the needed tools, and with all of the others too, on Debian and its relatives. It
// prints nothing when there is nothing to do.
func Setup(ctx context.Context, out io.Writer, all bool) error {
	var packages []string
	for _, t := range tools() {
		if (t.needed || all) && t.find() == "" {
			packages = append(packages, t.pack)
		}
	}
	return install(ctx, out, packages)
}

// install installs packages; nil: none.
func install(ctx context.Context, out io.Writer, packages []string) error {
	if packages == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("missing: %s; there is no apt-get to install them with", strings.Join(packages, ", "))
	}
	var prefix []string
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("sudo"); err != nil {
			return fmt.Errorf("missing: %s; as root: %s", strings.Join(packages, ", "), installCommand(packages))
		}
		prefix = []string{"sudo"}
	}
	fmt.Fprintf(out, "installing %s\n", strings.Join(packages, ", "))
	run := func(args ...string) error {
		args = append(prefix, args...)
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(string(output), 10))
		}
		return nil
	}
	install := append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends"}, packages...)
	err := run(install...)
	if err == nil || ctx.Err() != nil {
		return err
	}
	// The lists of packages may be old or absent. One of several sources that cannot be reached does no harm if the others have the packages.
	updated := run("apt-get", "update", "-q")
	if ctx.Err() != nil {
		return updated
	}
	if err = run(install...); err != nil {
		return errors.Join(updated, err)
	}
	return nil
}
