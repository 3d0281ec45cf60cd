package qemu

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// wall is what operations took by the clock, in ticks of the host's time-stamp counter, which both guests read.
type wall struct {
	accel       string
	ours, linux []figures // one for each run; they alternated
}

// median of a figure over runs; 0: none has it.
func median(runs []figures, name string) int {
	var list []int
	for _, f := range runs {
		if n, ok := f[name]; ok {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// medians are those of all figures.
func medians(runs []figures) figures {
	m := figures{}
	for _, f := range runs {
		for name := range f {
			m[name] = median(runs, name)
		}
	}
	return m
}

// ratio is how many times as long the peer takes as ours, by the medians of the runs.
func (w *wall) ratio(name string) string {
	return ratio(best(medians(w.linux), name), best(medians(w.ours), name))
}

// wallTime measures by the clock, under plain TCG and, where the image boots with it, under KVM; and boots ours to the prompt. Nothing else runs meanwhile, and the
// guest's memory is there before it starts.
func (b *Bench) wallTime(ctx context.Context, r *measured, peer *Peer) error {
	m := r.machine
	m.Count, m.Prealloc = false, true
	if err := b.laps(ctx, r, m); err != nil {
		return err
	}
	fmt.Fprintf(b.Notes, "wall time of page-out to a virtio disk of %d MB/s\n", pageOutWallRate)
	var err error
	if r.outWall, err = m.pageOutWall(ctx, b.Programs); err != nil {
		return err
	}
	if peer == nil {
		return nil
	}
	accels := []string{"tcg"}
	probe := m
	probe.Accel = "auto"
	if _, err := probe.Choose(ctx); err == nil && probe.Accel == "kvm" {
		accels = append(accels, "kvm")
	}
	for _, accel := range accels {
		m.Accel = accel
		w := &wall{accel: accel}
		for i := range b.Pairs {
			fmt.Fprintf(b.Notes, "wall time under %s, pair %d of %d\n", accel, i+1, b.Pairs)
			text, err := m.ours(ctx, b.Programs, "", "")
			if err != nil {
				return err
			}
			w.ours = append(w.ours, counts(text))
			if text, err = peer.bench(ctx, m, false, ""); err != nil {
				if ctx.Err() != nil {
					return err
				}
				r.notes = append(r.notes, fmt.Sprintf("wall time under %s: %v", accel, err))
				return nil
			}
			w.linux = append(w.linux, counts(text))
		}
		r.walls = append(r.walls, w)
	}
	return nil
}

// rawWall is all figures of all runs: accelerator, system, name, and the runs' ticks.
func (r *measured) rawWall() string {
	var lines []string
	for _, w := range r.walls {
		for _, s := range []struct {
			name string
			runs []figures
		}{{"defpager", w.ours}, {"linux", w.linux}} {
			for name := range medians(s.runs) {
				line := fmt.Sprintf("%s\t%s\t%s", w.accel, s.name, name)
				for _, f := range s.runs {
					line += fmt.Sprintf("\t%d", f[name])
				}
				lines = append(lines, line+"\n")
			}
		}
	}
	slices.Sort(lines)
	return "accelerator\tsystem\tfigure\tticks of each run\n" + strings.Join(lines, "")
}

// lap is what part of the start was over when the host saw a line, in milliseconds since QEMU was started: the median of some boots.
type lap struct {
	what   string
	sign   string
	millis int
}

// laps measures the boot by the clock.
func (b *Bench) laps(ctx context.Context, r *measured, m Machine) error {
	list := []lap{
		{what: "kernel's first line", sign: "defpager on "},
		{what: "programs loaded", sign: "programs loaded"},
		{what: "main job's first line", sign: "creator: "},
		{what: "main job done", sign: "creator: done"},
		{what: "prompt", sign: Prompt},
	}
	runs := make([][]int, len(list))
	for i := range b.Pairs {
		fmt.Fprintf(b.Notes, "boot to the prompt, %d of %d\n", i+1, b.Pairs)
		start := time.Now()
		seen := make([]bool, len(list))
		_, err := m.boot(ctx, b.Programs, b.File, func(text string) {
			for n := range list {
				if !seen[n] && strings.Contains(text, list[n].sign) {
					seen[n] = true
					runs[n] = append(runs[n], int(time.Since(start).Milliseconds()))
				}
			}
		})
		if err != nil {
			return err
		}
	}
	for n := range list {
		slices.Sort(runs[n])
		if len(runs[n]) != 0 {
			list[n].millis = runs[n][len(runs[n])/2]
		}
	}
	r.clock = list
	return nil
}
