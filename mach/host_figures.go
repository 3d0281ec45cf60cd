package mach

// HostFigures is the record of defpager_host_figures, as ObjectFigures is of objects: the books of the whole machine. The frames that the kernel has for programs and
// its own tables are free or somebody's, so Frames is always the sum of Free and of all from Anonymous to PagerFrames.
type HostFigures struct {
	Frames   uint64 // all
	Free     uint64
	Promised uint64 // of the free ones, those that nobody gets but whom they were promised

	Anonymous  uint64 // frames of tasks' memory, and of copies in messages
	Reserved   uint64 // of objects that were promised their frames
	Managed    uint64 // of objects that a memory manager looks after
	PageTables uint64
	PagedOut   uint64 // of compressed pages, of such that are on their way to disks and back, and of the tables of both
	Other      uint64 // of disks' buffers and the mapped clock

	// Frames of the kernel's small structures, in each of which there is at least one.
	TreeFrames   uint64 // of the trees that find objects' pages
	EntryFrames  uint64 // of map entries
	ObjectFrames uint64 // of memory objects
	PortFrames   uint64 // of ports, port sets and names
	PagerFrames  uint64 // of the default pager's structures

	Tasks         uint64
	Threads       uint64
	Ports         uint64 // the kernel's included
	PortsInFrames uint64 // of them, those that lie in frames: tasks' and the default pager's objects'
	PortSets      uint64
	Names         uint64 // of all tasks
	NameTables    uint64 // that hold them, a frame each
	Messages      uint64 // on their way or being carried out, that of the request included
	Buffers       uint64 // bytes of the buffers of these
	Entries       uint64 // map entries, those of copies included
	Objects       uint64 // memory objects
	Copyable      uint64 // of these, those with all that an object has which was copied, or may be
	TreeNodes     uint64
	PagerObjects  uint64 // objects of the default pager with send rights
	PagesOut      uint64 // pages without a frame that are kept somewhere: by the kernel
	PagesManaged  uint64 // and by default memory managers
}

// Structures is the frames of small structures.
func (f *HostFigures) Structures() uint64 {
	return f.TreeFrames + f.EntryFrames + f.ObjectFrames + f.PortFrames + f.PagerFrames
}

// Sum is what the frames come to that are free or somebody's.
func (f *HostFigures) Sum() uint64 {
	return f.Free + f.Anonymous + f.Reserved + f.Managed + f.PageTables + f.PagedOut + f.Other + f.Structures()
}

// List is the record's numbers in their order.
func (f *HostFigures) List() []*uint64 {
	return []*uint64{
		&f.Frames, &f.Free, &f.Promised,
		&f.Anonymous, &f.Reserved, &f.Managed, &f.PageTables, &f.PagedOut, &f.Other,
		&f.TreeFrames, &f.EntryFrames, &f.ObjectFrames, &f.PortFrames, &f.PagerFrames,
		&f.Tasks, &f.Threads, &f.Ports, &f.PortsInFrames, &f.PortSets, &f.Names, &f.NameTables, &f.Messages, &f.Buffers,
		&f.Entries, &f.Objects, &f.Copyable, &f.TreeNodes, &f.PagerObjects, &f.PagesOut, &f.PagesManaged,
	}
}
