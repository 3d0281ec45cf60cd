package qemu

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

const (
	// aesCPU adds to a processor what AES-GCM needs: page-out encrypts with whatever is quickest, and all processors of today have it.
	aesCPU = ",+aes,+pclmulqdq,+ssse3,+sse4.1"
	// pageOutRate is how fast the disk is to which page-out is compared with plain writes, in million bytes a second.
	pageOutRate = 300
	// pageOutGoal is what 90 % of that leaves for a page, in nanoseconds, of which the simulated processor does an instruction in each.
	pageOutGoal = pageSize * 1000 * 100 / (pageOutRate * 90)
)

var measureLine = regexp.MustCompile(`(?m)^\S+ \S+ in large writes: .* a page takes (\d+) ns and (\d+) ns, (.*)$`)

// pageOut measures page-out beside plain large writes by the monitor's command: to a disk in memory, and to the same when it is as slow as pageOutRate.
func (m Machine) pageOut(ctx context.Context, programs string) (figures, error) {
	m.CPU += aesCPU
	m.Append = "paging=ram:32M"
	var found figures
	err := m.withModules(ctx, programs, nil, func(p *Process) error {
		for n, command := range []string{"paging remove ram0", "paging measure ram0", fmt.Sprintf("paging measure ram0 %d", pageOutRate), ""} {
			if err := p.WaitPrompt(n+1, time.Minute); err != nil {
				return err
			}
			if err := p.Type(command + "\r"); err != nil {
				return err
			}
		}
		var err error
		found, err = readPageOut(p.Text())
		return err
	})
	return found, err
}

// readPageOut takes the figures out of what the monitor printed.
func readPageOut(text string) (figures, error) {
	lines := measureLine.FindAllStringSubmatch(text, -1)
	if len(lines) != 2 || lines[0][3] != "AES-256-GCM" {
		return nil, fmt.Errorf("the monitor does not tell what page-out costs with AES-256-GCM\n%s", tail(text, 10))
	}
	var n [4]int
	for i, digits := range []string{lines[0][1], lines[0][2], lines[1][1], lines[1][2]} {
		n[i], _ = strconv.Atoi(digits)
	}
	return figures{"plain-write": n[0], "page-out": n[1], "plain-write-rated": n[2], "page-out-rated": n[3]}, nil
}

// pageOutShare is a line about page-out beside plain writes; empty: it was not measured.
func (r *measured) pageOutShare() string {
	plain, out := r.ours["plain-write-rated"], r.ours["page-out-rated"]
	if plain == 0 || out == 0 {
		return ""
	}
	return fmt.Sprintf("To a disk of %d MB/s page-out writes at %d %% of what plain large writes do: a page takes %s ns and %s ns, at an instruction a nanosecond. 90 %% are the target.\n",
		pageOutRate, 100*plain/out, figure(out), figure(plain))
}
