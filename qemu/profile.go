package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"defpager/qemu/flame"
)

// Profile counts the instructions that an operation of the guest's bench program executes, by kernel function. QEMU writes down every
// instruction for a moment while the program does the operation for ever; what counts is not time but what was executed. The functions are
// listed on out; in the directory pictures there are then a flame graph, ROW.svg, and the stacks that it shows as text, ROW.folded. The rows of the boot
// are counted from the kernel's first instruction on, with the file for the main job.
func Profile(ctx context.Context, m Machine, programs, file, name, pictures string, out io.Writer) error {
	r, err := findRow(name)
	if err != nil {
		return err
	}
	if r.unit == monitored {
		return fmt.Errorf("ROW=%s: no program does this for ever; type paging measure DISK at the prompt", r.name)
	}
	if err := m.Check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "defpager-profile-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m.Accel, m.Count, m.SMP, m.Log = "tcg", true, "", filepath.Join(dir, "log")
	if r.unit == ticks {
		return profileBoot(ctx, m, programs, file, r, pictures, out)
	}
	if err := record(ctx, m, programs, r); err != nil {
		return err
	}
	image, err := flame.Open(m.Image)
	if err != nil {
		return err
	}
	log, err := os.Open(m.Log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	c, err := count(log, image)
	if err != nil {
		return fmt.Errorf("ROW=%s: %w", r.name, err)
	}
	return report(c, r, c.Stays(), "stays in ring 3", pictures, out)
}

// record writes every instruction to m.Log, for a moment, while the guest's bench program does a row's operation for ever.
func record(ctx context.Context, m Machine, programs string, r row) error {
	flags := "--loop --only=" + r.name
	switch r.name {
	case "page-in-compressed":
		flags, m.Append = "--loop --pressure", "paging=compressed"
	case "object-memory":
		flags = "--loop --only=object-create" // what makes the objects
	}
	return m.withModules(ctx, programs, benchLines(flags), func(p *Process) error {
		if err := p.Wait(benchEnd.MatchString, stuck); err != nil {
			return err
		}
		if text := p.Text(); !strings.Contains(text, "bench: loop") {
			return fmt.Errorf("ROW=%s: %s", r.name, tail(text, 1))
		}
		if _, err := p.Monitor("log exec,nochain"); err != nil {
			return err
		}
		time.Sleep(time.Second)
		_, err := p.Monitor("log none")
		return err
	})
}

// profileBoot counts from the image's first instruction on. There are too many for a file: the log is a pipe.
func profileBoot(ctx context.Context, m Machine, programs, file string, r row, pictures string, out io.Writer) error {
	image, err := flame.Open(m.Image)
	if err != nil {
		return err
	}
	if err := syscall.Mkfifo(m.Log, 0o600); err != nil {
		return err
	}
	m.LogAll = true
	// Open both ways, the pipe waits for nobody and ends only when it is closed.
	log, err := os.OpenFile(m.Log, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	lines, end := JobLines(), "creator: done\n"
	if r.name == "boot-first-line" {
		lines, end = benchLines("--only=none"), "bench: begins at"
	}
	type result struct {
		c   *flame.Counter
		err error
	}
	counted := make(chan result, 1)
	go func() {
		c, err := count(log, image)
		counted <- result{c, err}
	}()
	err = m.withModules(ctx, programs, lines, func(p *Process) error {
		return p.Wait(func(text string) bool { return strings.Contains(text, end) }, stuck)
	}, Module{"file", file})
	_ = log.Close()
	found := <-counted
	if err != nil {
		return err
	}
	if found.err != nil {
		return fmt.Errorf("ROW=%s: %w", r.name, found.err)
	}
	return report(found.c, r, 1, "start", pictures, out)
}

// userStart is where programs live: what executes there is counted as one.
const userStart = 1 << 39

// address takes the address out of a line of QEMU's log of executed blocks, which are single instructions: "Trace 0: HOST [BASE/ADDRESS/FLAGS/...".
func address(line []byte) (uint64, bool) {
	_, rest, _ := bytes.Cut(line, []byte("["))
	_, rest, _ = bytes.Cut(rest, []byte("/"))
	digits, _, ok := bytes.Cut(rest, []byte("/"))
	at, err := strconv.ParseUint(string(digits), 16, 64)
	return at, ok && err == nil
}

// count follows a log. The error says that there is no trap in it, without which nothing was done for a program.
func count(log io.Reader, image *flame.Image) (*flame.Counter, error) {
	c := flame.NewCounter(image, userStart)
	in := bufio.NewScanner(log)
	for in.Scan() {
		if at, ok := address(in.Bytes()); ok && (at >= userStart || image.Holds(at)) {
			c.Step(at)
		}
	}
	if err := in.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
		return nil, err
	}
	if c.Stays() == 0 {
		return nil, fmt.Errorf("no trap among %d instructions", c.Total())
	}
	return c, nil
}

// report prints the functions with the most instructions, for each of so many parts, and writes the stacks as a picture and as text.
func report(c *flame.Counter, r row, parts int, of, dir string, out io.Writer) error {
	each, total := float64(parts), float64(c.Total())
	fmt.Fprintf(out, "%s: %d instructions in %d %s; instructions for each, of the function and with what it calls:\n", r.name, c.Total(), parts, of)
	list := c.Flat()
	for _, l := range list[:min(len(list), 50)] {
		fmt.Fprintf(out, "%8.1f %5.1f %% %9.1f  %s\n", float64(l.Self)/each, 100*float64(l.Self)/total, float64(l.With)/each, l.Name)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	title := "make profile ROW=" + r.name + ": " + r.what
	note := fmt.Sprintf("width: executed instructions, %d in all; tooltips: for each of %d %s, %.0f", c.Total(), parts, of, total/each)
	var picture, text bytes.Buffer
	if err := c.Root().WriteSVG(&picture, title, note, parts); err != nil {
		return err
	}
	if err := c.Root().Folded(&text); err != nil {
		return err
	}
	for _, f := range []struct {
		ending string
		text   []byte
	}{{".svg", picture.Bytes()}, {".folded", text.Bytes()}} {
		if err := os.WriteFile(filepath.Join(dir, r.name+f.ending), f.text, 0o666); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "flame graph: %s\n", filepath.Join(dir, r.name+".svg"))
	return err
}
