package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files below a temporary folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func goroot(t *testing.T) string {
	return tree(t, map[string]string{"src/runtime/a.go": "one two two", "src/runtime/b.go": "b"})
}

func TestApplyWritesReplacementsAndEdits(t *testing.T) {
	root := goroot(t)
	own := tree(t, map[string]string{
		"b.go": "own b", "new.go": "new", "hook/h.go": "package hook",
		"profile.json": `{"go": ["go1.0"],
			"replace": {"runtime/b.go": "b.go"},
			"add": {"runtime/new.go": "new.go"},
			"packages": {"runtime/hook": "hook"},
			"edits": [{"file": "runtime/a.go", "why": "test", "old": "one", "new": "three"},
			          {"file": "runtime/a.go", "why": "a second edit sees the first", "old": "three two", "new": "four"}]}`,
	})
	p, err := Load(filepath.Join(own, "profile.json"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := p.Apply(root, "go1.0")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := o.Write(out); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, "overlay.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Replace map[string]string }
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"runtime/a.go":      filepath.Join(out, "_edited/runtime/a.go"),
		"runtime/b.go":      filepath.Join(own, "b.go"),
		"runtime/new.go":    filepath.Join(own, "new.go"),
		"runtime/hook/h.go": filepath.Join(own, "hook/h.go"),
	}
	if len(got.Replace) != len(want) {
		t.Errorf("overlay has %d files, want %d: %v", len(got.Replace), len(want), got.Replace)
	}
	for stock, file := range want {
		if g := got.Replace[filepath.Join(root, "src", stock)]; g != file {
			t.Errorf("%s is replaced by %q, want %q", stock, g, file)
		}
	}
	if b, _ := os.ReadFile(want["runtime/a.go"]); string(b) != "four two" {
		t.Errorf("edited text is %q", b)
	}
}

func TestApplyNamesFileAndVersions(t *testing.T) {
	for name, c := range map[string]struct{ profile, want string }{
		"edit without match":  {`{"go": ["go1.7", "go1.8"], "edits": [{"file": "runtime/a.go", "old": "zero"}]}`, `runtime/a.go of go1.9: 0 matches, not one, of "zero" (the profile knows go1.7, go1.8)`},
		"edit with two":       {`{"go": ["go1.7"], "edits": [{"file": "runtime/a.go", "old": "two"}]}`, "2 matches"},
		"edit of no file":     {`{"edits": [{"file": "runtime/c.go", "old": "two"}]}`, "runtime/c.go"},
		"replaced is missing": {`{"replace": {"runtime/c.go": "own.go"}}`, "does not exist"},
		"added exists":        {`{"add": {"runtime/a.go": "own.go"}}`, "is to be added, but exists"},
		"package exists":      {`{"packages": {"runtime": "."}}`, "is to be a new package"},
		"own is missing":      {`{"replace": {"runtime/a.go": "none.go"}}`, "none.go"},
		"edited and replaced": {`{"replace": {"runtime/a.go": "own.go"}, "edits": [{"file": "runtime/a.go", "old": "one"}]}`, "also replaced"},
	} {
		t.Run(name, func(t *testing.T) {
			own := tree(t, map[string]string{"own.go": "", "profile.json": c.profile})
			p, err := Load(filepath.Join(own, "profile.json"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = p.Apply(goroot(t), "go1.9"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestLoadRefusesUnknownFields(t *testing.T) {
	own := tree(t, map[string]string{"profile.json": `{"replaces": {}}`})
	if _, err := Load(filepath.Join(own, "profile.json")); err == nil {
		t.Error("no error")
	}
}

// The kernel's own profile fits the toolchain that runs the tests, so a new Go release fails here first.
func TestKernelProfileFitsInstalledGo(t *testing.T) {
	root, version, err := toolchain("go")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Load("../_overlay/profile.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Apply(root, version); err != nil {
		t.Error(err)
	}
}
