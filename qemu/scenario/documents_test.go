package scenario

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"defpager/qemu"

	"github.com/google/go-cmp/cmp"
)

// numbers are what may differ between builds: addresses, names and numbers of ports.
var numbers = regexp.MustCompile(`0x[0-9a-f]{5,}|port \d+|sequence number \d+`)

func withoutNumbers(s string) string {
	return numbers.ReplaceAllStringFunc(s, func(n string) string {
		if i := strings.LastIndex(n, " "); i >= 0 {
			return n[:i] + " #"
		}
		return "#"
	})
}

// printed is the trace in a document, between its marks.
func printed(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + document)
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(text), "<!-- trace -->\n```\n")
	want, _, ok := strings.Cut(want, "```\n<!-- end of trace -->")
	if !ok {
		t.Fatal(document, "has no trace between its marks")
	}
	return want
}

// trace is what a command of the host's program prints, in lines.
func trace(t *testing.T, args ...string) []string {
	t.Helper()
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "build/defpager", args...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Split(strings.ReplaceAll(string(out), "\r", ""), "\n")
}

// TestTraceInDocuments: the trace of a message that docs/ipc.md explains is what the kernel prints of it today.
func TestTraceInDocuments(t *testing.T) {
	t.Parallel()
	want := printed(t, "docs/ipc.md")
	lines := trace(t, "demo", "-v", "-file", "go.mod", "-append", "trace")
	// A message 9001 to sharer which waits for it, and the trap before: at first it may still be on its way to the port.
	for i := range len(lines) - 3 {
		if strings.Contains(lines[i+2], "message 9001 goes") && strings.Contains(lines[i+3], "(sharer)") {
			if got := withoutNumbers(strings.Join(lines[i:i+4], "\n") + "\n"); got != want {
				t.Errorf("the kernel prints\n%sdocs/ipc.md says\n%s", got, want)
			}
			return
		}
	}
	t.Errorf("no message 9001 goes to sharer:\n%s", strings.Join(lines, "\n"))
}

// bootTraced is what the guest prints while a program of the loader runs with the trace on, in lines.
func bootTraced(t *testing.T, program string) []string {
	t.Helper()
	const build = "../../build"
	m := qemu.Machine{Type: "q35", Memory: "256M", Accel: "tcg", Append: "demo trace", Image: build + "/defpager.elf", Initrd: t.TempDir() + "/modules.cpio"}
	modules, err := qemu.Programs(build + "/user")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(m.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	if err := qemu.WriteArchive(archive, []string{program}, modules); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := qemu.Start(t.Context(), &m, qemu.Streams{LogLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	ended := func(string) bool {
		select {
		case <-p.Done():
			return true
		default:
			return false
		}
	}
	if err := p.Wait(ended, quiet); err != nil || p.Status() != qemu.ExitSuccess {
		t.Fatalf("%v, exit status %d\n%s", err, p.Status(), p.Text())
	}
	return strings.Split(p.Text(), "\n")
}

var objectNumber = regexp.MustCompile(`object \d+`)

// inOrder gives the objects of a trace numbers in the order in which they come.
func inOrder(s string) string {
	seen := map[string]string{}
	return objectNumber.ReplaceAllStringFunc(s, func(o string) string {
		if seen[o] == "" {
			seen[o] = "object #" + strconv.Itoa(len(seen))
		}
		return seen[o]
	})
}

// TestStepsInDocuments: what docs/vm.md explains is what the kernel prints today when the program steps runs.
func TestStepsInDocuments(t *testing.T) {
	t.Parallel()
	want := printed(t, "docs/vm.md")
	var got []string
	begun := false
	for _, l := range bootTraced(t, "steps $(task-create) $(task-resume)") {
		switch {
		case l == "steps: begin":
			begun = true
		case begun && (strings.HasPrefix(l, "steps: ") || strings.HasPrefix(l, "trace: object ")):
			got = append(got, l)
		}
		if l == "steps: done" {
			break
		}
	}
	if text := strings.Join(got, "\n") + "\n"; inOrder(text) != inOrder(want) {
		t.Errorf("the kernel prints\n%sdocs/vm.md says\n%s", text, want)
	}
}

// TestTranscriptInReadme: what README.md shows of the main job is what it prints, but for numbers. Three tasks print at once: lines may change
// places.
func TestTranscriptInReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "This is `make run FILE=go.mod`:\n\n")
	shown, _, ok := strings.Cut(shown, "    defpager> poweroff\n")
	if !ok {
		t.Fatal("README.md has no transcript")
	}
	hash, size, err := qemu.HashFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(shown, hash) != 4 || !strings.Contains(shown, fmt.Sprintf("an object of %d bytes", size)) {
		t.Errorf("README.md shows another go.mod than that of %d bytes with the hash %s", size, hash)
	}
	var typed string
	for line := range strings.Lines(shown) {
		if command, ok := strings.CutPrefix(line, "    defpager> "); ok {
			typed += command
		}
	}
	cmd := exec.CommandContext(t.Context(), "build/defpager", "run", "-accel", "tcg", "-machine", "q35", "-mem", "256M", "-file", "go.mod")
	cmd.Dir = "../.."
	cmd.Stdin = strings.NewReader(typed)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := qemu.Plain(string(out))
	at, end := strings.Index(text, "defpager on "), strings.LastIndex(text, "defpager> poweroff")
	if at < 0 || end < at {
		t.Fatalf("no such output:\n%s", text)
	}
	if d := cmp.Diff(kinds(shown), kinds(text[at:end])); d != "" {
		t.Errorf("README.md shows (-), printed is (+):\n%s", d)
	}
}

// kinds are the lines of a transcript, sorted, with "#" for what differs from run to run and from machine to machine.
func kinds(text string) []string {
	varying := regexp.MustCompile(`0x[0-9a-f]+|[0-9a-f]{64}|\d+`)
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(varying.ReplaceAllString(line, "#")))
	}
	slices.Sort(lines)
	return lines
}
