package qemu

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Module is a file for the guest.
type Module struct {
	Name string // of the entry in the archive, and what command lines call it
	Path string // on the host
}

// pageSize is what the contents of each module are aligned to, so that the guest can map them as they lie.
const pageSize = 4096

// trailer names the last entry of an archive.
const trailer = "TRAILER!!!"

// WriteArchive writes the initrd: a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)
// whose first entry, "modules", holds the command lines, one per line. Names are padded with NULs so that contents begin at pages.
func WriteArchive(w io.Writer, lines []string, modules []Module) error {
	a := archive{w: w, align: pageSize, mode: 0o100644}
	a.entry("modules", strings.NewReader(strings.Join(lines, "\n")+"\n"), int64(len(strings.Join(lines, "\n"))+1))
	for _, m := range modules {
		if err := a.file(m); err != nil {
			return err
		}
	}
	a.entry(trailer, strings.NewReader(""), 0)
	return a.err
}

// archive counts what it writes and remembers the first error.
type archive struct {
	w     io.Writer
	align int64 // where contents begin
	mode  int64 // of files, as stat gives it
	at    int64
	err   error
}

func (a *archive) file(m Module) error {
	f, size, err := openRegular(m.Path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if size > 1<<32-1 {
		return fmt.Errorf("%s has %d bytes: the archive's format holds files below 4 GiB", m.Path, size)
	}
	a.entry(m.Name, f, size)
	return a.err
}

// openRegular opens a file that has a size. Opening a pipe would wait for whoever writes to it, and it can be read only once.
func openRegular(path string) (f *os.File, size int64, err error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file, which has a size and can be read twice")}
	}
	if err != nil {
		return nil, 0, err
	}
	f, err = os.Open(path)
	return f, info.Size(), err
}

// sizeError is one of a file that does not have the size that it is said to have.
func sizeError(path string, read, size int64) error {
	return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%d bytes were read, and its size is %d", read, size)}
}

func (a *archive) entry(name string, contents io.Reader, size int64) {
	const header = 110 // bytes
	nameSize := int64(len(name) + 1)
	if size != 0 {
		nameSize += -(a.at + header + nameSize) & (a.align - 1)
	} else {
		nameSize += -(a.at + header + nameSize) & 3
	}
	fields := [13]int64{1: a.mode, 4: 1, 6: size, 11: nameSize} // ino, mode, uid, gid, nlink, mtime, filesize, 4 devices, namesize, check
	var h strings.Builder
	h.WriteString("070701")
	for _, f := range fields {
		fmt.Fprintf(&h, "%08x", f)
	}
	a.write(strings.NewReader(h.String() + name + strings.Repeat("\x00", int(nameSize)-len(name))))
	before := a.at
	a.write(io.LimitReader(contents, size))
	if n := a.at - before; a.err == nil && n != size {
		a.err = sizeError(name, n, size)
	}
	a.write(strings.NewReader(strings.Repeat("\x00", int(-a.at&3))))
}

func (a *archive) write(r io.Reader) {
	if a.err != nil {
		return
	}
	n, err := io.Copy(a.w, r)
	a.at += n
	a.err = err
}
