package scenario

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a program of the host on a terminal of its own.
type terminal struct {
	master *os.File
	lock   sync.Mutex
	text   bytes.Buffer
}

// onTerminal starts a command of the top of the repository as the leader of a session on a new terminal.
func onTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slave.Close() }()
	cmd.Dir = "../.."
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &terminal{master: master}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			m.lock.Lock()
			m.text.Write(b[:n])
			m.lock.Unlock()
		}
	}()
	return m
}

// dialog types each line when the words before it have been printed.
func (m *terminal) dialog(t *testing.T, lines ...[2]string) {
	t.Helper()
	const patience = time.Minute
	at := 0
	for _, l := range lines {
		for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			m.lock.Lock()
			text := m.text.String()
			m.lock.Unlock()
			if i := strings.Index(text[at:], l[0]); i >= 0 {
				at += i + len(l[0])
				break
			}
			if time.Since(start) > patience {
				t.Fatalf("%q does not come:\n%s", l[0], text)
			}
		}
		if l[1] == "\x03" {
			time.Sleep(time.Second) // it is lost while gdb has said that it continues, and does not yet
		}
		if _, err := m.master.WriteString(l[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInterruptInDebugger types Ctrl-C into gdb, as to stop the guest: neither gdb nor the guest nor make may end by that.
func TestInterruptInDebugger(t *testing.T) {
	t.Parallel()
	// A shell in place of make: it ends when it gets the second Ctrl-C.
	cmd := exec.Command("sh", "-c", "n=0; trap 'n=$((n+1)); [ $n -lt 2 ] || exit 9' INT; build/defpager gdb -file go.mod; echo status $?, interrupted $n times")
	m := onTerminal(t, cmd)
	m.dialog(t,
		[2]string{"(gdb) ", "set pagination off\n"},
		[2]string{"(gdb) ", "continue\n"},
		[2]string{"creator: done", "\x03"},
		[2]string{"SIGINT", ""},
		[2]string{"(gdb) ", "continue\n"},
		[2]string{"Continuing.", "\x03"},
		[2]string{"SIGINT", ""},
		[2]string{"(gdb) ", "kill\n"},
		[2]string{"(gdb) ", "quit\n"},
		[2]string{"status 0, interrupted 0 times", ""},
	)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestReaderOfOutputLeaves closes the pipe that a demo prints into: nothing may be left behind.
func TestReaderOfOutputLeaves(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	cmd := exec.Command("build/defpager", "demo", "-v", "-file", "go.mod")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	_ = out.Close()
	_ = cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 1 {
		t.Errorf("the exit status is %d", status)
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestHelp: who asks gets the commands on standard output, and who mistypes an error beside them.
func TestHelp(t *testing.T) {
	for _, c := range []struct {
		argument string
		status   int
		output   bool
	}{{"help", 0, true}, {"--help", 0, true}, {"-h", 0, true}, {"halp", 1, false}} {
		cmd := exec.Command("../../build/defpager", c.argument)
		out, err := cmd.Output()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if got := strings.HasPrefix(string(out), "usage: defpager COMMAND"); cmd.ProcessState.ExitCode() != c.status || got != c.output {
			t.Errorf("%s: exit status %d, %q", c.argument, cmd.ProcessState.ExitCode(), out)
		}
	}
}
