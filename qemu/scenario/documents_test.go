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
var numbers = regexp.MustCompile(`0x[0-9a-f]{5,}|port \d+`)

func withoutNumbers(s string) string {
	return numbers.ReplaceAllStringFunc(s, func(n string) string {
		if strings.HasPrefix(n, "port") {
			return "port #"
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
	// The steps of the first message 9001, and the trap before it.
	var got []string
	lines := strings.Split(strings.ReplaceAll(string(out), "\r", ""), "\n")
	for i, l := range lines {
		if !strings.Contains(l, "message 9001") {
			continue
		}
		if got == nil {
			got = append(got, lines[i-1])
		}
		got = append(got, l)
		if strings.Contains(l, "receives") {
			break
		}
	}
	if g := withoutNumbers(strings.Join(got, "\n") + "\n"); g != want {
		t.Errorf("the kernel prints\n%sdocs/ipc.md says\n%s", g, want)
	}
}
