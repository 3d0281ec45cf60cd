package scenario

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestDebugger stops the guest in the pager by gdb, which must show Go's frames and variables.
func TestDebugger(t *testing.T) {
	t.Parallel()
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "build/defpager", "gdb", "-file", "go.mod", "--", "-batch",
		"-ex", "hbreak defpager/pager.(*Pager).create", "-ex", "continue", "-ex", "backtrace 3", "-ex", "print p.created", "-ex", "detach")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The console's last line before the breakpoint may come amidst gdb's, which tells that it was met.
	for _, want := range []string{
		"Breakpoint 1", "#0  defpager/pager.(*Pager).create (p=0x",
		"#1 ", "defpager/pager.(*Pager).objectCreate (p=",
		"$1 = 0",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("gdb does not say %q:\n%s", want, out)
		}
	}
}
