package kern

// Limits bound what tasks can make the kernel keep, so that no task can exhaust it. What would go beyond a limit fails
// with ResourceShortage, or a message with SendNoBuffer.
type Limits struct {
	Ports, Names     uint32
	Buffers          uint64 // bytes of messages
	Objects, Entries int    // of memory: objects, and pieces of address spaces
	Managed          int    // objects of memory that a manager looks after
	Tasks, Threads   int    // in all
}

// LimitsFor shares out the Go heap and the machine's memory, both in bytes. All limits together use less than three quarters of the heap: the
// rest is for the kernel itself and for what the collector has not found yet. What lies in frames uses three quarters of the memory at most,
// and no frame that was promised.
func LimitsFor(heap, memory uint64) Limits {
	// Bytes of one on the heap, with what hangs on it: an object of a manager with its structures and ports; a task with its maps and ports; a
	// thread with its floating-point state and port.
	const managed, task, thread = 1400, 4 << 10, 2 << 10
	// Bytes of one in frames. An object is counted with what it has if it is copied.
	const port, name, entry, object = 256, 92, 195, 300
	percent := func(of, n uint64) uint64 { return of / 100 * n }
	l := Limits{
		Ports:   uint32(percent(memory, 30) / port),
		Names:   uint32(percent(memory, 20) / name),
		Entries: int(percent(memory, 15) / entry),
		Objects: int(percent(memory, 10) / object),
		Buffers: percent(heap, 40),
		Managed: int(percent(heap, 15) / managed),
		Tasks:   int(percent(heap, 8) / task),
		Threads: int(percent(heap, 5) / thread),
	}
	if invariants {
		// Each check of the invariants looks at all of them.
		l.Ports, l.Names, l.Entries, l.Objects = min(l.Ports, checkedMax), min(l.Names, checkedMax), min(l.Entries, checkedMax), min(l.Objects, checkedMax)
	}
	return l
}

// checkedMax bounds each kind in a kernel that checks its invariants.
const checkedMax = 20000

// fair reports whether a task that has own of something, of which there may be limit and are used, may have one more: always a few, and more
// as long as as many are left for all others. So a task that takes all it can get leaves half, and the next such half of that.
func fair(own, used, limit int) bool {
	const few = 4
	return used < limit && (own < few || own < limit-used)
}
