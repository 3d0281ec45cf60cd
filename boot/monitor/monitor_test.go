package monitor

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// device is a console for tests: what is typed comes from a pipe, what is printed is collected.
type device struct {
	io.Reader
	mu  sync.Mutex
	out strings.Builder
}

func (d *device) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

func (d *device) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// await waits until the console shows want.
func (d *device) await(t *testing.T, want string) {
	t.Helper()
	for range 2000 {
		if strings.Contains(d.text(), want) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the console never showed %q, but:\n%s", want, d.text())
}

func start(t *testing.T, commands []Command) (*device, *io.PipeWriter) {
	r, w := io.Pipe()
	d := &device{Reader: r}
	m := New(d, commands)
	done := make(chan error)
	go func() { done <- m.Run() }()
	t.Cleanup(func() {
		w.Close()
		if err := <-done; err != io.EOF {
			t.Errorf("Run ended with %v", err)
		}
	})
	return d, w
}

func TestCommandsRunAndFail(t *testing.T) {
	d, keys := start(t, []Command{
		{Name: "echo", Operands: "WORD", Help: "say WORD", Min: 1, Max: 1, Run: func(c *Context) error {
			c.Printf("said %s\n", c.Args[0])
			return nil
		}},
		{Name: "show all words", AliasOf: "echo"},
	})
	io.WriteString(keys, "echo one\r")
	d.await(t, "said one")
	io.WriteString(keys, "show all words two\r")
	d.await(t, "said two")
	io.WriteString(keys, "echo\r")
	d.await(t, "usage: echo WORD")
	io.WriteString(keys, "nonsense\r")
	d.await(t, `unknown command "nonsense"`)
	io.WriteString(keys, "help\r")
	d.await(t, "say WORD")
	io.WriteString(keys, "help echo\r")
	d.await(t, "echo WORD: say WORD")
	io.WriteString(keys, "ec\tthree\r")
	d.await(t, "said three")
}

func TestInterruptStopsACommandOnly(t *testing.T) {
	started := make(chan bool, 1)
	d, keys := start(t, []Command{{Name: "wait", Help: "wait for Ctrl-C", Run: func(c *Context) error {
		started <- true
		<-c.Stop
		if !c.Stopped() {
			t.Error("Stopped is false after Ctrl-C")
		}
		c.Printf("interrupted\n")
		return nil
	}}})
	io.WriteString(keys, "half a line\x03wait\r")
	<-started
	io.WriteString(keys, "\x03")
	d.await(t, "interrupted")
	io.WriteString(keys, "help\r")
	d.await(t, "wait for Ctrl-C")
}

func TestCompletion(t *testing.T) {
	tb := table{{Name: "trace", Complete: []string{"on", "off"}}, {Name: "tasks"}, {Name: "threads"}}
	for _, c := range []struct{ line, want string }{
		{"t", "t"}, {"ta", "tasks "}, {"tr", "trace "}, {"trace o", "trace o"}, {"trace on", "trace on "}, {"x", "x"},
	} {
		if got, _ := tb.complete(c.line); got != c.want {
			t.Errorf("complete(%q) = %q, want %q", c.line, got, c.want)
		}
	}
}
