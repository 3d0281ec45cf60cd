package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"defpager/qemu/flame"
	"defpager/qemu/inline"
)

// CountCalls counts the calls that the kernel makes for all rows of bench but the boot, each row as much as any other, and writes them to file for the compiler
// to inline. The image was built in the working directory, without such a file: a call that is inlined already is none that can be counted.
func CountCalls(ctx context.Context, m Machine, programs, file string, notes io.Writer) error {
	if err := m.Check(); err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	profile, err := inline.New(m.Image, root)
	if err != nil {
		return err
	}
	image, err := flame.Open(m.Image)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "defpager-pgo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m.Accel, m.Count, m.SMP, m.Log = "tcg", true, "", filepath.Join(dir, "log")
	for _, r := range rows() {
		if r.unit == ticks || r.unit == monitored {
			continue // the boot happens once, and a cipher calls nobody
		}
		fmt.Fprintln(notes, "counting the calls of", r.name)
		if err := record(ctx, m, programs, r); err != nil {
			return err
		}
		calls, err := readCalls(m.Log, image)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		profile.Add(calls.List(), calls.Total())
	}
	var out bytes.Buffer
	if err := profile.Write(&out); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o666)
}

// readCalls counts the calls in a log.
func readCalls(name string, image *flame.Image) (*flame.Calls, error) {
	log, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	calls := flame.NewCalls(image)
	in := bufio.NewScanner(log)
	for in.Scan() {
		if at, ok := address(in.Bytes()); ok {
			calls.Step(at)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if calls.Total() == 0 {
		return nil, errors.New("nothing was executed")
	}
	return calls, nil
}
