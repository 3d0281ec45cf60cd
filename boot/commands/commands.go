// Package commands is what the monitor can do with the running kernel: it shows tasks, ports, memory and page tables, starts and
// ends programs, and ends the machine. Mach ddb's spellings are aliases.
//
// Every command takes the kernel lock for as long as it reads, not while it prints, so that a slow console stops nobody.
package commands

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"defpager/boot/monitor"
	"defpager/kern"
	"defpager/mach"
	"defpager/pager"
	"defpager/pager/disks"
)

// Target is what the commands work on.
type Target struct {
	Kernel  *kern.Kernel
	Pager   *pager.Pager
	Storage *disks.Disks   // what is paged to
	End     func(kern.End) // ends the machine
	Uptime  func() string
	Now     func() int64 // nanoseconds since the start
	Memory  []kern.Owner // what the machine's memory is for that the frame allocator was not given
}

// All lists the commands.
func (t *Target) All() []monitor.Command {
	alias := func(name, of string) monitor.Command {
		return monitor.Command{Name: name, AliasOf: of, Max: -1}
	}
	return []monitor.Command{
		{Name: "tasks", Help: "list the tasks", Run: t.tasks},
		{
			Name: "task", Operands: "TASK", Help: "show a task's memory, limits and page traffic",
			More: "Memory that is resident, reserved and out, with the limits of each; faults, page-ins and page-outs; how long it waited for pages.",
			Min:  1, Max: 1, Run: t.task,
		},
		{Name: "threads", Help: "list the threads and what they wait for", Run: t.threads},
		{Name: "ports", Operands: "TASK", Help: "list a task's names and the rights behind them", Min: 1, Max: 1, Run: t.ports},
		{Name: "map", Operands: "TASK", Help: "list what a task has mapped", Min: 1, Max: 1, Run: t.memory},
		{Name: "objects", Help: "list the memory objects", Run: t.objects},
		{
			Name: "object", Operands: "ID", Help: "show where a memory object's pages are",
			More: "With its page-ins and page-outs, and how long threads waited for it.",
			Min:  1, Max: 1, Run: t.object,
		},
		{Name: "frames", Help: "count the page frames, and the kernel's events", Run: t.frames},
		{
			Name: "slabs", Help: "list the kinds of structures that lie in frames",
			More: "Bytes of each, how many a frame has room for, how many there are, in how many frames.",
			Run:  t.slabs,
		},
		{Name: "heap", Help: "count what the kernel has on Go's heap, without garbage", Run: t.heap},
		{
			Name: "paging", Operands: "[WHAT NAME]", Help: "show what was paged out, and the paging storage",
			More: pagingMore,
			Max:  3, Complete: []string{"add", "remove", "measure"}, Run: t.paging,
		},
		{Name: "walk", Operands: "TASK ADDRESS", Help: "follow the page tables to an address, entry by entry", Min: 2, Max: 2, Run: t.walk},
		{Name: "modules", Help: "list the boot modules: what run can start", Run: t.modules},
		{
			Name: "run", Operands: "PROGRAM ARGS", Help: "start a boot module's program, wait for its end",
			More: "${default-pager-port} and others among ARGS stand for rights that it gets: user/README.md lists them. Ctrl-C ends its task.",
			Min:  1, Max: -1, Run: t.run,
		},
		{Name: "kill", Operands: "TASK", Help: "terminate a task", Min: 1, Max: 1, Run: t.kill},
		{Name: "trace", Operands: "on|off", Help: "print every trap, fault, message and pager action", Min: 1, Max: 1, Complete: []string{"on", "off"}, Run: t.trace},
		{Name: "check", Help: "verify the kernel's invariants", Run: t.check},
		{Name: "log", Help: "show what was printed lately", Run: t.log},
		{Name: "poweroff", Help: "end the machine", Run: func(*monitor.Context) error { t.End(kern.EndHalt); return nil }},
		{Name: "reboot", Help: "start the machine anew", Run: func(*monitor.Context) error { t.End(kern.EndReboot); return nil }},
		alias("show all tasks", "tasks"), alias("show all threads", "threads"), alias("show map", "map"), alias("show object", "object"),
		alias("show all objects", "objects"), alias("show port", "ports"), alias("show vmstat", "frames"),
	}
}

func (t *Target) tasks(c *monitor.Context) error {
	var list []kern.TaskInfo
	t.Kernel.Do(func() { list = t.Kernel.Tasks() })
	c.Printf("%4s  %-16s %7s %9s %9s %9s %8s %6s %6s\n", "task", "name", "threads", "mapped", "resident", "reserved", "faults", "tables", "names")
	for _, i := range list {
		state := ""
		if i.Suspended != 0 {
			state = "  suspended"
		}
		c.Printf("%4d  %-16s %7d %9s %9s %9s %8d %6d %6d%s\n",
			i.ID, i.Name, i.Threads, bytes(i.Size), bytes(i.Resident.Bytes()), bytes(i.Reserved.Bytes()), i.Faults, i.Tables, i.Names, state)
	}
	return nil
}

func (t *Target) threads(c *monitor.Context) error {
	var list []kern.ThreadInfo
	t.Kernel.Do(func() { list = t.Kernel.Threads() })
	c.Printf("%6s  %4s %-16s %-22s %-18s %s\n", "thread", "task", "name", "state", "rip", "rsp")
	for _, i := range list {
		c.Printf("%6d  %4d %-16s %-22s %-18s %s\n", i.ID, i.Task, i.TaskName, i.State, hex(i.RIP), hex(i.RSP))
	}
	return nil
}

// inTask finds a task and reads from it within the kernel lock.
func (t *Target) inTask(name string, f func(*kern.Task)) (err error) {
	t.Kernel.Do(func() {
		var task *kern.Task
		if task, err = t.Kernel.Find(name); err == nil {
			f(task)
		}
	})
	return err
}

func (t *Target) ports(c *monitor.Context) error {
	var lines []string
	err := t.inTask(c.Args[0], func(task *kern.Task) {
		for _, n := range task.Names() {
			line := fmt.Sprintf("%6d  %-24s refs %-4d", uint32(n.Name), rights(n.Type), n.Refs)
			if n.Port != nil {
				line += fmt.Sprintf(" port %d: %s", n.Port.ID(), kern.Describe(n.Port))
			}
			lines = append(lines, line)
		}
	})
	return print(c, lines, err)
}

// rights names the bits of a port type.
func rights(p mach.PortType) string {
	var names []string
	for _, e := range []struct {
		bit  mach.PortType
		name string
	}{
		{mach.TypeReceive, "receive"},
		{mach.TypeSend, "send"},
		{mach.TypeSendOnce, "send-once"},
		{mach.TypePortSet, "port set"},
		{mach.TypeDeadName, "dead name"},
		{mach.TypeDNRequest, "notify"},
	} {
		if p&e.bit != 0 {
			names = append(names, e.name)
		}
	}
	return strings.Join(names, ",")
}

func (t *Target) modules(c *monitor.Context) error {
	var lines []string
	t.Kernel.Do(func() {
		t.Kernel.Modules(func(name string, size uint64) bool {
			lines = append(lines, fmt.Sprintf("%9s  %s", bytes(size), name))
			return true
		})
	})
	return print(c, lines, nil)
}

func (t *Target) run(c *monitor.Context) error {
	var task *kern.Task
	var err error
	t.Kernel.Do(func() { task, err = t.Kernel.Start(c.Args) })
	if err != nil {
		return err
	}
	select {
	case <-task.Done():
		return nil
	case <-c.Stop:
		t.Kernel.Do(func() { t.Kernel.Kill(task) })
		<-task.Done()
		return errors.New("interrupted: the task was terminated")
	}
}

func (t *Target) kill(c *monitor.Context) error {
	return t.inTask(c.Args[0], t.Kernel.Kill)
}

func (t *Target) trace(c *monitor.Context) error {
	on := c.Args[0] == "on"
	if !on && c.Args[0] != "off" {
		return fmt.Errorf("trace %q: want on or off", c.Args[0])
	}
	t.Kernel.Do(func() { t.Kernel.SetTrace(on) })
	return nil
}

func (t *Target) check(c *monitor.Context) (err error) {
	t.Kernel.Do(func() { err = t.Kernel.Check() })
	if err == nil {
		c.Printf("all invariants hold\n")
	}
	return err
}

func (t *Target) log(c *monitor.Context) error {
	var text string
	t.Kernel.Do(func() { text = t.Kernel.Log().Text() })
	return print(c, strings.Split(strings.TrimSuffix(text, "\n"), "\n"), nil)
}

// print shows lines until Ctrl-C.
func print(c *monitor.Context, lines []string, err error) error {
	for _, l := range lines {
		if c.Stopped() {
			return errors.New("interrupted")
		}
		c.Printf("%s\n", l)
	}
	return err
}

// number reads a decimal or 0x number.
func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return n, nil
}

func hex(v uint64) string { return fmt.Sprintf("%#x", v) }

// bytes writes a size with the largest unit that divides it well.
func bytes(n uint64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
