package qemu

import (
	"context"
	"fmt"
	"regexp"
	"slices"
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
	// pageOutDisk is the size of the disks that are written to, three quarters of it.
	pageOutDisk = "32M"
	// pageOutRuns is how many times a virtio disk is measured. Nothing but the host's disk makes a difference between them.
	pageOutRuns = 3
	// pageOutWallRate is how fast QEMU's throttle lets a disk be by the clock on the wall, in million bytes a second: less than QEMU can encrypt
	// without hardware virtualisation.
	pageOutWallRate = 20
)

var measureLine = regexp.MustCompile(`(?m)^\S+ \S+ in large writes: .* a page takes (\d+) ns and (\d+) ns, (.*)$`)

// outTimes are what a page takes in large plain writes and by page-out, in nanoseconds.
type outTimes struct{ plain, paged int }

// share is how fast page-out is, in percent of plain writes.
func (t outTimes) share() int { return 100 * t.plain / max(t.paged, 1) }

// pageOut measures page-out beside plain large writes by the monitor's command: to a disk in memory, and to a virtio disk that its driver makes as slow
// as pageOutRate by the guest's clock. Each is the least of what was measured: the host can take longer over a write than the rate allows, but never less.
func (m Machine) pageOut(ctx context.Context, programs string) (figures, error) {
	m.CPU += aesCPU
	commands := []string{"paging remove ram0", "paging measure ram0"}
	for range pageOutRuns {
		commands = append(commands, fmt.Sprintf("paging measure vda %d", pageOutRate))
	}
	m.Append = "paging=ram:" + pageOutDisk
	text, err := m.typed(ctx, programs, commands)
	if err != nil {
		return nil, err
	}
	return readPageOut(text)
}

// pageOutWall measures the same by the clock on the wall, to a virtio disk that QEMU throttles: the median of how fast page-out is.
func (m Machine) pageOutWall(ctx context.Context, programs string) (t outTimes, err error) {
	m.CPU += aesCPU
	m.Rate = pageOutWallRate * 1_000_000
	text, err := m.typed(ctx, programs, slices.Repeat([]string{"paging measure vda"}, pageOutRuns))
	if err != nil {
		return t, err
	}
	all, _, err := readMeasured(text, pageOutRuns)
	if err != nil {
		return t, err
	}
	slices.SortFunc(all, func(a, b outTimes) int { return a.share() - b.share() })
	return all[pageOutRuns/2], nil
}

// typed boots the machine with one virtio disk, types commands at the monitor's prompt, and returns what the guest printed.
func (m Machine) typed(ctx context.Context, programs string, commands []string) (text string, err error) {
	path, remove, err := MakeDisk(pageOutDisk)
	if err != nil {
		return "", err
	}
	defer remove()
	m.Disks = []string{path}
	err = m.withModules(ctx, programs, nil, func(p *Process) error {
		for n, command := range append(commands, "") {
			if err := p.WaitPrompt(n+1, time.Minute); err != nil {
				return err
			}
			if err := p.Type(command + "\r"); err != nil {
				return err
			}
		}
		text = p.Text()
		return nil
	})
	return text, err
}

// readMeasured takes so many measurements out of what the monitor printed, with the cipher of all.
func readMeasured(text string, n int) (all []outTimes, cipher string, err error) {
	lines := measureLine.FindAllStringSubmatch(text, -1)
	for _, l := range lines {
		plain, _ := strconv.Atoi(l[1])
		paged, _ := strconv.Atoi(l[2])
		all, cipher = append(all, outTimes{plain, paged}), l[3]
		if cipher != lines[0][3] {
			return nil, "", fmt.Errorf("the monitor tells of two ciphers, %s and %s", lines[0][3], cipher)
		}
	}
	if len(all) != n {
		return nil, "", fmt.Errorf("the monitor tells %d times what page-out costs, and not %d\n%s", len(all), n, tail(text, 10))
	}
	return all, cipher, nil
}

// readPageOut takes the figures of pageOut out of what the monitor printed.
func readPageOut(text string) (figures, error) {
	all, cipher, err := readMeasured(text, 1+pageOutRuns)
	if err != nil {
		return nil, err
	}
	if cipher != "AES-256-GCM" {
		return nil, fmt.Errorf("pages were encrypted with %s, and not with AES-256-GCM", cipher)
	}
	rated := all[1]
	for _, t := range all[2:] {
		rated = outTimes{min(rated.plain, t.plain), min(rated.paged, t.paged)}
	}
	return figures{"plain-write": all[0].plain, "page-out": all[0].paged, "plain-write-rated": rated.plain, "page-out-rated": rated.paged}, nil
}

// pageOutShare is lines about page-out beside plain writes; empty: it was not measured.
func (r *measured) pageOutShare() string {
	t := outTimes{r.ours["plain-write-rated"], r.ours["page-out-rated"]}
	if t.plain == 0 || t.paged == 0 {
		return ""
	}
	text := fmt.Sprintf("To a virtio disk of %d MB/s page-out writes at %d %% of what plain large writes do: a page takes %s ns and %s ns, at an instruction a nanosecond. 90 %% are the target.\n",
		pageOutRate, t.share(), figure(t.paged), figure(t.plain))
	if r.outWall.plain != 0 {
		text += fmt.Sprintf("To a virtio disk that QEMU holds to %d MB/s page-out writes at %d %% of what plain large writes do, by the clock on the wall: a page takes %s ns and %s ns.\n",
			pageOutWallRate, r.outWall.share(), figure(r.outWall.paged), figure(r.outWall.plain))
	}
	return text
}
