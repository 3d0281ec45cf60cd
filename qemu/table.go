package qemu

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// figure prints a count, with commas; 0 is one that there is not.
func figure(n int) string {
	s := strconv.Itoa(n)
	if n == 0 {
		return "-"
	}
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// figure prints one of the row's.
func (t row) figure(n int) string {
	if t.unit == ticks && n != 0 {
		return fmt.Sprintf("%.1f", float64(n)/1e6)
	}
	return figure(n)
}

// ratio is how many times less than the peer ours takes.
func ratio(peer, ours int) string {
	if peer == 0 || ours == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(peer)/float64(ours))
}

// percent is how much of the goal a count is.
func percent(n, goal int) string {
	if n == 0 || goal == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", (100*n+goal/2)/goal)
}

// best is the count of the row name; without one, the least of those of its ways, "name:way". 0: there is none. A name may end in "/cold".
func best(counts figures, name string) int {
	if n, ok := counts[name]; ok {
		return n
	}
	name, cold := strings.CutSuffix(name, "/cold")
	least := 0
	for key, n := range counts {
		key, isCold := strings.CutSuffix(key, "/cold")
		if strings.HasPrefix(key, name+":") && isCold == cold && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// grid is a table: the first column is text, the others are figures.
type grid [][]string

// text writes it for a terminal.
func (g grid) text(out io.Writer) {
	widths := make([]int, len(g[0]))
	for _, line := range g {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range g {
		var b strings.Builder
		for i, cell := range line {
			room := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + room)
			} else {
				b.WriteString("  " + room + cell)
			}
		}
		fmt.Fprintln(out, b.String())
	}
}

// markdown writes it for a page.
func (g grid) markdown(out io.Writer) {
	for n, line := range g {
		fmt.Fprintf(out, "| %s |\n", strings.Join(line, " | "))
		if n == 0 {
			fmt.Fprintf(out, "|---%s|\n", strings.Repeat("|--:", len(line)-1))
		}
	}
}

// table is all rows with their figures. Names of the rows stand before what they are, if named.
func (r *measured) table(named bool) grid {
	head := []string{"operation", "Linux", "ours", "Linux / ours", "target", "ours / target"}
	for _, w := range r.walls {
		head = append(head, "wall time, "+w.accel)
	}
	g := grid{append(head, "GNU Mach, elsewhere")}
	for _, t := range rows() {
		n, peer := r.ours[t.name], best(r.linux, t.name)
		linux := t.figure(peer)
		if r.linux == nil {
			linux = "not measured"
		}
		what := t.what
		if named {
			what = "`" + t.name + "`: " + what
		}
		line := []string{what, linux, t.figure(n), ratio(peer, n), t.figure(t.goal), percent(n, t.goal)}
		for _, w := range r.walls {
			line = append(line, w.ratio(t.name))
		}
		g = append(g, append(line, figure(t.gnuMach)))
	}
	return g
}

// firsts are the rows that have a figure for the first time, and Linux's where it clears twice.
func (r *measured) firsts() grid {
	g := grid{{"operation", "Linux cold", "ours cold", "Linux / ours", "ours warm", "Linux clearing twice"}}
	for _, t := range rows() {
		if n := r.ours[t.name+"/cold"]; n != 0 {
			peer := best(r.linux, t.name+"/cold")
			g = append(g, []string{t.what, t.figure(peer), t.figure(n), ratio(peer, n), t.figure(r.ours[t.name]), t.figure(best(r.clear, t.name))})
		}
	}
	return g
}

// print writes the tables, and what was done for them to be fair.
func (r *measured) print(out io.Writer) {
	m := r.machine
	fmt.Fprintf(out, "Guest instructions on %s, %s, %s of memory (QEMU %s)\n\n", m.Type, m.CPU, m.Memory, "-accel tcg -icount shift=0,sleep=off")
	r.table(false).text(out)
	fmt.Fprintf(out, "\n%s", r.findings())
	fmt.Fprintf(out, "\nDone for the first time, by one page where pages are counted:\n\n")
	r.firsts().text(out)
	if ways := r.ways(); ways != "" {
		fmt.Fprintf(out, "\nLinux does the same in other ways:\n%s", ways)
	}
	fmt.Fprintf(out, "\n%s", r.fairness())
}

// markdown is the page with the tables.
func (r *measured) markdown() string {
	m := r.machine
	var b strings.Builder
	fmt.Fprintf(&b, "# What operations cost\n\n`make bench` wrote this. Guest instructions on %s, %s, %s of memory, under `-icount shift=0,sleep=off`; wall time as the ratio Linux / ours.\n"+
		"[The other page](README.md) tells what each row measures.\n\n", m.Type, m.CPU, m.Memory)
	r.table(true).markdown(&b)
	fmt.Fprintf(&b, "\n%s", listed(r.findings()))
	fmt.Fprintf(&b, "\n## The first time\n\nBy one page where pages are counted.\n\n")
	r.firsts().markdown(&b)
	if ways := r.ways(); ways != "" {
		fmt.Fprintf(&b, "\n## Linux in other ways\n\n```\n%s```\n", ways)
	}
	for _, s := range sweeps() {
		fmt.Fprintf(&b, "\n## %s\n\n![%s](%s.svg)\n", s.title, s.title, s.over)
	}
	fmt.Fprintf(&b, "\n## Fairness\n\n%s", r.fairness())
	return b.String()
}

// listed makes a list of lines.
func listed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("- " + line)
	}
	return b.String()
}

// findings are lines about the figures: whether they repeat, what is missing, where the time of the boot goes.
func (r *measured) findings() string {
	var b strings.Builder
	if d := differences(r.ours, r.oursAgain); len(d) == 0 {
		fmt.Fprintf(&b, "Two runs of ours agree to the instruction in all %d figures that both have.\n", common(r.ours, r.oursAgain))
	} else {
		fmt.Fprintf(&b, "TWO RUNS OF OURS DIFFER: %s\n", strings.Join(d, ", "))
	}
	if r.linux == nil {
		fmt.Fprintf(&b, "Linux was not measured: %v\n", r.why)
	} else if r.linuxAgain != nil {
		all := common(r.linux, r.linuxAgain)
		fmt.Fprintf(&b, "Two runs of Linux agree to the instruction in %d of %d figures; the others differ by %.1f %% at most.\n",
			all-len(differences(r.linux, r.linuxAgain)), all, 100*spread(r.linux, r.linuxAgain))
	}
	for _, n := range r.notes {
		fmt.Fprintf(&b, "Not measured: %s\n", strings.ReplaceAll(n, "\n", " "))
	}
	for _, s := range sweeps() {
		b.WriteString(r.flatness(s))
	}
	for _, l := range r.limits {
		fmt.Fprintf(&b, "A sweep ended early: %s\n", l)
	}
	b.WriteString(r.pageOutShare())
	if len(r.phases) != 0 {
		b.WriteString("The boot by phases, ms at one instruction a nanosecond:")
		last := 0
		for _, p := range r.phases {
			fmt.Fprintf(&b, " %s %.1f,", p.name, float64(p.end-last)/1e6)
			last = p.end
		}
		fmt.Fprintf(&b, " in all %.1f.\n", float64(last)/1e6)
	}
	if len(r.clock) != 0 {
		b.WriteString("The boot by the clock, ms since QEMU was started, median of " + strconv.Itoa(r.pairs) + ":")
		for i, l := range r.clock {
			end := ","
			if i == len(r.clock)-1 {
				end = ".\n"
			}
			fmt.Fprintf(&b, " %s %d%s", l.what, l.millis, end)
		}
	}
	return b.String()
}

// common is how many figures two runs have both.
func common(a, b figures) int {
	n := 0
	for name := range a {
		if _, ok := b[name]; ok {
			n++
		}
	}
	return n
}

// spread is the largest difference between two runs' figures, as a part of the smaller.
func spread(a, b figures) float64 {
	most := 0.0
	for name, n := range a {
		if m, ok := b[name]; ok && min(n, m) > 0 {
			most = max(most, float64(max(n, m)-min(n, m))/float64(min(n, m)))
		}
	}
	return most
}

// ways lists the figures of the peer's ways to do a row.
func (r *measured) ways() string {
	var keys []string
	for key := range r.linux {
		if strings.Contains(key, ":") && !strings.HasSuffix(key, "/cold") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		name, way, _ := strings.Cut(key, ":")
		fmt.Fprintf(&b, "%10s  %s by %s\n", figure(r.linux[key]), name, way)
	}
	return b.String()
}

// tsv is one line a row: id, ours, linux, target, in instructions (bytes for memory), with nothing where nothing was measured.
func (r *measured) tsv() string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, t := range rows() {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", t.name, number(r.ours[t.name]), number(best(r.linux, t.name)), number(t.goal))
	}
	return b.String()
}
