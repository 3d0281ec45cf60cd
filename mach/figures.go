package mach

// Flags of defpager_object_create and defpager_task_set_limits.
const (
	// Overcommit promises no frames to an object: its pages take them at the first touch. Of a task: to no object that it makes.
	Overcommit int32 = 1
	// Reserve promises them, whatever is set for the task that makes the object. An object has one of the two at most.
	Reserve int32 = 2
)

// FiguresMax is the most numbers of a record of figures, now and later.
const FiguresMax = 64

// ObjectFigures is the record of defpager_object_figures: numbers of 64 bits in the order of the fields. A caller gets as many as it has room for,
// and at least the first; later versions add to the end.
type ObjectFigures struct {
	ID       uint64 // as in default_pager_objects
	Flags    uint64 // Overcommit
	Limit    uint64 // bytes
	Reserved uint64 // bytes of frames promised to it, touched or not
	Resident uint64 // bytes of pages with a frame
	OutFigures
	Faults   uint64 // page faults in mappings of it, modulo 2^32
	PageIns  uint64 // pages that came back, modulo 2^32
	PageOuts uint64 // pages that went out, modulo 2^32
	Waited   uint64 // nanoseconds that threads and requests waited for pages of it
	Mappings uint64 // by map entries
}

// TaskFigures is the record of defpager_task_figures, as ObjectFigures is of objects.
type TaskFigures struct {
	ID            uint64
	Flags         uint64 // Overcommit
	Reserved      uint64 // bytes of frames promised to objects that it made
	ReservedLimit uint64 // bytes; all ones: no limit
	Objects       uint64 // of the default pager that it made
	Overcommitted uint64 // of them, those without a promise
	Out           uint64 // bytes without a frame of what it pays for: what its programs wrote, and objects that it made
	OutLimit      uint64 // bytes; all ones: no limit
	Mapped        uint64 // bytes
	MappedLimit   uint64 // bytes; all ones: no limit
	Wired         uint64 // bytes
	Resident      uint64 // bytes that its page tables show
	OutFigures           // of the same: the sum is Out
	Faults        uint64
	ZeroFills     uint64
	CopyFaults    uint64
	PageIns       uint64
	PageOuts      uint64
	Waited        uint64 // nanoseconds that its threads, and requests about its memory, waited for pages and frames
}

// OutFigures says where pages are that have no frame, in bytes of their contents.
type OutFigures struct {
	Words      uint64 // one word again and again, which is all that is kept
	Compressed uint64
	Waiting    uint64 // to be written
	OnDisk     uint64
	Lost       uint64
	Managed    uint64 // with a default memory manager in ring 3
}

func (f *OutFigures) list() []*uint64 {
	return []*uint64{&f.Words, &f.Compressed, &f.Waiting, &f.OnDisk, &f.Lost, &f.Managed}
}

// List is the record's numbers in their order.
func (f *ObjectFigures) List() []*uint64 {
	l := append([]*uint64{&f.ID, &f.Flags, &f.Limit, &f.Reserved, &f.Resident}, f.list()...)
	return append(l, &f.Faults, &f.PageIns, &f.PageOuts, &f.Waited, &f.Mappings)
}

// List is the record's numbers in their order.
func (f *TaskFigures) List() []*uint64 {
	l := append([]*uint64{
		&f.ID, &f.Flags, &f.Reserved, &f.ReservedLimit, &f.Objects, &f.Overcommitted, &f.Out, &f.OutLimit,
		&f.Mapped, &f.MappedLimit, &f.Wired, &f.Resident,
	}, f.list()...)
	return append(l, &f.Faults, &f.ZeroFills, &f.CopyFaults, &f.PageIns, &f.PageOuts, &f.Waited)
}
