package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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
	return foreground(cmd)
}

// foreground runs a command that Ctrl-C is for, and not for us and make, as long as it runs. Without a terminal, or far from it, there is no difference.
func foreground(cmd *exec.Cmd) error {
	terminal := int(os.Stdin.Fd())
	if group, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
		return cmd.Run()
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: terminal}
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	signal.Ignore(syscall.SIGTTOU) // which stops who takes the foreground from behind
	defer signal.Reset(syscall.SIGTTOU)
	return errors.Join(err, unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, unix.Getpgrp()))
}
