package layout_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"defpager/ipc/mig/defs"
	"defpager/ipc/mig/layout"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew")

// interfaces parses all of the system's interfaces, in the order of their files' names.
func interfaces(t *testing.T) []*defs.File {
	t.Helper()
	const dir = "../interfaces"
	names, err := filepath.Glob(filepath.Join(dir, "*.defs"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*defs.File
	for _, name := range names {
		if filepath.Base(name) == "types.defs" {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := defs.Parse(name, string(source), defs.Options{Open: func(include string) (string, error) {
			b, err := os.ReadFile(filepath.Join(dir, include))
			return string(b), err
		}})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// Every message of every interface: routine, id, sizes, and the name, type and offset of each argument.
func TestGolden(t *testing.T) {
	var got bytes.Buffer
	for _, f := range interfaces(t) {
		fmt.Fprintf(&got, "\n# %s %d\n", f.Name, f.Base)
		if err := layout.Print(&got, f); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("layouts changed (go test ./ipc/mig/layout -update accepts that):\n%s", diff)
	}
}

// The layouts are those of GNU MIG's stubs.
func TestReference(t *testing.T) {
	want, err := os.ReadFile("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range interfaces(t) {
		for _, r := range f.Routines {
			for k, m := range []*layout.Message{layout.Request(r), layout.Reply(r)} {
				if m == nil {
					continue
				}
				words := []string{r.Name, "Rr"[k : k+1], strconv.Itoa(int(m.ID)), strconv.Itoa(m.Max)}
				for _, i := range m.Items {
					words = append(words, fmt.Sprintf("%s@%d", i.Name, i.Offset))
				}
				got[words[0]+words[1]] = strings.Join(words, " ")
			}
		}
	}
	compared := 0
	for _, line := range strings.Split(strings.TrimSpace(string(want)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		have, ok := got[words[0]+words[1]]
		if !ok {
			continue // a routine that nothing here serves
		}
		compared++
		if have != line {
			t.Errorf("got  %s\nwant %s", have, line)
		}
	}
	if compared < 180 {
		t.Errorf("only %d messages were compared", compared)
	}
}

// What the kernel and the pager serve is in some interface.
func TestServed(t *testing.T) {
	known := map[int]bool{}
	for _, f := range interfaces(t) {
		for _, r := range f.Routines {
			known[int(layout.Request(r).ID)] = true
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../../mach/id.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 || v.Names[0].Name == "ReplyOffset" {
			return true
		}
		if l, ok := v.Values[0].(*ast.BasicLit); ok {
			id, err := strconv.Atoi(l.Value)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return true
	})
	const devices = 2810 // to 2814: those calls are answered with an error whatever they carry
	for _, id := range ids {
		if !known[id] && (id < devices || id > devices+4) {
			t.Errorf("id %d is served and in no interface", id)
		}
	}
	if len(ids) < 100 || slices.Max(ids) < 4200 {
		t.Errorf("%d ids were found", len(ids))
	}
}
