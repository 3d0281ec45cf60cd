package qemu

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Peer is Linux, booted in the same QEMU with the same flags, whose /init does the operations that the guest's bench program does.
type Peer struct {
	Kernel string // an uncompressed kernel, which QEMU boots through PVH as it boots ours
	Name   string // of the kernel's package
	Init   string // the program of qemu/peer

	modules []string // files of kernel modules, for swapping to compressed memory; none: that is not measured
	cache   string   // directory that keeps what /init printed when instructions were counted
	again   bool     // take it from there, if it is of the same kernel, program and machine
}

// peerModules are the kernel modules that /init loads, in this order.
var peerModules = []string{"zsmalloc.ko", "zram.ko"}

// errNoPeer says that the user wants no peer.
var errNoPeer = errors.New("PEER=none: not asked for")

// peerWords are the words of the peer's command line. Ours has no mitigations and no random layout, so the peer has none; quiet, as printing
// costs; 8 huge pages for the row that wants them.
const peerWords = "console=ttyS0 quiet panic=-1 nokaslr mitigations=off hugepages=8"

// bench boots the peer and returns what its /init printed. clear says that each page is cleared when it is allocated, as Debian's kernels do
// by default, beside the clearing that whoever asked for it does. m tells the machine.
func (p *Peer) bench(ctx context.Context, m Machine, clear bool, args string) (string, error) {
	f, err := os.CreateTemp("", "peer-*.cpio")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	err = errors.Join(writeInitramfs(f, p.Init, p.modules), f.Close())
	if err != nil {
		return "", err
	}
	m.Image, m.Initrd, m.Append = p.Kernel, f.Name(), peerWords+" init_on_alloc=0"
	if clear {
		m.Append = peerWords + " init_on_alloc=1"
	}
	if args != "" {
		m.Append += " -- " + args
	}
	if !m.Count {
		return p.run(ctx, m) // time is never the same
	}
	kept, err := p.keptFile(m)
	if err != nil {
		return "", err
	}
	if p.again {
		if text, err := os.ReadFile(kept); err == nil {
			return string(text), nil
		}
	}
	text, err := p.run(ctx, m)
	if err == nil {
		err = os.WriteFile(kept, []byte(text), 0o666)
	}
	return text, err
}

func (p *Peer) run(ctx context.Context, m Machine) (string, error) {
	q, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return "", err
	}
	defer q.Kill()
	return q.untilBenchEnds()
}

// keptFile names the file for what /init prints on a machine: another one for other files that go into it, or other options.
func (p *Peer) keptFile(m Machine) (string, error) {
	h := sha256.New()
	for _, path := range append([]string{p.Kernel, p.Init}, p.modules...) {
		hash, _, err := HashFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, hash)
	}
	m.Image, m.Initrd = "", ""
	fmt.Fprintln(h, m.Args(), m.Append)
	return filepath.Join(p.cache, fmt.Sprintf("counts-%x", h.Sum(nil)[:8])), nil
}

// writeInitramfs writes an archive for Linux that holds a program as /init, and modules.
func writeInitramfs(w io.Writer, init string, modules []string) error {
	if _, err := os.Stat(init); err != nil {
		return fmt.Errorf("%w; make peer builds it", err)
	}
	a := archive{w: w, align: 4, mode: 0o100755}
	files := []Module{{"init", init}}
	for _, path := range modules {
		files = append(files, Module{filepath.Base(path), path})
	}
	for _, f := range files {
		if err := a.file(f); err != nil {
			return err
		}
	}
	a.entry(trailer, strings.NewReader(""), 0)
	return a.err
}

// FindPeer looks for the peer's kernel in the cache directory dir, and else makes it from Debian's package. PEER in the environment names
// another kernel, compressed or not, which comes without modules; "none" wants no peer; "kept" takes counts of instructions from the last time, if they are of
// the same kernel, program and machine.
func FindPeer(ctx context.Context, dir string) (*Peer, error) {
	p := &Peer{Kernel: filepath.Join(dir, "vmlinux"), Init: filepath.Join(dir, "init"), cache: dir}
	nameFile := filepath.Join(dir, "name")
	switch path := os.Getenv("PEER"); path {
	case "":
	case "kept":
		p.again = true
	case "none":
		return nil, errNoPeer
	default:
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p.Name, p.Kernel = filepath.Base(path), filepath.Join(dir, "vmlinux-of-PEER")
		return p, writeKernel(p.Kernel, b)
	}
	name, err := os.ReadFile(nameFile)
	_, e := os.Stat(p.Kernel)
	if cached := p.findModules(dir); err == nil && e == nil && cached {
		p.Name = string(name)
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	found, err := debianKernel(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := writeKernel(p.Kernel, found.image); err != nil {
		return nil, err
	}
	for i, name := range peerModules {
		if err := os.WriteFile(filepath.Join(dir, name), found.modules[i], 0o666); err != nil {
			return nil, err
		}
	}
	p.Name = found.name
	p.findModules(dir)
	return p, os.WriteFile(nameFile, []byte(found.name), 0o666)
}

// findModules looks for the modules in the cache directory. One that the package did not have is an empty file there, and then there are none.
func (p *Peer) findModules(dir string) (cached bool) {
	p.modules = nil
	for _, name := range peerModules {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return false
		}
		if info.Size() != 0 {
			p.modules = append(p.modules, path)
		}
	}
	if len(p.modules) != len(peerModules) {
		p.modules = nil
	}
	return true
}

// writeKernel writes an image without its compression to a file.
func writeKernel(path string, image []byte) error {
	elf, err := uncompressedKernel(image)
	if err != nil {
		return err
	}
	return os.WriteFile(path, elf, 0o666)
}
