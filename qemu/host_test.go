package qemu

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A file is read twice, for its hash and for the archive: what cannot be is refused, and not waited for.
func TestOnlyRegularFilesAreModules(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		pipe:           "not a regular file",
		os.DevNull:     "not a regular file",
		t.TempDir():    "not a regular file",
		"/proc/uptime": "bytes were read, and its size is 0",
	} {
		if _, _, err := HashFile(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("the hash of %s: %v, want %q", path, err, want)
		}
	}
	if err := WriteArchive(io.Discard, nil, []Module{{"x", pipe}}); err == nil {
		t.Error("a pipe was archived")
	}
	if _, _, err := own(pipe, nil); err == nil || !strings.Contains(err.Error(), "MODULES: "+pipe+": not a regular file") {
		t.Errorf("MODULES names a pipe: %v", err)
	}
}

// A file that has become shorter makes no archive whose entries lie elsewhere than they say.
func TestAShorterFileIsAnError(t *testing.T) {
	a := archive{w: io.Discard, align: pageSize}
	a.entry("log", strings.NewReader("three"), 6)
	if a.err == nil || a.err.Error() != "read log: 5 bytes were read, and its size is 6" {
		t.Error(a.err)
	}
}

func TestMakeDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for what, want := range map[string]string{
		"disk":        "DISK=disk: no such file, and no size such as 64M",
		"0":           "DISK=0: want a page of 4K at least",
		"3K":          "DISK=3K: want a page of 4K at least",
		"4000000000G": "DISK=4000000000G: file too large",
	} {
		if _, _, err := MakeDisk(what); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	path, remove, err := MakeDisk("64k")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 64<<10 {
		t.Errorf("%+v, %v", info, err)
	}
	remove()
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Lines that may never come are not waited for when the guest has ended.
func TestTypeLinesEndsWithTheGuest(t *testing.T) {
	never, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = never.Close(), w.Close() }()
	p := &Process{done: make(chan struct{}), news: make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- p.TypeLines(never, time.Minute) }()
	close(p.done)
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits for a line")
	}
}

// fakeTools are commands in place of apt-get and sudo. They note what they are called with, and do what a script in sh says.
func fakeTools(t *testing.T, script string) (notes string) {
	t.Helper()
	dir := t.TempDir()
	notes = filepath.Join(dir, "notes")
	for name, text := range map[string]string{"apt-get": "echo $1 >>" + notes + "\n" + script, "sudo": `exec "$@"`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return notes
}

func TestInstall(t *testing.T) {
	for name, c := range map[string]struct{ script, calls, fails string }{
		"nothing wrong":              {"", "install", ""},
		"old lists":                  {`[ -e "$0.updated" ] || { [ $1 = update ] && : >"$0.updated"; }`, "install update install", ""},
		"a source out of reach":      {`[ $1 = install ] && [ -e "$0.updated" ] || { : >"$0.updated"; exit 9; }`, "install update install", ""},
		"no such package":            {`[ $1 = update ] || { echo E: no such package; exit 9; }`, "install update install", "no such package"},
		"neither lists nor packages": {`echo E: no $1; exit 9`, "install update install", "E: no update"},
	} {
		t.Run(name, func(t *testing.T) {
			notes := fakeTools(t, c.script)
			var out bytes.Buffer
			err := install(t.Context(), &out, []string{"gdb"})
			calls, _ := os.ReadFile(notes)
			if got := strings.Join(strings.Fields(string(calls)), " "); got != c.calls {
				t.Errorf("apt-get was called for %s, want %s", got, c.calls)
			}
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v, want %q", err, c.fails)
			}
			if out.String() != "installing gdb\n" {
				t.Errorf("said %q", &out)
			}
		})
	}
}

// Whoever interrupts the installation does not have to do so three times.
func TestInstallIsInterrupted(t *testing.T) {
	notes := fakeTools(t, "exec sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := install(ctx, io.Discard, []string{"gdb"}); err == nil {
		t.Error("no error")
	}
	if calls, _ := os.ReadFile(notes); string(calls) != "install\n" {
		t.Errorf("apt-get was called for %q", calls)
	}
}
