package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
)

// guarded are the rows whose cost may not grow unseen: what each operation of the system is made of.
func guarded() []string {
	return []string{
		"null-trap", "kernel-rpc", "object-create", "first-touch-clustered", "task-rpc", "zero-fill-one-by-one",
		"second-mapping", "copy-on-write", "object-cycle", "task-create-terminate", guardedMonitored,
	}
}

// guardedMonitored is the one that no program measures.
const guardedMonitored = "page-out"

// tolerance is by how many percent a row may cost more than its baseline.
const tolerance = 3

// CheckBaseline measures the guarded rows of our own kernel and compares them with those in a file of lines "row<TAB>instructions". It fails if
// one costs more than the baseline and the tolerance, and says which. With renew it writes the file instead.
func (b *Bench) CheckBaseline(ctx context.Context, file string, renew bool, out io.Writer) error {
	m, err := b.machine()
	if err != nil {
		return err
	}
	text, err := m.ours(ctx, b.Programs, "--only="+strings.Join(guarded(), ","), "")
	if err != nil {
		return err
	}
	now := counts(text)
	paged, err := m.pageOut(ctx, b.Programs)
	if err != nil {
		return err
	}
	now[guardedMonitored] = paged[guardedMonitored]
	if renew {
		return writeBaseline(file, now)
	}
	before, err := readBaseline(file)
	if err != nil {
		return err
	}
	return compareBaseline(before, now, out)
}

// compareBaseline prints the guarded rows with their baselines.
func compareBaseline(before, now map[string]int, out io.Writer) error {
	var failed []error
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "baseline\tnow\tchange\t  row")
	for _, row := range guarded() {
		was, is := before[row], now[row]
		if was == 0 || is == 0 {
			failed = append(failed, fmt.Errorf("%s: %d instructions, and %d in the baseline: it was not measured", row, is, was))
			continue
		}
		fmt.Fprintf(w, "%d\t%d\t%+.1f %%\t  %s\n", was, is, 100*float64(is-was)/float64(was), row)
		if is*100 > was*(100+tolerance) {
			failed = append(failed, fmt.Errorf("%s: %d instructions, more than %d %% above the baseline of %d", row, is, tolerance, was))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("%w\nIf that is what the change is worth: make bench-baseline", err)
	}
	return nil
}

func readBaseline(file string) (map[string]int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]int)
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		name, figure, _ := strings.Cut(line, "\t")
		n, err := strconv.Atoi(figure)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("%s:%d: %q is no row and count", file, i+1, line)
		}
		rows[name] = n
	}
	return rows, nil
}

func writeBaseline(file string, now map[string]int) error {
	var b strings.Builder
	for _, row := range guarded() {
		if now[row] == 0 {
			return fmt.Errorf("%s was not measured", row)
		}
		fmt.Fprintf(&b, "%s\t%d\n", row, now[row])
	}
	return os.WriteFile(file, []byte(b.String()), 0o666)
}
