package scenario

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
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

// TestTraceInDocuments: the trace of a message that docs/ipc.md explains is what the kernel prints of it today.
func TestTraceInDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/ipc.md")
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(text), "<!-- trace -->\n```\n")
	want, _, ok := strings.Cut(want, "```\n<!-- end of trace -->")
	if !ok {
		t.Fatal("docs/ipc.md has no trace between its marks")
	}
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "build/defpager", "demo", "-v", "-file", "go.mod", "-append", "trace")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A message 9001 to sharer which waits for it, and the trap before: at first it may still be on its way to the port.
	lines := strings.Split(strings.ReplaceAll(string(out), "\r", ""), "\n")
	for i := range len(lines) - 3 {
		if strings.Contains(lines[i+2], "message 9001 goes") && strings.Contains(lines[i+3], "(sharer)") {
			if got := withoutNumbers(strings.Join(lines[i:i+4], "\n") + "\n"); got != want {
				t.Errorf("the kernel prints\n%sdocs/ipc.md says\n%s", got, want)
			}
			return
		}
	}
	t.Errorf("no message 9001 goes to sharer:\n%s", out)
}
