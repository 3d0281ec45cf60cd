package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Streams connects the guest's serial line.
type Streams struct {
	Input    *os.File  // a terminal that QEMU reads itself, with Ctrl-A as its own key; nil: Type sends input
	Output   io.Writer // gets what the guest prints, as it comes; nil: nobody
	Errors   io.Writer // gets QEMU's own messages; nil: standard error
	LogLines bool      // keep what was printed, for Wait and Text
}

// Process is a running QEMU.
type Process struct {
	cmd   *exec.Cmd
	input io.WriteCloser
	dir   string // of the QMP socket
	done  chan struct{}

	mu     sync.Mutex
	text   bytes.Buffer
	news   chan struct{} // closed and replaced when there is text
	last   time.Time
	output io.Writer
	keep   bool
}

// Start runs QEMU until the guest or ctx ends. The caller calls Kill in any case, which also removes what Start made.
func Start(ctx context.Context, m *Machine, s Streams) (*Process, error) {
	dir, err := os.MkdirTemp("", "defpager-")
	if err != nil {
		return nil, err
	}
	p := &Process{dir: dir, done: make(chan struct{}), news: make(chan struct{}), last: time.Now(), output: s.Output, keep: s.LogLines}
	serial := "stdio"
	if s.Input != nil {
		serial = "mon:stdio"
	}
	args := append(m.Args(), "-serial", serial, "-qmp", "unix:"+p.socket()+",server=on,wait=off")
	p.cmd = exec.CommandContext(ctx, Program, args...)
	p.cmd.Stdout, p.cmd.Stderr = p, s.Errors
	if s.Errors == nil {
		p.cmd.Stderr = os.Stderr
	}
	// QEMU ends with us, whatever ends us. Of the terminal's signals it gets none, or Ctrl-C in gdb would end it; with the terminal as its input
	// it must be where that is read from.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: s.Input == nil}
	if s.Input != nil {
		p.cmd.Stdin = s.Input
	} else if p.input, err = p.cmd.StdinPipe(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("%w; make doctor tells how to install it", err)
	}
	go func() {
		_ = p.cmd.Wait() // its error repeats the status
		close(p.done)
	}()
	return p, nil
}

func (p *Process) socket() string { return filepath.Join(p.dir, "qmp") }

// Write takes what the guest prints; it is not for callers.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.last = time.Now()
	if p.keep {
		p.text.Write(b)
	}
	close(p.news)
	p.news = make(chan struct{})
	p.mu.Unlock()
	if p.output != nil {
		if _, err := p.output.Write(b); err != nil { // nobody reads any more
			_ = p.cmd.Process.Kill()
			return 0, err
		}
	}
	return len(b), nil
}

// Done is closed when QEMU has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// refused is QEMU's exit status when it cannot do what its command line wants.
const refused = 1

// Status is QEMU's exit status, after Done; -1 if a signal ended it.
func (p *Process) Status() int { return p.cmd.ProcessState.ExitCode() }

// Kill ends QEMU if it runs and cleans up.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	_ = os.RemoveAll(p.dir)
}

// Type sends text to the guest.
func (p *Process) Type(text string) error {
	_, err := io.WriteString(p.input, text)
	return err
}

// Text is everything that the guest printed, without carriage returns and escape sequences.
func (p *Process) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Plain(p.text.String())
}

// Quiet is how long the guest has printed nothing.
func (p *Process) Quiet() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.last)
}

// Wait waits until what the guest printed satisfies f. The error says that QEMU ended, or that the guest has printed nothing for the
// given time, and what it said and did last.
func (p *Process) Wait(f func(text string) bool, quiet time.Duration) error {
	ended := false
	for {
		p.mu.Lock()
		news := p.news
		p.mu.Unlock()
		if f(p.Text()) {
			return nil
		}
		if ended {
			return p.ended()
		}
		select {
		case <-news:
		case <-p.done:
			ended = true
		case <-time.After(quiet):
			return fmt.Errorf("%w%s", p.Diagnose(quiet), lastWords(p.Text()))
		}
	}
}

// ended is an error that tells how QEMU has ended, with what the guest printed last.
func (p *Process) ended() error {
	text := p.Text()
	if text == "" && p.Status() == refused {
		return errors.New("QEMU did not start the guest; its own message says why")
	}
	return fmt.Errorf("the guest ended, QEMU's exit status is %d%s", p.Status(), lastWords(text))
}

// Diagnose is an error that tells what a guest that makes no progress does.
func (p *Process) Diagnose(quiet time.Duration) error {
	text := fmt.Sprintf("the guest has printed nothing for %v", quiet)
	for range 2 {
		registers, err := p.Monitor("info registers")
		if err != nil {
			return errors.New(text + "; QEMU does not answer either: " + err.Error())
		}
		for line := range strings.Lines(registers) {
			if strings.HasPrefix(line, "RIP") || strings.HasPrefix(line, "CR2") || strings.Contains(line, "CR3=") || strings.HasPrefix(line, "RSI") {
				text += "\n  " + strings.TrimSpace(line)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New(text + "\n(two samples; go tool addr2line build/defpager.elf finds the function)")
}

// Plain removes what only terminals want: carriage returns and escape sequences.
func Plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r' || c == 0:
		case c == 0x1b && i+1 < len(s) && (s[i+1] == '[' || s[i+1] == ']'):
			for i += 2; i < len(s) && (s[i] < '@' || s[i] > '~'); i++ {
			}
		case c == 0x1b:
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
