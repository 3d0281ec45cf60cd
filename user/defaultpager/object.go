package main

import (
	"defpager/mach"
	"defpager/mm/vm"
	"defpager/user/libmach"
)

// object is a memory object: one that a client asked for, or the kernel's own, for what it pages out.
type object struct {
	id      uint64
	port    mach.Name
	control mach.Name // while the kernel maps it
	size    uint64    // bytes
	pages   map[uint64]vm.Token
	tails   map[uint64]uint64 // pages on their way back that the limit ran through: from where on they are zeros
}

// add makes an object of a receive right and serves it.
func (p *pager) add(port mach.Name, size uint64) (*object, mach.Return) {
	if code := p.client.PortMoveMember(p.task, port, p.set); code != mach.Success {
		return nil, code
	}
	p.ids++
	o := &object{id: p.ids, port: port, size: size, pages: map[uint64]vm.Token{}, tails: map[uint64]uint64{}}
	p.objects[port] = o
	p.created++
	return o, mach.Success
}

// watch asks to be told when nobody can name an object any more.
func (p *pager) watch(o *object, sync uint32) {
	_, _ = p.client.PortRequestNotification(p.task, o.port, mach.NotifyNoSenders, sync, o.port)
}

// noSenders ends an object.
func (p *pager) noSenders(port mach.Name) {
	o := p.objects[port]
	if o == nil {
		return
	}
	status, code := p.client.PortGetReceiveStatus(p.task, port)
	if code == mach.Success && status.SendRights {
		p.watch(o, status.Mscount) // somebody made one meanwhile
		return
	}
	for offset := range o.pages {
		p.forget(o, offset)
	}
	delete(p.objects, port)
	p.destroyed++
	_ = p.client.PortDestroy(p.task, port)
}

// forget drops what is kept of a page.
func (p *pager) forget(o *object, offset uint64) {
	if t, ok := o.pages[offset]; ok {
		p.store.Drop(t)
		delete(o.pages, offset)
	}
}

// keep takes the contents of a page, and reports whether there was room.
func (p *pager) keep(o *object, offset uint64, data []byte) bool {
	p.forget(o, offset)
	f, err := p.frames.AllocDirty()
	if err != nil {
		return false
	}
	page := p.mem.Frame(f)
	copy(page[:], data)
	if from, ok := o.tails[offset]; ok {
		clear(page[from:])
	}
	t, ok := p.store.Store(f)
	if !ok {
		p.frames.Free(f)
		return false
	}
	o.pages[offset] = t
	return true
}

// Create implements libmach.DefaultMemoryManager: the kernel's own object.
func (p *pager) Create(_, port mach.Name, size uint64, control, _ mach.Name, _ uint64) {
	if o, code := p.add(port, ^uint64(0)); code == mach.Success {
		o.control = control
		p.watch(o, 0)
	}
}

// DataInitialize implements libmach.DefaultMemoryManager.
func (p *pager) DataInitialize(port, control mach.Name, offset uint64, data []byte) {
	o := p.objects[port]
	if o == nil || control != o.control {
		return
	}
	for ; len(data) >= mach.PageSize; offset, data = offset+mach.PageSize, data[mach.PageSize:] {
		if _, ok := o.pages[offset]; !ok {
			p.initial++
			p.keep(o, offset, data[:mach.PageSize])
		}
	}
}

// Init implements libmach.MemoryManager.
func (p *pager) Init(port, control, _ mach.Name) {
	if o := p.objects[port]; o != nil {
		o.control = control
		p.client.MemoryObjectReady(control, false, mach.CopyDelay)
	}
}

// DataRequest implements libmach.MemoryManager.
func (p *pager) DataRequest(port, control mach.Name, offset, length uint64, _ mach.Prot) {
	o := p.objects[port]
	if o == nil || control != o.control {
		return // no kernel's word
	}
	t, ok := o.pages[offset]
	switch {
	case offset >= mach.Pages(o.size).Bytes() && o.size != ^uint64(0):
		p.client.MemoryObjectDataError(control, offset, length, mach.MemoryError)
	case !ok:
		p.client.MemoryObjectDataUnavailable(control, offset, length)
	default:
		f, err := p.store.Fetch(t)
		if err != nil {
			p.client.MemoryObjectDataError(control, offset, length, mach.MemoryError)
			return
		}
		delete(o.pages, offset)
		p.page = *p.mem.Frame(f)
		p.frames.Free(f)
		p.supplied++
		// Precious: nothing is kept here, the kernel gives the page back when it wants its frame.
		p.client.MemoryObjectDataSupply(control, libmach.Supply{Offset: offset, Data: p.page[:], Precious: true})
	}
	delete(o.tails, offset)
}

// DataUnlock implements libmach.MemoryManager. Nothing is ever locked.
func (p *pager) DataUnlock(_, _ mach.Name, _, _ uint64, _ mach.Prot) {}

// DataReturn implements libmach.MemoryManager.
func (p *pager) DataReturn(port, control mach.Name, offset uint64, data []byte, _, _ bool) {
	o := p.objects[port]
	if o == nil || control != o.control {
		return
	}
	for ; len(data) >= mach.PageSize; offset, data = offset+mach.PageSize, data[mach.PageSize:] {
		if offset >= mach.Pages(o.size).Bytes() && o.size != ^uint64(0) {
			break
		}
		p.returned++
		p.keep(o, offset, data[:mach.PageSize])
		delete(o.tails, offset)
	}
}

// Terminate implements libmach.MemoryManager.
func (p *pager) Terminate(port, _ mach.Name) {
	if o := p.objects[port]; o != nil {
		o.control = mach.NameNull
	}
}
