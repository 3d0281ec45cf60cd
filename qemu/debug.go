package qemu

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Debug starts the main job stopped before its first instruction, with gdb attached in the foreground. more are arguments of gdb's, such
// as -batch and -ex. What the guest prints appears between gdb's own lines.
func (j *Job) Debug(ctx context.Context, more []string) error {
	_, remove, err := j.prepare()
	if err != nil {
		return err
	}
	defer remove()
	dir, err := os.MkdirTemp("", "defpager-gdb-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	j.Machine.Debug = filepath.Join(dir, "gdb")
	j.Machine.Accel = "tcg"
	p, err := Start(ctx, &j.Machine, Streams{Output: j.Output})
	if err != nil {
		return err
	}
	defer p.Kill()
	for range 50 { // 5 s
		if _, err = os.Stat(j.Machine.Debug); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("QEMU does not offer gdb's socket: %w", err)
	}
	args := []string{"-q", "-nx"}
	if root, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
		// Go's own extension shows strings, slices, maps and goroutines.
		script := filepath.Join(strings.TrimSpace(string(root)), "src/runtime/runtime-gdb.py")
		args = append(args, "-iex", "set auto-load safe-path "+filepath.Dir(script), "-ex", "source "+script)
	}
	args = append(args, "-x", ".gdbinit", "-ex", "target remote "+j.Machine.Debug)
	cmd := exec.CommandContext(ctx, "gdb", append(append(args, more...), j.Machine.Image)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
