package qemu

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"defpager/qemu/flame"
)

// Profile counts the instructions that an operation of the guest's bench program executes, by kernel function. QEMU writes down every
// instruction for a moment while the program does the operation for ever; what counts is not time but what was executed. The functions are
// listed on out; in the directory pictures there are then a flame graph, ROW.svg, and the stacks that it shows as text, ROW.folded.
func Profile(ctx context.Context, m Machine, programs, name, pictures string, out io.Writer) error {
	r, err := findRow(name)
	if err != nil {
		return err
	}
	row := r.name
	if err := m.Check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "defpager-profile-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m.Accel, m.Count, m.SMP = "tcg", true, ""
	m.Initrd, m.Log = filepath.Join(dir, "modules"), filepath.Join(dir, "log")
	archive, err := os.Create(m.Initrd)
	if err != nil {
		return err
	}
	modules, err := Programs(programs)
	if err != nil {
		return err
	}
	err = WriteArchive(archive, benchLines("--loop --only="+row), modules)
	if e := archive.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	p, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return err
	}
	defer p.Kill()
	if err := p.Wait(benchEnd.MatchString, 2*time.Minute); err != nil {
		return err
	}
	if text := p.Text(); !strings.Contains(text, "bench: loop") {
		return fmt.Errorf("ROW=%s: %s", row, tail(text, 1))
	}
	if _, err := p.monitor("log exec,nochain"); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if _, err := p.monitor("log none"); err != nil {
		return err
	}
	p.Kill()
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
		return fmt.Errorf("ROW=%s: %w", row, err)
	}
	report(c, row, out)
	return draw(c, r, pictures, out)
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
		if at, ok := address(in.Bytes()); ok {
			c.Step(at)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if c.Stays() == 0 {
		return nil, fmt.Errorf("no trap among %d instructions", c.Total())
	}
	return c, nil
}

// report prints the functions with the most instructions, for each time that ring 3 was left for the kernel.
func report(c *flame.Counter, row string, out io.Writer) {
	stays, total := float64(c.Stays()), float64(c.Total())
	fmt.Fprintf(out, "%s: %d instructions in %d stays in ring 3; instructions per stay, of the function and with what it calls:\n", row, c.Total(), c.Stays())
	list := c.Flat()
	for _, l := range list[:min(len(list), 50)] {
		fmt.Fprintf(out, "%8.1f %5.1f %% %9.1f  %s\n", float64(l.Self)/stays, 100*float64(l.Self)/total, float64(l.With)/stays, l.Name)
	}
}

// draw writes the stacks, as a picture and as text.
func draw(c *flame.Counter, r row, dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	title := "make profile ROW=" + r.name + ": " + r.what
	note := fmt.Sprintf("width: executed instructions, %d in all; for each of %d stays in ring 3, which tooltips refer to, %.0f", c.Total(), c.Stays(),
		float64(c.Total())/float64(c.Stays()))
	var picture, text bytes.Buffer
	if err := c.Root().WriteSVG(&picture, title, note, c.Stays()); err != nil {
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
