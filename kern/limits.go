package kern

// Limits bound what tasks can make the kernel keep on the Go heap, so that no task can exhaust it. What would go beyond a limit fails
// with ResourceShortage, or a message with SendNoBuffer.
type Limits struct {
	Ports, Names     uint32
	Buffers          uint64 // bytes of messages
	Objects, Entries int    // of memory: objects, and pieces of address spaces
	Tasks, Threads   int    // in all
}

// LimitsFor shares a heap of so many bytes out. All limits together use two thirds of it: the rest is for the kernel itself and
// for what the collector has not found yet.
func LimitsFor(heap uint64) Limits {
	// Bytes of one, with what hangs on it: a port; a name's part of its chunk; an object with its pager's structure; an entry; a task
	// with its maps, ports and first chunk of names; a thread with its floating-point state and port.
	const port, name, object, entry, task, thread = 240, 100, 320, 150, 8 << 10, 2 << 10
	percent := func(n uint64) uint64 { return heap / 100 * n }
	return Limits{
		Ports:   uint32(percent(15) / port),
		Names:   uint32(percent(10) / name),
		Buffers: percent(8),
		Objects: int(percent(15) / object),
		Entries: int(percent(6) / entry),
		Tasks:   int(percent(8) / task),
		Threads: int(percent(5) / thread),
	}
}

// fair reports whether a task that has own of something, of which there may be limit and are used, may have one more: always a few, and more
// as long as as many are left for all others. So a task that takes all it can get leaves half, and the next such half of that.
func fair(own, used, limit int) bool {
	const few = 4
	return used < limit && (own < few || own < limit-used)
}
