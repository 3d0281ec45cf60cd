package replay

import "defpager/mach"

// Pages is how many pages of each task's space the operations are about.
const Pages = 24

// Small is the number of pages up to which a copy of memory holds bytes; a larger one shares pages, and what is lost of them shows later.
const Small = 8

// cell is the contents of a page, whoever shares it: all its bytes are the same.
type cell struct{ value byte }

// page is what a task maps at one place: a page of an object, or a cell that is its own or shared with a child.
type page struct {
	object    *object // nil: cell
	index     int     // of the object's page
	cell      *cell   // nil: the contents lie beyond the end of an object that was copied
	prot, max mach.Prot
	inherit   mach.Inherit
}

type task struct{ pages [Pages]*page }

// object is a memory object of the default pager, or of another memory manager.
type object struct{ cells []*cell }

// resize makes the object longer, by zeros, or shorter.
func (o *object) resize(pages int) {
	o.cells = o.cells[:min(pages, len(o.cells))]
	for len(o.cells) < pages {
		o.cells = append(o.cells, &cell{})
	}
}

// contents is the cell that a page shows now, nil behind the end of its object.
func (p *page) contents() *cell {
	switch {
	case p.object == nil:
		return p.cell
	case p.index < len(p.object.cells):
		return p.object.cells[p.index]
	}
	return nil
}

// copied is a private page that holds what p does.
func (p *page) copied() page {
	q := *p
	q.object, q.cell = nil, nil
	if c := p.contents(); c != nil {
		q.cell = &cell{c.value}
	}
	return q
}

func (t *task) free(first, n int) bool {
	for _, p := range t.pages[first : first+n] {
		if p != nil {
			return false
		}
	}
	return true
}

// each calls f for the pages of the range that are mapped.
func (t *task) each(first, n int, f func(*page)) {
	for _, p := range t.pages[first : first+n] {
		if p != nil {
			f(p)
		}
	}
}

// lost reports whether a page of the range is mapped behind the end of its object.
func (t *task) lost(first, n int) (lost bool) {
	t.each(first, n, func(p *page) { lost = lost || p.contents() == nil })
	return lost
}

func (t *task) allocate(first, n int) mach.Return {
	if !t.free(first, n) {
		return mach.NoSpace
	}
	for i := first; i < first+n; i++ {
		t.pages[i] = &page{cell: &cell{}, prot: mach.ProtDefault, max: mach.ProtAll, inherit: mach.InheritCopy}
	}
	return mach.Success
}

func (t *task) deallocate(first, n int) mach.Return {
	for i := first; i < first+n; i++ {
		t.pages[i] = nil
	}
	return mach.Success
}

func (t *task) protect(first, n int, setMax bool, prot mach.Prot) mach.Return {
	for _, p := range t.pages[first : first+n] {
		if p != nil && !p.max.Allows(prot) {
			return mach.ProtectionFailure
		}
	}
	t.each(first, n, func(p *page) {
		if setMax {
			p.max = prot
			p.prot &= prot
		} else {
			p.prot = prot
		}
	})
	return mach.Success
}

func (t *task) inherit(first, n int, how mach.Inherit) mach.Return {
	t.each(first, n, func(p *page) { p.inherit = how })
	return mach.Success
}

// wire is vm_wire, which changes nothing that can be seen; with no access it ends the wiring.
func (t *task) wire(first, n int, prot mach.Prot) mach.Return {
	switch {
	case t.access(first, n, prot) != mach.Success:
		return mach.NoSpace
	case prot != mach.ProtNone && t.lost(first, n):
		return mach.MemoryError
	}
	return mach.Success
}

// read is vm_read of a range: its code, and the values.
func (t *task) read(first, n int) (values [Pages]byte, code mach.Return) {
	if code = t.access(first, n, mach.ProtRead); code != mach.Success {
		return values, code
	}
	for i := range n {
		c := t.pages[first+i].contents()
		if c == nil {
			return values, mach.MemoryError
		}
		values[i] = c.value
	}
	return values, mach.Success
}

// access is the code of an access to a range: the first page that is not mapped, or does not allow it, decides.
func (t *task) access(first, n int, prot mach.Prot) mach.Return {
	for _, p := range t.pages[first : first+n] {
		switch {
		case p == nil:
			return mach.InvalidAddress
		case !p.prot.Allows(prot):
			return mach.ProtectionFailure
		}
	}
	return mach.Success
}

// write is vm_write: up to the first page that is lost.
func (t *task) write(first int, values []byte) mach.Return {
	if code := t.access(first, len(values), mach.ProtWrite); code != mach.Success {
		return code
	}
	for i, v := range values {
		c := t.pages[first+i].contents()
		if c == nil {
			return mach.MemoryError
		}
		c.value = v
	}
	return mach.Success
}

func (t *task) copy(from, n, to int) mach.Return {
	values, code := t.read(from, n)
	if code != mach.Success {
		return code
	}
	return t.write(to, values[:n])
}

func (t *task) mapObject(first, n int, o *object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return {
	if !t.free(first, n) {
		return mach.NoSpace
	}
	for i := range n {
		p := page{object: o, index: offset + i, prot: prot, max: mach.ProtAll, inherit: how}
		if copied {
			p = p.copied()
		}
		t.pages[first+i] = &p
	}
	return mach.Success
}

func (t *task) fork() *task {
	child := new(task)
	for i, p := range t.pages {
		if p == nil || p.inherit == mach.InheritNone {
			continue
		}
		q := *p
		if p.inherit == mach.InheritCopy {
			q = p.copied()
		}
		child.pages[i] = &q
	}
	return child
}
