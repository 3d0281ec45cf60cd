package qemu

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var dependsLine = regexp.MustCompile(`(?m)^\s*Depends: (linux-image-\S+)$`)

// kernelPackage is what is wanted of Debian's kernel package.
type kernelPackage struct {
	name    string   // with its version
	image   []byte   // compressed
	modules [][]byte // peerModules; nil for one that is not there
}

// debianKernel fetches Debian's kernel package with the package manager. The package itself is left nowhere.
func debianKernel(ctx context.Context, dir string) (*kernelPackage, error) {
	depends, err := exec.CommandContext(ctx, "apt-cache", "depends", "linux-image-amd64").Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache knows no linux-image-amd64 (%w)", err)
	}
	match := dependsLine.FindSubmatch(depends)
	if match == nil {
		return nil, errors.New("apt-cache does not tell what linux-image-amd64 depends on")
	}
	temporary, err := os.MkdirTemp(dir, "package-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	get := exec.CommandContext(ctx, "apt-get", "download", "-q", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1", string(match[1]))
	get.Dir = temporary
	if out, err := get.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("apt-get download %s: %w\n%s", match[1], err, tail(string(out), 3))
	}
	files, err := filepath.Glob(filepath.Join(temporary, "*.deb"))
	if err != nil || len(files) != 1 {
		return nil, errors.Join(err, fmt.Errorf("apt-get download left %d packages", len(files)))
	}
	k := &kernelPackage{name: strings.TrimSuffix(filepath.Base(files[0]), "_amd64.deb")}
	return k, k.read(ctx, files[0])
}

// read takes the files out of a package. The error says that there is no image.
func (k *kernelPackage) read(ctx context.Context, pack string) error {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", pack)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return err
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // the rest of the package, if any, is not wanted
	}()
	return k.readTar(out)
}

func (k *kernelPackage) readTar(archive io.Reader) error {
	k.modules = make([][]byte, len(peerModules))
	for files := tar.NewReader(archive); ; {
		h, err := files.Next()
		switch {
		case err == io.EOF && k.image != nil:
			return nil
		case err != nil:
			return fmt.Errorf("no image in %s: %w", k.name, err)
		}
		to := &k.image
		if !strings.HasPrefix(h.Name, "./boot/vmlinuz-") {
			i := slices.Index(peerModules, filepath.Base(h.Name))
			if i < 0 {
				continue
			}
			to = &k.modules[i]
		}
		if *to, err = io.ReadAll(files); err != nil {
			return err
		}
	}
}

// uncompressedKernel takes the ELF image out of a bzImage (Linux, Documentation/x86/boot.rst: the header's fields setup_sects, payload_offset
// and payload_length). An ELF image is returned as it is.
func uncompressedKernel(image []byte) ([]byte, error) {
	const setupSectors, magicAt, payloadOffset, payloadLength = 0x1f1, 0x202, 0x248, 0x24c
	if bytes.HasPrefix(image, []byte("\x7fELF")) {
		return image, nil
	}
	if len(image) < 0x1000 || string(image[magicAt:magicAt+4]) != "HdrS" {
		return nil, errors.New("the kernel is neither an ELF image nor a bzImage")
	}
	start := (uint64(image[setupSectors])+1)*512 + uint64(binary.LittleEndian.Uint32(image[payloadOffset:]))
	end := start + uint64(binary.LittleEndian.Uint32(image[payloadLength:]))
	const sizeField = 4 // behind the compressed data: the size that it has without compression
	if end > uint64(len(image)) || end < start+sizeField {
		return nil, errors.New("the bzImage tells of more than it holds")
	}
	payload := image[start : end-sizeField]
	for _, c := range []struct{ magic, command string }{{"\xfd7zXZ", "xz"}, {"\x02\x21\x4c\x18", "lz4"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x1f\x8b", "gzip"}} {
		if !bytes.HasPrefix(payload, []byte(c.magic)) {
			continue
		}
		cmd := exec.Command(c.command, "-dc")
		cmd.Stdin = bytes.NewReader(payload)
		elf, err := cmd.Output()
		if err == nil && !bytes.HasPrefix(elf, []byte("\x7fELF")) {
			err = errors.New("what is in the bzImage is no ELF image")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.command, err)
		}
		return elf, nil
	}
	return nil, fmt.Errorf("the bzImage is compressed in an unknown way (%x)", payload[:4])
}
