package libmach

import (
	"defpager/ipc/mig"
	"defpager/ipc/mig/wire"
	"defpager/mach"
)

// DefaultMemoryManager is what a default memory manager does beside a MemoryManager's work: the kernel gives it objects that nobody asked it
// for. Names and numbers are those of MemoryManager.
type DefaultMemoryManager interface {
	// Create makes it the manager of a new object, whose receive right object is, and of which the kernel is about to page out the first pages.
	// The kernel waits for nothing: the object is ready. Manager is the port that the message came to.
	Create(manager, object mach.Name, size uint64, control, name mach.Name, pageSize uint64)
	// DataInitialize brings the first contents of pages; data go when it returns. Pages that the manager has already are newer: they stay.
	DataInitialize(object, control mach.Name, offset uint64, data []byte)
}

// SeqnosDefaultMemoryManager is a DefaultMemoryManager whose threads receive messages of one port at the same time: seqno tells in which order the
// port gave them out.
type SeqnosDefaultMemoryManager interface {
	// SeqnosCreate is Create.
	SeqnosCreate(manager mach.Name, seqno uint32, object mach.Name, size uint64, control, name mach.Name, pageSize uint64)
	// SeqnosDataInitialize is DataInitialize.
	SeqnosDataInitialize(object mach.Name, seqno uint32, control mach.Name, offset uint64, data []byte)
}

// MemoryObjectDefaultServer hands a message of the kernel to the default memory manager that it is for (memory_object_default_server in the
// manual). The error is MIGBadID for any other message, and MIGBadArguments: what the message brought is then as it was, for DestroyMessage. A manager's loop asks it after
// MemoryObjectServer and before what answers default_pager_object_create.
func (c *Client) MemoryObjectDefaultServer(m Message, h DefaultMemoryManager) mach.Return {
	return c.SeqnosMemoryObjectDefaultServer(m, withoutSeqnos{h})
}

// SeqnosMemoryObjectDefaultServer is MemoryObjectDefaultServer with sequence numbers (seqnos_memory_object_default_server).
func (c *Client) SeqnosMemoryObjectDefaultServer(m Message, h SeqnosDefaultMemoryManager) mach.Return {
	_, ret, _ := wire.SeqnosMemoryObjectDefaultDemux(defaultServer{c, h}, &mig.Request{Header: m.Header, Body: m.Body}, nil)
	return ret
}

// defaultServer stands between what mig generates and a manager.
type defaultServer struct {
	client  *Client
	manager SeqnosDefaultMemoryManager
}

// SeqnosMemoryObjectCreate implements wire.SeqnosMemoryObjectDefaultServer.
func (s defaultServer) SeqnosMemoryObjectCreate(manager mach.Name, seqno uint32, object mach.Name, size uint64, control, name mach.Name, pageSize uint64) mach.Return {
	s.manager.SeqnosCreate(manager, seqno, object, size, control, name, pageSize)
	return mach.Success
}

// SeqnosMemoryObjectDataInitialize implements wire.SeqnosMemoryObjectDefaultServer.
func (s defaultServer) SeqnosMemoryObjectDataInitialize(object mach.Name, seqno uint32, control mach.Name, offset uint64, data mig.Array) mach.Return {
	at, size := mach.VirtAddr(data.Pointer), uint64(data.Count)
	s.manager.SeqnosDataInitialize(object, seqno, control, offset, Memory(at, size))
	if size == 0 {
		return mach.Success
	}
	return VMDeallocate(s.client.Task(), at, size)
}

// withoutSeqnos is a manager that does not want to know the numbers.
type withoutSeqnos struct{ manager DefaultMemoryManager }

// SeqnosCreate implements SeqnosDefaultMemoryManager.
func (w withoutSeqnos) SeqnosCreate(manager mach.Name, _ uint32, object mach.Name, size uint64, control, name mach.Name, pageSize uint64) {
	w.manager.Create(manager, object, size, control, name, pageSize)
}

// SeqnosDataInitialize implements SeqnosDefaultMemoryManager.
func (w withoutSeqnos) SeqnosDataInitialize(object mach.Name, _ uint32, control mach.Name, offset uint64, data []byte) {
	w.manager.DataInitialize(object, control, offset, data)
}
