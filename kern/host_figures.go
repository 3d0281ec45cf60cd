package kern

import (
	"defpager/ipc"
	"defpager/mach"
)

// hostFigures is defpager_host_figures, of the host's privileged port. What is kept ahead of need is given back first: then the frames hold what is there, and
// no more of them are taken because of something that was.
func (k *Kernel) hostFigures(m *ipc.Message, room uint32) *ipc.Message {
	k.trim()
	f := k.Figures()
	return m.ReplyRecord(f.List(), room)
}

func (k *Kernel) trim() {
	k.env.Trim()
	k.sys.Trim()
	if k.table != nil {
		k.table.Trim()
	}
}

// Figures is the books of the machine. It takes time in proportion to the numbers of tasks, memory objects, pages that are out, and frames with structures.
func (k *Kernel) Figures() mach.HostFigures {
	s, l, h, p := k.frames.Stats(), k.env.Ledger(), k.env.Holdings(), k.sys.Stats()
	f := mach.HostFigures{
		Frames: uint64(s.Total), Free: uint64(s.Free), Promised: uint64(s.Reserved),
		Anonymous: uint64(l.Anonymous), Reserved: uint64(l.Reserved), Managed: uint64(l.Managed), PageTables: uint64(l.Tables),
		TreeFrames: uint64(h.NodeFrames), EntryFrames: uint64(h.EntryFrames), ObjectFrames: uint64(h.ObjectFrames), PortFrames: uint64(k.sys.FramesInUse()),
		Tasks: uint64(k.tasks.count), Threads: uint64(k.threads),
		Ports: uint64(p.Ports), PortsInFrames: uint64(p.PortsInFrames), PortSets: uint64(p.Sets), Names: uint64(p.Names), NameTables: uint64(p.Tables), Messages: uint64(p.Messages), Buffers: p.Buffers,
		Entries: uint64(h.Entries), Objects: uint64(h.Objects), Copyable: uint64(h.Copyable), TreeNodes: uint64(h.Nodes), PagesManaged: uint64(h.Managed),
	}
	if k.table != nil {
		f.PagerFrames, f.PagerObjects = uint64(k.table.InUse()), k.table.Usage().Out
	}
	if k.storage != nil {
		f.PagedOut, f.PagesOut = uint64(k.storage.Held()), uint64(k.storage.Pages())
	}
	f.Other = uint64(k.clockFrames())
	for _, o := range k.kept {
		f.Other += uint64(o.frames())
	}
	return f
}
