package qemu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// benchCPU is the processor that all figures are for. QEMU's "max" has fast string stores, with which Linux clears a page by bytes, 4,096
// counted instructions instead of 512; plain qemu64 has no RDRAND, without which Linux waits for randomness.
const benchCPU = "qemu64,+rdrand"

// Bench measures the guest's operations and the peer's.
type Bench struct {
	Machine  Machine
	Programs string    // directory of the ring-3 programs
	Cache    string    // directory for the peer's kernel; its program is there
	TSV      string    // file that gets one line a row; empty: none
	Notes    io.Writer // gets what is being done
}

// measured is what a run of Bench found: counts of guest instructions by the name of the row.
type measured struct {
	ours  map[string]int
	peer  map[string]int // without clearing on allocation; nil: not measured
	clear map[string]int // with it
	name  string         // of the peer
	why   error          // the peer was not measured
}

// Run measures, and prints the table to out.
func (b *Bench) Run(ctx context.Context, out io.Writer) error {
	m, err := b.machine()
	if err != nil {
		return err
	}
	fmt.Fprintln(b.Notes, "booting defpager")
	text, err := m.ours(ctx, b.Programs, "")
	if err != nil {
		return err
	}
	r := &measured{ours: counts(text)}
	for _, t := range rows() {
		if _, ok := r.ours[t.name]; !ok {
			return fmt.Errorf("the guest did not measure %s", t.name)
		}
	}
	if err := b.peer(ctx, m, r); err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.peer, r.clear, r.why = nil, nil, err
	}
	r.print(out, m)
	if b.TSV == "" {
		return nil
	}
	return os.WriteFile(b.TSV, []byte(r.tsv()), 0o666)
}

// machine is the machine that figures are for.
func (b *Bench) machine() (Machine, error) {
	m := b.Machine
	m.Accel, m.Count, m.SMP, m.CPU = "tcg", true, "", cmp.Or(m.CPU, benchCPU)
	return m, m.Check()
}

// peer measures the peer, twice.
func (b *Bench) peer(ctx context.Context, m Machine, r *measured) error {
	p, err := FindPeer(ctx, b.Cache)
	if err != nil {
		return err
	}
	r.name = p.Name
	for _, c := range []struct {
		clear  bool
		counts *map[string]int
	}{{false, &r.peer}, {true, &r.clear}} {
		fmt.Fprintf(b.Notes, "booting %s, init_on_alloc=%t\n", p.Name, c.clear)
		text, err := p.bench(ctx, m, c.clear, "")
		if err != nil {
			return err
		}
		*c.counts = counts(text)
	}
	return nil
}

// ours boots the image with the bench program and returns what the guest printed. The machine's command line is the caller's, but for
// the word that ends the guest with its programs.
func (m Machine) ours(ctx context.Context, programs, flags string) (string, error) {
	archive, err := os.CreateTemp("", "defpager-*.cpio")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(archive.Name()) }()
	modules, err := Programs(programs)
	if err == nil {
		err = WriteArchive(archive, benchLines(flags), modules)
	}
	if err := errors.Join(err, archive.Close()); err != nil {
		return "", err
	}
	m.Initrd, m.Append = archive.Name(), "demo"
	return m.untilBenchEnds(ctx)
}

// benchLines are the command lines of the bench program and of those that it works with.
func benchLines(flags string) []string {
	return []string{
		"bench --pager=${default-pager-port} --echo=${port:echo} --supplier=${port:supplier} " + flags + " $(task-create) $(task-resume)",
		"echo --receive=${receive:echo} $(task-create) $(task-resume)",
		"supplier --receive=${receive:supplier} $(task-create) $(task-resume)",
	}
}

var (
	benchLine = regexp.MustCompile(`(?m)^bench ([\w:-]+) (\d+)$`)
	benchEnd  = regexp.MustCompile(`(?m)^bench: (done|FAILED.*|loop)\n`)
)

// untilBenchEnds runs the machine until a bench program says that it ends, and returns all that was printed.
func (m Machine) untilBenchEnds(ctx context.Context) (string, error) {
	p, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return "", err
	}
	defer p.Kill()
	err = p.Wait(benchEnd.MatchString, 2*time.Minute)
	text := p.Text()
	if err == nil && !strings.Contains(text, "bench: done") {
		err = errors.New("the guest did not finish")
	}
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, tail(text, 10))
	}
	return text, nil
}

// counts are the figures that a bench program printed.
func counts(text string) map[string]int {
	c := map[string]int{}
	for _, l := range benchLine.FindAllStringSubmatch(text, -1) {
		c[l[1]], _ = strconv.Atoi(l[2])
	}
	return c
}
