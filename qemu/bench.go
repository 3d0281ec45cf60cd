package qemu

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
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
	File     string    // of the main job
	TSV      string    // file that gets one line a row; empty: none
	Dir      string    // directory that gets all figures, tables and plots; empty: none
	Quick    bool      // leave out wall time and the sweeps
	Pairs    int       // how many times each system is booted for wall time, one after the other; 0: that is left out
	Notes    io.Writer // gets what is being done
}

// measured is what a run of Bench found.
type measured struct {
	machine            Machine
	ours, oursAgain    figures // of two runs
	linux, linuxAgain  figures // without clearing on allocation; nil: not measured
	clear              figures // with it
	phases             []phase
	sweepOurs, sweepOf map[string]figures // by what is swept over; ours and Linux's
	limits             []string           // where a sweep ended early
	pairs              int                // of boots for wall time
	walls              []*wall
	clock              []lap
	outWall            outTimes // page-out to a throttled disk, by the clock on the wall
	name               string   // of the peer
	why                error    // the peer was not measured
	notes              []string // about figures that are missing
}

// Run measures, prints the table to out, and writes the files. The error says that our own figures could not be had, or that two runs of ours differ.
func (b *Bench) Run(ctx context.Context, out io.Writer) error {
	m, err := b.machine()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(b.TSV)); err != nil {
		return fmt.Errorf("TSV=%s: %w", b.TSV, reason(err)) // said before minutes are spent
	}
	r := &measured{machine: m, pairs: b.Pairs, sweepOurs: map[string]figures{}, sweepOf: map[string]figures{}}
	peer, err := FindPeer(ctx, b.Cache)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.why = err
	} else {
		r.name = peer.Name
	}
	if err := b.perform(ctx, r, b.plan(r, m, peer)); err != nil {
		return err
	}
	for _, t := range rows() {
		if _, ok := r.ours[t.name]; !ok {
			return fmt.Errorf("the guest did not measure %s", t.name)
		}
	}
	if r.linux == nil && r.why == nil {
		r.why = fmt.Errorf("%v", r.notes)
	}
	if !b.Quick && b.Pairs > 0 {
		if err := b.wallTime(ctx, r, peer); err != nil {
			return err
		}
	}
	r.print(out)
	if b.TSV != "" {
		if err := os.WriteFile(b.TSV, []byte(r.tsv()), 0o666); err != nil {
			return err
		}
	}
	if b.Dir != "" && !b.Quick {
		if err := r.publish(b.Dir); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nFigures, tables and plots are in %s.\n", b.Dir)
	}
	if d := differences(r.ours, r.oursAgain); len(d) != 0 {
		return fmt.Errorf("two runs of ours differ, which counts of instructions must not: %v", d)
	}
	return nil
}

// machine is the machine that figures are for.
func (b *Bench) machine() (Machine, error) {
	m := b.Machine
	m.Accel, m.Count, m.SMP, m.CPU = "tcg", true, "", cmp.Or(m.CPU, benchCPU)
	return m, m.Check()
}

// perform takes the steps, as many at a time as there are processors. The first failure that is not the peer's ends it.
func (b *Bench) perform(ctx context.Context, r *measured, steps []step) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		lock sync.Mutex
		done int
		wait sync.WaitGroup
	)
	next := make(chan step)
	for range min(runtime.NumCPU(), len(steps)) {
		wait.Go(func() {
			for s := range next {
				start := time.Now()
				err := s.do(ctx)
				lock.Lock()
				done++
				switch {
				case ctx.Err() != nil:
				case err != nil && s.peer:
					r.notes = append(r.notes, fmt.Sprintf("%s: %v", s.what, err))
					fmt.Fprintf(b.Notes, "[%2d/%d] %s: not measured\n", done, len(steps), s.what)
				case err != nil:
					cancel(fmt.Errorf("%s: %w", s.what, err))
				default:
					fmt.Fprintf(b.Notes, "[%2d/%d] %s: %.0f s\n", done, len(steps), s.what, time.Since(start).Seconds())
				}
				lock.Unlock()
			}
		})
	}
	for _, s := range steps {
		next <- s
	}
	close(next)
	wait.Wait()
	r.derive()
	return context.Cause(ctx)
}

// derive computes the rows that are made of several figures.
func (r *measured) derive() {
	if r.ours == nil || len(r.phases) == 0 {
		return
	}
	entry := r.phases[0].end // the same firmware hands over to both kernels
	r.ours["boot-first-line"] = r.ours["begins"] - entry
	if n := r.linux["begins"]; n != 0 {
		r.linux["boot-first-line"] = n - entry
		r.linux["boot-to-prompt"] = n
	}
}

// differences lists the figures that two runs have both, and not the same.
func differences(a, b figures) []string {
	var list []string
	for name, n := range a {
		if m, ok := b[name]; ok && m != n {
			list = append(list, fmt.Sprintf("%s %d and %d", name, n, m))
		}
	}
	slices.Sort(list)
	return list
}
