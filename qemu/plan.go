package qemu

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// step is a guest to run.
type step struct {
	what string
	peer bool // a failure leaves figures out, and is no failure of the measurement
	do   func(ctx context.Context) error
}

// plan lists the runs that count instructions. They disturb each other in nothing, so they may run at the same time.
func (b *Bench) plan(r *measured, m Machine, peer *Peer) []step {
	p := &planner{Bench: b, r: r, m: m, peer: peer}
	steps := append(p.ours(), p.linux()...)
	if !b.Quick {
		steps = append(steps, p.sweeps()...)
	}
	return steps
}

// planner makes the steps of a plan, which note in r what they find.
type planner struct {
	*Bench
	r    *measured
	m    Machine
	peer *Peer      // nil: there is none
	lock sync.Mutex // of r, while steps run
}

// note adds figures to some of r's.
func (p *planner) note(to *figures, found figures) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if *to == nil {
		*to = figures{}
	}
	maps.Copy(*to, found)
}

// ours are the steps that measure defpager.
func (p *planner) ours() []step {
	r, m, programs := p.r, p.m, p.Programs
	all := func(to *figures) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			text, err := m.ours(ctx, programs, "", "")
			found := counts(text)
			found["begins"] = begins(text)
			p.note(to, found)
			return err
		}
	}
	return []step{
		{"defpager", false, all(&r.ours)},
		{"defpager again", false, all(&r.oursAgain)},
		{"defpager, the main job to the prompt", false, func(ctx context.Context) error {
			text, err := m.boot(ctx, programs, p.File, nil)
			if err == nil {
				r.phases, err = phases(text)
			}
			if err == nil {
				p.note(&r.ours, figures{"boot-to-prompt": r.phases[len(r.phases)-1].end})
			}
			return err
		}},
		{"defpager, memory of an object", false, func(ctx context.Context) error {
			n, err := m.objectMemory(ctx, programs)
			p.note(&r.ours, figures{"object-memory": n})
			return err
		}},
		{"defpager, three times the memory", false, func(ctx context.Context) error {
			text, err := m.ours(ctx, programs, "--pressure", "paging=compressed")
			p.note(&r.ours, counts(text))
			return err
		}},
		{"defpager, page-out to a disk", false, func(ctx context.Context) error {
			found, err := m.pageOut(ctx, programs)
			p.note(&r.ours, found)
			return err
		}},
	}
}

// linux are the steps that measure the peer.
func (p *planner) linux() (steps []step) {
	if p.peer == nil {
		return nil
	}
	add := func(what string, to *figures, clear bool, args string) {
		steps = append(steps, step{what, true, func(ctx context.Context) error {
			text, err := p.peer.bench(ctx, p.m, clear, args)
			if err != nil {
				return err
			}
			found := counts(text)
			if args == "" {
				found["begins"] = begins(text)
			}
			p.note(to, found)
			return nil
		}})
	}
	add("Linux", &p.r.linux, false, "")
	if !p.Quick && !p.peer.again { // what was kept agrees with itself
		add("Linux again", &p.r.linuxAgain, false, "")
	}
	if !p.Quick {
		add("Linux clearing twice (init_on_alloc=1)", &p.r.clear, true, "")
	}
	add("Linux, memory of an object", &p.r.linux, false, "--objects")
	if p.peer.modules != nil {
		add("Linux, three times the memory", &p.r.linux, false, "--pressure")
	}
	return steps
}

// sweeps are the steps that measure both over a range of sizes.
func (p *planner) sweeps() (steps []step) {
	for _, s := range sweeps() {
		large := p.m
		large.Memory = s.memory
		steps = append(steps, step{"defpager over " + s.over, false, func(ctx context.Context) error {
			text, err := large.ours(ctx, p.Programs, "--sweep="+s.over, "")
			return p.sweep("defpager", p.r.sweepOurs, s, text, err)
		}})
		if p.peer != nil {
			steps = append(steps, step{"Linux over " + s.over, true, func(ctx context.Context) error {
				text, err := p.peer.bench(ctx, large, false, "--sweep="+s.over)
				return p.sweep("Linux", p.r.sweepOf, s, text, err)
			}})
		}
	}
	return steps
}

// sweep notes what a sweep found.
func (p *planner) sweep(who string, to map[string]figures, s sweep, text string, err error) error {
	if err != nil {
		return err
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	to[s.over] = counts(text)
	if l := benchLimit.FindStringSubmatch(text); l != nil {
		p.r.limits = append(p.r.limits, fmt.Sprintf("%s with %s of memory: %s", who, s.memory, l[1]))
		slices.Sort(p.r.limits)
	}
	return nil
}
