package qemu

import (
	"context"
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
}

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
	err = errors.Join(writeInitramfs(f, p.Init), f.Close())
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
	return m.untilBenchEnds(ctx)
}

// writeInitramfs writes an archive for Linux that holds a program as /init.
func writeInitramfs(w io.Writer, init string) error {
	f, err := os.Open(init)
	if err != nil {
		return fmt.Errorf("%w; make peer builds it", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	a := archive{w: w, align: 4, mode: 0o100755}
	a.entry("init", f, info.Size())
	a.entry(trailer, strings.NewReader(""), 0)
	return a.err
}

// FindPeer looks for the peer's kernel in the cache directory dir, and else makes it from Debian's package. PEER in the environment names
// another kernel, compressed or not.
func FindPeer(ctx context.Context, dir string) (*Peer, error) {
	p := &Peer{Kernel: filepath.Join(dir, "vmlinux"), Init: filepath.Join(dir, "init")}
	nameFile := filepath.Join(dir, "name")
	if path := os.Getenv("PEER"); path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p.Name, p.Kernel = filepath.Base(path), filepath.Join(dir, "vmlinux-of-PEER")
		return p, writeKernel(p.Kernel, b)
	}
	name, err := os.ReadFile(nameFile)
	if _, e := os.Stat(p.Kernel); err == nil && e == nil {
		p.Name = string(name)
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	image, found, err := debianKernel(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := writeKernel(p.Kernel, image); err != nil {
		return nil, err
	}
	p.Name = found
	return p, os.WriteFile(nameFile, []byte(found), 0o666)
}

// writeKernel writes an image without its compression to a file.
func writeKernel(path string, image []byte) error {
	elf, err := uncompressedKernel(image)
	if err != nil {
		return err
	}
	return os.WriteFile(path, elf, 0o666)
}
