package main

import (
	"fmt"
	"strings"

	"defpager/boot/setup"
)

// phases are the parts of the start and when each was over, by the time-stamp counter, which begins with the machine. The word "phases" on the
// kernel's command line prints them before the prompt: make bench reads that.
type phases struct {
	m    *setup.Machine
	text strings.Builder
}

func newPhases(m *setup.Machine) *phases {
	p := &phases{m: m}
	entry, begun := m.Moments()
	p.add("firmware", entry)
	p.add("runtime", begun)
	p.done("memory")
	return p
}

func (p *phases) done(name string) { p.add(name, p.m.Counter()) }

func (p *phases) add(name string, at uint64) { fmt.Fprintf(&p.text, " %s %d", name, at) }
