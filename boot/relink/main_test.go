package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build links a small program with the Go linker, as the image is linked.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nvar counter [1000]int\n\nfunc main() { counter[3]++ }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-ldflags", "-T 0x200000 -R 0x1000 -compressdwarf=false", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return out
}

func TestRelinkKeepsEveryAddress(t *testing.T) {
	in := build(t)
	out, script := in+".o", in+".ld"
	if err := run(in, out, script); err != nil {
		t.Fatal(err)
	}
	before, err := elf.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	after, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	places, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if after.Type != elf.ET_REL || after.Entry != 0 || len(after.Progs) != 0 {
		t.Errorf("%v with entry %#x and %d segments", after.Type, after.Entry, len(after.Progs))
	}
	if want := fmt.Sprintf("go.entry = 0x%x;", before.Entry); !strings.Contains(string(places), want) {
		t.Errorf("no %q in\n%s", want, places)
	}
	for i, s := range before.Sections {
		if after.Sections[i].Addr != 0 || after.Sections[i].Size != s.Size {
			t.Errorf("section %s: %+v became %+v", s.Name, s.SectionHeader, after.Sections[i].SectionHeader)
		}
		want := fmt.Sprintf("go%s = 0x%x;\n", s.Name, s.Addr)
		if kept := s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOTE; kept != strings.Contains(string(places), want) {
			t.Errorf("%q is or is not in\n%s", want, places)
		}
	}
	old, err := before.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	moved, err := after.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if len(old) < 1000 || len(moved) != len(old) {
		t.Fatalf("%d symbols became %d", len(old), len(moved))
	}
	for i, s := range old {
		base := uint64(0)
		if int(s.Section) < len(before.Sections) {
			base = before.Sections[s.Section].Addr
		}
		if moved[i].Name != s.Name || moved[i].Value+base != s.Value {
			t.Errorf("symbol %+v became %+v", s, moved[i])
		}
	}
}

func TestRelinkRefuses(t *testing.T) {
	b, err := os.ReadFile(build(t))
	if err != nil {
		t.Fatal(err)
	}
	object := append([]byte(nil), b...)
	le16(object[offType:], uint16(elf.ET_REL))
	for name, b := range map[string][]byte{"nothing": nil, "no ELF file": []byte("text"), "an object": object, "half a file": b[:100]} {
		if _, err := relink(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func le16(b []byte, v uint16) { b[0], b[1] = byte(v), byte(v>>8) }
