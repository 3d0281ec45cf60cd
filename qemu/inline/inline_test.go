package inline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"defpager/qemu/flame"
)

const source = `package vm

func plain() { helper() }

func (m *Map) Fault() {
	helper()
	f := func() {
		helper()
	}
	f()
}

func (
	s Slot,
) at() {
	helper()
}

func generic[T any]() { helper() }

func (l *list[T]) add() { helper() }
`

// TestProfile has the go command read what was counted.
func TestProfile(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "mm", "vm", "a.go")
	program := filepath.Join(root, "boot", "main.go")
	for _, f := range []string{file, program} {
		if err := os.MkdirAll(filepath.Dir(f), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := &Profile{sources: newSources(root), weights: map[edge]int{}, lines: []line{
		{0x100, file, 3},
		{0x110, file, 6},
		{0x120, file, 7},
		{0x120, file, 8}, // in the closure
		{0x130, file, 10},
		{0x140, file, 16},
		{0x150, file, 19},
		{0x160, file, 21},
		{0x170, program, 3},
		{0x180, "/elsewhere/runtime/proc.go", 3},
		{0x190, "", 0},
	}}
	p.Add([]flame.Call{
		{At: 0x105, Callee: "defpager/mm/vm.helper", Count: 3},
		{At: 0x110, Callee: "defpager/mm/vm.helper", Count: 20},
		{At: 0x11f, Callee: "defpager/mm/vm.helper", Count: 5},
		{At: 0x120, Callee: "defpager/mm/vm.helper", Count: 50},
		{At: 0x131, Callee: "defpager/mm/vm.other", Count: 7},
		{At: 0x131, Callee: "slices.Sort[go.shape.int]", Count: 90},
		{At: 0x141, Callee: "defpager/mm/vm.helper", Count: 9},
		{At: 0x151, Callee: "defpager/mm/vm.helper", Count: 90},
		{At: 0x161, Callee: "defpager/mm/vm.helper", Count: 90},
		{At: 0x171, Callee: "defpager/mm/vm.helper", Count: 2},
		{At: 0x181, Callee: "defpager/mm/vm.helper", Count: 90},
		{At: 0x191, Callee: "defpager/mm/vm.helper", Count: 90},
		{At: 0x0ff, Callee: "defpager/mm/vm.helper", Count: 90},
	}, scale)
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(root, "in"), filepath.Join(root, "out")
	if err := os.WriteFile(in, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("go", "tool", "preprofile", "-i", in, "-o", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	want := []string{
		"defpager/mm/vm.(*Map).Fault", "defpager/mm/vm.helper", "1 25",
		"defpager/mm/vm.Slot.at", "defpager/mm/vm.helper", "3 9",
		"defpager/mm/vm.(*Map).Fault", "defpager/mm/vm.other", "5 7",
		"defpager/mm/vm.plain", "defpager/mm/vm.helper", "0 3",
		"main.plain", "defpager/mm/vm.helper", "0 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the compiler reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
