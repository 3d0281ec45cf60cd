package commands

import (
	"fmt"
	"time"

	"defpager/boot/monitor"
	"defpager/kern"
	"defpager/mach"
	"defpager/mm/vm"
)

func (t *Target) task(c *monitor.Context) error {
	var lines []string
	err := t.inTask(c.Args[0], func(task *kern.Task) {
		i := task.Info()
		limit := func(n uint64, none bool) string {
			if none {
				return "no limit"
			}
			return "limit " + bytes(n)
		}
		frames := func(n mach.PageNumber) string { return limit(n.Bytes(), n == vm.NoLimit) }
		a := &i.Account
		policy := ""
		if a.Overcommit {
			policy = ", to which nothing is promised from now on"
		}
		out := mach.PageNumber(0)
		for range task.Out {
			out++
		}
		lines = []string{
			fmt.Sprintf("task %d (%s)", i.ID, i.Name),
			fmt.Sprintf("  mapped %s (%s), wired %s", bytes(i.Size), limit(i.Limit, i.Limit == vm.Unlimited), bytes(i.Wired)),
			fmt.Sprintf("  resident %s in %d page tables", bytes(i.Resident.Bytes()), i.Tables),
			fmt.Sprintf("  reserved %s (%s) in %d objects, %d others overcommitted%s", bytes(i.Reserved.Bytes()), frames(a.ReservedMax), a.Objects-a.Overcommitted, a.Overcommitted, policy),
			fmt.Sprintf("  pays for %s that are out (%s)", bytes(a.Out.Bytes()), frames(a.OutMax)),
			fmt.Sprintf("  pages out %d: %s", out, t.places(task.Out)),
			fmt.Sprintf("  faults %d: zero fill %d, copy %d", i.Faults, i.Events.ZeroFills, i.Events.CopyFaults),
			fmt.Sprintf("  page-ins %d, page-outs %d", i.Events.PageIns, i.Events.PageOuts),
			fmt.Sprintf("  waited %d ms for pages", time.Duration(i.Waited).Milliseconds()),
		}
	})
	if err != nil {
		return err
	}
	return print(c, lines, nil)
}
