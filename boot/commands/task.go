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
		limit := "no limit"
		if i.Limit != vm.Unlimited {
			limit = "limit " + bytes(i.Limit)
		}
		out := mach.PageNumber(0)
		for range task.Out {
			out++
		}
		lines = []string{
			fmt.Sprintf("task %d (%s)", i.ID, i.Name),
			fmt.Sprintf("  mapped %s (%s), wired %s", bytes(i.Size), limit, bytes(i.Wired)),
			fmt.Sprintf("  resident %s in %d page tables", bytes(i.Resident.Bytes()), i.Tables),
			fmt.Sprintf("  reserved %s in %d objects", bytes(i.Reserved.Bytes()), i.Objects),
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
