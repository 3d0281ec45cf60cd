package qemu

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOwnModules(t *testing.T) {
	dir := t.TempDir()
	write := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, data, empty := write("mine", "\x7fELF..."), write("data", "x"), write("empty", "")
	hello := Module{"hello", filepath.Join(dir, "built", "hello")}
	if err := os.Mkdir(filepath.Dir(hello.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	write("built/hello", "\x7fELF hello")
	t.Chdir(dir)

	lines, modules, err := own(program+" --port=${host-port} a,,b, "+data+" x , "+empty+",hello $(task-create),hello,mine", []Module{hello})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mine --port=${host-port} a,b $(task-create) $(task-resume)", "data x", "empty", "hello $(task-create)", "hello $(task-create) $(task-resume)",
		"mine $(task-create) $(task-resume)",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Module{hello, {"mine", "mine"}, {"data", data}, {"empty", empty}}, modules); d != "" {
		t.Error(d)
	}
	// A file of the user's stands before a program of the same name.
	write("hello", "\x7fELF my own")
	if _, modules, err = own("./hello", []Module{hello}); err != nil || cmp.Diff([]Module{{"hello", "./hello"}}, modules) != "" {
		t.Error(modules, err)
	}
	for _, bad := range []string{"", " , ", "absent a", dir} {
		if lines, _, err := own(bad, []Module{hello}); err == nil {
			t.Errorf("%q: %q", bad, lines)
		}
	}
}

func TestAFailedProgramIsAComplaint(t *testing.T) {
	if err := complaintOf("hello\nmine: exit status 3\nmore\n"); err == nil || err.Error() != "mine: exit status 3" {
		t.Error(err)
	}
	if err := complaintOf("said: exit status 0\nit has an exit status 3\n"); err != nil {
		t.Error(err)
	}
}
