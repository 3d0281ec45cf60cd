package kern

import (
	"defpager/mach"
	"defpager/mm/vm"
)

// Storage keeps what was paged out, and moves it between memory and disks. The default pager's (package pager/backing) does. Its calls do not block.
type Storage interface {
	vm.Backing
	// Poll completes what disks have done.
	Poll()
	// Active reports whether a disk is doing something.
	Active() bool
	// Held is the number of frames that it has, and Pages that of the pages that it keeps.
	Held() mach.PageNumber
	Pages() int
	// Check verifies its invariants.
	Check() error
}

// SetStorage begins to page out memory to s.
func (k *Kernel) SetStorage(s Storage) {
	k.storage = s
	k.env.Backing = s
}

// pollStorage is for every tick, and for a machine that has nothing else to do: disks may have done something, and page-out may find something to take
// again.
func (k *Kernel) pollStorage() {
	k.tickMemory()
	if k.storage != nil {
		k.storage.Poll()
	}
	k.pollDisks()
}

// tickMemory tells memory when a tick is over, also one that came while no thread ran: then there are no interrupts that count.
func (k *Kernel) tickMemory() {
	if now := k.config.Clock(); now-k.ticked >= tick {
		k.ticked = now
		k.tickStuck()
		k.env.Tick()
		k.tickPaging()
	}
}
