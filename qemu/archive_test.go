package qemu

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestArchive reads an archive back, entry by entry: contents must lie at pages.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	var modules []Module
	want := map[string]string{"modules": "a one\nb two\n"}
	for _, m := range []struct{ name, text string }{{"a", "x"}, {"b", strings.Repeat("y", 5000)}, {"empty", ""}} {
		path := filepath.Join(dir, m.name)
		if err := os.WriteFile(path, []byte(m.text), 0o600); err != nil {
			t.Fatal(err)
		}
		modules = append(modules, Module{m.name, path})
		want[m.name] = m.text
	}
	var out bytes.Buffer
	if err := WriteArchive(&out, []string{"a one", "b two"}, modules); err != nil {
		t.Fatal(err)
	}
	b := out.Bytes()
	number := func(at int) int {
		n, err := strconv.ParseUint(string(b[at:at+8]), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	var order []string
	for at := 0; ; {
		if string(b[at:at+6]) != "070701" {
			t.Fatalf("no header at %d: %q", at, b[at:at+6])
		}
		size, nameSize := number(at+54), number(at+94)
		start := at + (110+nameSize+3)&^3
		name := strings.TrimRight(string(b[at+110:at+110+nameSize]), "\x00")
		if name == "TRAILER!!!" {
			break
		}
		order = append(order, name)
		if size != 0 && start%pageSize != 0 {
			t.Errorf("%s begins at %d, not at a page", name, start)
		}
		if got := string(b[start : start+size]); got != want[name] {
			t.Errorf("%s holds %d bytes, want %d", name, len(got), len(want[name]))
		}
		at = (start + size + 3) &^ 3
	}
	if got := strings.Join(order, " "); got != "modules a b empty" {
		t.Errorf("the entries are %s", got)
	}
	if err := WriteArchive(&out, nil, []Module{{"x", filepath.Join(dir, "missing")}}); err == nil {
		t.Error("a missing file was archived")
	}
	if err := WriteArchive(&out, nil, []Module{{"x", dir}}); err == nil {
		t.Error("a directory was archived")
	}
}

func TestMachineCheck(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m    Machine
		want string
	}{
		{Machine{Type: "q35", Memory: "256M", Accel: "auto", Image: image}, ""},
		{Machine{Type: "pc", Memory: "2g", Accel: "tcg", Image: image}, ""},
		{Machine{Type: "microvm", Memory: "128", Accel: "kvm", Image: image}, ""},
		{Machine{Type: "virt", Memory: "256M", Accel: "auto", Image: image}, "MACHINE=virt"},
		{Machine{Type: "q35", Memory: "lots", Accel: "auto", Image: image}, "MEM=lots"},
		{Machine{Type: "q35", Memory: "63M", Accel: "auto", Image: image}, "MEM=63M"},
		{Machine{Type: "q35", Memory: "256M", Accel: "fast", Image: image}, "ACCEL=fast"},
		{Machine{Type: "q35", Memory: "256M", Accel: "tcg", Image: image + "x"}, "make image"},
	} {
		err := c.m.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.m, err, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	if got := Plain("\x1b[2J\x1b[?7lone\r\ntwo\x00\x1bcthree"); got != "one\ntwothree" {
		t.Errorf("got %q", got)
	}
}

func TestPrompts(t *testing.T) {
	if n := prompts("defpager> tasks\nx\ndefpager> help defpager> \ndefpager> "); n != 3 {
		t.Errorf("%d prompts, want 3", n)
	}
}

func TestCompare(t *testing.T) {
	h := strings.Repeat("a", 64)
	all := "sha256 creator " + h + "\nsha256 sharer " + h + "\nsha256 reader " + h + "\n"
	if err := compare(all+"creator: done\n", h); err != nil {
		t.Error(err)
	}
	for _, text := range []string{
		all, "creator: done\n", strings.Replace(all, "reader a", "reader b", 1) + "creator: done\n",
	} {
		if compare(text, h) == nil {
			t.Errorf("%q agrees", text)
		}
	}
}
