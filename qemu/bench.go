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

// step is a guest to run.
type step struct {
	what string
	peer bool // a failure leaves figures out, and is no failure of the measurement
	do   func(ctx context.Context) error
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

// plan lists the runs that count instructions. They disturb each other in nothing, so they may run at the same time.
func (b *Bench) plan(r *measured, m Machine, peer *Peer) []step {
	var lock sync.Mutex // of r
	set := func(to *figures, c figures) {
		lock.Lock()
		defer lock.Unlock()
		if *to == nil {
			*to = figures{}
		}
		for name, n := range c {
			(*to)[name] = n
		}
	}
	ours := func(to *figures, m Machine, flags, words string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			text, err := m.ours(ctx, b.Programs, flags, words)
			c := counts(text)
			c["begins"] = begins(text)
			set(to, c)
			return err
		}
	}
	steps := []step{
		{"defpager", false, ours(&r.ours, m, "", "")},
		{"defpager again", false, ours(&r.oursAgain, m, "", "")},
		{"defpager, the main job to the prompt", false, func(ctx context.Context) error {
			text, err := m.boot(ctx, b.Programs, b.File, nil)
			if err == nil {
				r.phases, err = phases(text)
			}
			if err == nil {
				set(&r.ours, figures{"boot-to-prompt": r.phases[len(r.phases)-1].end})
			}
			return err
		}},
		{"defpager, memory of an object", false, func(ctx context.Context) error {
			n, err := m.objectMemory(ctx, b.Programs)
			set(&r.ours, figures{"object-memory": n})
			return err
		}},
		{"defpager, three times the memory", false, func(ctx context.Context) error {
			text, err := m.ours(ctx, b.Programs, "--pressure", "paging=compressed")
			set(&r.ours, counts(text))
			return err
		}},
		{"defpager, page-out to a disk", false, func(ctx context.Context) error {
			c, err := m.pageOut(ctx, b.Programs)
			set(&r.ours, c)
			return err
		}},
	}
	linux := func(to *figures, m Machine, clear bool, args string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			text, err := peer.bench(ctx, m, clear, args)
			if err == nil {
				c := counts(text)
				if args == "" {
					c["begins"] = begins(text)
				}
				set(to, c)
			}
			return err
		}
	}
	if peer != nil {
		steps = append(steps, step{"Linux", true, linux(&r.linux, m, false, "")})
		if !b.Quick && !peer.again { // what was kept agrees with itself
			steps = append(steps, step{"Linux again", true, linux(&r.linuxAgain, m, false, "")})
		}
		if !b.Quick {
			steps = append(steps, step{"Linux clearing twice (init_on_alloc=1)", true, linux(&r.clear, m, true, "")})
		}
		steps = append(steps, step{"Linux, memory of an object", true, linux(&r.linux, m, false, "--objects")})
		if peer.modules != nil {
			steps = append(steps, step{"Linux, three times the memory", true, linux(&r.linux, m, false, "--pressure")})
		}
	}
	if b.Quick {
		return steps
	}
	for _, s := range sweeps() {
		large := m
		large.Memory = s.memory
		steps = append(steps, step{"defpager over " + s.over, false, func(ctx context.Context) error {
			text, err := large.ours(ctx, b.Programs, "--sweep="+s.over, "")
			return r.sweep(&lock, "defpager", r.sweepOurs, s, text, err)
		}})
		if peer != nil {
			steps = append(steps, step{"Linux over " + s.over, true, func(ctx context.Context) error {
				text, err := peer.bench(ctx, large, false, "--sweep="+s.over)
				return r.sweep(&lock, "Linux", r.sweepOf, s, text, err)
			}})
		}
	}
	return steps
}

// sweep notes what a sweep found.
func (r *measured) sweep(lock *sync.Mutex, who string, to map[string]figures, s sweep, text string, err error) error {
	if err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	to[s.over] = counts(text)
	if l := benchLimit.FindStringSubmatch(text); l != nil {
		r.limits = append(r.limits, fmt.Sprintf("%s with %s of memory: %s", who, s.memory, l[1]))
		slices.Sort(r.limits)
	}
	return nil
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
