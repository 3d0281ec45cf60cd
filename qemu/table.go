package qemu

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
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

// ratio is how many times less than the peer ours takes.
func ratio(peer, ours int) string {
	if peer == 0 || ours == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(peer)/float64(ours))
}

// best is the count of the row name; without one, the least of those of its ways, "name:way". 0: there is none.
func best(counts map[string]int, name string) int {
	if n, ok := counts[name]; ok {
		return n
	}
	least := 0
	for key, n := range counts {
		if strings.HasPrefix(key, name+":") && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// print writes the table, and what was done for it to be fair.
func (r *measured) print(out io.Writer, m Machine) {
	fmt.Fprintf(out, "Guest instructions on %s, %s, %s of memory (QEMU %s)\n\n", m.Type, m.CPU, m.Memory, "-accel tcg -icount shift=0,sleep=off")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "Linux\tcleared twice\tours\tLinux / ours\ttarget\tours / target\tGNU Mach\t  operation")
	for _, t := range rows() {
		linux, twice, n := figure(best(r.peer, t.name)), figure(best(r.clear, t.name)), r.ours[t.name]
		if r.peer == nil {
			linux, twice = "not measured", "not measured"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d %%\t%s\t  %s\n", linux, twice, figure(n), ratio(best(r.peer, t.name), n), figure(t.goal), 100*n/t.goal, figure(t.gnuMach), t.what)
	}
	_ = w.Flush()
	if r.peer == nil {
		fmt.Fprintf(out, "\nLinux was not measured: %v\n", r.why)
	} else if ways := r.ways(); ways != "" {
		fmt.Fprintf(out, "\nLinux does the same in other ways:\n%s", ways)
	}
	fmt.Fprintf(out, "\n%s", r.fairness())
}

// ways lists the figures of the peer's ways to do a row.
func (r *measured) ways() string {
	var keys []string
	for key := range r.peer {
		if strings.Contains(key, ":") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		name, way, _ := strings.Cut(key, ":")
		fmt.Fprintf(&b, "%10s  %s by %s\n", figure(r.peer[key]), name, way)
	}
	return b.String()
}

// fairness says which traps of the comparison were avoided, and how.
func (r *measured) fairness() string {
	text := `How to read this:
- An instruction that repeats counts once per iteration, so copying a page is 512 of each figure that includes it. Clearing a page is 512 in Linux, which repeats
  a store of 8 bytes, and 265 here, with stores of 16 bytes.
- A figure is the median of seven runs after one to warm up. A run of QEMU repeats another to the instruction: fixed seed, fixed clock.
- GNU Mach's column was measured elsewhere, in the same QEMU: 2026, x86_64, assertions on; it clears and copies pages by bytes (4,096 of each figure).
`
	if r.peer == nil {
		return text
	}
	return text + `- Linux is ` + r.name + `: its uncompressed vmlinux, booted through PVH as ours is, on the same machine with the same flags.
- The processor has no fast string stores, with which Linux clears a page by bytes: 4,096 counted instructions and not 512. It has RDRAND.
- Debian clears shared pages twice (init_on_alloc=1): the column to compare with is without that, the next one with it.
- Linux runs without mitigations and with a fixed layout (` + peerWords + `): ours has neither.
- Linux turns transparent huge pages off where memory is small; here they are on, for private memory, as on larger machines. Where a row is done one page after
  the other it is done on less than 2 MiB.
- Linux's program is static C without a library, one thread in each process; ours is Go. Both read the time-stamp counter around a batch.
- Both ends of a 4 KiB message copy it, through shared memory too.
`
}

// tsv is one line a row: id, ours, linux, target, with nothing where nothing was measured.
func (r *measured) tsv() string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, t := range rows() {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", t.name, number(r.ours[t.name]), number(best(r.peer, t.name)), number(t.goal))
	}
	return b.String()
}
