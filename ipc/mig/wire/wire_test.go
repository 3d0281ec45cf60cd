package wire

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What is checked in is what mig makes of the .defs files now.
func TestCurrent(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^//go:generate go tool (mig .* -o (\S+) \S+)$`).FindAllStringSubmatch(string(doc), -1)
	files, err := filepath.Glob("../interfaces/*.defs")
	if err != nil {
		t.Fatal(err)
	}
	if len(commands) != len(files)-1 { // types.defs is no interface
		t.Errorf("%d files are generated, %d interfaces exist", len(commands), len(files)-1)
	}
	mig := filepath.Join(t.TempDir(), "mig")
	if out, err := exec.Command("go", "build", "-o", mig, "../cmd/mig").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range commands {
		args := strings.Fields(strings.Replace(c[1], "-o "+c[2], "-o -", 1))
		want, err := exec.Command(mig, args[1:]...).Output()
		if err != nil {
			t.Errorf("%s: %v", c[1], err)
			continue
		}
		got, err := os.ReadFile(c[2])
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what mig makes now (%v): run go generate ./ipc/mig/wire", c[2], err)
		}
	}
}
