package kern

import (
	"fmt"

	"defpager/board/slab"
	"defpager/mach"
)

// Owner is somebody who holds page frames.
type Owner struct {
	Name   string
	Frames mach.PageNumber
}

// Owners says who holds the frames that are taken: they add up to frame.Stats.Taken, always. It takes time in proportion to the number of
// memory objects and tasks.
func (k *Kernel) Owners() []Owner {
	l := k.env.Ledger()
	var out mach.PageNumber
	if k.storage != nil {
		out = k.storage.Held()
	}
	list := []Owner{
		{"tasks' memory", l.Anonymous},
		{"reserved objects", l.Reserved},
		{"managed objects", l.Managed},
		{"page tables", l.Tables},
		{"objects' page trees", l.Nodes},
		{"map entries", l.Entries},
		{"objects", l.Objects},
		{"ports and names", k.sys.Stats().Frames},
		{"mapped clock", k.clockFrames()},
		{"paged-out memory", out},
	}
	if k.table != nil {
		list = append(list, Owner{k.tableName, k.table.Frames()})
	}
	for _, o := range k.kept {
		list = append(list, Owner{o.name, o.frames()})
	}
	return list
}

// keeper is something beside the kernel that takes frames.
type keeper struct {
	name   string
	frames func() mach.PageNumber
}

// Keep notes that something beside the kernel holds frames.
func (k *Kernel) Keep(name string, frames mach.PageNumber) {
	k.KeepCount(name, func() mach.PageNumber { return frames })
}

// KeepCount is Keep for what holds as many frames at a time as the function says.
func (k *Kernel) KeepCount(name string, frames func() mach.PageNumber) {
	k.kept = append(k.kept, keeper{name, frames})
}

// clockFrames is how many frames the mapped clock takes.
func (k *Kernel) clockFrames() mach.PageNumber {
	if k.clock.page == nil {
		return 0
	}
	return 1
}

// Table is structures of somebody beside the kernel that lie in frames.
type Table interface {
	// Frames is how many frames are taken for them, and InUse in how many there is one.
	Frames() mach.PageNumber
	InUse() mach.PageNumber
	// Usage is what there is of them.
	Usage() slab.Usage
	// Trim gives frames back that are kept for structures which are still to come.
	Trim()
}

// KeepTable is KeepCount for the structures of the default pager.
func (k *Kernel) KeepTable(name string, t Table) { k.table, k.tableName = t, name }

// checkFrames verifies that every frame that is taken is somebody's.
func (k *Kernel) checkFrames() error {
	var sum mach.PageNumber
	owners := k.Owners()
	for _, o := range owners {
		sum += o.Frames
	}
	if taken := k.frames.Stats().Taken; sum != taken {
		return fmt.Errorf("kern: %d frames are taken and %d are somebody's: %v", taken, sum, owners)
	}
	return nil
}
