package qemu

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// target is what an operation is to cost, in guest instructions, and what it costs elsewhere; 0: not known.
type target struct {
	name, what           string
	goal, linux, gnuMach int
}

// targets are the operations of the table of targets that the guest's bench program measures. Figures of others: Linux 6.1 and GNU Mach
// of 2026 in the same QEMU with -icount.
func targets() []target {
	return []target{
		{"null-trap", "null trap (mach_task_self)", 150, 325, 401},
		{"kernel-rpc", "RPC to the kernel (mach_port_type)", 700, 0, 1156},
		{"object-create", "default_pager_object_create", 3000, 4757, 11119},
		{"first-touch-one-by-one", "first touch of such an object, per page", 1000, 5345, 20062},
		{"first-touch-clustered", "the same, touched in order", 650, 0, 0},
		{"first-touch-superpages", "the same in pages of 2 MiB, per 4 KiB", 530, 541, 0},
		{"task-rpc", "RPC between two tasks, empty", 1200, 9700, 1744},
		{"task-rpc-4k", "the same with 4 KiB inline", 2500, 11700, 4437},
		{"zero-fill-one-by-one", "zero-fill fault, anonymous, per page", 1000, 3112, 6403},
		{"zero-fill-clustered", "the same, touched in order", 650, 0, 0},
		{"zero-fill-superpages", "the same in pages of 2 MiB, per 4 KiB", 530, 0, 0},
		{"unmap-destroy", "unmap and destroy, per page", 150, 2248, 660},
		{"second-mapping", "second mapping of a populated object, per page", 60, 2124, 1058},
		{"copy-on-write", "copy-on-write copy, per page", 1200, 4336, 6647},
		{"object-cycle", "4 KiB object: create, map, touch, unmap, destroy", 6000, 31962, 0},
		{"port-allocate-destroy", "port allocate and destroy (two RPCs)", 1500, 0, 2774},
		{"task-create-terminate", "task create and terminate", 15000, 57000, 30218},
		{"fork-1m", "fork of a task with 1 MiB resident", 60000, 0, 0},
		{"fork-64m", "fork of a task with 64 MiB resident", 60000, 0, 0},
		{"page-in", "page of a memory manager in ring 3", 5000, 0, 0},
	}
}

var benchLine = regexp.MustCompile(`(?m)^bench ([\w-]+) (\d+)$`)

// Bench measures the guest's operations in instructions, and prints them beside the targets.
func Bench(ctx context.Context, m Machine, programs string, out io.Writer) error {
	if err := m.Check(); err != nil {
		return err
	}
	m.Accel, m.Count, m.Append, m.SMP = "tcg", true, "demo", ""
	archive, err := os.CreateTemp("", "defpager-*.cpio")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(archive.Name()) }()
	modules, err := Programs(programs)
	if err != nil {
		return err
	}
	err = WriteArchive(archive, []string{
		"bench --pager=${default-pager-port} --echo=${port:echo} --supplier=${port:supplier} $(task-create) $(task-resume)",
		"echo --receive=${receive:echo} $(task-create) $(task-resume)",
		"supplier --receive=${receive:supplier} $(task-create) $(task-resume)",
	}, modules)
	if e := archive.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	m.Initrd = archive.Name()
	p, err := Start(ctx, &m, Streams{LogLines: true})
	if err != nil {
		return err
	}
	defer p.Kill()
	said := regexp.MustCompile(`(?m)^bench: .*\n`)
	if err := p.Wait(said.MatchString, 2*time.Minute); err != nil {
		return err
	}
	text := p.Text()
	measured := map[string]int{}
	for _, l := range benchLine.FindAllStringSubmatch(text, -1) {
		measured[l[1]], _ = strconv.Atoi(l[2])
	}
	if len(measured) == 0 || !strings.Contains(text, "bench: done") {
		return fmt.Errorf("the guest did not finish:\n%s", tail(text, 10))
	}
	fmt.Fprintln(out, "Guest instructions under -icount shift=0 (they repeat exactly), by", m.Type, m.Memory)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "measured\ttarget\tof it\tLinux\tGNU Mach\t  operation")
	figure := func(n int) string {
		if n == 0 {
			return "-"
		}
		return strconv.Itoa(n)
	}
	for _, t := range targets() {
		n, ok := measured[t.name]
		if !ok {
			return fmt.Errorf("the guest did not measure %s", t.name)
		}
		fmt.Fprintf(w, "%d\t%d\t%d %%\t%s\t%s\t  %s\n", n, t.goal, 100*n/t.goal, figure(t.linux), figure(t.gnuMach), t.what)
	}
	return w.Flush()
}
